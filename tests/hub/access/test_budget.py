"""Budgets: whose figures count, which span an instant falls in, and what a client is told."""

from dataclasses import replace
from datetime import UTC, datetime

import http_sf
import pytest

from hub.access.budget import (
    PUBLIC_PAGE,
    REQUESTS,
    SUBJECTS,
    Allowance,
    Allowances,
    Level,
    day_of,
    headers_of,
    minute_of,
    policy_of,
    spend_of,
)
from hub.identity.caller import the_public

AT = datetime(2026, 11, 20, 8, 30, 15, 250_000, tzinfo=UTC)
BOTH = Allowance(requests_per_minute=60, subjects_per_day=900)
FREE = Allowance(requests_per_minute=None, subjects_per_day=None)
PARTNER = replace(the_public(), partner="gc")


def allowances(requests=60, subjects=900, public=7) -> Allowances:
    return Allowances(requests_per_minute=requests, subjects_per_day=subjects, public_requests_per_minute=public)


class TestAllowances:
    @pytest.mark.parametrize(
        ("own", "expected"),
        [
            ((None, None), (60, 900)),
            ((5, None), (5, 900)),
            ((None, 5_000), (60, 5_000)),
            ((0, 1), (None, 1)),
            ((1, 0), (1, None)),
        ],
    )
    def test_a_partners_own_figures_count_else_the_hubs_and_0_is_no_limit(self, own, expected):
        caller = replace(PARTNER, requests_per_minute=own[0], subjects_per_day=own[1])
        found = allowances().of(caller)

        assert expected == (found.requests_per_minute, found.subjects_per_day)

    def test_a_hub_without_limits_has_none(self):
        found = allowances(0, 0, 0)

        assert (None, None) == (found.of(PARTNER).requests_per_minute, found.of(PARTNER).subjects_per_day)
        assert None is found.of(the_public()).requests_per_minute

    def test_the_public_names_one_subject_whatever_partners_may(self):
        found = allowances(0, 0, 0).of(the_public())

        assert (1, PUBLIC_PAGE) == (found.subjects_per_question, found.page)


class TestSpans:
    @pytest.mark.parametrize(
        ("at", "same"),
        [
            (AT.replace(second=0, microsecond=0), True),
            (AT.replace(second=59, microsecond=999_999), True),
            (AT.replace(minute=29, second=59, microsecond=999_999), False),
            (AT.replace(minute=31, second=0, microsecond=0), False),
        ],
    )
    def test_a_minute_holds_its_first_instant_and_not_its_end(self, at, same):
        assert same == (minute_of(AT) == minute_of(at))

    def test_a_minute_ends_where_the_next_begins(self):
        _, until = minute_of(AT)

        assert datetime(2026, 11, 20, 8, 31, tzinfo=UTC).timestamp() == until

    @pytest.mark.parametrize(
        ("at", "day"),
        [
            (datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC), "2026-11-20"),
            (datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC), "2026-11-21"),
        ],
    )
    def test_a_day_is_one_of_shanghai(self, at, day):
        assert day == day_of(at)[0]
        assert day_of(at)[1] > at.timestamp()

    def test_a_day_ends_at_midnight_in_shanghai(self):
        assert datetime(2026, 11, 20, 16, 0, tzinfo=UTC).timestamp() == day_of(AT)[1]


class TestSpendOf:
    def test_a_request_and_what_it_names_are_counted_in_the_spans_it_falls_in(self):
        requests, subjects = spend_of("gc", BOTH, AT, subjects=3)

        assert ("gc", REQUESTS, 1, 60) == (requests.asker, policy_of(requests.span), requests.amount, requests.limit)
        assert ("gc", f"{SUBJECTS} 2026-11-20", 3, 900) == (
            subjects.asker,
            subjects.span,
            subjects.amount,
            subjects.limit,
        )

    def test_what_is_not_limited_is_not_counted(self):
        assert () == spend_of("gc", FREE, AT, subjects=3)
        assert [SUBJECTS] == [
            policy_of(each.span) for each in spend_of("gc", replace(BOTH, requests_per_minute=None), AT)
        ]


class TestHeadersOf:
    LEVELS = (
        Level(policy=REQUESTS, limit=60, used=12, until=AT.timestamp() + 44.75),
        Level(policy=SUBJECTS, limit=900, used=901, until=AT.timestamp() + 3_600),
    )

    def test_they_are_structured_fields_that_name_each_policy_its_quota_and_what_is_left(self):
        headers = headers_of(self.LEVELS, AT)
        policies = dict(http_sf.parse(headers["ratelimit-policy"].encode(), tltype="list"))
        limits = dict(http_sf.parse(headers["ratelimit"].encode(), tltype="list"))

        assert {REQUESTS: {"q": 60, "w": 60}, SUBJECTS: {"q": 900, "w": 86_400, "hub-unit": "subjects"}} == policies
        assert {REQUESTS: {"r": 48, "t": 45}, SUBJECTS: {"r": 0, "t": 3_600}} == limits

    def test_what_is_over_the_limit_leaves_nothing_not_less(self):
        assert "r=-" not in headers_of(self.LEVELS, AT)["ratelimit"]

    def test_what_is_not_known_is_not_told_but_its_policy_is(self):
        headers = headers_of([replace(self.LEVELS[0], used=None)], AT)

        assert {"ratelimit-policy"} == headers.keys()

    def test_without_a_limit_there_is_no_header(self):
        assert {} == headers_of([], AT)

    def test_a_span_that_has_ended_meanwhile_ends_now(self):
        assert headers_of([replace(self.LEVELS[0], until=AT.timestamp() - 5)], AT)["ratelimit"].endswith(";t=0")
