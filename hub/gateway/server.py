"""
The server as users start it: uvicorn, bounded, with a graceful end.

Rules:
    - On SIGTERM or SIGINT no new connection is taken, `/readyz` says so to those that are open, and questions under
      way have `shutdown_s` to end.
    - uvicorn's own access log is off: it would write query strings. Its other lines go through ours.
"""

import logging
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from structlog.typing import FilteringBoundLogger

from hub.gateway.door import Door
from hub.gateway.logs import StandardLogs
from hub.gateway.protocol import BoundedProtocol
from hub.settings import Settings

Ready = Callable[[str], None]
_TICKS_A_SECOND = 10  # uvicorn's


class HubServer(uvicorn.Server):
    """uvicorn's server, which tells the door when to drain and the caller when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Ready | None = None) -> None:
        super().__init__(config)
        self._ready = ready

    @property
    def address(self) -> str:
        """`http://host:port` as bound; only once started."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets=sockets)
        if self.started and self._ready is not None:
            self._ready(self.address)

    async def on_tick(self, counter: int) -> bool:
        """Once a second, leave the counts for the other workers."""
        door = self._door
        if door is not None and counter % _TICKS_A_SECOND == 0:
            door.metrics.publish()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End in good order, and leave the last counts."""
        await super().shutdown(sockets=sockets)
        if self._door is not None:
            self._door.metrics.publish()

    @property
    def _door(self) -> Door | None:
        app = getattr(self.config, "loaded_app", None)
        return app if isinstance(app, Door) else None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain."""
        if self._door is not None:
            self._door.drain()
        super().handle_exit(sig, frame)


def configure(app: Door, settings: Settings, *, host: str | None = None, port: int | None = None) -> uvicorn.Config:
    """
    Configure a server.

    Args:
        app: The door.
        settings: Limits and address.
        host: Overrides the settings' address.
        port: Overrides the settings' port; 0 takes a free one.
    """
    return uvicorn.Config(
        app,
        host=host if host is not None else settings.host,
        port=port if port is not None else settings.port,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=settings.connections_max,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_s)),
    )


def take_library_logs(log: FilteringBoundLogger) -> None:
    """Send what libraries log through `logging` to *log*; called once per process, by the command line."""
    root = logging.getLogger()
    root.handlers = [StandardLogs(log)]
    root.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False
