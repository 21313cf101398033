"""Alarms: what the auditor must look at, and until when."""

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Row, insert, select, update

from hub.administration.acting import Agent, name_of
from hub.administration.desk import Desk
from hub.administration.model import AlarmEntry
from hub.clock import iso
from hub.store.administration_tables import Alarm
from hub.store.engine import Writer
from hub.store.tables import table_of

ALARM = table_of(Alarm)
LOOK_WITHIN = timedelta(days=3)
"""How long the auditor has."""


async def raise_alarm(
    writer: Writer, desk: Desk, cause: Literal["break_glass", "at_once"], reference: str, *, by: Agent
) -> None:
    """Raise an alarm in the act's transaction; *reference* is the id of what it is about."""
    now = desk.clock.now()
    row = {
        "id": desk.new_id(),
        "cause": cause,
        "reference": reference,
        "raised_by": name_of(by),
        "raised_at": iso(now),
        "due": iso(now + LOOK_WITHIN),
    }
    await writer.write(insert(ALARM), [row])
    await desk.note(writer, "alarm", by, "raised", {"alarm": row["id"], "cause": cause, "reference": reference})


async def close_alarms_of(writer: Writer, desk: Desk, reference: str, comment: str, *, by: Agent) -> None:
    """Close what is open about *reference*."""
    is_open = (ALARM.c.reference == reference, ALARM.c.closed_at.is_(None))
    rows = await writer.rows(select(ALARM.c.id).where(*is_open))
    values = {"closed_at": desk.now(), "closed_by": name_of(by), "comment": comment}
    await writer.write(update(ALARM).where(*is_open).values(**values))
    for row in rows:
        await desk.note(writer, "alarm", by, "closed", {"alarm": row.id, "reference": reference})


def alarm_of(row: Row[Any], now: str) -> AlarmEntry:
    """The alarm that *row* tells of, at *now*."""
    return AlarmEntry(
        id=row.id,
        cause=row.cause,
        reference=row.reference,
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        due=row.due,
        overdue=row.closed_at is None and row.due < now,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        comment=row.comment,
    )
