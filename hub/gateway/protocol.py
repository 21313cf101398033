"""
One connection: bounds what a client may do before its request is one, and sends common requests down the short lane.

uvicorn's protocol has no limit on the size of a request's head, nor on the time it may take.

Rules:
    - A head (request line and headers) larger than `HEAD_MAX_BYTES` is refused with 431 and the connection closed.
    - A head that is not complete within `HEAD_DEADLINE_S` of the connection, or of its own first byte, closes it.
    - What is not HTTP is refused in JSON, like every other error of ours; in its turn, after the answers to the
      questions before it. A question whose own body breaks off is refused in place of its answer, never besides it.
    - A refusal is followed by a lingering close: what the client still sends is read and thrown away for a moment, or
      the system would reset the connection and the client would lose the refusal (RFC 9112, 9.6).
    - A request for the short lane (`hub.gateway.lane`) is held until its body is there; if that does not come in the
      same read as the head, the request goes by ASGI after all.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from hub.gateway.headers import Headers
from hub.gateway.lane import DirectCycle, Lane

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

HEAD_MAX_BYTES = 65_536
HEAD_DEADLINE_S = 10.0
LINGER_S = 1.0
LINGER_MAX_BYTES = 1 << 20
_NEVER = float("inf")
_ERROR = b'{"errors":[{"message":"%s","extensions":{"code":"BAD_USER_INPUT"}}]}'


class _HeadTooLargeError(Exception):
    pass


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The counters belong to the request whose head is being read."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state, _loop=_loop)
        lane = getattr(self.app, "lane", None)
        self._lane = lane if isinstance(lane, Lane) else None
        # Of a request that is held for the lane: its headers, and the pieces of its body.
        self._taken: Headers | None = None
        self._held: list[bytes] | None = None
        self._head_bytes = 0
        self._in_head = True
        self._in_body = False
        # Nothing more is parsed; `_refusal` is what there is to say of that, once all answers are out.
        self._lingering = False
        self._refusal: bytes | None = None
        # The one being answered. `cycle` is the one that came last, others between them wait in `pipeline`.
        self._running: RequestResponseCycle | DirectCycle | None = None
        # The connection is closed at `_due`. The timer may ring before that, and is then set anew: a due time that
        # moves with every request costs no timer each.
        self._due = _NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = _NEVER

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first head."""
        super().connection_made(transport)
        self._close_in(HEAD_DEADLINE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._due = _NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.pipeline.clear()
        if self._running is not None:
            _abandon(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, then count: one header may come in any number of pieces, and the parser tells only of whole ones."""
        if self._lingering:
            self._head_bytes += len(data)
            if self._head_bytes > LINGER_MAX_BYTES:
                self.transport.close()
            return
        super().data_received(data)
        if self._held is not None and not self._lingering:
            self._go_by_asgi(self._held)
        if self._in_head and not self._lingering and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX_BYTES:
                self.send_400_response("")
            elif self._due is _NEVER and self._head_bytes > 0:
                self._close_in(HEAD_DEADLINE_S)

    def on_message_begin(self) -> None:
        """A head begins. uvicorn's own beginning waits until it is known which lane the request takes."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._head_bytes = 0
        self._in_head = True
        self._in_body = False
        self._due = _NEVER

    def on_url(self, url: bytes) -> None:
        """Count a piece of the request line."""
        self._count(len(url))
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count and keep a header."""
        self._count(len(name) + len(value))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._due = _NEVER
        lane, parser = self._lane, self.parser
        if lane is not None and not self._is_crowded():
            self._taken = lane.takes(parser.get_method(), self.url, parser.get_http_version(), self.headers)
            if self._taken is not None:
                self._held = []
                return
        self._begin_asgi()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._held is not None:
            self._held.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        if self._held is None or self._lane is None or self._taken is None:
            super().on_message_complete()
            return
        pieces, self._held = self._held, None
        before = self.cycle
        cycle = DirectCycle(
            self._lane,
            headers=self._taken,
            body=pieces[0] if len(pieces) == 1 else b"".join(pieces),
            keep_alive=self.parser.should_keep_alive(),
            transport=self.transport,
            flow=self.flow,
            server=self.server_state,
            on_response=self.on_response_complete,
            peer=self.client[0] if self.client else None,
        )
        # It has all that the protocol reads of its own kind of cycle.
        self.cycle = cast("RequestResponseCycle", cycle)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def on_response_complete(self) -> None:
        """A response is sent: on with the next request, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self._lingering:
            self._end()
        elif not self._in_head:
            self._close_in(self.timeout_keep_alive)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not a request, *msg* being uvicorn's words for it, in its turn, and close."""
        if self._head_bytes > HEAD_MAX_BYTES:
            status, text = b"431 Request Header Fields Too Large", b"The request's head is too large"
        else:
            status, text = b"400 Bad Request", msg.encode("ascii", "replace")
        body = _ERROR % text
        self._refusal = (
            b"HTTP/1.1 %s\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n"
            b"cache-control: private, no-store\r\nconnection: close\r\n\r\n%s" % (status, len(body), body)
        )
        self._lingering = True
        self._held = None
        self._due = _NEVER
        if self._in_body:
            self._drop_last()
        if self._running is None or self._running.response_complete or self._running.disconnected:
            self._end()

    def _drop_last(self) -> None:
        """Forget the request that came last: its body has broken off, and what is refused is itself."""
        if self.pipeline:
            self.pipeline.popleft()
        elif self.cycle.response_started:
            self._refusal = None  # it is answered though its body was not there
        else:
            _abandon(self.cycle)

    def _end(self) -> None:
        """Say the refusal, all answers being out, then listen to nothing for a moment and close."""
        if self.transport.is_closing():
            return
        if self._refusal is not None:
            self.transport.write(self._refusal)
        self.transport.write_eof()
        self._close_in(LINGER_S)

    def _start_asgi_task(self, cycle: "RequestResponseCycle | DirectCycle", app: Any) -> None:  # noqa: ANN401  uvicorn's own
        self._running = cycle
        if not isinstance(cycle, DirectCycle):
            super()._start_asgi_task(cycle, app)
            return
        # It leaves the server's list of tasks by itself: a callback per task would be one more turn of the loop.
        cycle.task = self.loop.create_task(cycle.run_asgi(app))
        self.tasks.add(cycle.task)

    def _begin_asgi(self) -> None:
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)  # the scope holds this very list
        self.expect_100_continue = expect
        super().on_headers_complete()
        self._in_body = True

    def _go_by_asgi(self, pieces: list[bytes]) -> None:
        self._held = None
        self._begin_asgi()
        for piece in pieces:
            super().on_body(piece)

    def _is_crowded(self) -> bool:
        most = self.limit_concurrency
        return most is not None and (len(self.connections) >= most or len(self.tasks) >= most)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_MAX_BYTES:
            raise _HeadTooLargeError  # the parser wraps it, uvicorn then calls send_400_response

    def _close_in(self, seconds: float) -> None:
        self._due = self.loop.time() + seconds
        if self._rings_at > self._due or self._timer is None:
            if self._timer is not None:
                self._timer.cancel()
            self._set_timer()

    def _set_timer(self) -> None:
        self._rings_at = self._due
        self._timer = self.loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._in_head and self.flow.read_paused and not self._lingering:
            self._close_in(HEAD_DEADLINE_S)  # it is we who do not read
        elif self._due is not _NEVER:
            if self.loop.time() < self._due:
                self._set_timer()
            elif not self.transport.is_closing():
                self.transport.close()


def _abandon(cycle: "RequestResponseCycle | DirectCycle") -> None:
    """Let *cycle* end without an answer: nobody is there to read it."""
    if not cycle.response_complete:
        cycle.disconnected = True
    if not isinstance(cycle, DirectCycle):
        cycle.waiting_for_100_continue = False  # it would be written all the same
    cycle.message_event.set()
