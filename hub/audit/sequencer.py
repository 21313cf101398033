"""
The sequencer: gives every entry its place in the log, and the asker an answer only when the entry is durable.

Rules:
    - A group is whatever waits when the one before it is done; there is no timer. So one asker alone pays one fsync,
      and many share it.
    - The store is written by a thread of the sequencer's own (`hub.audit.ledger`); the tasks here only queue and wait.
    - A caller that goes away leaves nothing behind but, perhaps, its entry. The others in its group do not notice.
    - What is not known to be durable is not answered: every failure reaches every caller in the group.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entries import Pending
from hub.audit.errors import AuditError, LogBrokenError, LogUnavailableError
from hub.audit.ledger import Ledger
from hub.audit.receipts import Receipt
from hub.audit.sealing import seal
from hub.audit.step import Waiting
from hub.clock import iso
from keys.errors import NoteError
from keys.notes import Signer

# One transaction stays small enough that a process waiting for its turn does not notice it.
_MAX_GROUP = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asker:
    waiting: Waiting
    answer: "asyncio.Future[Receipt]"


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
        self._askers: list[_Asker] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
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
        self._task = asyncio.create_task(self._run(), name="audit log sequencer")

    async def stop(self) -> None:
        """Append what is waiting, refuse what comes after, and let go of the store. A second time it does nothing."""
        if self._closing:
            return
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        self._usable = False
        await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.close)
        self._thread.shutdown(wait=False)

    async def check(self) -> None:
        """
        Take the log's turn once and look at its head, for readiness: an idle hub learns here that its store is back.

        Raises:
            LogBrokenError: the stored log contradicts itself or us.
            LogUnavailableError: it cannot be written, or the sequencer does not run.
        """
        if self._closing or self._task is None:
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
        """
        if self._closing or self._task is None or self._task.done():
            raise LogUnavailableError("the sequencer does not run")
        waiting = Waiting(pending=pending, sealed=seal(pending.entry, self._entropy))
        asker = _Asker(waiting=waiting, answer=asyncio.get_running_loop().create_future())
        self._askers.append(asker)
        self._wake.set()
        return await asker.answer

    async def _look(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ledger.check)
        except LogUnavailableError:
            self._usable = False
            raise
        self._usable = True

    async def _run(self) -> None:
        group: list[_Asker] = []
        try:
            while self._askers or not self._closing:
                await self._wake.wait()
                self._wake.clear()
                while group := self._next_group():
                    await self._append(group)
        finally:
            # Reached with askers left only when the loop is being torn down around us.
            self._refuse([*group, *self._askers], LogUnavailableError("the sequencer was stopped"))

    def _next_group(self) -> list[_Asker]:
        group, self._askers = self._askers[:_MAX_GROUP], self._askers[_MAX_GROUP:]
        alive = [asker for asker in group if not asker.answer.done()]
        return alive if alive or not self._askers else self._next_group()

    async def _append(self, group: list[_Asker]) -> None:
        waiting = [asker.waiting for asker in group]
        try:
            outcomes = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._ledger.commit, waiting, iso(self._now())
            )
        except LogUnavailableError as fault:
            self._refuse(group, fault)
            return
        except Exception as fault:  # noqa: BLE001  whatever it is, no asker may wait for ever, and none may be answered
            self._refuse(group, LogUnavailableError(type(fault).__name__))
            return
        self._usable = True
        for asker, outcome in zip(group, outcomes, strict=True):
            if asker.answer.done():
                continue
            if isinstance(outcome, AuditError):
                asker.answer.set_exception(outcome)
            else:
                asker.answer.set_result(outcome)

    def _refuse(self, group: list[_Asker], fault: LogUnavailableError) -> None:
        self._usable = False
        for asker in group:
            if not asker.answer.done():
                # One each: an exception raised in many tasks would gather all their tracebacks.
                asker.answer.set_exception(type(fault)(fault.reason))
