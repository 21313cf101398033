"""
What a change set would have changed for those who asked: the questions of the last days, asked again under both.

Rules:
    - Every question is rehearsed on today's data, once as rules and rights are and once as they would be. Both answers
      are digested and dropped: what is told is that they differ, for whom, how often, and at which coordinates.
    - Questions that are the same are rehearsed once, and count as often as they were asked.
    - It is long work: it tells how far it is, and can be stopped; what was found until then stays. What began in a
      process ends with it.
    - It is journalled when it begins and when it ends, stopped or not.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from hub.access.rights import Held
from hub.administration.acting import Agent, check_may
from hub.administration.askers import Register
from hub.administration.desk import Desk
from hub.administration.model import PAGE_MAX, Page
from hub.administration.questions import Asked, Questions
from hub.administration.replayed import Difference, Differing, difference_of, key_of, question_of, told
from hub.administration.simulate import Drafted, read_drafted
from hub.errors import BadInputError, ConflictError, HubError
from hub.gateway.port import Question
from hub.identity.caller import Caller
from hub.identity.officers.duties import Duty
from hub.kept import Kept
from hub.rehearsal import Rehearsal
from hub.store.engine import reading
from keys.canonical import Json
from schema.policy.model import Policy
from schema.policy.simulate import Name

QUESTIONS_MAX = 50_000
"""Most questions of one replay; older ones are left out."""
_AT_ONCE = 200
_KEPT = 4


class Rehearses(Protocol):
    """Rehearses questions (`hub.rehearsal.Rehearsals`)."""

    async def rehearse(self, question: Question, caller: Caller) -> Rehearsal:
        """Tell what *question* would be answered."""


class Rights(Protocol):
    """Where a rehearsal finds rights (`hub.exchange.RightsShelf`)."""

    async def of(self, caller: Caller, now: datetime) -> tuple[Held, int | None]:
        """Tell the rights of *caller*, and no epoch."""


Stage = Callable[[Policy, Rights, datetime], Rehearses]
"""Sets up a rehearsal under a policy, with rights, at an instant."""


class ReplayState(StrEnum):
    """How far a replay is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """
    How far a replay is.

    Attributes:
        id: By which it is asked for.
        change: Id of the change set.
        state: See `ReplayState`.
        asked: Questions looked at so far, repetitions counted.
        rehearsed: Different ones among them.
        left_out: Of partners that are served no more, or that could not be rehearsed.
        differing: Of those looked at, how many would have been answered otherwise.
    """

    id: str
    change: str
    state: ReplayState
    asked: int
    rehearsed: int
    left_out: int
    differing: int


@dataclass(slots=True)
class _Run:
    id: str
    change: str
    state: ReplayState = ReplayState.RUNNING
    asked: int = 0
    left_out: int = 0
    differing: int = 0
    known: dict[bytes, Difference | None] = field(default_factory=dict)
    found: Counter[Difference] = field(default_factory=Counter)
    task: "asyncio.Task[None] | None" = None

    def progress(self) -> Progress:
        return Progress(
            id=self.id,
            change=self.change,
            state=self.state,
            asked=self.asked,
            rehearsed=len(self.known),
            left_out=self.left_out,
            differing=self.differing,
        )


class Replays:
    """Replays questions. One per process."""

    def __init__(self, desk: Desk, questions: Questions, stage: Stage) -> None:
        self._desk = desk
        self._questions = questions
        self._stage = stage
        self._runs: Kept[str, _Run] = Kept(_KEPT)
        self._current: _Run | None = None

    async def begin(self, agent: Agent, change_id: str, *, days: int) -> Progress:
        """
        Begin to replay the questions of the last *days* against a change set, in the background.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: no such change set, an item does not fit any more, or not 1 to as many days as are kept.
            ConflictError: another replay runs (`replay.busy`), or as for a simulation.
        """
        if not 1 <= days <= max(1, self._questions.days):
            raise BadInputError(
                f"days: expected 1 to {self._questions.days}", place=("days",), extensions={"rule": "replay.days"}
            )
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.SIMULATE)
            drafted = await read_drafted(self._desk, writer, change_id)
            if self._is_busy():
                raise _busy()
            run = _Run(self._desk.new_id(), change_id)
            said: dict[str, Json] = {
                "replay": run.id,
                "change": change_id,
                "digest": drafted.change.digest,
                "days": days,
            }
            await self._desk.note(writer, "simulation", agent, "replay_begun", said)
        if self._is_busy():
            # Begun by another officer while this one was written down.
            raise _busy()
        self._current = run
        self._runs.keep(run.id, run)
        since = self._desk.clock.now() - timedelta(days=days)
        run.task = asyncio.create_task(self._replay(run, agent, drafted, since))
        return run.progress()

    async def progress(self, agent: Agent, replay_id: str) -> Progress:
        """Tell how far a replay is. Raises ForbiddenError, BadInputError: as `page`."""
        return (await self._of(agent, replay_id)).progress()

    async def stop(self, agent: Agent, replay_id: str) -> Progress:
        """Stop a replay; what it found until now stays. Raises ForbiddenError, BadInputError: as `page`."""
        run = await self._of(agent, replay_id, Duty.SIMULATE)
        await _stopped(run)
        return run.progress()

    async def page(self, agent: Agent, replay_id: str, *, first: int, after: str | None = None) -> Page[Differing]:
        """
        List at most *first* differences, the most frequent first; of a replay that has ended.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: this process has no such replay (`replay.unknown`), or no such place.
            ConflictError: it still runs: `replay.running`.
        """
        run = await self._of(agent, replay_id)
        if run.state is ReplayState.RUNNING:
            raise ConflictError("replay.running", "The replay still runs: ask again, or stop it", changed={})
        if after is not None and not (after.isascii() and after.isdigit() and len(after) < len("1000000000")):
            raise BadInputError("after: not the end of a page", place=("after",), extensions={"rule": "page.after"})
        start, first = int(after or 0), max(1, min(first, PAGE_MAX))
        rows = sorted(run.found.items(), key=lambda each: (-each[1], each[0].partner or "", repr(each[0])))
        some = [told(difference, count) for difference, count in rows[start : start + first]]
        return Page(rows=some, end=str(start + first) if start + first < len(rows) else None)

    async def close(self) -> None:
        """Stop what runs; the process ends."""
        if self._current is not None:
            await _stopped(self._current)

    def _is_busy(self) -> bool:
        return self._current is not None and self._current.state is ReplayState.RUNNING

    async def _of(self, agent: Agent, replay_id: str, duty: Duty = Duty.READ_POLICY) -> _Run:
        async with reading(self._desk.engine) as reader:
            await check_may(reader, agent, duty)
        run = self._runs.find(replay_id)
        if run is None:
            raise BadInputError("no such replay here", place=("id",), extensions={"rule": "replay.unknown"})
        return run

    async def _replay(self, run: _Run, agent: Agent, drafted: Drafted, since: datetime) -> None:
        ended = ReplayState.FAILED
        try:
            await self._all(run, drafted, since)
            ended = ReplayState.DONE
        except asyncio.CancelledError:
            ended = ReplayState.STOPPED
        except (HubError, DBAPIError):
            pass  # the store cannot be read; that it failed is told and journalled
        await self._ended(run, agent, ended)

    async def _ended(self, run: _Run, agent: Agent, state: ReplayState) -> None:
        said = {"replay": run.id, "change": run.change, "state": state.value}
        counts = {"asked": run.asked, "differing": run.differing, "left_out": run.left_out}
        try:
            async with self._desk.act() as writer:
                await self._desk.note(writer, "simulation", agent, "replay_ended", {**said, **counts})
        finally:
            run.state = state

    async def _all(self, run: _Run, drafted: Drafted, since: datetime) -> None:
        sides = [
            (register, self._stage(policy, _Drafted(register), register.at))
            for policy, register in ((drafted.before, drafted.now), (drafted.after, drafted.then))
        ]
        after: int | None = None
        while run.asked < QUESTIONS_MAX:
            some = await self._questions.since(since, after=after, first=_AT_ONCE)
            if some.end is None:
                return
            run.asked, run.left_out = run.asked + some.unreadable, run.left_out + some.unreadable
            for asked in some.asked:
                await self._one(run, sides, asked)
            after = some.end

    async def _one(self, run: _Run, sides: list[tuple[Register, Rehearses]], asked: Asked) -> None:
        callers = [register.caller(asked.partner) for register, _ in sides]
        if callers == [None, None]:
            run.asked, run.left_out = run.asked + 1, run.left_out + 1
            return
        key = key_of(asked)
        if key not in run.known:
            question = question_of(asked)
            answers = [
                _ABSENT if caller is None else await stage.rehearse(question, caller)
                for caller, (_, stage) in zip(callers, sides, strict=True)
            ]
            run.known[key] = difference_of(asked, answers[0], answers[1])
        difference = run.known[key]
        run.asked += 1
        if difference is not None:
            run.differing += 1
            run.found[difference] += 1


_ABSENT = Rehearsal(digest="", refused="UNAUTHENTICATED", masked={}, denied={})


class _Drafted:
    """The rights of a register, as a rehearsal asks for them."""

    def __init__(self, register: Register) -> None:
        self._register = register
        # The same object for the same partner: what is planned is kept by it.
        self._known: dict[Name, Held] = {}

    async def of(self, caller: Caller, _now: datetime) -> tuple[Held, int | None]:
        """Tell the rights of *caller*; they stand in no epoch."""
        if caller.partner not in self._known:
            self._known[caller.partner] = self._register.rights(caller.partner)
        return self._known[caller.partner], None


def _busy() -> ConflictError:
    return ConflictError("replay.busy", "Another replay runs: wait for it, or stop it", changed={})


async def _stopped(run: _Run) -> None:
    if run.task is not None and run.state is ReplayState.RUNNING:
        run.task.cancel()
        await asyncio.gather(run.task, return_exceptions=True)
        if run.state is ReplayState.RUNNING:
            # Cancelled before its first step.
            run.state = ReplayState.STOPPED
