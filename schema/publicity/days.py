"""Counting months and working days as the publicity rules do (DOMAIN 6.3)."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta, timezone

from schema.rules.calendar import WorkingDays

_SHANGHAI = timezone(timedelta(hours=8))  # no summer time since 1991, and no zone file needed
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """
    The day a count of working days ends on.

    Attributes:
        day: The last day, itself a working day.
        certain: Every year the count touched has a holiday table; if not, *day* may in truth be later.
    """

    day: date
    certain: bool


def shanghai_day(now: datetime) -> date:
    """Tell the day it is in Asia/Shanghai at *now*, which must be aware; raises `ValueError` if it is not."""
    if now.utcoffset() is None:
        raise ValueError("got a naive time, expected an aware one")
    return now.astimezone(_SHANGHAI).date()


def add_months(day: date, months: int) -> date:
    """
    Add *months* (>= 0) to *day*: the same day of the month, or the month's last where there is none.

    A result past the year 9999 is the last day there is.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_working_days(start: date, count: int, calendar: WorkingDays) -> DayCount:
    """
    Count *count* (>= 1) working days, beginning with the day after *start*.

    Raises:
        ValueError: *count* is less than one.
    """
    if count < 1:
        raise ValueError(f"got a count of {count} working days, expected at least 1")
    day, left, years = start, count, set[int]()
    while left:
        day += _ONE_DAY
        years.add(day.year)
        left -= calendar.is_working_day(day)
    return DayCount(day=day, certain=all(calendar.has_table(year) for year in years))
