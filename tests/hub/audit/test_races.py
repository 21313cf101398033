"""Processes that show the same, and use up the same budget, at the same time; and are killed in between."""

import json
import multiprocessing
import random
from collections import Counter

import pytest
from sqlalchemy import text

from hub.audit.walk import check_log
from hub.store.engine import open_engine
from tests.hub.audit.conftest import shown, signer_of
from tests.hub.audit.racer import race

MANY = 1_000_000


@pytest.fixture(scope="module")
def nursery():
    """Processes are forked from one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.hub.audit.racer"])
    return context


class Racer:
    """A racing process, and what it reported before it ended or was killed."""

    def __init__(self, nursery, url, names, *, limit, askers):
        self._reports, theirs = nursery.Pipe(duplex=False)
        self.process = nursery.Process(target=race, args=(url, theirs, names, limit, askers))
        self.process.start()
        theirs.close()
        self.told = []

    def reads_one(self, within_s):
        try:
            if not self._reports.poll(within_s):
                return False
            self.told.append(json.loads(self._reports.recv_bytes()))
        except (EOFError, OSError):
            return False
        return True

    def finish(self):
        while self.reads_one(60):
            pass
        self.process.join(30)
        self._reports.close()

    def kill(self):
        self.process.kill()
        self.finish()


async def stored(engine):
    """Entries, digests, and what is used: one of each per entry, or something was taken by halves."""
    async with engine.connect() as connection:
        return tuple(
            [
                (await connection.execute(text(query))).scalar_one()
                for query in (
                    "SELECT count(*) FROM log_entry",
                    "SELECT count(*) FROM seen",
                    "SELECT coalesce(sum(used), 0) FROM spent",
                )
            ]
        )


def kinds(racers):
    return Counter(kind for racer in racers for _, kind, _ in racer.told)


class TestRaces:
    async def test_what_two_processes_show_at_once_is_taken_by_one(self, store_url, nursery):
        names = [f"n{number}" for number in range(120)]
        racers = [Racer(nursery, store_url, names, limit=MANY, askers=askers) for askers in (3, 8)]
        for racer in racers:
            racer.finish()
        taken = Counter(name for racer in racers for name, kind, _ in racer.told if kind == "taken")
        engine = open_engine(store_url)

        assert [0, 0] == [racer.process.exitcode for racer in racers]
        assert dict.fromkeys(names, 1) == taken
        assert {"taken": 120, "replayed": 120} == kinds(racers)
        assert (120, 120, 120) == await stored(engine)
        await engine.dispose()

    async def test_of_one_budget_two_processes_use_no_more_than_there_is(self, store_url, nursery):
        racers = [
            Racer(nursery, store_url, [f"{which} {number}" for number in range(100)], limit=70, askers=8)
            for which in "ab"
        ]
        for racer in racers:
            racer.finish()
        levels = [level for racer in racers for _, kind, level in racer.told if kind == "taken"]
        engine = open_engine(store_url)

        assert list(range(1, 71)) == sorted(levels), "each is told the level after its own share"
        assert {"taken": 70, "over": 130} == kinds(racers)
        assert {70} == {level for racer in racers for _, kind, level in racer.told if kind == "over"}
        assert (70, 70, 70) == await stored(engine)
        await engine.dispose()


class TestKilled:
    async def test_whenever_a_process_is_killed_nothing_was_taken_by_halves(self, store_url, nursery):
        """
        Two processes show the same names, of a budget for half of them, and are killed and replaced many times:
        an entry, its digest and its unit are there together or not at all; what was acknowledged is there; and nobody
        was refused as a replay, or for the budget, without reason.
        """
        chance = random.Random(20261121)  # noqa: S311  a test's dice
        names = [f"n{number}" for number in range(2_000)]
        engine, told = open_engine(store_url), []
        for _ in range(12):
            racers = [Racer(nursery, store_url, names, limit=1_000, askers=askers) for askers in (2, 16)]
            for _ in range(1 + chance.randrange(60)):
                for racer in racers:
                    racer.reads_one(0.2)
            for racer in racers:
                racer.kill()
                told += racer.told
            entries, digests, used = await stored(engine)

            assert entries == digests == used <= 1_000
        taken = [name for name, kind, _ in told if kind == "taken"]
        async with engine.connect() as connection:
            seen = set((await connection.execute(text("SELECT digest FROM seen"))).scalars())

        assert len(taken) == len(set(taken)), "acknowledged twice"
        assert {shown(name)["once"] for name, kind, _ in told if kind in ("taken", "replayed")} <= seen
        assert all(level == 1_000 for _, kind, level in told if kind == "over")
        assert None is (await check_log(engine, signer_of().verifier)).broken
        await engine.dispose()
