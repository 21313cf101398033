"""
Bounds what a client may do before its request is one.

uvicorn's protocol has no limit on the size of a request's head, nor on the time it may take.

Rules:
    - A head (request line and headers) larger than `HEAD_MAX_BYTES` is refused with 431 and the connection closed.
    - A head that is not complete within `HEAD_DEADLINE_S` of the connection, or of its own first byte, closes it.
    - What is not HTTP is refused in JSON, like every other error of ours.
    - A refusal is followed by a lingering close: what the client still sends is read and thrown away for a moment, or
      the system would reset the connection and the client would lose the refusal (RFC 9112, 9.6).
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 65_536
HEAD_DEADLINE_S = 10.0
LINGER_S = 1.0
LINGER_MAX_BYTES = 1 << 20
_ERROR = b'{"errors":[{"message":"%s","extensions":{"code":"BAD_USER_INPUT"}}]}'


class _HeadTooLargeError(Exception):
    pass


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The counters belong to the request whose head is being read."""

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, then count: one header may come in any number of pieces, and the parser tells only of whole ones."""
        if self._lingering:
            self._head_bytes += len(data)
            if self._head_bytes > LINGER_MAX_BYTES:
                self.transport.close()
            return
        super().data_received(data)
        if self._in_head and not self._lingering and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX_BYTES:
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True
        self._await_head()

    def on_url(self, url: bytes) -> None:
        """Count a piece of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._head_came()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not a request, *msg* being uvicorn's words for it, and close."""
        if self._head_bytes > HEAD_MAX_BYTES:
            status, text = b"431 Request Header Fields Too Large", b"The request's head is too large"
        else:
            status, text = b"400 Bad Request", msg.encode("ascii", "replace")
        body = _ERROR % text
        self.transport.write(
            b"HTTP/1.1 %s\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n"
            b"cache-control: private, no-store\r\nconnection: close\r\n\r\n%s" % (status, len(body), body)
        )
        self._lingering = True
        self.transport.write_eof()
        self._head_came()
        self._head_timer = self.loop.call_later(LINGER_S, self.transport.close)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_MAX_BYTES:
            raise _HeadTooLargeError  # the parser wraps it, uvicorn then calls send_400_response

    def _await_head(self) -> None:
        self._head_came()
        self._head_timer = self.loop.call_later(HEAD_DEADLINE_S, self.transport.close)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
