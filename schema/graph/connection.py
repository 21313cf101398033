"""
Filtering, sorting and paging of a subject's listed records. Pure: it sees only what the asker may list.

Rules:
    - A filter or sort reads a field as the asker may: a field that is masked or denied on a row does not match and
      sorts last (a coordinate that no row would show whole has refused the operation before).
    - The order is total: ties are broken by kind and name, so a page never repeats or skips.
    - A cursor names a record, never a value; it is sealed and bound to the subject and the arguments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from schema.catalogue.model import FieldSpec, FieldType
from schema.graph.views import Plain, RecordView

MAX_PAGE = 200
"""Most records a page may ask for."""
NUMBERS = frozenset({FieldType.AMOUNT, FieldType.DECIMAL})
"""Types compared as numbers; the others are compared as text."""
NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
"""A bound that numbers are compared with."""


class CursorError(ValueError):
    """A cursor that was not made by this hub, for this list."""


class Cursors(Protocol):
    """Seals positions: deterministic, unreadable, bound to a scope."""

    def seal(self, scope: str, position: str) -> str:
        """Make a cursor for *position* within *scope*."""

    def open(self, scope: str, cursor: str) -> str:
        """Return the position in *cursor*. Raises `CursorError` if it was not made here for *scope*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMatch:
    """A condition on one field; each part that is not None must hold, ends inclusive."""

    spec: FieldSpec
    equals: str | None
    at_least: str | None
    at_most: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """
    The arguments of `records`.

    Attributes:
        kinds: Kinds to list; None: all.
        day_from, day_to: Bounds of the main day, ISO, inclusive.
        severities: Severity values; None: any.
        states: State values; None: any.
        matches: Field conditions, all must hold; they restrict the list to their kinds.
        order: Field to sort by, None: the main day.
        descending: Direction.
    """

    kinds: frozenset[str] | None
    day_from: str | None
    day_to: str | None
    severities: frozenset[str] | None
    states: frozenset[str] | None
    matches: tuple[FieldMatch, ...]
    order: FieldSpec | None
    descending: bool

    @property
    def scope(self) -> str:
        """Text that differs whenever the list could differ: what a cursor is bound to."""
        matches = [(match.spec.coordinate, match.equals, match.at_least, match.at_most) for match in self.matches]
        parts = (
            sorted(self.kinds) if self.kinds is not None else None,
            self.day_from,
            self.day_to,
            sorted(self.severities) if self.severities is not None else None,
            sorted(self.states) if self.states is not None else None,
            matches,
            self.order.coordinate if self.order else None,
            self.descending,
        )
        return repr(parts)


def select(records: Sequence[RecordView], selection: Selection) -> list[RecordView]:
    """Filter and sort *records*; rows without the sort value come last, whatever the direction."""
    kept = [record for record in records if _matches(record, selection)]
    kept.sort(key=lambda record: (record.stored.kind, record.name))
    with_value = [record for record in kept if _sort_value(record, selection.order) is not None]
    without = [record for record in kept if _sort_value(record, selection.order) is None]
    with_value.sort(key=lambda record: _comparable(record, selection.order), reverse=selection.descending)
    return with_value + without


def page(
    records: Sequence[RecordView],
    *,
    first: int,
    after: str | None,
    scope: str,
    cursors: Cursors,
) -> Plain:
    """
    Cut one Relay page out of the ordered *records*.

    Raises:
        CursorError: *after* was not made here for *scope*.
    """
    start = 0 if after is None else _start(records, cursors.open(scope, after))
    chosen = records[start : start + first]
    edges = [
        Plain(
            type_name="CreditRecordEdge",
            values={
                "cursor": cursors.seal(scope, f"{record.stored.kind}:{record.name}:{start + offset}"),
                "node": record,
            },
        )
        for offset, record in enumerate(chosen)
    ]
    return Plain(
        type_name="CreditRecordConnection",
        values={
            "edges": edges,
            "nodes": list(chosen),
            "total_count": len(records),
            "page_info": page_info([str(edge.values["cursor"]) for edge in edges], start, start + first < len(records)),
        },
    )


def page_info(cursors: Sequence[str], start: int, has_next: bool) -> Plain:
    """Make Relay's PageInfo of a page that begins at position *start*."""
    return Plain(
        type_name="PageInfo",
        values={
            "has_next_page": has_next,
            "has_previous_page": start > 0,
            "start_cursor": cursors[0] if cursors else None,
            "end_cursor": cursors[-1] if cursors else None,
        },
    )


def _start(records: Sequence[RecordView], position: str) -> int:
    kind, name, index = position.split(":")
    for offset, record in enumerate(records):
        if record.stored.kind == kind and record.name == name:
            return offset + 1
    # The record has left the list since: go on where it stood.
    return min(int(index), len(records))


def _matches(record: RecordView, selection: Selection) -> bool:
    stored = record.stored
    if selection.kinds is not None and stored.kind not in selection.kinds:
        return False
    if not _within(_day(record), selection.day_from, selection.day_to):
        return False
    if selection.severities is not None and (stored.severity is None or stored.severity not in selection.severities):
        return False
    if selection.states is not None and str(record.open["publicity_state"]) not in selection.states:
        return False
    return all(_match(record, match) for match in selection.matches)


def _within(value: str | None, low: str | None, high: str | None) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _match(record: RecordView, match: FieldMatch) -> bool:
    if record.stored.kind != match.spec.kind:
        return False
    if match.spec.field.type is FieldType.TEXTS:
        return _match_texts(record, match)
    value = record.readable(match.spec.name)
    if value is None:
        return False
    if match.spec.field.type in NUMBERS:
        return _match_amount(value, match)
    return (match.equals is None or value == match.equals) and _within(value, match.at_least, match.at_most)


def _match_texts(record: RecordView, match: FieldMatch) -> bool:
    values = getattr(record.stored.body, match.spec.name) if record.readable(match.spec.name) is not None else ()
    return any(
        (match.equals is None or value == match.equals) and _within(value, match.at_least, match.at_most)
        for value in values or ()
    )


def _match_amount(value: str, match: FieldMatch) -> bool:
    number = _number(value)
    bounds = (_number(match.equals), _number(match.at_least), _number(match.at_most))
    equals, low, high = bounds
    return (
        number is not None
        and (equals is None or number == equals)
        and (low is None or number >= low)
        and (high is None or number <= high)
    )


def _number(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def _day(record: RecordView) -> str | None:
    day = record.open["day"]
    return None if day is None else str(day)


def _sort_value(record: RecordView, order: FieldSpec | None) -> str | None:
    if order is None:
        return _day(record)
    return record.readable(order.name) if order.kind == record.stored.kind else None


def _comparable(record: RecordView, order: FieldSpec | None) -> tuple[Decimal, str]:
    value = _sort_value(record, order) or ""
    if order is not None and order.field.type in NUMBERS:
        return (_number(value) or Decimal(0), value)
    return (Decimal(0), value)
