"""
What the hub counts, in Prometheus form.

Rules:
    - A registry of our own: nothing a library registers by itself is published.
    - Labels take their values from fixed lists; what is not in the list is `other`. No partner, no subject, no
      operation name, nothing above tier P.
"""

import http

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "POST"})
_STATUSES = frozenset(status.value for status in http.HTTPStatus)
_SOURCES_MAX = 1_000
_KNOWN_MAX = 1_000


class Metrics:
    """The hub's counters. One per process; owned by the door."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "hub_requests_total", "Requests, by route, method and status.", ["route", "method", "status"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "hub_request_seconds", "Time to answer, by route.", ["route"], buckets=_BUCKETS, registry=self._registry
        )
        self._outcomes = Counter(
            "hub_questions_total", "Questions, by outcome and kind of asker.", ["outcome", "actor"],
            registry=self._registry,
        )  # fmt: skip
        self._denials = Counter(
            "hub_denied_coordinates_total", "Coordinates denied, by kind of asker.", ["actor"], registry=self._registry
        )
        # Looking a label up costs more than counting under it.
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._under_way = Gauge("hub_requests_under_way", "Requests being answered.", registry=self._registry)
        self._log_size = Gauge("hub_log_entries", "Entries in the audit log.", registry=self._registry)
        self._age = Gauge(
            "hub_source_age_seconds", "Time since a source was last read with success; -1: never.", ["source"],
            registry=self._registry,
        )  # fmt: skip

    def begin(self) -> None:
        """A request has come."""
        self._under_way.inc()

    def end(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. *route* is a name from the door's own table."""
        self._under_way.dec()
        key = (route, method, status)
        found = self._known.get(key)
        if found is None:
            method = method if method in _METHODS else "other"
            code = str(status) if status in _STATUSES else "other"
            found = self._requests.labels(route, method, code), self._seconds.labels(route)
            if len(self._known) < _KNOWN_MAX:
                self._known[key] = found
        count, duration = found
        count.inc()
        duration.observe(seconds)

    def question(self, *, outcome: str, actor: str | None, denials: int) -> None:
        """A question was answered or refused. *actor* is an `ActorKind`, None if nobody was identified."""
        who = actor or "unknown"
        self._outcomes.labels(outcome, who).inc()
        if denials:
            self._denials.labels(who).inc(denials)

    def set_log_size(self, entries: int) -> None:
        """The audit log has *entries* leaves."""
        self._log_size.set(entries)

    def set_source_ages(self, ages: dict[str, float | None]) -> None:
        """Seconds since each source was last read; None: never. Sources that are gone are forgotten."""
        self._age.clear()
        for source, age in list(ages.items())[:_SOURCES_MAX]:
            self._age.labels(source).set(-1 if age is None else age)

    def render(self) -> bytes:
        """All metrics in Prometheus text format."""
        return generate_latest(self._registry)
