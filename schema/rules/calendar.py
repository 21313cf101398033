"""Working days of China: Monday to Friday, less statutory holidays, plus make-up working days (调休)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from schema.rules.entries import CalendarYear

_FRIDAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """
    The years whose tables are held.

    Attributes:
        years: Years with a table; any other year is Monday to Friday, and is an estimate.
        off: Holidays that would otherwise count, of those years.
        work: Make-up working days of those years.

    Source: DOMAIN 6.3.
    """

    years: frozenset[int]
    off: frozenset[date]
    work: frozenset[date]

    def has_table(self, year: int) -> bool:
        """Whether *year*'s holidays are known; if not, its working days are an estimate."""
        return year in self.years

    def is_working_day(self, day: date) -> bool:
        """Whether *day* is a working day, by the table of its year or, without one, Monday to Friday."""
        return day in self.work or (day.weekday() <= _FRIDAY and day not in self.off)


def working_days_of(tables: Iterable[CalendarYear]) -> WorkingDays:
    """Join the tables of several years."""
    held = tuple(tables)
    return WorkingDays(
        years=frozenset(int(table.code) for table in held),
        off=frozenset(day for table in held for one in table.off for day in _between(one.first, one.last)),
        work=frozenset(day for table in held for day in table.work),
    )


def _between(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=step) for step in range((last - first).days + 1))
