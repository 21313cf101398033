"""Times as text, and the day of the law."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.clock import SystemClock, from_iso, iso, legal_day

INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone


class TestIso:
    @given(INSTANTS, INSTANTS)
    def test_text_order_is_time_order(self, one, other):
        assert (one < other) == (iso(one) < iso(other))

    @given(INSTANTS)
    def test_read_back(self, at):
        assert at == from_iso(iso(at))
        assert 27 == len(iso(at))

    def test_other_zones_are_turned_to_utc(self):
        at = datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=8)))

        assert "2026-11-20T00:00:00.000000Z" == iso(at)

    def test_naive_time_is_refused(self):
        with pytest.raises(ValueError, match="naive"):
            iso(datetime(2026, 11, 20))  # noqa: DTZ001  that is the point

    @pytest.mark.parametrize("text", ["", "2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20T00:00:00.000000+00:00"])
    def test_other_forms_are_refused(self, text):
        with pytest.raises(ValueError, match="does not match"):
            from_iso(text)


class TestLegalDay:
    def test_day_of_shanghai(self):
        assert date(2026, 11, 21) == legal_day(datetime(2026, 11, 20, 16, tzinfo=UTC))
        assert date(2026, 11, 20) == legal_day(datetime(2026, 11, 20, 15, 59, tzinfo=UTC))


def test_system_clock_is_aware():
    assert UTC == SystemClock().now().tzinfo
