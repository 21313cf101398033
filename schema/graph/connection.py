"""
Filtering, sorting and paging of a subject's listed records. Pure: it sees only what the asker may list.

Rules:
    - A filter or sort reads a field as the asker may: a field that is masked or denied on a row does not match and
      sorts last (a coordinate that no row would show whole has refused the operation before).
    - The order is total: ties are broken by kind and name, so a page never repeats or skips.
    - A cursor names a record, never a value; it is sealed and bound to the subject and the arguments.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from schema.catalogue.model import FieldSpec, FieldType
from schema.graph.errors import bad_input
from schema.plan.judged import JudgedRecord, JudgedSubject

MAX_PAGE = 200
"""Most records a page may ask for."""
_ORDERS_KEPT = 8
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
    The arguments of `records` that say which and in what order.

    Attributes:
        kinds: Kinds to list; None: all.
        day_from, day_to: Bounds of the main day, ISO, inclusive.
        severities: Severity values; None: any.
        states: State values; None: any.
        matches: Field conditions, all must hold; they restrict the list to their kinds.
        order: Field to sort by, None: the main day.
        descending: Direction.
        scope: Text that differs whenever the list could differ: what a cursor is bound to.
    """

    kinds: frozenset[str] | None = None
    day_from: str | None = None
    day_to: str | None = None
    severities: frozenset[str] | None = None
    states: frozenset[str] | None = None
    matches: tuple[FieldMatch, ...] = ()
    order: FieldSpec | None = None
    descending: bool = True
    scope: str = field(init=False)

    def __post_init__(self) -> None:
        """Write the scope once; it is asked for on every page."""
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
        object.__setattr__(self, "scope", repr(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    A Relay page.

    Attributes:
        rows: The whole ordered list.
        chosen: The part of it on the page, from position *start* on.
        scope: What its cursors are bound to.
    """

    rows: Sequence[JudgedRecord]
    chosen: Sequence[JudgedRecord]
    start: int
    scope: str
    cursors: Cursors

    def cursor(self, offset: int) -> str:
        """Make the cursor of the row at *offset* on the page."""
        row = self.chosen[offset]
        return self.cursors.seal(self.scope, f"{row.stored.kind}:{row.name}:{self.start + offset}")

    @property
    def has_next(self) -> bool:
        """Whether rows follow."""
        return self.start + len(self.chosen) < len(self.rows)

    @property
    def has_previous(self) -> bool:
        """Whether rows come before."""
        return self.start > 0

    @property
    def first_cursor(self) -> str | None:
        """Cursor of the first row on the page."""
        return self.cursor(0) if self.chosen else None

    @property
    def last_cursor(self) -> str | None:
        """Cursor of the last row on the page."""
        return self.cursor(len(self.chosen) - 1) if self.chosen else None


def field_match(spec: FieldSpec, equals: str | None, at_least: str | None, at_most: str | None) -> FieldMatch:
    """
    Make a condition on the field *spec*.

    Raises:
        GraphQLError: a bound of a number is no number.
    """
    for value in (equals, at_least, at_most):
        if value is not None and spec.field.type in NUMBERS and not NUMBER.fullmatch(value):
            raise bad_input(f"{spec.coordinate}: expected a decimal number.", coordinate=spec.coordinate)
    return FieldMatch(spec=spec, equals=equals, at_least=at_least, at_most=at_most)


def check_first(first: int) -> int:
    """
    Check the size of a page.

    Raises:
        GraphQLError: it is not 1 to `MAX_PAGE`.
    """
    if not 1 <= first <= MAX_PAGE:
        raise bad_input(f"first: expected 1 to {MAX_PAGE}, got {first}.", argument="first")
    return first


def selection_of(arguments: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> Selection:
    """
    Read the coerced *arguments* of `records` (by GraphQL name).

    Args:
        arguments: `kinds`, `where`, `orderBy`; enumeration values as members or as text.
        specs: Coordinate -> catalogue field.

    Raises:
        GraphQLError: a bound of a number is no number.
    """
    where: Mapping[str, Any] = arguments.get("where") or {}
    order: Mapping[str, Any] = arguments.get("orderBy") or {}
    return Selection(
        kinds=_texts(arguments.get("kinds")),
        day_from=where.get("dayFrom"),
        day_to=where.get("dayTo"),
        severities=_texts(where.get("severity")),
        states=_texts(where.get("state")),
        matches=tuple(
            field_match(specs[text_of(match["field"])], match.get("equals"), match.get("atLeast"), match.get("atMost"))
            for match in where.get("fields") or ()
        ),
        order=specs[text_of(order["field"])] if order.get("field") is not None else None,
        descending=text_of(order.get("direction", "DESC")) == "DESC",
    )


def text_of(member: object) -> str:
    """Return the text of an enumeration value, whether the executor hands over the member or its value."""
    return str(getattr(member, "value", member))


def _texts(members: Iterable[object] | None) -> frozenset[str] | None:
    return None if members is None else frozenset(map(text_of, members))


def ordered(subject: JudgedSubject, selection: Selection) -> Sequence[JudgedRecord]:
    """Filter and sort the records of *subject*; done once for equal arguments."""
    found = subject.orders.get(selection.scope)
    if found is None:
        found = select(subject.records, selection)
        if len(subject.orders) >= _ORDERS_KEPT:
            subject.orders.clear()
        subject.orders[selection.scope] = found
    return found


def select(records: Sequence[JudgedRecord], selection: Selection) -> list[JudgedRecord]:
    """Filter and sort *records*; rows without the sort value come last, whatever the direction."""
    kept = [record for record in records if _matches(record, selection)]
    kept.sort(key=lambda record: (record.stored.kind, record.name))
    with_value = [record for record in kept if _sort_value(record, selection.order) is not None]
    without = [record for record in kept if _sort_value(record, selection.order) is None]
    with_value.sort(key=lambda record: _comparable(record, selection.order), reverse=selection.descending)
    return with_value + without


def cut(
    rows: Sequence[JudgedRecord],
    *,
    first: int,
    after: str | None,
    scope: str,
    cursors: Cursors,
) -> Page:
    """
    Cut one page out of the ordered *rows*.

    Raises:
        GraphQLError: *after* was not made here for *scope*.
    """
    try:
        start = 0 if after is None else _start(rows, cursors.open(scope, after))
    except CursorError:
        raise bad_input("after: not a cursor of this list.", argument="after") from None
    return Page(rows=rows, chosen=rows[start : start + first], start=start, scope=scope, cursors=cursors)


def scope_of(code: str, selection: Selection) -> str:
    """Name the list that *selection* makes of the records of the subject *code*."""
    return f"records|{code}|{selection.scope}"


def _start(records: Sequence[JudgedRecord], position: str) -> int:
    kind, name, index = position.split(":")
    for offset, record in enumerate(records):
        if record.stored.kind == kind and record.name == name:
            return offset + 1
    # The record has left the list since: go on where it stood.
    return min(int(index), len(records))


def _matches(record: JudgedRecord, selection: Selection) -> bool:
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


def _match(record: JudgedRecord, match: FieldMatch) -> bool:
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


def _match_texts(record: JudgedRecord, match: FieldMatch) -> bool:
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


def _day(record: JudgedRecord) -> str | None:
    day = record.open["day"]
    return None if day is None else str(day)


def _sort_value(record: JudgedRecord, order: FieldSpec | None) -> str | None:
    if order is None:
        return _day(record)
    return record.readable(order.name) if order.kind == record.stored.kind else None


def _comparable(record: JudgedRecord, order: FieldSpec | None) -> tuple[Decimal, str]:
    value = _sort_value(record, order) or ""
    if order is not None and order.field.type in NUMBERS:
        return (_number(value) or Decimal(0), value)
    return (Decimal(0), value)
