"""
Rows that one standing may list, with what follows from judging them: what both executors walk.

Immutable, and the same for every question of the standing on one day: so they are kept beside the dossier they were
made from, and judged once however often they are asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from schema.policy.model import Clear, Decision
from schema.records import StoredRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedRecord:
    """
    A record that may be listed.

    Attributes:
        stored: The record.
        name: What it is called on the wire: in its id, in cursors, and to break ties of an order.
        cells: Attribute name -> decision, of the row's class.
        manner: Number of the way its fields are shown, see `Decider.manner`; UNPROVED if a value has not its type.
        undated: It came from a live source without a time of its own: the answer's time is its own.
        open: Python name of an open field -> value: shown because the row is.
        state_name, severity_name, basis_name: Names of the enumeration values among them.
    """

    stored: StoredRecord
    name: str
    cells: Mapping[str, Decision]
    manner: int
    undated: bool
    open: Mapping[str, object]
    state_name: str
    severity_name: str | None
    basis_name: str | None

    def readable(self, name: str) -> str | None:
        """Return the field *name* for filtering or sorting: only if it is shown whole on this row."""
        value = getattr(self.stored.body, name) if isinstance(self.cells[name], Clear) else None
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holding:
    """Rows on file in one category; `count` is None where only yes or no may be told."""

    kind: str
    category: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Span:
    """A former name with its days, as `source` told it."""

    name: str
    valid_from: str | None
    valid_to: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A step of a subject's timeline, as `source` told it."""

    event: str
    day: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedSubject:
    """
    A subject whose existence may be known.

    Attributes:
        code: Its code.
        node_id: Its global identifier.
        values: Guarded attribute -> value; `registration` is a `JudgedRecord`, `former_names` `Span`s, `timeline`
            `Step`s.
        cells: Guarded attribute -> decision.
        manner: As of a record.
        records: Records that may be listed, by kind and key.
        holdings: Counted and listed rows by kind and category.
        is_sealed: Some of its records have fields that are sealed and not opened yet.
        orders: Memory of the lists made of `records`, by their arguments; kept by `schema.graph.connection`.
        packed: Memory of what the log is told of its records, by kinds; kept by who attests.
    """

    code: str
    node_id: str
    values: Mapping[str, object]
    cells: Mapping[str, Decision]
    manner: int
    records: Sequence[JudgedRecord]
    holdings: Sequence[Holding]
    is_sealed: bool = False
    orders: dict[str, Sequence[JudgedRecord]] = field(default_factory=dict)
    packed: dict[frozenset[str], bytes] = field(default_factory=dict)


UNPROVED = -1
"""Manner of a row with a value that has not the type its field declares: only the reference executor shows it."""
