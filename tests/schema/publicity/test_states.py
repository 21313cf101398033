"""Nothing is published before its window has ended, and nothing that is gone comes back."""

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rulebook import load_rules
from schema.publicity import (
    NoticeWindow,
    PublicityEvent,
    TransitionError,
    advance,
    is_before_publication,
    notice_window,
    state_on,
)
from schema.records import PublicityState

S, E = PublicityState, PublicityEvent
RULES = load_rules().on(date(2026, 11, 20))
LEGAL = {
    (S.RECEIVED, E.CHECK): S.CHECKED,
    (S.CHECKED, E.SERVE_NOTICE): S.NOTICE_SERVED,
    (S.CHECKED, E.CLEAR): S.READY,
    (S.NOTICE_SERVED, E.OPEN_WINDOW): S.WINDOW,
    (S.WINDOW, E.CLOSE_WINDOW): S.READY,
    (S.READY, E.PUBLISH): S.PUBLISHED,
    (S.PUBLISHED, E.EXPIRE): S.EXPIRED,
    (S.PUBLISHED, E.REPAIR): S.REPAIRED,
    (S.PUBLISHED, E.WITHDRAW): S.WITHDRAWN,
    (S.PUBLISHED, E.SHIELD): S.SHIELDED,
    (S.EXPIRED, E.REPAIR): S.REPAIRED,
    (S.EXPIRED, E.WITHDRAW): S.WITHDRAWN,
    (S.RECEIVED, E.WITHDRAW): S.WITHDRAWN,
    (S.CHECKED, E.WITHDRAW): S.WITHDRAWN,
    (S.NOTICE_SERVED, E.WITHDRAW): S.WITHDRAWN,
    (S.WINDOW, E.WITHDRAW): S.WITHDRAWN,
    (S.READY, E.WITHDRAW): S.WITHDRAWN,
}
PAST = NoticeWindow(served_on=date(2026, 11, 2), first=date(2026, 11, 3), last=date(2026, 11, 9), certain=True)
AFTER = date(2026, 11, 10)


def move(state, event, **given):
    return advance(state, event, **({"today": AFTER, "window": PAST} | given))


class TestAdvance:
    @pytest.mark.parametrize(("state", "event"), LEGAL, ids=str)
    def test_the_legal_moves(self, state, event):
        assert LEGAL[state, event] is move(state, event)

    @pytest.mark.parametrize(("state", "event"), [pair for pair in product(S, E) if pair not in LEGAL], ids=str)
    def test_every_other_move_is_refused(self, state, event):
        with pytest.raises(
            TransitionError, match=f"^{event} is not possible in {state}: there is no such move$"
        ) as caught:
            move(state, event)

        assert (state, event) == (caught.value.state, caught.value.event)

    @pytest.mark.parametrize("state", [S.REPAIRED, S.WITHDRAWN, S.SHIELDED])
    def test_from_what_is_gone_nothing_leads_anywhere(self, state):
        assert not [event for (origin, event) in LEGAL if origin is state]

    @pytest.mark.parametrize("today", [PAST.first, PAST.last])
    def test_the_window_cannot_be_closed_before_it_is_over(self, today):
        with pytest.raises(TransitionError, match="the window ends with 2026-11-09"):
            move(S.WINDOW, E.CLOSE_WINDOW, today=today)

    def test_the_window_is_open_from_the_day_after_service(self):
        assert S.WINDOW is move(S.NOTICE_SERVED, E.OPEN_WINDOW, today=PAST.first)
        with pytest.raises(TransitionError, match="the window begins on 2026-11-03"):
            move(S.NOTICE_SERVED, E.OPEN_WINDOW, today=PAST.served_on)

    @pytest.mark.parametrize("given", [{"window": None}, {"today": None}, {"window": None, "today": None}])
    @pytest.mark.parametrize(
        ("state", "event"), [(S.NOTICE_SERVED, E.OPEN_WINDOW), (S.WINDOW, E.CLOSE_WINDOW)], ids=str
    )
    def test_a_window_is_never_taken_on_trust(self, state, event, given):
        with pytest.raises(TransitionError, match="the window and the day are needed"):
            move(state, event, **given)

    def test_a_window_of_a_year_without_calendar_cannot_be_closed(self):
        """Holidays nobody loaded could make it longer; a day too early cannot be taken back."""
        window = notice_window(RULES, date(2026, 12, 30))

        assert not window.certain
        with pytest.raises(TransitionError, match="without a holiday table"):
            move(S.WINDOW, E.CLOSE_WINDOW, window=window, today=date(2027, 6, 1))

    def test_publishing_honours_the_window_once_more(self):
        with pytest.raises(TransitionError, match="the window ends with"):
            move(S.READY, E.PUBLISH, today=PAST.last)
        with pytest.raises(TransitionError, match="the day are needed"):
            move(S.READY, E.PUBLISH, today=None)

    def test_where_no_notice_is_owed_publishing_needs_no_window(self):
        assert S.PUBLISHED is advance(advance(S.CHECKED, E.CLEAR), E.PUBLISH)

    def test_where_a_notice_is_owed_it_cannot_be_skipped(self):
        with pytest.raises(TransitionError, match="a notice is owed"):
            advance(S.CHECKED, E.CLEAR, notice_owed=True)

    @given(
        st.dates(date(2026, 1, 1), date(2026, 12, 20)),
        st.lists(st.tuples(st.sampled_from(E), st.integers(0, 5))),
    )
    def test_no_walk_publishes_before_the_window_is_over(self, served, walk):
        """Whatever is tried in whatever order, day by day: where a notice is owed, PUBLISHED is after the window."""
        window, state, today = notice_window(RULES, served), S.RECEIVED, served
        for event, days in walk:
            today += timedelta(days=days)
            try:
                state = advance(state, event, today=today, window=window, notice_owed=True)
            except TransitionError:
                continue

            assert state not in {S.READY, S.PUBLISHED} or today > window.last


class TestNoticeWindow:
    @pytest.mark.parametrize(
        ("served", "first", "last"),
        [
            ("2026-11-20", "2026-11-21", "2026-11-27"),
            ("2026-09-30", "2026-10-01", "2026-10-13"),
            ("2026-02-13", "2026-02-14", "2026-02-27"),
        ],
    )
    def test_five_working_days_from_the_day_after_service(self, served, first, last):
        window = notice_window(RULES, date.fromisoformat(served))

        assert (first, last, True) == (window.first.isoformat(), window.last.isoformat(), window.certain)


class TestIsBeforePublication:
    def test_five_states_are(self):
        expected = {S.RECEIVED, S.CHECKED, S.NOTICE_SERVED, S.WINDOW, S.READY}

        assert expected == {state for state in S if is_before_publication(state)}


class TestStateOn:
    @pytest.mark.parametrize(
        ("today", "expected"),
        [(date(2026, 6, 30), S.PUBLISHED), (date(2026, 7, 1), S.PUBLISHED), (date(2026, 7, 2), S.EXPIRED)],
    )
    def test_the_last_day_is_public_to_its_end(self, today, expected):
        assert expected is state_on(S.PUBLISHED, "2026-07-01", today)

    def test_without_an_end_it_stays(self):
        assert S.PUBLISHED is state_on(S.PUBLISHED, None, date.max)

    @given(st.sampled_from([state for state in S if state is not S.PUBLISHED]), st.dates(), st.dates())
    def test_time_moves_nothing_else(self, state, until, today):
        assert state is state_on(state, until.isoformat(), today)

    @given(st.dates(), st.dates())
    def test_once_past_always_past(self, until, today):
        expired = state_on(S.PUBLISHED, until.isoformat(), today) is S.EXPIRED

        assert expired is (today > until)
