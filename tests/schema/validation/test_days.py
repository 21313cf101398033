"""Days: ISO, or a form the site declared."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.validation.days import DateForm, read_day


class TestReadDay:
    @given(st.dates())
    def test_every_iso_day(self, day):
        assert day == read_day(day.isoformat())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2026/06/01",
            "2026年6月1日",
            "20260601",
            "2026-6-1",
            "2026-02-30",
            "2026-13-01",
            "0000-01-01",
            "2026-W01-1",
            "2026-06-01 00:00:00",
            "２０２６-06-01",
            "2026-06-01T00:00:00Z",
            "46174",
            "٢٠٢٦-06-01",
        ],
    )
    def test_undeclared_forms_and_impossible_days_are_none(self, text):
        assert read_day(text) is None

    @pytest.mark.parametrize(
        ("text", "form"),
        [("2026/6/1", DateForm.SLASHED), ("2026/06/01", DateForm.SLASHED), ("2026年6月1日", DateForm.CHINESE)],
    )
    def test_declared_form(self, text, form):
        assert date(2026, 6, 1) == read_day(text, {form})

    @pytest.mark.parametrize(
        ("text", "form"),
        [("2026/6/1", DateForm.CHINESE), ("2026年6月31日", DateForm.CHINESE), ("26/6/1", DateForm.SLASHED)],
    )
    def test_declaring_one_form_admits_no_other_and_no_impossible_day(self, text, form):
        assert read_day(text, {form}) is None
