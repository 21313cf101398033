"""
One standing's decisions, each made once: per coordinate for the plan, per row class for the rows.

A *row class* is all that a decision on a row can depend on. A dossier has many rows and few classes, so access costs
a dictionary look-up per row and nothing per value.

Rules:
    - A coordinate is denied statically when no row, with every fact this standing could ever have, would show it.
    - A row whose existence is denied, or only counted, is not listed; nothing of it reaches the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from schema.catalogue.model import Category, Mask
from schema.plan.guarded import Guarded, GuardTable
from schema.policy.decide import decide, possible_facts, within
from schema.policy.model import Clear, Decision, Denied, Fact, Grant, Label, Masked, Policy, Standing
from schema.tiers import Tier, join

Deny = Literal["deny"]
DENY: Final = "deny"
"""A field that is not shown."""
COUNTED = frozenset({Mask.M6, Mask.M7})
"""Masks under which a row is counted or its existence told, and never listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowClass:
    """
    All that deciding on a row depends on.

    Attributes:
        kind: Kind of the row.
        category: Its category on the day of the question.
        tier: Join of the category's tier, the state's and the record's own disclosure attribute.
        facts: Facts that hold whatever the category.
        consented: Categories that a consent of the subject covers.
        granted: Grants that apply to the row.
    """

    kind: str
    category: Category
    tier: Tier
    facts: frozenset[Fact]
    consented: frozenset[Category] = frozenset()
    granted: tuple[Grant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """
    How the fields of a row are shown.

    Attributes:
        kind: Kind of the row.
        decisions: Field by field in the guard table's order: None whole, a mask, or DENY.
    """

    kind: str
    decisions: tuple[Mask | Deny | None, ...]


class Decider:
    """
    Decisions of one policy for one standing, memoised.

    Shared by all questions of the standing, from any thread: what it remembers is a function of what it was asked.
    """

    def __init__(self, policy: Policy, standing: Standing, table: GuardTable) -> None:
        self.policy = policy
        self.standing = standing
        self.table = table
        self._possible = possible_facts(policy, standing)
        self._rows: dict[RowClass, Decision] = {}
        self._cells: dict[RowClass, Mapping[str, Decision]] = {}
        self._manners: dict[RowClass, int] = {}
        self._numbers: dict[Manner, int] = {}
        self.manners: list[Manner] = []
        self._static: dict[str, Decision] = {}
        self._countable: dict[str, bool] = {}
        self._lock = Lock()

    def row(self, row_class: RowClass) -> Decision:
        """Decide on the existence of a row of *row_class*."""
        found = self._rows.get(row_class)
        if found is None:
            found = self._rows[row_class] = self._decide_row(row_class)
        return found

    def cells(self, row_class: RowClass) -> Mapping[str, Decision]:
        """Decide on every field of a row of *row_class*: attribute name -> decision."""
        found = self._cells.get(row_class)
        if found is None:
            entries = self.table.kinds[row_class.kind]
            found = self._cells[row_class] = {
                name: self._decide_cell(entry, row_class) for name, entry in entries.items()
            }
        return found

    def manner(self, row_class: RowClass) -> int:
        """
        Number the way the fields of a row of *row_class* are shown; `manners` has it at that place.

        Classes whose rows are shown alike have one number: there are as many as ways of showing, not as classes.
        """
        found = self._manners.get(row_class)
        if found is None:
            shown = Manner(kind=row_class.kind, decisions=tuple(map(_how, self.cells(row_class).values())))
            with self._lock:
                if shown not in self._numbers:
                    self.manners.append(shown)
                    self._numbers[shown] = len(self.manners) - 1
            found = self._manners[row_class] = self._numbers[shown]
        return found

    def possible_manners(self, kind: str) -> tuple[int, ...]:
        """Number the ways in which a listed row of *kind* could be shown, as far as the standing alone tells."""
        rows = (row for row in self._possible_rows(kind) if is_listed(self.row(row)))
        return tuple(dict.fromkeys(self.manner(row) for row in rows))

    def static(self, coordinate: str) -> Decision:
        """
        Decide on *coordinate* from the standing alone.

        Returns:
            The most open decision that any row could get: Denied if no row would show it, Masked if none would show
            it whole, else Clear.

        Raises:
            KeyError: *coordinate* is not guarded.
        """
        found = self._static.get(coordinate)
        if found is None:
            found = self._static[coordinate] = self._decide_static(self.table.by_coordinate[coordinate])
        return found

    def is_countable(self, kind: str) -> bool:
        """Whether some row of *kind* could be listed or counted for this standing."""
        found = self._countable.get(kind)
        if found is None:
            found = any(not isinstance(self.row(row), Denied) for row in self._possible_rows(kind))
            self._countable[kind] = found
        return found

    def is_listable(self, kind: str) -> bool:
        """Whether some row of *kind* could be listed for this standing."""
        return any(is_listed(self.row(row)) for row in self._possible_rows(kind))

    def _possible_rows(self, kind: str) -> tuple[RowClass, ...]:
        everything = frozenset(Category)
        return tuple(
            RowClass(
                kind=kind,
                category=category,
                tier=self.policy.tiers[category],
                facts=self._possible - {Fact.CONSENT, Fact.GRANTED},
                consented=everything if Fact.CONSENT in self._possible else frozenset(),
                granted=self.standing.grants if Fact.GRANTED in self._possible else (),
            )
            for category in self.table.categories[kind]
            if category in self.policy.tiers
        )

    def _static_cells(self, entry: Guarded) -> list[Decision]:
        decisions: list[Decision] = []
        for row in self._possible_rows(entry.kind):
            existence = self.row(row)
            if isinstance(existence, Denied):
                decisions.append(existence)
            elif not is_listed(existence):
                decisions.append(Denied(rule=existence.rule, required_tier=row.tier))
            else:
                decisions.append(self._decide_cell(entry, row))
        return decisions

    def _decide_static(self, entry: Guarded) -> Decision:
        decisions = self._static_cells(entry)
        for wanted in (Clear, Masked, Denied):
            for decision in decisions:
                if isinstance(decision, wanted):
                    return decision
        return Denied(rule="catalogue.unclassified", required_tier=Tier.R)

    def _decide_row(self, row: RowClass) -> Decision:
        label = Label(category=row.category, tier=row.tier)
        return decide(self.policy, self.standing, label, facts_on(row, label))

    def _decide_cell(self, entry: Guarded, row: RowClass) -> Decision:
        category = entry.category or row.category
        told = self.policy.fields.get(entry.coordinate)
        if told is None:
            return Denied(rule="catalogue.unclassified", required_tier=Tier.R)
        tiers = [row.tier, entry.tier, told.tier]
        if entry.category is not None:
            if entry.category not in self.policy.tiers:
                return Denied(rule="catalogue.unclassified", required_tier=Tier.R)
            tiers.append(self.policy.tiers[entry.category])
        label = Label(
            category=category,
            tier=join(tiers),
            coordinate=entry.coordinate,
            mask=entry.mask or told.mask,
            masked=told.mask is not None,
        )
        return decide(self.policy, self.standing, label, facts_on(row, label))


def _how(decision: Decision) -> Mask | Deny | None:
    if isinstance(decision, Clear):
        return None
    return decision.mask if isinstance(decision, Masked) else DENY


def is_listed(existence: Decision) -> bool:
    """Whether a row with this decision on its existence stands in lists (and not only in counts)."""
    return isinstance(existence, Clear) or (isinstance(existence, Masked) and existence.mask not in COUNTED)


def facts_on(row: RowClass, label: Label) -> frozenset[Fact]:
    """Collect the facts that hold on *row* for *label*, which stands on it or on one of its fields."""
    extra = {Fact.CONSENT} if label.category in row.consented else set()
    if any(_opens(grant, label) for grant in row.granted):
        extra.add(Fact.GRANTED)
    return row.facts | extra


def _opens(grant: Grant, label: Label) -> bool:
    return (
        grant.category is label.category
        and (label.coordinate is None or not grant.coordinates or label.coordinate in grant.coordinates)
        and within(label.tier, grant.tier)
    )
