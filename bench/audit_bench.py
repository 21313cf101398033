"""
What a durable entry costs: entries per second with 1 and with 64 askers, beside the bare fsync of this disk.

    .venv/bin/python bench/audit_bench.py [--directory DIR] [--rounds N]

The figures to keep are the ratios: rounds alternate between what is compared, and medians are taken, so that they hold
on another machine while the plain figures do not. About ten seconds.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.disclosure import Disclosure
from hub.audit.entries import DeliveryRow, Pending
from hub.audit.sequencer import Sequencer
from hub.store import migrate
from hub.store.engine import open_engine
from keys.notes import Signer

ORIGIN = "bench.example/log"
CODE = "91510100MA6ABCDE1X"
ENTRY_BYTES = 8_192  # about what one entry adds to the write-ahead log: two pages
COORDINATES = [f"Penalty.field{number}" for number in range(40)]
ASKS = {1: 100, 64: 10}


def pending() -> Pending:
    disclosure = Disclosure(
        at=datetime.now(UTC),
        asker="bench",
        actor="BUYER",
        organisation=CODE,
        purpose="PROCUREMENT_CHECK",
        context={"tender": "T-1", "lot": "1"},
        policy=1,
        catalogue="1",
        document="sha256:" + "0" * 64,
        subjects=[CODE],
        served=COORDINATES,
        masked={"Registration.legalPerson": "m2"},
        denied={"Penalty.fineAmount": "R-17"},
        answer="sha256:" + "1" * 64,
    )
    row = DeliveryRow(subject_code=CODE, partner="bench", purpose="PROCUREMENT_CHECK", versions=[("penalty", "k", 1)])
    return Pending(entry=disclosure.entry(), deliveries=[row], reads={CODE: 0})


def fsync_s(directory: Path, times: int) -> float:
    """Seconds per append and fsync of one entry's bytes."""
    data = os.urandom(ENTRY_BYTES)
    file = os.open(directory / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    started = time.perf_counter()
    for _ in range(times):
        os.write(file, data)
        os.fsync(file)
    spent = time.perf_counter() - started
    os.close(file)
    return spent / times


async def asking(sequencer: Sequencer, askers: int) -> tuple[float, float]:
    """Seconds and CPU seconds per entry with *askers* at once."""

    async def ask() -> None:
        for _ in range(ASKS[askers]):
            await sequencer.append(pending())

    started, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(ask() for _ in range(askers)))
    entries = askers * ASKS[askers]
    return (time.perf_counter() - started) / entries, (time.process_time() - busy) / entries


async def measure(directory: Path, rounds: int) -> None:
    url = f"sqlite:///{directory / 'bench.db'}"
    await asyncio.to_thread(migrate.upgrade, url)
    engine = open_engine(url)
    signer = Signer(ORIGIN, Ed25519PrivateKey.generate())
    sequencer = Sequencer(engine, signer, ORIGIN, lambda: datetime.now(UTC), secrets.token_bytes)
    await sequencer.start()
    await asking(sequencer, 64)
    floors: list[float] = []
    spent: dict[int, list[tuple[float, float]]] = {askers: [] for askers in ASKS}
    for _ in range(rounds):
        floors.append(await asyncio.to_thread(fsync_s, directory, 100))
        for askers, seen in spent.items():
            seen.append(await asking(sequencer, askers))
    await sequencer.stop()
    await engine.dispose()
    floor = statistics.median(floors)
    print(f"bare fsync of {ENTRY_BYTES} bytes: {floor * 1e6:.0f} us")
    for askers, seen in spent.items():
        wall = statistics.median(taken for taken, _ in seen)
        busy = statistics.median(taken for _, taken in seen)
        print(
            f"{askers:3d} asking: {1 / wall:7.0f} entries/s, {wall * 1e6:6.0f} us each ({busy * 1e6:.0f} us of CPU), "
            f"{wall / floor:.2f} x a bare fsync"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="on the disk to measure; default: the temporary directory")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        asyncio.run(measure(Path(directory), given.rounds))


if __name__ == "__main__":
    main()
