"""What holds of `decide` for every policy one could write, every standing and every label."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from schema.catalogue.model import Mask
from schema.policy.decide import ROW_MASKS, decide, possible_facts
from schema.policy.model import (
    ActorKind,
    Clear,
    Decision,
    Denied,
    Fact,
    Label,
    Masked,
    Policy,
)
from tests.schema.policy import strategies as some
from tests.schema.policy.asking import cell


def openness(decision: Decision) -> int:
    """Rank of a decision: denied, told of (m7), counted (m6), a field masked, whole."""
    match decision:
        case Denied():
            return 0
        case Masked(mask=Mask.M7):
            return 1
        case Masked(mask=Mask.M6):
            return 2
        case Masked():
            return 3
        case Clear():
            return 4


class TestEveryInput:
    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts)
    def test_has_an_answer_with_its_rule(self, policy, standing, label, facts):
        """Total: never an exception, never an answer without a reason, and a denial names the label's tier."""
        decision = decide(policy, standing, label, facts)

        assert decision.rule
        if isinstance(decision, Denied):
            assert label.tier is decision.required_tier
        else:
            assert decision.rule in {cell.id for cell in policy.cells if cell.permit}
        if isinstance(decision, Masked):
            assert (decision.mask in ROW_MASKS) if label.coordinate is None else decision.mask is label.mask

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts, some.facts)
    def test_is_never_stricter_for_knowing_more(self, policy, standing, label, facts, more):
        """Monotone in facts, for every policy one could write."""
        before, after = (decide(policy, standing, label, known) for known in (facts, facts | more))

        assert openness(before) <= openness(after)

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts, some.tiers)
    def test_is_never_easier_under_a_stricter_label(self, policy, standing, label, facts, tier):
        """So a derived value, which bears the join of its inputs, is never easier to read than one of them."""
        stricter = replace(label, tier=tier)
        if not tier.readers <= label.tier.readers:
            return

        assert openness(decide(policy, standing, stricter, facts)) <= openness(decide(policy, standing, label, facts))

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts, st.data())
    def test_no_permission_survives_a_prohibition(self, policy, standing, label, facts, data):
        reader = data.draw(st.sampled_from(sorted(policy.readers)))
        stop = cell("stop", reader=reader, category=label.category, permit=False)
        stopped = replace(policy, cells=(*policy.cells, stop))
        column = policy.readers[reader]
        concerned = standing.actor in column.actors and (not column.purposes or standing.purpose in column.purposes)
        decision = decide(stopped, standing, label, facts)

        assert isinstance(decision, Denied) if concerned else decision == decide(policy, standing, label, facts)

    @given(some.policies, some.standings(some.PURPOSES), some.labels, some.facts)
    def test_audience_and_purpose_are_asked_of_every_permission(self, policy, standing, label, facts):
        """Whatever is shown, its cell's audience may read the label and the purpose reads the category."""
        decision = decide(policy, standing, label, facts)
        if isinstance(decision, Denied):
            return
        permitting = next(cell for cell in policy.cells if cell.id == decision.rule)
        reader = policy.readers[permitting.reader]

        assert (permitting.audience or reader.audience) in label.tier.readers
        assert label.category in policy.purposes[standing.purpose].categories
        assert standing.actor in reader.actors - {ActorKind.OP, ActorKind.AU}


class TestStaticDenial:
    @given(st.data())
    def test_what_possible_facts_deny_no_row_shows(self, seed: Policy, data):
        """With any facts this standing could have, the decision is no more open than with all of them."""
        standing = data.draw(some.standings(tuple(seed.purposes)))
        label: Label = data.draw(some.labels)
        possible = possible_facts(seed, standing)
        known = data.draw(st.frozensets(st.sampled_from(sorted(possible)))) if possible else frozenset()

        assert openness(decide(seed, standing, label, known)) <= openness(decide(seed, standing, label, possible))

    @given(st.data())
    def test_facts_left_out_change_nothing(self, seed: Policy, data):
        """A fact no rule asks for opens nothing."""
        standing = data.draw(some.standings(tuple(seed.purposes)))
        label: Label = data.draw(some.labels)
        idle = frozenset(Fact) - possible_facts(seed, replace(standing, organisation="ORG", regions=frozenset({""})))
        known = data.draw(some.facts)
        unasked = idle - {Fact.CONSENT, Fact.GRANTED, Fact.MATTER_CODE, Fact.CASE_ID}

        assert decide(seed, standing, label, known - unasked) == decide(seed, standing, label, known)
