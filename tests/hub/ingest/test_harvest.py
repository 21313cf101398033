"""A run over a site: resumed, reported, and stopped by no more than it must be."""

from dataclasses import replace

import pytest

from connectors.errors import OperatorNeeded, RetryLater, SkipRecord, StopSite, StopStream
from connectors.port import Capability, Health
from hub.ingest.harvest import Harvester, Patience
from hub.store import tables
from hub.store.sources import Freshness, read_sources
from tests.hub.ingest.world import (
    NOW,
    Flow,
    Site,
    batch,
    count_of,
    name_of,
    penalty,
    registration,
    row,
    rows_of,
    site,
)
from tests.support.sealing import sealing_in

AT_ONCE = Patience(attempts=3, wait_s=0.0, longest_wait_s=0.0)


def penalties(*numbers: int, stream: str = "penalty") -> list:
    return [batch([row(penalty(number))], f"{stream}-{number}", stream=stream) for number in numbers]


@pytest.fixture
def run(store, book):
    async def running(connector, config=None, **rest):
        harvester = Harvester(store, book, lambda: NOW, sealing=sealing_in(), patience=AT_ONCE)
        return await harvester.run(connector, config or site(), **rest)

    return running


class TestWhole:
    async def test_every_stream_is_read_to_its_end_and_its_owner_told(self, store, run):
        connector = Site({"penalty": Flow("Penalty", penalties(1, 2, 3))})
        report = await run(connector)
        (state,) = await read_sources(store, NOW)

        assert report.is_whole
        assert (3, 3, 3) == (report.streams[0].batches, report.streams[0].received, report.streams[0].accepted)
        assert ["penalty-1", "penalty-2", "penalty-3"] == [outcome.batch_id for outcome in connector.told]
        assert 3 == await count_of(store, tables.Record)
        assert (Freshness.FRESH, None) == (state.state, state.last_error)
        assert 0 == report.owed

    async def test_the_next_run_resumes_behind_the_last_batch(self, store, run):
        connector = Site({"penalty": Flow("Penalty", penalties(1, 2))})
        await run(connector)
        connector.flows["penalty"].steps += penalties(3)
        report = await run(connector)

        assert [("penalty", None), ("penalty", "penalty-2")] == connector.reads
        assert 1 == report.streams[0].batches
        assert 3 == await count_of(store, tables.Record)

    async def test_registrations_are_read_first_so_that_subjects_have_their_registered_name(self, store, run):
        flows = {
            "a-penalty": Flow("Penalty", [batch([row(penalty(counterparty_name="锦江电力"))], stream="a-penalty")]),
            "z-register": Flow(
                "Registration", [batch([row(registration())], kind="Registration", stream="z-register")]
            ),
        }
        await run(Site(flows))
        (subject,) = await rows_of(store, tables.Subject)

        assert name_of(1) == subject["name"]

    async def test_the_sources_row_is_what_its_description_says(self, store, run):
        await run(Site({}), site(rank=5))
        await run(Site({}), site(rank=7, max_age_s=60))
        (source,) = await rows_of(store, tables.Source)

        assert ("cn-51", 7, 60) == (source["id"], source["rank"], source["max_age_s"])
        assert source["last_succeeded_at"]

    async def test_progress_is_told_after_every_batch(self, run):
        seen = []
        await run(
            Site({"penalty": Flow("Penalty", penalties(1, 2))}),
            progress=lambda source, stream: seen.append((source, stream.batches, stream.accepted)),
        )

        assert ("cn-51", 1, 1) in seen
        assert ("cn-51", 2, 2) == seen[-1]

    async def test_a_replayed_batch_is_answered_again_and_the_stream_goes_on(self, store, run):
        first, second = penalties(1, 2)
        replay = batch(first.rows, first.batch_id, stream="penalty", cursor="replayed")
        connector = Site({"penalty": Flow("Penalty", [first, second, replay, *penalties(3)])})
        report = await run(connector)

        assert report.is_whole
        assert 3 == await count_of(store, tables.RecordVersion)
        assert (4, 3) == (report.streams[0].batches, report.streams[0].received)
        told = [outcome for outcome in connector.told if outcome.batch_id == first.batch_id]
        assert told[0] == told[1]


class TestFaults:
    @pytest.mark.parametrize("fault", [StopStream, SkipRecord, RetryLater])
    async def test_one_dead_stream_never_stops_another(self, store, run, fault):
        dead = Flow("Penalty", [*penalties(1, stream="a"), *[fault("cn-51", "SRC_DEAD")] * 9])
        connector = Site({"a": dead, "b": Flow("Penalty", penalties(2, stream="b"))})
        report = await run(connector)
        (state,) = await read_sources(store, NOW)
        streams = {each["name"]: each["last_error"] for each in await rows_of(store, tables.Stream)}

        assert [("a", "SRC_DEAD"), ("b", None)] == [(stream.name, stream.error) for stream in report.streams]
        assert {"a": "SRC_DEAD", "b": None} == streams
        assert 2 == await count_of(store, tables.Record)
        assert (Freshness.STALE, None) == (state.state, state.last_error)

    @pytest.mark.parametrize("fault", [StopSite, OperatorNeeded])
    async def test_what_stops_the_site_leaves_its_other_streams_unread(self, store, run, fault):
        connector = Site(
            {
                "a": Flow("Penalty", [fault("cn-51", "SRC_REFUSED")]),
                "b": Flow("Penalty", penalties(2, stream="b")),
            }
        )
        report = await run(connector)
        (state,) = await read_sources(store, NOW)

        assert "SRC_REFUSED" == report.error
        assert [("a", None)] == connector.reads
        assert (Freshness.UNREACHABLE, "SRC_REFUSED") == (state.state, state.last_error)
        assert 0 == await count_of(store, tables.Record)

    async def test_a_passing_fault_is_borne_and_reading_resumes_where_it_stood(self, store, run):
        steps = [
            *penalties(1),
            RetryLater("cn-51", "SRC_500"),
            *penalties(2),
            RetryLater("cn-51", "SRC_SLOW", retry_after_s=0),
        ]
        connector = Site({"penalty": Flow("Penalty", steps)})
        report = await run(connector)

        assert report.is_whole
        assert [None, "penalty-1", "penalty-2"] == [cursor for _, cursor in connector.reads]
        assert 2 == await count_of(store, tables.RecordVersion)

    async def test_patience_ends(self, run):
        connector = Site({"penalty": Flow("Penalty", [RetryLater("cn-51", "SRC_DOWN") for _ in range(3)])})
        report = await run(connector)

        assert "SRC_DOWN" == report.streams[0].error
        assert 3 == len(connector.reads)

    async def test_a_site_that_cannot_be_discovered_is_unreachable(self, store, run):
        connector = Site({}, discovery=[StopSite("cn-51", "SRC_REFUSED")])
        report = await run(connector)
        (state,) = await read_sources(store, NOW)

        assert "SRC_REFUSED" == report.error
        assert Freshness.UNREACHABLE == state.state

    async def test_what_was_read_before_the_fault_stays_and_counts_next_time(self, store, run):
        connector = Site(
            {"penalty": Flow("Penalty", [*penalties(1), StopStream("cn-51", "SRC_CHANGED"), *penalties(2)])}
        )
        await run(connector)
        report = await run(connector)
        (stream,) = await rows_of(store, tables.Stream)

        assert report.is_whole
        assert 2 == await count_of(store, tables.Record)
        assert stream["last_error"] is None

    async def test_a_bug_of_the_connector_stops_its_stream_and_quotes_nothing(self, run, caplog):
        connector = Site(
            {
                "a": Flow("Penalty", [ValueError("张三 11010519491231002X")]),
                "b": Flow("Penalty", penalties(1, stream="b")),
            }
        )
        report = await run(connector)

        assert ["CONNECTOR_FAULT", None] == [stream.error for stream in report.streams]
        assert "19491231" not in caplog.text

    async def test_a_kind_the_catalogue_does_not_have_stops_its_stream_alone(self, store, run):
        connector = Site({"x": Flow("Rumour", []), "b": Flow("Penalty", penalties(1, stream="b"))})
        report = await run(connector)

        assert {"x": "UNKNOWN_KIND", "b": None} == {stream.name: stream.error for stream in report.streams}

    async def test_a_batch_of_another_kind_than_its_stream_stops_the_stream(self, store, run):
        wrong = batch([row(penalty())], kind="Rumour", stream="penalty")
        report = await run(Site({"penalty": Flow("Penalty", [wrong])}))

        assert "WRONG_KIND" == report.streams[0].error
        assert 0 == await count_of(store, tables.Batch)

    @pytest.mark.parametrize("changes", [{"batch_id": "b\x00"}, {"batch_id": "b\ud800"}, {"cursor": "c\x00"}])
    async def test_a_batch_no_store_can_name_stops_its_stream(self, store, run, changes):
        wrong = replace(penalties(1)[0], **changes)
        report = await run(Site({"penalty": Flow("Penalty", [wrong]), "b": Flow("Penalty", penalties(2, stream="b"))}))

        assert {"penalty": "WRONG_BATCH", "b": None} == {stream.name: stream.error for stream in report.streams}


class TestReports:
    async def test_a_report_that_could_not_be_sent_is_owed_and_sent_by_the_next_run(self, store, run):
        connector = Site({"penalty": Flow("Penalty", penalties(1, 2))}, deaf=RetryLater("cn-51", "SRC_DOWN"))
        first = await run(connector)
        connector.deaf = None
        second = await run(connector)

        assert (2, 0) == (first.owed, second.owed)
        assert first.is_whole
        assert ["penalty-1", "penalty-2"] == [outcome.batch_id for outcome in connector.told]
        assert all(each["reported_at"] for each in await rows_of(store, tables.Batch))

    async def test_an_owed_report_says_what_was_found_when_the_batch_was_taken_in(self, run):
        faulty = batch([row(penalty(1)), row(penalty(2, fine_amount=None), 3)], "mixed", stream="penalty")
        connector = Site({"penalty": Flow("Penalty", [faulty])}, deaf=StopSite("cn-51", "SRC_DOWN"))
        await run(connector)
        connector.deaf = None
        await run(connector)

        (outcome,) = connector.told
        assert (2, 1, 1) == (outcome.received, outcome.accepted, outcome.rejected)
        assert ("R-2",) == outcome.accepted_row_ids
        assert {("CF_NR_FK", 3, "R-3")} == {
            (found.column, found.place.row, found.row_id) for found in outcome.findings if found.severity == "E"
        }
        assert NOW == outcome.at

    async def test_a_bug_while_reporting_leaves_the_report_owed(self, run):
        connector = Site({"penalty": Flow("Penalty", penalties(1))}, deaf=KeyError("x"))
        report = await run(connector)

        assert report.is_whole
        assert 1 == report.owed

    async def test_a_source_that_takes_no_reports_is_owed_none(self, run):
        connector = Site({"penalty": Flow("Penalty", penalties(1))}, capabilities=frozenset({Capability.READ}))
        report = await run(connector)

        assert (0, []) == (report.owed, connector.told)


class TestLiveOnly:
    @pytest.mark.parametrize(
        ("health", "state"),
        [
            (Health(reachable=True, code="OK", latency_s=0.1), Freshness.FRESH),
            (Health(reachable=False, code="SRC_TIMEOUT", latency_s=5.0), Freshness.UNREACHABLE),
        ],
    )
    async def test_a_source_that_is_asked_live_is_only_looked_at(self, store, run, health, state):
        connector = Site({}, capabilities=frozenset({Capability.LOOKUP}), health=health)
        await run(connector)
        (found,) = await read_sources(store, NOW)

        assert state == found.state
        assert [] == connector.reads


class TestTogether:
    async def test_two_harvesters_on_one_stream_neither_lose_nor_double(self, store, book, run):
        """The second meets batches the first took in; it reads again from where the stream stands."""
        ours = Site({"penalty": Flow("Penalty", penalties(1, 2, 3, 4))})
        theirs = Site({"penalty": Flow("Penalty", penalties(1, 2))})
        reading = Harvester(store, book, lambda: NOW, sealing=sealing_in(), patience=AT_ONCE)
        other = Harvester(store, book, lambda: NOW, sealing=sealing_in(), patience=AT_ONCE)
        met = []

        async def overtaken(step):
            if not met:
                met.append(await other.run(theirs, site()))

        steps = ours.flows["penalty"].steps
        original = ours.read

        async def read(stream, cursor):
            async for step in original(stream, cursor):
                await overtaken(step)
                yield step

        ours.read = read
        report = await reading.run(ours, site())

        assert report.is_whole
        assert 4 == len(steps)
        assert 4 == await count_of(store, tables.RecordVersion)
        (stream,) = await rows_of(store, tables.Stream)
        assert ("penalty-4", 4) == (stream["cursor"], stream["rows_received"])
