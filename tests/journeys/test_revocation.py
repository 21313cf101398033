"""
What is taken away is gone from the next answer on, on every worker, under load: a partner, its key, a grant, a consent.

Two workers over one PostgreSQL with everything kept in memory, askers in a loop, a hand that takes away and gives back
under the log's own turn, so that it knows where in the log it stands: whatever an answer shows is what the asker was
allowed at the answer's place in the log, exactly.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench import world
from hub.clock import iso
from hub.identity.keys import token_key
from hub.identity.partners import NewPartner, Partners, admit
from hub.identity.tokens import Binding, TokenIssuer
from hub.settings import Settings
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.engine import open_engine, writing
from hub.store.identity_tables import PartnerKey
from hub.store.tables import table_of
from keys.ring import KeyRing
from schema.identifiers.uscc import compose
from schema.policy.model import ActorKind
from tests.journeys.serving import HUB, running
from tests.journeys.test_workers import variables

READERS = 6
TURNS = 40
LIFETIME_S = 3_600
BUYER, BANK = compose("91510100", "MA6JJ001"), compose("91110000", "MA6JJ002")
SUBJECT = world.code_of(3)
QUESTION = "query($c: ID!) { subject(code: $c) { name records(kinds: [ARREARS]) { totalCount nodes { dueOn: id } } } }"
SHOWN = world.PER_SUBJECT["Arrears"]


@dataclass(frozen=True, kw_only=True)
class Right:
    """What is taken away and given back: by which statement, who asks for what, and what the answer shows without."""

    partner: str
    purpose: Mapping[str, object]
    statement: str
    taken: object
    given: object
    without: int | None  # records listed without it; None: refused

    def change(self, *, give: bool) -> tuple[str, dict[str, object]]:
        return self.statement, {"value": self.given if give else self.taken}


TRADE = {"code": "MARKET_TRADE", "context": {"market": "M-1"}}
FINANCING = {"code": "FINANCING", "context": {"consent": "c-1"}}
RIGHTS = {
    "partner": Right(
        partner="buyer", purpose=TRADE, statement="UPDATE partner SET state = :value WHERE id = 'buyer'",
        taken="suspended", given="active", without=None,
    ),
    "key": Right(
        partner="buyer", purpose=TRADE, statement="UPDATE partner_key SET state = :value WHERE partner = 'buyer'",
        taken="revoked", given="active", without=None,
    ),
    "grant": Right(
        partner="buyer", purpose=TRADE, statement="UPDATE access_grant SET revoked_at = :value WHERE id = 'g-1'",
        taken="2026-01-01T00:00:00.000000Z", given=None, without=0,
    ),
    "consent": Right(
        partner="bank", purpose=FINANCING, statement="UPDATE consent SET revoked_at = :value WHERE id = 'c-1'",
        taken="2026-01-01T00:00:00.000000Z", given=None, without=0,
    ),
}  # fmt: skip


def certificate() -> bytes:
    """A client certificate, DER: the proxy that stands before the hub has checked it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def in_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Reading:
    """What one kind of asker saw: place in the log and number of records."""

    url: str
    right: Right
    headers: dict[str, str]
    seen: list[tuple[int, int]] = field(default_factory=list)
    refused: int = 0
    done: bool = False

    async def read(self) -> None:
        while not self.done:
            async with aiohttp.ClientSession() as session:
                for _ in range(5):
                    await self.ask(session)

    async def ask(self, session: aiohttp.ClientSession) -> None:
        body = {"query": QUESTION, "variables": {"c": SUBJECT}, "extensions": {"purpose": self.right.purpose}}
        async with session.post(f"{self.url}/graphql", json=body, headers=self.headers) as response:
            told = json.loads(await response.read())
        if response.status in {401, 503}:
            assert "data" not in told
            self.refused += 1
            return
        assert response.status == 200, told
        count = told["data"]["subject"]["records"]["totalCount"]
        self.seen.append((told["extensions"]["receipt"]["index"], count))


async def people(engine: AsyncEngine, client_key: str) -> None:
    """Two partners, a key, a grant and a consent."""
    now = datetime.now(UTC)
    later, sooner = iso(now + timedelta(days=30)), iso(now - timedelta(days=1))
    for partner, actor, organisation, purpose in (
        ("buyer", ActorKind.GC, BUYER, "MARKET_TRADE"),
        ("bank", ActorKind.FI, BANK, "FINANCING"),
    ):
        wish = NewPartner(id=partner, name=partner, actor=actor, organisation=organisation, purposes=(purpose,))
        await Partners(engine).add(admit(wish, now))
    grant = {
        "id": "g-1", "partner": "buyer", "category": "C16", "coordinates": "[]", "purpose": "MARKET_TRADE", "tier": "S",
        "valid_from": sooner, "valid_to": later, "break_glass": False, "reason": "r", "given_by": "o",
        "given_at": sooner,
    }  # fmt: skip
    consent = {
        "subject_code": SUBJECT, "id": "c-1", "grantee": BANK, "purpose": "FINANCING", "items": '["C16"]',
        "valid_from": sooner[:10], "valid_to": later[:10], "evidence": "sm3:00", "given_by": "p", "given_at": sooner,
    }  # fmt: skip
    keys = [
        {
            "partner": partner, "thumbprint": client_key, "kid": "k-1", "jwk": "{}", "origin": "value",
            "added_at": sooner, "state": "active",
        }
        for partner in ("buyer", "bank")
    ]  # fmt: skip
    async with writing(engine) as writer:
        for model, rows in ((AccessGrant, [grant]), (ConsentRow, [consent]), (PartnerKey, keys)):
            await writer.write(insert(table_of(model)), rows)


async def turn_over(engine: AsyncEngine, right: Right, *, give: bool) -> int:
    """Take the right away or give it back; the size of the log at the very moment at which that was committed."""
    statement, values = right.change(give=give)
    async with writing(engine) as writer:
        # Under the log's own turn, so that no entry can slip in between the size that is read and the commit.
        await writer.take_turn("hub audit log")
        assert await writer.write(text(statement), [values]) == 1
        row = await writer.first(text("SELECT coalesce(max(size), 0) FROM log_checkpoint"))
        assert row is not None
        return int(row[0])


@pytest.fixture
async def engine(postgres_url):
    opened = open_engine(postgres_url)
    yield opened
    await opened.dispose()


@pytest.mark.postgres
class TestRevocation:
    @pytest.mark.parametrize("name", RIGHTS)
    async def test_no_answer_attested_after_it_was_taken_shows_what_it_opened(
        self, name, engine, tmp_path, postgres_url
    ):
        right, shown = RIGHTS[name], certificate()
        await asyncio.to_thread(asyncio.run, world.store_world(postgres_url, range(5), world.PER_SUBJECT))
        client_key = in_base64url(hashlib.sha256(b"the client's key").digest())
        await people(engine, client_key)
        environment = {
            **variables(postgres_url, tmp_path),
            "HUB_TRUSTED_PROXIES": "127.0.0.1",
            "HUB_SEALING_KEYS": "env:BENCH_SEALING_KEY",
            "BENCH_SEALING_KEY": "A" * 43 + "=",
            "HUB_PARTNER_REQUESTS_PER_MINUTE": "0",
            "HUB_PARTNER_SUBJECTS_PER_DAY": "0",
        }
        with running([str(HUB), "serve", "--port", "0", "--workers", "2"], environment, tmp_path) as url:
            reading = Reading(url=url, right=right, headers=headers(tmp_path, right.partner, client_key, shown))
            states = [(0, SHOWN)]
            async with asyncio.TaskGroup() as readers:
                for _ in range(READERS):
                    readers.create_task(reading.read())
                for turn in range(TURNS):
                    give, answered = turn % 2 == 1, len(reading.seen) + reading.refused
                    states.append((await turn_over(engine, right, give=give), SHOWN if give else right.without))
                    # Every other pair of turns at once; else when somebody has asked in between.
                    while turn % 4 > 1 and len(reading.seen) + reading.refused < answered + READERS:  # noqa: ASYNC110  readers must get their turn
                        await asyncio.sleep(0)
                reading.done = True

        sizes = [size for size, _ in states]
        wrong = [
            (index, found, allowed)
            for index, found in reading.seen
            if found != (allowed := states[bisect_right(sizes, index) - 1][1])
        ]
        assert [] == wrong
        assert {SHOWN, right.without} - {None} == {found for _, found in reading.seen}
        assert (right.without is None) <= (reading.refused > 0)
        assert len(reading.seen) > TURNS / 2


def headers(directory: Path, partner: str, client_key: str, shown: bytes) -> dict[str, str]:
    """A token bound to the client's certificate, which the proxy (here: the test) passes on."""
    settings = Settings(keys=f"file:{directory}/keys")
    issuer = TokenIssuer(
        private_jwk=token_key(KeyRing.open(settings.keys, create=True)),
        issuer=settings.issuer,
        audience=settings.audience,
    )
    minted = issuer.mint(
        partner,
        now=datetime.now(UTC),
        lifetime_s=LIFETIME_S,
        jti=secrets.token_urlsafe(16),
        binding=Binding(client_key=client_key, x5t=in_base64url(hashlib.sha256(shown).digest())),
    )
    return {
        "authorization": f"Bearer {minted.token}",
        "client-cert": f":{base64.b64encode(shown).decode()}:",
    }
