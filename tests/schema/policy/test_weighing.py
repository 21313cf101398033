"""What a change of policy weighs is proved against `decide`: nothing that is shown more is ever called less."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct

from hub.access.policies import policy_digest, seed_policy
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.guarded import guard_table
from schema.policy.decide import decide
from schema.policy.edit import LabelField, PutCell, apply_items
from schema.policy.model import (
    ActorKind,
    Cell,
    Clear,
    Denied,
    Fact,
    FieldLabel,
    Label,
    Masked,
    Policy,
    PurposeRule,
    Reader,
    Standing,
)
from schema.policy.weighing import SECRET, Weight, weigh_policies, weigh_tier
from schema.tiers import Audience, Tier, is_at_least, join
from tests.schema.policy.strategies import CATEGORIES, COORDINATES, PURPOSES, tiers

TABLE = guard_table(KINDS, CATALOGUE_VERSION)
OWN_TIERS = (Tier.P, Tier.S, Tier.I, Tier.G_CON, Tier.A)
SOME_COORDINATES = st.sampled_from(COORDINATES)
# Mostly what lets a question through, or every decision would be a denial and nothing would be told apart.
actors = st.sampled_from([ActorKind.GC, ActorKind.LD])
some_facts = st.frozensets(st.sampled_from([Fact.CONSENT, Fact.IN_REGION]))
field_labels = st.builds(FieldLabel, tier=tiers, mask=st.sampled_from([None, Mask.M3, Mask.M4]))
readers = st.builds(
    Reader,
    code=st.just("R"),
    actors=st.frozensets(actors, min_size=1),
    audience=st.sampled_from(Audience),
    needs=some_facts,
    purposes=st.sampled_from([frozenset(), frozenset(), frozenset({"SUPERVISION"}), frozenset({"SELF_QUERY"})]),
)
mask_sets = st.sampled_from(
    [frozenset(), frozenset({Mask.M3}), frozenset({Mask.M4}), frozenset({Mask.M6}), frozenset({Mask.M7})]
)
cells = st.builds(
    Cell,
    id=st.uuids().map(str),
    category=st.sampled_from(CATEGORIES),
    reader=st.sampled_from(["A", "B"]),
    permit=st.sampled_from([True, True, True, False]),
    needs=some_facts,
    audience=st.sampled_from([None, None, *Audience]),
    masks=mask_sets,
    except_fields=st.frozensets(SOME_COORDINATES, max_size=1),
)
rules = st.builds(
    PurposeRule,
    code=st.sampled_from(PURPOSES),
    zh=st.just("目的"),
    en=st.just("purpose"),
    requires=st.sampled_from([(), (), ("task",)]),
    categories=st.sampled_from([frozenset(CATEGORIES), frozenset(CATEGORIES), frozenset(CATEGORIES[:1])]),
    needs=st.dictionaries(st.sampled_from(CATEGORIES), some_facts, max_size=1),
    needs_always=st.sampled_from([frozenset(), frozenset(), frozenset({Fact.CONSENT})]),
    max_tier=st.sampled_from([None, None, *Tier]),
    basis=st.just("basis"),
    mark=st.just("P"),
)
policies = st.builds(
    Policy,
    version=st.just(1),
    digest=st.just(""),
    tiers=st.fixed_dictionaries(dict.fromkeys(CATEGORIES, tiers)).map(
        lambda some: {**dict.fromkeys(Category, Tier.P), **some}
    ),
    readers=st.fixed_dictionaries({"A": readers, "B": readers}),
    purposes=st.lists(rules, min_size=1, max_size=3).map(lambda some: {rule.code: rule for rule in some}),
    cells=st.lists(cells, min_size=1, max_size=4).map(tuple),
    fields=st.dictionaries(SOME_COORDINATES, field_labels, min_size=1),
)


@st.composite
def steps(draw) -> tuple[Policy, Policy]:
    """A policy, and one that was made of it by a few changes."""
    before = after = draw(policies)
    for change in draw(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=3)):
        after = CHANGES[change](draw, after)
    return before, after


def _tier(draw, policy):
    return replace(policy, tiers={**policy.tiers, draw(st.sampled_from(CATEGORIES)): draw(tiers)})


def _field(draw, policy):
    return replace(policy, fields={**policy.fields, draw(SOME_COORDINATES): draw(field_labels)})


def _forgotten(draw, policy):
    gone = draw(SOME_COORDINATES)
    return replace(policy, fields={name: label for name, label in policy.fields.items() if name != gone})


def _cell(draw, policy):
    return replace(policy, cells=(*policy.cells, draw(cells)))


def _changed_cell(draw, policy):
    if not policy.cells:
        return policy
    place = draw(st.integers(0, len(policy.cells) - 1))
    member, values = draw(
        st.sampled_from(
            [
                ("permit", st.booleans()),
                ("needs", some_facts),
                ("audience", st.sampled_from([None, *Audience])),
                ("masks", mask_sets),
                ("except_fields", st.frozensets(SOME_COORDINATES, max_size=2)),
            ]
        )
    )
    changed = [*policy.cells]
    changed[place] = replace(changed[place], **{member: draw(values)})
    return replace(policy, cells=tuple(changed))


def _dropped_cell(draw, policy):
    if not policy.cells:
        return policy
    place = draw(st.integers(0, len(policy.cells) - 1))
    return replace(policy, cells=policy.cells[:place] + policy.cells[place + 1 :])


def _purpose(draw, policy):
    rule = draw(rules)
    return replace(policy, purposes={**policy.purposes, rule.code: rule})


def _reader(draw, policy):
    return replace(policy, readers={**policy.readers, draw(st.sampled_from(["A", "B"])): draw(readers)})


CHANGES = {
    "tier": _tier,
    "field": _field,
    "forgotten": _forgotten,
    "cell": _cell,
    "changed cell": _changed_cell,
    "dropped cell": _dropped_cell,
    "purpose": _purpose,
    "reader": _reader,
}


def questions(before: Policy, after: Policy) -> Iterator[tuple]:
    """Every question that the two could answer differently: who asks for what, on which row."""
    everything = frozenset({Fact.CONSENT, Fact.IN_REGION})
    for actor, purpose, said, ceiling in product(
        (ActorKind.GC, ActorKind.LD), sorted(before.purposes | after.purposes), (True, False), (Tier.R, Tier.G)
    ):
        standing = Standing(
            actor=actor,
            organisation="ORG",
            ceiling=ceiling,
            regions=frozenset({""}),
            sectors=frozenset(),
            purposes=frozenset(PURPOSES),
            purpose=purpose,
            context=(("task", "1"),) if said else (),
            policy_version=1,
        )
        for category, coordinate, own in product(CATEGORIES, (None, *COORDINATES), OWN_TIERS):
            for known in (everything, frozenset({Fact.CONSENT}), frozenset({Fact.IN_REGION}), frozenset()):
                yield standing, category, coordinate, own, known


def asked(policy, question):
    """The label, and what is decided, as the road does it; None: the field is not classified."""
    standing, category, coordinate, own, known = question
    row = join((own, policy.tiers[category]))
    if coordinate is None:
        label = Label(category=category, tier=row)
        return label, decide(policy, standing, label, known)
    told, entry = policy.fields.get(coordinate), TABLE.by_coordinate[coordinate]
    if told is None:
        return None, Denied(rule="catalogue.unclassified", required_tier=Tier.R)
    label = Label(
        category=entry.category or category,
        tier=join((row, entry.tier, told.tier)),
        coordinate=coordinate,
        mask=entry.mask or told.mask,
        masked=told.mask is not None,
    )
    return label, decide(policy, standing, label, known)


def is_more(after, before) -> bool:
    """Whether *after* shows more than *before*, or something else."""
    match after, before:
        case Denied(), _:
            return False
        case _, Denied():
            return True
        case _, Clear():
            return False
        case Clear(), Masked():
            return True
        case Masked(), Masked():
            return after.mask is not before.mask and not (after.mask is Mask.M7 and before.mask is Mask.M6)
    raise AssertionError


class TestWeighPolicies:
    @settings(max_examples=300, deadline=None)
    @given(steps())
    def test_what_takes_shows_nobody_more(self, step):
        before, after = step
        assume(weigh_policies(before, after, TABLE) is Weight.TAKES)

        for question in questions(before, after):
            assert not is_more(asked(after, question)[1], asked(before, question)[1])

    @settings(max_examples=300, deadline=None)
    @given(steps())
    def test_what_only_gives_shows_nobody_more_of_what_was_a_or_r(self, step):
        before, after = step
        assume(weigh_policies(before, after, TABLE) < Weight.OPENS)

        for question in questions(before, after):
            label, was = asked(before, question)
            if label is not None and label.tier in SECRET:
                assert not is_more(asked(after, question)[1], was)

    @given(policies)
    def test_nothing_changed_takes(self, policy):
        assert Weight.TAKES is weigh_policies(policy, policy, TABLE)

    @given(policies, st.sampled_from(COORDINATES), tiers)
    def test_a_first_label_of_a_or_r_needs_two(self, policy, coordinate, tier):
        before = replace(policy, fields={})
        after = replace(policy, fields={coordinate: FieldLabel(tier=tier)})
        wanted = Weight.OPENS if tier in SECRET else Weight.GIVES

        assert wanted <= weigh_policies(before, after, TABLE)


SEED = seed_policy()
STOP = PutCell(category=Category.C05, reader="PU", name="stop", permit=False)


def edited(policy, *items):
    return apply_items(policy, items, floors=TABLE.by_coordinate, version=9, digest_of=policy_digest)


def with_purpose(policy, code, **changes):
    return replace(policy, purposes={**policy.purposes, code: replace(policy.purposes[code], **changes)})


class TestByHand:
    """What the laws above meet too seldom, one by one."""

    @pytest.mark.parametrize(
        ("before", "after", "weight"),
        [
            # A mask taken off is taken off rows of tier A too, which who has a consent reads.
            ((LabelField(coordinate="Penalty.facts", tier=Tier.P, mask=Mask.M4),), (), Weight.OPENS),
            ((), (LabelField(coordinate="Penalty.facts", tier=Tier.P, mask=Mask.M4),), Weight.TAKES),
            # A prohibition that excepts a field, or goes.
            ((STOP,), (replace_struct(STOP, except_fields=frozenset({"Penalty.facts"})),), Weight.OPENS),
            ((replace_struct(STOP, except_fields=frozenset({"Penalty.facts"})),), (STOP,), Weight.TAKES),
            ((STOP,), (), Weight.OPENS),
            # A prohibition in a narrower column, where the wider one stood.
            ((STOP,), (replace_struct(STOP, reader="GC"),), Weight.OPENS),
            ((replace_struct(STOP, reader="GC"),), (STOP,), Weight.TAKES),
        ],
    )
    def test_of_lines_and_labels(self, before, after, weight):
        assert weight is weigh_policies(edited(SEED, *before), edited(SEED, *after), TABLE)

    @pytest.mark.parametrize(
        ("code", "changes", "weight"),
        [
            ("RATING", {"categories": SEED.purposes["RATING"].categories | {Category.C06}}, Weight.OPENS),
            ("PUBLIC_LOOKUP", {"categories": SEED.purposes["PUBLIC_LOOKUP"].categories | {Category.C06}}, Weight.GIVES),
            ("PUBLIC_LOOKUP", {"max_tier": None}, Weight.OPENS),
            ("PUBLIC_LOOKUP", {"max_tier": Tier.S}, Weight.GIVES),
            ("RATING", {"requires": ()}, Weight.OPENS),
            ("RATING", {"needs": {}}, Weight.OPENS),
            ("RATING", {"max_tier": Tier.G}, Weight.TAKES),
            ("RATING", {"requires": ("rating", "more")}, Weight.TAKES),
            ("RATING", {"categories": frozenset({Category.C05})}, Weight.TAKES),
            ("RATING", {"needs_always": frozenset({Fact.CONSENT})}, Weight.TAKES),
            ("SELF_QUERY", {"needs_always": frozenset()}, Weight.OPENS),
        ],
    )
    def test_of_purposes(self, code, changes, weight):
        assert weight is weigh_policies(SEED, with_purpose(SEED, code, **changes), TABLE)


class TestWeighTier:
    @pytest.mark.parametrize(
        ("before", "after", "weight"),
        [
            ("P", "S", Weight.TAKES),
            ("P", "R", Weight.TAKES),
            ("G", "A", Weight.TAKES),
            ("A", "R", Weight.TAKES),
            ("G", "G-CON", Weight.TAKES),
            ("S", "P", Weight.GIVES),
            ("S-CON", "P-CON", Weight.GIVES),
            # A row that its source marks for the other side bore A.
            ("I", "G", Weight.OPENS),
            ("G", "I", Weight.OPENS),
            ("G", "S", Weight.OPENS),
            ("I", "P", Weight.OPENS),
            # A row that its source keeps from consent bore R.
            ("A", "G", Weight.OPENS),
            ("A", "S", Weight.OPENS),
            ("R", "A", Weight.OPENS),
            ("R", "P", Weight.OPENS),
            ("I-CON", "I", Weight.OPENS),
            ("P-CON", "P", Weight.OPENS),
        ],
    )
    def test_by_hand(self, before, after, weight):
        assert weight is weigh_tier(Tier(before), Tier(after))

    @given(tiers, tiers, tiers)
    def test_below_opening_no_joined_label_leaves_a_or_r(self, before, after, other):
        assume(weigh_tier(before, after) < Weight.OPENS)
        joined = join((before, other))

        assert joined not in SECRET or is_at_least(join((after, other)), joined)
