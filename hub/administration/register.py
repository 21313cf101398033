"""
Entries of the register in a change set: partners, their keys, officers. Checked, weighed, and applied.

Rule: what an entry may say is decided where the register is kept (`hub.identity.entry`, `partner_keys`,
`officers.accounts`); here it is only asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol

import msgspec

from hub.administration.items import Item, PutOfficer, PutPartner, PutPartnerKey, RegisterItem, SetPartner
from hub.administration.rights_checked import read_day
from hub.administration.weighing import reads_as_itself, weigh_partner
from hub.clock import from_iso
from hub.errors import BadInputError, RefusalError
from hub.identity.entry import NewPartner, Partner, PartnerState, admit, amend
from hub.identity.officers.accounts import NewOfficer, check_new
from hub.identity.officers.model import Officer, OfficerState
from hub.identity.officers.rows import FIND_OFFICER, officer_of
from hub.identity.partner_keys import add_key
from hub.identity.partners import add_partner, find_partner, put_partner
from hub.identity.public_keys import KeyRefusedError, PublicKey, public_key, read_members
from hub.store import tables
from hub.store.engine import Reader, Writer
from hub.store.tables import table_of
from schema.policy.model import Policy
from schema.policy.weighing import Weight

_PARTNER = table_of(tables.Partner)


class Accounts(Protocol):
    """The officers' accounts (`hub.identity.officers.accounts.Officers`)."""

    async def admit(self, writer: Writer, new: NewOfficer, *, by: str | None, change: str | None = None) -> Officer:
        """Admit an officer in the caller's transaction."""

    async def reinstate(self, writer: Writer, officer_id: str, *, by: str, change: str) -> Officer:
        """Let a suspended officer act again, in the caller's transaction."""


async def register_weight(reader: Reader, items: Sequence[Item], policy: Policy, *, now: datetime) -> Weight:
    """
    Check and weigh the entries of the register among *items*; without any, they take.

    Raises:
        BadInputError: names the item and its member.
    """
    weight = Weight.TAKES
    seen: set[tuple[str, ...]] = set()
    for number, item in enumerate(items):
        if isinstance(item, PutPartner | SetPartner | PutPartnerKey | PutOfficer):
            name = _name_of(item)
            if name in seen:
                raise _placed(BadInputError("the same twice in one set", extensions={"rule": "change.twice"}), number)
            seen.add(name)
            try:
                weight = max(weight, await _weigh(reader, item, policy, now))
            except BadInputError as error:
                raise _placed(error, number) from None
    return weight


async def apply_register(
    writer: Writer, item: RegisterItem, policy: Policy, accounts: Accounts, *, by: tuple[str, str], now: datetime
) -> Mapping[str, str]:
    """
    Put *item* into the register. Called with what was assessed in the same transaction.

    Args:
        writer: The unit of work.
        item: What to enter.
        policy: In force.
        accounts: The officers' accounts.
        by: The officer who drafted it and the change set's id.
        now: Aware.

    Returns:
        What was done, for the journal.
    """
    drafter, change = by
    match item:
        case PutPartner():
            partner = admit(_wish(item), now, purposes=policy.purposes)
            await add_partner(writer, partner)
            return {"partner": item.id, "entry": "new", "actor": item.actor.value}
        case SetPartner():
            _, changed = await _changed(writer, item, policy, now)
            await put_partner(writer, changed)
            return {"partner": item.id, "entry": "changed", "changed": ",".join(sorted(_said(item)))}
        case PutPartnerKey():
            key = _key(item)
            until = None if item.valid_to is None else from_iso(item.valid_to)
            await add_key(writer, item.partner, key, now=now, valid_to=until)
            return {"partner": item.partner, "entry": "key", "thumbprint": key.thumbprint}
        case PutOfficer():
            if item.role is None or item.name is None:
                await accounts.reinstate(writer, item.id, by=drafter, change=change)
                return {"officer": item.id, "entry": "reinstated"}
            new = NewOfficer(id=item.id, name=item.name, role=item.role, person=item.person)
            await accounts.admit(writer, new, by=drafter, change=change)
            return {"officer": item.id, "entry": "new", "role": item.role.value}


async def entry_after(reader: Reader, item: PutPartner | SetPartner, policy: Policy, *, now: datetime) -> Partner:
    """
    Tell what a partner's entry would be after *item*.

    Raises:
        BadInputError: as `register_weight`.
    """
    if isinstance(item, PutPartner):
        return admit(_wish(item), now, purposes=policy.purposes)
    return (await _changed(reader, item, policy, now))[1]


async def _weigh(reader: Reader, item: RegisterItem, policy: Policy, now: datetime) -> Weight:
    match item:
        case PutPartner():
            if await find_partner(reader, item.id) is not None:
                raise _wrong("register.taken", "partner id: is taken", "id")
            return weigh_partner(None, admit(_wish(item), now, purposes=policy.purposes))
        case SetPartner():
            before, after = await _changed(reader, item, policy, now)
            return weigh_partner(before, after)
        case PutPartnerKey():
            _key(item)
            entry = await find_partner(reader, item.partner)
            if entry is None:
                raise _wrong("register.unknown", "partner: no such partner", "partner")
            if item.valid_to is not None:
                _check_later(item.valid_to, now)
            return Weight.OPENS if reads_as_itself(entry) else Weight.GIVES
        case PutOfficer():
            await _check_officer(reader, item)
    return Weight.GIVES


async def _changed(reader: Reader, item: SetPartner, policy: Policy, now: datetime) -> tuple[Partner, Partner]:
    before = await find_partner(reader, item.id)
    if before is None:
        raise _wrong("register.unknown", "partner id: no such partner", "id")
    said = _said(item)
    state = said.pop("state", None)
    after = amend(before, said, now=now, purposes=policy.purposes) if said else before
    if state is not None:
        after = replace(after, state=PartnerState(state))
    if after == before:
        raise _wrong("change.no_difference", "the entry says all of this already", "id")
    return before, after


async def _check_officer(reader: Reader, item: PutOfficer) -> None:
    row = await reader.first(FIND_OFFICER, {"officer": item.id})
    if row is None:
        if item.name is None or item.role is None:
            raise _wrong("register.unknown", "officer id: no such officer; a new one has a name and a role", "id")
        check_new(NewOfficer(id=item.id, name=item.name, role=item.role, person=item.person))
    elif item.name is not None or item.role is not None or item.person is not None:
        raise _wrong("register.taken", "officer id: is taken; one who acts again keeps name and role", "id")
    elif officer_of(row).state is OfficerState.ACTIVE:
        raise _wrong("change.no_difference", "the officer acts already", "id")


def _name_of(item: RegisterItem) -> tuple[str, ...]:
    match item:
        case PutPartner() | SetPartner():
            return "partner", item.id
        case PutPartnerKey():
            return "key", item.partner, item.jwk
        case PutOfficer():
            return "officer", item.id


def _wish(item: PutPartner) -> NewPartner:
    members = {name: getattr(item, name) for name in PutPartner.__struct_fields__}
    members |= {name: _day(members[name], name) for name in ("valid_from", "valid_to")}
    return NewPartner(**members)


def _said(item: SetPartner) -> dict[str, Any]:
    """What *item* changes, as `amend` takes it."""
    said = {name: getattr(item, name) for name in SetPartner.__struct_fields__ if name != "id"}
    said = {name: value for name, value in said.items() if value is not msgspec.UNSET}
    return said | {name: _day(said[name], name) for name in ("valid_from", "valid_to") if name in said}


def _day(text: str | None, member: str) -> date | None:
    if text is None:
        return None
    day = read_day(text)
    if day is None:
        raise _wrong("register.day", f"partner {member}: expected a day, YYYY-MM-DD", member)
    return day


def _key(item: PutPartnerKey) -> PublicKey:
    try:
        # Neither twice the same member, nor what is not JSON: as where a partner's URL is read.
        jwk = read_members(item.jwk.encode())
        return public_key(jwk)
    except KeyRefusedError as error:
        raise _wrong("register.key", f"partner key: {error}", "jwk") from None


def _check_later(text: str, now: datetime) -> None:
    try:
        is_later = from_iso(text) > now
    except ValueError:
        is_later = False
    if not is_later:
        raise _wrong("register.time", "partner key: expected an instant that is not past", "valid_to")


def _placed(error: RefusalError, number: int) -> BadInputError:
    extensions = {"rule": "register.entry", **error.extensions}
    return BadInputError(error.message, place=("items", number, *error.place), extensions=extensions)


def _wrong(rule: str, text: str, member: str) -> BadInputError:
    return BadInputError(text, place=(member,), extensions={"rule": rule})
