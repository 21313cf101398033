import asyncio

import pytest

from hub.audit.errors import ReplayedError
from hub.errors import UnavailableError
from hub.store.engine import open_engine
from hub.store.seen import record_once
from tests.hub.audit.conftest import counted, note, sequencer_on, shown

DIGEST = shown("a")["once"]


async def all_of(*askers):
    return await asyncio.gather(*askers, return_exceptions=True)


class TestRecordOnce:
    async def test_a_second_showing_is_refused_and_the_first_stays(self, store):
        await record_once(store, DIGEST, 2e9)
        with pytest.raises(ReplayedError):
            await record_once(store, DIGEST, 2e9)

        assert 1 == await counted(store, "seen")

    async def test_of_many_at_once_one_succeeds(self, store):
        outcomes = await all_of(*(record_once(store, DIGEST, 2e9) for _ in range(12)))

        assert 1 == outcomes.count(None)
        assert 11 == [type(outcome) for outcome in outcomes].count(ReplayedError)

    async def test_the_log_refuses_what_was_recorded_here_and_this_what_the_log_took(self, store):
        sequencer = sequencer_on(store)
        await sequencer.start()
        await record_once(store, DIGEST, 2e9)
        with pytest.raises(ReplayedError):
            await sequencer.append(note(1, **shown("a")))
        await sequencer.append(note(2, **shown("b")))

        with pytest.raises(ReplayedError):
            await record_once(store, shown("b")["once"], 2e9)
        await sequencer.stop()

    async def test_both_ways_at_once_still_take_it_once(self, store):
        sequencer = sequencer_on(store)
        await sequencer.start()
        for turn in range(8):
            values = shown(str(turn))
            outcomes = await all_of(
                *(sequencer.append(note(turn, **values)) for _ in range(3)),
                *(record_once(store, values["once"], 2e9) for _ in range(3)),
            )

            assert 5 == [type(outcome) for outcome in outcomes].count(ReplayedError)
        await sequencer.stop()

    async def test_a_store_that_cannot_tell_is_no_permission(self, empty_url):
        engine = open_engine(empty_url)
        with pytest.raises(UnavailableError):
            await record_once(engine, DIGEST, 2e9)
        await engine.dispose()
