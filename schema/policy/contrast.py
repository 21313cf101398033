"""
Two versions of the policy beside each other, under one purpose: for which rows do they show one asker another thing.

The working part of `schema.policy.simulate`, which says what the result means.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schema.catalogue.model import Category, Mask
from schema.plan.decider import is_listed
from schema.plan.guarded import Guarded, GuardTable
from schema.policy.decide import CONTEXT_FACTS, PUBLIC_LOOKUP
from schema.policy.model import Decision, Denied, Fact, Label, Masked, Policy
from schema.policy.situations import Asker, Meeting, Pair, contexts, meetings
from schema.policy.slices import Half, Slices
from schema.publicity.placement import loosest_tier
from schema.tiers import Tier, join

UNCLASSIFIED = Denied(rule="catalogue.unclassified", required_tier=Tier.R)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    Rows for which a cell changes, in one way.

    Attributes:
        before, after: What is decided.
        category: Category of the row.
        tier: What the row bears of its own; the category's and the field's tier are joined to it.
        facts, facts_after: What the partner has towards it, before and after; with as few facts as there are.
        context: Keys that the question states.
    """

    before: Decision
    after: Decision
    category: Category
    tier: Tier
    facts: frozenset[Fact]
    facts_after: frozenset[Fact]
    context: tuple[str, ...]


def is_shown_alike(before: Decision, after: Decision) -> bool:
    """Whether the asker is shown the same: whole, through one mask, or nothing, by whichever rule."""
    if isinstance(before, Masked) and isinstance(after, Masked):
        return before.mask is after.mask
    return type(before) is type(after)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a version says of a coordinate's label, besides its row: tier, mask, and whether policy lays it on."""

    tier: Tier
    mask: Mask | None
    masked: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """A row under both versions: what it is, what is decided on its existence, and its tier there."""

    category: Category
    pair: Pair
    keys: frozenset[str]
    own: Tier
    decisions: tuple[Decision, Decision]
    tiers: tuple[Tier, Tier]


_Cases = dict[tuple[object, ...], Case]


class Comparison:
    """Compares two versions under one purpose, asker by asker; askers that decisions cannot tell apart only once."""

    def __init__(self, table: GuardTable, before: Slices, after: Slices, purpose: str) -> None:
        self._table = table
        self._purpose = purpose
        self._sides = (before, after)
        self._contexts = _told_apart(before.policy, after.policy, purpose)
        self._halves: tuple[dict[object, Half], ...] = ({}, {})
        self._known: dict[object, Mapping[str, tuple[Case, ...]]] = {}

    def of(self, before: Asker | None, after: Asker | None) -> Mapping[str, tuple[Case, ...]]:
        """List coordinate -> cases for a partner that is *before* and then *after*; equal work gives one object."""
        one, other = before or after, after or before
        if one is None or other is None:
            return {}
        pairs = meetings(one, other, self._purpose)
        keys = tuple(self._key(asker) for asker in (before, after))
        found = self._known.get((keys, pairs))
        if found is None:
            halves = (self._half(0, before, keys[0]), self._half(1, after, keys[1]))
            found = self._known[keys, pairs] = _Work(self._table, halves, pairs, self._contexts).changes()
        return found

    def _key(self, asker: Asker | None) -> object:
        is_own = asker is not None and (self._purpose == PUBLIC_LOOKUP or self._purpose in asker.purposes)
        return asker and (asker.actor, asker.ceiling, is_own)

    def _half(self, side: int, asker: Asker | None, key: object) -> Half:
        found = self._halves[side].get(key)
        if found is None:
            found = self._halves[side][key] = Half(self._sides[side], asker, self._purpose)
        return found


def _told_apart(before: Policy, after: Policy, purpose: str) -> Sequence[frozenset[str]]:
    """The contexts, one of each that neither version can tell apart; the fewest keys first."""
    asked = frozenset().union(*(_asks(policy) for policy in (before, after)))
    found: dict[object, frozenset[str]] = {}
    for keys in contexts(before, after, purpose):
        rules = [policy.purposes.get(purpose) for policy in (before, after)]
        complete = tuple(rule is not None and keys.issuperset(rule.requires) for rule in rules)
        said = frozenset(fact for fact, key in CONTEXT_FACTS.items() if key in keys) & asked
        found.setdefault((complete, said), keys)
    return tuple(found.values())


def _asks(policy: Policy) -> frozenset[Fact]:
    asked = [cell.needs for cell in policy.cells] + [reader.needs for reader in policy.readers.values()]
    for rule in policy.purposes.values():
        asked += [rule.needs_always, *rule.needs.values()]
    return frozenset().union(*asked)


class _Work:
    """One comparison of two halves, towards the rows that *pairs* stand for."""

    def __init__(
        self,
        table: GuardTable,
        halves: tuple[Half, Half],
        pairs: frozenset[Pair],
        contexts: Sequence[frozenset[str]],
    ) -> None:
        self._table = table
        self._halves = halves
        self._pairs = pairs
        self._contexts = contexts
        # The same asker towards the same row: then nothing differs that no changed rule touches.
        self._is_same = all(one == other for one, other in pairs)
        self._named = frozenset(
            coordinate for pair in pairs for side in pair for leave in side.leave for coordinate in leave.coordinates
        )
        self._rows: dict[tuple[Category, frozenset[Fact]], list[_Row]] = {}
        self._fields: dict[object, _Cases] = {}

    def changes(self) -> Mapping[str, tuple[Case, ...]]:
        """List coordinate, or kind for its rows, -> cases; without those that do not change."""
        found: dict[str, tuple[Case, ...]] = {}
        for kind, entries in self._table.kinds.items():
            categories = self._table.categories[kind]
            rows: _Cases = {}
            for category in categories:
                rows |= self._row_cases(category)
            found[kind] = tuple(rows.values())
            for entry in entries.values():
                cases: _Cases = {}
                for category in categories:
                    cases |= self._field_cases(category, entry)
                found[entry.coordinate] = tuple(cases.values())
        return {name: cases for name, cases in found.items() if cases}

    def _is_touched(self, category: Category) -> bool:
        one, other = (half.slice(category) for half in self._halves)
        return not self._is_same or one != other

    def _row_cases(self, category: Category) -> _Cases:
        cases: _Cases = {}
        if self._is_touched(category):
            for row in self._rows_of(category, frozenset()):
                _note(cases, {category}, row, row.decisions)
        return cases

    def _field_cases(self, category: Category, entry: Guarded) -> _Cases:
        about = entry.category or category
        told = tuple(_told(half.policy, entry) for half in self._halves)
        if told[0] == told[1] and not self._is_touched(category) and not self._is_touched(about):
            return {}
        key = (category, about, told, self._named & {entry.coordinate}, self._except(about, entry.coordinate))
        found = self._fields.get(key)
        if found is None:
            found = self._fields[key] = self._compared(category, about, told, entry.coordinate)
        return found

    def _except(self, category: Category, coordinate: str) -> tuple[str, ...]:
        cuts = [half.slice(category) for half in self._halves]
        cells = [(side, cell) for side, cut in enumerate(cuts) if cut for cell in cut.cells]
        return tuple(f"{side} {cell.id}" for side, cell in cells if coordinate in cell.except_fields)

    def _compared(self, category: Category, about: Category, told: Sequence[_Told | None], coordinate: str) -> _Cases:
        cases: _Cases = {}
        for row in self._rows_of(category, self._asked(about)):
            decisions = tuple(self._field(side, row, told[side], about, coordinate) for side in (0, 1))
            _note(cases, {category, about}, row, decisions)
        return cases

    def _field(self, side: int, row: _Row, told: _Told | None, about: Category, coordinate: str) -> Decision:
        existence = row.decisions[side]
        if isinstance(existence, Denied):
            return existence
        if not is_listed(existence):
            return Denied(rule=existence.rule, required_tier=row.tiers[side])
        if told is None:
            return UNCLASSIFIED
        label = Label(
            category=about,
            tier=join((row.tiers[side], told.tier)),
            coordinate=coordinate,
            mask=told.mask,
            masked=told.masked,
        )
        return self._halves[side].decide(label, row.pair[side].on(label), row.keys)

    def _asked(self, category: Category) -> frozenset[Fact]:
        cuts = [half.slice(category) for half in self._halves]
        return frozenset().union(*(cut.facts for cut in cuts if cut))

    def _rows_of(self, category: Category, more: frozenset[Fact]) -> Sequence[_Row]:
        """The rows of *category* that decisions can tell apart, *more* facts being asked for; fewest facts first."""
        asked = self._asked(category) | more
        found = self._rows.get((category, asked))
        if found is None:
            found = self._rows[category, asked] = list(self._judged(category, asked))
        return found

    def _judged(self, category: Category, asked: frozenset[Fact]) -> Iterable[_Row]:
        # A public grade that its issuer did not publish bears a tier of its own.
        told = asked | {Fact.PUBLISHED} if category is Category.C11 else asked
        pairs = {(one.of(told), other.of(told)) for one, other in self._pairs}
        for pair in sorted(pairs, key=lambda pair: sum(len(side.facts) + len(side.leave) for side in pair)):
            loosest = loosest_tier(category, published=Fact.PUBLISHED in pair[0].facts)
            for own in dict.fromkeys(join((loosest, tier)) for tier in Tier):
                for keys in self._contexts:
                    yield self._row(category, pair, keys, own)

    def _row(self, category: Category, pair: Pair, keys: frozenset[str], own: Tier) -> _Row:
        decisions: list[Decision] = []
        tiers: list[Tier] = []
        for half, meeting in zip(self._halves, pair, strict=True):
            usual = half.tier(category)
            tiers.append(join((usual or Tier.R, own)))
            label = Label(category=category, tier=tiers[-1])
            decisions.append(UNCLASSIFIED if usual is None else half.decide(label, meeting.on(label), keys))
        return _Row(category, pair, keys, own, (decisions[0], decisions[1]), (tiers[0], tiers[1]))


def _told(policy: Policy, entry: Guarded) -> _Told | None:
    """What *policy* says of the field; None if it, or its own category, is not classified."""
    label = policy.fields.get(entry.coordinate)
    tiers = [entry.tier]
    if entry.category is not None:
        usual = policy.tiers.get(entry.category)
        if usual is None:
            return None
        tiers.append(usual)
    if label is None:
        return None
    return _Told(join((*tiers, label.tier)), entry.mask or label.mask, label.mask is not None)


def _note(cases: _Cases, categories: set[Category], row: _Row, decisions: Sequence[Decision]) -> None:
    """Keep the first row for which *decisions* differ in this way: the one with the fewest facts."""
    before, after = decisions
    if is_shown_alike(before, after):
        return
    key = (row.category, before.rule, type(before), after.rule, type(after))
    if key not in cases:
        cases[key] = Case(
            before=before,
            after=after,
            category=row.category,
            tier=row.own,
            facts=_facts(row.pair[0], categories),
            facts_after=_facts(row.pair[1], categories),
            context=tuple(sorted(row.keys)),
        )


def _facts(meeting: Meeting, categories: set[Category]) -> frozenset[Fact]:
    leave = {Fact.CONSENT} if meeting.consented & categories else set()
    if any(each.category in categories for each in meeting.leave):
        leave.add(Fact.GRANTED)
    return meeting.facts | leave
