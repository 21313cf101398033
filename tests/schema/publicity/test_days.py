"""Months clamp, working days skip, and a day ends at 24:00 in Shanghai."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.publicity import add_months, add_working_days, shanghai_day
from schema.rules.calendar import working_days_of

NO_TABLE = working_days_of(())


class TestAddMonths:
    @pytest.mark.parametrize(
        ("day", "months", "expected"),
        [
            ("2026-04-01", 3, "2026-07-01"),
            ("2026-11-30", 3, "2027-02-28"),
            ("2026-08-31", 1, "2026-09-30"),
            ("2026-01-31", 1, "2026-02-28"),
            ("2027-11-29", 3, "2028-02-29"),
            ("2027-11-30", 3, "2028-02-29"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2028-02-29", 48, "2032-02-29"),
            ("2026-02-28", 12, "2027-02-28"),
            ("2026-12-15", 1, "2027-01-15"),
            ("2026-12-31", 12, "2027-12-31"),
            ("2026-05-31", 36, "2029-05-31"),
            ("2026-05-31", 0, "2026-05-31"),
            ("9999-12-31", 0, "9999-12-31"),
            ("9999-12-31", 1, "9999-12-31"),
            ("9990-01-01", 360, "9999-12-31"),
        ],
    )
    def test_same_day_of_the_month_or_its_last(self, day, months, expected):
        assert expected == add_months(date.fromisoformat(day), months).isoformat()

    @given(st.dates(max_value=date(9000, 1, 1)), st.integers(0, 600))
    def test_the_day_is_the_same_or_the_last_of_a_shorter_month(self, day, months):
        result = add_months(day, months)

        assert (day.year * 12 + day.month + months) == result.year * 12 + result.month
        assert result.day == min(day.day, monthrange(result.year, result.month)[1])

    @given(st.dates(), st.integers(0, 2000), st.integers(0, 2000))
    def test_more_months_never_end_earlier(self, day, one, other):
        assert add_months(day, min(one, other)) <= add_months(day, max(one, other))

    @given(st.dates(), st.dates(), st.integers(0, 2000))
    def test_a_later_start_never_ends_earlier(self, one, other, months):
        assert add_months(min(one, other), months) <= add_months(max(one, other), months)


class TestAddWorkingDays:
    @pytest.mark.parametrize(
        ("start", "count", "expected"),
        [
            ("2026-11-20", 1, "2026-11-23"),  # a Friday: the weekend is skipped
            ("2026-11-20", 5, "2026-11-27"),
            ("2026-11-21", 1, "2026-11-23"),  # a start on a day off
            ("2026-02-13", 1, "2026-02-14"),  # a Saturday made up
            ("2026-02-13", 2, "2026-02-24"),  # then Spring Festival
            ("2026-09-18", 1, "2026-09-20"),  # a Sunday made up
            ("2026-09-30", 1, "2026-10-08"),
            ("2026-09-30", 3, "2026-10-10"),  # the make-up Saturday after National Day
            ("2026-01-01", 1, "2026-01-04"),
        ],
    )
    def test_the_count_begins_the_day_after(self, rules, start, count, expected):
        end = add_working_days(date.fromisoformat(start), count, rules.calendar)

        assert expected == end.day.isoformat()
        assert end.certain

    @pytest.mark.parametrize(
        ("start", "certain"), [("2026-12-25", True), ("2026-12-28", False), ("2025-12-31", True), ("2025-12-30", False)]
    )
    def test_a_count_that_touches_a_year_without_table_says_so(self, rules, start, certain):
        """Four working days: from the 25th of December they just end within the year."""
        assert certain is add_working_days(date.fromisoformat(start), 4, rules.calendar).certain

    @pytest.mark.parametrize("count", [0, -1])
    def test_no_days_are_no_count(self, rules, count):
        with pytest.raises(ValueError, match="expected at least 1"):
            add_working_days(date(2026, 11, 20), count, rules.calendar)

    @given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
    def test_the_end_is_a_working_day_and_exactly_so_many_lie_between(self, start, count):
        end = add_working_days(start, count, NO_TABLE).day
        between = [start + timedelta(days=step) for step in range(1, (end - start).days + 1)]

        assert count == sum(NO_TABLE.is_working_day(day) for day in between)
        assert NO_TABLE.is_working_day(end)


class TestShanghaiDay:
    @pytest.mark.parametrize(
        ("now", "expected"),
        [
            (datetime(2026, 7, 1, 15, 59, 59, 999999, UTC), "2026-07-01"),
            (datetime(2026, 7, 1, 16, 0, tzinfo=UTC), "2026-07-02"),
            (datetime(2026, 7, 1, 23, 59, tzinfo=timezone(timedelta(hours=8))), "2026-07-01"),
            (datetime(2026, 7, 1, 11, 0, tzinfo=timezone(-timedelta(hours=5))), "2026-07-02"),
        ],
    )
    def test_the_day_turns_at_midnight_in_shanghai(self, now, expected):
        assert expected == shanghai_day(now).isoformat()

    def test_a_naive_time_is_refused(self):
        with pytest.raises(ValueError, match="got a naive time"):
            shanghai_day(datetime(2026, 7, 1))  # noqa: DTZ001  that is the point
