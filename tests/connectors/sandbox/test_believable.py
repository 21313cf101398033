"""The hub's own intake rules judge the world: what is clean passes, what is dirty is found for what it is."""

from collections import defaultdict

import pytest

from connectors.sandbox import Platform, World, WorldRow
from connectors.sandbox.columns import TABLES
from connectors.sandbox.world import REFERENCE_DAY
from hub.rulebook import load_rules
from schema.catalogue import KINDS
from schema.catalogue.model import fields_of
from schema.validation.checker import Checker
from schema.validation.findings import Checked

BOOK = load_rules()
RULES = BOOK.on(REFERENCE_DAY)
CHECKERS = {kind: Checker(KINDS[kind], RULES, book=BOOK) for kind in KINDS}

EXPECTED = {
    "wrong_check": {"ID02"},
    "old_number": {"ID01"},
    "no_code": {"DG01"},
    "organisation_only": {"DG01", "ID01"},
    "wide_digits": {"DG16"},
    "read_by_machine": set(),
    "empty": {"DG01"},
    "unlisted": {"DG03"},
    "odd_day": {"DG04"},
    "day_to_come": {"DG05"},
    "citizen_number": {"DG15"},
    "unit_slip": {"DG08"},
}


def checked(row: WorldRow) -> Checked:
    if row.kind in TABLES:
        table = TABLES[row.kind]
        values = {column.target: row.text(column.code) for column in table.business}
        extra = {
            column.target.removeprefix("extra."): text for column in table.extras if (text := row.text(column.code))
        }
        return CHECKERS[row.kind].check(values, extra, REFERENCE_DAY)
    names = {spec.api_name: spec.name for spec in fields_of(KINDS[row.kind])}
    values = {names[name]: as_text(value) for name, value in row.values.items()}
    return CHECKERS[row.kind].check(values, {}, REFERENCE_DAY)


def as_text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return ";".join(value) if isinstance(value, list) else value


@pytest.fixture(scope="module")
def judged() -> dict[tuple[str, str | None], list[Checked]]:
    world = World(size=2_000)
    found = defaultdict(list)
    for platform in Platform:
        for kind in KINDS:
            for row in world.rows(platform, kind):
                found[kind, row.dirt].append(checked(row))
    return found


class TestCleanRows:
    @pytest.mark.parametrize("kind", KINDS)
    def test_every_clean_row_is_taken(self, judged, kind):
        assert judged[kind, None]
        assert [] == [one.findings for one in judged[kind, None] if one.record is None]


class TestDirtyRows:
    @pytest.mark.parametrize("dirt", EXPECTED)
    def test_dirt_is_found_for_what_it_is(self, judged, dirt):
        rows = [(kind, one) for (kind, label), found in judged.items() if label == dirt for one in found]

        assert rows
        for kind, one in rows:
            codes = {finding.code for finding in one.findings}
            # A registration may lack its day of foundation, no other main day may be lacking.
            lacking = dirt == "empty" and kind == "Registration"
            assert not EXPECTED[dirt] or lacking or codes & EXPECTED[dirt], (kind, codes)

    def test_dirt_on_codes_of_negative_records_never_passes_as_a_code(self, judged):
        for kind in ("Penalty", "ListEntry"):
            for label in ("wrong_check", "old_number"):
                assert all(one.record is None for one in judged[kind, label])
