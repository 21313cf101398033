"""What an entry of the register weighs: whoever reads as an organisation reads what is about it, up to R."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.administration.weighing import reads_as_itself, weigh_partner
from hub.identity.entry import NewPartner, admit
from schema.identifiers.uscc import compose
from schema.policy.model import ActorKind
from schema.policy.weighing import Weight

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ONE, OTHER = compose("91510100", "MA6JJ00A"), compose("91510100", "MA6JJ00B")


def entry(actor=ActorKind.GC, *purposes, organisation=ONE):
    return admit(NewPartner(id="one", name="one", actor=actor, organisation=organisation, purposes=purposes), NOW)


class TestNew:
    @pytest.mark.parametrize(
        ("made", "weight"),
        [
            (entry(), Weight.GIVES),
            (entry(ActorKind.GC, "PROCUREMENT_CHECK"), Weight.GIVES),
            (entry(ActorKind.SU), Weight.OPENS),
            (entry(ActorKind.GC, "SELF_QUERY"), Weight.OPENS),
            (entry(ActorKind.GC, "PROCUREMENT_CHECK", "REPAIR"), Weight.OPENS),
            (entry(ActorKind.FI, "OBJECTION"), Weight.OPENS),
        ],
    )
    def test_entry_that_reads_as_its_organisation_opens(self, made, weight):
        assert weight is weigh_partner(None, made)
        assert reads_as_itself(made) is (weight is Weight.OPENS)


class TestChanged:
    def test_purpose_by_which_it_reads_as_itself_opens(self):
        assert Weight.OPENS is weigh_partner(entry(), entry(ActorKind.GC, "SELF_QUERY"))

    def test_another_organisation_of_one_that_reads_as_itself_opens(self):
        before = entry(ActorKind.SU)

        assert Weight.OPENS is weigh_partner(before, replace(before, organisation=OTHER))

    def test_what_it_had_is_not_weighed_again(self):
        before = entry(ActorKind.SU)

        assert Weight.GIVES is weigh_partner(before, replace(before, purposes=before.purposes | {"RATING"}))
        assert Weight.TAKES is weigh_partner(before, replace(before, purposes=before.purposes - {"REPAIR"}))
