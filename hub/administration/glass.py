"""
Break-glass (应急授权): access in an emergency, given by a second person, for an hour at most, and reviewed by a third.

Rules:
    - Asked for by an administrator or a security officer, given by a security officer who did not ask. It becomes a
      grant, and bounded like one: the purpose must read the category, and prohibitions hold.
    - A request that nobody gives within an hour is void. At most 60 minutes from when it was given; never prolonged.
    - Giving it raises an alarm for the auditor in the same transaction. An auditor reviews every one within three days,
      with a verdict; the review closes its alarm.
    - The same access is not given again before the one before it was reviewed: an hour is an hour, however often it is
      asked for. Another category, or another subject, is another emergency.
    - While a review is overdue, or one within the last 30 days found the access unjustified, neither its requester nor
      its partner gets another: who does not answer for an emergency has none (our reading; DOMAIN leaves it open).
    - Two persons suffice whatever the tier: an emergency does not wait for a third, who comes after it as the auditor.

Source: DOMAIN 10 (三员分立).
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, true, update

from hub.access.policies import Policies
from hub.administration.acting import Agent, name_of
from hub.administration.alarms import ALARM, LOOK_WITHIN, alarm_of, close_alarms_of, raise_alarm
from hub.administration.desk import Desk, check_reason
from hub.administration.model import AlarmEntry, GlassEntry, GlassState, NewGlass, Page, Verdict
from hub.administration.rights_checked import GRANT, check_scope, check_subject
from hub.clock import from_iso, iso
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.identity.officers.duties import Duty, check_duty, check_not_own, has_duty
from hub.identity.officers.model import Acting
from hub.identity.partners import find_partner
from hub.store.administration_tables import BreakGlass
from hub.store.engine import Reader, Writer, reading
from hub.store.tables import table_of
from keys.canonical import Json
from schema.catalogue.model import Category
from schema.tiers import Tier

MINUTES_MAX = 60
LAPSES_AFTER = timedelta(minutes=60)
BARRED_FOR = timedelta(days=30)
_REASON_MIN = 10
_T = table_of(BreakGlass)


class Glass:
    """The emergency accesses of one store, and the alarms."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._policies = Policies(desk.engine)

    async def request(self, agent: Agent, new: NewGlass) -> GlassEntry:
        """
        Ask for an emergency access; nothing is opened by it.

        Raises:
            BadInputError: a member is not as it must be.
            ForbiddenError: not a duty of the role; or a review stands out against the requester or the partner
                (`glass.review_overdue`, `glass.unjustified`).
        """
        reason = check_reason(new.reason, at_least=_REASON_MIN)
        if not 1 <= new.minutes <= MINUTES_MAX:
            raise BadInputError(
                f"minutes: expected 1 to {MINUTES_MAX}", place=("minutes",), extensions={"rule": "glass.minutes"}
            )
        check_subject(new.subject, ("subject",))
        now = self._desk.clock.now()
        policy = await self._policies.current(now)
        check_scope(new.category, new.purpose, policy)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.REQUEST_GLASS)
            await _check_partner(writer, new)
            await _check_not_barred(writer, name_of(agent), new.partner, now)
            row = {
                "id": self._desk.new_id(),
                "state": GlassState.REQUESTED.value,
                "partner": new.partner,
                "purpose": new.purpose,
                "category": new.category.value,
                "tier": new.tier.value,
                "subject": new.subject,
                "minutes": new.minutes,
                "reason": reason,
                "requested_by": name_of(agent),
                "requested_at": iso(now),
                "lapses_at": iso(now + LAPSES_AFTER),
            }
            await writer.write(insert(_T), [row])
            await self._note(writer, agent, "requested", str(row["id"]))
            return await self._get(writer, str(row["id"]))

    async def approve(self, agent: Agent, glass_id: str) -> GlassEntry:
        """
        Give what another asked for; it opens from now on, for the minutes asked.

        Raises:
            ForbiddenError: not a duty of the role, one's own request (`duty.own`), barred since (as `request`), or the
                same access was given and nobody has reviewed it yet (`glass.unreviewed`).
            StepUpRequiredError: the last proof of presence is too old.
            ConflictError: it is not waiting any more (`glass.moved`), or has lapsed (`glass.lapsed`).
            BadInputError: it would open nothing any more.
        """
        now = self._desk.clock.now()
        policy = await self._policies.current(now)
        async with self._desk.act() as writer:
            asked = await self._waiting(writer, glass_id)
            agent = await self._desk.admit(writer, agent, Duty.APPROVE_GLASS)
            if not isinstance(agent, Acting):
                raise ForbiddenError("duty.own", "An emergency access needs a second person")
            check_not_own(agent, asked.requested_by)
            check_scope(asked.category, asked.purpose, policy)
            await _check_not_barred(writer, asked.requested_by, asked.partner, now)
            await _check_not_prolonged(writer, asked)
            grant_id = self._desk.new_id()
            await writer.write(insert(GRANT), [_grant(asked, grant_id, agent.officer.id, now)])
            values = {"grant_id": grant_id, "review_due": iso(now + LOOK_WITHIN)}
            await self._decide(writer, agent, asked, GlassState.GIVEN, values)
            await raise_alarm(writer, self._desk, "break_glass", glass_id, by=agent)
            return await self._get(writer, glass_id)

    async def refuse(self, agent: Agent, glass_id: str, comment: str) -> GlassEntry:
        """
        Refuse what was asked for; also its own requester may, who does not need it any more.

        Raises:
            ForbiddenError: not a duty of the role.
            ConflictError: it is not waiting any more, or has lapsed.
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            asked = await self._waiting(writer, glass_id)
            agent = await self._desk.admit(writer, agent, Duty.READ_POLICY)
            is_own = name_of(agent) == asked.requested_by
            if isinstance(agent, Acting) and not is_own and not has_duty(agent.officer.role, Duty.APPROVE_GLASS):
                check_duty(agent, Duty.APPROVE_GLASS)
            await self._decide(writer, agent, asked, GlassState.REFUSED, {"comment": comment})
            return await self._get(writer, glass_id)

    async def review(self, agent: Agent, glass_id: str, verdict: Verdict, comment: str) -> GlassEntry:
        """
        Say whether an emergency access was justified; it ends, and its alarm is closed by it.

        Raises:
            ForbiddenError: not the auditor's.
            ConflictError: it was not given, or is reviewed already (`glass.moved`).
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.REVIEW_GLASS)
            given = await self._get(writer, glass_id)
            if given.state is not GlassState.GIVEN:
                raise ConflictError(
                    "glass.moved", f"The access is {given.state.value}", changed={"state": given.state.value}
                )
            values = {
                "state": GlassState.REVIEWED.value,
                "reviewed_by": name_of(agent),
                "reviewed_at": self._desk.now(),
                "verdict": verdict.value,
                "comment": comment,
            }
            await writer.write(update(_T).where(_T.c.id == glass_id).values(**values))
            # What is reviewed is over: nobody looks at it again.
            await self._end(writer, given, agent)
            said: dict[str, Json] = {"verdict": verdict.value, "comment": comment}
            await self._note(writer, agent, "reviewed", glass_id, said)
            await close_alarms_of(writer, self._desk, glass_id, comment, by=agent)
            return await self._get(writer, glass_id)

    async def _end(self, writer: Writer, given: GlassEntry, agent: Agent) -> None:
        now = self._desk.now()
        running = (GRANT.c.id == given.grant_id, GRANT.c.revoked_at.is_(None), GRANT.c.valid_to > now)
        values = {"revoked_at": now, "revoked_by": name_of(agent), "revoked_reason": "reviewed"}
        await writer.write(update(GRANT).where(*running).values(**values))

    async def list(
        self, agent: Agent, *, state: GlassState | None = None, first: int, after: str | None = None
    ) -> Page[GlassEntry]:
        """
        List at most *first* emergency accesses, the newest first; *after* is the id behind which to go on.

        Raises:
            ForbiddenError: not a duty of the role.
        """
        _check_reads(agent)
        now = self._desk.now()
        query = select(_T).order_by(_T.c.id.desc()).limit(first + 1)
        is_void = _T.c.lapses_at <= now
        if state is GlassState.LAPSED:
            query = query.where(_T.c.state == GlassState.REQUESTED.value, is_void)
        elif state is not None:
            query = query.where(_T.c.state == state.value)
            if state is GlassState.REQUESTED:
                query = query.where(~is_void)
        if after is not None:
            query = query.where(_T.c.id < after)
        async with reading(self._desk.engine) as reader:
            rows = [_entry(row, now) for row in await reader.rows(query)]
        return Page(rows=rows[:first], end=rows[first - 1].id if len(rows) > first else None)

    async def alarms(
        self, agent: Agent, *, closed: bool = False, first: int, after: str | None = None
    ) -> Page[AlarmEntry]:
        """
        List at most *first* alarms, the newest first: the open ones, or with *closed* all.

        Raises:
            ForbiddenError: not a duty of the role.
        """
        _check_reads(agent)
        query = select(ALARM).order_by(ALARM.c.id.desc()).limit(first + 1)
        if not closed:
            query = query.where(ALARM.c.closed_at.is_(None))
        if after is not None:
            query = query.where(ALARM.c.id < after)
        async with reading(self._desk.engine) as reader:
            rows = [alarm_of(row, self._desk.now()) for row in await reader.rows(query)]
        return Page(rows=rows[:first], end=rows[first - 1].id if len(rows) > first else None)

    async def close_alarm(self, agent: Agent, alarm_id: str, comment: str) -> AlarmEntry:
        """
        Close an alarm that the auditor has looked at. One of break-glass is closed by its review alone.

        Raises:
            ForbiddenError: not the auditor's.
            BadInputError: there is no such alarm (`alarm.unknown`).
            ConflictError: it is closed already (`alarm.closed`), or waits for the review (`alarm.review`).
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.REVIEW_GLASS)
            row = await writer.first(select(ALARM).where(ALARM.c.id == alarm_id))
            if row is None:
                raise BadInputError("No such alarm", place=("id",), extensions={"rule": "alarm.unknown"})
            if row.closed_at is not None:
                raise ConflictError("alarm.closed", "The alarm is closed already")
            if row.cause == "break_glass":
                raise ConflictError("alarm.review", "Closed by the review of the access", changed={"of": row.reference})
            values = {"closed_at": self._desk.now(), "closed_by": name_of(agent), "comment": comment}
            await writer.write(update(ALARM).where(ALARM.c.id == alarm_id).values(**values))
            said: dict[str, Json] = {"alarm": alarm_id, "reference": str(row.reference), "comment": comment}
            await self._desk.note(writer, "alarm", agent, "closed", said)
            closed = await writer.first(select(ALARM).where(ALARM.c.id == alarm_id))
        if closed is None:
            raise AssertionError("an alarm is never deleted")
        return alarm_of(closed, self._desk.now())

    async def _get(self, reader: Reader, glass_id: str) -> GlassEntry:
        row = await reader.first(select(_T).where(_T.c.id == glass_id))
        if row is None:
            raise BadInputError("No such emergency access", place=("id",), extensions={"rule": "glass.unknown"})
        return _entry(row, self._desk.now())

    async def _waiting(self, reader: Reader, glass_id: str) -> GlassEntry:
        found = await self._get(reader, glass_id)
        if found.state is GlassState.LAPSED:
            raise ConflictError("glass.lapsed", "Nobody gave it in time: ask again")
        if found.state is not GlassState.REQUESTED:
            raise ConflictError(
                "glass.moved", f"The access is {found.state.value}", changed={"state": found.state.value}
            )
        return found

    async def _decide(
        self, writer: Writer, agent: Agent, asked: GlassEntry, state: GlassState, values: dict[str, str]
    ) -> None:
        there = (_T.c.id == asked.id, _T.c.state == GlassState.REQUESTED.value)
        decided = {"state": state.value, "decided_by": name_of(agent), "decided_at": self._desk.now(), **values}
        if await writer.write(update(_T).where(*there).values(**decided)) != 1:
            raise ConflictError("glass.moved", "The access is not as it was: look again")
        await self._note(writer, agent, state.value, asked.id, {**values})

    async def _note(
        self, writer: Writer, agent: Agent, action: str, glass_id: str, more: dict[str, Json] | None = None
    ) -> None:
        entry = await self._get(writer, glass_id)
        said: dict[str, Json] = {
            "break_glass": glass_id,
            "partner": entry.partner,
            "purpose": entry.purpose,
            "category": entry.category.value,
            "tier": entry.tier.value,
            "subject": entry.subject,
            "minutes": entry.minutes,
            "reason": entry.reason,
            **(more or {}),
        }
        await self._desk.note(writer, "break_glass", agent, action, said)


async def _check_partner(reader: Reader, new: NewGlass) -> None:
    partner = await find_partner(reader, new.partner)
    if partner is None:
        raise BadInputError("partner: no such partner", place=("partner",), extensions={"rule": "grant.partner"})
    if new.purpose not in partner.purposes:
        raise BadInputError(
            "purpose: not one this partner may name", place=("purpose",), extensions={"rule": "grant.partner_purpose"}
        )


async def _check_not_barred(reader: Reader, requester: str, partner: str, now: datetime) -> None:
    theirs = or_(_T.c.requested_by == requester, _T.c.partner == partner)
    overdue = and_(_T.c.state == GlassState.GIVEN.value, _T.c.review_due < iso(now))
    if await reader.first(select(_T.c.id).where(theirs, overdue)) is not None:
        raise ForbiddenError("glass.review_overdue", "An earlier emergency access still waits for its review")
    recent = and_(_T.c.verdict == Verdict.UNJUSTIFIED.value, _T.c.reviewed_at > iso(now - BARRED_FOR))
    if await reader.first(select(_T.c.id).where(theirs, recent)) is not None:
        raise ForbiddenError("glass.unjustified", "An emergency access was found unjustified less than 30 days ago")


async def _check_not_prolonged(reader: Reader, asked: GlassEntry) -> None:
    given = (
        _T.c.state == GlassState.GIVEN.value,
        _T.c.partner == asked.partner,
        _T.c.category == asked.category.value,
    )
    about = true() if asked.subject is None else or_(_T.c.subject.is_(None), _T.c.subject == asked.subject)
    if await reader.first(select(_T.c.id).where(*given, about)) is not None:
        raise ForbiddenError("glass.unreviewed", "The same access was given before, and waits for its review")


def _grant(asked: GlassEntry, grant_id: str, officer: str, now: datetime) -> dict[str, object]:
    return {
        "id": grant_id,
        "partner": asked.partner,
        "category": asked.category.value,
        "coordinates": "[]",
        "source": None,
        "subject": asked.subject,
        "purpose": asked.purpose,
        "tier": asked.tier.value,
        "valid_from": iso(now),
        "valid_to": iso(now + timedelta(minutes=asked.minutes)),
        "break_glass": True,
        "reason": asked.reason,
        "change_id": None,
        "given_by": officer,
        "given_at": iso(now),
    }


def _entry(row: Row[Any], now: str) -> GlassEntry:
    state = GlassState(row.state)
    if state is GlassState.REQUESTED and row.lapses_at <= now:
        state = GlassState.LAPSED
    return GlassEntry(
        id=row.id,
        state=state,
        partner=row.partner,
        purpose=row.purpose,
        category=Category(row.category),
        tier=Tier(row.tier),
        subject=row.subject,
        minutes=row.minutes,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        lapses_at=row.lapses_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        grant_id=row.grant_id,
        review_due=row.review_due,
        overdue=state is GlassState.GIVEN and from_iso(row.review_due) < from_iso(now),
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        verdict=None if row.verdict is None else Verdict(row.verdict),
        comment=row.comment,
    )


def _check_reads(agent: Agent) -> None:
    if isinstance(agent, Acting):
        check_duty(agent, Duty.READ_POLICY)
