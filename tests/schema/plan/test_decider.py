"""Decisions per coordinate and per row class, and that the first never contradict the second."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.catalogue.model import Category, Mask
from schema.plan.decider import DENY, Decider, RowClass, facts_on, is_listed
from schema.policy.decide import possible_facts
from schema.policy.model import ActorKind, Clear, Consent, Denied, Fact, Label, Masked
from schema.tiers import Tier, is_at_least, join
from tests.schema.render.stage import open_to_all
from tests.support.people import GROUP, TENDER, grant, standing
from tests.support.worlds import SUBJECT

CONTEXTS = {
    "PUBLIC_LOOKUP": (),
    "PROCUREMENT_CHECK": TENDER,
    "SUPERVISION": (("task", "2026-17"),),
    "ADMIN_APPROVAL": (("caseId", "C-1"), ("matterCode", "M-1")),
    "SELF_QUERY": (),
    "MARKET_TRADE": (("market", "M"),),
    "FINANCING": (("consent", "A-1"),),
}


@st.composite
def standings(draw):
    purpose = draw(st.sampled_from(sorted(CONTEXTS)))
    consents = ()
    if draw(st.booleans()):
        items = frozenset(draw(st.sets(st.sampled_from(Category), min_size=1)))
        consents = (
            Consent(subject=SUBJECT, items=items, purpose=purpose, valid_from="2026-01-01", valid_to="2026-12-31"),
        )
    actor = draw(st.sampled_from(ActorKind))
    return standing(
        actor,
        purpose=purpose,
        context=CONTEXTS[purpose],
        organisation=None if actor is ActorKind.PU else draw(st.sampled_from([GROUP, SUBJECT])),
        regions=draw(st.sampled_from([frozenset(), frozenset({"51"}), frozenset({""})])),
        consents=consents,
    )


class TestStatic:
    def test_decision_is_made_once(self, ground):
        decider = Decider(ground.policy, standing(), ground.table)

        assert decider.static("Penalty.facts") is decider.static("Penalty.facts")

    def test_coordinate_that_is_not_catalogued_is_no_coordinate(self, ground):
        decider = Decider(ground.policy, standing(), ground.table)

        assert "Penalty.nothing" not in decider.table.by_coordinate

    def test_category_without_tier_denies_its_fields(self, ground):
        """
        A catalogue field that appears new, in a category the policy has not classified, is denied.
        """
        tiers = {category: tier for category, tier in ground.policy.tiers.items() if category is not Category.C02}
        policy = _with_tiers(ground.policy, tiers)
        decider = Decider(policy, standing(ActorKind.NEA, regions=frozenset({""})), ground.table)

        decision = decider.static("Penalty.legalRepresentative")

        assert Denied(rule="catalogue.unclassified", required_tier=Tier.R) == decision

    def test_kind_whose_categories_are_unclassified_is_neither_listed_nor_counted(self, ground):
        policy = _with_tiers(ground.policy, {Category.C01: ground.policy.tiers[Category.C01]})
        decider = Decider(policy, standing(), ground.table)

        assert not decider.is_countable("Penalty")
        assert Denied(rule="catalogue.unclassified", required_tier=Tier.R) == decider.static("Penalty.documentNo")

    def test_most_open_row_decides_the_coordinate(self, ground):
        """
        Whole on some row is whole, else masked on some row is masked; the order of the categories does not matter.
        """
        masks = {Category.C05: frozenset({Mask.M4}), Category.C07: frozenset({Mask.M4})}

        def static(**categories):
            coordinate = "Penalty.facts"
            decider = Decider(open_to_all(ground, **categories).policy, standing(), ground.table)
            return decider.static(coordinate)

        facts = frozenset({"Penalty.facts"})
        assert isinstance(static(masks=masks), Clear)
        assert isinstance(static(masks=masks, hidden=frozenset({Category.C06, Category.C08})), Masked)
        excepted = {"masks": masks, "except_fields": {Category.C06: facts, Category.C05: facts}}
        assert isinstance(static(**excepted, hidden=frozenset({Category.C08})), Masked)
        assert isinstance(static(except_fields=dict.fromkeys(Category, facts)), Denied)

    @pytest.mark.parametrize("mask", [Mask.M6, Mask.M7])
    def test_field_of_rows_that_are_counted_only_is_denied_by_the_rule_that_counts(self, ground, mask):
        policy = open_to_all(ground, {Category.C14: frozenset({mask})}, hidden=frozenset({Category.C08})).policy

        decision = Decider(policy, standing(), ground.table).static("SupplierSanction.cause")

        assert Denied(rule="C14.PU", required_tier=policy.tiers[Category.C14]) == decision

    def test_field_that_policy_does_not_classify_is_denied_to_all(self, ground):
        policy = open_to_all(ground).policy
        fields = {name: label for name, label in policy.fields.items() if name != "Penalty.facts"}
        decider = Decider(replace(policy, fields=fields), standing(), ground.table)

        assert Denied(rule="catalogue.unclassified", required_tier=Tier.R) == decider.static("Penalty.facts")
        assert isinstance(decider.static("Penalty.documentNo"), Clear)

    def test_field_of_rows_that_are_denied_is_denied_by_the_rows_rule(self, ground):
        assert Denied(rule="purpose.category", required_tier=Tier.I) == Decider(
            ground.policy, standing(), ground.table
        ).static("SupplierSanction.cause")

    @pytest.mark.parametrize(
        ("kind", "listed", "counted"), [("Penalty", True, True), ("SupplierSanction", False, False)]
    )
    def test_kinds_that_the_public_may_list_or_count(self, ground, kind, listed, counted):
        decider = Decider(ground.policy, standing(), ground.table)

        assert (listed, counted) == (decider.is_listable(kind), decider.is_countable(kind))
        assert counted is decider.is_countable(kind)

    @pytest.mark.parametrize("mask", [Mask.M6, Mask.M7])
    def test_kind_that_is_counted_only_is_not_listable(self, ground, mask):
        policy = open_to_all(ground, {Category.C14: frozenset({mask})}, hidden=frozenset({Category.C08})).policy
        decider = Decider(policy, standing(), ground.table)

        found = (decider.is_listable("SupplierSanction"), decider.is_countable("SupplierSanction"))
        assert (False, True) == found
        assert () == decider.possible_manners("SupplierSanction")

    def test_own_category_of_a_field_decides_it(self, ground):
        """A person's name (C02) and number (C03) are decided as such, on whatever row they stand."""
        hidden = open_to_all(ground, hidden=frozenset({Category.C02})).policy
        decider = Decider(hidden, standing(), ground.table)

        assert "matrix.none" == decider.static("Penalty.legalRepresentative").rule
        assert isinstance(decider.static("Penalty.documentNo"), Clear)

    @pytest.mark.parametrize("fact", ["consents", "grants"])
    def test_what_a_standing_may_be_consented_or_granted_opens_coordinates(self, ground, fact):
        """Static decisions assume the best row; without the consent, or the grant, there is none."""
        needs = {"consents": Fact.CONSENT, "grants": Fact.GRANTED}[fact]
        policy = open_to_all(ground).policy
        policy = replace(policy, cells=tuple(replace(cell, needs=frozenset({needs})) for cell in policy.cells))
        held = {
            "consents": (
                Consent(
                    subject=SUBJECT, items=frozenset(), purpose="PUBLIC_LOOKUP", valid_from="2026-01-01", valid_to=""
                ),
            ),
            "grants": (grant(Category.C05), grant(Category.C03)),
        }

        with_it = Decider(policy, standing(**{fact: held[fact]}), ground.table)
        without = Decider(policy, standing(), ground.table)

        assert isinstance(with_it.static("Penalty.documentNo"), Clear)
        assert isinstance(without.static("Penalty.documentNo"), Denied)


class TestManners:
    def decider(self, ground):
        masks = {Category.C05: frozenset({Mask.M4})}
        hidden = {Category.C07: frozenset({"Penalty.facts"})}
        return Decider(open_to_all(ground, masks, except_fields=hidden).policy, standing(), ground.table)

    def row(self, category, **more):
        return RowClass(kind="Penalty", category=category, tier=Tier.P, facts=frozenset(), **more)

    @pytest.mark.parametrize(
        ("category", "how"), [(Category.C05, Mask.M4), (Category.C06, None), (Category.C07, DENY)]
    )  # fmt: skip
    def test_manner_says_of_each_field_whole_mask_or_denied(self, ground, category, how):
        decider = self.decider(ground)

        manner = decider.manners[decider.manner(self.row(category))]
        names = list(ground.table.kinds["Penalty"])
        assert ("Penalty", how) == (manner.kind, manner.decisions[names.index("facts")])
        assert len(names) == len(manner.decisions)

    def test_classes_that_are_shown_alike_have_one_number(self, ground):
        decider = self.decider(ground)
        numbers = [
            decider.manner(self.row(Category.C06, granted=granted)) for granted in ((), (grant(Category.C14),), ())
        ]

        assert {0} == set(numbers)
        assert 1 == len(decider.manners)

    def test_kinds_and_ways_have_numbers_of_their_own(self, ground):
        decider = self.decider(ground)
        rows = [self.row(category) for category in (Category.C05, Category.C06, Category.C07)]
        rows.append(RowClass(kind="Grade", category=Category.C12, tier=Tier.P, facts=frozenset()))

        assert [0, 1, 2, 3] == [decider.manner(row) for row in rows]

    def test_possible_manners_are_those_of_the_kinds_categories(self, ground):
        decider = self.decider(ground)

        assert (0, 1, 2) == decider.possible_manners("Penalty")
        assert (3,) == decider.possible_manners("Grade")

    def test_threads_that_number_at_once_agree(self, ground):
        for _ in range(20):
            decider = self.decider(ground)
            rows = [self.row(category) for category in (Category.C05, Category.C06, Category.C07)] * 4
            with ThreadPoolExecutor(max_workers=4) as pool:
                numbers = list(pool.map(decider.manner, rows))

            assert 3 == len(decider.manners)
            assert numbers[:3] * 4 == numbers


class TestListed:
    @pytest.mark.parametrize(
        ("decision", "listed"),
        [
            (Clear(rule="r"), True), (Masked(rule="r", mask=Mask.M4), True), (Masked(rule="r", mask=Mask.M6), False),
            (Masked(rule="r", mask=Mask.M7), False), (Denied(rule="r", required_tier=Tier.P), False),
        ],
    )  # fmt: skip
    def test_counted_and_denied_rows_are_not_listed(self, decision, listed):
        assert listed is is_listed(decision)


class TestFactsOn:
    ROW = RowClass(
        kind="Penalty", category=Category.C05, tier=Tier.P, facts=frozenset({Fact.IN_REGION}),
        consented=frozenset({Category.C05, Category.C02}), granted=(grant(Category.C05), grant(Category.C03)),
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("category", "more"),
        [
            (Category.C05, {Fact.CONSENT, Fact.GRANTED}),
            (Category.C02, {Fact.CONSENT}), (Category.C03, {Fact.GRANTED}), (Category.C06, set()),
        ],
    )  # fmt: skip
    def test_consent_and_grant_hold_for_the_category_that_is_asked_about(self, category, more):
        assert {Fact.IN_REGION} | more == facts_on(self.ROW, Label(category=category, tier=Tier.P))

    @pytest.mark.parametrize(
        ("more", "opens"),
        [
            ({}, True), ({"coordinates": frozenset({"Penalty.facts"})}, True),
            ({"coordinates": frozenset({"Penalty.fineAmount"})}, False), ({"tier": Tier.G}, True),
            ({"tier": Tier.I}, False), ({"tier": Tier.P}, False),
        ],
    )  # fmt: skip
    def test_grant_opens_its_fields_up_to_its_tier(self, more, opens):
        """A grant up to G reaches G-CON, as a ceiling of G does."""
        row = replace(self.ROW, granted=(grant(Category.C07, **more),))
        label = Label(category=Category.C07, tier=Tier.G_CON, coordinate="Penalty.facts")

        assert opens == (Fact.GRANTED in facts_on(row, label))

    @pytest.mark.parametrize("coordinates", [frozenset(), frozenset({"Penalty.facts"})])
    def test_grant_of_some_fields_opens_the_row_itself(self, coordinates):
        row = replace(self.ROW, granted=(grant(Category.C07, coordinates=coordinates),))

        assert Fact.GRANTED in facts_on(row, Label(category=Category.C07, tier=Tier.G_CON))


class TestRows:
    def test_decisions_on_a_row_are_made_once(self, ground):
        decider = Decider(ground.policy, standing(), ground.table)
        row = RowClass(kind="Penalty", category=Category.C05, tier=Tier.P, facts=frozenset())

        assert decider.row(row) is decider.row(row)
        assert decider.cells(row) is decider.cells(row)
        assert decider.manner(row) == decider.manner(row)
        assert decider.is_countable("Penalty") is decider.is_countable("Penalty") is True

    @pytest.mark.parametrize("tier", [Tier.S, Tier.G, Tier.R])
    def test_row_of_a_stricter_tier_is_not_the_publics(self, ground, tier):
        decider = Decider(ground.policy, standing(), ground.table)
        row = RowClass(kind="Penalty", category=Category.C05, tier=tier, facts=frozenset())

        assert Denied(rule="purpose.tier", required_tier=tier) == decider.row(row)
        assert all(isinstance(decision, Denied) for decision in decider.cells(row).values())

    @pytest.mark.parametrize(
        ("tier", "own", "expected"),
        [(Tier.P, Tier.S, Tier.S), (Tier.S, Tier.P, Tier.S), (Tier.P, Tier.P, Tier.P), (Tier.G, Tier.I, Tier.A)],
    )
    def test_field_is_as_strict_as_its_row_and_the_catalogue_together(self, ground, tier, own, expected):
        """Seen by what a denial says is required."""
        entry = replace(ground.table.by_coordinate["Penalty.facts"], tier=own)
        table = replace(ground.table, kinds={**ground.table.kinds, "Penalty": {"facts": entry}})
        hidden = replace(ground.policy, cells=())
        row = RowClass(kind="Penalty", category=Category.C05, tier=tier, facts=frozenset())
        who = standing(ActorKind.NEA, purpose="SUPERVISION", context=CONTEXTS["SUPERVISION"])

        assert Denied(rule="matrix.none", required_tier=expected) == Decider(hidden, who, table).cells(row)["facts"]

    def test_field_is_as_strict_as_its_own_category(self, ground):
        row = RowClass(kind="Penalty", category=Category.C05, tier=Tier.P, facts=frozenset())
        policy = replace(ground.policy, tiers={**ground.policy.tiers, Category.C02: Tier.R}, cells=())
        cells = Decider(policy, standing(), ground.table).cells(row)

        assert (Tier.R, Tier.P) == (cells["legal_representative"].required_tier, cells["document_no"].required_tier)

    def test_field_label_is_never_looser_than_its_row(self, ground):
        """
        A field of a row that only its owner may read is not opened by its own looser tier.
        """
        decider = Decider(ground.policy, standing(), ground.table)
        tier = ground.policy.tiers[Category.C08]
        row = RowClass(kind="Penalty", category=Category.C08, tier=tier, facts=frozenset())

        assert all(isinstance(decision, Denied) for decision in decider.cells(row).values())
        assert is_at_least(tier, ground.policy.tiers[Category.C05])

    def test_consent_for_one_category_opens_no_other(self, ground):
        who = standing(
            ActorKind.GC,
            purpose="MARKET_TRADE",
            context=CONTEXTS["MARKET_TRADE"],
            organisation=GROUP,
            consents=(
                Consent(
                    subject=SUBJECT,
                    items=frozenset({Category.C15}),
                    purpose="MARKET_TRADE",
                    valid_from="2026-01-01",
                    valid_to="2026-12-31",
                ),
            ),
        )
        decider = Decider(ground.policy, who, ground.table)
        consented = frozenset({Category.C15})

        def row(kind, category):
            tier = ground.policy.tiers[category]
            return RowClass(kind=kind, category=category, tier=tier, facts=frozenset(), consented=consented)

        assert isinstance(decider.row(row("Performance", Category.C15)), Clear)
        assert isinstance(decider.row(row("Penalty", Category.C06)), Denied)


class TestStaticAgainstRows:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
    @given(data=st.data(), who=standings())
    def test_denied_statically_means_denied_on_every_row(self, ground, data, who):
        """
        If the plan says that a coordinate is denied, no row whatever shows it; so nothing is lost by not fetching it.
        """
        decider = Decider(ground.policy, who, ground.table)
        kind = data.draw(st.sampled_from(sorted(ground.table.kinds)))
        category = data.draw(st.sampled_from(ground.table.categories[kind]))
        possible = possible_facts(ground.policy, who) - {Fact.CONSENT, Fact.GRANTED}
        chosen = data.draw(st.frozensets(st.sampled_from(Fact)))
        row = RowClass(
            kind=kind,
            category=category,
            tier=join([ground.policy.tiers[category], data.draw(st.sampled_from(Tier))]),
            facts=chosen & possible,
            consented=frozenset(item for consent in who.consents for item in consent.items),
        )

        cells = decider.cells(row) if is_listed(decider.row(row)) else {}

        for name, decision in cells.items():
            entry = ground.table.kinds[kind][name]
            static = decider.static(entry.coordinate)
            if not isinstance(decision, Denied):
                assert not isinstance(static, Denied), (entry.coordinate, decision, static)
            if isinstance(decision, Clear):
                assert isinstance(static, Clear), (entry.coordinate, decision, static)


def _with_tiers(policy, tiers):
    return replace(policy, tiers=tiers, cells=tuple(cell for cell in policy.cells if cell.category in tiers))
