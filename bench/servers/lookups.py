"""
Reads whole dossiers, one after the other, from several stores in turn; nothing is kept in memory between reads.

    python -m bench.servers.lookups CODES.json ROUNDS

CODES.json maps the URL of a store to codes that are in it. Prints the path of a file: URL -> median microseconds of
each round.
"""

import asyncio
import inspect
import json
import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.store.dossiers import Dossiers
from hub.store.engine import open_engine
from schema.catalogue import KINDS

_READS = 300


def uncached(engine: Any) -> Dossiers:
    """A reader that keeps nothing."""
    wanted = inspect.signature(Dossiers).parameters
    return Dossiers(engine, **{name: 0 for name in ("cache_records", "records_max") if name in wanted})


async def measure(told: Mapping[str, Sequence[str]], rounds: int) -> Mapping[str, list[float]]:
    """Median microseconds of each round, per store."""
    engines = {url: open_engine(url) for url in told}
    readers = {url: uncached(engine) for url, engine in engines.items()}
    dice = random.Random(7)  # noqa: S311  a bench's dice
    kinds = frozenset(KINDS)
    found: dict[str, list[float]] = {url: [] for url in told}
    for place in range(-1, rounds):
        for url, reader in readers.items():
            took = []
            for code in dice.choices(told[url], k=_READS):
                started = time.perf_counter()
                dossiers = await reader.read([code], kinds)
                took.append(time.perf_counter() - started)
                assert len(dossiers[code].records) > 20, code
            if place >= 0:
                found[url].append(statistics.median(took) * 1e6)
    for engine in engines.values():
        await engine.dispose()
    return found


def main() -> None:
    """Measure."""
    told = Path(sys.argv[1])
    found = asyncio.run(measure(json.loads(told.read_text()), int(sys.argv[2])))
    path = told.with_suffix(".found.json")
    path.write_text(json.dumps(found))
    print(path, flush=True)


if __name__ == "__main__":
    main()
