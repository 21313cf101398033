"""
Everyone whom decisions are made about, with their rights: as they stand, and as a change set would have them.

Rules:
    - Read in one transaction, so that partners, consents and grants are of one moment.
    - Who is not served at that moment is not among them. The public always is.
    - A change set is applied to these values as it is to the tables: grants given and prolonged, partners entered and
      changed. What it does to keys, officers and single records decides no cell, and is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from hub.access.rights import Held, consent_of, grant_of
from hub.administration.items import GiveGrant, Item, ProlongGrant, PutPartner, SetPartner
from hub.administration.register import entry_after
from hub.clock import from_iso, iso, legal_day
from hub.identity.caller import Caller, the_public
from hub.identity.entry import Partner
from hub.identity.partners import all_partners
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.engine import Reader
from hub.store.tables import table_of
from schema.policy.model import Consent, Grant, Policy
from schema.policy.simulate import Name
from schema.policy.situations import Asker

_C = table_of(ConsentRow).c
_G = table_of(AccessGrant).c


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """
    Partners and rights.

    Attributes:
        at: Instant they are of, aware.
        partners: All entries, by id.
        consents: Organisation -> consents given to it that are valid.
        grants: Partner -> grants given to it that are valid.
    """

    at: datetime
    partners: Mapping[str, Partner]
    consents: Mapping[str, tuple[Consent, ...]]
    grants: Mapping[str, tuple[Grant, ...]]

    def caller(self, name: Name) -> Caller | None:
        """The partner as a caller; None if it is not served."""
        if name is None:
            return the_public()
        partner = self.partners.get(name)
        if partner is None or not partner.is_served(self.at):
            return None
        return Caller(
            partner=partner.id,
            actor=partner.actor,
            organisation=partner.organisation,
            ceiling=partner.ceiling,
            regions=partner.regions,
            sectors=partner.sectors,
            purposes=partner.purposes,
            rows_max=partner.rows_max,
            bytes_max=partner.bytes_max,
        )

    def rights(self, name: Name) -> Held:
        """The partner's rights."""
        partner = None if name is None else self.partners.get(name)
        if name is None or partner is None:
            return Held()
        return Held(consents=self.consents.get(partner.organisation or "", ()), grants=self.grants.get(name, ()))

    def askers(self) -> dict[Name, Asker]:
        """Everyone who is served, as a simulation sees them."""
        found: dict[Name, Asker] = {}
        for name in (None, *self.partners):
            caller = self.caller(name)
            if caller is not None:
                rights = self.rights(name)
                found[name] = Asker(
                    actor=caller.actor,
                    organisation=caller.organisation,
                    ceiling=caller.ceiling,
                    regions=caller.regions,
                    sectors=caller.sectors,
                    purposes=caller.purposes,
                    consents=rights.consents,
                    grants=rights.grants,
                )
        return found


async def read_register(reader: Reader, at: datetime) -> Register:
    """Read partners and rights as they are at *at* (aware)."""
    day = legal_day(at).isoformat()
    consents: dict[str, tuple[Consent, ...]] = {}
    given = select(
        _C.grantee, _C.id, _C.subject_code, _C["items"].label("covers"), _C.purpose, _C.valid_from, _C.valid_to
    )
    given = given.where(_C.revoked_at.is_(None), _C.valid_from <= day, _C.valid_to >= day)
    for row in await reader.rows(given.order_by(_C.subject_code, _C.id)):
        consents[row.grantee] = (*consents.get(row.grantee, ()), consent_of(row))
    grants: dict[str, tuple[Grant, ...]] = {}
    held = select(table_of(AccessGrant)).where(_G.revoked_at.is_(None), _G.valid_from <= iso(at), _G.valid_to > iso(at))
    for row in await reader.rows(held.order_by(_G.id)):
        grants[row.partner] = (*grants.get(row.partner, ()), grant_of(row))
    partners = {partner.id: partner for partner in await all_partners(reader)}
    return Register(at=at, partners=partners, consents=consents, grants=grants)


async def register_after(reader: Reader, before: Register, items: Sequence[Item], policy: Policy) -> Register:
    """
    Tell what *before* would be after *items*, under *policy*: a grant counts whenever its time begins.

    Raises:
        BadInputError: an entry of a partner is not as it must be.
    """
    partners = dict(before.partners)
    grants = dict(before.grants)
    for item in items:
        match item:
            case PutPartner() | SetPartner():
                partner = await entry_after(reader, item, policy, now=before.at)
                partners[partner.id] = partner
            case GiveGrant():
                grants[item.partner] = (*grants.get(item.partner, ()), _given(item))
            case ProlongGrant():
                row = await reader.first(select(table_of(AccessGrant)).where(_G.id == item.id))
                if row is not None:
                    grant = replace(grant_of(row), valid_to=iso(from_iso(item.valid_to)))
                    others = [each for each in grants.get(row.partner, ()) if each.id != item.id]
                    grants[row.partner] = (*others, grant)
            case _:
                pass  # the policy is applied elsewhere; keys, officers and single records decide no cell
    return replace(before, partners=partners, grants=grants)


def _given(item: GiveGrant) -> Grant:
    return Grant(
        id="drafted",
        category=item.category,
        coordinates=item.coordinates,
        source=item.source,
        subject=item.subject,
        purpose=item.purpose,
        tier=item.tier,
        valid_from=iso(from_iso(item.valid_from)),
        valid_to=iso(from_iso(item.valid_to)),
    )
