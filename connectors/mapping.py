"""
A site's declared map: which source columns fill which catalogue field, and by which declared filters.

    document_no  = "wsh"                          one column
    subject_code = "shxym | uscc"                 the first column that holds something
    decided_on   = "cfrq | date:%Y/%m/%d"         then a filter
    fine_amount  = { from = ["wan"], by = [] }    table form, where a column bears a filter's name

Rules:
    - Nothing is cleaned or guessed. A filter that does not fit a value leaves the value as it came, so that the
      validator finds it and the owner is told.
    - Filters are declared by name; there is no expression language.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from functools import partial

from connectors.toml_reader import SiteConfigError, TableReader

Filter = Callable[[str], str]

_YUAN_IN_WAN = Decimal(10_000)
_FEN_IN_WAN = Decimal(1_000_000)
_MILLISECONDS = 1000
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,10})?")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_CONDITION = re.compile(r"\s*([^\s=!'\"|]+)\s*(==|!=)\s*'([^']*)'\s*")


def zone_of(text: str) -> tzinfo | None:
    """
    Find the zone named *text*: `Asia/Shanghai`, `UTC` or an offset like `+08:00`; None if it is none of these.

    China keeps one zone without summer time, so a fixed offset serves and no zone database is needed.
    """
    if text == "UTC":
        return UTC
    if text == "Asia/Shanghai":
        return timezone(timedelta(hours=8))
    found = _OFFSET.fullmatch(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:  # noqa: PLR2004  the clock's own bounds
        return None
    span = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(span if found[1] == "+" else -span)


def _parsed(value: str, pattern: str) -> datetime:
    # The two usual forms without `strptime`, which costs more than all the rest of a row.
    if pattern == "%Y-%m-%d %H:%M:%S" and len(value) == 19 and value[10] == " " and value.isascii():  # noqa: PLR2004  the form's own length
        return datetime.fromisoformat(value)
    if pattern == "%Y%m%d%H%M%S" and len(value) == 14 and value.isascii() and value.isdigit():  # noqa: PLR2004  the form's own length
        return datetime.fromisoformat(f"{value[:8]}T{value[8:]}")
    return datetime.strptime(value, pattern)  # noqa: DTZ007  the caller puts the zone on


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFormat:
    """How a source writes a time: a `strptime` format, `iso`, `epoch_s` or `epoch_ms`; *zone* where it names none."""

    text: str
    zone: tzinfo

    def read(self, value: str) -> datetime | None:
        """Read *value* as an aware UTC time; None if it does not fit the format."""
        try:
            return self._read(value.strip()).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            return None

    def _read(self, value: str) -> datetime:
        if self.text == "epoch_s":
            return datetime.fromtimestamp(int(value), UTC)
        if self.text == "epoch_ms":
            return datetime.fromtimestamp(int(value) // _MILLISECONDS, UTC) + timedelta(
                milliseconds=int(value) % _MILLISECONDS
            )
        found = datetime.fromisoformat(value) if self.text == "iso" else _parsed(value, self.text)
        return found if found.tzinfo else found.replace(tzinfo=self.zone)

    def write(self, moment: datetime) -> str:
        """Write *moment* the way the source writes it."""
        if self.text == "epoch_s":
            return str(int(moment.timestamp()))
        if self.text == "epoch_ms":
            return str((moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1))
        local = moment.astimezone(self.zone)
        return local.isoformat(timespec="seconds") if self.text == "iso" else local.strftime(self.text)


def _date(pattern: str, value: str) -> str:
    try:
        return datetime.strptime(value.strip(), pattern).date().isoformat()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return value


def _scaled(divisor: Decimal, value: str) -> str:
    if not _PLAIN_NUMBER.fullmatch(value.strip()):
        return value
    try:
        scaled = Decimal(value.strip()) / divisor
    except InvalidOperation:
        return value
    return format(scaled, "f")


def _day(value: str) -> str:
    found = re.match(r"\d{4}-\d{2}-\d{2}(?=[T ]\d{2}:\d{2})", value)
    return found[0] if found else value


def _valued(table: Mapping[str, str], value: str) -> str:
    return table.get(value, value)


def _is(text: str, value: str) -> str:
    return "1" if value == text else "0"


def _blank(text: str, value: str) -> str:
    return "" if value == text else value


FILTERS = ("date", "day", "wan", "fen_wan", "is", "blank")
"""
Declared filters:

    date:FORMAT   a day written as FORMAT (`strptime`) to `YYYY-MM-DD`
    day           `YYYY-MM-DD hh:mm:ss` to its day
    wan           yuan to 万元, exactly
    fen_wan       fen to 万元, exactly
    is:TEXT       `1` for TEXT, `0` for anything else that was sent
    blank:TEXT    nothing for TEXT, which stands for "none" or "all" at this source
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the map: the first of *columns* that holds something, then *filters* in order."""

    columns: tuple[str, ...]
    filters: tuple[Filter, ...]

    def of(self, row: Mapping[str, str | None]) -> str | None:
        """Value for this field in *row*; None if no column is there or all are null."""
        found: str | None = None
        for column in self.columns:
            value = row.get(column)
            if value:
                found = value
                break
            if found is None:
                found = value
        if found:
            for each in self.filters:
                found = each(found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """Map of a stream: catalogue field -> where it comes from."""

    entries: Mapping[str, Entry]
    # Most fields are one column as it stands; taking those without a call halves the cost of a row.
    _plain: tuple[tuple[str, str], ...] = field(init=False, repr=False, compare=False)
    _rest: tuple[tuple[str, Entry], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = {
            name: each.columns[0] for name, each in self.entries.items() if len(each.columns) == 1 and not each.filters
        }
        object.__setattr__(self, "_plain", tuple(plain.items()))
        object.__setattr__(self, "_rest", tuple(each for each in self.entries.items() if each[0] not in plain))

    def apply(self, row: Mapping[str, str | None]) -> dict[str, str | None]:
        """Fill every mapped field from *row* (source column -> text)."""
        get = row.get
        values = {name: get(column) for name, column in self._plain}
        for name, entry in self._rest:
            values[name] = entry.of(row)
        return values

    def columns_of(self, present: Sequence[str], labels: Mapping[str, str] | None = None) -> dict[str, str]:
        """For each mapped field the source's column (by its label, where *labels* has one), for messages."""
        here = frozenset(present)
        found = {
            name: next((column for column in entry.columns if column in here), entry.columns[0])
            for name, entry in self.entries.items()
        }
        return {name: (labels or {}).get(column, column) for name, column in found.items()}

    def sources(self) -> frozenset[str]:
        """Every source column that the map reads."""
        return frozenset(column for entry in self.entries.values() for column in entry.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`column == 'text'` or `column != 'text'`: how a site marks a row."""

    column: str
    value: str
    equal: bool

    def holds(self, row: Mapping[str, str | None]) -> bool:
        """Whether *row* is marked. An absent column is never a mark."""
        found = row.get(self.column)
        return found is not None and (found == self.value) is self.equal


def parse_condition(text: str) -> Condition | None:
    """Read a condition; None if it is not one."""
    found = _CONDITION.fullmatch(text)
    return Condition(column=found[1], value=found[3], equal=found[2] == "==") if found else None


def parse_map(
    table: TableReader,
    allowed: frozenset[str],
    *,
    base: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
) -> FieldMap:
    """
    Read a `map` table.

    Args:
        table: Catalogue field -> columns and filters.
        allowed: Names that may stand on the left.
        base: Catalogue field -> the one column that fills it unless *table* says otherwise.
        values: Catalogue field -> source value -> catalogue value, applied after the filters.

    Raises:
        SiteConfigError: an unknown field, filter or form, with its key path.
    """
    coded = dict(values or {})
    entries = {name: Entry(columns=(column,), filters=()) for name, column in (base or {}).items()}
    for name in table.keys():  # noqa: SIM118  a reader, not a mapping: it counts what is asked
        if name not in allowed:
            known = ", ".join(sorted(allowed))
            raise table.error(name, f"目录字段: {known}", f"a catalogue field: {known}")
        entries[name] = _parse_entry(table, name)
    for name, codes in coded.items():
        if name not in entries:
            raise table.error(name, "已映射的字段", "a mapped field for its value table")
        entry = entries[name]
        entries[name] = Entry(columns=entry.columns, filters=(*entry.filters, partial(_valued, dict(codes))))
    if not entries and allowed:
        raise table.error("", "至少一个字段", "at least one field")
    return FieldMap(entries=entries)


def _parse_entry(table: TableReader, name: str) -> Entry:
    columns: Sequence[str]
    filters: Sequence[str]
    if isinstance(table.take(name), str):
        columns, filters = _split(table, name, table.text(name))
    else:
        form = table.table(name)
        columns, filters = form.texts("from"), form.texts("by")
        form.finish()
    if not columns:
        raise table.error(name, "至少一个来源列", "at least one source column")
    return Entry(columns=tuple(columns), filters=tuple(_filter(table, name, text) for text in filters))


def _split(table: TableReader, name: str, text: str) -> tuple[list[str], list[str]]:
    columns: list[str] = []
    filters: list[str] = []
    for part in (each.strip() for each in text.split("|")):
        is_filter = part.split(":", 1)[0] in FILTERS
        if not part or (filters and not is_filter):
            raise table.error(
                name, '"列 | 列 | 过滤器", 列在前', 'text "column | column | filter", columns before filters'
            )
        (filters if is_filter else columns).append(part)
    return columns, filters


def _filter(table: TableReader, name: str, text: str) -> Filter:
    head, _, argument = text.partition(":")
    match head, argument:
        case "date", pattern if "%" in pattern:
            return partial(_date, pattern)
        case "day", "":
            return _day
        case "wan", "":
            return partial(_scaled, _YUAN_IN_WAN)
        case "fen_wan", "":
            return partial(_scaled, _FEN_IN_WAN)
        case "is", wanted if wanted:
            return partial(_is, wanted)
        case "blank", wanted if wanted:
            return partial(_blank, wanted)
    known = "date:%Y/%m/%d, day, wan, fen_wan, is:TEXT, blank:TEXT"
    raise table.error(name, f"已声明的过滤器: {known}", f"a declared filter: {known}")


__all__ = [
    "FILTERS",
    "Condition",
    "Entry",
    "FieldMap",
    "SiteConfigError",
    "TimeFormat",
    "parse_condition",
    "parse_map",
    "zone_of",
]
