"""The labels of the fields: what is not classified is denied, the catalogue is the floor, a mask spares only own."""

from dataclasses import replace

import pytest

from hub.access.policies import seed_policy
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.decider import Decider, RowClass
from schema.plan.guarded import guard_table
from schema.policy.decide import decide
from schema.policy.model import ActorKind, Clear, Denied, Fact, FieldLabel, Label, Masked
from schema.tiers import Tier, is_at_least
from tests.support.people import GROUP, TENDER, grant, standing

TABLE = guard_table(KINDS, CATALOGUE_VERSION)
FACTS = "Penalty.facts"


@pytest.fixture(scope="module")
def seed():
    return seed_policy()


def cell(policy, asker, *, facts=frozenset(), granted=(), category=Category.C05, tier=Tier.P, name="facts"):
    row = RowClass(kind="Penalty", category=category, tier=tier, facts=facts, granted=granted)
    return Decider(policy, asker, TABLE).cells(row)[name]


def group(**more):
    return standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=TENDER, organisation=GROUP, **more)


class TestSeed:
    def test_every_coordinate_of_the_catalogue_is_classified_and_none_besides(self, seed):
        assert set(TABLE.by_coordinate) == set(seed.fields)

    def test_no_label_is_looser_than_the_catalogues_floor(self, seed):
        assert [] == [
            coordinate
            for coordinate, label in seed.fields.items()
            if not is_at_least(label.tier, TABLE.by_coordinate[coordinate].tier)
        ]


class TestUnclassified:
    def test_field_a_release_adds_is_denied_to_everybody_until_it_is_classified(self, seed):
        unseen = replace(seed, fields={name: label for name, label in seed.fields.items() if name != FACTS})
        askers = [
            standing(),
            group(),
            standing(ActorKind.SU, purpose="SELF_QUERY", organisation=GROUP),
            standing(ActorKind.NEA, purpose="SUPERVISION", context=(("task", "T"),), organisation=GROUP),
        ]
        own = frozenset({Fact.OWN_SUBJECT, Fact.OWN_SOURCE, Fact.IN_REGION})

        for asker in askers:
            assert Denied(rule="catalogue.unclassified", required_tier=Tier.R) == cell(unseen, asker, facts=own)
            assert "catalogue.unclassified" == Decider(unseen, asker, TABLE).static(FACTS).rule
            assert not isinstance(cell(seed, asker, facts=own), Denied)


class TestStricter:
    @pytest.mark.parametrize("tier", [Tier.S, Tier.G, Tier.R])
    def test_stricter_label_hides_the_field_from_whom_it_no_longer_reaches(self, seed, tier):
        stricter = replace(seed, fields={**seed.fields, FACTS: FieldLabel(tier=tier)})

        assert isinstance(cell(seed, standing()), Masked)
        assert Denied(rule="purpose.tier", required_tier=tier) == cell(stricter, standing())
        assert (tier is Tier.S) == (not isinstance(cell(stricter, group()), Denied))

    def test_looser_label_than_the_floor_opens_nothing(self, seed):
        loose = replace(seed, fields={**seed.fields, "Penalty.personIdNo": FieldLabel(tier=Tier.P)})

        assert cell(seed, group(), name="person_id_no") == cell(loose, group(), name="person_id_no")
        assert isinstance(cell(loose, group(), name="person_id_no"), Denied)


class TestMasked:
    def test_mask_holds_for_every_permission_but_those_of_ownership(self, seed):
        masked = replace(seed, fields={**seed.fields, FACTS: FieldLabel(tier=Tier.P, mask=Mask.M4)})
        itself = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=GROUP)
        own = frozenset({Fact.OWN_SUBJECT})

        assert isinstance(cell(seed, group()), Clear)
        assert Mask.M4 is cell(masked, group()).mask
        assert isinstance(cell(masked, itself, facts=own), Clear)

    def test_field_without_a_mask_of_its_own_takes_the_policys(self, seed):
        number = "Penalty.documentNo"
        assert TABLE.by_coordinate[number].mask is None
        masked = replace(seed, fields={**seed.fields, number: FieldLabel(tier=Tier.P, mask=Mask.M1)})

        assert isinstance(cell(seed, group(), name="document_no"), Clear)
        assert Mask.M1 is cell(masked, group(), name="document_no").mask

    def test_mask_that_nobody_names_masks_nothing(self, seed):
        """`decide` is total: a label that is masked through no mask is shown as the line says."""
        label = Label(category=Category.C05, tier=Tier.P, coordinate=FACTS, mask=None, masked=True)

        assert isinstance(decide(seed, group(), label, frozenset()), Clear)


class TestGrant:
    def test_grant_does_not_widen_what_a_purpose_reads(self, seed):
        given = grant(Category.C06)

        assert "purpose.category" == cell(seed, group(), category=Category.C06, tier=Tier.G, granted=(given,)).rule

    def test_grant_opens_within_its_purpose_and_tier_only(self, seed):
        bank = standing(ActorKind.GC, purpose="MARKET_TRADE", context=(("market", "M"),), organisation=GROUP)
        up_to_g, up_to_p = grant(Category.C06, tier=Tier.G), grant(Category.C06, tier=Tier.P)

        assert Clear(rule="C06.GRANT") == cell(seed, bank, category=Category.C06, tier=Tier.G, granted=(up_to_g,))
        assert isinstance(cell(seed, bank, category=Category.C06, tier=Tier.G, granted=(up_to_p,)), Denied)
        assert isinstance(cell(seed, bank, category=Category.C06, tier=Tier.G), Denied)

    @pytest.mark.parametrize("category", [Category.C08, Category.C20])
    def test_what_has_vanished_and_who_asked_is_nobodys_to_grant(self, seed, category):
        assert [] == [line.id for line in seed.cells if line.category is category and line.reader == "GRANT"]
