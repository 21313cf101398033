"""Officers, their sessions, and partners as officers see them: the register, never what partners asked."""

from collections.abc import Sequence

import strawberry

from hub.administration.graph.changes import identifier, instant
from hub.administration.graph.words import Day, Instant
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.duties import Duty, has_duty
from hub.identity.officers.model import Acting, OfficerState, Role
from hub.identity.officers.model import Officer as OfficerEntry
from hub.identity.officers.sessions import Method, SessionSeen
from hub.identity.partner_keys import HeldKey
from hub.identity.partners import Partner as PartnerEntry
from hub.identity.partners import PartnerState
from schema.policy.model import ActorKind
from schema.tiers import Tier

strawberry.enum(Carrier, name="SessionCarrier", description="How a session's secret travels.")
strawberry.enum(Method, name="SignInMethod", description="How an officer proved to be present.")


@strawberry.type(description="管理人员 An officer.")
class Officer:
    """An officer."""

    id: strawberry.ID
    name: str
    role: Role
    state: OfficerState
    created_at: Instant


@strawberry.type(description="当前管理人员 Who acts, and what they may do.")
class Me:
    """Who acts."""

    officer: Officer
    session: strawberry.ID = strawberry.field(description="Public identifier of the session.")
    stepped_up: bool = strawberry.field(description="Whether a proof of presence is fresh enough for an approval.")
    duties: list[Duty]


@strawberry.type(description="会话 A live session of an officer.")
class OfficerSession:
    """A session."""

    id: strawberry.ID
    officer: strawberry.ID
    method: Method
    carrier: Carrier
    started_at: Instant
    seen_at: Instant
    ends_at: Instant


@strawberry.type(description="公钥 A public key a partner authenticates with.")
class PartnerKey:
    """A key."""

    kid: str
    algorithms: list[str]
    thumbprint: str = strawberry.field(description="RFC 7638, SHA-256.")
    origin: str = strawberry.field(description="`value` or `url`.")
    added_at: Instant
    valid_to: Instant | None
    state: str = strawberry.field(description="`active`, `revoked` or `vanished` (from its URL).")


@strawberry.type(description="合作方 An organisation that may ask.")
class Partner:
    """A partner."""

    id: strawberry.ID
    name: str
    actor: ActorKind
    organisation: strawberry.ID | None
    ceiling: Tier
    regions: list[str]
    sectors: list[str]
    purposes: list[str]
    state: PartnerState
    created_at: Instant
    valid_from: Day | None
    valid_to: Day | None
    contact: str | None
    jwks_uri: str | None
    only_trusted_documents: bool
    requests_per_minute: int | None
    subjects_per_day: int | None
    rows_max: int | None
    bytes_max: int | None
    tokens_after: Instant | None = strawberry.field(description="Tokens issued before it are refused.")
    keys: list[PartnerKey]


def shown_me(acting: Acting) -> Me:
    """Show who acts."""
    return Me(
        officer=shown_officer(acting.officer),
        session=strawberry.ID(acting.session),
        stepped_up=acting.stepped_up,
        duties=[duty for duty in Duty if has_duty(acting.officer.role, duty)],
    )


def shown_officer(officer: OfficerEntry) -> Officer:
    """Show an officer."""
    return Officer(
        id=strawberry.ID(officer.id),
        name=officer.name,
        role=officer.role,
        state=officer.state,
        created_at=Instant(officer.created_at),
    )


def shown_session(seen: SessionSeen) -> OfficerSession:
    """Show a session."""
    return OfficerSession(
        id=strawberry.ID(seen.id),
        officer=strawberry.ID(seen.officer),
        method=seen.method,
        carrier=seen.carrier,
        started_at=Instant(seen.started_at),
        seen_at=Instant(seen.seen_at),
        ends_at=Instant(seen.ends_at),
    )


def shown_partner(partner: PartnerEntry, keys: Sequence[HeldKey]) -> Partner:
    """Show a partner with its *keys*."""
    return Partner(
        id=strawberry.ID(partner.id),
        name=partner.name,
        actor=partner.actor,
        organisation=identifier(partner.organisation),
        ceiling=partner.ceiling,
        regions=sorted(partner.regions),
        sectors=sorted(partner.sectors),
        purposes=sorted(partner.purposes),
        state=partner.state,
        created_at=Instant(partner.created_at),
        valid_from=None if partner.valid_from is None else Day(partner.valid_from.isoformat()),
        valid_to=None if partner.valid_to is None else Day(partner.valid_to.isoformat()),
        contact=partner.contact,
        jwks_uri=partner.jwks_uri,
        only_trusted_documents=partner.only_trusted_documents,
        requests_per_minute=partner.requests_per_minute,
        subjects_per_day=partner.subjects_per_day,
        rows_max=partner.rows_max,
        bytes_max=partner.bytes_max,
        tokens_after=instant(partner.tokens_after),
        keys=[_key(key) for key in keys],
    )


def _key(held: HeldKey) -> PartnerKey:
    return PartnerKey(
        kid=held.key.kid,
        algorithms=sorted(held.key.algorithms),
        thumbprint=held.key.thumbprint,
        origin=held.origin,
        added_at=Instant(held.added_at),
        valid_to=instant(held.valid_to),
        state=held.state,
    )
