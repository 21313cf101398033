"""The house itself is tested: what is generated is current, what is promised is everywhere, names are ours alone."""

import json
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from graphql import GraphQLObjectType, parse, validate

from hub.docs import stale
from hub.settings import Settings, settings_table
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.graph.build import build_exchange
from schema.plan.compile import OPEN_FIELDS
from schema.plan.guarded import guard_table

ROOT = Path(__file__).parent.parent
OURS = ("hub", "schema", "connectors", "keys")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\n") if name]


class TestGenerated:
    def test_sdl_and_pages_are_as_they_would_be_generated(self):
        assert [] == stale()

    def test_every_setting_is_documented(self):
        page = (ROOT / "docs" / "settings.md").read_text()

        assert len(Settings.model_fields) == len(settings_table())
        for name, _, meaning in settings_table():
            assert f"`{name}`" in page
            assert meaning, name


class TestCatalogue:
    def test_every_field_of_a_guarded_type_is_catalogued_or_declared_open(self):
        """
        A field without a tier cannot be served: whoever adds one to a guarded type hears it here first.
        """
        exchange, table = build_exchange(KINDS), guard_table(KINDS, CATALOGUE_VERSION)
        for kind in table.kinds:
            served = exchange.schema.type_map[kind]
            assert isinstance(served, GraphQLObjectType)
            for name in served.fields:
                is_open = name in OPEN_FIELDS.get(kind, OPEN_FIELDS["*"])
                assert is_open != (f"{kind}.{name}" in table.by_coordinate), f"{kind}.{name}"

    def test_every_served_field_says_what_it_is_in_both_languages(self):
        exchange = build_exchange(KINDS)
        for kind in KINDS:
            for name, field in exchange.schema.type_map[kind].fields.items():
                if f"{kind}.{name}" in exchange.specs:
                    assert field.description is not None
                    assert re.search(r"[\u4e00-\u9fff]", field.description), (kind, name)
                    assert re.search(r"[A-Za-z]{3}", field.description), (kind, name)


class TestReadme:
    def test_its_questions_can_be_pasted(self):
        """
        A newcomer pastes the README's first question: its body is JSON, and a valid question to the schema as it is.
        """
        schema = build_exchange(KINDS).schema
        bodies = re.findall(r"-d '([^']+)'", (ROOT / "README.md").read_text())

        assert 2 <= len(bodies)
        for body in bodies:
            assert [] == validate(schema, parse(json.loads(body)["query"]))

    def test_its_links_lead_somewhere(self):
        links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())

        assert [] == [link for link in links if not (ROOT / link).exists()]


class TestNames:
    @pytest.mark.parametrize("name", OURS)
    def test_no_other_distribution_owns_our_import_names(self, name):
        assert {"credit-exchange-hub"} == set(packages_distributions().get(name, ["credit-exchange-hub"]))

    def test_nothing_is_left_to_do_in_the_source(self):
        mark = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError)\b")
        found = [
            str(path.relative_to(ROOT))
            for path in tracked(*(f"{package}/*.py" for package in OURS), "migrations/*.py")
            if mark.search(path.read_text())
        ]

        assert [] == found

    def test_tests_need_nothing_beside_the_repository(self):
        beside = re.compile(r"\.\./shared|/work/")
        found = [
            str(path.relative_to(ROOT))
            for path in tracked("*.py", "*.md", "*.toml", "*.json", "Makefile", ".ci/run")
            if path != Path(__file__) and beside.search(path.read_text())
        ]

        assert [] == found
