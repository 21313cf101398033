"""
The sequencer: gives every entry its place in the log, and the asker an answer only when the entry is durable.

Rules:
    - A group is whatever waits when the one before it is done; there is no timer. So one asker alone pays one fsync,
      and many share it. Askers of one turn of the event loop find each other: the first group begins at its end.
    - The store is written by a thread of the sequencer's own (`hub.audit.ledger`). While askers wait, it goes from
      group to group by itself: a busy event loop does not keep the disk idle.
    - A caller that goes away leaves nothing behind but, perhaps, its entry. The others in its group do not notice.
    - What is not known to be durable is not answered: every failure reaches every caller in the group.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Lock
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entries import Pending, Terms
from hub.audit.errors import LogBrokenError, LogUnavailableError
from hub.audit.ledger import Ledger, Outcome
from hub.audit.receipts import Receipt
from hub.audit.sealing import seal
from hub.audit.step import Waiting
from hub.clock import iso
from keys.errors import NoteError
from keys.notes import Signer

# One transaction stays small enough that a process waiting for its turn does not notice it.
_MAX_GROUP = 512


class _Asker(NamedTuple):
    waiting: Waiting
    answer: "asyncio.Future[Receipt | tuple[int, ...]]"


class Sequencer:
    """
    Appends entries to the log of one store. Any number of processes may run one on the same store, with the same key.

    Start it in the event loop that will use it; stop it before the loop ends.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        signer: Signer,
        origin: str,
        now: Callable[[], datetime],
        entropy: Callable[[int], bytes],
        *,
        patience_s: float = 15.0,
    ) -> None:
        """
        Prepare to append; nothing is connected yet.

        Args:
            engine: The store. Only its address is used: the log has a connection of its own.
            signer: Signs checkpoints; bears the log's origin as its name.
            origin: Name of the log.
            now: The present instant, aware.
            entropy: Gives n random bytes, fit for secrets (`secrets.token_bytes`).
            patience_s: How long to wait for another writer of the store before giving up.

        Raises:
            NoteError: the signer bears another name than *origin*.
        """
        if signer.name != origin:
            raise NoteError("a log signs its checkpoints under its own origin as key name")
        self._ledger = Ledger(engine.url, signer, patience_s=patience_s)
        self._now = now
        self._entropy = entropy
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-log")
        self._loop: asyncio.AbstractEventLoop | None = None  # None: not started
        # `_askers` and `_writing` are shared with the thread, under the lock; the rest belongs to the event loop.
        self._lock = Lock()
        self._askers: list[_Asker] = []
        self._writing = False
        self._closing = False
        self._usable = False

    @property
    def usable(self) -> bool:
        """Whether the last contact with the log succeeded. `check` makes a new one."""
        return self._usable

    async def start(self) -> None:
        """
        Look at the stored log, then begin to append.

        A store that cannot be reached is no reason not to start: `usable` is False until `check` or `append` succeeds.

        Raises:
            LogBrokenError: the stored log contradicts itself or the signer's key. Nothing is started.
        """
        try:
            await self._look()
        except LogBrokenError:
            await self.stop()
            raise
        except LogUnavailableError:
            pass  # `usable` says so
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Append what is waiting, refuse what comes after, and let go of the store. A second time it does nothing."""
        if self._closing:
            return
        self._closing = True
        # The thread does one thing after the other: what waits is written and answered before this comes back.
        self._hand_over()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.close)
        self._usable = False
        self._thread.shutdown(wait=False)

    async def check(self) -> None:
        """
        Take the log's turn once and look at its head, for readiness: an idle hub learns here that its store is back.

        Raises:
            LogBrokenError: the stored log contradicts itself or us.
            LogUnavailableError: it cannot be written, or the sequencer does not run.
        """
        if self._closing or self._loop is None:
            raise LogUnavailableError("the sequencer does not run")
        await self._look()

    async def append(self, pending: Pending) -> Receipt:
        """
        Append one entry and wait until it is durable.

        Returns:
            The receipt, against the checkpoint of the entry's own group.

        Raises:
            EntryError: a value has no canonical form. Nothing was appended.
            LogUnavailableError: the entry is not known to be durable, or the sequencer does not run.
            StaleReadError: a subject changed since it was read. Nothing was appended.
            ReplayedError: what it shows once was shown before. Nothing was appended.
            OverBudgetError: it would use more of a budget than is left. Nothing was appended, and nothing used.
        """
        if self._closing or self._loop is None:
            raise LogUnavailableError("the sequencer does not run")
        receipt = await self._put(Waiting(pending=pending, sealed=seal(pending.entry, self._entropy)), self._loop)
        if not isinstance(receipt, Receipt):
            raise LogUnavailableError("an entry was answered as if it were none")
        return receipt

    async def settle(self, terms: Terms) -> tuple[int, ...]:
        """
        Use up what *terms* name, without an entry, and wait until that is durable: for answers that disclose nothing.

        Returns:
            What is used of each budget now, in the order of `spend`.

        Raises:
            LogUnavailableError, StaleReadError, ReplayedError, OverBudgetError: as `append`. Nothing was used up.
        """
        if self._closing or self._loop is None:
            raise LogUnavailableError("the sequencer does not run")
        used = await self._put(Waiting(pending=terms, sealed=None), self._loop)
        if isinstance(used, Receipt):
            raise LogUnavailableError("terms were answered as if they were an entry")
        return used

    async def _put(self, waiting: Waiting, loop: asyncio.AbstractEventLoop) -> Receipt | tuple[int, ...]:
        asker = _Asker(waiting, loop.create_future())
        with self._lock:
            self._askers.append(asker)
            is_first = len(self._askers) == 1 and not self._writing
        if is_first:
            loop.call_soon(self._hand_over)
        return await asker.answer

    async def _look(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.check)
        except LogUnavailableError:
            self._usable = False
            raise
        self._usable = True

    def _hand_over(self) -> None:
        """Let the thread write, if somebody waits and it does not write already."""
        with self._lock:
            if self._loop is None or self._writing or not self._askers:
                return
            self._writing = True
        self._thread.submit(self._write, self._loop)

    def _write(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write group after group until nobody waits. Runs in the thread."""
        while group := self._next_group():
            try:
                outcomes = self._ledger.commit(
                    [asker.waiting for asker in group], iso(self._now()), partial(self._joining, group)
                )
                told = partial(self._answer, group, outcomes)
            except LogUnavailableError as fault:
                told = partial(self._refuse, group, fault)
            except Exception as fault:  # noqa: BLE001  whatever it is, no asker may wait for ever, and none may be answered
                told = partial(self._refuse, group, LogUnavailableError(type(fault).__name__))
            with contextlib.suppress(RuntimeError):  # the loop was closed around us: nobody waits any more
                loop.call_soon_threadsafe(told)

    def _next_group(self) -> list[_Asker]:
        """Take those who wait and have not gone away. Runs in the thread."""
        while True:
            with self._lock:
                group, self._askers = self._askers[:_MAX_GROUP], self._askers[_MAX_GROUP:]
                self._writing = bool(group)
            alive = [asker for asker in group if not asker.answer.done()]
            if alive or not group:
                return alive

    def _joining(self, group: list[_Asker]) -> Sequence[Waiting]:
        """Add those who came meanwhile to *group*. Runs in the thread."""
        with self._lock:
            room = _MAX_GROUP - len(group)
            late, self._askers = self._askers[:room], self._askers[room:]
        alive = [asker for asker in late if not asker.answer.done()]
        group += alive
        return [asker.waiting for asker in alive]

    def _answer(self, group: Sequence[_Asker], outcomes: Sequence[Outcome]) -> None:
        self._usable = not self._closing
        for asker, outcome in zip(group, outcomes, strict=True):
            if asker.answer.done():
                continue
            if isinstance(outcome, Exception):
                asker.answer.set_exception(outcome)
            else:
                asker.answer.set_result(outcome)

    def _refuse(self, group: Sequence[_Asker], fault: LogUnavailableError) -> None:
        self._usable = False
        for asker in group:
            if not asker.answer.done():
                # One each: an exception raised in many tasks would gather all their tracebacks.
                asker.answer.set_exception(type(fault)(fault.reason))
