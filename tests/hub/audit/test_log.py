import asyncio
import re

import pytest
from sqlalchemy import text

from hub.audit.errors import AbsentEntryError, LogBrokenError
from hub.audit.log import Log
from hub.audit.walk import check_log
from keys.checkpoints import open_checkpoint
from keys.errors import ProofError
from keys.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests.hub.audit.conftest import change, note, sequencer_on, signer_of

VERIFIER = signer_of().verifier
SIZE = 13
CHECK_5 = "checkpoint 5"
BORROWED = 'UPDATE log_opening SET opening = (SELECT opening FROM log_opening WHERE "index" = 3) WHERE "index" = 4'


@pytest.fixture
async def log(store, sequencer):
    """A log of 13 entries, each under a head of its own."""
    for number in range(SIZE):
        await sequencer.append(note(number))
    return Log(store)


async def roots_of(store):
    async with store.connect() as connection:
        rows = await connection.execute(text("SELECT note FROM log_checkpoint"))
        heads = [open_checkpoint(signed, [VERIFIER]) for (signed,) in rows]
    return {head.size: head.root for head in heads}


class TestLog:
    async def test_an_empty_log_has_no_head_and_no_entry(self, store):
        assert None is await Log(store).checkpoint()
        with pytest.raises(AbsentEntryError):
            await Log(store).entry(0)
        with pytest.raises(AbsentEntryError):
            await Log(store).inclusion(0, 1)

    async def test_the_head_is_the_newest_and_signed(self, log):
        head = await log.checkpoint()

        assert SIZE == head.size == open_checkpoint(head.note, [VERIFIER]).size
        assert head.signed_at.startswith("2026-11-20T")

    async def test_every_entry_is_provably_in_every_later_head(self, log, store):
        roots = await roots_of(store)
        leaves = [leaf_hash((await log.entry(index)).leaf) for index in range(SIZE)]
        for size in range(1, SIZE + 1):
            for index in range(size):
                path = await log.inclusion(index, size)
                verify_inclusion(index=index, size=size, leaf=leaves[index], path=path, root=roots[size])

    async def test_every_head_provably_continues_every_earlier_one(self, log, store):
        roots = await roots_of(store)
        for old in range(1, SIZE + 1):
            for new in range(old, SIZE + 1):
                path = await log.consistency(old, new)
                verify_consistency(old=old, new=new, old_root=roots[old], new_root=roots[new], path=path)

    @pytest.mark.parametrize("index", [-1, SIZE, 10**9])
    async def test_an_entry_that_is_not_there_is_refused(self, log, index):
        with pytest.raises(AbsentEntryError):
            await log.entry(index)

    async def test_proofs_of_what_cannot_be_are_refused(self, log):
        for index, size in ((0, 0), (-1, 5), (5, 5)):
            with pytest.raises(ProofError):
                await log.inclusion(index, size)
        for old, new in ((0, 5), (6, 5)):
            with pytest.raises(ProofError):
                await log.consistency(old, new)
        with pytest.raises(AbsentEntryError):
            await log.inclusion(0, SIZE + 1)
        with pytest.raises(AbsentEntryError):
            await log.consistency(1, SIZE + 1)

    async def test_a_missing_node_is_named_not_guessed(self, log, store):
        await change(store, "DELETE FROM log_node WHERE level = 3")

        with pytest.raises(LogBrokenError):
            await log.inclusion(SIZE - 1, SIZE)


class TestCheckLog:
    async def test_an_empty_log_holds(self, store):
        report = await check_log(store, VERIFIER)

        assert (0, 0, None) == (report.size, report.checkpoints, report.broken)

    async def test_a_whole_log_holds_and_is_counted(self, log, store):
        report = await check_log(store, VERIFIER)

        assert (SIZE, SIZE, SIZE, 0, None) == (
            report.size,
            report.checkpoints,
            report.openings,
            report.erased,
            report.broken,
        )

    async def test_an_erased_opening_breaks_nothing(self, log, store):
        """A person's data can be erased, and the log still holds."""
        await change(store, 'DELETE FROM log_opening WHERE "index" IN (2, 5)')
        report = await check_log(store, VERIFIER)

        assert (SIZE - 2, 2, None) == (report.openings, report.erased, report.broken)

    @pytest.mark.parametrize(
        ("damage", "place"),
        [
            ('UPDATE log_entry SET leaf = :other WHERE "index" = 4', "entry 4"),
            ('UPDATE log_entry SET leaf_hash = :hash WHERE "index" = 4', "entry 4"),
            ('UPDATE log_entry SET leaf_hash = :short WHERE "index" = 4', "entry 4"),
            ('UPDATE log_entry SET leaf = :other, leaf_hash = :other_hash WHERE "index" = 4', "entry 4"),
            ("UPDATE log_entry SET kind = 'denial' WHERE \"index\" = 4", "entry 4"),
            ('DELETE FROM log_entry WHERE "index" = 4', "entry 4"),
            ('DELETE FROM log_entry WHERE "index" = 0', "entry 0"),
            ('DELETE FROM log_entry WHERE "index" = 12', "checkpoint 13"),
            ('DELETE FROM log_entry WHERE "index" > 7', "checkpoint 9"),
            ('UPDATE log_entry SET "index" = 99 WHERE "index" = 12', "entry 12"),
            ('UPDATE log_entry SET "index" = -1 WHERE "index" = 12', "entry 0"),
            ('UPDATE log_node SET hash = :hash WHERE level = 2 AND "index" = 1', "node 2/1"),
            ("DELETE FROM log_node WHERE level = 3", "node 3/0"),
            ('INSERT INTO log_node (level, "index", hash) VALUES (1, 70, :hash)', "nodes"),
            ("UPDATE log_checkpoint SET root = :hash WHERE size = 5", CHECK_5),
            ("UPDATE log_checkpoint SET note = replace(note, '5', '6') WHERE size = 5", CHECK_5),
            ("UPDATE log_checkpoint SET note = :empty WHERE size = 5", CHECK_5),
            ("UPDATE log_checkpoint SET size = 99 WHERE size = 13", "checkpoint 99"),
            ("UPDATE log_checkpoint SET size = 0 WHERE size = 5", "checkpoint 0"),
            (
                "UPDATE log_checkpoint SET note = (SELECT note FROM log_checkpoint WHERE size = 4) WHERE size = 5",
                CHECK_5,
            ),
            ("DELETE FROM log_checkpoint WHERE size > 10", "entry 10"),
            ("DELETE FROM log_checkpoint", "entry 0"),
            ('UPDATE log_opening SET opening = :other WHERE "index" = 4', "entry 4"),
            ('UPDATE log_opening SET opening = :short WHERE "index" = 4', "entry 4"),
            (BORROWED, "entry 4"),
        ],
    )
    async def test_the_first_broken_place_is_named(self, log, store, damage, place):
        values = {
            "other": b'{"a":1}',
            "other_hash": leaf_hash(b'{"a":1}'),
            "hash": bytes(32),
            "short": b"\x00",
            "empty": "",
        }
        await change(store, damage, **{name: values[name] for name in re.findall(r":([a-z_]+)", damage)})
        report = await check_log(store, VERIFIER)

        assert place == report.broken.place
        assert report.broken.reason

    async def test_a_log_of_another_key_does_not_hold(self, log, store):
        report = await check_log(store, signer_of(2).verifier)

        assert "checkpoint 1" == report.broken.place

    async def test_a_log_longer_than_a_page_holds_and_its_last_break_is_found(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        await asyncio.gather(*(sequencer.append(note(number)) for number in range(2_300)))
        await sequencer.stop()
        whole = await check_log(sqlite_store, VERIFIER)
        await change(sqlite_store, 'DELETE FROM log_entry WHERE "index" = 2200')
        broken = await check_log(sqlite_store, VERIFIER)

        assert (2_300, None) == (whole.size, whole.broken)
        assert "entry 2200" == broken.broken.place
