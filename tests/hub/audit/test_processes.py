"""Promises that only hold if they hold across processes, and when one is killed."""

import json
import multiprocessing
import random
from itertools import pairwise

import pytest
from sqlalchemy import text

from hub.audit.errors import StaleReadError
from hub.audit.log import Log
from hub.audit.verify import verify_receipt
from hub.audit.walk import check_log
from hub.store.engine import open_engine
from keys.checkpoints import open_checkpoint
from keys.merkle import verify_consistency
from tests.hub.audit.conftest import change, note, sequencer_on, signer_of
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
    # Every stored head continues the one before, and is continued by the last.
    sizes = sorted(heads)
    for old, new in {*pairwise(sizes), *((size, sizes[-1]) for size in sizes)}:
        path = await Log(engine).consistency(old, new)
        verify_consistency(old=old, new=new, old_root=heads[old], new_root=heads[new], path=path)
    return report.size


async def next_index(engine):
    """Where a process that comes now goes on."""
    sequencer = sequencer_on(engine)
    await sequencer.start()
    receipt = await sequencer.append(note(0))
    await sequencer.stop()
    return receipt.index


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

        assert size == await next_index(engine)
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


class TestThree:
    async def test_writers_killed_one_after_another_and_replaced_leave_one_whole_log(self, store_url, nursery):
        """
        Three processes write without pause. One after another is killed, in the middle of whatever it does, and another
        takes its place. Nobody decides who leads: the log stays one, without a gap; every head continues the one
        before; every receipt handed out before a kill verifies; and no entry was handed out twice.
        """
        chance = random.Random(20261121)  # noqa: S311  a test's dice
        engine, receipts, fallen = open_engine(store_url), [], 0
        writers = [Writer(nursery, store_url, askers=askers, entries=FOREVER) for askers in (1, 4, 16)]
        for _ in range(12):
            victim = writers.pop(0)
            # It has the turn or waits for it, has written or is about to: it is not asked.
            for _ in range(1 + chance.randrange(20)):
                victim.reads_one(30)
                for other in writers:  # whose reports are not read stops writing
                    while other.reads_one(0):
                        pass
            victim.kill()
            receipts += victim.receipts
            fallen += bool(victim.receipts)
            writers.append(Writer(nursery, store_url, askers=chance.choice([1, 4, 16]), entries=FOREVER))
        for writer in writers:
            assert writer.reads_one(30), "a process that was not killed cannot write any more"
            writer.kill()
            receipts += writer.receipts
        size = await check_everything(engine, receipts)

        assert 12 == fallen
        assert len(receipts) <= size
        assert size == await next_index(engine)
        await engine.dispose()

    async def test_where_a_change_lands_between_them_no_later_answer_is_from_before_it(self, store_url, nursery):
        """Whichever process wrote it, and after any kill: an entry whose epochs are older than its turn is refused."""
        engine = open_engine(store_url)
        writers = [Writer(nursery, store_url, askers=4, entries=FOREVER) for _ in range(2)]
        assert all(writer.reads_one(30) for writer in writers)
        async with engine.connect() as connection:
            read = dict((await connection.execute(text("SELECT name, version FROM epoch"))).all())
        await change(engine, "UPDATE epoch SET version = version + 1 WHERE name = 'policy'")
        writers[0].kill()
        sequencer = sequencer_on(engine)
        await sequencer.start()

        with pytest.raises(StaleReadError) as refusal:
            await sequencer.append(note(0, epochs=read))
        assert {"policy": read["policy"] + 1} == refusal.value.epochs
        await sequencer.append(note(0, epochs={**read, **refusal.value.epochs}))
        await sequencer.stop()
        writers[1].kill()
        await check_everything(engine, writers[0].receipts + writers[1].receipts)
        await engine.dispose()
