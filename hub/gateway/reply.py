"""
What the endpoint sends back, and how it is written: as ASGI messages, or as bytes for the socket.

Rules:
    - Both spellings carry the same headers in the same order; the server adds its own (`date`) before them.
    - `Cache-Control: private, no-store`, unless the answer is wholly public; then still checked at every use, since a
      record may be withdrawn at any moment.
    - A road's header never replaces one of ours, and none can break a line.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hub.errors import ErrorCode, HubError, RefusalError, UnavailableError
from hub.gateway.negotiation import GRAPHQL_RESPONSE, JSON
from hub.gateway.port import Answer

BAD_REQUEST = 400
_FORBIDDEN = 403
_PRIVATE = b"private, no-store"
_PUBLIC = b"public, max-age=0, must-revalidate"
_VARY = b"Accept, Authorization, Purpose"
_OURS = frozenset({"content-type", "content-length", "cache-control", "vary", "x-request-id", "x-content-type-options"})
# A name is a token (RFC 9110, 5.6.2); a value has no control characters but the tab.
_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_FAILED = b'{"errors":[{"message":"The hub failed to answer","extensions":{"code":"INTERNAL"}}]}'

RawHeaders = list[tuple[bytes, bytes]]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """
    A reply.

    Attributes:
        status: HTTP status.
        body: The whole body.
        media: Its media type.
        headers: Further headers, lower-case names.
        public: Whether caches may keep it.
    """

    status: int
    body: bytes
    media: str = JSON
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    public: bool = False


FAILED = Reply(status=500, body=_FAILED)
"""What is left to say when the rest failed."""


def answered(answer: Answer, media: str) -> Reply:
    """Make the reply that carries *answer*."""
    status = BAD_REQUEST if answer.is_request_error and media == GRAPHQL_RESPONSE else 200
    return Reply(status=status, body=answer.body, media=media, headers=answer.headers, public=answer.public)


def with_nonce(reply: Reply, nonce: str | None) -> Reply:
    """Make *reply* tell the nonce that the client's next proof must carry, if there is one (RFC 9449, 8.2)."""
    if nonce is None:
        return reply
    return msgspec.structs.replace(reply, headers={**reply.headers, "dpop-nonce": nonce})


def refused(error: HubError, media: str, *, as_graphql: bool = False) -> tuple[Reply, str]:
    """
    Make the reply to a refused request, and its code.

    With *as_graphql* the request was well-formed, and a client of `application/json` reads the reason from `errors`;
    what a client must see in the status (401, 405, 429, 5xx) it sees all the same.
    """
    shown: dict[str, Any]
    headers: Mapping[str, str]
    match error:
        case RefusalError():
            status, shown, headers = error.status, error.as_graphql(), error.headers
            if as_graphql and status in {BAD_REQUEST, _FORBIDDEN}:
                status = 200
        case UnavailableError():
            status, shown = 503, {"message": error.message, "extensions": {"code": ErrorCode.INTERNAL.value}}
            headers = {"retry-after": str(error.retry_after_s)}
        case _:
            status, headers = 500, {}
            shown = {"message": "The hub failed to answer", "extensions": {"code": ErrorCode.INTERNAL.value}}
    reply = Reply(status=status, body=orjson.dumps({"errors": [shown]}), media=media, headers=headers)
    return reply, shown["extensions"]["code"]


def as_messages(reply: Reply, request_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Spell *reply* as the two messages of ASGI."""
    headers = [
        *_fixed(reply.media, reply.public),
        (b"content-length", b"%d" % len(reply.body)),
        (b"x-request-id", request_id.encode()),
        *_further(reply.headers),
    ]
    return (
        {"type": "http.response.start", "status": reply.status, "headers": headers},
        {"type": "http.response.body", "body": reply.body},
    )


def as_head(reply: Reply, request_id: str, before: bytes, *, close: bool) -> bytes:
    """
    Spell the head of *reply* as it goes to the socket, up to the empty line.

    Args:
        reply: What is sent.
        request_id: Echoed.
        before: The server's own headers, as lines.
        close: Whether to say that the connection ends here.
    """
    further = lines_of(_further(reply.headers)) if reply.headers else b""
    return b"%b%b%bcontent-length: %d\r\nx-request-id: %b\r\n%b%b\r\n" % (
        STATUS_LINE[reply.status],
        before,
        _fixed_lines(reply.media, reply.public),
        len(reply.body),
        request_id.encode(),
        further,
        b"connection: close\r\n" if close and b"connection: " not in further else b"",
    )


def ends_connection(reply: Reply) -> bool:
    """Whether *reply* itself says that the connection ends."""
    return "close" in reply.headers.get("connection", "")


def _further(headers: Mapping[str, str]) -> RawHeaders:
    return [
        (name.encode(), value.encode("latin-1", "replace"))
        for name, value in headers.items()
        if name not in _OURS and _NAME.fullmatch(name) and _CONTROL.search(value) is None
    ]


def lines_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Spell *headers* as lines."""
    return b"".join(b"%b: %b\r\n" % each for each in headers)


@lru_cache(maxsize=8)
def _fixed(media: str, public: bool) -> RawHeaders:
    return [
        (b"content-type", b"%b; charset=utf-8" % media.encode()),
        (b"cache-control", _PUBLIC if public else _PRIVATE),
        (b"vary", _VARY),
        (b"x-content-type-options", b"nosniff"),
    ]


@lru_cache(maxsize=8)
def _fixed_lines(media: str, public: bool) -> bytes:
    return lines_of(_fixed(media, public))
