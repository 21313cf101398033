"""The plan's own words."""

import pytest

from schema.plan.errors import DeniedReferenceError, PlanError, UnknownCoordinateError
from schema.plan.guarded import SUBJECT_KIND, guard_table
from schema.policy.model import Masked
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
    def test_denied_uses_stand_apart_from_masked_ones(self, plan):
        masked = {use.coordinate for use in plan.uses if isinstance(use.decision, Masked)}

        assert ["Penalty.legalRepresentativeIdNo"] == [use.coordinate for use, _ in plan.denied]
        assert {"Penalty.facts", "Penalty.remark"} == masked


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
