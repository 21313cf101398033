"""Puts the officers' parts together, for the hub and for the command line."""

from dataclasses import dataclass

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
    office: Office, *, origin: str, seal: Seal, embedded: bool = True, outside: OutsideConfig | None = None
) -> OfficerParts:
    """
    Build the parts.

    Args:
        office: What they stand on.
        origin: The web origin at which officers' browsers reach the hub.
        seal: For TOTP secrets.
        embedded: Whether the hub's own means (WebAuthn, TOTP) let officers in.
        outside: The outside provider; None: there is none.
    """
    sessions, party = OfficerSessions(office, origin=origin), RelyingParty.at(origin)
    return OfficerParts(
        officers=Officers(office, sessions),
        sessions=sessions,
        invitations=Invitations(office, sessions),
        attempts=Attempts(office),
        signin=SignIn(office, sessions, party=party, seal=seal) if embedded else None,
        enrolment=Enrolment(office, sessions, party=party, seal=seal, issuer=party.id) if embedded else None,
        outside=None if outside is None else OutsideProvider(office, sessions, seal=seal, config=outside),
    )
