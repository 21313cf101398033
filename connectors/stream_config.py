"""One stream of a site description: what is asked, where its rows stand, how they map to the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import jsonpath

from connectors.mapping import Condition, FieldMap, TimeFormat

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class PageKind(StrEnum):
    """How a service divides its answer."""

    NONE = "none"
    PAGE = "page"
    OFFSET = "offset"
    TOKEN = "token"  # noqa: S105  a page token's name, not a secret


class PageStop(StrEnum):
    """How the last page is known."""

    EMPTY = "empty"
    SHORT = "short"
    TOTAL = "total"


class TombstoneKind(StrEnum):
    """What a marked row says."""

    REPAIR = "credit.repair.v1"
    WITHDRAWAL = "credit.withdrawal.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call's template; `{cursor}`, `{page}`, `{size}`, `{offset}`, `{token}` are filled in."""

    method: Literal["GET", "POST"]
    path: str
    query: Mapping[str, str]
    json: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paginate:
    """
    Paging of a service stream.

    Attributes:
        start: First page number (`page`) or offset (`offset`).
        size: Rows asked for per page.
        next: JSONPath of the next token (`token`).
        total: JSONPath of the number of rows in all, if the source tells it.
    """

    kind: PageKind
    start: int = 1
    size: int = 500
    stop: PageStop = PageStop.EMPTY
    next: jsonpath.JSONPath | None = None
    total: jsonpath.JSONPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorConfig:
    """The column that says when a row was last changed, and how far back a new read overlaps the last one."""

    column: str
    format: TimeFormat
    lag_s: int
    initial: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """How a service that answers 200 to everything says that it meant it."""

    path: jsonpath.JSONPath
    ok: frozenset[str]
    retry: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a healthy stream shows: at least *rows* in *per_s* seconds; at most a share of nulls per field."""

    rows: int = 0
    per_s: int = 0
    null_rate: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """How this site marks a row as repaired or withdrawn."""

    when: Condition
    kind: TombstoneKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamConfig:
    """
    One stream.

    Attributes:
        name, kind, label_zh, label_en: As in `connectors.port.Stream`.
        place: The source's own name of it: table of a database, catalogue code of packages, service id, path of
            fields; literal or by reference.
        table: Name that every row must bear, where rows describe themselves.
        request, records, paginate, cursor, success: For a service; None where the transport needs none. `records`
            finds the list whose items are the records.
        key: Catalogue fields that identify a record at this site.
        row_id, op: Source columns of the row's own identifier and of I/U/D.
        schedule: `full` and `delta` as the operator wrote them.
        map_version: Version of the map, stated by whoever changes it.
        map, extra: Catalogue fields and extra columns from source columns; `base` says what the map starts from.
    """

    name: str
    kind: str
    label_zh: str
    label_en: str
    place: str | None
    table: str | None
    request: Request | None
    records: jsonpath.JSONPath | None
    paginate: Paginate
    cursor: CursorConfig | None
    success: Success | None
    key: tuple[str, ...]
    row_id: str | None
    op: str | None
    schedule: Mapping[str, str]
    expect: Expectation
    tombstone: Tombstone | None
    map_version: str
    map: FieldMap
    extra: FieldMap
