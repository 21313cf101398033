"""
What a change of policy, grants and partners would change: the exact set of cells partner x purpose x coordinate.

Rules:
    - A cell changes if and only if some row and some context exist for which what is shown differs: a row by its
      category, the tier it bears of its own, and what the partner has towards it (`schema.policy.situations`).
    - A kind's own name stands among its coordinates for its rows: whether they are listed, counted, told of or unknown.
    - What is shown of a field of a row that is not listed is nothing, under the rule that keeps the row away.
    - Work is shared: partners that decisions cannot tell apart are one, coordinates with one label are one, and what
      no changed rule touches is not looked at.

Nothing here reads a record: what is simulated is what the rules would do to any.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from schema.plan.guarded import GuardTable
from schema.policy.contrast import Case, Comparison
from schema.policy.decide import PUBLIC_LOOKUP
from schema.policy.model import Clear, Decision, Denied, Masked, Policy
from schema.policy.situations import Asker
from schema.policy.slices import Slices, board

Name = str | None
"""A partner's identifier; None: the public."""


class Turn(StrEnum):
    """Which way a cell turns, over all its cases."""

    OPENS = "opens"
    CLOSES = "closes"
    BOTH = "both"  # more in one case and less in another, or another mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The policy, and everyone it is asked about: a partner that is not served is not among them."""

    policy: Policy
    askers: Mapping[Name, Asker]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A cell that changes: one case for each way in which it does."""

    partner: Name
    purpose: str
    coordinate: str
    turn: Turn
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Partners that decisions cannot tell apart, and what changes for each of them: coordinate -> cases."""

    partners: tuple[Name, ...]
    purpose: str
    changes: Mapping[str, tuple[Case, ...]]

    def changes_of(self, partner: Name) -> "Iterator[Change]":
        """List what changes for one of them, by coordinate."""
        for coordinate in sorted(self.changes):
            cases = self.changes[coordinate]
            turn = turn_of(cases)
            yield Change(partner=partner, purpose=self.purpose, coordinate=coordinate, turn=turn, cases=cases)

    def turns(self) -> "Counter[Turn]":
        """How many cells of one partner open, close, or do both."""
        return Counter(map(turn_of, self.changes.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """
    What would change.

    Attributes:
        groups: By partners and purpose; those for whom nothing changes are left out.
        cells: How many cells were decided upon.
    """

    groups: tuple[Group, ...]
    cells: int

    @property
    def count(self) -> int:
        """How many cells change."""
        return sum(len(group.partners) * len(group.changes) for group in self.groups)

    def blocks(self) -> tuple[tuple[Name, Group], ...]:
        """List the partners for whom something changes under a purpose, by partner (the public first) and purpose."""
        found = [(name, group) for group in self.groups for name in group.partners]
        return tuple(sorted(found, key=lambda block: (block[0] or "", block[1].purpose)))

    def changes(self) -> Iterator[Change]:
        """List the cells that change, by partner (the public first), purpose and coordinate."""
        for name, group in self.blocks():
            yield from group.changes_of(name)


def simulate(table: GuardTable, before: Side, after: Side, *, go_on: Callable[[], None] = lambda: None) -> Simulation:
    """
    Compare *before* with *after* over every partner, purpose and guarded coordinate of *table*.

    Args:
        table: Guarded coordinates.
        before: In force.
        after: As drafted.
        go_on: Called between parts of the work, each some milliseconds long; what it raises ends the work.
    """
    purposes = sorted(before.policy.purposes.keys() | after.policy.purposes.keys())
    coordinates = len(table.by_coordinate) + len(table.kinds)
    names = sorted(before.askers.keys() | after.askers.keys(), key=lambda name: name or "")
    alike: dict[tuple[Asker | None, Asker | None], list[Name]] = {}
    for name in names:
        pair = (_common(before.askers.get(name)), _common(after.askers.get(name)))
        alike.setdefault(_own_named(*pair), []).append(name)
    slices = (Slices(before.policy), Slices(after.policy))
    kinds = board(table, before.policy, after.policy)
    groups: list[Group] = []
    for purpose in purposes:
        comparison = Comparison(table, kinds, slices, purpose)
        same: dict[int, tuple[list[Name], Mapping[str, tuple[Case, ...]]]] = {}
        for (one, other), partners in alike.items():
            go_on()
            changes = comparison.of(one, other)
            same.setdefault(id(changes), ([], changes))[0].extend(partners)
        groups += [
            Group(partners=tuple(sorted(partners, key=lambda name: name or "")), purpose=purpose, changes=changes)
            for partners, changes in same.values()
            if changes
        ]
    return Simulation(groups=tuple(groups), cells=len(names) * len(purposes) * coordinates)


def turn_of(cases: Iterable[Case]) -> Turn:
    """Tell which way a cell turns by its *cases*."""
    turns = {_turn(case) for case in cases}
    return turns.pop() if len(turns) == 1 else Turn.BOTH


def _turn(case: Case) -> Turn:
    before, after = _openness(case.before), _openness(case.after)
    if before == after:
        return Turn.BOTH
    return Turn.OPENS if before < after else Turn.CLOSES


def _openness(decision: Decision) -> int:
    """Rank: nothing, told of (m7), counted (m6), masked, whole."""
    match decision:
        case Denied():
            return 0
        case Masked(mask=mask):
            return {"m7": 1, "m6": 2}.get(mask.value, 3)
        case Clear():
            return 4


def _common(asker: Asker | None) -> Asker | None:
    """*asker* without what no decision can tell apart."""
    if asker is None:
        return None
    # A grant's name and days decide nothing: what is not valid is not here.
    grants = {replace(grant, id="", valid_from="", valid_to="", break_glass=False) for grant in asker.grants}
    consents = {replace(consent, id="", valid_from="", valid_to="") for consent in asker.consents}
    return replace(
        asker,
        grants=tuple(sorted(grants, key=repr)),
        consents=tuple(sorted(consents, key=repr)),
        purposes=asker.purposes - {PUBLIC_LOOKUP},
    )


_OWN = ("", " ")


def _own_named(before: Asker | None, after: Asker | None) -> tuple[Asker | None, Asker | None]:
    """Call the organisations of a pair by common names: whose code it is decides nothing, unless it was named."""
    sides = [side for side in (before, after) if side is not None]
    if any(side.consents or side.grants for side in sides):
        return before, after
    codes = list(dict.fromkeys(side.organisation for side in sides if side.organisation is not None))
    names = dict(zip(codes, _OWN, strict=False))
    one, other = (
        side and replace(side, organisation=None if side.organisation is None else names[side.organisation])
        for side in (before, after)
    )
    return one, other
