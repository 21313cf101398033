"""Optimistic reads: an answer leaves only if nothing it was made from has changed."""

import asyncio

import pytest
from sqlalchemy import text

from hub.audit.errors import StaleReadError
from tests.hub.audit.conftest import CODE, change, counted, note


async def all_of(*askers):
    return await asyncio.gather(*askers, return_exceptions=True)


class TestReads:
    @pytest.fixture
    async def subject(self, store):
        names = "code, name, name_key, initials, version, first_seen_at, changed_at"
        await change(store, f"INSERT INTO subject ({names}) VALUES ('{CODE}', 'n', 'n', 'n', 3, '', '')")  # noqa: S608  ours

    async def test_what_is_as_it_was_read_is_appended(self, subject, sequencer):
        assert 0 == (await sequencer.append(note(1, reads={CODE: 3, "91510100MA6ABCDE2X": 0}))).index

    async def test_only_who_read_a_changed_subject_asks_again(self, store, subject, sequencer):
        outcomes = await all_of(
            sequencer.append(note(1, reads={CODE: 3})),
            sequencer.append(note(2, reads={CODE: 2})),
            sequencer.append(note(3)),
            sequencer.append(note(4, reads={"91510100MA6ABCDE2X": 1, CODE: 4})),
        )

        assert [0, 1] == [outcomes[0].index, outcomes[2].index]
        assert (CODE,) == outcomes[1].codes
        assert (CODE, "91510100MA6ABCDE2X") == outcomes[3].codes
        assert 2 == await counted(store, "log_entry")

    async def test_a_group_of_stale_reads_leaves_no_trace(self, store, subject, sequencer):
        with pytest.raises(StaleReadError):
            await sequencer.append(note(1, reads={CODE: 2}))

        assert 0 == await counted(store, "log_entry")
        assert 0 == await counted(store, "log_checkpoint")

    async def test_a_subject_that_appeared_since_is_a_change(self, subject, sequencer):
        with pytest.raises(StaleReadError):
            await sequencer.append(note(1, reads={CODE: 0}))

    async def test_any_number_of_subjects_can_be_read(self, subject, sequencer):
        reads = {f"X{number}": 0 for number in range(5_000)}

        assert 0 == (await sequencer.append(note(1, reads=reads))).index

    async def test_a_stale_read_names_no_subject_in_its_text(self):
        assert CODE not in str(StaleReadError((CODE,), {"policy": 3}))


class TestEpochs:
    """What decided an answer and stands in no subject is compared as its subjects are."""

    @pytest.fixture
    async def now(self, store):
        async with store.connect() as connection:
            return dict((await connection.execute(text("SELECT name, version FROM epoch"))).all())

    @staticmethod
    async def raised(store, name):
        await change(store, "UPDATE epoch SET version = version + 1 WHERE name = :name", name=name)

    async def test_what_still_holds_is_appended(self, sequencer, now):
        assert {"policy", "partner", "source"} <= now.keys()
        assert 0 == (await sequencer.append(note(1, epochs=now))).index

    async def test_only_who_relied_on_what_changed_asks_again_and_learns_what_holds_now(self, store, sequencer, now):
        await self.raised(store, "partner")
        outcomes = await all_of(
            sequencer.append(note(1, epochs={"policy": now["policy"]})),
            sequencer.append(note(2, epochs=now)),
            sequencer.append(note(3)),
            sequencer.append(note(4, epochs={"partner": now["partner"] + 1})),
            sequencer.append(note(5, epochs={"partner": now["partner"]}, reads={CODE: 1})),
        )

        assert [0, 1, 2] == [outcomes[place].index for place in (0, 2, 3)]
        assert [(), (CODE,)] == [outcomes[place].codes for place in (1, 4)]
        assert [{"partner": now["partner"] + 1}] * 2 == [outcomes[place].epochs for place in (1, 4)]
        assert 3 == await counted(store, "log_entry")

    @pytest.mark.parametrize("version", [0, 1])
    async def test_an_epoch_the_store_does_not_have_never_holds(self, store, sequencer, version):
        """Nobody could tell that what it stands for has not changed."""
        with pytest.raises(StaleReadError) as refusal:
            await sequencer.append(note(1, epochs={"gossip": version}))

        assert {"gossip": 0} == refusal.value.epochs
        assert 0 == await counted(store, "log_entry")

    async def test_an_epoch_that_went_back_is_a_change(self, store, sequencer, now):
        """A store restored from a backup: what was read from the newer one is not in it."""
        with pytest.raises(StaleReadError):
            await sequencer.append(note(1, epochs={"policy": now["policy"] + 1}))

    async def test_a_changed_epoch_harms_no_subject_that_holds(self, store, sequencer, now):
        await self.raised(store, "source")
        with pytest.raises(StaleReadError) as refusal:
            await sequencer.append(note(1, epochs=now, reads={"91510100MA6ABCDE2X": 0}))

        assert () == refusal.value.codes
