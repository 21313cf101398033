"""
Invitations: how an officer comes to a first credential, or to a new one when all were lost.

Rules:
    - A code has two halves, and they are shown to two persons: an administrator opens the invitation and a security
      officer countersigns it. Neither alone can become the officer who is invited; only the founding shows whole codes.
    - Each half is shown once, and only its digest is kept. A code works once, for a day from the countersignature.
    - A new invitation replaces the old one.
    - Nobody opens or countersigns an invitation of their own.
"""

import base64
import hashlib
from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from hub.clock import from_iso, iso
from hub.errors import BadInputError, ForbiddenError
from hub.identity.officers.duties import Duty, check_duty, check_not_own
from hub.identity.officers.errors import no_invitation
from hub.identity.officers.model import Acting, OfficerState
from hub.identity.officers.office import Office
from hub.identity.officers.rows import FIND_OFFICER, INVITATION, OFFICER, officer_of
from hub.identity.officers.sessions import OfficerSessions
from hub.store.engine import Reader, Writer, writing

LIFE = timedelta(hours=24)
_HALF_SIZE = 10
_HALF = 16
_GROUP = 4
_I = INVITATION.c


class Invitations:
    """Opens, countersigns and takes invitations."""

    def __init__(self, office: Office, sessions: OfficerSessions) -> None:
        self._office = office
        self._sessions = sessions

    async def found(self, writer: Writer, officer: str) -> str:
        """Invite *officer* at the founding; returns the whole code, to be shown once."""
        first, second = self._half(), self._half()
        await self._put(writer, officer, first, by=None)
        await writer.write(update(INVITATION).where(_I.officer == officer).values(second=_digest(second)))
        return f"{first}-{second}"

    async def open(self, acting: Acting, officer: str) -> str:
        """
        Open an invitation of *officer*; returns the first half of the code, to be shown once to *acting*.

        Raises:
            ForbiddenError: not a duty of the role, or one's own.
            BadInputError: no such active officer.
        """
        async with writing(self._office.engine) as writer:
            acting = await self._sessions.confirm(writer, acting)
            check_duty(acting, Duty.OPEN_INVITATION)
            check_not_own(acting, officer)
            await _check_active(writer, officer)
            half = self._half()
            await self._put(writer, officer, half, by=acting.officer.id)
            await self._office.note(writer, "officer", "invitation_opened", officer=officer, by=acting.officer.id)
        return half

    async def countersign(self, acting: Acting, officer: str) -> str:
        """
        Countersign the open invitation of *officer*; returns the second half, to be shown once to *acting*.

        Raises:
            ForbiddenError: not a duty of the role, one's own (`duty.own`), or nothing to sign (`officer.invitation`).
            StepUpRequiredError: the last proof is too old.
        """
        async with writing(self._office.engine) as writer:
            acting = await self._sessions.confirm(writer, acting)
            check_duty(acting, Duty.COUNTERSIGN_INVITATION)
            check_not_own(acting, officer)
            await _check_active(writer, officer)
            now, half = self._office.clock.now(), self._half()
            signed = await writer.first(
                update(INVITATION)
                .where(_I.officer == officer, _I.second.is_(None), _I.opened_by.is_not(None), _I.expires_at > iso(now))
                .values(second=_digest(half), countersigned_by=acting.officer.id, expires_at=iso(now + LIFE))
                .returning(_I.opened_by)
            )
            if signed is None:
                raise ForbiddenError("officer.invitation", "No open invitation of this officer: open one first")
            await self._office.note(
                writer, "officer", "invitation_countersigned", officer=officer, by=acting.officer.id
            )
        return half

    async def holder(self, reader: Reader, code: str) -> str:
        """
        Tell whom *code* invites, without taking it.

        Raises:
            NotSignedInError: nobody, for whatever reason: rule `officer.invitation`.
        """
        first, second = _halves(code)
        row = await reader.first(
            select(_I.officer, _I.expires_at)
            .join_from(INVITATION, OFFICER, _I.officer == OFFICER.c.id)
            .where(_I.first == first, _I.second == second, OFFICER.c.state == OfficerState.ACTIVE.value)
        )
        if row is None or from_iso(row.expires_at) <= self._office.clock.now():
            raise no_invitation()
        officer: str = row.officer
        return officer

    async def take(self, writer: Writer, code: str, officer: str) -> None:
        """
        Take *code*, for good, which must invite *officer*.

        Raises:
            NotSignedInError: it does not: rule `officer.invitation`.
        """
        if await self.holder(writer, code) != officer:
            raise no_invitation()
        first, second = _halves(code)
        taken = await writer.first(
            delete(INVITATION)
            .where(_I.officer == officer, _I.first == first, _I.second == second)
            .returning(_I.officer)
        )
        if taken is None:
            raise no_invitation()

    async def drop_of(self, writer: Writer, officer: str) -> None:
        """Drop the invitation of *officer*, if there is one."""
        await writer.write(delete(INVITATION).where(_I.officer == officer))

    async def _put(self, writer: Writer, officer: str, first: str, by: str | None) -> None:
        await self.drop_of(writer, officer)
        await writer.write(
            insert(INVITATION).values(
                officer=officer,
                first=_digest(first),
                opened_by=by,
                expires_at=iso(self._office.clock.now() + LIFE),
            )
        )

    def _half(self) -> str:
        text = base64.b32encode(self._office.entropy(_HALF_SIZE)).decode()
        return "-".join(text[at : at + _GROUP] for at in range(0, _HALF, _GROUP))


async def _check_active(writer: Writer, officer: str) -> None:
    row = await writer.first(FIND_OFFICER, {"officer": officer})
    if row is None or officer_of(row).state is not OfficerState.ACTIVE:
        raise BadInputError("officer: no such active officer", place=("officer",))


def _plain(text: str) -> str:
    """What counts of a code as typed: letters and digits, however grouped."""
    return "".join(text.split()).replace("-", "").upper()


def _digest(half: str) -> bytes:
    return hashlib.sha256(_plain(half).encode()).digest()


def _halves(code: str) -> tuple[bytes, bytes]:
    plain = _plain(code)
    if len(plain) != 2 * _HALF or not plain.isascii() or not plain.isalnum():
        raise no_invitation()
    return _digest(plain[:_HALF]), _digest(plain[_HALF:])
