"""A process that shows, one after the other, what others show as well, and uses a budget that others use too."""

import asyncio
import json
from collections.abc import Sequence
from multiprocessing.connection import Connection

from hub.audit.errors import OverBudgetError, ReplayedError
from hub.store.engine import open_engine
from tests.hub.audit.conftest import note, sequencer_on, shown, spend


def race(url: str, reports: Connection, names: Sequence[str], limit: int, askers: int) -> None:
    """Let *askers* at once take *names* in turn; report [name, what became of it, what is used] of each."""
    asyncio.run(_race(url, reports, names, limit, askers))


async def _race(url: str, reports: Connection, names: Sequence[str], limit: int, askers: int) -> None:
    engine = open_engine(url)
    sequencer = sequencer_on(engine, patience_s=30)
    await sequencer.start()
    left = iter(names)

    async def ask() -> None:
        for name in left:
            try:
                receipt = await sequencer.append(note(1, spend=[spend(limit=limit)], **shown(name)))
                told = [name, "taken", receipt.used[0]]
            except ReplayedError:
                told = [name, "replayed", 0]
            except OverBudgetError as over:
                told = [name, "over", over.used]
            reports.send_bytes(json.dumps(told).encode())

    await asyncio.gather(*(ask() for _ in range(askers)))
    await sequencer.stop()
    await engine.dispose()
