"""
The door: every address the hub answers at, put together around a road.

    /graphql            the road
    /administration/graphql   officers' own schema (hub.administration.graph)
    /consent/graphql    consents, given and taken back by their subjects
    /graphiql           the bundled page
    /jwks.json          public keys that verify the hub's tokens
    /oauth/…            tokens, and what is told of them (`hub.identity.oauth.endpoints`)
    /healthz /readyz /freshz /freshz/{source} /metrics

`/graphql` is looked up before the router: it is the hot path.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from structlog.typing import FilteringBoundLogger

from hub.gateway.body import Receive
from hub.gateway.documents import DocumentDesk
from hub.gateway.health import Health
from hub.gateway.http import GraphQLEndpoint, Limits, Scope, Send
from hub.gateway.lane import Lane
from hub.gateway.logs import lines_of
from hub.gateway.metrics import Metrics
from hub.gateway.negotiation import wants_page
from hub.gateway.page import GraphiQLPage
from hub.gateway.peers import NO_PROXIES, Proxies
from hub.gateway.port import Doorkeeper, Road
from hub.gateway.trail import trail_of
from hub.gateway.watch import Watch

GRAPHQL_PATH = "/graphql"


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorParts:
    """
    What a door is made of.

    Attributes:
        road, doorkeeper: Who answers, and who knows who asks.
        desk: Resolves documents.
        limits: Of one request.
        proxies: Whom to believe where a request comes from.
        health, metrics, log: See their modules.
        jwks: Gives the public JSON Web Key Set; asked per request, so that a rotated key shows at once.
        graphiql: Directory of the bundle; None: the page is switched off.
        certificate_header: Lower-case name of the header in which a trusted proxy passes a client certificate on.
        lifespan: Entered before the first request, left after the last.
        more: Further routes.
    """

    road: Road
    doorkeeper: Doorkeeper
    desk: DocumentDesk
    limits: Limits
    health: Health
    metrics: Metrics
    log: FilteringBoundLogger
    jwks: Callable[[], Mapping[str, Any]]
    graphiql: Path | None
    certificate_header: bytes = b"client-cert"
    lifespan: Callable[[], AbstractAsyncContextManager[None]] = _nothing
    more: Sequence[BaseRoute] = ()
    proxies: Proxies = NO_PROXIES


class Door:
    """
    The hub's ASGI application. `drain()` is called when the server is told to stop.

    Attributes:
        fault: Why the hub could not start, for the operator; None unless its lifespan failed to begin.
        lane: The short way to `/graphql`, for a server that knows it.
        metrics: What is counted.
    """

    def __init__(self, parts: DoorParts) -> None:
        self.fault: Exception | None = None
        self._health = parts.health
        self._page = parts.graphiql is not None
        self._endpoint = GraphQLEndpoint(
            road=parts.road,
            doorkeeper=parts.doorkeeper,
            desk=parts.desk,
            limits=parts.limits,
            log=parts.log,
            proxies=parts.proxies,
            certificate_header=parts.certificate_header,
        )
        self._rooms = Starlette(routes=_routes(parts), lifespan=lambda _: self._lifespan(parts))
        self._watch = Watch(self._dispatch, metrics=parts.metrics, log=parts.log)
        self.lane = Lane(self._endpoint, self._watch, path=GRAPHQL_PATH.encode())
        self.metrics = parts.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self._watch(scope, receive, send)

    def drain(self) -> None:
        """Answer `/readyz` with 503 from now on; questions under way are still answered."""
        self._health.drain()

    @asynccontextmanager
    async def _lifespan(self, parts: DoorParts) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(parts.lifespan())
            except Exception as error:
                self.fault = error
                raise
            stack.enter_context(lines_of(parts.log).buffered())
            yield

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == GRAPHQL_PATH:
            if self._page and scope["method"] == "GET" and not scope["query_string"] and _is_browser(scope):
                await _to_page(scope, receive, send)
                return
            await self._endpoint(scope, receive, send)
            return
        await self._rooms(scope, receive, send)


def _routes(parts: DoorParts) -> list[BaseRoute]:
    async def jwks(request: Request) -> Response:
        trail = trail_of(request.scope)
        if trail is not None:
            trail.route = "jwks"
        return Response(
            orjson.dumps(parts.jwks()),
            media_type="application/jwk-set+json",
            headers={"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"},
        )

    health = parts.health
    routes: list[BaseRoute] = [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/freshz", health.freshz),
        Route("/freshz/{source}", health.freshz),
        Route("/metrics", health.metricsz),
        Route("/jwks.json", jwks),
    ]
    if parts.graphiql is not None:
        page = GraphiQLPage(parts.graphiql)
        routes += [Route("/graphiql", page.page), Route("/graphiql/{name}", page.file)]
    return [*routes, *parts.more]


def _is_browser(scope: Scope) -> bool:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), None)
    return wants_page(accept.decode("latin-1") if accept is not None else None)


async def _to_page(scope: Scope, receive: Receive, send: Send) -> None:
    await RedirectResponse("/graphiql", status_code=303)(scope, receive, send)
