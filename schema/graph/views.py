"""
What the executor sees of a dossier: views that decide before they show.

Every field without arguments is resolved by `resolve`, which asks the view. A record view looks its decision up in
the row class's cells; so the guard stands on every catalogued field by construction, and a field that is in
neither the catalogue nor the view's open names is refused, not served.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from schema.catalogue.model import Mask, Record
from schema.plan.decider import Decider
from schema.plan.guarded import SUBJECT_KIND, Guarded
from schema.policy.masks import apply_mask
from schema.policy.model import Clear, Decision, Denied, Masked
from schema.records import StoredRecord


class View(Protocol):
    """Anything the executor may hold."""

    type_name: str

    def show(self, name: str) -> object:
        """Return the value of the field whose Python name is *name*."""


def resolve(source: object, name: str) -> object:
    """
    Resolve a field without arguments: the schema's default resolver.

    Raises:
        LookupError: *source* is no view; nothing that is not a view is ever read from.
    """
    show = getattr(source, "show", None)
    if show is None:
        raise LookupError(f"{type(source).__name__} is no view")
    return show(name)


@dataclass(slots=True)
class Outcome:
    """
    What one operation served, masked and denied, collected while it is rendered.

    Attributes:
        served: Coordinates shown whole at least once.
        masked: Coordinate -> masks it was shown under.
        denied: Coordinate -> number of places left null, for statically denied coordinates only.
    """

    served: set[str] = field(default_factory=set)
    masked: dict[str, set[Mask]] = field(default_factory=dict)
    denied: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Guard:
    """Applies a decision to a value and writes the outcome down. One per operation."""

    decider: Decider
    outcome: Outcome

    def show(self, entry: Guarded, decision: Decision, value: Callable[[], object]) -> object:
        """Return *value* as *decision* lets it be shown; it is not even read when denied."""
        if isinstance(decision, Denied):
            if isinstance(self.decider.static(entry.coordinate), Denied):
                self.outcome.denied[entry.coordinate] += 1
            return None
        if isinstance(decision, Clear):
            self.outcome.served.add(entry.coordinate)
        else:
            self.outcome.masked.setdefault(entry.coordinate, set()).add(decision.mask)
        return shown(decision, value())


def shown(decision: Decision, value: object) -> object:
    """Show *value* as *decision* says: whole, under its mask, or not at all (None)."""
    match decision:
        case Clear():
            return list(value) if isinstance(value, tuple) else value
        case Masked(mask=mask):
            return _masked(mask, value)
        case Denied():
            return None


def _masked(mask: Mask, value: object) -> object:
    if value is None:
        return None
    if isinstance(value, tuple | list):
        return [apply_mask(mask, str(part)) for part in value]
    return apply_mask(mask, str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An open object: no field of it is guarded."""

    type_name: str
    values: Mapping[str, object]

    def show(self, name: str) -> object:
        """Return the open value *name*."""
        return self.values[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """
    A listed record of a subject.

    Attributes:
        stored: The record.
        name: What it is called on the wire: in its id, in cursors, and to break ties of an order.
        cells: Attribute name -> decision, of the row's class.
        open: Values shown because the row is: id, state, provenance, ...
        guard: The operation's guard.
    """

    stored: StoredRecord
    name: str
    cells: Mapping[str, Decision]
    open: Mapping[str, object]
    guard: Guard

    @property
    def type_name(self) -> str:
        """GraphQL type name."""
        return self.stored.kind

    def show(self, name: str) -> object:
        """Return the open value or the catalogued field *name* as decided."""
        decision = self.cells.get(name)
        if decision is None:
            return self.open[name]
        entry = self.guard.decider.table.kinds[self.stored.kind][name]
        body: Record = self.stored.body
        return self.guard.show(entry, decision, lambda: getattr(body, name))

    def readable(self, name: str) -> str | None:
        """Return the field *name* for filtering or sorting: only if it is shown whole on this row."""
        value = getattr(self.stored.body, name) if isinstance(self.cells[name], Clear) else None
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectView:
    """
    A subject whose existence the asker may know.

    Attributes:
        code: Its code.
        values: Guarded attribute -> value.
        cells: Guarded attribute -> decision.
        records: Listed records, main day descending.
        holdings: Counted and listed rows by kind and category.
        guard: The operation's guard.
    """

    code: str
    node_id: str
    values: Mapping[str, object]
    cells: Mapping[str, Decision]
    records: Sequence[RecordView]
    holdings: Sequence[Plain]
    guard: Guard
    type_name: str = SUBJECT_KIND

    def show(self, name: str) -> object:
        """Return the open value or the guarded field *name* as decided."""
        if name == "code":
            return self.code
        if name == "id":
            return self.node_id
        if name == "holdings":
            return self.holdings
        entry = self.guard.decider.table.kinds[SUBJECT_KIND][name]
        return self.guard.show(entry, self.cells[name], lambda: self.values[name])
