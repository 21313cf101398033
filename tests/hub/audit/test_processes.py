"""Promises that only hold if they hold across processes, and when one is killed."""

import json
import multiprocessing
import random
from itertools import pairwise

import pytest
from sqlalchemy import text

from hub.audit.log import Log
from hub.audit.verify import verify_receipt
from hub.audit.walk import check_log
from hub.store.engine import open_engine
from keys.checkpoints import open_checkpoint
from keys.merkle import verify_consistency
from tests.hub.audit.conftest import note, sequencer_on, signer_of
from tests.hub.audit.writer import write

VERIFIER = signer_of().verifier
FOREVER = 1_000_000


@pytest.fixture(scope="module")
def nursery():
    """Processes are forked from one that has imported everything, so that a round costs milliseconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.hub.audit.writer"])
    return context


class Writer:
    """A writing process, and the receipts it reported before it ended or was killed."""

    def __init__(self, nursery, url, *, askers, entries):
        self._reports, theirs = nursery.Pipe(duplex=False)
        self.process = nursery.Process(target=write, args=(url, theirs, askers, entries))
        self.process.start()
        theirs.close()
        self.receipts = []

    def reads_one(self, within_s):
        """Take one report; False if none came in time or ever will."""
        try:
            if not self._reports.poll(within_s):
                return False
            self.receipts.append(json.loads(self._reports.recv_bytes()))
        except (EOFError, OSError):
            return False
        return True

    def kill(self):
        self.process.kill()
        self.finish()

    def finish(self):
        while self.reads_one(30):
            pass
        self.process.join(30)
        self._reports.close()


async def check_everything(engine, receipts):
    """No gap, no fork, nothing acknowledged lost: every promise of the log, from what was stored and what was given."""
    report = await check_log(engine, VERIFIER)
    assert None is report.broken
    assert len(receipts) == len({receipt["index"] for receipt in receipts})
    heads = {}
    async with engine.connect() as connection:
        for (stored,) in await connection.execute(text("SELECT note FROM log_checkpoint")):
            heads[open_checkpoint(stored, [VERIFIER]).size] = open_checkpoint(stored, [VERIFIER]).root
        stored_leaves = dict((await connection.execute(text('SELECT "index", leaf FROM log_entry'))).all())
    for receipt in receipts:
        verdict = verify_receipt(receipt, [VERIFIER.vkey()])
        assert verdict.valid
        bare = verify_receipt(receipt["proof"], [VERIFIER.vkey()], leaf=stored_leaves[receipt["index"]])
        assert bare.valid
        assert heads[verdict.checkpoint.size] == verdict.checkpoint.root
    for old, new in pairwise(sorted(heads)):
        path = await Log(engine).consistency(old, new)
        verify_consistency(old=old, new=new, old_root=heads[old], new_root=heads[new], path=path)
    return report.size


class TestKilled:
    async def test_nothing_acknowledged_is_lost_whenever_it_is_killed(self, store_url, nursery):
        """
        A process killed at any moment, many times over: every receipt it gave verifies and its entry is there,
        no index is missing, and every head ever signed continues the one before.
        """
        chance = random.Random(20261120)  # noqa: S311  a test's dice
        receipts, engine = [], open_engine(store_url)
        for _ in range(24):
            writer = Writer(nursery, store_url, askers=chance.choice([1, 3, 16]), entries=FOREVER)
            writer.reads_one(30)
            for _ in range(chance.randrange(40)):
                writer.reads_one(chance.random() / 100)
            writer.kill()
            receipts += writer.receipts
        size = await check_everything(engine, receipts)
        sequencer = sequencer_on(engine)
        await sequencer.start()

        assert size == (await sequencer.append(note(0))).index
        await sequencer.stop()
        await engine.dispose()


class TestTogether:
    async def test_two_processes_on_one_store_never_fork(self, store_url, nursery):
        writers = [Writer(nursery, store_url, askers=askers, entries=25) for askers in (1, 4)]
        for writer in writers:
            writer.finish()
        receipts = [receipt for writer in writers for receipt in writer.receipts]
        engine = open_engine(store_url)

        assert [0, 0] == [writer.process.exitcode for writer in writers]
        assert list(range(125)) == sorted(receipt["index"] for receipt in receipts)
        assert 125 == await check_everything(engine, receipts)
        await engine.dispose()

    async def test_one_that_is_killed_does_not_hinder_the_other(self, store_url, nursery):
        """Not even when it dies while it has the turn."""
        steady = Writer(nursery, store_url, askers=2, entries=60)
        receipts, engine = [], open_engine(store_url)
        for _ in range(4):
            victim = Writer(nursery, store_url, askers=8, entries=FOREVER)
            victim.reads_one(30)
            victim.kill()
            receipts += victim.receipts
        steady.finish()

        assert 0 == steady.process.exitcode
        assert 120 == len(steady.receipts)
        await check_everything(engine, receipts + steady.receipts)
        await engine.dispose()
