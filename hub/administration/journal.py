"""
The journal: what was done in administration, kept in the transaction that did it, then announced in the log.

Rules:
    - A row is written by `record` in the act's own transaction: it is kept exactly if what it tells of is.
    - Each row becomes exactly one log entry, whatever dies and however many processes announce at once. The entry uses
      up a digest of the row's id (`Terms.once`) in the very transaction that appends it, so a second one is refused
      by the store. Whoever is refused looks the first one up, by the id that stands among its values, and notes its
      index. What stops between appending and noting is therefore mended by the next announcement.
    - A policy version is announced the same way, as an entry of kind `policy`.
    - Values name officers, partners, codes and digests; never the content of a record.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
from sqlalchemy import Row, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.model import Page
from hub.audit.entries import KINDS, Entry, Kind, Pending
from hub.audit.errors import EntryError, LogUnavailableError, ReplayedError
from hub.audit.receipts import Receipt
from hub.clock import Clock, from_iso, iso
from hub.store import tables
from hub.store.administration_tables import JournalRow
from hub.store.engine import Writer, reading, writing
from hub.store.tables import table_of
from keys.canonical import Json, Spelled, Value, canonical_json

_ROW = table_of(JournalRow)
_VERSION = table_of(tables.PolicyVersion)
_ENTRY = table_of(tables.LogEntry)
_OPENING = table_of(tables.LogOpening)
_AT_ONCE = 200
_FOR_EVER = 253_402_300_799.0
"""9999-12-31T23:59:59Z: what announces a row may never be shown twice."""
# Clocks of machines that write one store differ by less.
_LEEWAY = timedelta(days=1)
_ID_SIZE = 4


class Appender(Protocol):
    """The log, for writing (`hub.audit.sequencer.Sequencer`)."""

    async def append(self, pending: Pending) -> Receipt:
        """Append one entry and wait until it is durable."""


PLACE_UNKNOWN = -1
"""`log_index` of what stands in the log at a place nobody can tell: its opening was erased before it was noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """
    What was done.

    Attributes:
        id: Text order is the order of doing.
        kind: Kind of its log entry.
        values: As the entry commits to them.
        at: Instant, `hub.clock.iso`.
        log_index: Its entry in the log; None until it is announced. See `PLACE_UNKNOWN`.
    """

    id: str
    kind: str
    values: Mapping[str, Json]
    at: str
    log_index: int | None


def new_id(now: datetime, entropy: Callable[[int], bytes]) -> str:
    """Name something done at *now* (aware): 20 digits of the instant and 8 hex digits that nobody can foresee."""
    return f"{now:%Y%m%d%H%M%S%f}-{entropy(_ID_SIZE).hex()}"


class Journal:
    """
    The journal of one store. Any number of processes may announce from one store.

    Attributes:
        log: Where rows are announced; None: by another process, or later (the command line has no log of its own).
    """

    def __init__(
        self, engine: AsyncEngine, clock: Clock, entropy: Callable[[int], bytes], *, log: Appender | None = None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._entropy = entropy
        self.log = log

    async def record(self, writer: Writer, kind: Kind, values: Mapping[str, Value]) -> str:
        """
        Write a row in the transaction of *writer*.

        Args:
            writer: The act's own unit of work.
            kind: Kind of the log entry it becomes.
            values: What the entry commits to; `journal` and `at` are added.

        Returns:
            The row's id.

        Raises:
            EntryError: an unknown kind, no values, or one without a canonical form.
        """
        if kind not in KINDS or not values:
            raise EntryError(f"a journal row is of one of {', '.join(KINDS)} and has values")
        now = self._clock.now()
        name = new_id(now, self._entropy)
        plain = {key: value.value if isinstance(value, Spelled) else value for key, value in values.items()}
        body = canonical_json({"at": iso(now), **plain}).decode()
        row = {"id": name, "kind": kind, "body": body, "at": iso(now), "log_index": None}
        await writer.write(insert(_ROW), [row])
        return name

    async def announce(self, log: Appender | None = None) -> int:
        """
        Append what has no log entry yet: policy versions, then rows, oldest first.

        Safe at any time and in any number of processes at once; doing it twice does nothing.

        Args:
            log: Where to; None: `log`.

        Returns:
            How many were announced, or found to be.

        Raises:
            LogUnavailableError: an entry is not known to be durable. What is left is left for the next time.
        """
        log = log or self.log
        if log is None:
            return 0
        count = 0
        for table, key in ((_VERSION, _VERSION.c.version), (_ROW, _ROW.c.id)):
            missing = select(table).where(table.c.log_index.is_(None)).order_by(key).limit(_AT_ONCE)
            while True:
                async with reading(self._engine) as reader:
                    rows = await reader.rows(missing)
                for row in rows:
                    await self._announce(log, table, row)
                count += len(rows)
                if len(rows) < _AT_ONCE:
                    break
        return count

    async def announce_quietly(self) -> None:
        """`announce`, where a log that is not there only means that it happens later."""
        with contextlib.suppress(LogUnavailableError):
            await self.announce()

    async def page(self, *, first: int, after: str | None = None, kind: str | None = None) -> Page[JournalEntry]:
        """List at most *first* rows, the newest first; *after* is the id behind which to go on."""
        query = select(_ROW).order_by(_ROW.c.id.desc()).limit(first + 1)
        if after is not None:
            query = query.where(_ROW.c.id < after)
        if kind is not None:
            query = query.where(_ROW.c.kind == kind)
        async with reading(self._engine) as reader:
            rows = [_entry(row) for row in await reader.rows(query)]
        return Page(rows=rows[:first], end=rows[first - 1].id if len(rows) > first else None)

    async def _announce(self, log: Appender, table: Table, row: Row[Any]) -> None:
        if table is _ROW:
            kind, key, since = row.kind, _ROW.c.id == row.id, row.at
            values: dict[str, Json] = {"journal": row.id, **json.loads(row.body)}
            mark = ("journal", row.id)
        else:
            # Announced when it is stored, which may be long before it begins.
            kind, key, since = "policy", _VERSION.c.version == row.version, None
            values = {"version": row.version, "digest": row.digest}
            mark = ("version", row.version)
        once = hashlib.sha256(f"announced\n{kind}\n{mark[0]}\n{mark[1]}".encode()).digest()
        try:
            entry = Entry(kind=kind, values=values)
            receipt = await log.append(Pending(entry=entry, once=once, once_until=_FOR_EVER))
            index = receipt.index
        except ReplayedError:
            index = await self._index_of(kind, mark, since)
        noted = update(table).where(key, table.c.log_index.is_(None)).values(log_index=index)
        async with writing(self._engine) as writer:
            await writer.write(noted)

    async def _index_of(self, kind: str, mark: tuple[str, Json], since: str | None) -> int:
        """Find the entry whose value *mark* names it; the log has told that there is one."""
        name, value = mark
        found = select(_ENTRY.c.index.label("place"), _OPENING.c.opening).join(
            _OPENING, _OPENING.c.index == _ENTRY.c.index
        )
        found = found.where(_ENTRY.c.kind == kind).order_by(_ENTRY.c.index)
        if since is not None:
            found = found.where(_ENTRY.c.appended_at >= iso(from_iso(since) - _LEEWAY))
        async with reading(self._engine) as reader:
            rows = await reader.rows(found)
        for row in rows:
            part = orjson.loads(row.opening).get(name)
            if isinstance(part, dict) and part.get("value") == value:
                return int(row.place)
        return PLACE_UNKNOWN


def _entry(row: Row[Any]) -> JournalEntry:
    return JournalEntry(id=row.id, kind=row.kind, values=json.loads(row.body), at=row.at, log_index=row.log_index)
