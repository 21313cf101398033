"""The essence of a standing: two askers whom no decision tells apart share plans; any others do not."""

from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.catalogue.model import Category
from schema.plan.decider import Decider
from schema.plan.essence import SAID, essence_of
from schema.policy.model import ActorKind, Consent
from schema.tiers import Tier
from tests.schema.plan.test_decider import standings
from tests.support.people import GROUP, TENDER, grant, standing
from tests.support.worlds import OTHER, SUBJECT

BUYER = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP)


class TestContext:
    def test_what_is_said_does_not_matter(self, ground):
        other = replace(BUYER, context=(("lot", "9"), ("stage", "S1"), ("tender", "T-77")))

        assert essence_of(ground.policy, BUYER) == essence_of(ground.policy, other)
        assert (("lot", SAID), ("stage", SAID), ("tender", SAID)) == essence_of(ground.policy, BUYER).context

    @pytest.mark.parametrize("value", ["", " ", "\t"])
    def test_what_is_not_said_does(self, ground, value):
        other = replace(BUYER, context=(("lot", value), ("stage", "S1"), ("tender", "T-77")))

        assert (("stage", SAID), ("tender", SAID)) == essence_of(ground.policy, other).context

    def test_what_nobody_asks_for_is_left_out(self, ground):
        other = replace(BUYER, context=(*BUYER.context, ("note", "x")))

        assert essence_of(ground.policy, BUYER) == essence_of(ground.policy, other)

    @pytest.mark.parametrize("key", ["matterCode", "caseId"])
    def test_what_makes_a_fact_stays_under_every_purpose(self, ground, key):
        other = replace(BUYER, context=(*BUYER.context, (key, "M-1")))

        assert (key, SAID) in essence_of(ground.policy, other).context

    def test_unknown_purpose_has_an_essence(self, ground):
        assert () == essence_of(ground.policy, replace(BUYER, purpose="NONE")).context

    def test_essence_of_an_essence_is_itself(self, ground):
        essence = essence_of(ground.policy, BUYER)

        assert essence == essence_of(ground.policy, essence)


class TestEverythingElse:
    @pytest.mark.parametrize(
        "change",
        [
            {"actor": ActorKind.PC}, {"organisation": OTHER}, {"organisation": None}, {"ceiling": Tier.P},
            {"regions": frozenset({"51"})}, {"sectors": frozenset({"wind"})}, {"purposes": frozenset()},
            {"purpose": "PUBLIC_LOOKUP"}, {"policy_version": 2},
            {"grants": (grant(Category.C14),)},
            {"consents": (Consent(subject=SUBJECT, items=frozenset(), purpose="P", valid_from="", valid_to=""),)},
        ],
    )  # fmt: skip
    def test_any_other_difference_is_kept(self, ground, change):
        assert essence_of(ground.policy, BUYER) != essence_of(ground.policy, replace(BUYER, **change))

    def test_no_part_of_a_standing_was_forgotten_here(self):
        known = {"actor", "organisation", "ceiling", "regions", "sectors", "purposes", "purpose", "context"}

        assert known | {"consents", "grants", "policy_version"} == {part.name for part in fields(BUYER)}

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
    @given(who=standings(), data=st.data())
    def test_essence_is_decided_on_as_its_standing_is(self, ground, who, data):
        """
        No decision tells a standing from its essence: neither on a coordinate nor on the existence of a row.
        """
        of_standing, of_essence = (
            Decider(ground.policy, each, ground.table) for each in (who, essence_of(ground.policy, who))
        )
        coordinate = data.draw(st.sampled_from(sorted(ground.table.by_coordinate)))
        kind = coordinate.split(".")[0]

        assert of_standing.static(coordinate) == of_essence.static(coordinate)
        assert of_standing.is_countable(kind) == of_essence.is_countable(kind)
        assert of_standing.is_listable(kind) == of_essence.is_listable(kind)
