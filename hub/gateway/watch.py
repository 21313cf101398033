"""
The outermost layer: gives each request its id, counts and logs it, and lets no exception out.

It wraps every route, so that nothing is answered unseen. The short lane (`hub.gateway.lane`) is watched by the same
two calls: `begin` and `end`.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from structlog.typing import FilteringBoundLogger

from hub.clock import stopwatch
from hub.gateway.access import AccessLog
from hub.gateway.body import Receive
from hub.gateway.metrics import Metrics
from hub.gateway.reply import FAILED, as_messages
from hub.gateway.trace import request_id_from
from hub.gateway.trail import Trail, leave

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Watch:
    """An ASGI application around another."""

    def __init__(self, app: App, *, metrics: Metrics, log: FilteringBoundLogger) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log
        self._access = AccessLog(log)

    def begin(self, given_id: bytes | None) -> Trail:
        """Begin to watch a request that came with *given_id* as its X-Request-Id."""
        self._metrics.begin()
        return Trail(request_id_from(given_id), stopwatch())

    def end(self, trail: Trail, method: str, status: int, size: int) -> None:
        """Count and log a request that was answered with *status* (0: not at all) and *size* bytes."""
        seconds = stopwatch() - trail.began
        self._metrics.end(route=trail.route, method=method, status=status, seconds=seconds)
        if trail.route == "graphql":
            self._metrics.question(outcome=trail.outcome, actor=trail.actor, denials=trail.denials)
        self._access.write(trail, method, status, size, seconds)

    def failed(self, trail: Trail, error: BaseException) -> None:
        """Tell the operator of an *error* that nobody else caught."""
        self._log.error("failed", request_id=trail.request_id, error=type(error).__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HTTP requests on, watched; lifespan passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = self.begin(_header(scope, b"x-request-id"))
        leave(scope, trail)
        watched = _Watched(send, trail)
        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  what comes here is a fault of ours; the client learns no more than that
            self.failed(trail, error)
            await watched.fail()
        except asyncio.CancelledError:
            # The server ends, and has waited for us long enough.
            await watched.fail()
            raise
        finally:
            self.end(trail, scope["method"], watched.status, watched.size)


class _Watched:
    """ASGI's `send`, remembering what passed."""

    __slots__ = ("_send", "_trail", "size", "status")

    def __init__(self, send: Send, trail: Trail) -> None:
        self._send = send
        self._trail = trail
        self.status = 0
        self.size = 0

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._trail.route != "graphql":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", self._trail.request_id.encode())]
        else:
            self.size += len(message.get("body", b""))
        await self._send(message)

    async def fail(self) -> None:
        """Say that the hub failed, unless something was said before."""
        if not self.status:
            head, body = as_messages(FAILED, self._trail.request_id)
            self.status = FAILED.status
            self.size = len(FAILED.body)
            await self._send(head)
            await self._send(body)


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
