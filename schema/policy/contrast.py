"""
Two versions of the policy beside each other, under one purpose: for which rows do they show one asker another thing.

The working part of `schema.policy.simulate`, which says what the result means.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from schema.catalogue.model import Category
from schema.plan.decider import is_listed
from schema.plan.guarded import GuardTable
from schema.policy.decide import CONTEXT_FACTS, PUBLIC_LOOKUP
from schema.policy.model import Decision, Denied, Fact, Label, Masked, PurposeRule
from schema.policy.situations import Asker, Meeting, Pair, contexts, meetings
from schema.policy.slices import Alike, Half, Slices, Told
from schema.publicity.placement import loosest_tier
from schema.tiers import Tier, join

CONSENT_KEY = "consent"
"""Where a purpose requires it, a question names one consent, which alone counts (`hub.access.standing`)."""
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
        away, away_after: Officers laid a compartment on the row that the partner's regions do not hold.
    """

    before: Decision
    after: Decision
    category: Category
    tier: Tier
    facts: frozenset[Fact]
    facts_after: frozenset[Fact]
    context: tuple[str, ...]
    away: bool = False
    away_after: bool = False


def is_shown_alike(before: Decision, after: Decision) -> bool:
    """Whether the asker is shown the same: whole, through one mask, or nothing, by whichever rule."""
    if isinstance(before, Masked) and isinstance(after, Masked):
        return before.mask is after.mask
    return type(before) is type(after)


class Comparison:
    """Compares two versions under one purpose, asker by asker; askers that decisions cannot tell apart only once."""

    def __init__(
        self, table: GuardTable, kinds: Mapping[str, Sequence[Alike]], sides: tuple[Slices, Slices], purpose: str
    ) -> None:
        self._table = table
        self._kinds = kinds
        self._sides = sides
        self._purpose = purpose
        self._works: dict[object, _Work] = {}
        self._contexts = contexts(sides[0].policy, sides[1].policy, purpose)
        rules = [side.policy.purposes.get(purpose) for side in sides]
        self._named = (_names_consent(rules[0]), _names_consent(rules[1]))

    def of(self, before: Asker | None, after: Asker | None) -> Mapping[str, tuple[Case, ...]]:
        """List coordinate -> cases for a partner that is *before* and then *after*; equal work gives one object."""
        one, other = before or after, after or before
        keys = (self._key(before), self._key(after))
        if one is None or other is None or not any(keys):
            return _NOTHING
        work = self._works.get(keys)
        if work is None:
            halves = tuple(
                Half(side, asker, self._purpose) for side, asker in zip(self._sides, (before, after), strict=True)
            )
            work = _Work(self._table, self._kinds, (halves[0], halves[1]), self._contexts, is_one=keys[0] == keys[1])
            self._works[keys] = work
        return work.changes(meetings(one, other, self._purpose, named=self._named))

    def _key(self, asker: Asker | None) -> tuple[object, ...] | bool | None:
        """What tells askers apart; nothing for who is not there, or may not name the purpose: it is shown nothing."""
        if asker is None:
            return None
        return (self._purpose == PUBLIC_LOOKUP or self._purpose in asker.purposes) and (asker.actor, asker.ceiling)


def _names_consent(rule: PurposeRule | None) -> bool:
    return rule is not None and CONSENT_KEY in rule.requires


_NOTHING: Mapping[str, tuple[Case, ...]] = {}
_Cases = dict[tuple[object, ...], Case]


class _Work:
    """The comparison of two halves, towards whatever rows; what was compared once is kept."""

    def __init__(
        self,
        table: GuardTable,
        kinds: Mapping[str, Sequence[Alike]],
        halves: tuple[Half, Half],
        stated: Sequence[frozenset[str]],
        *,
        is_one: bool,
    ) -> None:
        self._table = table
        self._kinds = kinds
        self._halves = halves
        self._is_one = is_one
        # Without what both require, both refuse.
        self._stated = [keys for keys in stated if any(half.is_complete(keys) for half in halves)]
        self._touched: dict[Category, bool] = {}
        self._rows: dict[object, list[_Row]] = {}
        self._cases: dict[object, _Cases] = {}
        self._known: dict[frozenset[Pair], Mapping[str, tuple[Case, ...]]] = {}

    def changes(self, pairs: frozenset[Pair]) -> Mapping[str, tuple[Case, ...]]:
        """List coordinate, or kind for its rows, -> cases, towards the rows that *pairs* stand for."""
        found = self._known.get(pairs)
        if found is None:
            changed = self._changes(_Towards(pairs))
            found = self._known[pairs] = {name: cases for name, cases in changed if cases} or _NOTHING
        return found

    def _changes(self, towards: "_Towards") -> Iterator[tuple[str, tuple[Case, ...]]]:
        for kind, groups in self._kinds.items():
            categories = [each for each in self._table.categories[kind] if not self._is_closed(each)]
            rows: _Cases = {}
            for category in categories:
                rows |= self._of_rows(category, towards)
            yield kind, tuple(rows.values())
            for alike in groups:
                for names in towards.told_apart(alike.names):
                    cases: _Cases = {}
                    for category in categories:
                        cases |= self._of_field(category, alike, names[0], towards)
                    if cases:
                        told = tuple(cases.values())
                        yield from ((name, told) for name in names)

    def _is_closed(self, category: Category) -> bool:
        return all(half.is_closed(category) for half in self._halves)

    def _is_touched(self, category: Category) -> bool:
        found = self._touched.get(category)
        if found is None:
            one, other = (half.slice(category) for half in self._halves)
            found = self._touched[category] = one != other
        return found

    def _of_rows(self, category: Category, towards: "_Towards") -> _Cases:
        if self._is_one and towards.is_same and not self._is_touched(category):
            return {}
        asked = self._asked(category)
        pairs = towards.asking(asked)
        found = self._cases.get((category, pairs))
        if found is None:
            found = self._cases[category, pairs] = {}
            for row in self._rows_of(category, asked, pairs):
                _note(found, {category}, row, row.decisions)
        return found

    def _of_field(self, category: Category, alike: Alike, name: str, towards: "_Towards") -> _Cases:
        about = alike.category or category
        is_touched = alike.told[0] != alike.told[1] or self._is_touched(category) or self._is_touched(about)
        if self._is_one and towards.is_same and not is_touched:
            return {}
        asked = self._asked(category) | self._asked(about)
        pairs = towards.asking(asked)
        found = self._cases.get((category, name, pairs))
        if found is None:
            found = self._cases[category, name, pairs] = {}
            for row in self._rows_of(category, asked, pairs):
                if row.is_listed:
                    decisions = [self._field(side, row, alike.told[side], about, name) for side in (0, 1)]
                    _note(found, {category, about}, row, decisions)
        return found

    def _field(self, side: int, row: "_Row", told: Told | None, about: Category, name: str) -> Decision:
        existence = row.decisions[side]
        if isinstance(existence, Denied):
            return existence
        if not is_listed(existence):
            return Denied(rule=existence.rule, required_tier=row.tiers[side])
        if told is None:
            return UNCLASSIFIED
        tier = join((row.tiers[side], told.tier))
        label = Label(category=about, tier=tier, coordinate=name, mask=told.mask, masked=told.masked)
        return self._halves[side].decide(label, row.pair[side].on(label), row.keys)

    def _asked(self, category: Category) -> frozenset[Fact]:
        cuts = [half.slice(category) for half in self._halves]
        # A public grade that its issuer did not publish bears a tier of its own.
        usual = frozenset({Fact.PUBLISHED} if category is Category.C11 else ())
        return usual.union(*(cut.facts for cut in cuts if cut))

    def _rows_of(self, category: Category, asked: frozenset[Fact], pairs: frozenset[Pair]) -> Sequence["_Row"]:
        """The rows of *category* that decisions can tell apart by the facts *asked* for; fewest facts first."""
        key = (category, asked, pairs)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = list(self._judged(category, asked, pairs))
        return found

    def _judged(self, category: Category, asked: frozenset[Fact], pairs: frozenset[Pair]) -> Iterator["_Row"]:
        usual = tuple(half.policy.tiers.get(category) for half in self._halves)
        stated = self._said(asked)
        for pair in sorted(pairs, key=_weight):
            loosest = loosest_tier(category, published=Fact.PUBLISHED in pair[0].facts)
            known: set[tuple[Tier, ...]] = set()
            for own in (join((loosest, tier)) for tier in Tier):
                tiers = tuple(
                    join((tier or Tier.R, own, Tier.R if meeting.is_away else Tier.P))
                    for tier, meeting in zip(usual, pair, strict=True)
                )
                if tiers in known:
                    continue
                known.add(tiers)
                for keys in stated:
                    decisions = [
                        UNCLASSIFIED
                        if usual[side] is None
                        else self._row(side, category, tiers[side], pair[side], keys)
                        for side in (0, 1)
                    ]
                    yield _Row(category, pair, keys, own, (decisions[0], decisions[1]), (tiers[0], tiers[1]))

    def _row(self, side: int, category: Category, tier: Tier, meeting: Meeting, keys: frozenset[str]) -> Decision:
        label = Label(category=category, tier=tier)
        return self._halves[side].decide(label, meeting.on(label), keys)

    def _said(self, asked: frozenset[Fact]) -> Sequence[frozenset[str]]:
        """The contexts that can be told apart where only the facts *asked* for count; the fewest keys first."""
        found: dict[object, frozenset[str]] = {}
        for keys in self._stated:
            complete = tuple(half.is_complete(keys) for half in self._halves)
            said = frozenset(fact for fact, key in CONTEXT_FACTS.items() if key in keys) & asked
            found.setdefault((complete, said), keys)
        return tuple(found.values())


class _Towards:
    """The rows that a partner can meet."""

    def __init__(self, pairs: frozenset[Pair]) -> None:
        self._pairs = pairs
        # The same facts hold before and after: for one asker nothing differs then that no changed rule touches.
        self.is_same = all(one == other for one, other in pairs)
        self._named = frozenset(
            name for pair in pairs for side in pair for leave in side.leave for name in leave.coordinates
        )
        self._asking: dict[frozenset[Fact], frozenset[Pair]] = {}

    def asking(self, asked: frozenset[Fact]) -> frozenset[Pair]:
        """The rows as far as the facts *asked* for tell them apart."""
        found = self._asking.get(asked)
        if found is None:
            found = self._asking[asked] = frozenset((one.of(asked), other.of(asked)) for one, other in self._pairs)
        return found

    def told_apart(self, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Take those of *names* one by one that some grant names, and the others together."""
        others = tuple(name for name in names if name not in self._named)
        if others:
            yield others
        yield from ((name,) for name in names if name in self._named)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row under both versions: what it is, what is decided on its existence, and its tier there."""

    category: Category
    pair: Pair
    keys: frozenset[str]
    own: Tier
    decisions: tuple[Decision, Decision]
    tiers: tuple[Tier, Tier]

    @property
    def is_listed(self) -> bool:
        """Whether it stands in lists, before or after: else no field of it is shown."""
        return any(map(is_listed, self.decisions))


def _weight(pair: Pair) -> tuple[int, int]:
    held = sum(len(side.facts) + len(side.consented) + len(side.leave) for side in pair)
    return (sum(side.is_away for side in pair), held)


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
            away=row.pair[0].is_away,
            away_after=row.pair[1].is_away,
        )


def _facts(meeting: Meeting, categories: set[Category]) -> frozenset[Fact]:
    leave = {Fact.CONSENT} if meeting.consented & categories else set()
    if any(each.category in categories for each in meeting.leave):
        leave.add(Fact.GRANTED)
    return meeting.facts | leave
