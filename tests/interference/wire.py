"""Raw HTTP/1.1 over a kept connection: what is compared is every byte that came, but for the server's own `date`."""

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_DATE = re.compile(rb"(?im)^date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n")
_LENGTH = re.compile(rb"(?im)^content-length: (\d+)\r$")
_CLOSES = re.compile(rb"(?im)^connection: close\r$")
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What came.

    Attributes:
        head: Status line and headers, without `date`.
        body: The body.
    """

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head[9:12])


def request(method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes | Sequence[bytes] = b"") -> bytes:
    """Write a request; a *body* in pieces goes chunked."""
    lines = [f"{method} {path} HTTP/1.1", "host: hub", *(f"{name}: {value}" for name, value in headers)]
    if isinstance(body, bytes):
        if method == "POST":
            lines.append(f"content-length: {len(body)}")
        sent = body
    else:
        lines.append("transfer-encoding: chunked")
        sent = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*body, b"") if piece or piece == b"")
    return "\r\n".join([*lines, "", ""]).encode() + sent


class Connection:
    """One connection to one hub, opened again when the hub closes it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._address = (parts.hostname, parts.port)
        self._socket: socket.socket | None = None
        self._held = b""

    def send(self, data: bytes) -> None:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=PATIENCE_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._held = b""
        self._socket.sendall(data)

    def receive(self) -> Answer:
        while (end := self._held.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self._held = self._held[: end + 4], self._held[end + 4 :]
        length = _LENGTH.search(head)
        assert length, head
        size = int(length[1])
        while len(self._held) < size:
            self._more()
        body, self._held = self._held[:size], self._held[size:]
        if _CLOSES.search(head):
            self.close()
        return Answer(_DATE.sub(b"", head), body)

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.receive()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _more(self) -> None:
        assert self._socket is not None
        data = self._socket.recv(1 << 18)
        assert data, f"the hub closed the connection after {self._held[:300]!r}"
        self._held += data
