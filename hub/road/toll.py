"""
The toll of a request: its proof is used up, and it counts in its asker's budgets, whatever becomes of it.

Rules:
    - An answer that the log makes durable pays in the transaction that does so: all of it happens, or nothing.
    - Every other answer pays by itself before it leaves: refusals, answers that disclose nothing, and requests that
      never became a question. What failed on our side pays as soon as it can, without keeping the asker waiting.
    - An answer that has to be made again has paid nothing yet. A replayed proof is nobody's request: it pays nothing.
    - A request over budget uses up its proof, and counts as a request if that budget is not the one that is used up.
      It is refused before anything is fetched as soon as this process knows that no unit is left.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from hub.access.budget import (
    REQUESTS,
    Allowance,
    Allowances,
    Level,
    headers_of,
    policy_of,
    seconds_until,
    spend_of,
)
from hub.access.visitors import Visitors
from hub.audit.entries import Spend, Terms
from hub.audit.errors import LogUnavailableError, OverBudgetError, ReplayedError
from hub.clock import Clock, iso
from hub.errors import RateLimitedError, RefusalError, UnauthenticatedError
from hub.gateway.port import Answer, CallerChangedError, Question
from hub.identity.caller import Caller, Proof
from hub.identity.dpop import SIGNING_ALGORITHMS

_ACCOUNTS_MAX = 20_000


class Levels:
    """How far budgets were used when this process last heard of them: at least so far. One per process."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[int, float]] = {}

    def of(self, part: Spend) -> int | None:
        """Tell how far the budget of *part* is used at least; None if nothing is known."""
        found = self._used.get((part.asker, part.span))
        return None if found is None else found[0]

    def note(self, part: Spend, used: int, now: float) -> None:
        """Take over that *used* units are used at *now*, seconds since 1970."""
        if len(self._used) >= _ACCOUNTS_MAX:
            self._used = {account: held for account, held in self._used.items() if held[1] > now}
            if len(self._used) >= _ACCOUNTS_MAX:
                self._used.clear()
        self._used[part.asker, part.span] = (used, part.until)


class Toll:
    """
    What one request owes.

    Attributes:
        allowance: What its asker may use.
        at: When it came; a retry belongs to the same minute.
        is_paid: Whether it was used up and counted.
    """

    __slots__ = (
        "_asker",
        "_levels",
        "_proof",
        "_requests",
        "_spend",
        "_subjects",
        "allowance",
        "at",
        "is_paid",
        "told",
    )

    def __init__(
        self, levels: Levels, *, asker: str | None, proof: Proof | None, allowance: Allowance, at: datetime
    ) -> None:
        self._levels = levels
        self._asker = asker
        self._proof = proof
        self._requests, self._subjects = 1, 0
        self._spend: tuple[Spend, ...] | None = None
        self.allowance = allowance
        self.at = at
        self.is_paid = False
        self.told: list[Level] = []

    @classmethod
    def nothing(cls, at: datetime) -> "Toll":
        """Make the toll of a question that is not asked over the wire, e.g. one that is rehearsed: it owes nothing."""
        free = Allowance(requests_per_minute=None, subjects_per_day=None)
        return cls(Levels(), asker=None, proof=None, allowance=free, at=at)

    @property
    def once(self) -> bytes | None:
        """Digest of the proof to use up."""
        return None if self._proof is None else self._proof.digest

    @property
    def once_until(self) -> float:
        """When the proof's age alone refuses it, seconds since 1970."""
        return 0.0 if self._proof is None else self._proof.expires_at

    @property
    def spend(self) -> tuple[Spend, ...]:
        """What is counted; nothing in the store for the public."""
        if self._spend is None:
            self._spend = (
                ()
                if self._asker is None
                else spend_of(self._asker, self.allowance, self.at, requests=self._requests, subjects=self._subjects)
            )
        return self._spend

    def name(self, subjects: int) -> None:
        """
        Say how many *subjects* the question names.

        Raises:
            OverBudgetError: not as many are left, as this process knows already.
        """
        self._subjects, self._spend = subjects, None
        self.check()

    def check(self) -> None:
        """
        Look whether enough is left, as far as this process knows.

        Raises:
            OverBudgetError: not as much is left.
        """
        for part in self.spend:
            used = self._levels.of(part)
            if used is not None and part.amount and used + part.amount > part.limit:
                raise OverBudgetError(span=part.span, limit=part.limit, used=used, free_at=part.until)

    def pay(self, used: tuple[int, ...]) -> None:
        """Take over that it was paid, and what is *used* of each budget now."""
        self.is_paid = True
        now = self.at.timestamp()
        for part, level in zip(self.spend, used, strict=True):
            self._levels.note(part, level, now)
        if self._asker is not None:
            self.told = _levels(self.spend, used)

    def waive(self, *, requests: bool) -> None:
        """Ask for no subjects any more, and if *requests*, not to be counted as a request either."""
        self._subjects, self._spend = 0, None
        if requests:
            self._requests = 0

    def hear(self, over: OverBudgetError) -> None:
        """Take over from a refusal how far a budget is used."""
        for part in self.spend:
            if part.span == over.span:
                self._levels.note(part, over.used, self.at.timestamp())

    def headers(self) -> Mapping[str, str]:
        """Spell what is left, for the answer."""
        told = self.told or _levels(self.spend, tuple(self._levels.of(part) for part in self.spend))
        return headers_of(told, self.at)


def _levels(spend: tuple[Spend, ...], used: tuple[int | None, ...]) -> list[Level]:
    return [
        Level(policy=policy_of(part.span), limit=part.limit, used=level, until=part.until)
        for part, level in zip(spend, used, strict=True)
    ]


class TolledRoad(Protocol):
    """The road behind the gate."""

    async def answer(self, question: Question, caller: Caller, toll: Toll) -> Answer:
        """Answer, as `hub.gateway.port.Road`; pays *toll* with the entry, if there is one."""


class Settler(Protocol):
    """The log's sequencer, for what has no entry."""

    async def settle(self, terms: Terms) -> tuple[int, ...]:
        """Use up *terms*. Raises ReplayedError, OverBudgetError, or LogUnavailableError."""


class Tollgate:
    """The road with its gate before it. A `hub.gateway.port.Road`."""

    def __init__(
        self, road: TolledRoad, *, log: Settler, allowances: Allowances, visitors: Visitors, clock: Clock
    ) -> None:
        self._road = road
        self._log = log
        self._allowances = allowances
        self._visitors = visitors
        self._clock = clock
        self._levels = Levels()
        self._late: set[asyncio.Task[None]] = set()

    async def answer(self, question: Question, caller: Caller) -> Answer:
        """
        Answer *question* for *caller*, and let it pay.

        Raises:
            UnauthenticatedError: its proof was shown before. Nothing was disclosed.
            RateLimitedError: its asker is over a budget. Nothing was disclosed.
            RefusalError, CallerChangedError, UnavailableError: as the road.
        """
        toll = self._toll(caller, question.proof)
        try:
            self._enter(toll, caller, question.peer)
            try:
                answer = await self._road.answer(question, caller, toll)
            except RefusalError as refusal:
                await self._pay(toll)
                refusal.headers = {**refusal.headers, **toll.headers()}
                raise
            await self._pay(toll)
        except (CallerChangedError, RefusalError):
            raise
        except ReplayedError:
            raise _replayed() from None
        except OverBudgetError as over:
            raise await self._over(toll, over) from None
        except BaseException:
            self._pay_late(toll)
            raise
        return _with(answer, toll.headers())

    async def count(self, caller: Caller, proof: Proof | None, peer: str | None) -> Mapping[str, str]:
        """
        Let a request pay that was refused before it became a question.

        Returns:
            Headers for the refusal.

        Raises:
            UnauthenticatedError: its proof was shown before.
            RateLimitedError: its asker is over a budget.
            UnavailableError: it cannot be counted.
        """
        toll = self._toll(caller, proof)
        try:
            self._enter(toll, caller, peer)
            await self._pay(toll)
        except ReplayedError:
            raise _replayed() from None
        except OverBudgetError as over:
            raise await self._over(toll, over) from None
        return toll.headers()

    async def drain(self) -> None:
        """Wait until what failed has paid."""
        while self._late:
            await asyncio.wait(self._late)

    def _toll(self, caller: Caller, proof: Proof | None) -> Toll:
        return Toll(
            self._levels,
            asker=caller.partner,
            proof=proof,
            allowance=self._allowances.of(caller),
            at=self._clock.now(),
        )

    def _enter(self, toll: Toll, caller: Caller, peer: str | None) -> None:
        """Count a visitor; refuse who is known to have nothing left. Raises OverBudgetError."""
        if caller.is_public:
            toll.told = self._visitors.admit(peer, toll.at)
        else:
            toll.check()

    async def _pay(self, toll: Toll) -> None:
        if toll.is_paid or (toll.once is None and not toll.spend):
            return
        used = await self._log.settle(Terms(once=toll.once, once_until=toll.once_until, spend=toll.spend))
        toll.pay(used)

    def _pay_late(self, toll: Toll) -> None:
        """Let pay what failed or was cancelled; what the log cannot take now is lost with the answer."""

        async def pay() -> None:
            with suppress(LogUnavailableError, ReplayedError, OverBudgetError):
                await self._pay(toll)

        task = asyncio.get_running_loop().create_task(pay())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _over(self, toll: Toll, over: OverBudgetError) -> RefusalError:
        """Let a request that is over a budget pay what it still owes, and make its refusal."""
        toll.hear(over)
        try:
            toll.waive(requests=policy_of(over.span) == REQUESTS)
            try:
                await self._pay_rest(toll)
            except OverBudgetError as also:  # others were faster: the request itself is one too many as well
                toll.hear(also)
                toll.waive(requests=True)
                await self._pay_rest(toll)
        except ReplayedError:
            return _replayed()
        return _rate_limited(over, toll)

    async def _pay_rest(self, toll: Toll) -> None:
        """Pay, unless nothing is left to be used up or counted."""
        if toll.once is not None or any(part.amount for part in toll.spend):
            await self._pay(toll)


def _with(answer: Answer, headers: Mapping[str, str]) -> Answer:
    if not headers:
        return answer
    return Answer(
        body=answer.body,
        is_request_error=answer.is_request_error,
        headers={**answer.headers, **headers},
        public=answer.public,
        denials=answer.denials,
    )


def _replayed() -> UnauthenticatedError:
    return UnauthenticatedError(
        "The proof was used before; make a new one", error="invalid_dpop_proof", proof_algorithms=SIGNING_ALGORITHMS
    )


def _rate_limited(over: OverBudgetError, toll: Toll) -> RateLimitedError:
    policy = policy_of(over.span)
    wait_s = seconds_until(over.free_at, toll.at.timestamp())
    return RateLimitedError(
        f"The limit of {over.limit} {policy.replace('-', ' ')} is reached; nothing was disclosed. Ask again later.",
        retry_after_s=wait_s,
        rule=f"quota.{policy}",
        extensions={"limit": over.limit, "freeAt": iso(datetime.fromtimestamp(over.free_at, UTC))},
        headers=toll.headers(),
    )
