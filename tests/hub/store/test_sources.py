"""How fresh a source is."""

from datetime import timedelta

import pytest

from hub.clock import iso
from hub.ingest import store as memory
from hub.store.dossiers import Dossiers
from hub.store.engine import writing
from hub.store.sources import Freshness, freshness, note_failure, note_success, read_sources
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
