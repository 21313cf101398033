"""
The national platform: signed HTTP JSON, exact increments, rows that describe themselves.

Rules:
    - Read by (change time, row id), always the first page after the last row seen: a page number would skip rows while
      the platform's data change. The next run starts the declared lag earlier, for rows that were late.
    - An answer that is not to this question (a replay), or holds fewer rows than it counts, is a passing fault. The
      protocol echoes neither `since` nor `after`, so a read begins by counting, with a page number far past the end
      that differs each time and is echoed; no page may then count fewer rows than must be left.
    - A row whose columns are not those it lists is kept as unreadable at its place.

Source: DOMAIN 11.5(1) and 11.5(5).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from connectors.cursors import decode_cursor, encode_cursor
from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.health import health_of
from connectors.national.signature import KeyCache, SigningKey, open_key, signed_headers
from connectors.port import Batch, Capability, Health, Place, Row, Stream
from connectors.registry import Now
from connectors.secrets import Secrets
from connectors.site import AuthKind, SiteConfig, TransportKind
from connectors.stream_config import StreamConfig
from connectors.streams import NoLookup, NoReport, find_stream, listed
from connectors.transport.pace import Pace
from connectors.transport.rows import UNREADABLE, batch_id_of, row_of, text_cells
from connectors.transport.seam import sealed_iteration
from connectors.transport.service import Call, ServiceTransport

_OK = "0"
_FAR_PAGE = 1_000_000
_BAD_SIGNATURE = "E-102"
_LARGEST_PAGE = 1000


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Last row seen: change time as the platform writes it, and row id; no row id: from that time on, inclusive."""

    since: str = ""
    after: str = ""


class NationalConnector(NoLookup, NoReport):
    """国家能源信用平台, by the exchange platform's service."""

    def __init__(self, config: SiteConfig, secrets: Secrets, now: Now) -> None:
        transport = config.transport
        if transport.kind is not TransportKind.SERVICE or transport.auth.kind is not AuthKind.EXCHANGE:
            raise OperatorNeeded(config.id, "CONNECTOR_TRANSPORT", "expected kind = service with auth.type = exchange")
        for stream in config.streams.values():
            if not (stream.place and stream.row_id and stream.cursor) or stream.paginate.size > _LARGEST_PAGE:
                raise OperatorNeeded(
                    config.id,
                    "CONNECTOR_STREAM",
                    f"{stream.name}: expected place, row_id, cursor, paginate.size <= 1000",
                )
        self._config = config
        self._now = now
        self._rid = config.plain("rid", secrets)
        self._key_service = config.plain("key_service", secrets)
        self._app_key = config.secret("secret", secrets)
        self._services = {name: config.place(stream, secrets) for name, stream in config.streams.items()}
        self._keys = KeyCache(source=config.id, fetch=self._fetch_key, now=now)
        self._http = ServiceTransport(
            source=config.id,
            base_url=config.address("base_url", secrets),
            timeout_s=transport.timeout_s,
            max_bytes=transport.max_bytes,
            pace=Pace(source=config.id, rate_per_s=transport.rate_per_s, daily=transport.daily, now=now),
        )

    @property
    def source(self) -> str:
        """The site's identifier."""
        return self._config.id

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It reads."""
        return frozenset({Capability.READ})

    async def check(self) -> Health:
        """Ask the platform's clock, then one row of the first stream: reachable, and let in."""

        async def probe() -> datetime | None:
            time = await self._http.ask(Call(method="GET", path="/gateway/time", query={}, headers={}))
            moment = self._moment(self._data(time.body, "time"))
            await self._count(next(iter(self._config.streams.values())), Position())
            return moment

        return await health_of(self.source, probe)

    async def discover(self) -> Sequence[Stream]:
        """List the described streams."""
        return listed(self._config)

    def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        """Yield one batch per page; raises as the port says."""
        return sealed_iteration(self.source, self._read(stream, cursor))

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()

    async def _read(self, name: str, cursor: str | None) -> AsyncGenerator[Batch, None]:
        stream = find_stream(self._config, name)
        position = decode_cursor(self.source, cursor, Position)
        left = await self._count(stream, position)
        while left > 0:
            items, total = await self._page(stream, position, page=1, size=stream.paginate.size)
            if total < left:
                raise RetryLater(self.source, "SRC_REPLAY", "the answer counts fewer rows than must be left")
            left = total - len(items)
            rows, columns, after = self._rows(stream, position, items)
            yield Batch(
                batch_id=batch_id_of(stream.name, encode_cursor(position), rows),
                stream=stream.name,
                kind=stream.kind,
                rows=rows,
                cursor=encode_cursor(after if left else self._next_run(stream, after)),
                columns=columns,
                mode="inc" if position.since else "full",
                total=total,
            )
            position = after

    def _next_run(self, stream: StreamConfig, last: Position) -> Position:
        config = stream.cursor
        moment = config.format.read(last.since) if config else None
        if config is None or moment is None or not config.lag_s:
            return last
        return Position(since=config.format.write(moment - timedelta(seconds=config.lag_s)))

    async def _count(self, stream: StreamConfig, position: Position) -> int:
        """Count the rows after *position*, by a page that was never asked before."""
        milliseconds = self._now().microsecond // 1000 + 1000 * (int(self._now().timestamp()) % 1_000_000)
        _items, total = await self._page(stream, position, page=_FAR_PAGE + milliseconds % 900_000_000, size=1)
        return total

    async def _page(
        self, stream: StreamConfig, position: Position, *, page: int, size: int
    ) -> tuple[Sequence[object], int]:
        data = await self._ask(stream, position, page=page, size=size)
        if not isinstance(data, dict) or not isinstance(items := data.get("list"), list):
            raise StopStream(self.source, "SRC_SHAPE", "expected data.list")
        total = data.get("total")
        if not isinstance(total, str) or not total.isdecimal():
            raise StopStream(self.source, "SRC_SHAPE", "expected data.total")
        if data.get("page") != str(page) or data.get("pageSize") != str(size) or len(items) > size:
            raise RetryLater(self.source, "SRC_REPLAY", "the answer is not to the page that was asked")
        if len(items) < min(int(total) - (page - 1) * size, size):
            raise RetryLater(self.source, "SRC_SHORT", "fewer rows than the platform counts")
        return items, int(total)

    def _rows(
        self, stream: StreamConfig, position: Position, items: Sequence[object]
    ) -> tuple[list[Row], Mapping[str, str], Position]:
        rows: list[Row] = []
        labels: dict[str, str] = {}
        columns: dict[str, None] = {}
        last = position
        for index, item in enumerate(items):
            place = Place(part=stream.table or stream.name, path=f"$.data.list[{index}].entity")
            cells, fault = _entity(stream, item)
            if fault is None and isinstance(item, dict):
                columns.update(dict.fromkeys(cells))
                labels.update(_labels(item.get("sencesMap")))
            rows.append(row_of(stream, cells, place, fault))
            last = self._advanced(stream, last, cells)
        if last == position:
            raise StopStream(self.source, "SRC_SCHEMA", "no row of the page says when it was changed")
        self._check_columns(stream, columns)
        return rows, stream.map.columns_of(tuple(columns), labels), last

    def _advanced(self, stream: StreamConfig, last: Position, cells: Mapping[str, str | None]) -> Position:
        moment = cells.get(stream.cursor.column) if stream.cursor else None
        row_id = cells.get(stream.row_id or "")
        if not moment or not row_id or stream.cursor is None or stream.cursor.format.read(moment) is None:
            return last
        if (moment, row_id) <= (last.since, last.after):
            raise RetryLater(self.source, "SRC_REPLAY", "a row before the one that was seen last")
        return Position(since=moment, after=row_id)

    def _check_columns(self, stream: StreamConfig, columns: Mapping[str, None]) -> None:
        for name in stream.key:
            if columns and not any(column in columns for column in stream.map.entries[name].columns):
                raise StopStream(self.source, "SRC_SCHEMA", f"no row lists a column for {name}")

    async def _ask(self, stream: StreamConfig, position: Position, *, page: int, size: int) -> object:
        sid = self._services[stream.name]
        query = {"page": str(page), "pageSize": str(size)}
        if position.since:
            query["since"] = position.since
        if position.after:
            query["after"] = position.after
        key = await self._keys.get()
        body = await self._signed(sid, key, query)
        if _code(body) == _BAD_SIGNATURE:
            key = await self._keys.get(refused=key)
            body = await self._signed(sid, key, query)
        return self._data(body, stream.name)

    async def _signed(self, sid: str, key: SigningKey, query: Mapping[str, str]) -> object:
        call = Call(method="GET", path=f"/gateway/{sid}", query=query, headers={})
        answer = await self._http.ask(
            call, headers=lambda: signed_headers(key.text, sid=sid, rid=self._rid, now=self._now())
        )
        return answer.body

    async def _fetch_key(self) -> SigningKey:
        app_key = SigningKey(text=self._app_key, until=datetime.max.replace(tzinfo=UTC))
        body = await self._signed(self._key_service, app_key, {})
        return open_key(self.source, self._data(body, "key service"), self._app_key)

    def _data(self, body: object, what: str) -> object:
        code = _code(body)
        if code == _OK and isinstance(body, dict):
            return body.get("data")
        raise _refusal(self.source, code, what)

    def _moment(self, data: object) -> datetime | None:
        text = data.get("now") if isinstance(data, dict) else None
        if not isinstance(text, str) or not text.isdecimal():
            return None
        try:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return None


def _code(body: object) -> str | None:
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, str) else None


def _refusal(source: str, code: str | None, what: str) -> SourceError:
    match code:
        case "E-102":
            return OperatorNeeded(source, "SRC_SIGNATURE", f"{what}: E-102 with a fresh key")
        case "E-103":
            return RetryLater(source, "SRC_CLOCK", f"{what}: the clocks are more than 300 s apart")
        case "-1":
            return StopStream(source, "SRC_NOT_GRANTED", f"{what}: -1, not in the service's grant list")
        case "E-106":
            return StopSite(source, "SRC_NOT_GRANTED", f"{what}: E-106, the requester is unknown")
        case "E-101" | "E-104" | "E-404":
            return StopStream(source, "SRC_PROTOCOL", f"{what}: {code}")
        case _:
            return RetryLater(source, "SRC_REFUSED", f"{what}: a code that is not in the platform's list")


def _entity(stream: StreamConfig, item: object) -> tuple[dict[str, str | None], str | None]:
    entity = item.get("entity") if isinstance(item, dict) else None
    if not isinstance(item, dict) or not isinstance(entity, dict):
        return {}, UNREADABLE
    cells, whole = text_cells(entity)
    listed_columns = item.get("columnList")
    if not isinstance(listed_columns, list) or set(map(str, listed_columns)) != set(entity):
        return cells, UNREADABLE
    if stream.table is not None and item.get("table_name") != stream.table:
        return cells, UNREADABLE
    return cells, None if whole else UNREADABLE


def _labels(senses: object) -> Mapping[str, str]:
    if not isinstance(senses, dict):
        return {}
    return {code: label for code, label in senses.items() if isinstance(label, str)}
