"""
The public keys a partner authenticates with.

Rules:
    - Two keys and more are active at once, so that a partner changes its key without a pause: add the new one, sign
      with it, revoke the old one.
    - A revoked key stays in the table and never comes back, not even from the partner's own URL: whoever revoked it
      had a reason. A key that has merely vanished from the URL comes back with it.
    - Among the active keys of a partner no kid stands twice; from the URL the newer set wins.
    - Every change raises the epoch `partner`: tokens got with a key that is gone end with the next request.
    - Functions take a `Writer` or a `Reader`, so that a change set applies many changes in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, insert, or_, select, update

from hub.clock import iso
from hub.errors import BadInputError
from hub.identity.public_keys import KEYS_MAX, KeyRefusedError, PublicKey, public_key
from hub.store import tables
from hub.store.engine import Reader, Writer
from hub.store.identity_tables import PartnerKey
from hub.store.tables import table_of

ACTIVE = "active"
REVOKED = "revoked"
VANISHED = "vanished"
"""The three states of a key: it authenticates; it never will again; it will if the partner's URL shows it again."""
BY_VALUE = "value"
BY_URL = "url"

_TABLE = table_of(PartnerKey)
_PARTNER = table_of(tables.Partner)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """
    A key in the register.

    Attributes:
        partner: Whose.
        key: The key.
        origin: `value` or `url`.
        added_at: UTC text.
        valid_to: Instant from which it is refused, UTC text; None: without end.
        state: `active`, `revoked` or `vanished`.
    """

    partner: str
    key: PublicKey
    origin: str
    added_at: str
    valid_to: str | None
    state: str

    def is_active(self, now: datetime) -> bool:
        """Whether it authenticates at *now* (aware)."""
        return self.state == ACTIVE and (self.valid_to is None or iso(now) < self.valid_to)


async def keys_of(reader: Reader, partner_id: str) -> Sequence[HeldKey]:
    """All keys of a partner, also those that are of no use any more, oldest first."""
    mine = select(_TABLE).where(_TABLE.c.partner == partner_id)
    rows = await reader.rows(mine.order_by(_TABLE.c.added_at, _TABLE.c.thumbprint))
    return [_held(row) for row in rows]


async def add_key(
    writer: Writer, partner_id: str, key: PublicKey, *, now: datetime, valid_to: datetime | None = None
) -> None:
    """
    Register a key by value, beside those that are there.

    Args:
        writer: The unit of work.
        partner_id: Whose.
        key: As `hub.identity.public_keys.public_key` took it up.
        now: Aware.
        valid_to: Instant from which it is refused; None: without end.

    Raises:
        BadInputError: no such partner; the key or its kid is registered already, or was revoked; too many keys.
    """
    await writer.take_turn("partner")
    if await writer.first(select(_PARTNER.c.id).where(_PARTNER.c.id == partner_id)) is None:
        raise _wrong("partner", "no such partner")
    if valid_to is not None and valid_to <= now:
        raise _wrong("valid_to", "lies in the past")
    held = await keys_of(writer, partner_id)
    mine = next((one for one in held if one.key.thumbprint == key.thumbprint), None)
    if mine is not None and mine.state == REVOKED:
        raise _wrong("key", "was revoked, and never comes back: make a new one")
    if mine is not None and mine.state == ACTIVE:
        raise _wrong("key", "is registered already")
    active = [one for one in held if one.state == ACTIVE]
    if any(one.key.kid == key.kid for one in active):
        raise _wrong("kid", "an active key bears it already")
    if len(active) >= KEYS_MAX:
        raise _wrong("key", f"{KEYS_MAX} keys are active: revoke one first")
    row = _row(partner_id, key, BY_VALUE, now, valid_to)
    if mine is None:
        await writer.write(insert(_TABLE), [row])
    else:
        await writer.write(_of(partner_id, key.thumbprint).values(**row))


async def revoke_key(writer: Writer, partner_id: str, name: str) -> HeldKey:
    """
    Revoke the key called *name* (its kid, or its thumbprint); tokens got with it end with the next request.

    Raises:
        BadInputError: the partner has no such key that is not revoked yet.
    """
    await writer.take_turn("partner")
    held = [one for one in await keys_of(writer, partner_id) if one.state != REVOKED]
    # The active one of a kid that had others before it.
    held.sort(key=lambda one: one.state != ACTIVE)
    found = next((one for one in held if name in {one.key.kid, one.key.thumbprint}), None)
    if found is None:
        raise _wrong("kid", "the partner has no such key, or it is revoked already")
    await writer.write(_of(partner_id, found.key.thumbprint).values(state=REVOKED))
    return found


async def take_over(writer: Writer, partner_id: str, shown: Sequence[PublicKey], *, now: datetime) -> bool:
    """
    Make the keys read from a partner's URL its own: new ones come, those not shown any more vanish.

    Keys registered by value, and revoked ones, stay as they are.

    Args:
        writer: The unit of work.
        partner_id: Whose.
        shown: What the URL shows, no kid and no key twice.
        now: Aware.

    Returns:
        Whether anything changed.
    """
    await writer.take_turn("partner")
    held = await keys_of(writer, partner_id)
    known = {one.key.thumbprint: one for one in held}
    by_value = {one.key.kid for one in held if one.origin == BY_VALUE and one.state == ACTIVE}
    wanted = {key.thumbprint: key for key in shown if key.kid not in by_value}
    gone = [
        one.key.thumbprint
        for one in held
        if one.origin == BY_URL and one.state == ACTIVE and one.key.thumbprint not in wanted
    ]
    if gone:
        mine = or_(*(_TABLE.c.thumbprint == thumbprint for thumbprint in gone))
        await writer.write(update(_TABLE).where(_TABLE.c.partner == partner_id, mine).values(state=VANISHED))
    changed = bool(gone)
    active = {one.key.thumbprint for one in held if one.state == ACTIVE} - set(gone)
    for thumbprint, key in wanted.items():
        before = known.get(thumbprint)
        if thumbprint not in active and len(active) >= KEYS_MAX:
            continue
        if before is None:
            await writer.write(insert(_TABLE), [_row(partner_id, key, BY_URL, now, None)])
        elif _comes_back(before, key):
            await writer.write(_of(partner_id, thumbprint).values(state=ACTIVE, kid=key.kid))
        else:
            continue
        active.add(thumbprint)
        changed = True
    return changed


def _comes_back(held: HeldKey, key: PublicKey) -> bool:
    return held.origin == BY_URL and (held.state == VANISHED or (held.state == ACTIVE and held.key.kid != key.kid))


def _of(partner_id: str, thumbprint: str) -> Any:  # noqa: ANN401  SQLAlchemy's Update, whose parameters nobody needs
    return update(_TABLE).where(_TABLE.c.partner == partner_id, _TABLE.c.thumbprint == thumbprint)


def _row(partner_id: str, key: PublicKey, origin: str, now: datetime, valid_to: datetime | None) -> dict[str, object]:
    return {
        "partner": partner_id,
        "thumbprint": key.thumbprint,
        "kid": key.kid,
        "jwk": key.text,
        "origin": origin,
        "added_at": iso(now),
        "valid_to": None if valid_to is None else iso(valid_to),
        "state": ACTIVE,
    }


def _held(row: Row[Any]) -> HeldKey:
    try:
        key = public_key({**orjson.loads(row.jwk), "kid": row.kid})
    except (KeyRefusedError, orjson.JSONDecodeError):
        raise BadInputError("partner key: the register holds one that is no key", place=("key",)) from None
    return HeldKey(
        partner=row.partner,
        key=key,
        origin=row.origin,
        added_at=row.added_at,
        valid_to=row.valid_to,
        state=row.state,
    )


def _wrong(field: str, why: str) -> BadInputError:
    return BadInputError(f"partner key {field}: {why}", place=(field,))
