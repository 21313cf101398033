"""
The one place that reads the clock. Everything else takes `now` as an argument.

Rules:
    - An instant is an aware `datetime` in UTC; in the store and on the wire it is `YYYY-MM-DDTHH:MM:SS.ffffffZ`,
      of fixed width, so that text order is time order.
    - Days of the law (公示期 and the like) are days of Asia/Shanghai, which has had no summer time since 1991.
"""

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


def iso(at: datetime) -> str:
    """
    Write *at* as ISO 8601 text in UTC with microseconds, 27 characters.

    Raises:
        ValueError: *at* is naive: nobody can say which instant it means.
    """
    if at.tzinfo is None:
        raise ValueError("instant: got a naive datetime, expected one with a time zone")
    # Not strftime, which takes eight times as long.
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def from_iso(text: str) -> datetime:
    """
    Read what `iso` wrote.

    Raises:
        ValueError: *text* has another form.
    """
    return datetime.strptime(text, _FORM).replace(tzinfo=UTC)


def legal_day(at: datetime) -> date:
    """The day in Asia/Shanghai on which *at* falls."""
    return at.astimezone(SHANGHAI).date()


def stopwatch() -> float:
    """Seconds on a clock that only goes forward, for durations; it says nothing about the time of day."""
    return time.perf_counter()
