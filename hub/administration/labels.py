"""The labels officers set on single records: which record, how strict, until when and why."""

import json
from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.model import Page
from hub.store.administration_tables import RecordLabel
from hub.store.engine import reading
from hub.store.tables import table_of
from schema.tiers import Tier

_T = table_of(RecordLabel)
_KEY = (_T.c.subject_code, _T.c.kind, _T.c.record_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelEntry:
    """
    A label on one record.

    Attributes:
        subject, kind, record_key: Which record.
        tier: Joined with whatever the record bears already.
        regions: GB/T 2260 prefixes a reader's regions must hold; None: no compartment.
        reason: Why.
        valid_from, valid_to: Instants; the second is the first at which it is over, None until it is lifted.
        change_id: Change set that set it.
    """

    subject: str
    kind: str
    record_key: str
    tier: Tier
    regions: tuple[str, ...] | None
    reason: str
    valid_from: str
    valid_to: str | None
    change_id: str | None

    @property
    def position(self) -> str:
        """What to ask for as `after` to go on behind it."""
        return json.dumps([self.subject, self.kind, self.record_key])


class Labels:
    """Reads the table `record_label`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, *, subject: str | None = None, first: int, after: str | None = None) -> Page[LabelEntry]:
        """List at most *first* labels by record, of one *subject* or of all; *after* is a `position`."""
        code, kind, key = ("", "", "") if after is None else json.loads(after)
        behind = tuple_(*_KEY) > tuple_(bindparam("code"), bindparam("kind"), bindparam("key"))
        query = select(_T).where(behind).order_by(*_KEY).limit(first + 1)
        if subject is not None:
            query = query.where(_T.c.subject_code == subject)
        async with reading(self._engine) as reader:
            rows = await reader.rows(query, {"code": code, "kind": kind, "key": key})
        found = [
            LabelEntry(
                subject=row.subject_code,
                kind=row.kind,
                record_key=row.record_key,
                tier=Tier(row.tier),
                regions=None if row.regions is None else tuple(json.loads(row.regions)),
                reason=row.reason,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                change_id=row.change_id,
            )
            for row in rows
        ]
        return Page(rows=found[:first], end=found[first - 1].position if len(found) > first else None)
