"""
Officers' accounts.

Rules:
    - One person, one account, one role, for ever: neither the role nor the person of an account ever changes, and no
      account is deleted (triggers refuse it too).
    - The first officers come by the founding, in a store without any: two administrators, three security officers and
      an auditor at least. What gives tier A or R needs an author and two approvers, who are three security officers;
      what the register gains is drafted by an administrator, of whom one may be the one suspended.
    - Later ones come by change sets alone, which call `admit` and `reinstate` in their transaction.
    - One officer suspends at once: an administrator; an administrator is suspended by a security officer. Sessions,
      challenges and the invitation of who is suspended end in the same transaction.
    - The last administrator and the last security officer who act are not suspended: to let anybody act again takes
      one of each, so one person alone could end the office for ever.

Source: DESIGN 7; INTERFACE 3.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from hub.clock import iso
from hub.errors import BadInputError, ForbiddenError
from hub.identity.officers.challenges import Challenges
from hub.identity.officers.duties import Duty, check_duty, check_not_own
from hub.identity.officers.invitations import Invitations
from hub.identity.officers.model import Acting, Officer, OfficerState, Role
from hub.identity.officers.office import Office
from hub.identity.officers.rows import FIND_OFFICER, OFFICER, officer_of
from hub.identity.officers.sessions import OfficerSessions
from hub.store.engine import Reader, Writer, glancing, writing
from schema.identifiers.citizen import spans_of_citizen_numbers

FOUNDERS: Mapping[Role, int] = {Role.ADMINISTRATOR: 2, Role.SECURITY_OFFICER: 3, Role.AUDITOR: 1}
"""How many of each role a founding needs at least."""
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_PERSON = re.compile(r"[\w.@:|/-]{1,128}")
_NAME_MAX = 100
_REASON_MAX = 500
_HANDLE_SIZE = 32
_TURN = "officers"
_NEEDED = frozenset({Role.ADMINISTRATOR, Role.SECURITY_OFFICER})
"""Roles without which nobody is admitted nor acts again: one drafts, the other approves."""
_RESERVED = frozenset({"operator"})
"""Who acts in a hub without officers; the journal must not take an officer for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOfficer:
    """
    An officer to be.

    Attributes:
        id: 2 to 63 of a-z, 0-9, `.`, `_`, `-`; begins with a letter or digit.
        name: Of the person, at most 100 characters.
        role: For ever.
        person: Who it is in the operator's staff register (工号), or to the outside provider; never a citizen number.
            None: the same as *id*.
    """

    id: str
    name: str
    role: Role
    person: str | None = None


class Officers:
    """Keeps the accounts."""

    def __init__(self, office: Office, sessions: OfficerSessions) -> None:
        self._office = office
        self._sessions = sessions
        self._invitations = Invitations(office, sessions)
        self._challenges = Challenges(office)

    async def are_founded(self) -> bool:
        """Whether there is any officer; without one the hub is unattended."""
        async with glancing(self._office.engine) as reader:
            return await _count(reader) > 0

    async def find(self, officer: str) -> Officer | None:
        """Look up one officer."""
        async with glancing(self._office.engine) as reader:
            row = await reader.first(FIND_OFFICER, {"officer": officer})
        return None if row is None else officer_of(row)

    async def all(self) -> Sequence[Officer]:
        """All officers, by id; a hub has few."""
        async with glancing(self._office.engine) as reader:
            return [officer_of(row) for row in await reader.rows(select(OFFICER).order_by(OFFICER.c.id))]

    async def found(self, founders: Sequence[NewOfficer]) -> Mapping[str, str]:
        """
        Admit the first officers.

        Returns:
            Officer id -> whole invitation code. Shown once, by who calls; the store keeps digests.

        Raises:
            ForbiddenError: there are officers already: rule `officer.founded`.
            BadInputError: too few of a role, a bad entry, or one person twice.
        """
        for role, least in FOUNDERS.items():
            got = sum(founder.role is role for founder in founders)
            if got < least:
                raise BadInputError(f"founding: got {got} of {role.value} ({role.zh}), expected at least {least}")
        async with writing(self._office.engine) as writer:
            await writer.take_turn(_TURN)
            if await _count(writer):
                raise ForbiddenError("officer.founded", "There are officers already: later ones come by a change set")
            codes = {}
            for founder in founders:
                await self.admit(writer, founder, by=None)
                codes[founder.id] = await self._invitations.found(writer, founder.id)
        return codes

    async def admit(self, writer: Writer, new: NewOfficer, *, by: str | None, change: str | None = None) -> Officer:
        """
        Admit an officer in the caller's transaction; the caller has seen to who must agree.

        Args:
            writer: The caller's.
            new: Who.
            by: Officer who drafted it; None: the founding.
            change: Identifier of the change set; None: the founding.

        Raises:
            BadInputError: a field is not as `NewOfficer` says.
            ForbiddenError: the id or the person has an account: rule `officer.person`.
        """
        await writer.take_turn(_TURN)
        person = check_new(new)
        taken = await writer.rows(select(OFFICER.c.id, OFFICER.c.person))
        if any(row.id == new.id or _folded(row.person) == _folded(person) for row in taken):
            raise ForbiddenError("officer.person", "This person or id has an account: one person, one role, for ever")
        now = iso(self._office.clock.now())
        officer = Officer(id=new.id, name=new.name, role=new.role, state=OfficerState.ACTIVE, created_at=now)
        await writer.write(
            insert(OFFICER).values(
                id=new.id,
                person=person,
                name=new.name,
                role=new.role.value,
                state=OfficerState.ACTIVE.value,
                handle=self._office.entropy(_HANDLE_SIZE),
                created_at=now,
            )
        )
        await self._note(writer, "admitted" if by else "founded", officer, by=by, change=change)
        return officer

    async def suspend(self, acting: Acting, officer_id: str, reason: str) -> Officer:
        """
        Suspend an officer at once; a suspended one stays so.

        Raises:
            ForbiddenError: not a duty of the role, oneself, or the last one of a role it takes to let anybody act again
                (`officer.last`).
            BadInputError: no such officer, or no reason.
        """
        if not reason.strip() or len(reason) > _REASON_MAX:
            raise BadInputError(f"reason: expected 1 to {_REASON_MAX} characters", place=("reason",))
        async with writing(self._office.engine) as writer:
            await writer.take_turn(_TURN)
            acting = await self._sessions.confirm(writer, acting)
            found = await _get(writer, officer_id)
            is_administrator = found.role is Role.ADMINISTRATOR
            check_duty(acting, Duty.SUSPEND_ADMINISTRATOR if is_administrator else Duty.SUSPEND_OFFICER)
            check_not_own(acting, officer_id)
            await _check_not_last(writer, found)
            now = iso(self._office.clock.now())
            await writer.write(
                update(OFFICER)
                .where(OFFICER.c.id == officer_id, OFFICER.c.state == OfficerState.ACTIVE.value)
                .values(state=OfficerState.SUSPENDED.value, suspended_at=now)
            )
            await self._sessions.end_all(writer, officer_id, "suspended", acting.officer.id)
            await self._challenges.drop_of(writer, officer_id)
            await self._invitations.drop_of(writer, officer_id)
            await self._note(writer, "suspended", found, by=acting.officer.id, reason=reason)
            return await _get(writer, officer_id)

    async def reinstate(self, writer: Writer, officer_id: str, *, by: str, change: str) -> Officer:
        """
        Let a suspended officer act again, in the caller's transaction; the caller has seen to who must agree.

        Raises:
            BadInputError: no such officer.
        """
        await _get(writer, officer_id)
        await writer.write(
            update(OFFICER).where(OFFICER.c.id == officer_id).values(state=OfficerState.ACTIVE.value, suspended_at=None)
        )
        found = await _get(writer, officer_id)
        await self._note(writer, "reinstated", found, by=by, change=change)
        return found

    async def _note(
        self,
        writer: Writer,
        action: str,
        officer: Officer,
        *,
        by: str | None,
        change: str | None = None,
        reason: str | None = None,
    ) -> None:
        role = officer.role.value
        await self._office.note(
            writer, "officer", action, officer=officer.id, role=role, by=by, change=change, reason=reason
        )


def is_officer_id(text: str) -> bool:
    """Whether *text* has the form of an officer's id."""
    return _ID.fullmatch(text) is not None


def check_new(new: NewOfficer) -> str:
    """
    Check the form of a new entry, and tell its person.

    Raises:
        BadInputError: names the field.
    """
    person = new.person or new.id
    if not is_officer_id(new.id) or new.id in _RESERVED:
        raise BadInputError("officer id: expected 2 to 63 of a-z, 0-9, dot, dash, underscore", place=("id",))
    if not new.name.strip() or len(new.name) > _NAME_MAX or not new.name.isprintable():
        raise BadInputError(f"officer name: expected 1 to {_NAME_MAX} printable characters", place=("name",))
    if _PERSON.fullmatch(person) is None or spans_of_citizen_numbers(person):
        raise BadInputError("officer person: expected a staff number, never a citizen number", place=("person",))
    return person


def _folded(person: str) -> str:
    """*person* without what two spellings of one staff number may differ in."""
    return unicodedata.normalize("NFKC", person).casefold()


async def _count(reader: Reader) -> int:
    row = await reader.first(select(func.count()).select_from(OFFICER))
    return 0 if row is None else int(row[0])


async def _check_not_last(reader: Reader, found: Officer) -> None:
    others = select(OFFICER.c.id).where(
        OFFICER.c.role == found.role.value, OFFICER.c.state == OfficerState.ACTIVE.value, OFFICER.c.id != found.id
    )
    if found.role in _NEEDED and await reader.first(others) is None:
        raise ForbiddenError("officer.last", f"The last {found.role.value} ({found.role.zh}) who acts: admit another")


async def _get(writer: Writer, officer_id: str) -> Officer:
    row = await writer.first(FIND_OFFICER, {"officer": officer_id})
    if row is None:
        raise BadInputError("officer: no such officer", place=("officer",))
    return officer_of(row)
