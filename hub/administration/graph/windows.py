"""
The two windows: who is served at each, and as whom.

Rules:
    - `/administration/graphql` serves whoever shows a live session of an officer; a partner's token is nothing there.
    - `/consent/graphql` serves partners that have an organisation, by the same tokens and proofs as `/graphql`. A proof
      is used up before anything is done: no entry of the log would do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute, Route
from structlog.typing import FilteringBoundLogger

from hub.administration.graph.build import build_administration, build_consent
from hub.administration.graph.consent import Subject
from hub.administration.graph.sitting import Sitting
from hub.administration.graph.window import Served, Visit, Window
from hub.administration.services import Services
from hub.audit.errors import ReplayedError
from hub.clock import Clock
from hub.errors import ForbiddenError, UnauthenticatedError
from hub.gateway.http import Limits
from hub.gateway.port import Credentials, Doorkeeper
from hub.identity.dpop import SIGNING_ALGORITHMS
from hub.store.seen import record_once
from schema.graph.connection import Cursors

ADMINISTRATION_PATH = "/administration/graphql"
CONSENT_PATH = "/consent/graphql"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowParts:
    """
    What the windows are made of.

    Attributes:
        engine: The store, for proofs that are shown once.
        services: Of the domain.
        doorkeeper: Tells who asks at the consent window.
        cursors: Seals cursors.
        limits: Of one request.
        clock, log: As everywhere.
        certificate_header: Header in which a trusted proxy names the client's certificate, lower-case.
    """

    engine: AsyncEngine
    services: Services
    doorkeeper: Doorkeeper
    cursors: Cursors
    limits: Limits
    clock: Clock
    log: FilteringBoundLogger
    certificate_header: bytes = b"client-cert"


def windows(parts: WindowParts) -> Sequence[BaseRoute]:
    """Make the routes of both windows."""

    async def officer(visit: Visit) -> Served[Sitting]:
        acting = await parts.services.sessions.acting(visit.scope["headers"], visit.scope["method"])
        sitting = Sitting(acting=acting, now=parts.clock.now(), services=parts.services, cursors=parts.cursors)
        return Served(context=sitting, actor=acting.officer.role.value)

    async def subject(visit: Visit) -> Served[Subject]:
        identified = await parts.doorkeeper.identify(_credentials(visit, parts.certificate_header))
        caller = identified.caller
        if caller.partner is None:
            raise UnauthenticatedError("Consents are given with a partner's own token")
        if identified.proof is not None:
            try:
                await record_once(parts.engine, identified.proof.digest, identified.proof.expires_at)
            except ReplayedError:
                raise UnauthenticatedError(
                    "The proof was used before", error="invalid_dpop_proof", proof_algorithms=SIGNING_ALGORITHMS
                ) from None
        # Known from memory, perhaps, and no commit will tell that it is nobody any more.
        await parts.doorkeeper.confirm(caller)
        if caller.organisation is None:
            raise ForbiddenError("consent.organisation", "Consents are of organisations, and this partner has none")
        context = Subject(caller, caller.organisation, parts.services.consents, parts.cursors)
        headers = {} if identified.nonce is None else {"dpop-nonce": identified.nonce}
        return Served(context=context, actor=caller.actor.value, headers=headers)

    administration: Window[Sitting] = Window(
        name="administration",
        schema=build_administration().schema,
        recognise=officer,
        limits=parts.limits,
        log=parts.log,
    )
    consent: Window[Subject] = Window(
        name="consent", schema=build_consent().schema, recognise=subject, limits=parts.limits, log=parts.log
    )
    return [Route(ADMINISTRATION_PATH, administration), Route(CONSENT_PATH, consent)]


def _credentials(visit: Visit, certificate_header: bytes) -> Credentials:
    headers = visit.headers
    certificates = headers.all(certificate_header)
    return Credentials(
        authorization=headers.authorization,
        proofs=headers.all(b"dpop"),
        certificate=b", ".join(certificates) if certificates else None,
        method=visit.scope["method"],
        path=visit.scope["path"],
        peer=visit.peer,
    )
