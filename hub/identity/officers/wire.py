"""
Officers' requests on the wire: bounded JSON in, JSON out, every refusal with its code and rule.

Rules:
    - A POST carries one JSON object of at most 16 KiB, said to be JSON: a form of another site cannot send it.
    - Answers are never kept by anybody on the way.
    - Refusals have the shape of GraphQL's errors, as everywhere in this hub.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.routing import Route

from hub.errors import BadInputError, HubError, RefusalError, UnavailableError
from hub.gateway.body import ClientGoneError, Receive, read_body
from hub.gateway.negotiation import JSON
from hub.gateway.reply import refused
from hub.gateway.trail import trail_of
from hub.gateway.watch import Scope, Send
from hub.identity.strict_json import strict_object

_BODY_MAX = 16_384
_BODY_DEADLINE_S = 10.0
_TEXT_MAX = 256
_FIXED = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    A request.

    Attributes:
        method: HTTP method.
        headers: As ASGI gives them.
        peer: Address of the other end of the connection.
        query: The query string, undecoded.
        place: Parameters of the path.
        body: The JSON object; empty for a GET.
    """

    method: str
    headers: Sequence[tuple[bytes, bytes]]
    peer: str | None
    query: bytes
    place: Mapping[str, str]
    body: Mapping[str, Any]

    def text(self, name: str, *, most: int = _TEXT_MAX) -> str:
        """
        Read the member *name*, text of 1 to *most* characters.

        Raises:
            BadInputError: absent, of another type, empty, too long or with control characters.
        """
        value = self.body.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
            raise BadInputError(f"{name}: expected text of 1 to {most} characters", place=(name,))
        return value

    def choice(self, name: str, *, default: str, among: Sequence[str]) -> str:
        """
        Read the member *name*, one of a few words.

        Raises:
            BadInputError: another word.
        """
        value = self.body.get(name, default)
        if value not in among:
            raise BadInputError(f"{name}: expected one of {', '.join(among)}", place=(name,))
        return str(value)

    def object(self, name: str) -> Mapping[str, Any]:
        """
        Read the member *name*, a JSON object.

        Raises:
            BadInputError: it is none.
        """
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise BadInputError(f"{name}: expected an object", place=(name,))
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    An answer.

    Attributes:
        value: Sent as JSON, unless *page*.
        status: HTTP status.
        cookies: Set-Cookie headers.
        page: HTML to send instead.
    """

    value: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    cookies: Sequence[str] = ()
    page: str | None = None


Handler = Callable[[Call], Awaitable[Said]]


def route(method: str, path: str, handler: Handler) -> Route:
    """Answer *method* at *path* by *handler*; other methods are refused in JSON too."""
    return Route(path, _Endpoint(method, handler))


class _Endpoint:
    """An ASGI application around one handler."""

    def __init__(self, method: str, handler: Handler) -> None:
        self._method = method
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        trail = trail_of(scope)
        if trail is not None:
            trail.route = "officer"
        try:
            said = await self._handler(await self._call(scope, receive))
        except ClientGoneError:
            return
        except (RefusalError, UnavailableError) as error:
            await _refuse(error, send)
            return
        await _say(said, send)

    async def _call(self, scope: Scope, receive: Receive) -> Call:
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        if scope["method"] != self._method:
            raise BadInputError(f"Expected {self._method}", status=405, headers={"allow": self._method})
        place: Mapping[str, str] = scope.get("path_params", {})
        if not all(part.isascii() and part.isprintable() for part in place.values()):
            raise BadInputError("The path names nothing: expected letters and digits", status=404)
        client = scope.get("client")
        return Call(
            method=self._method,
            headers=headers,
            peer=client[0] if client else None,
            query=scope["query_string"],
            place=place,
            body=await _body_of(headers, receive) if self._method == "POST" else {},
        )


async def _body_of(headers: Sequence[tuple[bytes, bytes]], receive: Receive) -> Mapping[str, Any]:
    kinds = [value.partition(b";")[0].strip().lower() for name, value in headers if name == b"content-type"]
    if kinds != [JSON.encode()]:
        raise BadInputError("Expected one Content-Type: application/json", status=415)
    declared = next((value for name, value in headers if name == b"content-length"), None)
    try:
        async with asyncio.timeout(_BODY_DEADLINE_S):
            body = await read_body(receive, declared, _BODY_MAX)
    except TimeoutError:
        raise BadInputError("The body took too long", status=408, headers={"connection": "close"}) from None
    try:
        return strict_object(body) if body else {}
    except ValueError:
        raise BadInputError("The body is not one JSON object in UTF-8, with each name once") from None


async def _refuse(error: HubError, send: Send) -> None:
    reply, _ = refused(error, JSON)
    await _send(send, reply.status, reply.body, JSON, reply.headers.items())


async def _say(said: Said, send: Send) -> None:
    cookies = [("set-cookie", cookie) for cookie in said.cookies]
    if said.page is not None:
        await _send(send, said.status, said.page.encode(), "text/html", cookies)
        return
    await _send(send, said.status, orjson.dumps(said.value), JSON, cookies)


async def _send(
    send: Send,
    status: int,
    body: bytes,
    media: str,
    further: Sequence[tuple[str, str]] | Any,  # noqa: ANN401
) -> None:
    headers = [("content-type", f"{media}; charset=utf-8"), ("content-length", str(len(body))), *_FIXED.items()]
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in [*headers, *further]]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
