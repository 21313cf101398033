"""What a row is to an asker: the class that decisions on it are made by."""

from dataclasses import replace
from datetime import date

import pytest

from schema.catalogue import Penalty
from schema.catalogue.model import Category
from schema.plan.judge import labelled, region_lies_within, row_class, subject_class
from schema.policy.model import ActorKind, Consent, Fact
from schema.publicity.placement import Placement
from schema.records import PublicityState, RecordLabel
from schema.tiers import Tier
from tests.schema.render.stage import edited
from tests.support.people import GROUP, grant, standing
from tests.support.worlds import OTHER, SUBJECT, stored

ROW = stored(Penalty(document_no="D", decided_on="2026-05-01"), "k", region="510100")
PLACED = Placement(state=PublicityState.PUBLISHED, category=Category.C05, tier=Tier.P)
WHO = standing(ActorKind.GC, purpose="MARKET_TRADE", organisation=GROUP)


def judged(ground, who=WHO, row=ROW, placed=PLACED):
    return row_class(ground.policy, who, row, placed)


class TestFacts:
    def test_stranger_has_none(self, ground):
        assert frozenset() == judged(ground).facts

    def test_own_subject(self, ground):
        assert {Fact.OWN_SUBJECT} == judged(ground, replace(WHO, organisation=SUBJECT)).facts
        assert frozenset() == judged(ground, replace(WHO, organisation=OTHER)).facts

    @pytest.mark.parametrize(("part", "value"), [("owner", GROUP), ("authority", GROUP)])
    def test_own_source_is_who_supplied_or_decided(self, ground, part, value):
        assert {Fact.OWN_SOURCE} == judged(ground, row=edited(ROW, **{part: value})).facts
        assert frozenset() == judged(ground, row=edited(ROW, **{part: OTHER})).facts

    def test_nobody_owns_what_has_no_owner(self, ground):
        """The public has no organisation, a row may have no owner: the two are not alike."""
        row = edited(ROW, owner=None, authority=None)

        assert frozenset() == judged(ground, standing(), row).facts

    @pytest.mark.parametrize(
        ("regions", "region", "is_in"),
        [
            ({"51"}, "510100", True), ({"510100"}, "510100", True), ({"5101"}, "510100", True), ({""}, "510100", True),
            ({"44"}, "510100", False), ({"5101001"}, "510100", False), (set(), "510100", False), ({""}, None, True),
            ({"51"}, None, False), ({"44", "51"}, "510100", True), ({"10"}, "510100", False),
        ],
    )  # fmt: skip
    def test_region(self, ground, regions, region, is_in):
        found = judged(ground, replace(WHO, regions=frozenset(regions)), edited(ROW, region=region))

        assert is_in is (Fact.IN_REGION in found.facts)
        assert is_in is any(region_lies_within(region, prefix) for prefix in regions)

    @pytest.mark.parametrize("published", [True, False])
    def test_published_by_its_issuer(self, ground, published):
        assert published is (Fact.PUBLISHED in judged(ground, row=edited(ROW, published=published)).facts)

    def test_facts_add_up(self, ground):
        who = replace(WHO, organisation=SUBJECT, regions=frozenset({"51"}))

        found = judged(ground, who, edited(ROW, owner=SUBJECT, published=True)).facts
        assert {Fact.OWN_SUBJECT, Fact.OWN_SOURCE, Fact.IN_REGION, Fact.PUBLISHED} == found


class TestCovers:
    @pytest.mark.parametrize(
        ("change", "covered"),
        [({}, True), ({"subject": OTHER}, False), ({"purpose": "FINANCING"}, False)],
    )
    def test_consent_is_of_this_subject_for_this_purpose(self, ground, change, covered):
        consent = Consent(
            subject=SUBJECT, items=frozenset({Category.C15}), purpose="MARKET_TRADE", valid_from="", valid_to=""
        )

        found = judged(ground, replace(WHO, consents=(replace(consent, **change),))).consented
        assert found == (frozenset({Category.C15}) if covered else frozenset())

    def test_consents_add_up(self, ground):
        consents = tuple(
            Consent(subject=SUBJECT, items=frozenset({item}), purpose="MARKET_TRADE", valid_from="", valid_to="")
            for item in (Category.C15, Category.C16)
        )

        assert {Category.C15, Category.C16} == judged(ground, replace(WHO, consents=consents)).consented

    @pytest.mark.parametrize(("source", "granted"), [(None, True), ("national", True), ("jinjiang", False)])
    def test_grant_is_of_this_source_or_of_any(self, ground, source, granted):
        given = grant(Category.C14, source=source)

        assert judged(ground, replace(WHO, grants=(given,))).granted == ((given,) if granted else ())

    @pytest.mark.parametrize(("subject", "granted"), [(None, True), (SUBJECT, True), (OTHER, False)])
    def test_grant_is_about_this_subject_or_about_any(self, ground, subject, granted):
        given = grant(Category.C14, subject=subject)

        assert judged(ground, replace(WHO, grants=(given,))).granted == ((given,) if granted else ())


class TestSector:
    @pytest.mark.parametrize(
        ("bound", "sector", "inside"),
        [
            ((), None, True), ((), "电力", True), (("电力",), "电力", True), (("电力", "煤炭"), "煤炭", True),
            (("电力",), "煤炭", False), (("电力",), None, False),
        ],
    )  # fmt: skip
    def test_asker_bound_to_sectors_is_at_home_in_them_alone(self, ground, bound, sector, inside):
        who = replace(WHO, regions=frozenset({""}), sectors=frozenset(bound))

        found = row_class(ground.policy, who, ROW, PLACED, sector)

        assert inside == (Fact.IN_REGION in found.facts)

    def test_right_sector_in_the_wrong_region_is_not_at_home(self, ground):
        who = replace(WHO, regions=frozenset({"11"}), sectors=frozenset({"电力"}))

        assert Fact.IN_REGION not in row_class(ground.policy, who, ROW, PLACED, "电力").facts


class TestLabelled:
    DAY = date(2026, 11, 20)

    def label(self, tier=Tier.P, regions=()):
        return RecordLabel(tier=tier, regions=regions, valid_from=self.DAY, valid_to=self.DAY)

    @pytest.mark.parametrize(
        ("own", "laid", "expected"),
        [(Tier.P, Tier.G, Tier.G), (Tier.G, Tier.P, Tier.G), (Tier.G, Tier.I, Tier.A), (Tier.R, Tier.P, Tier.R)],
    )
    def test_label_joins_what_the_record_bears_and_loosens_nothing(self, own, laid, expected):
        assert expected is labelled(replace(PLACED, tier=own), self.label(laid), WHO).tier

    @pytest.mark.parametrize(
        ("compartment", "regions", "inside"),
        [
            (("51",), {"51"}, True), (("5101",), {"51"}, True), (("51",), {""}, True),
            (("51", "11"), {"51", "11"}, True),
            (("51",), {"5101"}, False), (("51", "11"), {"51"}, False), (("51",), set(), False),
        ],
    )  # fmt: skip
    def test_out_of_its_compartment_a_record_is_read_as_ones_own_or_not_at_all(self, compartment, regions, inside):
        who = replace(WHO, regions=frozenset(regions))

        assert (Tier.P if inside else Tier.R) is labelled(PLACED, self.label(regions=compartment), who).tier

    @pytest.mark.parametrize(
        ("begin", "end", "holds"),
        [
            (20, 20, True), (19, None, True), (20, None, True), (21, None, False), (18, 19, False), (18, 21, True),
        ],
    )  # fmt: skip
    def test_label_holds_on_its_days_both_inclusive(self, begin, end, holds):
        to = None if end is None else date(2026, 11, end)
        label = replace(self.label(), valid_from=date(2026, 11, begin), valid_to=to)

        assert holds is label.holds_on(self.DAY)


class TestTier:
    @pytest.mark.parametrize(
        ("category", "own", "expected"),
        [
            (Category.C05, Tier.P, Tier.P), (Category.C05, Tier.R, Tier.R), (Category.C05, Tier.I, Tier.I),
            (Category.C06, Tier.P, Tier.G), (Category.C06, Tier.I, Tier.A),
        ],
    )  # fmt: skip
    def test_row_is_as_strict_as_category_and_placement(self, ground, category, own, expected):
        placed = replace(PLACED, category=category, tier=own)

        assert expected == judged(ground, placed=placed).tier

    def test_category_the_policy_has_no_tier_for_cannot_be_classified(self, ground):
        policy = replace(ground.policy, tiers={}, cells=())

        with pytest.raises(KeyError):
            row_class(policy, WHO, ROW, PLACED)

    def test_subject_is_told_as_strictly_as_the_row_that_tells_it(self, ground):
        basis = judged(ground, replace(WHO, organisation=SUBJECT), placed=replace(PLACED, tier=Tier.I))

        told = subject_class(ground.policy, basis)
        assert ("CreditSubject", Category.C01, Tier.I) == (told.kind, told.category, told.tier)
        assert (basis.facts, basis.consented, basis.granted) == (told.facts, told.consented, told.granted)

    def test_subject_without_a_tier_for_registrations_is_restricted(self, ground):
        policy = replace(ground.policy, tiers={Category.C05: Tier.P}, cells=())

        assert Tier.R is subject_class(policy, row_class(policy, WHO, ROW, PLACED)).tier
