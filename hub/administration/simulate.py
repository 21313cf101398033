"""
What a change set would change: simulated over every partner, purpose and coordinate, before it is approved.

Rules:
    - Only rules are asked, never a record: what is told is who would be shown what, if a row of that shape exists.
    - Every run is journalled before it begins, and its result with its digest when it ends.
    - One at a time in a process, in a thread, and no longer than it may take; whoever stops waiting stops it.
    - A result is kept in memory for its pages. A process that does not have it (another one made it, or it left) makes
      it again, and tells it only if it is still the same; else the officer runs it again.
"""

import asyncio
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, islice
from threading import Event
from time import monotonic

from sqlalchemy import select

from hub.access.policies import PolicyMissingError
from hub.administration.acting import Agent, check_may
from hub.administration.askers import Register, read_register, register_after
from hub.administration.assessing import Assessment
from hub.administration.change_rows import get_change
from hub.administration.desk import Desk
from hub.administration.drafting import assessed
from hub.administration.model import PAGE_MAX, Page
from hub.administration.model import Change as ChangeSet
from hub.administration.timeline import read_policy, read_timeline
from hub.errors import BadInputError, ConflictError
from hub.identity.officers.duties import Duty
from hub.kept import Kept
from hub.store.administration_tables import JournalRow
from hub.store.engine import Reader, reading
from hub.store.tables import table_of
from keys.canonical import canonical_json
from schema.policy.model import Policy
from schema.policy.simulate import Change, Group, Name, Side, Simulation, Turn, simulate

SECONDS_MAX = 60.0
"""How long one run may take."""
_KEPT = 8
_JOURNAL = table_of(JournalRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """
    A change set with what it starts from and what it would make.

    Attributes:
        change: As it is stored.
        before, after: Policies; the same one where the set does not touch the policy.
        now, then: Partners and rights.
    """

    change: ChangeSet
    before: Policy
    after: Policy
    now: Register
    then: Register


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """
    A run.

    Attributes:
        id: By which its pages are asked for.
        change: Id of the change set.
        cells: Cells that were decided upon.
        changed: Cells that change.
        turns: How many open, close, or do both.
        partners: Partners for whom something changes; None among them: the public.
    """

    id: str
    change: str
    cells: int
    changed: int
    turns: Mapping[Turn, int]
    partners: frozenset[Name]


class Simulations:
    """Runs simulations. One per process."""

    def __init__(self, desk: Desk, *, seconds_max: float = SECONDS_MAX) -> None:
        self._desk = desk
        self._seconds_max = seconds_max
        self._turn = asyncio.Lock()
        self._results: Kept[str, _Result] = Kept(_KEPT)

    async def run(self, agent: Agent, change_id: str) -> Simulated:
        """
        Simulate a change set as the store stands now.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: there is no such change set, or an item does not fit any more; `simulation.too_large` if it
                takes longer than it may.
            ConflictError: the policy is another than the set was drafted against.
        """
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.SIMULATE)
            change = await get_change(writer, change_id)
            name = self._desk.new_id()
            said = {"simulation": name, "change": change.id, "digest": change.digest}
            await self._desk.note(writer, "simulation", agent, "begun", said)
        result = await self._made(change_id)
        async with self._desk.act() as writer:
            told = {"simulation": name, "change": change.id, "digest": change.digest, "result": result.digest}
            counts = {"cells": result.simulation.cells, "changed": result.simulation.count}
            await self._desk.note(writer, "simulation", agent, "done", {**told, **counts})
        self._results.keep(name, result)
        return result.told(name, change.id)

    async def page(self, agent: Agent, simulation_id: str, *, first: int, after: str | None = None) -> Page[Change]:
        """
        List at most *first* cells that change, by partner, purpose and coordinate; *after* is the last page's end.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError: no such simulation (`simulation.unknown`), or no such place.
            ConflictError: what it was made from has changed since: `simulation.stale`.
        """
        start = _place(after)
        first = max(1, min(first, PAGE_MAX))
        async with reading(self._desk.engine) as reader:
            await check_may(reader, agent, Duty.READ_POLICY)
            change_id, digest = await self._journalled(reader, simulation_id)
        result = self._results.find(simulation_id)
        if result is None:
            result = await self._made(change_id)
            if result.digest != digest:
                raise ConflictError(
                    "simulation.stale", "What was simulated has changed since: run it again", changed={}
                )
            self._results.keep(simulation_id, result)
        rows = list(islice(result.changes(start), first))
        end = start + len(rows)
        return Page(rows=rows, end=str(end) if end < result.simulation.count else None)

    async def _journalled(self, reader: Reader, simulation_id: str) -> tuple[str, str]:
        """The change set and the result's digest of a run that was done."""
        rows = await reader.rows(
            select(_JOURNAL.c.body).where(_JOURNAL.c.kind == "simulation", _JOURNAL.c.id >= simulation_id)
            .order_by(_JOURNAL.c.id).limit(1_000)
        )  # fmt: skip
        for row in rows:
            said = json.loads(row.body)
            if said.get("simulation") == simulation_id and said.get("action") == "done":
                return str(said["change"]), str(said["result"])
        raise BadInputError("no such simulation", place=("id",), extensions={"rule": "simulation.unknown"})

    async def _made(self, change_id: str) -> "_Result":
        async with reading(self._desk.engine) as reader:
            drafted = await read_drafted(self._desk, reader, change_id)
        stop = Event()
        until = monotonic() + self._seconds_max
        async with self._turn:
            try:
                return await asyncio.to_thread(partial(_result, self._desk, drafted, stop, until))
            except _StoppedError:
                raise BadInputError(
                    f"The simulation takes longer than {self._seconds_max:g} s",
                    place=("change",),
                    extensions={"rule": "simulation.too_large"},
                ) from None
            finally:
                # Who waits no more has cancelled this: the thread ends at its next step.
                stop.set()


async def read_drafted(desk: Desk, reader: Reader, change_id: str) -> Drafted:
    """
    Read a change set, with both sides of it, as the store stands.

    Raises:
        BadInputError, ConflictError, PolicyMissingError: see `hub.administration.drafting.assessed`.
    """
    change = await get_change(reader, change_id)
    assessment = await assessed(desk, reader, change)
    before = await _base(reader, assessment, desk)
    after = assessment.policy or before
    now = await read_register(reader, desk.clock.now())
    then = await register_after(reader, now, change.items, after)
    # One number for both: an answer may tell it, and it is no difference of its own.
    return Drafted(change=change, before=before, after=replace(after, version=before.version), now=now, then=then)


async def _base(reader: Reader, assessment: Assessment, desk: Desk) -> Policy:
    if assessment.base is not None:
        return assessment.base
    head = (await read_timeline(reader)).in_force(desk.now())
    if head is None:
        raise PolicyMissingError("policy: no version is in force")
    return await read_policy(reader, head)


class _StoppedError(Exception):
    """Nobody waits any more, or it takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """A simulation, in the order of its pages."""

    simulation: Simulation
    digest: str
    blocks: tuple[tuple[Name, Group], ...]
    ends: tuple[int, ...]

    def changes(self, start: int) -> Iterator[Change]:
        """The cells that change from place *start* on."""
        block = bisect_right(self.ends, start)
        skipped = start - (self.ends[block - 1] if block else 0)
        for name, group in self.blocks[block:]:
            yield from islice(group.changes_of(name), skipped, None)
            skipped = 0

    def told(self, name: str, change_id: str) -> Simulated:
        turns = dict.fromkeys(Turn, 0)
        for group in self.simulation.groups:
            for turn, count in group.turns().items():
                turns[turn] += count * len(group.partners)
        return Simulated(
            id=name,
            change=change_id,
            cells=self.simulation.cells,
            changed=self.simulation.count,
            turns=turns,
            partners=frozenset(partner for group in self.simulation.groups for partner in group.partners),
        )


def _result(desk: Desk, drafted: Drafted, stop: Event, until: float) -> _Result:
    def go_on() -> None:
        if stop.is_set() or monotonic() > until:
            raise _StoppedError

    before = Side(policy=drafted.before, askers=drafted.now.askers())
    after = Side(policy=drafted.after, askers=drafted.then.askers())
    simulation = simulate(desk.table, before, after, go_on=go_on)
    blocks = simulation.blocks()
    ends = tuple(accumulate(len(group.changes) for _, group in blocks))
    return _Result(simulation=simulation, digest=_digest(blocks, go_on), blocks=blocks, ends=ends)


def _digest(blocks: tuple[tuple[Name, Group], ...], go_on: Callable[[], None]) -> str:
    """Digest what changes: partner, purpose, coordinate, and from which decision to which."""
    found = hashlib.sha256()
    spelled: dict[int, bytes] = {}
    for name, group in blocks:
        go_on()
        if id(group) not in spelled:
            cells = {
                coordinate: [[repr(case.before), repr(case.after)] for case in cases]
                for coordinate, cases in group.changes.items()
            }
            spelled[id(group)] = hashlib.sha256(canonical_json(cells)).digest()
        found.update(canonical_json([name, group.purpose]) + spelled[id(group)])
    return f"sha256:{found.hexdigest()}"


def _place(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit() or len(after) > len("1000000000"):
        raise BadInputError("after: not the end of a page", place=("after",), extensions={"rule": "page.after"})
    return int(after)
