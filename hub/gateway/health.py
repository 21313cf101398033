"""
Is the hub alive, can it answer, how fresh is what it would answer.

    /healthz   200 as long as the process serves: restart it if not
    /readyz    200 if every check passes, else 503: send nobody here
    /freshz    200 if every source is as fresh as it promised, else 503; each source is named with its state
    /metrics   Prometheus

Rule: a check that raises or takes longer than its deadline has failed; its message stays here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from structlog.typing import FilteringBoundLogger

from hub.clock import Clock, from_iso
from hub.gateway.metrics import CONTENT_TYPE, Metrics
from hub.gateway.trail import trail_of
from hub.store import tables
from hub.store.engine import glancing
from hub.store.sources import Freshness, SourceState
from hub.store.tables import table_of

Check = Callable[[], Awaitable[bool]]
_CHECK_DEADLINE_S = 2.0
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


ReadSources = Callable[[datetime], Awaitable[Sequence[SourceState]]]


def age_s(source: SourceState, now: datetime) -> float | None:
    """Seconds since *source* was last read with success, None if it never was."""
    if source.last_succeeded_at is None:
        return None
    return max(0.0, (now - from_iso(source.last_succeeded_at)).total_seconds())


async def store_usable(engine: AsyncEngine) -> bool:
    """Whether the store can be read and has our tables; raises what the driver raises if not."""
    async with glancing(engine) as reader:
        await reader.first(select(table_of(tables.LogCheckpoint).c.size).limit(1))
    return True


class Health:
    """The four pages."""

    def __init__(
        self,
        *,
        checks: Mapping[str, Check],
        sources: ReadSources,
        log_size: Callable[[], Awaitable[int]],
        metrics: Metrics,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._checks = checks
        self._sources = sources
        self._log_size = log_size
        self._metrics = metrics
        self._clock = clock
        self._log = log
        self._draining = False

    def drain(self) -> None:
        """Say from now on that nobody should be sent here: the server is about to stop."""
        self._draining = True

    async def healthz(self, request: Request) -> Response:
        """Alive."""
        _mark(request, "healthz")
        return _json(200, {"status": "ok"})

    async def readyz(self, request: Request) -> Response:
        """Able to answer: each check by name, `ok` or `failed`."""
        _mark(request, "readyz")
        results = dict(
            zip(self._checks, await asyncio.gather(*(self._passes(name) for name in self._checks)), strict=True)
        )
        if self._draining:
            results["draining"] = False
        ready = all(results.values())
        body = {
            "status": "ready" if ready else "not ready",
            "checks": {name: "ok" if passed else "failed" for name, passed in results.items()},
        }
        return _json(200 if ready else 503, body)

    async def freshz(self, request: Request) -> Response:
        """Freshness of every source, or of the one named in the path (404 if there is none)."""
        _mark(request, "freshz")
        now = self._clock.now()
        wanted = request.path_params.get("source")
        found = [each for each in await self._sources(now) if wanted is None or each.id == wanted]
        if wanted is not None and not found:
            return _json(404, {"status": "unknown source"})
        rows = [_freshness_row(each, now) for each in found]
        fine = all(_is_fine(each) for each in found)
        return _json(200 if fine else 503, {"status": "fresh" if fine else "not fresh", "sources": rows})

    async def metricsz(self, request: Request) -> Response:
        """Prometheus text. A store that cannot be read leaves its gauges as they were."""
        _mark(request, "metrics")
        try:
            async with asyncio.timeout(_CHECK_DEADLINE_S):
                self._metrics.set_log_size(await self._log_size())
                now = self._clock.now()
                self._metrics.set_source_ages({each.id: age_s(each, now) for each in await self._sources(now)})
        except Exception as error:  # noqa: BLE001  the counters must be readable when the store is not
            self._log.warning("metrics incomplete", error=type(error).__name__)
        return Response(self._metrics.render(), media_type=CONTENT_TYPE, headers=_HEADERS)

    async def _passes(self, name: str) -> bool:
        try:
            async with asyncio.timeout(_CHECK_DEADLINE_S):
                passed = await self._checks[name]()
        except Exception as error:  # noqa: BLE001  a check that raises has failed
            self._log.warning("check failed", check=name, error=type(error).__name__)
            return False
        if not passed:
            self._log.warning("check failed", check=name)
        return passed


def _is_fine(source: SourceState) -> bool:
    # A live source is asked per question: only a failed last try speaks against it.
    return source.state is Freshness.FRESH or (source.live and source.state is not Freshness.UNREACHABLE)


def _freshness_row(source: SourceState, now: datetime) -> dict[str, Any]:
    age = age_s(source, now)
    return {
        "id": source.id,
        "state": source.state.value,
        "live": source.live,
        "ageSeconds": None if age is None else round(age),
        "maxAgeSeconds": source.max_age_s,
        "lastSucceededAt": source.last_succeeded_at,
        "lastError": source.last_error,
    }


def _mark(request: Request, route: str) -> None:
    trail = trail_of(request.scope)
    if trail is not None:
        trail.route = route


def _json(status: int, body: object) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=_HEADERS)
