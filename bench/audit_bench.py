"""
What a durable entry costs: CPU and entries per second with 1 and with 64 askers, beside the bare fsync of this disk.

    .venv/bin/python bench/audit_bench.py [--directory DIR] [--rounds N] [--quick] [--store URL]

The figures to keep are the ratios: rounds alternate between what is compared, and medians are taken, so that they hold
on another machine while the plain figures do not. CPU is the process's own; with --store, a migrated and empty
PostgreSQL, the server's comes on top. About fifteen seconds, with --quick five.

The entry is that of a full profile: 150 coordinates served, 10 masked, 10 denied, 30 records delivered. What a plan
knows beforehand is spelled once.
"""

import argparse
import asyncio
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit.disclosure import Disclosure
from hub.audit.entries import DeliveryRow, Pending
from hub.audit.ledger import Ledger
from hub.audit.sealing import seal
from hub.audit.sequencer import Sequencer
from hub.audit.step import Waiting
from hub.clock import iso
from hub.store import migrate
from hub.store.engine import address_of, open_engine
from keys.canonical import Spelled
from keys.notes import Signer

Made = TypeVar("Made")
ORIGIN = "bench.example/log"
CODE = "91510100MA6ABCDE1X"
ENTRY_BYTES = 8_192  # about what one entry adds to the write-ahead log: two pages
KINDS = ("Penalty", "Permit", "Registration", "Contract", "Judgment", "Listing")
SERVED = Spelled.of([f"{kind}.fieldNumber{number}" for kind in KINDS for number in range(25)])
MASKED = Spelled.of({f"Registration.person{number}": "m2" for number in range(10)})
DENIED = Spelled.of({f"Penalty.amount{number}": "R-17" for number in range(10)})
CONTEXT = Spelled.of({"tender": "T-1", "lot": "1"})
VERSIONS = [("penalty", f"{number:032x}", 1) for number in range(30)]
ASKS = {1: 100, 64: 10}
GROUPS = {1: 40, 8: 10, 32: 4, 64: 2}


def pending() -> Pending:
    disclosure = Disclosure(
        at=datetime.now(UTC),
        asker="bench",
        actor="BUYER",
        organisation=CODE,
        purpose="PROCUREMENT_CHECK",
        context=CONTEXT,
        policy=1,
        catalogue="1",
        document="sha256:" + "0" * 64,
        operation="Supplier",
        subjects=[CODE],
        served=SERVED,
        masked=MASKED,
        denied=DENIED,
        answer="sha256:" + "1" * 64,
    )
    row = DeliveryRow(subject_code=CODE, partner="bench", purpose="PROCUREMENT_CHECK", versions=VERSIONS)
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


def cpu_s(work: Callable[[], Made], entries: int) -> tuple[float, Made]:
    """CPU seconds per entry, and what the work made."""
    busy = time.process_time()
    made = work()
    return (time.process_time() - busy) / entries, made


def parts(ledger: Ledger) -> dict[str, float]:
    """CPU seconds per entry of each part of the path, without event loop and threads."""
    ledger.check()  # what others appended meanwhile is taken in here, and not counted
    spent: dict[str, float] = {}
    spent["making the entry"], entries = cpu_s(lambda: [pending() for _ in range(64)], 64)
    spent["sealing it"], _ = cpu_s(lambda: [seal(one.entry, secrets.token_bytes) for one in entries], 64)
    for size, times in GROUPS.items():
        made = [pending() for _ in range(size * times)]
        sealed = [Waiting(pending=one, sealed=seal(one.entry, secrets.token_bytes)) for one in made]
        groups = [sealed[start : start + size] for start in range(0, len(sealed), size)]
        at = iso(datetime.now(UTC))
        spent[f"its share of a group of {size}"], outcomes = cpu_s(
            lambda groups=groups, at=at: [ledger.commit(group, at) for group in groups], size * times
        )
        receipts = [receipt for group in outcomes for receipt in group]
    spent["the bytes of its receipt"], _ = cpu_s(lambda: [receipt.extension for receipt in receipts], len(receipts))
    return spent


async def asking(sequencer: Sequencer, askers: int) -> tuple[float, float]:
    """Seconds and CPU seconds per entry with *askers* at once, receipts written."""

    async def ask() -> None:
        for _ in range(ASKS[askers]):
            assert (await sequencer.append(pending())).extension

    started, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(ask() for _ in range(askers)))
    entries = askers * ASKS[askers]
    return (time.perf_counter() - started) / entries, (time.process_time() - busy) / entries


async def measure(directory: Path, rounds: int, store: str | None) -> None:
    url = store or f"sqlite:///{directory / 'bench.db'}"
    await asyncio.to_thread(migrate.upgrade, url)
    engine = open_engine(url)
    signer = Signer(ORIGIN, Ed25519PrivateKey.generate())
    ledger = Ledger(address_of(url), signer, patience_s=15)
    sequencer = Sequencer(engine, signer, ORIGIN, lambda: datetime.now(UTC), secrets.token_bytes)
    await sequencer.start()
    await asking(sequencer, 64)
    floors: list[float] = []
    shares: list[dict[str, float]] = []
    spent: dict[int, list[tuple[float, float]]] = {askers: [] for askers in ASKS}
    for _ in range(rounds):
        floors.append(await asyncio.to_thread(fsync_s, directory, 100))
        shares.append(parts(ledger))
        for askers, seen in spent.items():
            seen.append(await asking(sequencer, askers))
    await sequencer.stop()
    ledger.close()
    await engine.dispose()
    report(floors, shares, spent)


def report(floors: list[float], shares: list[dict[str, float]], spent: dict[int, list[tuple[float, float]]]) -> None:
    floor = statistics.median(floors)
    print(f"bare fsync of {ENTRY_BYTES} bytes: {floor * 1e6:.0f} us")
    for askers, seen in spent.items():
        wall = statistics.median(taken for taken, _ in seen)
        busy = statistics.median(taken for _, taken in seen)
        print(
            f"{askers:3d} asking: {1 / wall:7.0f} entries/s, {wall * 1e6:6.0f} us each ({busy * 1e6:.0f} us of CPU), "
            f"{wall / floor:.2f} x a bare fsync"
        )
    print("CPU of one entry, in us:")
    share = {name: statistics.median(each[name] for each in shares) for name in shares[0]}
    for name, taken in share.items():
        print(f"  {name:30s} {taken * 1e6:6.1f}")
    path = share["sealing it"] + share["its share of a group of 32"] + share["the bytes of its receipt"]
    print(f"  {'sealed, in a group of 32, given':30s} {path * 1e6:6.1f}, {path / floor:.2f} x a bare fsync")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="on the disk to measure; default: the temporary directory")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="three rounds: enough to see whether it works")
    parser.add_argument("--store", help="URL of an empty PostgreSQL to write to instead of SQLite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory) as directory:
        asyncio.run(measure(Path(directory), 3 if given.quick else given.rounds, given.store))


if __name__ == "__main__":
    main()
