"""
Faults that can be switched on while a platform serves, and the middleware that commits them.

Rules:
    - `/_faults` and `/_asked` answer whatever is on; they need the admin token. Servers listen on loopback only.
    - A fault is what the network and the machine do, so it is committed outside the platform's own code.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KINDS: Final = ("slow", "down", "error", "html", "half", "cut", "skew", "replay")

_DEFAULT_SECONDS: Final = {"slow": 2.0, "skew": 3600.0}
_MAINTENANCE: Final = (
    "<!DOCTYPE html><html lang='zh'><head><title>系统维护</title></head>"
    "<body><h1>系统维护中,请稍后再试</h1></body></html>"
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault that is on: `times` requests are left to it, None for all that come."""

    kind: str
    seconds: float
    times: int | None


@dataclass(slots=True)
class Faults:
    """
    The faults of one platform.

    Attributes:
        current: What is on, None if the platform is well. Owned by the event loop the platform runs in.
        fallen: Set as soon as a fault has fallen on a request since one was switched on.
    """

    current: Fault | None = None
    fallen: asyncio.Event = field(default_factory=asyncio.Event)
    _sleepers: set[asyncio.Event] = field(default_factory=set)

    def on(self, kind: str, *, seconds: float | None = None, times: int | None = None) -> None:
        """
        Switch the fault *kind* on, in place of the one that was.

        Args:
            kind: One of `KINDS`.
            seconds: How slow, or how far the clock is ahead.
            times: How many requests it falls on; None for all.

        Raises:
            ValueError: no such fault, or a number that makes no sense.
        """
        if kind not in KINDS:
            raise ValueError(f"fault: expected one of {', '.join(KINDS)}, got {kind!r}")
        chosen = _DEFAULT_SECONDS.get(kind, 0.0) if seconds is None else seconds
        if (times is not None and times < 1) or (kind == "slow" and chosen < 0):
            raise ValueError(f"fault {kind}: seconds and times must be positive")
        self.current = Fault(kind=kind, seconds=chosen, times=times)
        self.fallen.clear()

    def off(self) -> None:
        """Switch every fault off; requests that a slow platform holds are answered at once."""
        self.current = None
        for sleeper in self._sleepers:
            sleeper.set()

    @property
    def skew_s(self) -> float:
        """How far the platform's clock is ahead, seconds."""
        return self.current.seconds if self.current and self.current.kind == "skew" else 0.0

    def take(self) -> Fault | None:
        """Take the fault that falls on one request, None if none does."""
        fault = self.current
        if fault is None:
            return None
        self.fallen.set()
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.current = None
        return fault

    async def wait(self, seconds: float) -> None:
        """Wait *seconds*, or until the faults are switched off."""
        sleeper = asyncio.Event()
        self._sleepers.add(sleeper)
        try:
            await asyncio.wait_for(sleeper.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._sleepers.discard(sleeper)


class FaultyPlatform:
    """ASGI middleware: serves `/_faults`, and lets *faults* fall on everything else."""

    def __init__(self, app: ASGIApp, faults: Faults, admin_token: str) -> None:
        self._app = app
        self._faults = faults
        self._admin_token = admin_token
        # Path to the last good answer: what `replay` sends again. Bounded by the platform's number of paths.
        self._last: dict[str, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == "/_faults":
            await (await self._switch(Request(scope, receive)))(scope, receive, send)
        elif scope["path"].startswith("/_"):
            await self._app(scope, receive, send)
        else:
            await self._commit(self._faults.take(), scope, receive, send)

    async def _commit(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind if fault else None:
            case "slow" if fault:
                await self._faults.wait(fault.seconds)
                # Who has left in the meantime needs no answer.
                with contextlib.suppress(ClientDisconnect):
                    await self._remember(scope, receive, send)
            case "down":
                await _hang_up(scope, receive)
            case "error":
                await PlainTextResponse("Internal Server Error", status_code=500)(scope, receive, send)
            case "html":
                await HTMLResponse(_MAINTENANCE)(scope, receive, send)
            case "half":
                await self._half(scope, receive, send)
            case "cut":
                await self._cut(scope, receive, send)
            case "replay" if scope["path"] in self._last:
                await _read_all(receive)
                for message in self._last[scope["path"]]:
                    await send(message)
            case _:
                await self._remember(scope, receive, send)

    async def _remember(self, scope: Scope, receive: Receive, send: Send) -> None:
        messages = await _record(self._app, scope, receive)
        if messages and messages[0].get("status") == 200:  # noqa: PLR2004  HTTP OK
            self._last[scope["path"]] = messages
        for message in messages:
            await send(message)

    async def _half(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, body = _whole(await _record(self._app, scope, receive))
        await send(start)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _hang_up(scope, receive, politely=True)

    async def _cut(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, body = _whole(await _record(self._app, scope, receive))
        body = body[: len(body) // 2]
        headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    async def _switch(self, request: Request) -> Response:
        if not is_admin(request, self._admin_token):
            return JSONResponse({"error": "admin token expected"}, status_code=401)
        if request.method == "POST":
            try:
                self._order(orjson.loads(await request.body()))
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        fault = self._faults.current
        told = {"fault": fault.kind, "seconds": fault.seconds, "times": fault.times} if fault else {"fault": None}
        return JSONResponse(told)

    def _order(self, order: dict[str, Any]) -> None:
        if order["fault"] is None:
            self._faults.off()
        else:
            self._faults.on(order["fault"], seconds=order.get("seconds"), times=order.get("times"))


def is_admin(request: Request, token: str) -> bool:
    """Whether *request* carries the admin *token*."""
    return request.headers.get("authorization") == f"Bearer {token}"


Abort = Callable[[], None]
ABORT: Final = "sandbox.abort"
"""Key of the scope under which the server's protocol leaves the means to break the connection (see `serving`)."""
FINISH: Final = "sandbox.finish"
"""Likewise, to close it after what was written has left."""


async def _hang_up(scope: Scope, receive: Receive, *, politely: bool = False) -> None:
    close: Abort = scope[FINISH if politely else ABORT]
    close()
    while (await receive())["type"] != "http.disconnect":
        continue


async def _read_all(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        continue


async def _record(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, keep)
    return messages


def _whole(messages: list[Message]) -> tuple[Message, bytes]:
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])
