"""
The short lane: the common request answered without ASGI's messages between server and endpoint.

Taken by `POST /graphql` over HTTP/1.1 with a JSON body of declared length that has come as one piece; all else goes by
ASGI. Both lanes ask the same endpoint, are watched by the same watch, and send the same bytes.

A `DirectCycle` stands in uvicorn's protocol where its `RequestResponseCycle` would: the connection's queue, its flow
control, its keep-alive and the server's graceful end treat both alike.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

from hub.gateway.body import ClientGoneError
from hub.gateway.headers import Headers
from hub.gateway.http import GraphQLEndpoint, Request
from hub.gateway.reply import FAILED, Reply, as_head, ends_connection, lines_of
from hub.gateway.trail import Trail
from hub.gateway.watch import Watch

_JSON = b"application/json"
# Whoever sends one of these wants something of the server that only the long way gives, or to be refused by it.
_LONG_WAY = frozenset({b"expect", b"upgrade", b"transfer-encoding", b"content-encoding"})

RawHeaders = Sequence[tuple[bytes, bytes]]


class Lane:
    """The short way to an endpoint. One per process; its requests are told by path, method and headers."""

    def __init__(self, endpoint: GraphQLEndpoint, watch: Watch, *, path: bytes) -> None:
        self.endpoint = endpoint
        self.watch = watch
        self._path = path
        self._own: list[tuple[bytes, bytes]] = []
        self._own_lines = b""

    def takes(self, method: bytes, url: bytes, version: str, raw: RawHeaders) -> Headers | None:
        """The headers of a request with this head, if it is one for this lane once its body has come; else None."""
        if url != self._path or method != b"POST" or version != "1.1":
            return None
        headers = Headers(raw)
        length = headers.get(b"content-length") or b""
        if (
            (headers.get(b"content-type") or b"").startswith(_JSON)
            and length.isdigit()
            and 0 < int(length[:20]) <= self.endpoint.body_max_bytes
            and headers.has_none_of(_LONG_WAY)
        ):
            return headers
        return None

    def own_lines(self, server: ServerState) -> bytes:
        """The server's own headers (`date`) as lines; it makes a new list of them every second."""
        if server.default_headers is not self._own:
            self._own = server.default_headers
            self._own_lines = lines_of(self._own)
        return self._own_lines


async def _gone() -> dict[str, Any]:
    return {"type": "http.disconnect"}


class _Nobody:
    """Stands for the event that tells ASGI's `receive` that something came: here nobody waits for it."""

    def set(self) -> None:
        """Do nothing."""


_NOBODY = _Nobody()


class DirectCycle:
    """
    One request and its response.

    `task` is the one that answers; the other attributes without underscore are those that uvicorn's protocol reads and
    sets on its own kind of cycle.
    """

    __slots__ = (
        "_body", "_flow", "_headers", "_lane", "_on_response", "_peer", "_server", "_transport",
        "disconnected", "keep_alive", "message_event", "response_complete", "task",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        *,
        headers: Headers,
        body: bytes,
        keep_alive: bool,
        transport: asyncio.Transport,
        flow: FlowControl,
        server: ServerState,
        on_response: Callable[[], None],
        peer: str | None,
    ) -> None:
        self._lane = lane
        self._headers = headers
        self._body = body
        self._transport = transport
        self._flow = flow
        self._server = server
        self._on_response = on_response
        self._peer = peer
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NOBODY
        self.task: asyncio.Task[None] | None = None

    async def run_asgi(self, _app: Any) -> None:  # noqa: ANN401  uvicorn's own name and signature for its cycle
        """Answer."""
        lane, headers = self._lane, self._headers
        trail = lane.watch.begin(headers.get(b"x-request-id"))
        reply: Reply | None = FAILED
        sent = False
        # Who is gone before its question is looked at is not answered.
        body = _gone if self.disconnected else self._body
        try:
            reply = await lane.endpoint.reply(
                Request(method="POST", query_string=b"", headers=headers, body=body, peer=self._peer), trail
            )
            if self._flow.write_paused and not self.disconnected:
                await self._flow.drain()
        except ClientGoneError:
            reply = None
        except asyncio.CancelledError:
            # The server ends, and has waited for us long enough: nobody needs to hear of a cancellation after that.
            reply, self.keep_alive = FAILED, False
        except Exception as error:  # noqa: BLE001  the endpoint lets none out; if it does, the client learns no more than that
            lane.watch.failed(trail, error)
        finally:
            # Whatever breaks here, the place that the task takes among `connections_max` is given back.
            try:
                sent = self._send(reply, trail)
            finally:
                try:
                    status, size = (0, 0) if reply is None or not sent else (reply.status, len(reply.body))
                    lane.watch.end(trail, "POST", status, size)
                finally:
                    self._leave()

    def _send(self, reply: Reply | None, trail: Trail) -> bool:
        """Send *reply* if anybody is there; False if that failed."""
        if reply is None or self.disconnected or self._transport.is_closing():
            return True
        try:
            if ends_connection(reply):
                self.keep_alive = False
            head = as_head(reply, trail.request_id, self._lane.own_lines(self._server), close=not self.keep_alive)
            self._transport.write(head + reply.body)
        except Exception as error:  # noqa: BLE001  what was not sent cannot be answered for any more
            self._lane.watch.failed(trail, error)
            self.keep_alive = False
            return False
        return True

    def _leave(self) -> None:
        self.response_complete = True
        try:
            if self.task is not None:
                self._server.tasks.discard(self.task)
        finally:
            try:
                if not self.keep_alive:
                    self._transport.close()
            finally:
                self._on_response()
