"""
Consents (授权书): a subject's authority to one organisation, for one purpose, over some categories, for a time.

Rules:
    - Given by the subject itself, through its own credential: a partner whose own organisation is the subject, and who
      may ask as the subject does (SELF_QUERY). Nobody gives it for another.
    - 30 days unless it says otherwise, at most a year. Of the categories, only those the purpose reads.
    - At most 100 of one subject to one grantee stand at a time: each is read with every question of its grantee.
    - Taken back at once: by the subject, or by a security officer or administrator as a restraint.
    - Told to its subject and its grantee, each their own, and to officers that it exists. What it opens is `decide`'s.
    - A consent that is not the asker's is answered like one that is not there.

Source: DOMAIN 13.1 (授权书).
"""

import json
import re
from datetime import date, timedelta
from typing import Any, overload

from sqlalchemy import Row, Select, func, insert, or_, select, tuple_, update

from hub.access.policies import Policies
from hub.administration.acting import Agent, name_of
from hub.administration.desk import Desk, check_reason
from hub.administration.model import ConsentEntry, NewConsent, Page
from hub.administration.rights_checked import read_day
from hub.clock import legal_day
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.identity.caller import Caller
from hub.identity.officers.duties import Duty, check_duty
from hub.identity.officers.model import Acting
from hub.store.administration_tables import ConsentRow
from hub.store.engine import Reader, Writer, reading, writing
from hub.store.tables import table_of
from keys.canonical import Json
from keys.digests import algorithm_of
from keys.errors import DigestError
from schema.catalogue.model import Category
from schema.identifiers.uscc import is_uscc

SELF_QUERY = "SELF_QUERY"
"""The purpose under which a subject asks about itself."""
DAYS_BY_DEFAULT = 30
LIVE_MAX = 100
"""Consents of one subject to one grantee that are neither over nor taken back."""
_T = table_of(ConsentRow)
_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}")


class Consents:
    """The consents of one store."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._policies = Policies(desk.engine)

    async def give(self, caller: Caller, new: NewConsent) -> ConsentEntry:
        """
        Give a consent in the name of the caller's own organisation.

        Raises:
            ForbiddenError: the caller is no subject with its own credential (`consent.own_credential`).
            BadInputError: a member is not as it must be; names it, and the rule.
            ConflictError: there are so many of this subject to this grantee already (`consent.too_many`).
            PolicyMissingError: no policy is in force.
        """
        partner, subject = _subject_of(caller)
        now = self._desk.clock.now()
        begin, end = _days(new, legal_day(now))
        _check_form(new, subject)
        rule = (await self._policies.current(now)).purposes.get(new.purpose)
        if rule is None:
            raise _wrong("purpose", "the policy in force does not know the purpose")
        if not new.items or not new.items <= rule.categories:
            raise _wrong("items", f"expected some of the categories that {rule.code} reads")
        row = {
            "subject_code": subject,
            "id": self._desk.new_id(),
            "grantee": new.grantee,
            "purpose": new.purpose,
            "items": json.dumps(sorted(new.items)),
            "valid_from": begin.isoformat(),
            "valid_to": end.isoformat(),
            "evidence": new.evidence,
            "given_by": partner,
            "given_at": self._desk.now(),
        }
        async with writing(self._desk.engine) as writer:
            await _check_room(writer, subject, new.grantee, legal_day(now))
            await writer.write(insert(_T), [row])
            said: dict[str, Json] = {"action": "given", "by": partner, "consent": row["id"], "subject": subject}
            said |= {name: row[name] for name in ("grantee", "purpose", "valid_from", "valid_to", "evidence")}
            said["items"] = [item.value for item in sorted(new.items)]
            await self._desk.journal.record(writer, "consent", said)
        await self._desk.journal.announce_quietly()
        return await self._one(subject, row["id"])

    @overload
    async def revoke(self, who: Caller, subject: str, consent_id: str, reason: str) -> ConsentEntry: ...
    @overload
    async def revoke(self, who: Agent, subject: str, consent_id: str, reason: str) -> ConsentEntry: ...
    async def revoke(self, who: Caller | Agent, subject: str, consent_id: str, reason: str) -> ConsentEntry:
        """
        Take a consent back; it opens nothing from the next request on.

        Args:
            who: The subject's own caller, or an officer, or the operator of a hub without officers.
            subject: Whose consent.
            consent_id: Which of them.
            reason: Why.

        Raises:
            ForbiddenError: not the subject's own credential, or not a duty of the role.
            BadInputError: there is no such consent of this subject (`consent.unknown`).
            ConflictError: it is taken back already (`consent.revoked`).
        """
        reason = check_reason(reason)
        if isinstance(who, Caller):
            partner, own = _subject_of(who)
            if own != subject:
                raise _unknown()
            async with writing(self._desk.engine) as writer:
                values = await self._end(writer, subject, consent_id, partner, reason)
                await self._desk.journal.record(writer, "consent", {"action": "revoked", "by": partner, **values})
            await self._desk.journal.announce_quietly()
        else:
            async with self._desk.act() as writer:
                agent = await self._desk.admit(writer, who, Duty.REVOKE_RIGHT)
                values = await self._end(writer, subject, consent_id, name_of(agent), reason)
                await self._desk.note(writer, "consent", agent, "revoked", values)
        return await self._one(subject, consent_id)

    async def of_subject(self, caller: Caller, *, first: int, after: str | None = None) -> Page[ConsentEntry]:
        """
        List what the caller's own organisation gave, the newest first; *after* is the id behind which to go on.

        Raises:
            ForbiddenError: the caller is no subject with its own credential.
        """
        _, subject = _subject_of(caller)
        return await self._listed(select(_T).where(_T.c.subject_code == subject), first, after)

    async def of_grantee(self, caller: Caller, *, first: int, after: str | None = None) -> Page[ConsentEntry]:
        """
        List what was given to the caller's own organisation, the newest first.

        Raises:
            ForbiddenError: the caller is nobody, or has no organisation (`consent.own_credential`).
        """
        if caller.partner is None or caller.organisation is None:
            raise _not_own()
        return await self._listed(select(_T).where(_T.c.grantee == caller.organisation), first, after)

    async def list(
        self,
        agent: Agent,
        *,
        subject: str | None = None,
        grantee: str | None = None,
        first: int,
        after: str | None = None,
    ) -> Page[ConsentEntry]:
        """
        List consents for officers, by subject and newest first; *after* is `SUBJECT:ID` of the last row.

        Raises:
            ForbiddenError: not a duty of the role.
        """
        if isinstance(agent, Acting):
            check_duty(agent, Duty.READ_POLICY)
        query = select(_T).order_by(_T.c.subject_code, _T.c.id.desc()).limit(first + 1)
        for column, wanted in ((_T.c.subject_code, subject), (_T.c.grantee, grantee)):
            if wanted is not None:
                query = query.where(column == wanted)
        if after is not None:
            code, _, name = after.partition(":")
            query = query.where(or_(_T.c.subject_code > code, tuple_(_T.c.subject_code, _T.c.id) < tuple_(code, name)))
            query = query.where(_T.c.subject_code >= code)
        async with reading(self._desk.engine) as reader:
            rows = [consent_of(row) for row in await reader.rows(query)]
        end = f"{rows[first - 1].subject}:{rows[first - 1].id}" if len(rows) > first else None
        return Page(rows=rows[:first], end=end)

    async def _listed(self, query: Select[Any], first: int, after: str | None) -> Page[ConsentEntry]:
        query = query.order_by(_T.c.id.desc()).limit(first + 1)
        if after is not None:
            query = query.where(_T.c.id < after)
        async with reading(self._desk.engine) as reader:
            rows = [consent_of(row) for row in await reader.rows(query)]
        return Page(rows=rows[:first], end=rows[first - 1].id if len(rows) > first else None)

    async def _end(self, writer: Writer, subject: str, consent_id: str, by: str, reason: str) -> dict[str, str]:
        here = (_T.c.subject_code == subject, _T.c.id == consent_id)
        if _ID.fullmatch(consent_id) is None or await writer.first(select(_T.c.id).where(*here)) is None:
            raise _unknown()
        values = {"revoked_at": self._desk.now(), "revoked_by": by, "revoked_reason": reason}
        if await writer.write(update(_T).where(*here, _T.c.revoked_at.is_(None)).values(**values)) != 1:
            raise ConflictError("consent.revoked", "The consent is taken back already")
        return {"consent": consent_id, "subject": subject, "reason": reason}

    async def _one(self, subject: str, consent_id: str) -> ConsentEntry:
        async with reading(self._desk.engine) as reader:
            row = await reader.first(select(_T).where(_T.c.subject_code == subject, _T.c.id == consent_id))
        if row is None:
            raise _unknown()
        return consent_of(row)


def consent_of(row: Row[Any]) -> ConsentEntry:
    """The consent that *row* tells of."""
    return ConsentEntry(
        id=row.id,
        subject=row.subject_code,
        grantee=row.grantee,
        purpose=row.purpose,
        # Not row.items: every row has a method of that name.
        items=frozenset(map(Category, json.loads(row._mapping["items"]))),  # noqa: SLF001  its public name
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        evidence=row.evidence,
        given_by=row.given_by,
        given_at=row.given_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )


def _subject_of(caller: Caller) -> tuple[str, str]:
    """The partner and its own organisation, if it asks with a subject's own credential."""
    if caller.partner is None or caller.organisation is None or SELF_QUERY not in caller.purposes:
        raise _not_own()
    return caller.partner, caller.organisation


async def _check_room(reader: Reader, subject: str, grantee: str, today: date) -> None:
    live = select(func.count()).select_from(_T).where(_T.c.subject_code == subject, _T.c.grantee == grantee)
    row = await reader.first(live.where(_T.c.revoked_at.is_(None), _T.c.valid_to >= today.isoformat()))
    if row is not None and row[0] >= LIVE_MAX:
        raise ConflictError("consent.too_many", f"{LIVE_MAX} consents to this organisation stand: take one back")


def _check_form(new: NewConsent, subject: str) -> None:
    if not is_uscc(new.grantee):
        raise _wrong("grantee", "not a unified social credit code (GB 32100)")
    if new.grantee == subject:
        raise _wrong("grantee", "nobody needs its own consent")
    try:
        algorithm_of(new.evidence)
    except DigestError:
        raise _wrong("evidence", "expected sm3: or sha256: and 64 lower-case hex digits") from None


def _days(new: NewConsent, today: date) -> tuple[date, date]:
    begin = today if new.valid_from is None else read_day(new.valid_from)
    if begin is None or begin < today or begin > today + timedelta(days=366):
        raise _wrong("valid_from", "expected a day, YYYY-MM-DD, not past and within a year")
    end = begin + timedelta(days=DAYS_BY_DEFAULT - 1) if new.valid_to is None else read_day(new.valid_to)
    if end is None or end < begin or end >= _a_year_after(begin):
        raise _wrong("valid_to", "expected a day, YYYY-MM-DD, not before it begins and within a year of it")
    return begin, end


def _a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)


def _not_own() -> ForbiddenError:
    return ForbiddenError("consent.own_credential", "Only the subject itself, through its own credential")


def _unknown() -> BadInputError:
    return BadInputError("No such consent", place=("id",), extensions={"rule": "consent.unknown"})


def _wrong(member: str, text: str) -> BadInputError:
    return BadInputError(f"{member}: {text}", place=(member,), extensions={"rule": f"consent.{member}"})
