"""What is known of the sources: who they are, when they last answered, how fresh what we hold of them is."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import from_iso, iso
from hub.store import tables
from hub.store.engine import Writer, glancing, reading
from hub.store.epochs import Epochs, epoch_of
from hub.store.tables import table_of

_TABLE = table_of(tables.Source)
_O = _TABLE.c
_S = table_of(tables.Stream).c
_EPOCH = select(epoch_of("source"))
_SOURCES = select(_TABLE).order_by(_O.rank, _O.id)
_FLOWS = select(_S.source, _S.kind, _S.last_error).order_by(_S.source, _S.name)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The rows as of `epoch`, and what was made of them for every instant from `begins` until before `ends`."""

    epoch: int
    rows: Sequence[Row[Any]]
    flows: Mapping[str, Mapping[str, str | None]]
    states: Sequence[SourceState]
    begins: datetime
    ends: datetime


class Sources:
    """
    The sources of one store, held until their epoch changes (`hub.store.epochs`).

    The commit of every answer that tells of a source checks the epoch, so what is told is what the store says.
    """

    def __init__(self, engine: AsyncEngine, epochs: Epochs) -> None:
        self._engine = engine
        self._epochs = epochs
        self._held: _Held | None = None

    async def read(self, now: datetime) -> tuple[Sequence[SourceState], int]:
        """
        All sources by rank and id with their state at *now* (aware), and the epoch `source` they were read at.

        The states are the same object as long as none of them changed.

        Raises:
            EpochMissingError: the store does not have the epoch.
        """
        held = self._held
        if held is None or held.epoch != self._epochs.known.get("source"):
            async with reading(self._engine) as reader:
                row = await reader.first(_EPOCH)
                rows = await reader.rows(_SOURCES)
                flows = _flows(await reader.rows(_FLOWS))
            # One session sees one state of the store, so the epoch is that of the rows.
            epoch = self._epochs.note_one("source", None if row is None else row[0])
        elif held.begins <= now < held.ends:
            return held.states, held.epoch
        else:
            epoch, rows, flows = held.epoch, held.rows, held.flows
        held = self._held = _Held(
            epoch=epoch, rows=rows, flows=flows, states=_states(rows, flows, now), begins=now, ends=_next(rows, now)
        )
        return held.states, held.epoch


async def read_sources(engine: AsyncEngine, now: datetime) -> Sequence[SourceState]:
    """All sources by rank and id, with their state at *now* (aware), from the store."""
    async with glancing(engine) as reader:
        rows = await reader.rows(_SOURCES)
        flows = await reader.rows(_FLOWS)
    return _states(rows, _flows(flows), now)


def _flows(rows: Sequence[Row[Any]]) -> Mapping[str, Mapping[str, str | None]]:
    streams: dict[str, dict[str, str | None]] = {}
    for flow in rows:
        errors = streams.setdefault(flow.source, {})
        errors[flow.kind] = errors.get(flow.kind) or flow.last_error
    return streams


def _states(
    rows: Sequence[Row[Any]], flows: Mapping[str, Mapping[str, str | None]], now: datetime
) -> Sequence[SourceState]:
    return tuple(
        SourceState(
            state=freshness(row["last_succeeded_at"], row["last_error"], row["max_age_s"], now),
            streams=flows.get(row["id"], {}),
            **row,
        )
        for row in (each._asdict() for each in rows)
    )


def _next(rows: Sequence[Row[Any]], now: datetime) -> datetime:
    """The first instant after *now* at which a source that is fresh becomes stale by age alone."""
    ends = (
        from_iso(row.last_succeeded_at) + timedelta(seconds=row.max_age_s, microseconds=1)
        for row in rows
        if row.last_error is None and row.last_succeeded_at is not None
    )
    return min((end for end in ends if end > now), default=datetime.max.replace(tzinfo=UTC))


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
