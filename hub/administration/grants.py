"""
Grants: listing, taking back, and the note of when each was last used.

Rules:
    - A grant is given, and prolonged, by a change set alone. It is taken back by one officer, at once.
    - Every grant ends. Those that end soon are listed for recertification (复核), those nobody used are flagged.
    - The road notes use in memory, once a day and grant; `flush` writes it. A note of use raises no epoch.
"""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update

from hub.administration.acting import Agent, name_of
from hub.administration.desk import Desk, check_reason
from hub.administration.model import GrantEntry, GrantState, Page
from hub.administration.rights_checked import GRANT
from hub.clock import SHANGHAI, iso, legal_day
from hub.errors import BadInputError, ConflictError
from hub.identity.officers.duties import Duty, check_duty
from hub.identity.officers.model import Acting
from hub.store.engine import reading, writing
from schema.catalogue.model import Category
from schema.tiers import Tier

DAYS_MAX = 3660
_NOTE = (
    update(GRANT)
    .where(GRANT.c.id == bindparam("grant"), or_(GRANT.c.last_used.is_(None), GRANT.c.last_used < bindparam("day")))
    .values(last_used=bindparam("day"))
)


class Grants:
    """The grants of one store."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # Owned by the event loop: grant -> day it was noted for, and those that are not written yet.
        self._noted: dict[str, date] = {}
        self._unwritten: dict[str, date] = {}

    async def list(
        self,
        agent: Agent,
        *,
        partner: str | None = None,
        expiring_within_days: int | None = None,
        unused_days: int | None = None,
        first: int,
        after: str | None = None,
    ) -> Page[GrantEntry]:
        """
        List at most *first* grants, the newest first.

        Args:
            agent: Who asks.
            partner: Only this partner's.
            expiring_within_days: Only those that are valid and end within so many days.
            unused_days: Only those that are valid, were given so long ago, and opened nothing since.
            first: Most rows.
            after: Id behind which to go on.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: a number of days is out of bounds.
        """
        if isinstance(agent, Acting):
            check_duty(agent, Duty.READ_POLICY)
        for member, days in (("expiring_within_days", expiring_within_days), ("unused_days", unused_days)):
            if days is not None and not 0 <= days <= DAYS_MAX:
                raise BadInputError(
                    f"{member}: expected 0 to {DAYS_MAX}", place=(member,), extensions={"rule": "grant.days"}
                )
        now = self._desk.clock.now()
        query = select(GRANT).order_by(GRANT.c.id.desc()).limit(first + 1)
        if partner is not None:
            query = query.where(GRANT.c.partner == partner)
        if expiring_within_days is not None or unused_days is not None:
            query = query.where(
                GRANT.c.revoked_at.is_(None), GRANT.c.valid_from <= iso(now), GRANT.c.valid_to > iso(now)
            )
        if expiring_within_days is not None:
            query = query.where(GRANT.c.valid_to <= iso(now + timedelta(days=expiring_within_days)))
        if unused_days is not None:
            since = now - timedelta(days=unused_days)
            day = legal_day(since).isoformat()
            query = query.where(
                GRANT.c.given_at <= iso(since), or_(GRANT.c.last_used.is_(None), GRANT.c.last_used < day)
            )
        if after is not None:
            query = query.where(GRANT.c.id < after)
        async with reading(self._desk.engine) as reader:
            rows = [grant_of(row, iso(now)) for row in await reader.rows(query)]
        return Page(rows=rows[:first], end=rows[first - 1].id if len(rows) > first else None)

    async def revoke(self, agent: Agent, grant_id: str, reason: str) -> GrantEntry:
        """
        Take a grant back; it opens nothing from the next request on.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: no such grant, or no reason.
            ConflictError: it is taken back already (`grant.revoked`).
        """
        reason = check_reason(reason)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.REVOKE_RIGHT)
            row = await writer.first(select(GRANT).where(GRANT.c.id == grant_id))
            if row is None:
                raise BadInputError("No such grant", place=("id",), extensions={"rule": "grant.unknown"})
            there = (GRANT.c.id == grant_id, GRANT.c.revoked_at.is_(None))
            values = {"revoked_at": self._desk.now(), "revoked_by": name_of(agent), "revoked_reason": reason}
            if await writer.write(update(GRANT).where(*there).values(**values)) != 1:
                raise ConflictError("grant.revoked", "The grant is taken back already")
            said = {"grant": grant_id, "partner": str(row.partner), "reason": reason}
            await self._desk.note(writer, "grant", agent, "revoked", said)
            found = await writer.first(select(GRANT).where(GRANT.c.id == grant_id))
        if found is None:
            raise AssertionError("a grant is never deleted")
        return grant_of(found, self._desk.now())

    def note_used(self, ids: Iterable[str], day: date) -> None:
        """
        Note that grants opened something on *day* (Asia/Shanghai). In memory: a dictionary look-up per grant.

        Called from the event loop, for every answer a grant took part in.
        """
        for name in ids:
            if self._noted.get(name) != day:
                self._noted[name] = day
                self._unwritten[name] = day

    async def flush(self) -> int:
        """Write what was noted, and tell how many grants that was. What cannot be written is kept for the next time."""
        notes, self._unwritten = self._unwritten, {}
        if not notes:
            return 0
        try:
            async with writing(self._desk.engine) as writer:
                for name in sorted(notes):
                    await writer.write(_NOTE, [{"grant": name, "day": notes[name].isoformat()}])
        except BaseException:
            self._unwritten = {**notes, **self._unwritten}
            raise
        self._forget()
        return len(notes)

    def _forget(self) -> None:
        """Forget days that are over: nothing is noted for them any more."""
        yesterday = self._desk.clock.now().astimezone(SHANGHAI).date() - timedelta(days=1)
        self._noted = {name: day for name, day in self._noted.items() if day >= yesterday}


def grant_of(row: Row[Any], now: str) -> GrantEntry:
    """The grant that *row* tells of, at *now*."""
    return GrantEntry(
        id=row.id,
        partner=row.partner,
        category=Category(row.category),
        coordinates=frozenset(json.loads(row.coordinates)),
        source=row.source,
        subject=row.subject,
        purpose=row.purpose,
        tier=Tier(row.tier),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        break_glass=bool(row.break_glass),
        state=_state(row, now),
        reason=row.reason,
        change_id=row.change_id,
        given_by=row.given_by,
        given_at=row.given_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used=row.last_used,
    )


def _state(row: Row[Any], now: str) -> GrantState:
    if row.revoked_at is not None:
        return GrantState.REVOKED
    if row.valid_to <= now:
        return GrantState.EXPIRED
    return GrantState.VALID if row.valid_from <= now else GrantState.SCHEDULED
