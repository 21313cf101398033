"""
The publicity state machine (DOMAIN 6.4).

    RECEIVED -> CHECKED -> (NOTICE_SERVED -> WINDOW -> )READY -> PUBLISHED -> EXPIRED | REPAIRED | WITHDRAWN | SHIELDED

Rules:
    - READY is reached past a window only when the window's last day is over, and PUBLISHED only from READY.
    - A window counted without the year's holiday table may in truth be longer: it cannot be closed until the table is
      loaded [P].
    - An objection is a flag beside the state, not a state: the record stays shown.
    - A record may be withdrawn before it is published (the notice's defence was right), and repaired or withdrawn
      after it has expired: both only ever hide more [P].
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from schema.publicity.days import add_working_days
from schema.records import PublicityState
from schema.rules.book import Rules

_NOTICE_LIMIT = "T02"


class PublicityEvent(StrEnum):
    """What moves a record on."""

    CHECK = "check"
    CLEAR = "clear"  # no notice is owed before publication
    SERVE_NOTICE = "serve_notice"
    OPEN_WINDOW = "open_window"
    CLOSE_WINDOW = "close_window"
    PUBLISH = "publish"
    EXPIRE = "expire"
    REPAIR = "repair"
    WITHDRAW = "withdraw"
    SHIELD = "shield"


class TransitionError(Exception):
    """
    A move the state machine does not allow.

    Attributes:
        state: Where the record stands.
        event: What was asked.
    """

    def __init__(self, state: PublicityState, event: PublicityEvent, reason: str) -> None:
        super().__init__(f"{event} is not possible in {state}: {reason}")
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWindow:
    """
    The days in which the subject may answer a notice (陈述申辩).

    Attributes:
        served_on: Day the notice was served.
        first, last: First and last day of the window, both inclusive.
        certain: The holidays of every year it touches are known.
    """

    served_on: date
    first: date
    last: date
    certain: bool


_S = PublicityState
_E = PublicityEvent
_MOVES: dict[tuple[PublicityState, PublicityEvent], PublicityState] = {
    (_S.RECEIVED, _E.CHECK): _S.CHECKED,
    (_S.CHECKED, _E.SERVE_NOTICE): _S.NOTICE_SERVED,
    (_S.CHECKED, _E.CLEAR): _S.READY,
    (_S.NOTICE_SERVED, _E.OPEN_WINDOW): _S.WINDOW,
    (_S.WINDOW, _E.CLOSE_WINDOW): _S.READY,
    (_S.READY, _E.PUBLISH): _S.PUBLISHED,
    (_S.PUBLISHED, _E.EXPIRE): _S.EXPIRED,
    (_S.PUBLISHED, _E.REPAIR): _S.REPAIRED,
    (_S.PUBLISHED, _E.WITHDRAW): _S.WITHDRAWN,
    (_S.PUBLISHED, _E.SHIELD): _S.SHIELDED,
    (_S.EXPIRED, _E.REPAIR): _S.REPAIRED,
    (_S.EXPIRED, _E.WITHDRAW): _S.WITHDRAWN,
    **{
        (state, _E.WITHDRAW): _S.WITHDRAWN for state in (_S.RECEIVED, _S.CHECKED, _S.NOTICE_SERVED, _S.WINDOW, _S.READY)
    },
}
_BEFORE_PUBLICATION = frozenset({_S.RECEIVED, _S.CHECKED, _S.NOTICE_SERVED, _S.WINDOW, _S.READY})


def is_before_publication(state: PublicityState) -> bool:
    """Whether a record in *state* has not been published yet, and so is nobody's but the bodies' that handle it."""
    return state in _BEFORE_PUBLICATION


def notice_window(rules: Rules, served_on: date) -> NoticeWindow:
    """
    Compute the window that a notice served on *served_on* opens: it begins the day after (DOMAIN 6.4, T02).

    Raises:
        NoRuleError: no notice limit is in force.
    """
    end = add_working_days(served_on, rules.time_limit(_NOTICE_LIMIT).value, rules.calendar)
    return NoticeWindow(served_on=served_on, first=served_on + timedelta(days=1), last=end.day, certain=end.certain)


def advance(
    state: PublicityState,
    event: PublicityEvent,
    *,
    today: date | None = None,
    window: NoticeWindow | None = None,
    notice_owed: bool = False,
) -> PublicityState:
    """
    Move a record on.

    Args:
        state: Where it stands.
        event: What happens.
        today: Day in Asia/Shanghai; needed wherever *window* is.
        window: The notice's window; needed to open or close it, and honoured by PUBLISH when given.
        notice_owed: The site must serve a notice before it publishes; CLEAR is then refused.

    Raises:
        TransitionError: the machine has no such move, or the window forbids it today.
    """
    target = _MOVES.get((state, event))
    if target is None:
        raise TransitionError(state, event, "there is no such move")
    if event is _E.CLEAR and notice_owed:
        raise TransitionError(state, event, "a notice is owed before publication")
    if event in {_E.OPEN_WINDOW, _E.CLOSE_WINDOW} or (event is _E.PUBLISH and window is not None):
        _check_window(state, event, today, window)
    return target


def _check_window(
    state: PublicityState, event: PublicityEvent, today: date | None, window: NoticeWindow | None
) -> None:
    if window is None or today is None:
        raise TransitionError(state, event, "the window and the day are needed")
    if event is _E.OPEN_WINDOW:
        if today < window.first:
            raise TransitionError(state, event, f"the window begins on {window.first}")
        return
    if not window.certain:
        raise TransitionError(state, event, "the window was counted without a holiday table, load the year's calendar")
    if today <= window.last:
        raise TransitionError(state, event, f"the window ends with {window.last}")


def state_on(state: PublicityState, publicity_to: str | None, today: date) -> PublicityState:
    """
    Tell the state of a record on *today*: a published one whose last public day is past has expired by time alone.

    Args:
        state: Stored state.
        publicity_to: Last public day, ISO, inclusive; None: no end.
        today: Day in Asia/Shanghai (`shanghai_day`).
    """
    if state is PublicityState.PUBLISHED and publicity_to is not None and publicity_to < today.isoformat():
        return PublicityState.EXPIRED
    return state
