"""A connection without a network: bytes go into the server's protocol, and what it writes is kept."""

import asyncio
from collections.abc import Iterable
from typing import Any

from uvicorn.server import ServerState

from hub.gateway.door import Door
from hub.gateway.protocol import BoundedProtocol
from hub.gateway.server import configure
from hub.settings import Settings
from tests.asgi import Response

DATE = (b"date", b"Fri, 20 Nov 2026 08:00:00 GMT")


class Pipe(asyncio.Transport):
    """The server's end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = asyncio.Event()
        self.ended = False
        self.paused = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed.is_set()
        if self.ended:
            raise RuntimeError("Cannot call write() after write_eof()")
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed.set()

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Wire:
    """One connection to a door; needs a running loop."""

    def __init__(self, door: Door, *, short: bool = True, settings: Settings | None = None) -> None:
        config = configure(door, settings or Settings())
        config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]
        lane, door.lane = door.lane, door.lane if short else None
        self.protocol = BoundedProtocol(config=config, server_state=self.state, app_state={})
        door.lane = lane
        self.pipe = Pipe()
        self.protocol.connection_made(self.pipe)

    def send(self, *pieces: bytes) -> None:
        """Let *pieces* arrive, each by itself."""
        for piece in pieces:
            self.protocol.data_received(piece)

    async def settle(self) -> bytes:
        """Wait until every question on the wire is answered; all that was written."""
        while tasks := [task for task in self.state.tasks if not task.done()]:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # for the callbacks of the tasks, which may start others
        return bytes(self.pipe.written)

    async def ask(self, *pieces: bytes) -> bytes:
        """Send *pieces* and wait for all answers."""
        self.send(*pieces)
        return await self.settle()

    def hang_up(self) -> None:
        """The client is gone, or there never was another word from it."""
        self.protocol.connection_lost(None)


def request(
    method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"", *, version: str = "1.1"
) -> bytes:
    """Spell a request; a body gets its length unless *headers* give one."""
    lines = [f"{method} {target} HTTP/{version}", "host: hub", *(f"{name}: {value}" for name, value in headers)]
    names = {name.lower() for name, _ in headers}
    if body and not names & {"content-length", "transfer-encoding"}:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def parse(data: bytes, *, head_only: bool = False) -> tuple[Response, bytes]:
    """The first response in *data*, and the rest."""
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    length = 0 if head_only else int(headers.get("content-length", "0"))
    return Response(status=int(first.split(" ")[1]), headers=headers, body=rest[:length]), rest[length:]
