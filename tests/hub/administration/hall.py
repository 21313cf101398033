"""The services of administration over a real store, with officers in real sessions and a clock whose hands we turn."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.policies import Policies
from hub.administration.changes import Changes
from hub.administration.consents import Consents
from hub.administration.desk import Desk
from hub.administration.glass import Glass
from hub.administration.grants import Grants
from hub.administration.items import GiveGrant, Item, LabelField, PutCell
from hub.administration.journal import Journal
from hub.administration.model import Change, NewChange
from hub.administration.restraints import Restraints
from hub.clock import iso
from hub.identity.caller import Caller
from hub.identity.entry import NewPartner, admit
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.model import Acting
from hub.identity.officers.sessions import Method
from hub.identity.partners import add_partner
from hub.store.engine import open_engine, reading, writing
from hub.store.tables import PolicyVersion, table_of
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category
from schema.identifiers.uscc import compose
from schema.plan.guarded import GuardTable, guard_table
from schema.policy.model import ActorKind, Policy
from schema.tiers import Audience, Tier
from tests.hub.identity.officers.bureau import NOON, Bureau, Hands, new_bureau

BUYER, BANK = compose("91310000", "MA000002"), compose("91310000", "MA000003")
SUBJECT, OTHER = compose("91510100", "MA000001"), compose("91510100", "MA000004")
DRAFTER, SECOND, THIRD, ADMINISTRATOR, AUDITOR = "bao", "mi", "an", "guan", "shen"
PENALTY_FACTS = "Penalty.facts"

# Stricter than what is in force; a line for an audience that reaches neither A nor R; a line read as the owner's.
STRICTER = LabelField(coordinate=PENALTY_FACTS, tier=Tier.S)
GIVES = PutCell(category=Category.C06, reader="AS")
OPENS = PutCell(category=Category.C06, reader="GC", name="own", audience=Audience.OWN)


@cache
def table() -> GuardTable:
    return guard_table(KINDS, CATALOGUE_VERSION)


def grant(**changes) -> GiveGrant:
    """A grant of ten days to the buyer; opens G at most."""
    return GiveGrant(
        **{
            "partner": "buyer",
            "category": Category.C06,
            "purpose": "MARKET_TRADE",
            "tier": Tier.G,
            "valid_from": iso(NOON),
            "valid_to": iso(NOON + timedelta(days=10)),
            **changes,
        }
    )


@dataclass
class Hall:
    """The services, and who uses them."""

    bureau: Bureau
    desk: Desk
    changes: Changes
    grants: Grants
    consents: Consents
    glass: Glass
    restraints: Restraints
    sat: dict[str, Acting] = field(default_factory=dict)

    @property
    def engine(self) -> AsyncEngine:
        return self.desk.engine

    @property
    def clock(self) -> Hands:
        return self.bureau.clock

    async def officer(self, name: str) -> Acting:
        """An officer who has just shown to be present."""
        async with writing(self.engine) as writer:
            started = await self.bureau.parts.sessions.start(writer, name, Method.TOTP, Carrier.HEADER)
        return await self.bureau.parts.sessions.acting_by(started.secret)

    async def tired(self, name: str) -> Acting:
        """An officer whose last proof is ten minutes old."""
        fresh = await self.officer(name)
        self.clock.turn(timedelta(minutes=10))
        async with writing(self.engine) as writer:
            return await self.bureau.parts.sessions.confirm(writer, fresh)

    async def draft(self, *items: Item, by: str = DRAFTER, **more) -> Change:
        return await self.changes.draft(await self.officer(by), NewChange(reason="because", items=items, **more))

    async def submitted(self, *items: Item, by: str = DRAFTER, **more) -> Change:
        drafted = await self.draft(*items, by=by, **more)
        return await self.changes.submit(await self.officer(by), drafted.id)

    async def approve(self, change: Change, by: str) -> Change:
        return await self.changes.approve(await self.officer(by), change.id, "looked", digest=change.digest)

    async def in_force(self, *items: Item, by: str = DRAFTER, **more) -> Change:
        """Draft, submit, and have approved by as many as it takes."""
        change = await self.submitted(*items, by=by, **more)
        for approver in [name for name in (DRAFTER, SECOND, THIRD) if name != by][: change.needed]:
            change = await self.approve(change, approver)
        return change

    async def policy(self, at: datetime | None = None) -> Policy:
        return await Policies(self.engine).current(at or self.clock.now())

    async def versions(self) -> list[int]:
        rows = table_of(PolicyVersion)
        async with reading(self.engine) as reader:
            return [row.version for row in await reader.rows(select(rows.c.version).order_by(rows.c.version))]

    async def rows(self, model, *where):
        found = table_of(model)
        async with reading(self.engine) as reader:
            return await reader.rows(select(found).where(*where))

    def beside(self, url: str) -> "Hall":
        """The same services in another process: connections and memories of their own."""
        return hall_of(self.bureau.beside(open_engine(url)))


def hall_of(bureau: Bureau, log=None) -> Hall:
    journal = Journal(bureau.engine, bureau.clock, secrets.token_bytes, log=log)
    desk = Desk(
        engine=bureau.engine,
        journal=journal,
        sessions=bureau.parts.sessions,
        table=table(),
        clock=bureau.clock,
        entropy=secrets.token_bytes,
    )
    return Hall(
        bureau=bureau,
        desk=desk,
        changes=Changes(desk, bureau.parts.officers),
        grants=Grants(desk),
        consents=Consents(desk),
        glass=Glass(desk),
        restraints=Restraints(desk),
    )


async def furnished(engine: AsyncEngine, folder: Path, *, officers: bool = True) -> Hall:
    """A hub with the seed in force and two partners; with six officers, or with none."""
    bureau = new_bureau(engine, folder)
    if officers:
        await bureau.found()
    await Policies(engine).settle(bureau.clock.now())
    async with writing(engine) as writer:
        for name, kind, code, purposes in (
            ("buyer", ActorKind.GC, BUYER, ("MARKET_TRADE", "PROCUREMENT_CHECK")),
            ("bank", ActorKind.FI, BANK, ("FINANCING",)),
        ):
            wish = NewPartner(id=name, name=name, actor=kind, organisation=code, purposes=purposes)
            await add_partner(writer, admit(wish, bureau.clock.now()))
    return hall_of(bureau)


def caller(organisation: str | None = SUBJECT, *, partner: str | None = "su", purposes=("SELF_QUERY",)) -> Caller:
    return Caller(
        partner=partner,
        actor=ActorKind.SU,
        organisation=organisation,
        ceiling=Tier.P,
        regions=frozenset(),
        sectors=frozenset(),
        purposes=frozenset({"PUBLIC_LOOKUP", *purposes}),
    )
