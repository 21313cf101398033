"""Puts the officers' parts together, for the hub and for the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import OperatorNeeded
from connectors.secrets import ReferredSecrets
from hub.errors import SettingsError
from hub.identity.officers.accounts import Officers
from hub.identity.officers.attempts import Attempts
from hub.identity.officers.enrolment import Enrolment
from hub.identity.officers.invitations import Invitations
from hub.identity.officers.office import Office
from hub.identity.officers.outside import OutsideConfig, OutsideProvider
from hub.identity.officers.passkeys import RelyingParty
from hub.identity.officers.seal import Seal
from hub.identity.officers.sessions import OfficerSessions
from hub.identity.officers.signin import SignIn
from hub.settings import Settings
from keys.ring import KeyRing

CALLBACK = "/officer/outside/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerParts:
    """
    The officers' parts.

    Attributes:
        officers, sessions, invitations, attempts: See their modules.
        signin, enrolment: None where only an outside provider lets officers in.
        outside: None where there is no outside provider.
    """

    officers: Officers
    sessions: OfficerSessions
    invitations: Invitations
    attempts: Attempts
    signin: SignIn | None
    enrolment: Enrolment | None
    outside: OutsideProvider | None


def officer_parts(
    settings: Settings, office: Office, ring: KeyRing, environment: Mapping[str, str] | None = None
) -> OfficerParts:
    """
    Build the parts.

    Args:
        settings: `officer_…` and the issuer.
        office: What they stand on.
        ring: Holds the key that seals TOTP secrets.
        environment: Variables that `env:` references name; None: no outside provider is built (the command line).

    Raises:
        SettingsError: what the outside provider's client shows is not where the settings say.
    """
    origin, seal = settings.officers_at, Seal(ring, office.entropy)
    sessions, party = OfficerSessions(office, origin=origin), RelyingParty.at(origin)
    embedded = settings.officer_embedded
    outside = None if environment is None else _outside(settings, environment)
    return OfficerParts(
        officers=Officers(office, sessions),
        sessions=sessions,
        invitations=Invitations(office, sessions),
        attempts=Attempts(office),
        signin=SignIn(office, sessions, party=party, seal=seal) if embedded else None,
        enrolment=Enrolment(office, sessions, party=party, seal=seal, issuer=party.id) if embedded else None,
        outside=None if outside is None else OutsideProvider(office, sessions, seal=seal, config=outside),
    )


def _outside(settings: Settings, environment: Mapping[str, str]) -> OutsideConfig | None:
    issuer, client_id = settings.officer_oidc_issuer, settings.officer_oidc_client_id
    reference = settings.officer_oidc_client_key or settings.officer_oidc_client_secret
    if issuer is None or client_id is None or reference is None:
        return None
    secrets = ReferredSecrets(environment=environment, folder=Path())
    try:
        credential = secrets.resolve("officers", reference)
    except OperatorNeeded:
        raise SettingsError("HUB_OFFICER_OIDC_CLIENT_…: the reference leads nowhere") from None
    return OutsideConfig(
        issuer=issuer,
        client_id=client_id,
        credential=credential,
        by_key=settings.officer_oidc_client_key is not None,
        claim=settings.officer_oidc_claim,
        acr=settings.officer_oidc_acr,
        callback=settings.officers_at + CALLBACK,
        skew_s=settings.clock_skew_s,
    )
