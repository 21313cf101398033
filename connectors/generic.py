"""
The generic service connector: an HTTP JSON source described by its `site.toml` alone, without code.

Rules:
    - A page is yielded with the position after it; the last page of a run carries the position of the next run, which
      overlaps this one by the declared lag. What comes twice has the same batch identifier only if it is the same.
    - A page that holds fewer rows than the source says it must is a passing fault, not the end.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import jsonpath

from connectors.cursors import decode_cursor, encode_cursor
from connectors.errors import OperatorNeeded, RetryLater, StopStream
from connectors.health import health_of
from connectors.paging import Position, after_page, call_for, is_last, next_run
from connectors.port import Batch, Capability, Health, Place, Row, Stream
from connectors.registry import Now
from connectors.secrets import Secrets
from connectors.site import AuthKind, SiteConfig, TransportKind
from connectors.stream_config import StreamConfig
from connectors.streams import NoLookup, NoReport, find_stream, listed
from connectors.transport.pace import Pace
from connectors.transport.rows import UNREADABLE, batch_id_of, row_of, text_cells
from connectors.transport.seam import sealed_iteration
from connectors.transport.service import Answer, ServiceTransport


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    rows: Sequence[Row]
    columns: Sequence[str]
    total: int | None
    after: Position
    date: datetime | None


class ServiceConnector(NoLookup, NoReport):
    """A site by HTTP JSON, as described. It reads; it neither answers live nor reports back."""

    def __init__(self, config: SiteConfig, secrets: Secrets, now: Now) -> None:
        if config.transport.kind is not TransportKind.SERVICE:
            raise OperatorNeeded(config.id, "CONNECTOR_TRANSPORT", "expected transport.kind = service")
        for stream in config.streams.values():
            if stream.request is None or stream.records is None:
                raise OperatorNeeded(config.id, "CONNECTOR_STREAM", f"{stream.name}: expected request and records")
        self._config = config
        self._headers = auth_headers(config, secrets)
        transport = config.transport
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
        """Ask for the first page of the first stream."""

        async def probe() -> datetime | None:
            return (await self._page(next(iter(self._config.streams.values())), Position())).date

        return await health_of(self.source, probe)

    async def discover(self) -> Sequence[Stream]:
        """List the described streams."""
        return listed(self._config)

    def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        """Yield one batch per page; raises as the port says."""
        return sealed_iteration(self.source, self._read(find_stream(self._config, stream), cursor))

    async def _read(self, stream: StreamConfig, cursor: str | None) -> AsyncGenerator[Batch, None]:
        position = decode_cursor(self.source, cursor, Position)
        ahead: _Page | None = None
        while True:
            page = ahead or await self._page(stream, position)
            if not page.rows:
                return
            last = is_last(stream, page.after, rows=len(page.rows), total=page.total)
            ahead = None
            if last is None:
                ahead = await self._page(stream, page.after)
                last = not ahead.rows
            resume = next_run(stream, page.after) if last else page.after
            yield self._batch(stream, position, page, resume)
            if last:
                return
            position = page.after

    def _batch(self, stream: StreamConfig, position: Position, page: _Page, resume: Position) -> Batch:
        return Batch(
            batch_id=batch_id_of(stream.name, encode_cursor(position), page.rows),
            stream=stream.name,
            kind=stream.kind,
            rows=page.rows,
            cursor=encode_cursor(resume),
            columns=stream.map.columns_of(page.columns),
            mode="inc" if position.since else "full",
            total=page.total,
        )

    async def _page(self, stream: StreamConfig, position: Position) -> _Page:
        if stream.request is None or stream.records is None:
            raise OperatorNeeded(self.source, "CONNECTOR_STREAM", stream.name)
        call = call_for(stream, stream.request, position)
        answer = await self._http.ask(call, headers=lambda: self._headers)
        self._check_success(stream, answer)
        # A large page would hold the loop while it is read.
        return await asyncio.to_thread(self._read_page, stream, stream.records, position, answer)

    def _read_page(self, stream: StreamConfig, records: jsonpath.JSONPath, position: Position, answer: Answer) -> _Page:
        found = one_of(records, answer.body)
        if found is None or not isinstance(found.obj, list):
            raise StopStream(self.source, "SRC_SHAPE", "no list of records where the description says it is")
        rows: list[Row] = []
        columns: dict[str, None] = {}
        part = f"page {stream.paginate.start + position.step}"
        for index, item in enumerate(found.obj):
            place = Place(part=part, path=f"{found.path}[{index}]")
            if not isinstance(item, dict):
                rows.append(Row(values={}, place=place, fault=UNREADABLE))
                continue
            cells, whole = text_cells(item)
            columns.update(dict.fromkeys(cells))
            rows.append(row_of(stream, cells, place, None if whole else UNREADABLE))
        total = whole_number(text_at(stream.paginate.total, answer.body))
        if not rows and total is not None and position.rows < total:
            raise RetryLater(self.source, "SRC_SHORT", "fewer rows than the source counts")
        after = after_page(
            position,
            rows=len(rows),
            token=text_at(stream.paginate.next, answer.body) or "",
            high=max((row.as_of for row in rows if row.as_of), default=None),
        )
        return _Page(rows=rows, columns=tuple(columns), total=total, after=after, date=answer.date)

    def _check_success(self, stream: StreamConfig, answer: Answer) -> None:
        if stream.success is None:
            return
        code = text_at(stream.success.path, answer.body)
        if code in stream.success.ok:
            return
        if code in stream.success.retry:
            raise RetryLater(self.source, "SRC_REFUSED", "the source asks to come back")
        raise StopStream(self.source, "SRC_REFUSED", "the source's own code is not among success.ok")

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()


def auth_headers(config: SiteConfig, secrets: Secrets) -> Mapping[str, str]:
    """Headers that show who the hub is. Raises `OperatorNeeded`: a missing secret, or a scheme for other transports."""
    auth = config.transport.auth
    match auth.kind:
        case AuthKind.NONE:
            return {}
        case AuthKind.BEARER:
            return {"Authorization": f"Bearer {_header_text(config, config.secret('secret', secrets))}"}
        case AuthKind.BASIC:
            pair = f"{config.plain('user', secrets)}:{config.secret('secret', secrets)}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}
        case AuthKind.HEADER:
            return {config.plain("header", secrets): _header_text(config, config.secret("secret", secrets))}
        case _:
            raise OperatorNeeded(config.id, "CONNECTOR_AUTH", f"{auth.kind} does not fit this connector")


def _header_text(config: SiteConfig, text: str) -> str:
    if not text.isprintable() or not text.isascii():
        raise OperatorNeeded(config.id, "SECRET_FORM", "expected printable ASCII for a header")
    return text


def one_of(path: jsonpath.JSONPath, body: object) -> jsonpath.JSONPathMatch | None:
    """First match of *path* in a decoded answer."""
    return next(iter(path.finditer(body)), None) if isinstance(body, dict | list) else None


def text_at(path: jsonpath.JSONPath | None, body: object) -> str | None:
    """Text at *path*; numbers of an answer are text. None if there is none."""
    found = one_of(path, body) if path is not None else None
    return found.obj if found is not None and isinstance(found.obj, str) else None


def whole_number(text: str | None) -> int | None:
    """Read a count; None if *text* is none."""
    return int(text) if text is not None and text.isdecimal() and len(text) < 16 else None  # noqa: PLR2004  no count is longer
