"""
A provincial site by a front-machine database.

Rules:
    - Increments by (`SRC_UPDATE_TIME`, `ROW_ID`). A row pushed late, with an earlier time, is found by its `READ_FLAG`
      0: a new run then starts the declared lag earlier, and rows read before come again.
    - The five flag columns are written by `report`, nothing else is.
    - Rows without change time or row id can be neither ordered nor answered: they stop the stream after all others.

Source: DOMAIN 11.3.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa

from connectors.cursors import decode_cursor, encode_cursor
from connectors.errors import OperatorNeeded, StopStream
from connectors.health import health_of
from connectors.port import Batch, Capability, Health, Outcome, Place, Rejection, Row, Stream
from connectors.registry import Now
from connectors.secrets import Secrets
from connectors.site import SiteConfig, TransportKind
from connectors.stream_config import CursorConfig, StreamConfig
from connectors.streams import NoLookup, find_stream, listed
from connectors.transport.database import FrontDatabase, cell_text, increments, named, without_place, write_flags
from connectors.transport.rows import UNREADABLE, batch_id_of, is_storable, mended, row_of
from connectors.transport.seam import sealed, sealed_iteration

_SHANGHAI: Final = timezone(timedelta(hours=8))
_READ_FLAG: Final = "READ_FLAG"
_UNREAD: Final = "0"


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    Last row read.

    Attributes:
        since: Its change time as the column holds it; empty: from the beginning.
        after: Its row id.
        native: The column holds a time, not text; *since* is then ISO 8601.
        ended: The run ended here: the next one overlaps by the lag.
    """

    since: str = ""
    after: str = ""
    native: bool = False
    ended: bool = False


class _Table(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    columns: tuple[str, ...]
    keys: tuple[str, str]
    flagged: bool


class ProvincialDatabaseConnector(NoLookup):
    """四川省信用平台 by its front-machine database."""

    def __init__(self, config: SiteConfig, secrets: Secrets, now: Now) -> None:  # noqa: ARG002  every connector is given the clock
        if config.transport.kind is not TransportKind.DATABASE:
            raise OperatorNeeded(config.id, "CONNECTOR_TRANSPORT", "expected transport.kind = database")
        self._config = config
        self._keys = {name: _keys(config.id, stream) for name, stream in config.streams.items()}
        self._places = {name: config.place(stream, secrets) for name, stream in config.streams.items()}
        self._front = FrontDatabase(
            source=config.id, url=config.address("url", secrets), timeout_s=config.transport.timeout_s
        )

    @property
    def source(self) -> str:
        """The site's identifier."""
        return self._config.id

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It reads, and it tells the owner."""
        return frozenset({Capability.READ, Capability.REPORT})

    async def check(self) -> Health:
        """Look at the first stream's table."""

        async def probe() -> datetime | None:
            await self._front.run(partial(self._table, next(iter(self._config.streams.values()))))
            return None

        return await health_of(self.source, probe)

    async def discover(self) -> Sequence[Stream]:
        """List the described streams."""
        return listed(self._config)

    def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        """Yield batches of at most `paginate.size` rows; raises as the port says."""
        return sealed_iteration(self.source, self._read(stream, cursor))

    async def report(self, outcome: Outcome) -> None:
        """Write the flags of the batch's rows, in one transaction."""
        stream = find_stream(self._config, outcome.stream)
        flags = _flags(outcome)
        if not flags:
            return
        statement = write_flags(self._places[stream.name], self._keys[stream.name][1])

        def write(connection: sa.Connection) -> None:
            connection.execute(statement, flags)

        with sealed(self.source):
            await self._front.run(write)

    async def close(self) -> None:
        """Close the connections."""
        await self._front.close()

    async def _read(self, name: str, cursor: str | None) -> AsyncGenerator[Batch, None]:
        stream = find_stream(self._config, name)
        position = decode_cursor(self.source, cursor, Position)
        table = await self._front.run(partial(self._table, stream))
        if position.ended:
            position = await self._overlapped(stream, table, position)
        size = stream.paginate.size
        while True:
            found = await self._front.run(partial(_page, table, position, size))
            rows = [_row(stream, table, cells) for cells in found]
            if not rows:
                break
            after = _after(table, found[-1], ended=len(rows) < size)
            yield Batch(
                batch_id=batch_id_of(stream.name, encode_cursor(position), rows),
                stream=stream.name,
                kind=stream.kind,
                rows=rows,
                cursor=encode_cursor(after),
                columns=stream.map.columns_of(table.columns),
            )
            if after.ended:
                break
            position = after
        lost = await self._front.run(partial(_count_lost, table))
        if lost:
            raise StopStream(self.source, "SRC_SCHEMA", f"{lost} rows without change time or row id")

    def _table(self, stream: StreamConfig, connection: sa.Connection) -> _Table:
        name = self._places[stream.name]
        present = self._front.columns(connection, name)
        cursor, row_id = self._keys[stream.name]
        for field in stream.key:
            if not present.intersection(stream.map.entries[field].columns):
                raise StopStream(self.source, "SRC_SCHEMA", f"{name}: no column for {field}")
        if not present >= {cursor.column, row_id}:
            raise StopStream(self.source, "SRC_SCHEMA", f"{name}: no column {cursor.column} or {row_id}")
        marks = {stream.op} if stream.op else set()
        if stream.tombstone is not None:
            marks.add(stream.tombstone.when.column)
        wanted = stream.map.sources() | stream.extra.sources() | marks | {cursor.column, row_id}
        return _Table(
            name=name,
            columns=tuple(sorted(wanted & present)),
            keys=(cursor.column, row_id),
            flagged=_READ_FLAG in present,
        )

    async def _overlapped(self, stream: StreamConfig, table: _Table, position: Position) -> Position:
        """Start earlier by the lag, unless nothing of the overlap is still unread."""
        cursor, _row_id = self._keys[stream.name]
        moment = cursor.format.read(position.since) if not position.native else datetime.fromisoformat(position.since)
        resumed = Position(since=position.since, after=position.after, native=position.native)
        if moment is None or not cursor.lag_s or not table.flagged:
            return resumed
        start = moment - timedelta(seconds=cursor.lag_s)
        text = start.isoformat() if position.native else cursor.format.write(start)
        earlier = Position(since=text, native=position.native)
        unread: sa.ColumnClause[str] = sa.column(_READ_FLAG)
        query = (
            increments(table.name, table.keys, table.keys, _bound(earlier), 1)
            .where(unread == _UNREAD)
            .where(sa.not_(_is_after(table, resumed)))
        )

        def first(connection: sa.Connection) -> bool:
            return connection.execute(query).first() is not None

        return earlier if await self._front.run(first) else resumed


def _keys(source: str, stream: StreamConfig) -> tuple[CursorConfig, str]:
    if stream.cursor is None or stream.row_id is None:
        raise OperatorNeeded(source, "CONNECTOR_STREAM", f"{stream.name}: expected cursor and row_id")
    return stream.cursor, stream.row_id


def _page(table: _Table, position: Position, size: int, connection: sa.Connection) -> Sequence[Mapping[str, object]]:
    query = increments(table.name, table.columns, table.keys, _bound(position), size)
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def _bound(position: Position) -> tuple[object, str] | None:
    if not position.since:
        return None
    return (datetime.fromisoformat(position.since) if position.native else position.since, position.after)


def _is_after(table: _Table, position: Position) -> sa.ColumnElement[bool]:
    moment, row_id = named(table.keys)
    since, after = _bound(position) or ("", "")
    return sa.or_(moment > since, sa.and_(moment == since, row_id > after))


def _count_lost(table: _Table, connection: sa.Connection) -> int:
    counted: int = connection.scalar(without_place(table.name, table.keys)) or 0
    return counted


def _after(table: _Table, last: Mapping[str, object], *, ended: bool) -> Position:
    moment, row_id = (last[name] for name in table.keys)
    native = isinstance(moment, datetime)
    since = moment.isoformat() if isinstance(moment, datetime) else str(moment)
    return Position(since=since, after=str(row_id), native=native, ended=ended)


def _row(stream: StreamConfig, table: _Table, found: Mapping[str, object]) -> Row:
    cells: dict[str, str | None] = {}
    readable = True
    for name, value in found.items():
        text, written = cell_text(value)
        storable = text is None or text.isascii() or is_storable(text)
        cells[name] = text if storable else mended(text)
        readable = readable and written and storable
    moment_name, id_name = table.keys
    place = Place(part=table.name, path=f"{id_name}={cells[id_name]}")
    row = row_of(stream, cells, place, None if readable else UNREADABLE)
    moment = found[moment_name]
    if isinstance(moment, datetime) and stream.cursor:
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=stream.cursor.format.zone)
        return replace(row, as_of=zoned.astimezone(UTC))
    return row


def _flags(outcome: Outcome) -> list[dict[str, str | None]]:
    """Flags of every row of *outcome* that has a row id: accepted ones, then those with a fault."""
    when = outcome.at.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    first: dict[str, Rejection] = {}
    for finding in sorted(outcome.findings, key=lambda each: each.severity):
        # "E" sorts before "W": a row's first fault is told before its warnings.
        if finding.row_id is not None:
            first.setdefault(finding.row_id, finding)
    accepted = frozenset(outcome.accepted_row_ids)
    return [
        {
            "row": row_id,
            "read_flag": "2" if row_id in first and first[row_id].code == UNREADABLE else "1",
            "check_flag": "1" if row_id in accepted else "2",
            "err_code": first[row_id].code if row_id in first else None,
            "err_msg": first[row_id].message_zh if row_id in first else None,
            "feedback_time": when,
        }
        for row_id in dict.fromkeys((*outcome.accepted_row_ids, *first))
        if row_id in accepted or first[row_id].severity == "E"
    ]
