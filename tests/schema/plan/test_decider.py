"""Decisions per coordinate and per row class, and that the first never contradict the second."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.catalogue.model import Category
from schema.plan.decider import Decider, RowClass, is_listed
from schema.policy.decide import possible_facts
from schema.policy.model import ActorKind, Clear, Consent, Denied, Fact
from schema.tiers import Tier, is_at_least, join
from tests.support.people import GROUP, TENDER, standing
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

        assert isinstance(decision, Denied)
        assert "catalogue.unclassified" == decision.rule

    def test_kind_whose_categories_are_unclassified_is_neither_listed_nor_counted(self, ground):
        policy = _with_tiers(ground.policy, {Category.C01: ground.policy.tiers[Category.C01]})
        decider = Decider(policy, standing(), ground.table)

        assert not decider.is_countable("Penalty")
        assert isinstance(decider.static("Penalty.documentNo"), Denied)


class TestRows:
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


def _with_tiers(policy, tiers):
    from dataclasses import replace

    return replace(policy, tiers=tiers, cells=tuple(cell for cell in policy.cells if cell.category in tiers))
