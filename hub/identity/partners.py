"""
The register of partners: who may ask, as what, with which keys.

Rules:
    - A suspended partner is refused on its next request, whatever its token says; so is whoever holds a token that was
      got with a revoked key, or that was revoked itself. An entry kept in memory carries the epoch `partner` it was
      read at, and the commit of every answer checks that epoch (`hub.store.epochs`).
    - Nobody is refused by an entry kept in memory: what would refuse is read again first.
    - What changes the register takes a `Writer`, so that a change set applies many changes in one transaction; the
      methods without one open their own.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import from_iso, iso
from hub.errors import BadInputError
from hub.identity.entry import NewPartner, Partner, PartnerState, admit, check_limit
from hub.identity.partner_keys import ACTIVE
from hub.store import tables
from hub.store.engine import Reader, Writer, glancing, writing
from hub.store.epochs import Epochs, epoch_of
from hub.store.identity_tables import PartnerKey, RevokedToken
from hub.store.tables import table_of
from schema.policy.model import ActorKind
from schema.tiers import Tier

__all__ = ["Known", "NewPartner", "Partner", "PartnerState", "Partners", "admit"]

_TABLE = table_of(tables.Partner)
_KEY, _REVOKED = table_of(PartnerKey).c, table_of(RevokedToken).c
# One statement sees one state of the store, so the epoch is that of the entry.
_KNOWN = select(_TABLE, epoch_of("partner").label("epoch")).where(_TABLE.c.id == bindparam("partner"))
_KEYS = select(_KEY.thumbprint, _KEY.valid_to).where(_KEY.partner == bindparam("partner"), _KEY.state == ACTIVE)
_TAKEN_BACK = select(_REVOKED.jti).where(_REVOKED.partner == bindparam("partner"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    An entry as read.

    Attributes:
        partner: The entry.
        epoch: It was read at, or before; None where nothing is kept in memory.
        keys: Thumbprint of each active key -> first second (since 1970) at which it is refused.
        revoked: `jti` of each of its tokens that was taken back.
    """

    partner: Partner
    epoch: int | None
    keys: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    revoked: frozenset[str] = frozenset()


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
        named = {"partner": partner_id}
        async with glancing(self._engine) as reader:
            row = await reader.first(_KNOWN, named)
            if row is None:
                self._known.pop(partner_id, None)
                return None
            # Read after the epoch: they may be newer than their tag, never older.
            keys = {key.thumbprint: _until(key.valid_to) for key in await reader.rows(_KEYS, named)}
            revoked = frozenset(token.jti for token in await reader.rows(_TAKEN_BACK, named))
        epoch = None if self._epochs is None else self._epochs.note_one("partner", row.epoch)
        known = Known(partner=_partner(row), epoch=epoch, keys=MappingProxyType(keys), revoked=revoked)
        if epoch is not None:
            self._known[partner_id] = known
            self._known.move_to_end(partner_id)
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return known

    async def find(self, partner_id: str) -> Partner | None:
        """The entry as it stands now, None if there is none."""
        async with glancing(self._engine) as reader:
            return await find_partner(reader, partner_id)

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
            await add_partner(writer, partner)

    async def put(self, partner: Partner) -> None:
        """
        Keep a changed entry, as `hub.identity.entry.amend` made it.

        Raises:
            BadInputError: there is no such partner.
        """
        async with writing(self._engine) as writer:
            await put_partner(writer, partner)

    async def set_state(self, partner_id: str, state: PartnerState) -> None:
        """
        Suspend or reinstate a partner, from its next request on.

        Raises:
            BadInputError: there is no such partner.
        """
        async with writing(self._engine) as writer:
            await set_state(writer, partner_id, state)

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
            check_limit(name, limit)
        async with writing(self._engine) as writer:
            await _set(writer, partner_id, limits)


async def find_partner(reader: Reader, partner_id: str) -> Partner | None:
    """The entry, None if there is none."""
    row = await reader.first(select(_TABLE).where(_TABLE.c.id == partner_id))
    return None if row is None else _partner(row)


async def all_partners(reader: Reader) -> Sequence[Partner]:
    """All entries, by id."""
    return [_partner(row) for row in await reader.rows(select(_TABLE).order_by(_TABLE.c.id))]


async def add_partner(writer: Writer, partner: Partner) -> None:
    """
    Keep a new entry, as `admit` made it.

    Raises:
        BadInputError: the id is taken.
    """
    await writer.take_turn("partner")
    if await writer.first(select(_TABLE.c.id).where(_TABLE.c.id == partner.id)) is not None:
        raise _wrong("id", "is taken")
    await writer.write(insert(_TABLE), [_row(partner)])


async def put_partner(writer: Writer, partner: Partner) -> None:
    """
    Keep a changed entry, as `hub.identity.entry.amend` made it.

    Raises:
        BadInputError: there is no such partner.
    """
    await _set(writer, partner.id, {name: value for name, value in _row(partner).items() if name != "id"})


async def set_state(writer: Writer, partner_id: str, state: PartnerState) -> None:
    """
    Suspend or reinstate a partner, from its next request on.

    Raises:
        BadInputError: there is no such partner.
    """
    await _set(writer, partner_id, {"state": state.value})


async def refuse_tokens_before(writer: Writer, partner_id: str, now: datetime) -> None:
    """
    Refuse every token of a partner that was issued before *now* (aware), from its next request on.

    Tokens tell when they were issued by the second, so those of this very second are refused too.

    Raises:
        BadInputError: there is no such partner.
    """
    await _set(writer, partner_id, {"tokens_after": iso(now)})


async def _set(writer: Writer, partner_id: str, values: Mapping[str, object]) -> None:
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
        valid_to=_day(row.valid_to),
        rows_max=row.rows_max,
        bytes_max=row.bytes_max,
        contact=row.contact,
        valid_from=_day(row.valid_from),
        jwks_uri=row.jwks_uri,
        only_trusted_documents=bool(row.only_trusted_documents),
        requests_per_minute=row.requests_per_minute,
        subjects_per_day=row.subjects_per_day,
        tokens_after=row.tokens_after,
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
        "contact": partner.contact,
        "valid_from": None if partner.valid_from is None else partner.valid_from.isoformat(),
        "jwks_uri": partner.jwks_uri,
        "only_trusted_documents": partner.only_trusted_documents,
        "requests_per_minute": partner.requests_per_minute,
        "subjects_per_day": partner.subjects_per_day,
        "tokens_after": partner.tokens_after,
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _until(text: str | None) -> float:
    return float("inf") if text is None else from_iso(text).timestamp()


def _list(values: Iterable[str]) -> str:
    return orjson.dumps(sorted(values)).decode()


def _wrong(field: str, why: str) -> BadInputError:
    return BadInputError(f"partner {field}: {why}", place=(field,))
