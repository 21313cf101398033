"""
What the hub counts, in Prometheus form.

Rules:
    - A registry of our own: nothing a library registers by itself is published.
    - Labels take their values from fixed lists; what is not in the list is `other`. No partner, no subject, no
      operation name, nothing above tier P.
    - Counting is plain addition; a family is made of it only when somebody reads.
    - Workers of one hub show one truth: each leaves its counts in a common folder every second, and whichever is read
      adds up those of all, also of workers that have died. What others counted is so a second old at most.
"""

import http
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "POST"})
_STATUSES = frozenset(status.value for status in http.HTTPStatus)
_SOURCES_MAX = 1_000
_KNOWN_MAX = 1_000
_ALIVE, _DEAD = ".counts", ".last-counts"


class Times(msgspec.Struct):
    """Durations: how many within each bucket alone, the last being beyond all; and their sum in seconds."""

    within: list[int] = msgspec.field(default_factory=lambda: [0] * (len(_BUCKETS) + 1))
    total: float = 0.0


class Counts(msgspec.Struct):
    """
    What one process has counted.

    Attributes:
        requests: By route, method and status.
        times: By route.
        questions: By outcome and kind of asker.
        denials: By kind of asker.
        under_way: Requests being answered now.
        memories: By memory and event: hit, miss, evicted.
        handovers: Questions that the reference executor answered, by reason.
        sealing: What became of sealed fields and keys, see `hub.sealing.tally`.
    """

    requests: dict[tuple[str, str, str], int] = msgspec.field(default_factory=dict)
    times: dict[str, Times] = msgspec.field(default_factory=dict)
    questions: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)
    denials: dict[str, int] = msgspec.field(default_factory=dict)
    under_way: int = 0
    memories: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)
    handovers: dict[str, int] = msgspec.field(default_factory=dict)
    sealing: dict[str, int] = msgspec.field(default_factory=dict)

    def add(self, other: "Counts") -> None:
        """Add what *other* counted."""
        for request, count in other.requests.items():
            self.requests[request] = self.requests.get(request, 0) + count
        for route, times in other.times.items():
            mine = self.times.setdefault(route, Times())
            mine.within = [one + more for one, more in zip(mine.within, times.within, strict=True)]
            mine.total += times.total
        for question, count in other.questions.items():
            self.questions[question] = self.questions.get(question, 0) + count
        for actor, count in other.denials.items():
            self.denials[actor] = self.denials.get(actor, 0) + count
        self.under_way += other.under_way
        for memory, count in other.memories.items():
            self.memories[memory] = self.memories.get(memory, 0) + count
        for reason, count in other.handovers.items():
            self.handovers[reason] = self.handovers.get(reason, 0) + count
        for event, count in other.sealing.items():
            self.sealing[event] = self.sealing.get(event, 0) + count


Memories = Callable[[], tuple[dict[tuple[str, str], int], dict[str, int]]]
"""Tells (memory, event) -> count, and reason of a hand-over -> count."""


class Metrics:
    """The hub's counters. One per process; owned by the door."""

    def __init__(self) -> None:
        self._counts = Counts()
        # What came -> the labels it is counted under, and its durations.
        self._known: dict[tuple[str, str, int], tuple[tuple[str, str, str], Times]] = {}
        self._log_size = 0
        self._ages: dict[str, float | None] = {}
        self._common: Path | None = None
        self._memories: Memories | None = None
        self._sealing: Mapping[str, int] = {}

    def watch(self, memories: Memories) -> None:
        """Tell from now on also of *memories*."""
        self._memories = memories

    def watch_sealing(self, events: Mapping[str, int]) -> None:
        """Tell from now on also of *events*, as they are when somebody reads."""
        self._sealing = events

    def share(self, folder: Path, worker: int) -> None:
        """From now on count, as *worker* (its process id), together with the others that share *folder*."""
        self._common = folder / f"{worker}{_ALIVE}"
        self.publish()

    def publish(self) -> None:
        """Leave the counts for the other workers, if there are any."""
        if self._common is None:
            return
        _leave(self._common, self._own())

    def begin(self) -> None:
        """A request has come."""
        self._counts.under_way += 1

    def end(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. *route* is a name from the door's own table."""
        counts = self._counts
        counts.under_way -= 1
        labels, times = self._known.get((route, method, status)) or self._meet(route, method, status)
        counts.requests[labels] += 1
        times.within[bisect_left(_BUCKETS, seconds)] += 1
        times.total += seconds

    def question(self, *, outcome: str, actor: str | None, denials: int) -> None:
        """A question was answered or refused. *actor* is an `ActorKind`, None if nobody was identified."""
        who = actor or "unknown"
        questions = self._counts.questions
        questions[(outcome, who)] = questions.get((outcome, who), 0) + 1
        if denials:
            self._counts.denials[who] = self._counts.denials.get(who, 0) + denials

    def set_log_size(self, entries: int) -> None:
        """The audit log has *entries* leaves."""
        self._log_size = entries

    def set_source_ages(self, ages: dict[str, float | None]) -> None:
        """Seconds since each source was last read; None: never. Sources that are gone are forgotten."""
        self._ages = dict(list(ages.items())[:_SOURCES_MAX])

    def render(self) -> bytes:
        """All metrics in Prometheus text format."""
        registry = CollectorRegistry()
        registry.register(_Families(self._all(), self._log_size, self._ages))
        return generate_latest(registry)

    def _meet(self, route: str, method: str, status: int) -> tuple[tuple[str, str, str], Times]:
        labels = (
            route,
            method if method in _METHODS else "other",
            str(status) if status in _STATUSES else "other",
        )
        self._counts.requests.setdefault(labels, 0)
        found = labels, self._counts.times.setdefault(route, Times())
        # The method is the client's word: what is remembered of it is bounded.
        if len(self._known) < _KNOWN_MAX:
            self._known[(route, method, status)] = found
        return found

    def _own(self) -> Counts:
        counts = self._counts
        if self._memories is not None:
            counts.memories, counts.handovers = self._memories()
        counts.sealing = dict(self._sealing)
        return counts

    def _all(self) -> Counts:
        if self._common is None:
            return self._own()
        self.publish()
        everyone = Counts()
        for each, alive in _left_in(self._common.parent):
            if not alive:
                each.under_way = 0
            everyone.add(each)
        return everyone


def bury(folder: Path, pid: int) -> None:
    """Worker *pid* has died: what it counted stays, what it was doing is over. Called by whoever started it."""
    path = folder / f"{pid}{_ALIVE}"
    if not path.exists():
        return
    last = folder / f"dead{_DEAD}"
    total = msgspec.msgpack.decode(last.read_bytes(), type=Counts) if last.exists() else Counts()
    total.add(msgspec.msgpack.decode(path.read_bytes(), type=Counts))
    # Between these two it counts twice for an instant; the other way round, not at all: a counter that falls is taken
    # for a restart.
    _leave(last, total)
    path.unlink()


def _leave(path: Path, counts: Counts) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.msgpack.encode(counts))
    draft.replace(path)


def _left_in(folder: Path) -> Iterator[tuple[Counts, bool]]:
    for path in folder.iterdir():
        if path.suffix in {_ALIVE, _DEAD}:
            try:
                data = path.read_bytes()
            except FileNotFoundError:  # buried between the two looks
                continue
            yield msgspec.msgpack.decode(data, type=Counts), path.suffix == _ALIVE


class _Families(Collector):
    """Counts, as Prometheus wants them."""

    def __init__(self, counts: Counts, log_size: int, ages: dict[str, float | None]) -> None:
        self._counts = counts
        self._log_size = log_size
        self._ages = ages

    def collect(self) -> Iterable[Metric]:
        counts = self._counts
        requests = CounterMetricFamily(
            "hub_requests", "Requests, by route, method and status.", labels=["route", "method", "status"]
        )
        for labels, count in counts.requests.items():
            requests.add_metric(labels, count)
        yield requests
        seconds = HistogramMetricFamily("hub_request_seconds", "Time to answer, by route.", labels=["route"])
        for route, times in counts.times.items():
            seconds.add_metric([route], buckets=_cumulated(times), sum_value=times.total)
        yield seconds
        questions = CounterMetricFamily(
            "hub_questions", "Questions, by outcome and kind of asker.", labels=["outcome", "actor"]
        )
        for outcome_and_actor, count in counts.questions.items():
            questions.add_metric(outcome_and_actor, count)
        yield questions
        denials = CounterMetricFamily(
            "hub_denied_coordinates", "Coordinates denied, by kind of asker.", labels=["actor"]
        )
        for actor, count in counts.denials.items():
            denials.add_metric([actor], count)
        yield denials
        memories = CounterMetricFamily(
            "hub_memory_events", "What was kept in memory: hit, miss, evicted.", labels=["memory", "event"]
        )
        for memory_and_event, count in counts.memories.items():
            memories.add_metric(memory_and_event, count)
        yield memories
        handovers = CounterMetricFamily(
            "hub_handed_over", "Questions that the reference executor answered, by reason.", labels=["reason"]
        )
        for reason, count in counts.handovers.items():
            handovers.add_metric([reason], count)
        yield handovers
        sealing = CounterMetricFamily(
            "hub_sealed",
            "Sealed fields opened, shredded, refused as damaged; keys of subjects opened (key_opened), refused.",
            labels=["event"],
        )
        for event, count in counts.sealing.items():
            sealing.add_metric([event], count)
        yield sealing
        yield GaugeMetricFamily("hub_requests_under_way", "Requests being answered.", value=counts.under_way)
        yield GaugeMetricFamily("hub_log_entries", "Entries in the audit log.", value=self._log_size)
        ages = GaugeMetricFamily(
            "hub_source_age_seconds", "Time since a source was last read with success; -1: never.", labels=["source"]
        )
        for source, age in self._ages.items():
            ages.add_metric([source], -1 if age is None else age)
        yield ages


def _cumulated(times: Times) -> list[tuple[str, float]]:
    found, total = [], 0
    for bound, count in zip((*map(str, _BUCKETS), "+Inf"), times.within, strict=True):
        total += count
        found.append((bound, float(total)))
    return found
