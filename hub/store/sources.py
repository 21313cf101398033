"""What is known of the sources: who they are, when they last answered, how fresh what we hold of them is."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import from_iso, iso
from hub.store import tables
from hub.store.engine import Writer, glancing
from hub.store.tables import table_of

_TABLE = table_of(tables.Source)
_O = _TABLE.c
_S = table_of(tables.Stream).c


class Freshness(StrEnum):
    """FRESH: read whole within its time; STALE: not so; UNREACHABLE: the last try failed."""

    FRESH = "FRESH"
    STALE = "STALE"
    UNREACHABLE = "UNREACHABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """
    A source as it stands at one moment.

    Attributes:
        id: Site identifier.
        name_zh, name_en: Its names.
        connector: Connector name.
        owner_code: USCC of its owner.
        region: GB/T 2260 code, None for the whole country.
        rank: When two sources send one record, the lower rank wins.
        live: Asked per question, not harvested.
        max_age_s: Seconds after which what we hold is stale.
        state: See `Freshness`.
        last_tried_at, last_succeeded_at: UTC text, None if never.
        last_error: `SourceError.code` of the last try, None if it succeeded or only some streams failed.
        streams: Kind -> code of the fault that stopped its stream on the last try, None if it was read to its end.
    """

    id: str
    name_zh: str
    name_en: str
    connector: str
    owner_code: str | None
    region: str | None
    rank: int
    live: bool
    max_age_s: int
    state: Freshness
    last_tried_at: str | None
    last_succeeded_at: str | None
    last_error: str | None
    streams: Mapping[str, str | None] = field(default_factory=dict)

    def fault_for(self, kinds: AbstractSet[str]) -> str | None:
        """Code of the fault that may keep records of *kinds* from us, None if there is none."""
        if self.state is Freshness.UNREACHABLE:
            concerned = not self.streams or not kinds.isdisjoint(self.streams)
            return (self.last_error or "SRC_UNREACHABLE") if concerned else None
        return next((error for kind, error in sorted(self.streams.items()) if error and kind in kinds), None)


async def read_sources(engine: AsyncEngine, now: datetime) -> Sequence[SourceState]:
    """All sources by rank and id, with their state at *now* (aware)."""
    async with glancing(engine) as reader:
        rows = await reader.rows(select(_TABLE).order_by(_O.rank, _O.id))
        flows = await reader.rows(select(_S.source, _S.kind, _S.last_error))
    streams: dict[str, dict[str, str | None]] = {}
    for flow in flows:
        errors = streams.setdefault(flow.source, {})
        errors[flow.kind] = errors.get(flow.kind) or flow.last_error
    return tuple(
        SourceState(
            state=freshness(row["last_succeeded_at"], row["last_error"], row["max_age_s"], now),
            streams=streams.get(row["id"], {}),
            **row,
        )
        for row in (each._asdict() for each in rows)
    )


def freshness(last_succeeded_at: str | None, last_error: str | None, max_age_s: int, now: datetime) -> Freshness:
    """How fresh a source is at *now*: a failed last try counts more than the age of what we hold."""
    if last_error is not None:
        return Freshness.UNREACHABLE
    if last_succeeded_at is None or now - from_iso(last_succeeded_at) > timedelta(seconds=max_age_s):
        return Freshness.STALE
    return Freshness.FRESH


async def note_success(writer: Writer, source: str, at: datetime) -> None:
    """Record that *source* answered whole at *at*."""
    text = iso(at)
    await writer.write(
        update(_TABLE).where(_O.id == source).values(last_tried_at=text, last_succeeded_at=text, last_error=None)
    )


async def note_failure(writer: Writer, source: str, at: datetime, code: str | None) -> None:
    """Record that *source* was tried at *at* and did not answer whole; *code* None: some of its streams did."""
    await writer.write(update(_TABLE).where(_O.id == source).values(last_tried_at=iso(at), last_error=code))
