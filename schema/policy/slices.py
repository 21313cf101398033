"""A policy taken apart: what it says of one category to one kind of asker under one purpose, and decides of it."""

from dataclasses import dataclass, field, replace

from schema.catalogue.model import Category
from schema.policy.decide import CONTEXT_FACTS, decide
from schema.policy.model import ActorKind, Cell, Decision, Denied, Fact, Label, Policy, Reader, Standing
from schema.policy.situations import Asker
from schema.tiers import Tier

ABSENT = Denied(rule="partner.absent", required_tier=Tier.R)
"""Decided for a partner on the side on which it is not served."""


@dataclass(frozen=True, slots=True)
class Slice:
    """All that a policy says of one category to one actor under one purpose; `facts` are those it asks for of a row."""

    tier: Tier | None
    rule: tuple[object, ...] | None
    cells: tuple[Cell, ...]
    readers: tuple[Reader, ...]
    facts: frozenset[Fact] = field(compare=False)


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
        return Slice(tier, about, tuple(cells), tuple(columns), facts - CONTEXT_FACTS.keys())


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
        found = self._known.get((label, facts, keys))
        if found is None:
            policy = self._reduced.get(label.category)
            if policy is None:
                policy = self._reduced[label.category] = replace(self.policy, cells=cut.cells)
            standing = self._standings.get(keys)
            if standing is None:
                standing = self._standings[keys] = self._asker.asking(self.policy, self._purpose, keys)
            found = self._known[label, facts, keys] = decide(policy, standing, label, facts)
        return found
