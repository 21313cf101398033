"""
What the executor sees of a dossier: views that decide before they show.

Every field without arguments is resolved by `resolve`, which asks the view. A record view looks its decision up in
the row class's cells; so the guard stands on every catalogued field by construction, and a field that is in
neither the catalogue nor the view's open names is refused, not served.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from schema.catalogue.model import Mask, Record
from schema.graph.scalars import Freshness
from schema.plan.decider import Decider
from schema.plan.guarded import SUBJECT_KIND, Guarded
from schema.plan.judged import Holding, JudgedRecord, JudgedSubject, Span, Step
from schema.policy.masks import apply_mask
from schema.policy.model import Clear, Decision, Denied, Masked


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
    """
    Applies a decision to a value and writes the outcome down. One per operation.

    Attributes:
        decider: Decisions of the standing.
        outcome: What was shown so far.
        freshness: Source -> how current it is; STALE if it is not known.
        moments: (live source, subject) -> when it gave this answer by its own time, and when it was received.
    """

    decider: Decider
    outcome: Outcome
    freshness: Mapping[str, str]
    moments: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

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
    """A listed record under an operation's guard."""

    row: JudgedRecord
    guard: Guard

    @property
    def type_name(self) -> str:
        """GraphQL type name."""
        return self.row.stored.kind

    def show(self, name: str) -> object:
        """Return the open value or the catalogued field *name* as decided."""
        row = self.row
        decision = row.cells.get(name)
        if decision is None:
            return _provenance(row, self.guard) if name == "provenance" else row.open[name]
        entry = self.guard.decider.table.kinds[row.stored.kind][name]
        body: Record = row.stored.body
        return self.guard.show(entry, decision, lambda: getattr(body, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectView:
    """A subject under an operation's guard."""

    seen: JudgedSubject
    guard: Guard
    type_name: str = SUBJECT_KIND

    def show(self, name: str) -> object:
        """Return the open value or the guarded field *name* as decided."""
        seen = self.seen
        match name:
            case "code":
                return seen.code
            case "id":
                return seen.node_id
            case "holdings":
                return [_holding(each) for each in seen.holdings]
        entry = self.guard.decider.table.kinds[SUBJECT_KIND][name]
        return self.guard.show(entry, seen.cells[name], lambda: self._value(name))

    def view(self, row: JudgedRecord) -> RecordView:
        """Put *row* under the guard."""
        return RecordView(row=row, guard=self.guard)

    def _value(self, name: str) -> object:
        value = self.seen.values[name]
        if isinstance(value, JudgedRecord):
            return self.view(value)
        return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _plain(value: object) -> object:
    match value:
        case Span():
            return Plain(
                type_name="SubjectNameSpan",
                values={
                    "name": value.name,
                    "valid_from": value.valid_from,
                    "valid_to": value.valid_to,
                    "source": value.source,
                },
            )
        case Step():
            return Plain(
                type_name="SubjectTimelineEvent",
                values={"event": value.event, "day": value.day, "source": value.source},
            )
    raise LookupError(f"{type(value).__name__} is nothing a subject shows")


def _holding(held: Holding) -> Plain:
    return Plain(
        type_name="Holding",
        values={"kind": held.kind, "category": held.category, "exists": True, "count": held.count},
    )


def as_of(row: JudgedRecord, guard: Guard) -> str:
    """Tell the source's own time of the content of *row*."""
    origin = row.stored.provenance
    return guard.moments[origin.source, row.stored.subject][0] if row.undated else origin.as_of


def received_at(row: JudgedRecord, guard: Guard) -> str:
    """Tell when *row* was taken in; a live one just now."""
    origin = row.stored.provenance
    moment = guard.moments.get((origin.source, row.stored.subject)) if origin.batch is None else None
    return moment[1] if moment else origin.received_at


def _provenance(row: JudgedRecord, guard: Guard) -> Plain:
    record, origin = row.stored, row.stored.provenance
    return Plain(
        type_name="Provenance",
        values={
            "source": origin.source,
            "batch": origin.batch,
            "version": origin.version,
            "as_of": as_of(row, guard),
            "received_at": received_at(row, guard),
            "catalogue_version": origin.catalogue_version,
            "freshness": Freshness(guard.freshness.get(origin.source, Freshness.STALE)),
            "link_method": record.link_method,
            "link_confidence": record.link_confidence,
        },
    )
