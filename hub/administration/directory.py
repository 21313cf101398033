"""The register of partners as officers read it: entries with their keys, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.model import Page
from hub.identity.partner_keys import HeldKey, keys_of
from hub.identity.partners import Partner, find_partner
from hub.store import tables
from hub.store.engine import Reader, reading
from hub.store.tables import table_of

_ID = table_of(tables.Partner).c.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A partner with its keys, of every state."""

    partner: Partner
    keys: Sequence[HeldKey]


class Directory:
    """Reads the register; nothing of it is kept in memory."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, *, first: int, after: str | None = None) -> Page[Registered]:
        """List at most *first* partners by id; *after* is the id behind which to go on."""
        # Every id is behind the empty text.
        query = select(_ID).where(bindparam("after") < _ID).order_by(_ID).limit(first + 1)
        async with reading(self._engine) as reader:
            found = [row.id for row in await reader.rows(query, {"after": after or ""})]
            rows = [row for name in found[:first] if (row := await _registered(reader, name)) is not None]
        return Page(rows=rows, end=found[first - 1] if len(found) > first else None)

    async def find(self, partner_id: str) -> Registered | None:
        """Look up one partner."""
        async with reading(self._engine) as reader:
            return await _registered(reader, partner_id)


async def _registered(reader: Reader, partner_id: str) -> Registered | None:
    partner = await find_partner(reader, partner_id)
    return None if partner is None else Registered(partner=partner, keys=await keys_of(reader, partner_id))
