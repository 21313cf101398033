"""
A harvester as a process of its own, to be killed: `python -m tests.hub.ingest.harvester STORE-URL TOLD-FILE`.

The site is computed, always the same: new records, corrections, withdrawals, repetitions, rows at fault. It prints a
line after every batch, and writes every report it receives to TOLD-FILE.
"""

import asyncio
import sys
from pathlib import Path

from connectors.port import Batch, Outcome
from hub.ingest.harvest import Harvester
from hub.rulebook import load_rules
from hub.store.engine import open_engine
from tests.hub.ingest.world import NOW, Flow, Site, batch, penalty, registration, row, site
from tests.support.sealing import sealing_in

BATCHES = 24
ROWS = 12


def register_batches() -> list[Batch]:
    return [
        batch(
            [row(registration(number), number, row_id=f"G-{number}") for number in range(start, start + ROWS)],
            f"register-{start}",
            kind="Registration",
            stream="register",
        )
        for start in range(0, 4 * ROWS, ROWS)
    ]


def penalty_batches() -> list[Batch]:
    return [batch([step(number, place) for place in range(ROWS)], f"penalty-{number}") for number in range(BATCHES)]


def step(number: int, place: int):
    subject, document = (number * 7 + place) % 60, f"川能罚〔2026〕{(number % 8) * ROWS + place}号"
    values = penalty(subject if place % 3 else place, document, fine_amount=f"{number % 5 + 1}.000000")
    if place == 5:
        values["fine_amount"] = None
    return row(values, place + 2, row_id=f"{number}-{place}", op="D" if (number + place) % 11 == 0 else "U")


class TellingSite(Site):
    """Keeps what it is told in a file, as a real owner would."""

    told_to: Path

    async def report(self, outcome: Outcome) -> None:
        with self.told_to.open("a", encoding="utf-8") as file:
            file.write(f"{outcome.batch_id} {outcome.received} {outcome.accepted}\n")


async def main(url: str, told_to: Path) -> None:
    engine = open_engine(url)
    connector = TellingSite(
        {"register": Flow("Registration", register_batches()), "penalty": Flow("Penalty", penalty_batches())}
    )
    connector.told_to = told_to
    harvester = Harvester(engine, load_rules(), lambda: NOW, sealing=sealing_in(told_to.parent / "sealing"))
    await harvester.run(
        connector,
        site(),
        progress=lambda _, stream: print(stream.name, stream.batches, flush=True),  # noqa: T201  for the parent
    )
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
