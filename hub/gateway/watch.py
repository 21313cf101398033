"""
The outermost layer: gives each request its id, counts and logs it, and lets no exception out.

It wraps every route, so that nothing is answered unseen. The hot path is one wrapped `send`.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from structlog.typing import FilteringBoundLogger

from hub.clock import stopwatch
from hub.gateway.body import Receive
from hub.gateway.metrics import Metrics
from hub.gateway.trace import request_id_from
from hub.gateway.trail import Trail, leave

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_BODY = b'{"errors":[{"message":"The hub failed to answer","extensions":{"code":"INTERNAL"}}]}'
_SERVER_FAULT = 500
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS"})
_QUIET = frozenset({"healthz", "readyz", "metrics"})


class Watch:
    """An ASGI application around another."""

    def __init__(self, app: App, *, metrics: Metrics, log: FilteringBoundLogger) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass HTTP requests on, watched; lifespan passes as it is."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trail = Trail(request_id=request_id_from(_header(scope, b"x-request-id")))
        leave(scope, trail)
        status, size = 0, 0

        async def watched(message: MutableMapping[str, Any]) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                if trail.route != "graphql":
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", trail.request_id.encode())]
            else:
                size += len(message.get("body", b""))
            await send(message)

        began = stopwatch()
        self._metrics.begin()
        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  what comes here is a fault of ours; the client learns no more than that
            self._log.error("failed", request_id=trail.request_id, error=type(error).__name__)
            if not status:
                await _fail(watched)
        finally:
            seconds = stopwatch() - began
            self._metrics.end(route=trail.route, method=scope["method"], status=status, seconds=seconds)
            self._report(trail, scope["method"], status, size, seconds)

    def _report(self, trail: Trail, method: str, status: int, size: int, seconds: float) -> None:
        if trail.route == "graphql":
            self._metrics.question(outcome=trail.outcome, actor=trail.actor, denials=trail.denials)
        say = self._log.debug if trail.route in _QUIET and status < _SERVER_FAULT else self._log.info
        say(
            "request",
            request_id=trail.request_id,
            trace_id=trail.trace_id or None,
            route=trail.route,
            method=method if method in _METHODS else "other",
            status=status,
            outcome=trail.outcome or None,
            duration_ms=round(seconds * 1000, 3),
            bytes=size,
            actor=trail.actor,
            partner=trail.partner,
            operation=trail.operation,
            denials=trail.denials or None,
        )


async def _fail(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", b"%d" % len(_BODY)),
        (b"cache-control", b"private, no-store"),
    ]
    await send({"type": "http.response.start", "status": _SERVER_FAULT, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
