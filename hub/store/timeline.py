"""Reads the timeline of subjects: renamed, merged, 注销, 吊销, seen first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import tables
from hub.store.engine import glancing
from hub.store.tables import table_of

_E = table_of(tables.SubjectEvent).c
_TIMELINE = (
    select(_E.subject_code, _E.event, _E.day, _E.source)
    .where(_E.subject_code.in_(bindparam("codes", expanding=True)))
    .order_by(_E.subject_code, _E.day, _E.recorded_at, _E.event_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """One step; `day` ISO, None where not known."""

    event: str
    day: str | None
    source: str


async def read_timelines(engine: AsyncEngine, codes: Sequence[str]) -> Mapping[str, Sequence[TimelineEvent]]:
    """Read the timelines of *codes* (at most 500), oldest step first; a code without steps is absent."""
    found: dict[str, list[TimelineEvent]] = {}
    async with glancing(engine) as reader:
        for row in await reader.rows(_TIMELINE, {"codes": list(codes)}):
            found.setdefault(row.subject_code, []).append(
                TimelineEvent(event=row.event, day=row.day, source=row.source)
            )
    return found
