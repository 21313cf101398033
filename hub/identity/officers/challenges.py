"""
Challenges: what the next step of a ceremony must answer.

Rules:
    - A challenge is taken once, whether the answer is right or wrong: it is gone before the answer is looked at.
    - It is for one purpose, and lives two minutes (ten at an outside provider).
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, insert

from hub.clock import from_iso, iso
from hub.identity.officers.errors import no_challenge
from hub.identity.officers.office import Office
from hub.store import officers_tables
from hub.store.engine import Writer, writing
from hub.store.tables import table_of

_TABLE = table_of(officers_tables.OfficerChallenge)
_SIZE = 32
_ID_SIZE = 16
LIFE = timedelta(minutes=2)
OUTSIDE_LIFE = timedelta(minutes=10)
ENROL_LIFE = timedelta(minutes=10)
"""Somebody has to find an authenticator, or to type a secret into one."""


class Purpose(StrEnum):
    """What a challenge is for."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    ENROL_PASSKEY = "enrol_passkey"
    ENROL_TOTP = "enrol_totp"
    OIDC = "oidc"

    @property
    def life(self) -> timedelta:
        """How long it may wait for its answer."""
        match self:
            case Purpose.SIGN_IN | Purpose.STEP_UP:
                return LIFE
            case Purpose.ENROL_PASSKEY | Purpose.ENROL_TOTP:
                return ENROL_LIFE
            case Purpose.OIDC:
                return OUTSIDE_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """
    A challenge.

    Attributes:
        id: Given to the client, shown again with the answer.
        challenge: 32 random bytes.
        officer: For whom; None: for whoever answers.
        session: In which session; None: in none.
        detail: Sealed; what only the next step needs.
    """

    id: str
    challenge: bytes
    officer: str | None = None
    session: str | None = None
    detail: bytes | None = None


class Challenges:
    """Gives and takes challenges."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def fresh(self, *, officer: str | None = None, session: str | None = None, id_: str | None = None) -> Challenge:
        """Make a challenge; nobody can answer it until it is kept."""
        name = id_ or base64.urlsafe_b64encode(self._office.entropy(_ID_SIZE)).rstrip(b"=").decode()
        return Challenge(id=name, challenge=self._office.entropy(_SIZE), officer=officer, session=session)

    async def keep(self, challenge: Challenge, purpose: Purpose) -> None:
        """Keep *challenge* until it is taken or its time is over."""
        now = self._office.clock.now()
        async with writing(self._office.engine) as writer:
            await writer.write(delete(_TABLE).where(_TABLE.c.expires_at <= iso(now)))
            await writer.write(
                insert(_TABLE).values(
                    id=challenge.id,
                    purpose=purpose.value,
                    challenge=challenge.challenge,
                    officer=challenge.officer,
                    session=challenge.session,
                    detail=challenge.detail,
                    expires_at=iso(now + purpose.life),
                )
            )

    async def take(self, challenge_id: str, purpose: Purpose) -> Challenge:
        """
        Take the challenge, for good.

        Raises:
            NotSignedInError: there is none of that id and purpose, or its time is over: rule `officer.challenge`.
        """
        async with writing(self._office.engine) as writer:
            row = await writer.first(
                delete(_TABLE).where(_TABLE.c.id == challenge_id, _TABLE.c.purpose == purpose.value).returning(_TABLE)
            )
        if row is None or from_iso(row.expires_at) <= self._office.clock.now():
            raise no_challenge()
        return Challenge(
            id=row.id,
            challenge=bytes(row.challenge),
            officer=row.officer,
            session=row.session,
            detail=None if row.detail is None else bytes(row.detail),
        )

    async def drop_of(self, writer: Writer, officer: str) -> None:
        """Drop every challenge that was given to *officer*."""
        await writer.write(delete(_TABLE).where(_TABLE.c.officer == officer))
