"""A hub's officers over a real store, a clock whose hands we turn, and people with authenticators and codes."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.journal import Journal
from hub.identity.officers.accounts import NewOfficer
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.enrolment import Invited
from hub.identity.officers.model import Acting, Role
from hub.identity.officers.office import Office
from hub.identity.officers.parts import OfficerParts, officer_parts
from hub.identity.officers.seal import make_key
from hub.identity.officers.sessions import Started
from hub.identity.officers.signin import Asked
from hub.settings import Settings
from hub.store.administration_tables import JournalRow
from hub.store.engine import reading
from hub.store.tables import table_of
from keys.ring import KeyRing
from tests.hub.identity.officers.authenticator import Authenticator

ORIGIN = "https://hub.example.cn"
NOON = datetime(2027, 3, 1, 4, 0, 5, tzinfo=UTC)
BY_HEADER = Asked(carrier=Carrier.HEADER)
BY_COOKIE = Asked(carrier=Carrier.COOKIE)
STEP = timedelta(seconds=30)

FOUNDERS = (
    NewOfficer(id="guan", name="管一", role=Role.ADMINISTRATOR, person="E-1001"),
    NewOfficer(id="li", name="李二", role=Role.ADMINISTRATOR, person="E-1002"),
    NewOfficer(id="bao", name="鲍一", role=Role.SECURITY_OFFICER, person="E-2001"),
    NewOfficer(id="mi", name="米二", role=Role.SECURITY_OFFICER, person="E-2002"),
    NewOfficer(id="an", name="安三", role=Role.SECURITY_OFFICER, person="E-2003"),
    NewOfficer(id="shen", name="沈一", role=Role.AUDITOR, person="E-3001"),
)


@dataclass
class Hands:
    """A clock that stands still, but for a microsecond at each look: what happens later is later."""

    at: datetime = NOON

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at

    def turn(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Bureau:
    """The officers of one hub."""

    engine: AsyncEngine
    ring: KeyRing
    clock: Hands
    parts: OfficerParts
    codes: dict[str, str] = field(default_factory=dict)
    totps: dict[str, pyotp.TOTP] = field(default_factory=dict)

    async def found(self) -> None:
        self.codes = dict(await self.parts.officers.found(FOUNDERS))

    async def enrol_totp(self, officer: str) -> Started:
        """Use the invitation for a code, and go on to the next time step."""
        who = Invited(code=self.codes[officer], carrier=Carrier.HEADER)
        step = await self.parts.enrolment.begin_totp(who)
        self.totps[officer] = totp_of(step.options["uri"])
        started = await self.parts.enrolment.finish_totp(who, step.challenge, self.code(officer))
        assert started is not None
        self.clock.turn(STEP)
        return started

    async def enrol_passkey(self, officer: str, device: Authenticator | None = None) -> Authenticator:
        """Use the invitation for an authenticator."""
        device = device or Authenticator()
        who = Invited(code=self.codes[officer], carrier=Carrier.HEADER)
        step = await self.parts.enrolment.begin_passkey(who)
        answer = device.register(dict(step.options), ORIGIN)
        assert await self.parts.enrolment.finish_passkey(who, step.challenge, answer, "blue key") is not None
        return device

    async def sign_in(self, officer: str, asked: Asked = BY_HEADER) -> Started:
        """Sign in by a code of now; each time a later one, as nobody may show one twice."""
        if officer not in self.totps:
            await self.enrol_totp(officer)
        started = await self.parts.signin.totp(officer, self.code(officer), asked)
        self.clock.turn(STEP)
        return started

    async def acting(self, officer: str) -> Acting:
        return await self.parts.sessions.acting_by((await self.sign_in(officer)).secret)

    async def acting_stale(self, officer: str) -> Acting:
        """An officer whose last proof is ten minutes old."""
        secret = (await self.sign_in(officer)).secret
        self.clock.turn(timedelta(minutes=10))
        return await self.parts.sessions.acting_by(secret)

    def code(self, officer: str) -> str:
        return self.totps[officer].at(self.clock.now())

    def wrong_code(self, officer: str) -> str:
        """Six digits that are no code of now."""
        now = self.clock.now().timestamp()
        good = {self.totps[officer].at(now + shift) for shift in (-30, 0, 30)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)

    async def journal(self) -> Sequence[dict[str, str]]:
        """What the journal holds, oldest first."""
        rows = table_of(JournalRow)
        async with reading(self.engine) as reader:
            found = await reader.rows(select(rows.c.kind, rows.c.body).order_by(rows.c.id))
        return [{"kind": row.kind, **json.loads(row.body)} for row in found]

    async def last(self) -> dict[str, str]:
        return (await self.journal())[-1]

    def beside(self, engine: AsyncEngine) -> "Bureau":
        """Another worker of the same hub, with connections of its own."""
        return Bureau(engine, self.ring, self.clock, build(engine, self.ring, self.clock), self.codes, self.totps)


def build(engine: AsyncEngine, ring: KeyRing, clock: Hands) -> OfficerParts:
    office = Office(
        engine=engine,
        journal=Journal(engine, clock, secrets.token_bytes),
        clock=clock,
        entropy=secrets.token_bytes,
    )
    return officer_parts(Settings(issuer=ORIGIN), office, ring)


def new_bureau(engine: AsyncEngine, folder: Path) -> Bureau:
    ring, clock = KeyRing.open(f"file:{folder / 'keys'}", create=True), Hands()
    make_key(ring)
    return Bureau(engine, ring, clock, build(engine, ring, clock))


def totp_of(uri: str) -> pyotp.TOTP:
    """Read an `otpauth://` URI, as an authenticator program does."""
    asked = parse_qs(urlsplit(uri).query)
    return pyotp.TOTP(asked["secret"][0])
