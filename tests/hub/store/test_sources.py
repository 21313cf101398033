"""How fresh a source is."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from hub.clock import iso
from hub.ingest import store as memory
from hub.store.dossiers import Dossiers
from hub.store.engine import open_engine, writing
from hub.store.epochs import EpochMissingError, Epochs
from hub.store.sources import Freshness, Sources, freshness, note_failure, note_success, read_sources
from tests.hub.ingest.world import NOW, site


class TestFreshness:
    @pytest.mark.parametrize(
        ("age_s", "error", "state"),
        [
            (0, None, Freshness.FRESH),
            (60, None, Freshness.FRESH),
            (61, None, Freshness.STALE),
            (None, None, Freshness.STALE),
            (0, "SRC_TIMEOUT", Freshness.UNREACHABLE),
            (None, "SRC_TIMEOUT", Freshness.UNREACHABLE),
        ],
    )
    def test_a_failed_try_counts_more_than_age(self, age_s, error, state):
        succeeded = iso(NOW - timedelta(seconds=age_s)) if age_s is not None else None

        assert state == freshness(succeeded, error, 60, NOW)


class TestReadSources:
    async def test_sources_come_by_rank_with_their_state(self, store):
        async with writing(store) as writer:
            await memory.enrol_source(writer, site("cn-51", rank=20))
            await memory.enrol_source(writer, site("national", rank=10, max_age_s=60))
            await memory.enrol_source(writer, site("jinjiang", rank=30))
            await note_success(writer, "national", NOW)
            await note_success(writer, "jinjiang", NOW)
            await note_failure(writer, "jinjiang", NOW + timedelta(seconds=30), "SRC_TIMEOUT")
        at_once = {source.id: source.state for source in await read_sources(store, NOW + timedelta(seconds=60))}
        later = {source.id: source.state for source in await Dossiers(store).sources(NOW + timedelta(seconds=61))}

        assert ["national", "cn-51", "jinjiang"] == list(at_once)
        assert [Freshness.FRESH, Freshness.STALE, Freshness.UNREACHABLE] == list(at_once.values())
        assert Freshness.STALE == later["national"]

    async def test_a_failure_keeps_when_it_last_went_well(self, store):
        async with writing(store) as writer:
            await memory.enrol_source(writer, site())
            await note_success(writer, "cn-51", NOW)
            await note_failure(writer, "cn-51", NOW + timedelta(hours=1), None)
        (source,) = await read_sources(store, NOW + timedelta(hours=2))

        assert (iso(NOW), iso(NOW + timedelta(hours=1)), None) == (
            source.last_succeeded_at,
            source.last_tried_at,
            source.last_error,
        )


@pytest.fixture
async def three(store):
    """Sources read just now: one fresh for a minute, one fresh for an hour, one that was never read."""
    async with writing(store) as writer:
        for name, max_age_s in (("cn-11", 60), ("cn-12", 3600), ("cn-13", 60)):
            await memory.enrol_source(writer, site(name, max_age_s=max_age_s))
        for name in ("cn-11", "cn-12"):
            await note_success(writer, name, NOW)
    return store


def reads_of(store) -> list[str]:
    """Every statement sent to the store from now on."""
    seen: list[str] = []
    event.listen(store.sync_engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    return seen


async def by_hand(url, statement):
    """A change by plain SQL on a connection of another process."""
    elsewhere = open_engine(url)
    async with writing(elsewhere) as writer:
        await writer.write(text(statement))
    await elsewhere.dispose()


STREAM_FAILED = """
    INSERT INTO stream (source, name, kind, last_error, rows_received, rows_accepted)
    VALUES ('cn-11', 'penalties', 'Penalty', 'SRC_REFUSED', 0, 0)
"""


class TestSources:
    async def test_are_what_the_store_says_and_read_once(self, three):
        sources = Sources(three, Epochs(three))
        states, epoch = await sources.read(NOW)
        plain = await read_sources(three, NOW)
        seen = reads_of(three)
        again, same = await sources.read(NOW + timedelta(seconds=59))

        assert plain == states
        assert states is again
        assert epoch == same
        assert [] == seen

    @pytest.mark.parametrize("seconds", [-7200, -1, 0, 60, 60.000001, 61, 3600, 3601, 90_000])
    async def test_freshness_is_that_of_the_moment_though_the_rows_are_held(self, three, seconds):
        """Time alone makes a source stale: no epoch tells of it, and a clock may step back."""
        sources = Sources(three, Epochs(three))
        await sources.read(NOW)
        now = NOW + timedelta(seconds=seconds)
        seen = reads_of(three)
        states, _ = await sources.read(now)

        assert [] == seen
        assert await read_sources(three, now) == states

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE source SET last_error = 'SRC_TIMEOUT' WHERE id = 'cn-11'",
            "UPDATE source SET max_age_s = 1 WHERE id = 'cn-12'",
            "UPDATE source SET live = true WHERE id = 'cn-13'",
            "DELETE FROM source WHERE id = 'cn-12'",
            STREAM_FAILED,
        ],
    )
    async def test_a_change_elsewhere_is_told_once_the_epoch_is_noted(self, three, store_url, change):
        """Until then what is held comes with the old epoch, which the commit of the answer refuses."""
        epochs = Epochs(three)
        sources = Sources(three, epochs)
        before, _ = await sources.read(NOW)
        await by_hand(store_url, change)
        held, old = await sources.read(NOW)
        stands = await epochs.confirm({"source": old})
        after, new = await sources.read(NOW)

        assert before is held
        assert not stands
        assert before != after
        assert await read_sources(three, NOW) == after
        assert await epochs.confirm({"source": new})

    async def test_without_the_epoch_nothing_is_told(self, three, store_url):
        await by_hand(store_url, "DELETE FROM epoch WHERE name = 'source'")

        with pytest.raises(EpochMissingError):
            await Sources(three, Epochs(three)).read(NOW)
