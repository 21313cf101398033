"""Who asks: what the hub knows of a caller once its token is read, before purpose and policy make it a standing."""

import re
from dataclasses import dataclass

from schema.policy.model import ActorKind
from schema.tiers import Tier

PUBLIC_LOOKUP = "PUBLIC_LOOKUP"
_PARTNER = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")


def is_partner_id(text: str) -> bool:
    """Whether *text* has the form of a partner's identifier; no other text is ever looked up."""
    return _PARTNER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """
    A proof of possession (DPoP) that holds for one request only.

    Attributes:
        digest: Names it among all proofs, 32 bytes: SHA-256 over the key's thumbprint and the proof's `jti`.
        expires_at: First second (since 1970) at which it would be refused by its age; kept as seen until then.

    Source: RFC 9449, 11.1.
    """

    digest: bytes
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """
    A caller, identified.

    Attributes:
        partner: Identifier of the partner; None for the public.
        actor: Kind of asker.
        organisation: The partner's own USCC; None for the public and for partners without one.
        ceiling: Strictest tier it may reach through its audience.
        regions: GB/T 2260 prefixes; "" stands for the whole country; empty means no region at all.
        sectors: Energy sectors; empty means not bound to sectors.
        purposes: Purposes it may name; PUBLIC_LOOKUP is always one.
        token_id: The token's `jti`, for the audit entry; None for the public.
        token_key: Thumbprint of the client's key by which the token was got; None for the public and for bare tokens.
        token_issued: When the token was issued, seconds since 1970; 0 without a token.
        epoch: Epoch `partner` the entry was read at, which the commit of an answer checks; None for the public, and
            where nothing is kept in memory.
        rows_max: Rows one question may cost, if less than the hub's own limit.
        bytes_max: Bytes of one answer, the same way.
        requests_per_minute: Requests it may make in a minute; 0: any number; None: as many as the hub's settings say.
        subjects_per_day: Subjects it may name in a day, the same way.
        only_trusted_documents: Whether it may ask registered documents alone.
    """

    partner: str | None
    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: frozenset[str]
    sectors: frozenset[str]
    purposes: frozenset[str]
    token_id: str | None = None
    token_key: str | None = None
    token_issued: int = 0
    epoch: int | None = None
    rows_max: int | None = None
    bytes_max: int | None = None
    requests_per_minute: int | None = None
    subjects_per_day: int | None = None
    only_trusted_documents: bool = False

    @property
    def is_public(self) -> bool:
        """Whether nobody in particular asks."""
        return self.partner is None


def the_public() -> Caller:
    """The caller who shows no token: actor PU, tier P, PUBLIC_LOOKUP only (DOMAIN 13.2)."""
    return Caller(
        partner=None,
        actor=ActorKind.PU,
        organisation=None,
        ceiling=Tier.P,
        regions=frozenset(),
        sectors=frozenset(),
        purposes=frozenset({PUBLIC_LOOKUP}),
    )
