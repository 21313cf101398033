"""
Publicity (公示): for how long a record is shown, in which state it is, and so who it is for.

Rules:
    - Nothing is published before its notice window has ended.
    - What has ended, was repaired, withdrawn or shielded is never in a public category again.
    - Days are those of Asia/Shanghai; an end day is public until its 24:00.

Source: DOMAIN 6 (order 36, order 58), 13.3.
"""

from schema.publicity.days import DayCount, add_months, add_working_days, shanghai_day
from schema.publicity.periods import Periods, list_periods, penalty_periods, periods_of
from schema.publicity.placement import Placement, category_of, place_record, row_tier, tier_of_disclosure
from schema.publicity.severity import SeverityFinding, resolve_severity
from schema.publicity.states import (
    NoticeWindow,
    PublicityEvent,
    TransitionError,
    advance,
    is_before_publication,
    notice_window,
    state_on,
)

__all__ = [
    "DayCount",
    "NoticeWindow",
    "Periods",
    "Placement",
    "PublicityEvent",
    "SeverityFinding",
    "TransitionError",
    "add_months",
    "add_working_days",
    "advance",
    "category_of",
    "is_before_publication",
    "list_periods",
    "notice_window",
    "penalty_periods",
    "periods_of",
    "place_record",
    "resolve_severity",
    "row_tier",
    "shanghai_day",
    "state_on",
    "tier_of_disclosure",
]
