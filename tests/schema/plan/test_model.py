"""The plan's own words."""

import pytest

from schema.plan.errors import DeniedReferenceError, PlanError, UnknownCoordinateError
from schema.plan.guarded import SUBJECT_KIND, guard_table
from tests.support.people import standing
from tests.support.worlds import SUBJECT, World

DOCUMENT = (
    f'{{ subject(code: "{SUBJECT}") {{ name records {{ nodes {{ ... on Penalty'
    " { documentNo facts remark legalRepresentativeIdNo } } } } }"
)


@pytest.fixture
def plan(ground):
    return World(ground).plan(standing(), DOCUMENT)


class TestPlan:
    def test_denied_and_masked_uses_are_told_apart(self, plan):
        assert ["Penalty.legalRepresentativeIdNo"] == [use.coordinate for use, _ in plan.denied]
        assert {"Penalty.facts", "Penalty.remark"} == {use.coordinate for use, _ in plan.masked}

    @pytest.mark.parametrize(
        ("coordinate", "selected"),
        [
            ("CreditSubject.name", True), ("Penalty.facts", True), ("Penalty.legalRepresentativeIdNo", False),
            ("Penalty.fineAmount", False), ("CreditSubject.timeline", False),
        ],
    )  # fmt: skip
    def test_selected_is_what_some_row_could_show(self, plan, coordinate, selected):
        assert selected is plan.selects(coordinate)


class TestErrors:
    def test_denied_reference_names_coordinate_and_rule(self):
        error = DeniedReferenceError("Penalty.facts", "tier.audience", ("subject", "records"))

        assert "Penalty.facts may not be referenced in an argument: tier.audience" == str(error)
        assert ("Penalty.facts", "tier.audience", ("subject", "records")) == (error.coordinate, error.rule, error.path)

    def test_both_are_the_plans(self):
        assert issubclass(DeniedReferenceError, PlanError)
        assert issubclass(UnknownCoordinateError, PlanError)


class TestGuardTable:
    def test_subject_is_guarded_as_registration_data(self, ground):
        entry = ground.table.by_coordinate["CreditSubject.parentCode"]

        assert ("CreditSubject", "parent_code", None, "P") == (entry.kind, entry.name, entry.category, entry.tier)
        assert ("C01",) == ground.table.categories[SUBJECT_KIND]

    def test_record_kinds_are_all_but_the_subject(self, ground):
        assert SUBJECT_KIND not in ground.table.record_kinds
        assert set(ground.table.kinds) - {SUBJECT_KIND} == ground.table.record_kinds

    def test_table_of_no_kinds_guards_the_subject_alone(self):
        table = guard_table({}, "1")

        assert ({SUBJECT_KIND}, "1") == (set(table.kinds), table.catalogue_version)
        assert 8 == len(table.by_coordinate)
