"""A policy taken apart: what it says of one category to one kind of asker under one purpose, and decides of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from schema.catalogue.model import Category, Mask
from schema.plan.guarded import Guarded, GuardTable
from schema.policy.decide import decide
from schema.policy.model import ActorKind, Cell, Decision, Denied, Fact, Label, Policy, Reader, Standing
from schema.policy.situations import Asker
from schema.tiers import Tier, join

ABSENT = Denied(rule="partner.absent", required_tier=Tier.R)
"""Decided for a partner on the side on which it is not served."""


@dataclass(frozen=True, slots=True)
class Slice:
    """
    All that a policy says of one category to one actor under one purpose.

    Attributes:
        tier: The category's; None: it is not classified.
        rule: What the purpose says; None: there is no such purpose.
        cells, readers: What speaks of the actor, each line with its column.
        facts: Every fact that is asked for.
        is_closed: No row of the category is shown, whatever is known of it.
    """

    tier: Tier | None
    rule: tuple[object, ...] | None
    cells: tuple[Cell, ...]
    readers: tuple[Reader, ...]
    facts: frozenset[Fact] = field(compare=False)
    is_closed: bool = field(compare=False)


class Slices:
    """A policy, taken apart by category."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._by_category: dict[Category, list[Cell]] = {}
        for cell in policy.cells:
            self._by_category.setdefault(cell.category, []).append(cell)

    def slice(self, actor: ActorKind, purpose: str, category: Category) -> Slice:
        """Cut out what concerns *actor* under *purpose*."""
        readers = self.policy.readers
        cells = [
            cell
            for cell in self._by_category.get(category, ())
            if actor in (reader := readers[cell.reader]).actors and (not reader.purposes or purpose in reader.purposes)
        ]
        columns = [readers[cell.reader] for cell in cells]
        rule = self.policy.purposes.get(purpose)
        needs = rule.needs.get(category, frozenset()) | rule.needs_always if rule else frozenset()
        facts = needs.union(*(cell.needs for cell in cells), *(reader.needs for reader in columns))
        about = None if rule is None else (rule.requires, category in rule.categories, needs, rule.max_tier)
        tier = self.policy.tiers.get(category)
        is_open = tier is not None and rule is not None and category in rule.categories
        is_closed = not is_open or all(not cell.permit for cell in cells)
        return Slice(tier, about, tuple(cells), tuple(columns), facts, is_closed)


class Half:
    """Decisions of one version for one kind of asker and purpose, each made once."""

    def __init__(self, slices: Slices, asker: Asker | None, purpose: str) -> None:
        self.policy = slices.policy
        self._asker = asker
        self._purpose = purpose
        self._slices = slices
        self._cut: dict[Category, Slice] = {}
        self._reduced: dict[Category, Policy] = {}
        self._standings: dict[frozenset[str], Standing] = {}
        self._known: dict[tuple[Label, frozenset[Fact], frozenset[str]], Decision] = {}

    def is_complete(self, keys: frozenset[str]) -> bool:
        """Whether a question that states *keys* says all that the purpose requires."""
        rule = self.policy.purposes.get(self._purpose)
        return rule is not None and keys.issuperset(rule.requires)

    def is_closed(self, category: Category) -> bool:
        """Whether no row of *category* is shown, whatever is known of it."""
        cut = self.slice(category)
        return cut is None or cut.is_closed

    def slice(self, category: Category) -> Slice | None:
        """Cut out what concerns the asker; None where there is no asker."""
        if self._asker is None:
            return None
        found = self._cut.get(category)
        if found is None:
            found = self._cut[category] = self._slices.slice(self._asker.actor, self._purpose, category)
        return found

    def tier(self, category: Category) -> Tier | None:
        """The category's tier; None if it is not classified."""
        return self.policy.tiers.get(category)

    def decide(self, label: Label, facts: frozenset[Fact], keys: frozenset[str]) -> Decision:
        """Decide as `schema.policy.decide.decide`, which looks at no cell but those of the slice."""
        cut = self.slice(label.category)
        if cut is None or self._asker is None:
            return ABSENT
        asked = (label, facts, keys)
        found = self._known.get(asked)
        if found is None:
            policy = self._reduced.get(label.category)
            if policy is None:
                policy = self._reduced[label.category] = replace(self.policy, cells=cut.cells)
            standing = self._standings.get(keys)
            if standing is None:
                standing = self._standings[keys] = self._asker.asking(self.policy, self._purpose, keys)
            found = self._known[asked] = decide(policy, standing, label, facts)
        return found


@dataclass(frozen=True, slots=True)
class Told:
    """What a version says of a coordinate's label, besides its row: tier, mask, and whether policy lays it on."""

    tier: Tier
    mask: Mask | None
    masked: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """
    Coordinates of one kind of which both versions say the same: one stands for all.

    Attributes:
        category: Their own category; None: the row's.
        told: What each version says of them; None: they are not classified.
        names: The coordinates.
    """

    category: Category | None
    told: tuple[Told | None, Told | None]
    names: tuple[str, ...]


def board(table: GuardTable, before: Policy, after: Policy) -> Mapping[str, Sequence[Alike]]:
    """Sort the coordinates of *table* by kind, and by what the two versions say of them."""
    left_out: dict[str, list[tuple[int, str]]] = {}
    for side, policy in enumerate((before, after)):
        for cell in policy.cells:
            for name in cell.except_fields:
                left_out.setdefault(name, []).append((side, cell.id))
    found: dict[str, list[Alike]] = {}
    for kind, entries in table.kinds.items():
        names: dict[tuple[object, ...], list[str]] = {}
        for entry in entries.values():
            told = (told_of(before, entry), told_of(after, entry))
            key = (entry.category, told, tuple(left_out.get(entry.coordinate, ())))
            names.setdefault(key, []).append(entry.coordinate)
        found[kind] = [Alike(category, told, tuple(same)) for (category, told, _), same in names.items()]  # type: ignore[arg-type]
    return found


def told_of(policy: Policy, entry: Guarded) -> Told | None:
    """Tell what *policy* says of a field; None if it, or its own category, is not classified."""
    label = policy.fields.get(entry.coordinate)
    tiers = [entry.tier]
    if entry.category is not None:
        usual = policy.tiers.get(entry.category)
        if usual is None:
            return None
        tiers.append(usual)
    if label is None:
        return None
    return Told(join((*tiers, label.tier)), entry.mask or label.mask, label.mask is not None)
