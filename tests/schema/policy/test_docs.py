"""The officer's page says what the data says."""

import re
from pathlib import Path

import pytest

from schema.catalogue.model import Category
from schema.policy.model import Policy

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text(encoding="utf-8")


def rows(first: str) -> dict[str, list[str]]:
    """Rows of tables whose first cell looks like *first*."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"]
    return {row[0].strip("`"): row[1:] for row in cells if re.fullmatch(first, row[0].strip("`"))}


def expand(text: str) -> set[str]:
    spans = re.findall(r"C(\d\d)(?:-C(\d\d))?", text)
    return {f"C{number:02}" for first, last in spans for number in range(int(first), int(last or first) + 1)}


class TestPage:
    def test_every_purpose_with_its_context_and_categories(self, seed: Policy):
        listed = rows(r"[A-Z]+(_[A-Z]+)*")
        told = {code: row for code, row in listed.items() if code in seed.purposes}

        assert seed.purposes.keys() == told.keys()
        for code, (zh, context, categories, _) in told.items():
            purpose = seed.purposes[code]
            assert purpose.zh == zh
            assert purpose.requires == tuple(re.findall(r"`(\w+)`", context))
            assert {category.value for category in purpose.categories} == expand(categories)

    def test_every_category(self):
        assert {category.value for category in Category} == set(rows(r"C\d\d"))

    @pytest.mark.parametrize(
        "rule",
        [
            "actor.no_content",
            "purpose.unknown",
            "purpose.not_allowed",
            "purpose.context",
            "purpose.category",
            "purpose.needs",
            "purpose.tier",
            "matrix.none",
            "tier.audience",
            "tier.ceiling",
            "matrix.count_only",
        ],
    )
    def test_every_rule_a_denial_can_name(self, rule: str):
        assert f"`{rule}`" in PAGE
