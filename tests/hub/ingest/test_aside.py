"""Examined aside or here, a harvest keeps the same; and it needs nobody aside to go on."""

import asyncio
import os
import signal
import sys
from itertools import count
from pathlib import Path

import pytest

from connectors.errors import StopStream
from hub.ingest.aside import Aside, read_answer
from hub.ingest.harvest import Harvester
from hub.ingest.intake import Intake
from hub.store import tables
from hub.store.engine import open_engine
from tests.hub.ingest.harvester import penalty_batches, register_batches
from tests.hub.ingest.test_killed import KEPT
from tests.hub.ingest.world import NOW, Flow, Site, batch, count_of, penalty, row, rows_of, site
from tests.support.sealing import sealing_in


@pytest.fixture
async def aside():
    async with Aside() as process:
        yield process


def flows() -> dict[str, Flow]:
    return {"register": Flow("Registration", register_batches()), "penalty": Flow("Penalty", penalty_batches())}


async def kept_by(engine, book, connector, aside, folder) -> dict[str, list[dict[str, object]]]:
    numbers = count(1)
    sealing = sealing_in(folder, entropy=lambda size: next(numbers).to_bytes(size, "big"))
    report = await Harvester(engine, book, lambda: NOW, sealing=sealing, aside=aside).run(connector, site())
    assert report.is_whole, report
    return {model.__name__: await rows_of(engine, model) for model in KEPT}


class TestAside:
    async def test_it_keeps_what_a_harvest_without_it_keeps(self, store, book, aside, tmp_path, sqlite_template):
        here = tmp_path / "here.db"
        here.write_bytes(sqlite_template.read_bytes())
        engine = open_engine(f"sqlite:///{here}")
        expected = await kept_by(engine, book, Site(flows()), None, tmp_path / "one")
        await engine.dispose()

        assert expected == await kept_by(store, book, Site(flows()), aside, tmp_path / "other")

    async def test_every_part_of_an_examination_comes_back(self, store, book, aside):
        rows = [
            row(penalty(1), 2, extra={"disclosure": "政务共享", "publicity_state": "??"}),
            row(penalty(2, fine_amount=None), 3),
            row(penalty(3, counterparty_code=None), 4, op="D"),
            row({}, 5, fault="RW01", as_of=None),
        ]
        sent, now = batch(rows), "2026-11-20T04:00:00.000000Z"
        answer = await aside.ask(sent, region="51", now=now)
        there = read_answer(await answer, sent, now)
        here = Intake(store, book, source="cn-51", region="51", sealing=sealing_in()).examine(sent, now=NOW)

        assert here == there

    async def test_when_it_dies_the_harvest_goes_on_without_it(self, store, book, aside, tmp_path):
        class Killing(Site):
            async def report(self, outcome):
                if outcome.batch_id == "penalty-3":
                    os.kill(aside._process.pid, signal.SIGKILL)
                await super().report(outcome)

        kept = await kept_by(store, book, Killing(flows()), aside, tmp_path)

        assert len(penalty_batches()) + len(register_batches()) == len(kept["Batch"])

    async def test_a_text_it_cannot_be_told_is_examined_here(self, store, book, aside, tmp_path):
        strange = batch([row(penalty(1, remark="\ud800"), 2), row(penalty(2), 3)])
        await kept_by(store, book, Site({"penalty": Flow("Penalty", [strange])}), aside, tmp_path)

        assert 2 == await count_of(store, tables.Record)

    async def test_what_was_read_before_a_fault_is_taken_in(self, store, book, aside):
        steps = [*penalty_batches()[:3], StopStream("cn-51", "SRC_CHANGED")]
        harvester = Harvester(store, book, lambda: NOW, sealing=sealing_in(), aside=aside)
        report = await harvester.run(Site({"penalty": Flow("Penalty", steps)}), site())

        assert (3, "SRC_CHANGED") == (report.streams[0].batches, report.streams[0].error)

    async def test_two_harvests_share_it(self, store, book, aside):
        async with asyncio.TaskGroup() as group:
            for name in ("cn-51", "national"):
                connector = Site(flows(), source=name)
                harvester = Harvester(store, book, lambda: NOW, sealing=sealing_in(), aside=aside)
                group.create_task(harvester.run(connector, site(name)))

        batches = await rows_of(store, tables.Batch)
        assert 2 * (len(penalty_batches()) + len(register_batches())) == len(batches)

    async def test_it_ends_when_its_caller_is_killed(self):
        """Its input is then at its end: nobody is left behind."""
        code = (
            "import asyncio\nfrom hub.ingest.aside import Aside\n"
            "async def main():\n    async with Aside() as aside:\n"
            "        print(aside._process.pid, flush=True)\n        await asyncio.Event().wait()\n"
            "asyncio.run(main())"
        )
        caller = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
        child = int(await caller.stdout.readline())
        caller.kill()
        await caller.wait()

        async with asyncio.timeout(20):
            while alive(child):
                await asyncio.to_thread(os.stat, f"/proc/{os.getpid()}")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
