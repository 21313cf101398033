"""How fast and how often a site may be asked: its declared rate and its daily budget."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime

from connectors.errors import RetryLater


class Pace:
    """
    Gate before every call of one opened site.

    Calls wait for their turn when a rate is declared; past the daily budget (UTC days, counted per process) they are
    refused with `RetryLater` SRC_BUDGET.
    """

    def __init__(
        self,
        *,
        source: str,
        rate_per_s: float | None,
        daily: int | None,
        now: Callable[[], datetime],
    ) -> None:
        self._source = source
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._daily = daily
        self._now = now
        self._next_at = 0.0
        self._day: date | None = None
        self._spent = 0

    async def turn(self) -> None:
        """Wait for the next free turn. The caller's deadline bounds the wait."""
        self._spend()
        if not self._interval_s:
            return
        moment = asyncio.get_running_loop().time()
        turn_at = max(moment, self._next_at)
        self._next_at = turn_at + self._interval_s
        if turn_at > moment:
            await asyncio.sleep(turn_at - moment)

    def _spend(self) -> None:
        if self._daily is None:
            return
        today = self._now().date()
        if today != self._day:
            self._day, self._spent = today, 0
        if self._spent >= self._daily:
            raise RetryLater(self._source, "SRC_BUDGET", f"daily budget of {self._daily} calls is spent")
        self._spent += 1
