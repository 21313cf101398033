"""
Live questions that travel together: one call of many codes in place of many calls, as a log commits in groups.

Rules:
    - There is no timer. While fewer than `calls_max` calls are under way a call leaves in the loop's next round; what
      is asked meanwhile waits, and leaves as one call when a place is free. A call holds at most `codes_max` codes.
    - Only questions under the very same grant travel together: nobody's question widens what is asked about another's.
    - A question has its own deadline and may be given up (its future cancelled) without touching the others. A call
      that nobody waits for any more is broken off; it lasts no longer than the last deadline among its questions.
    - A fault reaches every question of the call, as it would have reached each alone. Where it may lie in one of the
      codes (`OF_THE_ANSWER`), each question is asked once more by itself: no one is refused for another's codes.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Generic, TypeVar

from connectors.errors import SourceError, StopStream
from connectors.transport.seam import typed

_G = TypeVar("_G", bound=Hashable)
_T = TypeVar("_T")

_NOTHING: Final[Mapping[str, Any]] = {}

Look = Callable[[_G, tuple[str, ...], float], Awaitable[Mapping[str, _T]]]
"""Makes one call: grant, codes, seconds it may take; gives every code its answer, or raises `SourceError`."""

OF_THE_ANSWER: Final = frozenset({"SRC_GRAPHQL", "SRC_PARTIAL", "SRC_REPLAY", "SRC_SHAPE"})
"""Passing faults in what a source said, not in whether it could be reached; every `StopStream` is one as well."""


@dataclass(slots=True, eq=False)
class _Question(Generic[_T]):
    """What one asker waits for: *parts* of it are still to come, from *calls*."""

    answer: asyncio.Future[Mapping[str, _T]]
    parts: int
    calls: list["_Call[_T]"] = field(default_factory=list)
    found: dict[str, _T] = field(default_factory=dict)

    def take(self, codes: Sequence[str], found: Mapping[str, _T]) -> None:
        """Take the answer to *codes*; the last part completes the question."""
        self.parts -= 1
        self.found.update((code, found[code]) for code in codes)
        if not self.parts and not self.answer.done():
            self.answer.set_result(self.found)


@dataclass(slots=True, eq=False)
class _Member(Generic[_T]):
    """Some codes of a question, in a call."""

    question: _Question[_T]
    codes: Sequence[str]
    until: float


@dataclass(slots=True, eq=False)
class _Call(Generic[_T]):
    """One call: *waited_for* counts the members whose question has not been answered or given up."""

    grant: Hashable
    members: list[_Member[_T]] = field(default_factory=list)
    codes: dict[str, None] = field(default_factory=dict)
    waited_for: int = 0
    has_left: bool = False
    task: asyncio.Task[None] | None = None

    def join(self, member: _Member[_T]) -> None:
        """Take *member* along."""
        self.members.append(member)
        self.codes.update(dict.fromkeys(member.codes))
        self.waited_for += 1
        member.question.calls.append(self)


class JoinedCalls(Generic[_G, _T]):
    """The calls to one source. Owned by one event loop."""

    def __init__(self, source: str, look: Look[_G, _T], *, calls_max: int, codes_max: int) -> None:
        self._source = source
        self._look = look
        self._calls_max = calls_max
        self._codes_max = codes_max
        self._waiting: deque[_Call[_T]] = deque()
        # By grant the call that has room; it is joined until it really leaves.
        self._open: dict[_G, _Call[_T]] = {}
        self._under_way: set[_Call[_T]] = set()

    def ask(
        self, grant: _G, codes: Sequence[str], until: float, known: Mapping[str, _T] = _NOTHING
    ) -> asyncio.Future[Mapping[str, _T]]:
        """
        Ask about *codes* (each once, at least one) under *grant*, until the loop's time *until*.

        What is *known* already, of other codes, goes into the answer as it stands.

        Returns:
            The answer to every code; a `SourceError` if any part of it failed. Cancel it to give the question up: that
            the deadline has passed is for the asker to notice.
        """
        answer: asyncio.Future[Mapping[str, _T]] = asyncio.get_running_loop().create_future()
        parts: Sequence[Sequence[str]] = (codes,)
        if len(codes) > self._codes_max:
            parts = [codes[start : start + self._codes_max] for start in range(0, len(codes), self._codes_max)]
        question = _Question(answer=answer, parts=len(parts), found=dict(known))
        answer.add_done_callback(partial(_given_up, question))
        for part in parts:
            self._call_for(grant, part).join(_Member(question=question, codes=part, until=until))
        self._leave()
        return answer

    async def close(self) -> None:
        """Break off every call; questions that wait are cancelled."""
        calls = [*self._waiting, *self._under_way]
        for call in calls:
            for member in call.members:
                member.question.answer.cancel()
        tasks = [call.task for call in calls if call.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _call_for(self, grant: _G, codes: Sequence[str]) -> _Call[_T]:
        call = self._open.get(grant)
        if call is None or not self._has_room(call, codes):
            call = self._open[grant] = _Call(grant=grant)
            self._waiting.append(call)
        return call

    def _has_room(self, call: _Call[_T], codes: Sequence[str]) -> bool:
        if len(call.codes) + len(codes) <= self._codes_max:
            return True
        return len(call.codes.keys() | codes) <= self._codes_max

    def _leave(self) -> None:
        while self._waiting and len(self._under_way) < self._calls_max:
            call = self._waiting.popleft()
            self._under_way.add(call)
            call.task = asyncio.get_running_loop().create_task(self._run(call))

    async def _run(self, call: _Call[_T]) -> None:
        grant: _G = call.grant  # type: ignore[assignment]  # made by _call_for of a _G
        call.has_left = True
        if self._open.get(grant) is call:
            del self._open[grant]
        try:
            # Who gave up in the meantime is not asked for any more.
            members = [member for member in call.members if not member.question.answer.done()]
            if members:
                codes = dict.fromkeys(code for member in members for code in member.codes)
                left_s = max(member.until for member in members) - asyncio.get_running_loop().time()
                found = await self._look(grant, tuple(codes), max(left_s, 0.0))
                for member in members:
                    member.question.take(member.codes, found)
        except asyncio.CancelledError:
            for member in call.members:
                member.question.answer.cancel()
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, everybody who waits must hear of it, with its type
            self._failed(call, typed(self._source, error))
        finally:
            self._under_way.discard(call)
            self._leave()

    def _failed(self, call: _Call[_T], error: SourceError) -> None:
        waiting = [member for member in call.members if not member.question.answer.done()]
        may_be_anothers = isinstance(error, StopStream) or error.code in OF_THE_ANSWER
        if len(call.members) > 1 and may_be_anothers:
            for member in waiting:
                alone = _Call[_T](grant=call.grant)
                alone.join(member)
                self._waiting.appendleft(alone)
            return
        for member in waiting:
            member.question.answer.set_exception(error)


def _given_up(question: _Question[_T], _answer: object) -> None:
    """Let the calls of a question that is over, but not answered in all its parts, know that it waits no more."""
    if not question.parts:
        return
    for call in question.calls:
        call.waited_for -= 1
        if not call.waited_for and call.has_left and call.task is not None:
            call.task.cancel()
