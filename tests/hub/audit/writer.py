"""A process that appends entries and reports each receipt it got, to be killed at any moment."""

import asyncio
import json
from multiprocessing.connection import Connection

from hub.store.engine import open_engine
from tests.hub.audit.conftest import note, sequencer_on


def write(url: str, reports: Connection, askers: int, entries: int) -> None:
    """Let *askers* at once append *entries* each."""
    asyncio.run(_write(url, reports, askers, entries))


async def _write(url: str, reports: Connection, askers: int, entries: int) -> None:
    engine = open_engine(url)
    sequencer = sequencer_on(engine, patience_s=30)
    await sequencer.start()

    async def ask() -> None:
        for number in range(entries):
            receipt = await sequencer.append(note(number))
            reports.send_bytes(json.dumps(receipt.as_extension()).encode())

    await asyncio.gather(*(ask() for _ in range(askers)))
    await sequencer.stop()
    await engine.dispose()
