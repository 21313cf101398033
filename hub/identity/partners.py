"""
Partners: the organisations that may ask, and as what.

Rules:
    - A suspended partner is refused on its next request, whatever its token says. An entry kept in memory carries the
      epoch `partner` it was read at, and the commit of every answer checks that epoch (`hub.store.epochs`).
    - Nobody is refused by an entry kept in memory: what would refuse is read again first.
    - An entry may be stricter than its kind's ceiling, never looser.
    - The partner's own credit code must pass both checks of GB 32100: access to one's own records hangs on it.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import SHANGHAI, iso, legal_day
from hub.errors import BadInputError
from hub.identity.actors import defaults_of
from hub.identity.caller import PUBLIC_LOOKUP, is_partner_id
from hub.store import tables
from hub.store.engine import glancing, writing
from hub.store.epochs import Epochs, epoch_of
from hub.store.tables import table_of
from schema.identifiers.uscc import is_uscc
from schema.policy.model import ActorKind
from schema.tiers import Tier, is_at_least

_TABLE = table_of(tables.Partner)
# One statement sees one state of the store, so the epoch is that of the entry.
_KNOWN = select(_TABLE, epoch_of("partner").label("epoch")).where(_TABLE.c.id == bindparam("partner"))
_REGION = re.compile(r"([1-9][0-9]([0-9]{2}){0,2})?")
_PURPOSE = re.compile(r"[A-Z][A-Z_]{2,39}")
_WORD = re.compile(r"[\w-]{1,40}")
_NAME_MAX = 200
_LIMIT_MAX = 2**31 - 1
_DAY_S = 86_400.0


class PartnerState(StrEnum):
    """Whether a partner is served."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """
    An entry.

    Attributes:
        id: Short name, `sub` of its tokens.
        name: Its name in full.
        actor: Kind of asker.
        organisation: Its credit code.
        ceiling, regions, sectors, purposes: See `hub.identity.caller.Caller`.
        state: See `PartnerState`.
        created_at: UTC text.
        valid_to: Last day it is served, inclusive, Asia/Shanghai; None: without end.
        rows_max: Rows one question may cost; None: the hub's own limit alone.
        bytes_max: Bytes of one answer; None: the hub's own limit alone.
    """

    id: str
    name: str
    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: frozenset[str]
    sectors: frozenset[str]
    purposes: frozenset[str]
    state: PartnerState
    created_at: str
    valid_to: date | None
    rows_max: int | None = None
    bytes_max: int | None = None

    def is_served(self, now: datetime) -> bool:
        """Whether it may ask at *now* (aware)."""
        return self.state is PartnerState.ACTIVE and (self.valid_to is None or legal_day(now) <= self.valid_to)

    @property
    def served_until(self) -> float:
        """First instant at which its validity has ended, in seconds since 1970; infinite without end."""
        if self.valid_to is None:
            return float("inf")
        return datetime.combine(self.valid_to, time(), SHANGHAI).timestamp() + _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPartner:
    """What an operator says of a new partner; what is left out comes from its kind (`hub.identity.actors`)."""

    id: str
    name: str
    actor: ActorKind
    organisation: str | None = None
    ceiling: Tier | None = None
    regions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    valid_to: date | None = None
    rows_max: int | None = None
    bytes_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An entry as read, and the epoch it was read at; None where nothing is kept in memory."""

    partner: Partner
    epoch: int | None


def admit(wish: NewPartner, now: datetime) -> Partner:
    """
    Check *wish* and complete it to an entry.

    Raises:
        BadInputError: naming the field; a kind's rule is broken, or a value has the wrong form.
    """
    defaults = defaults_of(wish.actor)
    if defaults is None:
        raise _wrong("actor", "the public has no entry")
    if not is_partner_id(wish.id):
        raise _wrong("id", "expected 2-63 characters a-z, 0-9, hyphen")
    if not wish.name.strip() or len(wish.name) > _NAME_MAX:
        raise _wrong("name", f"expected 1-{_NAME_MAX} characters")
    if wish.organisation is None and defaults.needs_organisation:
        raise _wrong("organisation", f"{wish.actor} must name its own credit code")
    if wish.organisation is not None and not is_uscc(wish.organisation):
        raise _wrong("organisation", "not a unified social credit code (GB 32100)")
    if defaults.needs_region and not wish.regions:
        raise _wrong("regions", f"{wish.actor} must name at least one region")
    _check_each("regions", wish.regions, _REGION, "expected a GB/T 2260 code or prefix: 2, 4 or 6 digits")
    _check_each("sectors", wish.sectors, _WORD, "expected a word")
    _check_each("purposes", wish.purposes, _PURPOSE, "expected a code such as PROCUREMENT_CHECK")
    ceiling = wish.ceiling or defaults.ceiling
    if not is_at_least(defaults.ceiling, ceiling):
        raise _wrong("ceiling", f"{wish.actor} may reach {defaults.ceiling.value} at most")
    if wish.valid_to is not None and wish.valid_to < legal_day(now):
        raise _wrong("valid_to", "lies in the past")
    _check_limit("rows_max", wish.rows_max)
    _check_limit("bytes_max", wish.bytes_max)
    return Partner(
        id=wish.id,
        name=wish.name.strip(),
        actor=wish.actor,
        organisation=wish.organisation,
        ceiling=ceiling,
        regions=frozenset(wish.regions or ([""] if defaults.whole_country else [])),
        sectors=frozenset(wish.sectors),
        purposes=frozenset({PUBLIC_LOOKUP, *(wish.purposes or defaults.purposes)}),
        state=PartnerState.ACTIVE,
        created_at=iso(now),
        valid_to=wish.valid_to,
        rows_max=wish.rows_max,
        bytes_max=wish.bytes_max,
    )


class Partners:
    """
    The table `partner`.

    With *epochs*, `look_up` keeps the entries that were asked for last, at most *size* of them, for `recall`.
    """

    def __init__(self, engine: AsyncEngine, epochs: Epochs | None = None, *, size: int = 10_000) -> None:
        self._engine = engine
        self._epochs = epochs
        self._size = size
        self._known: OrderedDict[str, Known] = OrderedDict()

    def is_current(self, epoch: int | None) -> bool:
        """Whether what was read at *epoch* may still be used, as far as this process knows; never without epochs."""
        return self._epochs is not None and epoch is not None and epoch == self._epochs.known.get("partner")

    def recall(self, partner_id: str) -> Known | None:
        """The entry from memory, if its epoch is still the one known here."""
        held = self._known.get(partner_id)
        if held is None or not self.is_current(held.epoch):
            return None
        self._known.move_to_end(partner_id)
        return held

    async def look_up(self, partner_id: str) -> Known | None:
        """
        The entry as it stands now, None if there is none; kept in memory with its epoch.

        Raises:
            EpochMissingError: the store does not have the epoch.
        """
        async with glancing(self._engine) as reader:
            row = await reader.first(_KNOWN, {"partner": partner_id})
        if row is None:
            self._known.pop(partner_id, None)
            return None
        partner = _partner(row)
        if self._epochs is None:
            return Known(partner=partner, epoch=None)
        epoch = self._epochs.note_one("partner", row.epoch)
        known = self._known[partner_id] = Known(partner=partner, epoch=epoch)
        self._known.move_to_end(partner_id)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return known

    async def find(self, partner_id: str) -> Partner | None:
        """The entry as it stands now, None if there is none."""
        async with glancing(self._engine) as reader:
            row = await reader.first(select(_TABLE).where(_TABLE.c.id == partner_id))
        return None if row is None else _partner(row)

    async def all(self) -> Sequence[Partner]:
        """All entries, by id."""
        async with glancing(self._engine) as reader:
            rows = await reader.rows(select(_TABLE).order_by(_TABLE.c.id))
        return [_partner(row) for row in rows]

    async def add(self, partner: Partner) -> None:
        """
        Keep a new entry, as `admit` made it.

        Raises:
            BadInputError: the id is taken.
        """
        async with writing(self._engine) as writer:
            await writer.take_turn("partner")
            if await writer.first(select(_TABLE.c.id).where(_TABLE.c.id == partner.id)) is not None:
                raise _wrong("id", "is taken")
            await writer.write(insert(_TABLE), [_row(partner)])

    async def set_state(self, partner_id: str, state: PartnerState) -> None:
        """
        Suspend or reinstate a partner, from its next request on.

        Raises:
            BadInputError: there is no such partner.
        """
        await self._set(partner_id, {"state": state.value})

    async def set_limits(self, partner_id: str, limits: Mapping[str, int | None]) -> None:
        """
        Limit what one question of a partner may cost, from its next request on.

        Args:
            partner_id: Its identifier.
            limits: `rows_max`, `bytes_max` or both; None lifts the limit.

        Raises:
            BadInputError: there is no such partner or limit, or a limit is not positive.
        """
        if not limits or not limits.keys() <= {"rows_max", "bytes_max"}:
            raise _wrong("limits", "expected rows_max, bytes_max or both")
        for name, limit in limits.items():
            _check_limit(name, limit)
        await self._set(partner_id, limits)

    async def _set(self, partner_id: str, values: Mapping[str, object]) -> None:
        async with writing(self._engine) as writer:
            changed = await writer.write(update(_TABLE).where(_TABLE.c.id == partner_id).values(**values))
            if changed == 0:
                raise _wrong("id", "no such partner")


def _partner(row: Row[Any]) -> Partner:
    return Partner(
        id=row.id,
        name=row.name,
        actor=ActorKind(row.actor),
        organisation=row.organisation,
        ceiling=Tier(row.ceiling),
        regions=frozenset(orjson.loads(row.regions)),
        sectors=frozenset(orjson.loads(row.sectors)),
        purposes=frozenset(orjson.loads(row.purposes)),
        state=PartnerState(row.state),
        created_at=row.created_at,
        valid_to=None if row.valid_to is None else date.fromisoformat(row.valid_to),
        rows_max=row.rows_max,
        bytes_max=row.bytes_max,
    )


def _row(partner: Partner) -> dict[str, object]:
    return {
        "id": partner.id,
        "name": partner.name,
        "actor": partner.actor.value,
        "organisation": partner.organisation,
        "ceiling": partner.ceiling.value,
        "regions": _list(partner.regions),
        "sectors": _list(partner.sectors),
        "purposes": _list(partner.purposes),
        "state": partner.state.value,
        "created_at": partner.created_at,
        "valid_to": None if partner.valid_to is None else partner.valid_to.isoformat(),
        "rows_max": partner.rows_max,
        "bytes_max": partner.bytes_max,
    }


def _list(values: Iterable[str]) -> str:
    return orjson.dumps(sorted(values)).decode()


def _check_each(field: str, values: Iterable[str], form: re.Pattern[str], expected: str) -> None:
    if not all(form.fullmatch(value) for value in values):
        raise _wrong(field, expected)


def _check_limit(field: str, limit: int | None) -> None:
    if limit is not None and not 0 < limit <= _LIMIT_MAX:
        raise _wrong(field, f"expected 1 to {_LIMIT_MAX}")


def _wrong(field: str, why: str) -> BadInputError:
    return BadInputError(f"partner {field}: {why}", place=(field,))
