"""Puts the parts together that tell who asks, and give out tokens; `hub.wiring` puts them into the hub."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute
from structlog.typing import FilteringBoundLogger

from hub.clock import Clock
from hub.identity.certificates import Certificates, networks_of
from hub.identity.doorkeeper import Identity, Possession
from hub.identity.dpop import Proofs
from hub.identity.key_urls import read_keys
from hub.identity.keys import token_key
from hub.identity.nonces import Nonces
from hub.identity.oauth.clients import Clients
from hub.identity.oauth.endpoints import Desk, Sessions, routes
from hub.identity.oauth.metadata import TOKEN_PATH, Addresses
from hub.identity.oauth.server import House
from hub.identity.partners import Partners
from hub.identity.public_keys import to_base64url
from hub.identity.tokens import TokenIssuer, TokenVerifier
from hub.settings import Settings
from hub.store.epochs import Epochs
from keys.ring import KeyRing

NONCE_KEY = "proof-nonces"
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """
    What identity stands on.

    Attributes:
        engine, epochs: The store, and what this process knows to have changed in it.
        ring: The hub's keys.
        clock: The time.
        log: Where it reports.
        entropy: Gives n random bytes, fit for secrets.
        sessions: Of officers; None where there are none.
    """

    engine: AsyncEngine
    epochs: Epochs
    ring: KeyRing
    clock: Clock
    log: FilteringBoundLogger
    entropy: Callable[[int], bytes]
    sessions: Sessions | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """Who tells who asks, and the addresses at which tokens are given."""

    identity: Identity
    routes: Sequence[BaseRoute]


def assemble(settings: Settings, basis: Basis) -> Assembled:
    """
    Put the parts together.

    Raises:
        RingError: the ring lacks the secret of the nonces.
    """
    certificates = Certificates(networks_of(settings.trusted_proxies))
    proofs = Proofs(Nonces(basis.ring.secret(NONCE_KEY)), skew_s=settings.clock_skew_s)
    partners = Partners(basis.engine, basis.epochs)
    return Assembled(
        identity=Identity(
            verifier=_verifier(settings, basis.ring, memory=settings.token_cache_size),
            partners=partners,
            clock=basis.clock,
            possession=Possession(
                proofs=proofs,
                certificates=certificates,
                base_url=settings.issuer,
                bare=settings.unsafe_bearer_tokens,
            ),
        ),
        routes=routes(
            Desk(
                house=_house(settings, basis.ring, proofs),
                engine=basis.engine,
                clients=Clients(basis.engine, partial(read_keys, local=settings.unsafe_local_key_urls), basis.log),
                partners=partners,
                verifier=_verifier(settings, basis.ring, memory=0),
                certificates=certificates,
                sessions=basis.sessions,
                clock=basis.clock,
                new_id=lambda: to_base64url(basis.entropy(_ID_BYTES)),
            ),
            Addresses(
                issuer=settings.issuer,
                resource=settings.audience,
                mutual_tls=certificates.are_taken,
                bare=settings.unsafe_bearer_tokens,
            ),
        ),
    )


def issuer_of(settings: Settings, ring: KeyRing) -> TokenIssuer:
    """
    Make what mints tokens with the ring's newest key.

    Raises:
        RingError: the ring has none.
    """
    return TokenIssuer(private_jwk=token_key(ring), issuer=settings.issuer, audience=settings.audience)


def _house(settings: Settings, ring: KeyRing, proofs: Proofs) -> House:
    return House(
        issuer=settings.issuer,
        audience=settings.audience,
        token_url=settings.issuer + TOKEN_PATH,
        # For every token anew: a new key in the ring signs from the next token on.
        tokens=partial(issuer_of, settings, ring),
        proofs=proofs,
        lifetime_s=settings.token_lifetime_s,
        skew_s=settings.clock_skew_s,
        certificate_header=settings.client_certificate_header.lower().encode(),
        bare=settings.unsafe_bearer_tokens,
    )


def _verifier(settings: Settings, ring: KeyRing, *, memory: int) -> TokenVerifier:
    return TokenVerifier(
        jwks=ring.jwks,
        issuer=settings.issuer,
        audience=settings.audience,
        lifetime_max_s=settings.token_lifetime_s,
        skew_s=settings.clock_skew_s,
        cache_size=memory,
    )
