"""
The whole contract a newcomer reads: what a connector is to the hub.

A connector declares which of five things it can do (`Capability`), and does them:

    check()                      is the site reachable, and are we let in
    discover()                   which streams it has
    read(stream, cursor)         batches of rows since *cursor*, oldest first
    lookup(codes, kinds, fields) live answer for some subjects, only the granted fields
    report(outcome)              tell the owner what was accepted and what was not (问题数据反馈)

Rules:
    - It raises `connectors.errors.SourceError` and nothing else.
    - It never drops a row. What it cannot read is a `Row` with `fault` set, at its place.
    - Values are text as the source gave it, after decoding and the site's declared map: no cleaning, no guessing.
    - `Batch.cursor` is stored by the hub in the same transaction as the batch's rows; `read` resumes from it.
    - A partial or failed read is never taken as "vanished".
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol


class Capability(StrEnum):
    """What a connector can do."""

    READ = "read"
    LOOKUP = "lookup"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a row stands at its source, for the owner who must mend it.

    Attributes:
        part: File, sheet, table or page, e.g. `data.csv`, `Sheet1`, `XZCF`, `page 3`.
        row: 1-based row number within the part as a person counts it (the header is row 1), or None.
        path: JSON path or XPath where rows are not numbered, or None.
    """

    part: str
    row: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One record as the source sent it.

    Attributes:
        values: Catalogue field name (`document_no`) to text as sent, None for absent.
        place: Where it stands.
        op: `I` insert, `U` update, `D` withdrawn by the source (tombstone).
        as_of: When the source says the row was last changed, aware; None if it does not say.
        row_id: The source's own row identifier, for feedback; None if it has none.
        extra: Columns outside the catalogue that the hub understands: see `EXTRA_COLUMNS`.
        fault: Code of a fault that kept the row from being read (`ID..`/`DG..`/`RW01` unreadable), else None.
    """

    values: Mapping[str, str | None]
    place: Place
    op: Literal["I", "U", "D"] = "I"
    as_of: datetime | None = None
    row_id: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    fault: str | None = None


EXTRA_COLUMNS = frozenset(
    {
        "severity",  # 轻微 | 一般 | 严重 as the source classed it
        "publicity_from",  # 公示日期
        "publicity_to",  # 公示截止日期
        "publicity_state",  # 公示状态
        "withdrawal_reason",  # 撤销处罚的原因说明 (cutreason)
        "case_withdrawn",  # 撤销立案 (iscancelcase), "1" when so
        "repaired",  # 信用修复, "1" when the source says so
        "disclosure",  # 公开范围 GKFW: 社会公开 | 政务共享 | 授权查询
        "violation_index",  # which violation of a decision that names several, from "1"
        "public_bulletin",  # "1" when the issuer published the entry itself
    },
)
"""Names allowed in `Row.extra`, each with the same meaning whatever the source calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """
    Rows that arrive, and are accepted or refused, together.

    Attributes:
        batch_id: The source's identifier, or a stable one made from stream and cursor. Same id twice = same batch.
        stream: Name of the stream.
        kind: Record kind (`Penalty`).
        rows: In the source's order.
        cursor: Opaque text to resume after this batch.
        columns: Catalogue field name -> the source's own column label, for messages.
        mode: `full` or `inc`.
        catalogue_version: The catalogue version the source says it used, None if it does not say.
        total: Rows the source says remain or exist, for progress; None if unknown.
        fault: `DG17` when header count or digest does not match the body: the whole batch is refused.
    """

    batch_id: str
    stream: str
    kind: str
    rows: Sequence[Row]
    cursor: str
    columns: Mapping[str, str]
    mode: Literal["full", "inc"] = "inc"
    catalogue_version: str | None = None
    total: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One flow of one record kind from a site."""

    name: str
    kind: str
    label_zh: str
    label_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """
    Result of `check`.

    Attributes:
        reachable: The site answered and let us in.
        code: `OK` or a `SourceError.code`.
        latency_s: Seconds the check took.
        site_time: The site's own clock if it tells it, aware.
    """

    reachable: bool
    code: str
    latency_s: float
    site_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    Live answer of `lookup`.

    Attributes:
        rows: Subject code -> kind -> rows. A code that was asked and has nothing is present with no rows.
        as_of: The source's time of the answer, aware.
        columns: Kind -> catalogue field name -> the source's label.
    """

    rows: Mapping[str, Mapping[str, Sequence[Row]]]
    as_of: datetime
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One row's finding as fed back to its owner."""

    code: str
    severity: Literal["E", "W"]
    place: Place
    column: str | None
    row_id: str | None
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch: the acknowledgement and the quality answer."""

    batch_id: str
    stream: str
    received: int
    accepted: int
    rejected: int
    fault: str | None
    findings: Sequence[Rejection]
    accepted_row_ids: Sequence[str]
    at: datetime


class Connector(Protocol):
    """A site, opened. Built by the registry from a `SiteConfig`; closed by `close`."""

    @property
    def source(self) -> str:
        """The site's identifier, e.g. `cn-51`."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this connector can do; the hub asks for nothing else."""

    async def check(self) -> Health:
        """Say whether the site answers. Never raises: a failure is a `Health` with its code."""

    async def discover(self) -> Sequence[Stream]:
        """List the streams. Raises `SourceError`."""

    def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        """Yield batches after *cursor* (None: from the beginning). Raises `SourceError` from the iteration."""

    async def lookup(
        self,
        codes: Sequence[str],
        fields: Mapping[str, Sequence[str]],
        deadline_s: float,
    ) -> Found:
        """
        Ask live for *codes*, of each kind in *fields* only the named catalogue fields.

        The source is asked each time this is called; when to call, and which questions travel together, is the hub's
        business. Only the reading may be spared: where the source says of a code what it said before, in the same
        bytes and to the same fields, `Found.rows[code]` may be the object it was then, and the hub, which compares by
        identity first, checks nothing anew. Rows that were handed out are never changed.

        Raises:
            SourceError: nothing was learnt of any of *codes*.
        """

    async def report(self, outcome: Outcome) -> None:
        """Feed *outcome* back to the owner. Idempotent per batch. Raises `SourceError`."""

    async def close(self) -> None:
        """Release connections and files."""
