"""
The service transport: one HTTP call, with a deadline, a size cap and a typed end.

Rules:
    - Redirects are refused: a signed or secret header must not follow one.
    - 200 with HTML, half a body, another content type, bad JSON: each has its code. Nothing is parsed leniently.
    - Retrying is the harvester's business; `Retry-After` is handed on.
    - Numbers of a JSON answer stay text exactly as written: an amount never becomes a float.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.transport.pace import Pace
from connectors.transport.seam import sealed

CONNECTIONS: Final = 8
"""Connections to one site at a time, unless its description says otherwise."""

_CHUNK = 64 * 1024
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_LONGEST_WAIT_S = 7 * 86400.0
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: *path* starts with `/`; *json* None means no body."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decoded JSON answer with the server's own time (`Date` header), if it told it."""

    body: object
    date: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """The bytes of an answer that came whole and calls itself JSON, not yet decoded; *date* as in `Answer`."""

    body: bytes
    date: datetime | None


class ServiceTransport:
    """HTTP calls to one site. The session opens with the first call and belongs to the running loop."""

    def __init__(
        self,
        *,
        source: str,
        base_url: str,
        timeout_s: float,
        max_bytes: int,
        pace: Pace,
        connections: int = CONNECTIONS,
    ) -> None:
        self._source = source
        self._base = URL(base_url)
        if self._base.scheme not in {"http", "https"} or not self._base.host or self._base.user or self._base.query:
            raise OperatorNeeded(source, "SRC_ADDRESS", "expected http(s)://host[:port][/path]")
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._pace = pace
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def ask(
        self,
        call: Call,
        *,
        deadline_s: float | None = None,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> Answer:
        """
        Make *call* and decode its JSON.

        Args:
            call: What to ask.
            deadline_s: Seconds for everything, waiting for a turn included; never longer than the site's timeout.
            headers: Called after the turn came, for headers that carry a time.

        Raises:
            RetryLater: timeout, unreachable, 408/425/429/5xx, HTML with 200, half a body, no JSON.
            StopStream: other 4xx, another content type, too large.
            StopSite: a redirect, 403.
            OperatorNeeded: 401, TLS.
        """
        answer = await self.ask_raw(call, deadline_s=deadline_s, headers=headers)
        return Answer(body=decoded(self._source, answer.body), date=answer.date)

    async def ask_raw(
        self,
        call: Call,
        *,
        deadline_s: float | None = None,
        headers: Callable[[], Mapping[str, str]] | None = None,
    ) -> RawAnswer:
        """Make *call* like `ask`, and leave its answer as it came: whoever knows it already need not read it again."""
        limit = self._timeout_s if deadline_s is None else min(self._timeout_s, deadline_s)
        with sealed(self._source):
            async with asyncio.timeout(limit):
                await self._pace.turn()
                signed = {**call.headers, **(headers() if headers else {})}
                return await self._exchange(call, signed)

    async def _exchange(self, call: Call, headers: Mapping[str, str]) -> RawAnswer:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        url = self._base.with_path(self._base.path.rstrip("/") + call.path)
        body = None if call.json is None else msgspec.json.encode(call.json)
        named = {"Accept": "application/json", **headers}
        async with self._session.request(
            call.method,
            url,
            params=dict(call.query) or None,
            data=body,
            headers=named if body is None else {"Content-Type": "application/json", **named},
            allow_redirects=False,
        ) as response:
            date = _date(response.headers.get("Date"))
            if response.status != HTTPStatus.OK:
                raise self._refusal(response, call.path, date)
            self._check_type(response)
            return RawAnswer(body=await self._body(response), date=date)

    def _refusal(self, response: aiohttp.ClientResponse, path: str, date: datetime | None) -> SourceError:
        status = response.status
        detail = f"HTTP {status} {path}"
        if status in _PASSING or status >= _SERVER_ERROR:
            wait = _retry_after(response.headers.get("Retry-After"), date)
            return RetryLater(self._source, f"SRC_HTTP_{status}", detail, retry_after_s=wait)
        if status == HTTPStatus.UNAUTHORIZED:
            return OperatorNeeded(self._source, "SRC_UNAUTHENTICATED", detail)
        if status == HTTPStatus.FORBIDDEN:
            return StopSite(self._source, "SRC_FORBIDDEN", detail)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return StopSite(self._source, "SRC_REDIRECT", detail)
        return StopStream(self._source, f"SRC_HTTP_{status}", detail)

    def _check_type(self, response: aiohttp.ClientResponse) -> None:
        kind = response.content_type
        if kind in {"text/html", "application/xhtml+xml"}:
            raise RetryLater(self._source, "SRC_HTML", "HTML where JSON was expected")
        if kind != "application/json" and not kind.endswith("+json"):
            raise StopStream(self._source, "SRC_CONTENT_TYPE", "expected application/json")
        if (response.content_length or 0) > self._max_bytes:
            raise StopStream(self._source, "SRC_OVERSIZE", f"more than {self._max_bytes} bytes")

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise StopStream(self._source, "SRC_OVERSIZE", f"more than {self._max_bytes} bytes")
        return bytes(body)

    async def close(self) -> None:
        """Close the session; may be called again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def decoded(source: str, body: bytes) -> object:
    """Decode JSON, strictly; its numbers stay text. Raises `RetryLater` SRC_BODY."""
    try:
        return json.loads(body.decode("utf-8"), parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise RetryLater(source, "SRC_BODY", f"no JSON in {len(body)} bytes") from None


def _refuse_constant(_text: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _retry_after(text: str | None, date: datetime | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal() and len(text) < 10:  # noqa: PLR2004  more digits are no wait but a fault
        return min(float(text), _LONGEST_WAIT_S)
    until = _date(text)
    if until is None or date is None:
        return None
    return min(max((until - date).total_seconds(), 0.0), _LONGEST_WAIT_S)
