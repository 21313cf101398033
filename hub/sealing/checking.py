"""
Checks everything that is sealed: that every key can be reached, and every envelope opens where it stands.

What is opened is looked at by nobody and told to nobody; a damaged place is named by its key, never by a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.sealing.fields import Columns, Need, SubjectKey, names_in
from hub.sealing.sealer import place_of_row
from hub.sealing.subject_keys import TierKeys, rows_of_keys
from hub.store import tables
from hub.store.engine import Reader, reading
from hub.store.sealing_tables import TierKey
from hub.store.tables import table_of
from keys.errors import SealError, VaultError
from schema.tiers import Tier

_BATCH: Final = 500
_T = table_of(TierKey)
_TABLES = (table_of(tables.Record), table_of(tables.RecordVersion))


@dataclass(slots=True, kw_only=True)
class Checked:
    """
    What was found.

    Attributes:
        keys: Keys of subjects that open.
        fields: Fields that open.
        gone: Fields whose key was shredded.
        damaged: Places that do not open, or tier keys that cannot be reached; one text each.
    """

    keys: int = 0
    fields: int = 0
    gone: int = 0
    damaged: list[str] = field(default_factory=list)


class Checking:
    """Checks one store. Reads only."""

    def __init__(self, engine: AsyncEngine, tier_keys: TierKeys) -> None:
        self._engine = engine
        self._tier_keys = tier_keys
        self._columns = Columns()

    async def run(self) -> Checked:
        """Check every key and every sealed field."""
        checked = Checked()
        async with reading(self._engine) as reader:
            for row in await reader.rows(select(_T).where(_T.c.state != "retired").order_by(_T.c.id)):
                try:
                    self._tier_keys.take(row.tier, row.id, row.reference)
                except VaultError as error:
                    checked.damaged.append(f"tier_key {row.id} ({row.tier}): {error}")
            for table in _TABLES:
                await self._table(reader, table, checked)
        return checked

    async def _table(self, reader: Reader, table: Table, checked: Checked) -> None:
        keys = tuple(table.primary_key.columns)
        last: tuple[Any, ...] | None = None
        while True:
            page = select(*keys, table.c.sealed, *([table.c.version] if table.c.version not in keys else []))
            page = page.where(table.c.sealed.is_not(None)).order_by(*keys).limit(_BATCH)
            if last is not None:
                page = page.where(tuple_(*keys) > tuple_(*last))
            rows = await reader.rows(page)
            held = await self._keys(reader, sorted({row.subject_code for row in rows}), checked)
            for row in rows:
                self._row(table, row, held, checked)
            if len(rows) < _BATCH:
                return
            last = tuple(getattr(rows[-1], key.name) for key in keys)

    async def _keys(self, reader: Reader, codes: list[str], checked: Checked) -> Mapping[Need, SubjectKey | None]:
        held: dict[Need, SubjectKey | None] = {}
        for row in await rows_of_keys(reader, [(code, tier) for code in codes for tier in (Tier.A, Tier.R)]):
            need = (row.subject_code, Tier(row.tier))
            try:
                held[need] = self._tier_keys.unwrap(row) if row.wrapped is not None else None
                checked.keys += row.wrapped is not None
            except (SealError, VaultError) as error:
                checked.damaged.append(f"subject_key {need[0]} {need[1]}: {type(error).__name__}")
        return held

    def _row(
        self, table: Table, row: Row[*tuple[Any, ...]], held: Mapping[Need, SubjectKey | None], checked: Checked
    ) -> None:
        place = place_of_row(table.name, row)
        try:
            envelopes = list(names_in(self._columns.read(row.sealed)))
        except SealError as error:
            checked.damaged.append(f"{' '.join(map(str, place))}: {type(error).__name__}")
            return
        for name, tier, envelope in envelopes:
            need = (row.subject_code, tier)
            key = held.get(need)
            try:
                data = key.opened(envelope, place.of(name, tier)) if key is not None else None
                if data is not None:
                    self._columns.value(row.kind, name, data)
            except SealError as error:
                checked.damaged.append(f"{' '.join(map(str, place))} {name}: {type(error).__name__}")
            else:
                checked.fields += data is not None
                checked.gone += data is None
