"""Counters: one truth, however many workers count."""

import re

import pytest

from hub.gateway.metrics import Metrics, bury


def value(text: bytes, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", text.decode(), re.MULTILINE)
    return float(match[1]) if match else 0.0


def answer(counting: Metrics, *, seconds: float = 0.0005) -> None:
    counting.begin()
    counting.end(route="graphql", method="POST", status=200, seconds=seconds)
    counting.question(outcome="answered", actor="GC", denials=2)


REQUESTS = 'hub_requests_total{method="POST",route="graphql",status="200"}'


class TestTimes:
    @pytest.mark.parametrize(
        ("seconds", "first"), [(0, "0.001"), (0.001, "0.001"), (0.00101, "0.0025"), (30, "30.0"), (30.1, "+Inf")]
    )
    def test_duration_counts_in_its_bucket_and_those_above(self, seconds, first):
        counting = Metrics()
        answer(counting, seconds=seconds)
        found = re.findall(
            r'hub_request_seconds_bucket\{le="([^"]+)",route="graphql"\} (\S+)', counting.render().decode()
        )

        assert first == next(bound for bound, count in found if float(count) == 1)
        assert ("+Inf", "1.0") == found[-1]
        assert 1 == value(counting.render(), 'hub_request_seconds_count{route="graphql"}')
        assert seconds == value(counting.render(), 'hub_request_seconds_sum{route="graphql"}')


class TestMemories:
    def test_memories_and_hand_overs_are_told_and_added_up(self, tmp_path):
        one, two = Metrics(), Metrics()
        for each in (one, two):
            each.watch(lambda: ({("plan", "hit"): 3}, {"argument": 2}))
        one.share(tmp_path, 1)
        two.share(tmp_path, 2)
        text = two.render()

        assert 6 == value(text, 'hub_memory_events_total{event="hit",memory="plan"}')
        assert 4 == value(text, 'hub_handed_over_total{reason="argument"}')


class TestShare:
    @pytest.fixture
    def workers(self, tmp_path):
        """Two workers of one hub."""
        one, two = Metrics(), Metrics()
        one.share(tmp_path, 1)
        two.share(tmp_path, 2)
        return one, two

    def test_whichever_is_read_shows_all(self, workers):
        one, two = workers
        answer(one)
        answer(one)
        one.publish()
        answer(two)
        two.begin()
        text = two.render()

        assert (3, 3) == (value(text, REQUESTS), value(text, 'hub_questions_total{actor="GC",outcome="answered"}'))
        assert 6 == value(text, 'hub_denied_coordinates_total{actor="GC"}')
        assert 3 == value(text, 'hub_request_seconds_count{route="graphql"}')
        assert 1 == value(text, "hub_requests_under_way")

    def test_what_the_dead_counted_stays_and_what_they_did_is_over(self, workers, tmp_path):
        """A counter that falls is taken for a restart of the whole hub."""
        one, two = workers
        answer(one)
        one.begin()
        one.publish()
        bury(tmp_path, 1)
        bury(tmp_path, 1)
        three = Metrics()
        three.share(tmp_path, 3)
        answer(three)
        three.publish()
        bury(tmp_path, 3)

        assert 2 == value(two.render(), REQUESTS)
        assert 0 == value(two.render(), "hub_requests_under_way")

    def test_worker_that_never_counted_may_be_buried(self, tmp_path):
        bury(tmp_path, 4711)

        assert [] == list(tmp_path.iterdir())

    def test_alone_nothing_is_written(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        counting = Metrics()
        answer(counting)
        counting.publish()

        assert [] == list(tmp_path.iterdir())
        assert 1 == value(counting.render(), REQUESTS)
