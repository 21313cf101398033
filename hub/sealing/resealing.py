"""
Seals what an older release stored openly, while hubs go on answering: records, their versions, quarantined rows.

Rules:
    - A batch is one transaction under the turn of the intakes; killed at any point, the next run goes on behind it.
    - A record's digest becomes keyed together with its values, in its versions too: else whoever has the store could
      try values against it. It is the one case in which a stored version changes; what it says does not.
    - The subject's version is raised by the store itself, so dossiers kept in memory are read again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson
from sqlalchemy import Row, Table, bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.ingest.content import body_of
from hub.ingest.intake import TURN
from hub.sealing.fields import HOLDER, Place
from hub.sealing.sealer import Sealer, Sealing, place_of_row
from hub.store import tables
from hub.store.engine import Writer, writing
from hub.store.tables import table_of
from keys.envelope import is_sealed
from schema.catalogue import KINDS
from schema.catalogue.model import Record
from schema.identifiers.uscc import check_uscc
from schema.tiers import Tier

BATCH: Final = 500

_RECORD = table_of(tables.Record)
_VERSION = table_of(tables.RecordVersion)
_TICKET = table_of(tables.Quarantine)
_SET_TICKET = update(_TICKET).where(_TICKET.c.id == bindparam("the_id")).values(row=bindparam("row"))


@dataclass(slots=True, kw_only=True)
class Resealed:
    """What was sealed: records, versions, quarantined rows."""

    records: int = 0
    versions: int = 0
    tickets: int = 0


Progress = Callable[[str, int], None]
"""Told a table and how many of its rows were looked at."""


class Resealing:
    """Seals the rows of one store that are not sealed yet."""

    def __init__(self, engine: AsyncEngine, sealing: Sealing) -> None:
        self._engine = engine
        self._sealing = sealing
        self._bodies = {name: msgspec.msgpack.Decoder(kind) for name, kind in KINDS.items()}

    async def run(self, at: str, *, batch: int = BATCH, progress: Progress | None = None) -> Resealed:
        """
        Seal what is not sealed yet; again finds nothing to do.

        Raises:
            SealingError: a key is damaged, or there is none in force.
        """
        done = Resealed()
        tell = progress or _silent
        # Versions first: a record whose head is sealed has nothing open left anywhere.
        done.versions = await self._table(_VERSION, at, batch, tell)
        done.records = await self._table(_RECORD, at, batch, tell)
        done.tickets = await self._tickets(at, batch, tell)
        return done

    async def subject(self, writer: Writer, subject: str, at: str) -> None:
        """Seal what is open of *subject*, in the transaction of *writer*, which holds the turn."""
        for table in (_VERSION, _RECORD):
            mine = select(table).where(table.c.subject_code == subject, table.c.sealed.is_(None))
            await self._seal(writer, table, await writer.rows(mine), at)

    async def _table(self, table: Table, at: str, batch: int, tell: Progress) -> int:
        keys = tuple(table.primary_key.columns)
        last: tuple[Any, ...] | None = None
        seen = sealed = 0
        while True:
            page = select(table).where(table.c.sealed.is_(None)).order_by(*keys).limit(batch)
            if last is not None:
                page = page.where(tuple_(*keys) > tuple_(*last))
            async with writing(self._engine) as writer:
                await writer.take_turn(TURN)
                rows = await writer.rows(page)
                sealed += await self._seal(writer, table, rows, at)
            seen += len(rows)
            tell(table.name, seen)
            if len(rows) < batch:
                return sealed
            last = tuple(getattr(rows[-1], key.name) for key in keys)

    async def _seal(self, writer: Writer, table: Table, rows: Sequence[Row[*tuple[Any, ...]]], at: str) -> int:
        found: list[tuple[Row[*tuple[Any, ...]], Record, Tier | None]] = []
        for row in rows:
            if row.kind not in KINDS:
                # Of a catalogue of another release: it cannot be read, nor is it ever shown.
                continue
            record, tier = self._bodies[row.kind].decode(row.body), _tier_of(table, row)
            if self._sealing.needs(row.subject_code, record, tier):
                found.append((row, record, tier))
        needs = {need for row, record, tier in found for need in self._sealing.needs(row.subject_code, record, tier)}
        sealer = await self._sealing.begin(writer, needs, at)
        await writer.write(_setting(table), [self._values(sealer, table, *each) for each in found])
        await sealer.end(writer)
        return len(found)

    def _values(
        self, sealer: Sealer, table: Table, row: Row[*tuple[Any, ...]], record: Record, tier: Tier | None
    ) -> dict[str, object]:
        secret = self._sealing.secret_of(record, tier)
        names = [name for part in secret.values() for name in part]
        kept = sealer.kept(row.subject_code, secret)
        place: Place = place_of_row(table.name, row)
        values: dict[str, object] = {f"the_{key.name}": getattr(row, key.name) for key in table.primary_key.columns}
        values["body"] = body_of(msgspec.structs.replace(record, **dict.fromkeys(names)))
        values["sealed"] = sealer.column(place, kept)
        # Under shredded keys nobody can make it again: what it would tell is gone.
        values["digest"] = sealer.digest(row.subject_code, kept, row.digest) if kept else _FORGOTTEN
        is_day_sealed = record.MAIN_DAY in names
        if table is _RECORD:
            values["decided_on"] = None if is_day_sealed else row.decided_on
        else:
            envelope = orjson.loads(row.envelope)
            values["envelope"] = orjson.dumps(envelope | ({"decided_on": None} if is_day_sealed else {})).decode()
        return values

    async def _tickets(self, at: str, batch: int, tell: Progress) -> int:
        last, seen, sealed = "", 0, 0
        while True:
            page = select(_TICKET).where(_TICKET.c.id > last).order_by(_TICKET.c.id).limit(batch)
            async with writing(self._engine) as writer:
                await writer.take_turn(TURN)
                rows = await writer.rows(page)
                open_rows = [(row, _holder(row)) for row in rows if row.row and not is_sealed(row.row)]
                sealer = await self._sealing.begin(writer, {(holder, Tier.R) for _, holder in open_rows}, at)
                await writer.write(
                    _SET_TICKET,
                    [{"the_id": row.id, "row": sealer.row(holder, row.id, row.row)} for row, holder in open_rows],
                )
                await sealer.end(writer)
            seen, sealed = seen + len(rows), sealed + len(open_rows)
            tell(_TICKET.name, seen)
            if len(rows) < batch:
                return sealed
            last = rows[-1].id


_FORGOTTEN: Final = "none:" + "0" * 64
"""Digest of a content that was erased before it was ever sealed."""


def _setting(table: Table) -> Any:  # noqa: ANN401  an update, whose type says nothing of its columns
    changed = ("body", "sealed", "digest", "decided_on" if table is _RECORD else "envelope")
    statement = update(table).values({name: bindparam(name) for name in changed})
    for key in table.primary_key.columns:
        statement = statement.where(key == bindparam(f"the_{key.name}"))
    return statement


def _tier_of(table: Table, row: Row[*tuple[Any, ...]]) -> Tier | None:
    tier = row.tier if table is _RECORD else orjson.loads(row.envelope).get("tier")
    return Tier(tier) if tier else None


def _holder(row: Row[*tuple[Any, ...]]) -> str:
    """Whose key seals a ticket of an older release: the subject its row speaks of, if that is known."""
    try:
        kept: Mapping[str, Any] = msgspec.msgpack.decode(row.row)
    except msgspec.MsgspecError:
        return HOLDER
    values = kept.get("values")
    code = values.get(KINDS[row.kind].CODE_FIELD) if isinstance(values, dict) and row.kind in KINDS else None
    return (check_uscc(code).code if isinstance(code, str) else None) or HOLDER


def _silent(_table: str, _seen: int) -> None:
    """Tell nobody."""
