"""What a change of policy weighs is proved against `decide`: nothing that is shown more is ever called less."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.guarded import guard_table
from schema.policy.decide import decide
from schema.policy.model import Clear, Denied, Fact, FieldLabel, Label, Masked, Policy
from schema.policy.weighing import SECRET, Weight, weigh_policies, weigh_tier
from schema.tiers import Audience, Tier, is_at_least, join
from tests.schema.policy.strategies import (
    CATEGORIES,
    COORDINATES,
    PURPOSES,
    _cells,
    _readers,
    _rules,
    facts,
    standings,
    tiers,
)

TABLE = guard_table(KINDS, CATALOGUE_VERSION)
SOME_COORDINATES = st.sampled_from(COORDINATES)
field_labels = st.builds(FieldLabel, tier=tiers, mask=st.sampled_from([None, Mask.M3, Mask.M4]))
policies = st.builds(
    Policy,
    version=st.just(1),
    digest=st.just(""),
    tiers=st.fixed_dictionaries(dict.fromkeys(CATEGORIES, tiers)).map(
        lambda some: {**dict.fromkeys(Category, Tier.P), **some}
    ),
    readers=st.fixed_dictionaries({"A": _readers, "B": _readers}),
    purposes=st.lists(_rules, min_size=1, max_size=3).map(lambda rules: {rule.code: rule for rule in rules}),
    cells=st.lists(_cells, max_size=6).map(tuple),
    fields=st.dictionaries(SOME_COORDINATES, field_labels),
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
    return replace(policy, cells=(*policy.cells, draw(_cells)))


def _changed_cell(draw, policy):
    if not policy.cells:
        return policy
    place = draw(st.integers(0, len(policy.cells) - 1))
    member, values = draw(
        st.sampled_from(
            [
                ("permit", st.booleans()),
                ("needs", st.frozensets(st.sampled_from(Fact), max_size=2)),
                ("audience", st.sampled_from([None, *Audience])),
                ("masks", st.frozensets(st.sampled_from(Mask), max_size=2)),
                ("except_fields", st.frozensets(SOME_COORDINATES, max_size=2)),
            ]
        )
    )
    cells = [*policy.cells]
    cells[place] = replace(cells[place], **{member: draw(values)})
    return replace(policy, cells=tuple(cells))


def _dropped_cell(draw, policy):
    if not policy.cells:
        return policy
    place = draw(st.integers(0, len(policy.cells) - 1))
    return replace(policy, cells=policy.cells[:place] + policy.cells[place + 1 :])


def _purpose(draw, policy):
    rule = draw(_rules)
    return replace(policy, purposes={**policy.purposes, rule.code: rule})


def _reader(draw, policy):
    return replace(policy, readers={**policy.readers, draw(st.sampled_from(["A", "B"])): draw(_readers)})


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


@st.composite
def questions(draw):
    """Who asks for what on which row: standing, category, coordinate, the row's own tier, facts."""
    coordinate = draw(st.sampled_from([None, *COORDINATES]))
    standing = draw(standings(PURPOSES))
    return standing, draw(st.sampled_from(CATEGORIES)), coordinate, draw(tiers), draw(facts)


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
    @settings(max_examples=400, deadline=None)
    @given(steps(), st.lists(questions(), min_size=1, max_size=12))
    def test_what_takes_shows_nobody_more(self, step, asking):
        before, after = step
        assume(weigh_policies(before, after, TABLE) is Weight.TAKES)

        for question in asking:
            assert not is_more(asked(after, question)[1], asked(before, question)[1])

    @settings(max_examples=400, deadline=None)
    @given(steps(), st.lists(questions(), min_size=1, max_size=12))
    def test_what_only_gives_shows_nobody_more_of_what_was_a_or_r(self, step, asking):
        before, after = step
        assume(weigh_policies(before, after, TABLE) < Weight.OPENS)

        for question in asking:
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
