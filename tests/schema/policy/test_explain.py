"""An explanation lists what `decide` asks, in its order, and comes to the same decision."""

from dataclasses import replace

from hypothesis import given, settings

from schema.catalogue.model import Category, Mask
from schema.policy.decide import decide
from schema.policy.explain import Outcome, Tried, Why, explain
from schema.policy.model import ActorKind, Clear, Denied, Fact, Label, Masked
from schema.tiers import Tier
from tests.schema.policy import strategies as some
from tests.schema.policy.asking import cell

_QUESTIONS = [
    "actor.no_content",
    "purpose.unknown",
    "purpose.not_allowed",
    "purpose.context",
    "purpose.category",
    "purpose.needs",
    "purpose.tier",
]


def of(asker, category="C05", *, tier=None, mask=None, coordinate=None, masked=False):
    known = Category(category)
    label = Label(
        category=known,
        tier=tier or asker.policy.tiers[known],
        coordinate=coordinate,
        mask=mask,
        masked=masked,
    )
    return explain(asker.policy, asker.standing, label, asker.facts)


def told(explanation, rule):
    (found,) = [each for each in explanation.tried if each.rule == rule]
    return found


class TestEveryInput:
    @settings(max_examples=1_000)
    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts)
    def test_is_explained_as_it_is_decided(self, policy, standing, label, facts):
        """For every policy one could write: the same decision, with the same rule."""
        assert decide(policy, standing, label, facts) == explain(policy, standing, label, facts).decision

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts)
    def test_asks_nothing_after_the_answer(self, policy, standing, label, facts):
        """A refusal before the permissions is the last rule that was asked; so is one that shows the value whole."""
        explanation = explain(policy, standing, label, facts)
        permits = {cell.id for cell in policy.cells if cell.permit}
        early = [each for each in explanation.tried if each.rule not in permits and each.outcome is Outcome.REFUSES]

        assert early in ([], [explanation.tried[-1]])
        if isinstance(explanation.decision, Clear):
            assert explanation.decision.rule == explanation.tried[-1].rule

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts)
    def test_names_the_winner_among_the_rules_it_tried(self, policy, standing, label, facts):
        explanation = explain(policy, standing, label, facts)
        applying = [each for each in explanation.tried if each.outcome is Outcome.APPLIES]

        match explanation.decision:
            case Clear(rule=rule) | Masked(rule=rule):
                assert rule in {each.rule for each in applying}
            case Denied():
                assert [] == applying


class TestOrder:
    def test_questions_of_actor_and_purpose_come_first(self, askers):
        """As access.md lists them: actor, purpose, prohibitions, permissions in the order of the matrix."""
        stop = cell("stop", reader="GC", permit=False)
        policy = replace(askers.policy, cells=(*askers.policy.cells, replace(stop, reader="AS")))
        tried = of(replace(askers.group, policy=policy), mask=Mask.M4, coordinate="Penalty.facts").tried

        assert [*_QUESTIONS, "C05.GC.stop", "C05.PU", "C05.GC"] == [each.rule for each in tried]

    def test_a_prohibition_ends_the_questions(self, askers):
        policy = replace(askers.policy, cells=(*askers.policy.cells, cell("stop", permit=False)))
        explanation = of(replace(askers.group, policy=policy))

        assert Tried(rule="C05.GC.stop", outcome=Outcome.REFUSES, why=Why.FORBIDS) == explanation.tried[-1]
        assert "C05.GC.stop" == explanation.decision.rule

    def test_an_operator_is_asked_one_question(self, askers):
        explanation = of(askers.of(ActorKind.OP))

        assert [Tried(rule="actor.no_content", outcome=Outcome.REFUSES, why=Why.NO_CONTENT)] == [*explanation.tried]


class TestPurpose:
    def test_an_unknown_one_refuses(self, askers):
        last = of(askers.group.asking_for("NONSENSE")).tried[-1]

        assert ("purpose.unknown", Why.UNKNOWN) == (last.rule, last.why)

    def test_one_that_is_not_the_askers_own_refuses(self, askers):
        asker = replace(askers.group, standing=replace(askers.group.standing, purpose="FINANCING"))

        assert Why.NOT_ITS_OWN is of(asker).tried[-1].why

    def test_missing_context_is_named_key_by_key(self, askers):
        last = of(askers.group.asking_for("PROCUREMENT_CHECK", lot="2")).tried[-1]

        assert ("purpose.context", ("tender", "stage")) == (last.rule, last.context)

    def test_a_category_it_does_not_read_refuses(self, askers):
        assert Why.CATEGORY is of(askers.group.asking_for("REPAIR", repair="R-1"), "C15").tried[-1].why

    def test_facts_it_asks_for_are_named(self, askers):
        last = of(askers.bank.without(Fact.CONSENT).asking_for("FINANCING", consent="K-1"), "C15").tried[-1]

        assert ("purpose.needs", frozenset({Fact.CONSENT})) == (last.rule, last.facts)

    def test_its_bound_refuses_a_stricter_label(self, askers):
        assert Why.TIER is of(askers.public.asking_for("PUBLIC_LOOKUP"), tier=Tier.S).tried[-1].why


class TestPermission:
    def test_of_another_column_does_not_apply(self, askers):
        assert Why.ACTOR is told(of(askers.association, "C06"), "C06.LD").why

    def test_of_a_column_closed_under_the_purpose_does_not_apply(self, askers):
        assert Why.PURPOSE is told(of(askers.group, "C08"), "C08.SU").why

    def test_that_leaves_the_coordinate_out_does_not_apply(self, askers):
        assert Why.COORDINATE is told(of(askers.group, "C12", coordinate="Grade.score"), "C12.GC").why

    def test_names_the_facts_it_lacks(self, askers):
        found = told(of(askers.department.without(Fact.IN_REGION), "C07"), "C07.LD.matter")

        assert (Outcome.DOES_NOT_APPLY, frozenset({Fact.IN_REGION, Fact.MATTER_CODE})) == (found.outcome, found.facts)

    def test_refuses_an_audience_that_may_not_read_the_label(self, askers):
        assert Why.AUDIENCE is told(of(askers.group, "C10", tier=Tier.G), "C10.GC").why

    def test_refuses_a_label_beyond_the_ceiling(self, askers):
        low = replace(askers.group, standing=replace(askers.group.standing, ceiling=Tier.P))

        assert Why.CEILING is told(of(low, "C10", tier=Tier.I), "C10.GC").why

    def test_that_counts_rows_refuses_a_field(self, askers):
        assert Why.ROWS_ONLY is told(of(askers.association, "C16", coordinate="Arrears.amount"), "C16.AS").why

    def test_shows_through_the_mask_of_the_field(self, askers):
        found = told(of(askers.bank, "C15", mask=Mask.M3, coordinate="Performance.amount"), "C15.FI")

        assert (Outcome.APPLIES, Mask.M3) == (found.outcome, found.mask)

    def test_shows_through_the_mask_that_policy_lays_on_the_field(self, askers):
        explanation = of(askers.group, mask=Mask.M4, coordinate="Penalty.facts", masked=True)

        assert Masked(rule="C05.PU", mask=Mask.M4) == explanation.decision
        assert Mask.M4 is told(explanation, "C05.GC").mask

    def test_tells_of_rows(self, askers):
        assert Mask.M7 is told(of(askers.department, "C18"), "C18.LD").mask
