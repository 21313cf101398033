"""An HTTP platform as a real server on a loopback port, in the event loop that runs already."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from connectors.sandbox.faults import ABORT, FINISH

LOOPBACK: Final = "127.0.0.1"


class BreakableProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with the means to break the connection left where the fault middleware finds them."""

    def on_message_begin(self) -> None:
        """Begin a request's scope."""
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope[ABORT] = self.transport.abort
        scope[FINISH] = self.transport.close


class Serving:
    """
    One platform's server.

    Attributes:
        base_url: `http://127.0.0.1:<port>`, fixed from the first start on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._config = uvicorn.Config(
            app,
            http=BreakableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server: _QuietServer | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        """Where the platform is reached."""
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen: on a free port the first time, on the same one after `stop`."""
        listening = _bind(self.port)
        self.port = listening.getsockname()[1]
        self._server = _QuietServer(self._config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]), name=f"sandbox:{self.port}")
        await self._server.ready.wait()

    async def stop(self) -> None:
        """Close the listening socket and every connection; answers under way get two seconds."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.woken.set()
        await self._task
        self._server = self._task = None


class _QuietServer(uvicorn.Server):
    """uvicorn's server without signal handlers and without a tick of its own: it sleeps until it is told to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.woken = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell the one who waits."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Sleep until told to stop."""
        await self.woken.wait()


def _bind(port: int) -> socket.socket:
    # The protocol is named, or asyncio does not switch Nagle's algorithm off and every answer waits 40 ms for an ACK.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((LOOPBACK, port))
    return listening
