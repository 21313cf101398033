"""Which days count, in a year whose table we hold and in one we do not."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.rules.book import RuleBook
from schema.rules.calendar import working_days_of
from tests.schema.rules.texts import shipped

DAYS = RuleBook.parse(shipped()).on(date(2026, 11, 20)).calendar
YEAR = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


class TestIsWorkingDay:
    @pytest.mark.parametrize(
        ("first", "last"),
        [("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"), ("06-19", "06-21"),
         ("09-25", "09-27"), ("10-01", "10-07")],
    )  # fmt: skip
    def test_holidays_are_off_from_first_to_last(self, first, last):
        held = [day for day in YEAR if first <= day.isoformat()[5:] <= last]

        assert [False] * len(held) == [DAYS.is_working_day(day) for day in held]

    @pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
    def test_make_up_days_count_though_they_are_weekends(self, day):
        made_up = date.fromisoformat(f"2026-{day}")

        assert made_up.weekday() >= 5
        assert DAYS.is_working_day(made_up)

    @pytest.mark.parametrize("day", ["02-24", "04-03", "04-07", "05-06", "06-22", "09-28", "10-08", "11-20"])
    def test_weekdays_beside_a_holiday_count(self, day):
        assert DAYS.is_working_day(date.fromisoformat(f"2026-{day}"))

    def test_2026_has_248_working_days(self):
        assert 248 == sum(DAYS.is_working_day(day) for day in YEAR)

    @given(st.dates().filter(lambda day: day.year != 2026))
    def test_another_year_is_monday_to_friday(self, day):
        assert (day.weekday() < 5) is DAYS.is_working_day(day)


class TestHasTable:
    def test_only_the_years_held_are_certain(self):
        assert [False, True, False] == [DAYS.has_table(year) for year in (2025, 2026, 2027)]

    def test_no_tables_at_all_is_a_calendar_too(self):
        assert not working_days_of(()).has_table(2026)
        assert working_days_of(()).is_working_day(date(2026, 1, 1))
