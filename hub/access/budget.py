"""
Budgets: how many requests an asker may make in a minute, and how many subjects it may name in a day.

Rules:
    - A partner's own figures count, else the hub's; 0 is no limit. The public has a limit per client address
      (`hub.access.visitors`).
    - A request counts, whatever became of it. A subject counts because it is named, whether it is on file, may be shown
      or was named before: what is left of a budget tells nothing of what the hub holds. A search names as many
      subjects as the page it asks for may hold.
    - Spans are fixed: a minute of UTC, a day of Asia/Shanghai. They are counted in the store, in the transaction of the
      answer, so exactly over all workers and machines.

Source: draft-ietf-httpapi-ratelimit-headers-11; DOMAIN 13.2, 13.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from math import ceil

from hub.audit.entries import Spend
from hub.clock import SHANGHAI, legal_day
from hub.identity.caller import Caller
from schema.graph.connection import MAX_PAGE
from schema.graph.root import MAX_CODES

REQUESTS = "requests-per-minute"
SUBJECTS = "subjects-per-day"
PUBLIC_SUBJECTS = 1
"""Subjects the public may name in one question."""
PUBLIC_PAGE = 20
"""Most hits the public may ask for in one search."""
_WINDOW_S = {REQUESTS: 60, SUBJECTS: 86_400}
# The registry of quota units has none for subjects, so it is told as a parameter of our own.
_UNIT = {REQUESTS: "", SUBJECTS: ';hub-unit="subjects"'}
_MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """
    What an asker may use.

    Attributes:
        requests_per_minute: None: not limited.
        subjects_per_day: None: not limited.
        subjects_per_question: Subjects that one list may name.
        page: Most hits in a page of a search.
    """

    requests_per_minute: int | None
    subjects_per_day: int | None
    subjects_per_question: int = MAX_CODES
    page: int = MAX_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """
    How far a budget is used.

    Attributes:
        policy: Its name, `REQUESTS` or `SUBJECTS`.
        limit: Units in a window.
        used: Units used in this one; None: not known.
        until: End of the window, seconds since 1970.
    """

    policy: str
    limit: int
    used: int | None
    until: float


class Allowances:
    """Tells what each asker may use."""

    def __init__(self, *, requests_per_minute: int, subjects_per_day: int, public_requests_per_minute: int) -> None:
        """
        Take the hub's own figures; 0 is no limit.

        Args:
            requests_per_minute: Of a partner that has none of its own.
            subjects_per_day: The same.
            public_requests_per_minute: Of one client address.
        """
        self._partners = Allowance(
            requests_per_minute=requests_per_minute or None, subjects_per_day=subjects_per_day or None
        )
        self._public = Allowance(
            requests_per_minute=public_requests_per_minute or None,
            subjects_per_day=None,
            subjects_per_question=PUBLIC_SUBJECTS,
            page=PUBLIC_PAGE,
        )

    def of(self, caller: Caller) -> Allowance:
        """Tell what *caller* may use."""
        if caller.is_public:
            return self._public
        requests, subjects = caller.requests_per_minute, caller.subjects_per_day
        if requests is None and subjects is None:
            return self._partners
        hub = self._partners
        return Allowance(
            requests_per_minute=hub.requests_per_minute if requests is None else requests or None,
            subjects_per_day=hub.subjects_per_day if subjects is None else subjects or None,
        )


def minute_of(at: datetime) -> tuple[str, float]:
    """Name the minute of UTC that *at* falls in, and tell when it ends, seconds since 1970."""
    began = int(at.timestamp()) // _MINUTE_S * _MINUTE_S
    return str(began // _MINUTE_S), float(began + _MINUTE_S)


def day_of(at: datetime) -> tuple[str, float]:
    """Name the day of Asia/Shanghai that *at* falls on, and tell when it ends, seconds since 1970."""
    day = legal_day(at)
    return day.isoformat(), datetime.combine(day, time(), SHANGHAI).timestamp() + _WINDOW_S[SUBJECTS]


def spend_of(
    asker: str, allowance: Allowance, at: datetime, *, requests: int = 1, subjects: int = 0
) -> tuple[Spend, ...]:
    """Say what *asker* uses of its budgets; what is not limited is not counted."""
    spend = []
    if allowance.requests_per_minute is not None:
        name, until = minute_of(at)
        spend.append(
            Spend(
                asker=asker,
                span=f"{REQUESTS} {name}",
                amount=requests,
                limit=allowance.requests_per_minute,
                until=until,
            )
        )
    if allowance.subjects_per_day is not None:
        name, until = day_of(at)
        spend.append(
            Spend(
                asker=asker, span=f"{SUBJECTS} {name}", amount=subjects, limit=allowance.subjects_per_day, until=until
            )
        )
    return tuple(spend)


def policy_of(span: str) -> str:
    """Tell the budget that *span* is a window of."""
    return span.partition(" ")[0]


def headers_of(levels: Sequence[Level], at: datetime) -> dict[str, str]:
    """
    Spell *levels* as the headers of an answer to a request of *at*: structured fields, none without a limit.

    Source: draft-ietf-httpapi-ratelimit-headers-11, 3 and 4.
    """
    if not levels:
        return {}
    now = at.timestamp()
    headers = {
        "ratelimit-policy": ", ".join(
            f'"{each.policy}";q={each.limit};w={_WINDOW_S[each.policy]}{_UNIT[each.policy]}' for each in levels
        )
    }
    known = [
        f'"{each.policy}";r={max(0, each.limit - each.used)};t={seconds_until(each.until, now)}'
        for each in levels
        if each.used is not None
    ]
    return {**headers, "ratelimit": ", ".join(known)} if known else headers


def seconds_until(until: float, now: float) -> int:
    """Whole seconds from *now* to *until*, rounded up, none negative."""
    return max(0, ceil(until - now))
