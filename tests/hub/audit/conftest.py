"""A log to write in and read from, over each kind of store."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.disclosure import Disclosure, answer_digest
from hub.audit.entries import DeliveryRow, Entry, Pending, Spend
from hub.audit.sequencer import Sequencer
from hub.store.engine import open_engine, writing
from keys.notes import Signer

ORIGIN = "hub.example/log"
CODE = "91510100MA6ABCDE1X"
DATA = {"subject": {"code": CODE, "name": "锦江能源", "amount": 12.5}}


def signer_of(seed: int = 1, name: str = ORIGIN) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def clock():
    """An instant later by a second each time it is asked."""
    seconds = count()
    return lambda: datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=next(seconds))


def sequencer_on(
    engine: AsyncEngine, *, seed: int = 1, patience_s: float = 5.0, entropy=secrets.token_bytes
) -> Sequencer:
    return Sequencer(engine, signer_of(seed), ORIGIN, clock(), entropy, patience_s=patience_s)


def note(number: int, *, delivered: bool = False, reads=None, epochs=None, **terms) -> Pending:
    """An entry that says its number; *terms* are what it uses up."""
    rows = [DeliveryRow(subject_code=CODE, partner="p", purpose="CHECK", versions=[("penalty", "k", 1)])]
    entry = Entry(kind="disclosure", values={"number": number, "to": "甲"})
    return Pending(entry=entry, deliveries=rows if delivered else [], reads=reads or {}, epochs=epochs or {}, **terms)


def shown(name: str, *, until: float = 2e9) -> dict:
    """Terms of an entry that shows, once only, what is called *name*."""
    return {"once": hashlib.sha256(name.encode()).digest(), "once_until": until}


def spend(amount: int = 1, *, limit: int, asker: str = "p", span: str = "day", until: float = 2e9) -> Spend:
    """A part of a budget."""
    return Spend(asker=asker, span=span, amount=amount, limit=limit, until=until)


def disclosure(**changes) -> Disclosure:
    facts = {
        "at": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        "asker": "jinjiang",
        "actor": "BUYER",
        "organisation": CODE,
        "purpose": "PROCUREMENT_CHECK",
        "context": {"tender": "T-1", "lot": "2"},
        "policy": 7,
        "catalogue": "2026.1",
        "document": "sha256:" + "0" * 64,
        "operation": "Supplier",
        "subjects": [CODE],
        "served": ["Registration.name", "Penalty.decidedOn"],
        "masked": {"Registration.legalPerson": "m2"},
        "denied": {"Penalty.fineAmount": "R-17"},
        "answer": answer_digest(DATA),
    }
    return Disclosure(**{**facts, **changes})


async def change(engine: AsyncEngine, statement: str, **values) -> None:
    """Do to the stored log what nobody should."""
    async with writing(engine) as writer:
        await writer.write(text(statement), values or None)


async def counted(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608  our tables


@pytest.fixture
async def sequencer(store: AsyncEngine) -> AsyncIterator[Sequencer]:
    """A running sequencer, once per kind of store."""
    sequencer = sequencer_on(store)
    await sequencer.start()
    yield sequencer
    await sequencer.stop()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """A store on SQLite, where the kind of store does not matter."""
    engine = open_engine(sqlite_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def receipt(sqlite_store: AsyncEngine) -> dict:
    """A receipt of a disclosure, from a log with others around it, as the asker gets it."""
    sequencer = sequencer_on(sqlite_store)
    await sequencer.start()
    for number in range(5):
        await sequencer.append(note(number))
    taken = await sequencer.append(Pending(entry=disclosure().entry()))
    await sequencer.stop()
    return taken.as_extension()
