"""
Answers about what is not there, or may not be known to be there, leave at strokes of a bell.

To tell that a subject is hidden, its rows are read and judged; to tell that it is absent, nothing is. A search reads
past hits that the asker may not see. Who measures would learn the difference, if such answers left when they are ready.

Rules:
    - A stroke falls every so often after the answer was begun, not by the clock: waiting for a common stroke would
      leave the mean time as it was.
    - The bell is a thread: the event loop's own timers go by whole milliseconds, counted from when it falls asleep,
      and so tell how long the work before took.
"""

import asyncio
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from math import floor
from threading import Condition, Thread

from hub.clock import stopwatch

_Waiting = tuple[float, int, "asyncio.Future[None]", asyncio.AbstractEventLoop]


class Strokes:
    """
    The bell. One per process; begin to wait only inside the loop's life, close it after.

    Args:
        every_s: Seconds between two strokes. What takes longer than one leaves at the next.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._numbers = count()
        # Shared with the thread, under the condition's lock.
        self._bell = Condition()
        self._waiting: list[_Waiting] = []
        self._closing = False
        self._thread: Thread | None = None

    def due(self, since: float, now: float) -> float:
        """Tell the first stroke after *now*, counted from *since*; all by `hub.clock.stopwatch`."""
        return since + (floor((now - since) / self._every_s) + 1) * self._every_s

    async def wait(self, since: float) -> None:
        """Wait for the next stroke after an answer that was begun at *since* (by `hub.clock.stopwatch`)."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()
        with self._bell:
            if self._closing:
                return
            heappush(self._waiting, (self.due(since, stopwatch()), next(self._numbers), heard, loop))
            if self._thread is None:
                self._thread = Thread(target=self._ring, name="strokes", daemon=True)
                self._thread.start()
            self._bell.notify()
        await heard

    def close(self) -> None:
        """Let everybody go who waits, and end."""
        with self._bell:
            self._closing = True
            self._bell.notify()
        if self._thread is not None:
            self._thread.join()

    def _ring(self) -> None:
        while True:
            with self._bell:
                while not self._closing and (left := self._left()) != 0:
                    self._bell.wait(left)
                if not self._waiting:
                    return
                _, _, heard, loop = heappop(self._waiting)
            # The loop may have ended meanwhile: then nobody waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_wake, heard)

    def _left(self) -> float | None:
        """Seconds until the next who waits is to be let go, at least 0; None: nobody waits."""
        return max(0.0, self._waiting[0][0] - stopwatch()) if self._waiting else None


def _wake(heard: "asyncio.Future[None]") -> None:
    if not heard.done():
        heard.set_result(None)
