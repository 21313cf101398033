"""
The authorization server's addresses: Starlette around `hub.identity.oauth.server`.

    POST /oauth/token        a client's assertion (and proof) for a token
    POST /oauth/introspect   what a token is, for officers and for its own client
    POST /oauth/revoke       take a token back: its own client, and officers whose duty it is
    /.well-known/oauth-authorization-server, /.well-known/oauth-protected-resource

In order: 1 the form, 2 who is named, and what the store says of them, 3 the decision, in a thread, 4 what is used up or
taken back, in one transaction, 5 the answer. What is used up is recorded only by an answer that acts on it.

Source: RFC 6749, 5; RFC 7009; RFC 7662; RFC 9449, 5 and 8.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.clock import Clock
from hub.errors import RefusalError, UnauthenticatedError, UnavailableError
from hub.gateway.body import ClientGoneError, Receive
from hub.gateway.trail import trail_of
from hub.identity.certificates import Certificates
from hub.identity.doorkeeper import stands
from hub.identity.oauth.assertion import Shown, read_assertion
from hub.identity.oauth.clients import Clients
from hub.identity.oauth.forms import Form, read_form
from hub.identity.oauth.metadata import (
    INTROSPECTION_PATH,
    REVOCATION_PATH,
    TOKEN_PATH,
    Addresses,
    resource_metadata,
    resource_paths,
    server_metadata,
    server_paths,
)
from hub.identity.oauth.refusals import AnsweredError, ForbiddenHereError, ProofRefusedError, UnavailableHereError
from hub.identity.oauth.server import INTROSPECTION, REVOCATION, TOKEN, Asked, House, Named, Outcome, decide
from hub.identity.officers.duties import Duty, has_duty
from hub.identity.officers.model import Acting
from hub.identity.once import forget_expired, use_up
from hub.identity.partners import Partners
from hub.identity.revocations import revoke_token
from hub.identity.tokens import TokenVerifier
from hub.store.engine import writing

BODY_DEADLINE_S = 10.0
FORGET_EVERY_S = 60.0
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
_PUBLIC = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
_OK = 200
_SESSION_HEADERS = frozenset({b"authorization", b"cookie"})

Scope = MutableMapping[str, Any]


class Sessions(Protocol):
    """`hub.identity.officers.sessions`: which officer acts."""

    async def acting(self, headers: Iterable[tuple[bytes, bytes]], method: str) -> Acting:
        """
        Tell which officer acts.

        Raises:
            UnauthenticatedError, ForbiddenError: none does, or not from here.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    What the endpoints are made of.

    Attributes:
        house: See `hub.identity.oauth.server`.
        engine: The store.
        clients: Find clients and their keys.
        partners: The register, for tokens that are asked about.
        verifier: Verifies those tokens; of its own, and without a memory.
        certificates: Names client certificates.
        sessions: Of officers; None: there are none yet.
        clock: The time.
        new_id: Makes the `jti` of a token.
    """

    house: House
    engine: AsyncEngine
    clients: Clients
    partners: Partners
    verifier: TokenVerifier
    certificates: Certificates
    sessions: Sessions | None
    clock: Clock
    new_id: Callable[[], str]


def routes(desk: Desk, where: Addresses) -> Sequence[BaseRoute]:
    """Make the routes."""
    endpoints = Endpoints(desk)
    metadata = {
        **dict.fromkeys(server_paths(where), server_metadata(where)),
        **dict.fromkeys(resource_paths(where), resource_metadata(where)),
    }
    return [
        Route(TOKEN_PATH, _Endpoint(endpoints, TOKEN)),
        Route(INTROSPECTION_PATH, _Endpoint(endpoints, INTROSPECTION)),
        Route(REVOCATION_PATH, _Endpoint(endpoints, REVOCATION)),
        *(Route(path, _document(members)) for path, members in metadata.items()),
    ]


class Endpoints:
    """Answers at the three endpoints. One per process."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._forgot_at = 0.0

    async def answer(self, endpoint: str, scope: Scope, receive: Receive) -> Response:
        """
        Answer one request.

        Raises:
            ClientGoneError: the client left before its request was whole.
        """
        try:
            form = await read_form(scope, receive, deadline_s=BODY_DEADLINE_S)
            asked = await self._look_up(endpoint, form)
            # Signatures and a new token: some milliseconds of work that must not hold up anybody else's question.
            outcome = await asyncio.to_thread(decide, self._desk.house, asked, endpoint)
            if outcome.status == _OK:
                await self._record(outcome)
        except OAuth2Error as error:
            return _response(*error())
        except UnavailableError:
            return _response(*UnavailableHereError("Ask again in a moment")())
        headers = [*outcome.headers]
        if outcome.proven is not None and outcome.proven.renewed is not None:
            headers.append(("DPoP-Nonce", outcome.proven.renewed))
        return _response(outcome.status, outcome.body, headers)

    async def _look_up(self, endpoint: str, form: Form) -> Asked:
        desk, now = self._desk, self._desk.clock.now()
        shown, officer = None, None
        if "client_assertion" in form.values or endpoint == TOKEN:
            shown = self._shown(form)
        else:
            officer = await self._officer(endpoint, form)
        client = None if shown is None else await desk.clients.find(shown.client, shown.kid, now)
        return Asked(
            form=form.values,
            now=now,
            shown=shown,
            client=client,
            officer=officer,
            proofs=form.headers.all(b"dpop"),
            certificate=self._certificate(form),
            named=await self._named(form.values.get("token")),
            jti=desk.new_id(),
        )

    @staticmethod
    def _shown(form: Form) -> Shown | None:
        values = form.values
        if "client_assertion" not in values:
            # Authlib says first whether the grant is one of ours.
            return None
        return read_assertion(values.get("client_assertion_type"), values["client_assertion"], values.get("client_id"))

    async def _officer(self, endpoint: str, form: Form) -> Acting | None:
        if self._desk.sessions is None or form.headers.has_none_of(_SESSION_HEADERS):
            return None
        try:
            acting = await self._desk.sessions.acting(form.raw, "POST")
        except UnauthenticatedError:
            raise InvalidClientError("No live session of an officer is shown", status_code=401) from None
        except RefusalError as error:
            raise ForbiddenHereError(error.message) from None
        duty = Duty.RESTRAIN_PARTNER if endpoint == REVOCATION else Duty.READ_REGISTER
        if not has_duty(acting.officer.role, duty):
            raise ForbiddenHereError(f"Not a duty of this role: duty.{duty.value}")
        return acting

    def _certificate(self, form: Form) -> str | None:
        values = form.headers.all(self._desk.house.certificate_header)
        try:
            return self._desk.certificates.thumbprint(b", ".join(values) if values else None, form.peer)
        except RefusalError as error:
            raise AnsweredError(error.message) from None

    async def _named(self, token: str | None) -> Named | None:
        if token is None:
            return None
        now = self._desk.clock.now()
        try:
            claims = self._desk.verifier.verify(token, now)
        except UnauthenticatedError:
            return None
        known = await self._desk.partners.look_up(claims.partner)
        return Named(claims=claims, is_active=known is not None and stands(known, claims, now))

    async def _record(self, outcome: Outcome) -> None:
        """
        Record what the answer uses up and takes back; nothing of it if one part was used before.

        Raises:
            InvalidClientError, ProofRefusedError: it was.
        """
        desk, now = self._desk, self._desk.clock.now()
        async with writing(desk.engine) as writer:
            once = outcome.authenticated
            if once is not None and not await use_up(writer, once.digest, once.expires_at):
                raise InvalidClientError("The assertion was used before")
            proof = None if outcome.proven is None else outcome.proven.proof
            if proof is not None and not await use_up(writer, proof.digest, proof.expires_at):
                raise ProofRefusedError("The proof was used before")
            if outcome.revoked is not None:
                await revoke_token(writer, outcome.revoked, now=now)
        if outcome.revoked is not None:
            # This worker learns of it now, and the others by the commit of their next answer.
            await desk.partners.look_up(outcome.revoked.partner)
        if now.timestamp() - self._forgot_at > FORGET_EVERY_S:
            self._forgot_at = now.timestamp()
            await forget_expired(desk.engine, now)


class _Endpoint:
    """One endpoint as an ASGI application: of every method, so that a wrong one is refused in OAuth's words."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self._endpoints = endpoints
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Callable[[Any], Awaitable[None]]) -> None:
        trail = trail_of(scope)
        if trail is not None:
            trail.route = f"oauth_{self._name}"
        try:
            response = await self._endpoints.answer(self._name, scope, receive)
        except ClientGoneError:
            return
        await response(scope, receive, send)


def _response(status: int, body: Mapping[str, Any], headers: Iterable[tuple[str, str]]) -> Response:
    more = {name.lower(): value for name, value in headers if name.lower() != "content-type"}
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json", headers={**_NO_STORE, **more}
    )


def _document(members: Mapping[str, Any]) -> Callable[[Request], Awaitable[Response]]:
    content = orjson.dumps(members)

    async def show(request: Request) -> Response:
        trail = trail_of(request.scope)
        if trail is not None:
            trail.route = "oauth_metadata"
        return Response(content, media_type="application/json", headers=_PUBLIC)

    return show
