"""
Rights: the consents given to an organisation and the grants given to a partner, as far as they are valid now.

Rules:
    - What is kept in memory carries the epoch `right` it was read at, and the commit of every answer checks it: a
      revocation holds from the next answer on, on every worker.
    - Time is checked by whoever asks: what is kept is good until the first instant at which a right begins or ends.
    - The public has no rights: nothing is read for it.

Source: DOMAIN 13.1 (consent), 13.2 (by grant).
"""

import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import SHANGHAI, from_iso, iso, legal_day
from hub.identity.caller import Caller
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.engine import reading
from hub.store.epochs import Epochs, epoch_of
from hub.store.tables import table_of
from schema.catalogue.model import Category
from schema.policy.model import Consent, Grant
from schema.tiers import Tier

_C = table_of(ConsentRow)
_G = table_of(AccessGrant)
_EPOCH = select(epoch_of("right"))
_CONSENTS = (
    select(_C.c.id, _C.c.subject_code, _C.c["items"].label("covers"), _C.c.purpose, _C.c.valid_from, _C.c.valid_to)
    .where(_C.c.grantee == bindparam("grantee"), _C.c.revoked_at.is_(None), _C.c.valid_to >= bindparam("today"))
    .order_by(_C.c.subject_code, _C.c.id)
)
_GRANTS = (
    select(_G)
    .where(_G.c.partner == bindparam("partner"), _G.c.revoked_at.is_(None), _G.c.valid_to > bindparam("now"))
    .order_by(_G.c.id)
)
_SIZE = 10_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """
    Rights valid at one instant. The same object as long as nothing changes: so it can be a key of what follows from it.

    Attributes:
        consents: By subject and id.
        grants: By id.
    """

    consents: tuple[Consent, ...] = ()
    grants: tuple[Grant, ...] = ()


NO_RIGHTS = Held()
"""Of whoever has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What was read at *epoch*, and what of it is valid from *begins* until before *ends*."""

    epoch: int
    consents: tuple[Consent, ...]
    grants: tuple[Grant, ...]
    held: Held
    begins: datetime
    ends: datetime


class Rights:
    """Reads rights, and keeps them. One per process."""

    def __init__(self, engine: AsyncEngine, epochs: Epochs) -> None:
        self._engine = engine
        self._epochs = epochs
        self._kept: OrderedDict[tuple[str, str | None], _Kept] = OrderedDict()

    async def of(self, caller: Caller, now: datetime) -> tuple[Held, int | None]:
        """
        Tell the rights of *caller* at *now* (aware), and the epoch they were read at; None for the public.

        Raises:
            EpochMissingError: the store does not have the epoch.
        """
        if caller.partner is None:
            return NO_RIGHTS, None
        key = (caller.partner, caller.organisation)
        kept = self._kept.get(key)
        if kept is None or kept.epoch != self._epochs.known.get("right"):
            kept = await self._read(caller.partner, caller.organisation, now)
        elif not kept.begins <= now < kept.ends:
            kept = _kept(kept.epoch, kept.consents, kept.grants, now)
        else:
            self._kept.move_to_end(key)
            return kept.held, kept.epoch
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > _SIZE:
            self._kept.popitem(last=False)
        return kept.held, kept.epoch

    async def _read(self, partner: str, organisation: str | None, now: datetime) -> _Kept:
        # A day of leeway: what has just ended does no harm, a clock that steps back must not lose a right.
        since = now - timedelta(days=1)
        async with reading(self._engine) as reader:
            row = await reader.first(_EPOCH)
            granted = await reader.rows(_GRANTS, {"partner": partner, "now": iso(since)})
            given = []
            if organisation is not None:
                today = legal_day(since).isoformat()
                given = list(await reader.rows(_CONSENTS, {"grantee": organisation, "today": today}))
        epoch = self._epochs.note_one("right", None if row is None else row[0])
        consents, grants = tuple(map(consent_of, given)), tuple(map(grant_of, granted))
        return _kept(epoch, consents, grants, now)


def consent_of(row: Row[Any]) -> Consent:
    """Read a consent; the column `items` is told as `covers`."""
    return Consent(
        id=row.id,
        subject=row.subject_code,
        items=frozenset(map(Category, json.loads(row.covers))),
        purpose=row.purpose,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def grant_of(row: Row[Any]) -> Grant:
    """Read a grant."""
    return Grant(
        id=row.id,
        category=Category(row.category),
        coordinates=frozenset(json.loads(row.coordinates)),
        source=row.source,
        subject=row.subject,
        purpose=row.purpose,
        tier=Tier(row.tier),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        break_glass=bool(row.break_glass),
    )


def _kept(epoch: int, consents: tuple[Consent, ...], grants: tuple[Grant, ...], now: datetime) -> _Kept:
    """Tell what is valid at *now*, and between which instants that stays so."""
    spans = [(_begin_of(each.valid_from), _end_of(each.valid_to)) for each in consents]
    times = [(from_iso(each.valid_from), from_iso(each.valid_to)) for each in grants]
    edges = [edge for span in (*spans, *times) for edge in span]
    held = Held(
        consents=_valid(zip(consents, spans, strict=True), now),
        grants=_valid(zip(grants, times, strict=True), now),
    )
    return _Kept(
        epoch=epoch,
        consents=consents,
        grants=grants,
        held=held if held.consents or held.grants else NO_RIGHTS,
        begins=max((edge for edge in edges if edge <= now), default=datetime.min.replace(tzinfo=UTC)),
        ends=min((edge for edge in edges if edge > now), default=datetime.max.replace(tzinfo=UTC)),
    )


def _valid(rights: Iterable[tuple[T, tuple[datetime, datetime]]], now: datetime) -> tuple[T, ...]:
    return tuple(each for each, (begin, end) in rights if begin <= now < end)


def _begin_of(day: str) -> datetime:
    """First instant of a legal day."""
    return datetime.combine(date.fromisoformat(day), time(), SHANGHAI)


def _end_of(day: str) -> datetime:
    """First instant after a legal day; a day without end ends with the calendar."""
    try:
        return _begin_of(day) + timedelta(days=1)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
