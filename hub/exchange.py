"""
The one road of a question, in ten steps a reader can follow with a finger.

    1 receive · 2 identify · 3 parse and validate · 4 plan · 5 admit · 6 fetch what was granted · 7 judge rows ·
    8 render · 9 attest (durable) · 10 answer with its receipt

Rules:
    - Nothing else decides who sees what; every way of asking comes through here.
    - The answer leaves only when its entry is durable. If the log cannot be written, nothing leaves.
    - Reads are optimistic: if a subject changed between read and attestation, the answer is made again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol

from graphql import GraphQLError
from graphql.execution.values import VariableValues
from structlog.typing import FilteringBoundLogger

from hub.access.cursors import SealedCursors
from hub.access.pseudonyms import Pseudonyms
from hub.access.purpose import purpose_of
from hub.access.rights import Held
from hub.access.standing import check_purpose
from hub.audit.entries import Pending
from hub.audit.errors import StaleReadError
from hub.audit.receipts import Receipt
from hub.clock import Clock, legal_day, stopwatch
from hub.errors import (
    BadInputError,
    ForbiddenError,
    PurposeRequiredError,
    RefusalError,
    TooExpensiveError,
    UnavailableError,
)
from hub.gateway.port import Answer, CallerChangedError, Question
from hub.identity.caller import Caller
from hub.road.answer import answered, argument_error, denial_errors, reference_error, refused, source_errors
from hub.road.attest import Asked, disclosure_of, refusal_of
from hub.road.documents import Documents, RequestFaultError
from hub.road.fetch import Fetcher
from hub.road.plans import Compilation, Plans, Ruling
from hub.road.preview import Previewer
from hub.road.render import Rendered, render, render_compiled
from hub.road.roots import Wanted, check_one_subject, wanted
from hub.road.searching import Searches
from hub.road.sight import Sight, wish_of
from hub.road.status import AskersLimits, Status
from hub.road.strokes import Strokes
from hub.road.toll import Toll
from hub.road.used import grants_used
from hub.road.views import Setting
from hub.store.epochs import Epochs
from hub.store.sources import SourceState
from schema.graph.asking import Asking, SearchPage
from schema.graph.build import Exchange
from schema.graph.preview import PreviewKey
from schema.graph.views import Guard, Outcome, Plain
from schema.plan.cost import CostError, Estimate, check
from schema.plan.errors import DeniedReferenceError
from schema.plan.guarded import GuardTable
from schema.plan.model import Plan
from schema.policy.model import Policy
from schema.render.runtime import HandOverError, NotWrittenError
from schema.rules.book import RuleBook

INLINE_ROWS = 500
"""Rows that are rendered at once; more are rendered in a thread, so that other askers do not wait."""
MAX_TRIES = 5
"""How often an answer is made again because a subject changed under it."""


class PolicyShelf(Protocol):
    """Where the policy in force is found."""

    @property
    def epoch(self) -> int:
        """Epoch that what `current` returned last was read at."""

    async def current(self, now: datetime) -> Policy:
        """Return the policy in force at *now*, as far as is known here; see `epoch`."""


class RightsShelf(Protocol):
    """Where consents and grants are found."""

    async def of(self, caller: Caller, now: datetime) -> tuple[Held, int | None]:
        """Tell the rights of *caller* at *now*, and the epoch they were read at; None for the public."""


class Attestor(Protocol):
    """The log's sequencer."""

    async def append(self, pending: Pending) -> Receipt:
        """Make *pending* durable. Raises StaleReadError, or LogUnavailableError."""


class Remembers(Protocol):
    """Who remembers what was answered; nobody waits for it."""

    def note(self, asked: Asked, receipt: Receipt, used: frozenset[str]) -> None:
        """Note that *asked* has the entry of *receipt*, and that the grants *used* took part in its answer."""


_TOLD_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLimits:
    """What one question may be predicted to cost: objects in the answer, bytes of `data`."""

    rows_max: int
    bytes_max: int


class Planned(NamedTuple):
    """A question after step 5: decisions, code, plan, predicted cost, what to fetch, and the previews it asks for."""

    ruling: Ruling
    compilation: Compilation
    plan: Plan
    estimate: Estimate
    needed: Wanted
    previews: Mapping[PreviewKey, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    What the road stands on. Built once by `hub.wiring`.

    Attributes:
        exchange: The schema.
        sdl: SDL served at `_service`.
        table: Guarded coordinates.
        documents: Parsed documents.
        plans: Compiled documents.
        policies: The policy in force.
        rights: Consents and grants.
        epochs: What this process knows to have changed.
        fetcher: Archive and live sources.
        searches: Name searches.
        status: Source status.
        log: The log's sequencer.
        cursors: Seals cursors, for each asker its own.
        pseudonyms: Names records on the wire.
        rules: Dated rule data.
        limits: What a question may cost; a partner's own limits may be lower.
        clock: The time.
        report: The operator's log.
    """

    exchange: Exchange
    sdl: str
    table: GuardTable
    documents: Documents
    plans: Plans
    policies: PolicyShelf
    rights: RightsShelf
    epochs: Epochs
    fetcher: Fetcher
    searches: Searches
    status: Status
    log: Attestor
    cursors: SealedCursors
    pseudonyms: Pseudonyms
    rules: RuleBook
    limits: CostLimits
    clock: Clock
    report: FilteringBoundLogger


class ExchangeRoad:
    """Answers questions; the only one who does."""

    def __init__(self, ground: Ground, strokes: Strokes | None = None, remembers: Remembers | None = None) -> None:
        self._ground = ground
        self._remembers = remembers
        self._strokes = strokes
        self._previewer = Previewer(documents=ground.documents, plans=ground.plans, fetcher=ground.fetcher)

    async def answer(self, question: Question, caller: Caller, toll: Toll | None = None) -> Answer:
        """
        Answer *question* for *caller*, which pays *toll* with the answer's entry; without an entry, its gate pays.

        Raises:
            RefusalError: the whole request is refused; the text is safe to show.
            CallerChangedError: the caller's entry changed since it was identified.
            ReplayedError, OverBudgetError: the toll cannot be paid. Nothing was paid.
            UnavailableError: store or log cannot be used, so nothing may leave.
        """
        ground = self._ground
        toll = toll or Toll.nothing(ground.clock.now())
        for _ in range(MAX_TRIES):
            try:
                return await self._try(question, caller, toll)
            except StaleReadError as stale:
                ground.epochs.note(stale.epochs)
                ground.fetcher.forget(stale.codes)
                if caller.epoch is not None and "partner" in stale.epochs:
                    raise CallerChangedError from None
        raise UnavailableError("The records asked for are changing too fast; ask again.")

    async def _try(self, question: Question, caller: Caller, toll: Toll) -> Answer:
        """Answer from what is held in memory. Raises StaleReadError if that is no longer what the store says."""
        ground = self._ground
        now = ground.clock.now()
        # 1 receive: form was checked at the door. 2 identify: caller and purpose make a standing under the policy.
        policy = await ground.policies.current(now)
        epochs = {"policy": ground.policies.epoch}
        if caller.epoch is not None:
            epochs["partner"] = caller.epoch
        try:
            purpose = purpose_of(question.extensions, question.purpose_header)
            rights, right_epoch = await ground.rights.of(caller, now)
            if right_epoch is not None:
                epochs["right"] = right_epoch
            standing, ruling = ground.plans.standing(policy, caller, purpose, rights)
            # 3 parse and validate.
            await ground.documents.admit(question.document)
            prepared = ground.documents.prepare(question.document, question.operation_name, question.variables)
            asked = Asked(
                at=now,
                caller=caller,
                standing=standing,
                document=question.document,
                prepared=prepared,
                catalogue_version=ground.table.catalogue_version,
                epochs=epochs,
                toll=toll,
            )
            return await self._planned(question, asked, policy, ruling)
        except RequestFaultError as fault:
            await self._confirm(epochs)
            return refused(fault.errors)
        except RefusalError:
            await self._confirm(epochs)
            raise

    async def _planned(self, question: Question, asked: Asked, policy: Policy, ruling: Ruling) -> Answer:
        ground = self._ground
        wish = on_denied(question)
        try:
            check_purpose(policy, asked.standing)
        except PurposeRequiredError as refusal:
            receipt = await self._attest(asked, refusal_of(asked, {"operation": str(refusal.extensions["rule"])}))
            return refused([refusal.as_graphql()], receipt, denials=1)
        # 4 plan: every coordinate is decided once, before anything is fetched.
        try:
            compilation = await ground.plans.plan(asked.prepared, ruling)
            plan = compilation.blueprint.bind(asked.prepared.variables)
        except GraphQLError as error:
            raise RequestFaultError([argument_error(error)]) from None
        except DeniedReferenceError as refusal:
            receipt = await self._attest(asked, refusal_of(asked, {refusal.coordinate: refusal.rule}))
            return refused([reference_error(refusal)], receipt, denials=1)
        # 5 admit.
        estimate = await compilation.estimate(plan, asked.prepared.variables)
        self._admit(estimate, asked.caller)
        needed = wanted(plan)
        asked.toll.name(needed.named)
        if asked.caller.is_public:
            try:
                check_one_subject(plan, needed)
            except ForbiddenError as refusal:
                receipt = await self._attest(asked, refusal_of(asked, {"operation": refusal.rule}))
                return refused([refusal.as_graphql()], receipt, denials=1)
        if plan.denied and wish == "reject":
            denied = {use.coordinate: decision.rule for use, decision in plan.denied}
            receipt = await self._attest(asked, refusal_of(asked, denied))
            return refused(denial_errors(plan, {}), receipt, denials=len(denied))
        previews = await self._previewer.previews(plan, asked.standing, ruling, self._limits(asked.caller))
        return await self._answered(question, asked, Planned(ruling, compilation, plan, estimate, needed, previews))

    def _limits(self, caller: Caller) -> tuple[int, int]:
        """Rows and bytes that one question of *caller* may cost."""
        limits = self._ground.limits
        rows_max = min(limits.rows_max, caller.rows_max or limits.rows_max)
        return rows_max, min(limits.bytes_max, caller.bytes_max or limits.bytes_max)

    def _admit(self, estimate: Estimate, caller: Caller) -> None:
        """Refuse what is predicted to cost more than *caller* may ask for. Raises TooExpensiveError."""
        try:
            check(estimate, *self._limits(caller))
        except CostError as error:
            told = {"rows": estimate.rows, "bytes": estimate.bytes, "comparisons": estimate.comparisons}
            # A prediction may have more digits than a client can read.
            shown = {name: min(value, _TOLD_MAX) for name, value in told.items()}
            raise TooExpensiveError(
                f"The question is predicted to take more {error.exceeded} than it may; ask for less.",
                extensions={**shown, **error.limits},
            ) from None

    async def _answered(self, question: Question, asked: Asked, planned: Planned) -> Answer:
        ground, plan = self._ground, planned.plan
        began = stopwatch()
        states, epoch = await ground.status.read(asked.at)
        asked.epochs["source"] = epoch
        asked.epochs["owner"] = await ground.epochs.tag("owner")
        # 6 fetch what was granted, 7 judge rows.
        today = legal_day(asked.at)
        sight = Sight(
            fetcher=ground.fetcher,
            ruling=planned.ruling,
            setting=Setting(today=today, rules=ground.rules.on(today), pseudonyms=ground.pseudonyms),
            wish=wish_of(plan, planned.ruling.countable),
        )
        await sight.see(planned.needed.codes)
        cursors = ground.cursors.of(asked.caller.partner or "")
        searches = await ground.searches.run(planned.needed.searches, sight, planned.ruling.decider, cursors)
        # 8 render.
        rendered = await self._rendered(asked, planned, self._asking(asked, planned, sight, states, searches))
        for fault in rendered.faults:
            ground.report.error("resolver_failed", request_id=question.request_id, error=fault)
        errors = [
            *rendered.errors,
            *denial_errors(plan, rendered.denied),
            *source_errors(
                tuple(sight.missing.values()),
                states,
                # Not by what was found: a search that met hidden subjects only must look like one that met none.
                kinds=plan.kinds if planned.needed.codes or planned.needed.searches else frozenset(),
            ),
        ]
        # 9 attest: durable before anything leaves. 10 answer with its receipt.
        receipt = None
        if plan.is_guarded:
            used = grants_used(asked.standing, planned.ruling.decider, sight.subjects.values())
            receipt = await self._attest(asked, disclosure_of(asked, plan, sight, rendered), used)
        else:
            await self._confirm(asked.epochs)
        if self._strokes is not None and _in_vain(planned.needed, sight):
            await self._strokes.wait(began)
        return answered(rendered.data.plain, errors, receipt, denials=len(plan.denied), public=_is_public(plan))

    def _asking(
        self,
        asked: Asked,
        planned: Planned,
        sight: Sight,
        states: Sequence[SourceState],
        searches: Mapping[tuple[str, int, str | None], SearchPage],
    ) -> Asking:
        ground = self._ground
        roots = {root.name for root in planned.plan.roots}
        return Asking(
            guard=Guard(
                decider=planned.ruling.decider,
                outcome=Outcome(),
                freshness={state.id: state.state.value for state in states},
                moments=sight.moments,
            ),
            subjects=sight.subjects,
            searches=searches,
            sources=ground.status.views(states) if "sources" in roots else (),
            me=self._me(asked) if "me" in roots else None,
            cursors=ground.cursors.of(asked.caller.partner or ""),
            specs=ground.exchange.specs,
            sdl=ground.sdl,
            previews=planned.previews,
        )

    def _me(self, asked: Asked) -> Plain:
        rows, size = self._limits(asked.caller)
        limits = AskersLimits(allowance=asked.toll.allowance, rows=rows, bytes=size)
        return self._ground.status.me(asked.caller, asked.standing, self._ground.table.catalogue_version, limits)

    async def _attest(self, asked: Asked, pending: Pending, used: frozenset[str] = frozenset()) -> Receipt:
        """Make *pending* durable, and what *asked* owes with it; then it is remembered, with the grants it *used*."""
        receipt = await self._ground.log.append(pending)
        asked.toll.pay(receipt.used)
        if self._remembers is not None:
            self._remembers.note(asked, receipt, used)
        return receipt

    async def _rendered(self, asked: Asked, planned: Planned, asking: Asking) -> Rendered:
        """Render, with the reference executor where the compiled one cannot; what is large, in a thread."""
        run = partial(_run, planned, asking, asked.prepared.variables)
        rows = sum([len(subject.records) for subject in asking.subjects.values()])
        estimate = planned.estimate
        is_small = max(rows, estimate.rows, estimate.comparisons) <= INLINE_ROWS and planned.compilation.is_written
        rendered: Rendered | None = None
        try:
            if is_small:
                with suppress(NotWrittenError):
                    rendered = run(only_written=True)
            if rendered is None:
                rendered = await asyncio.to_thread(run)
        except HandOverError as reason:
            self._ground.plans.handed_over(reason.reason)
        else:
            if rendered is not None:
                return rendered
        return await asyncio.to_thread(render, self._ground.exchange.schema, asked.prepared, asking)

    async def _confirm(self, epochs: Mapping[str, int]) -> None:
        """
        Check what no commit will check, because nothing is disclosed.

        Raises:
            StaleReadError: the caller's entry, the policy or a source has changed.
        """
        if not await self._ground.epochs.confirm(epochs):
            known = self._ground.epochs.known
            raise StaleReadError((), {name: known.get(name, 0) for name in epochs if known.get(name) != epochs[name]})


def _run(planned: Planned, asking: Asking, variables: VariableValues, *, only_written: bool = False) -> Rendered | None:
    code = planned.compilation.code()
    if code is None:
        return None
    return render_compiled(code, asking, planned.plan, variables, only_written=only_written)


def on_denied(question: Question) -> str:
    """
    Read how a denied coordinate is to be answered: `null` (the default) or `reject`, which refuses the operation.

    Raises:
        BadInputError: another value.
    """
    wish = question.extensions.get("onDenied", "null")
    if wish not in ("null", "reject"):
        raise BadInputError("onDenied: expected null or reject.", place=("extensions", "onDenied"))
    return str(wish)


def _in_vain(needed: Wanted, sight: Sight) -> bool:
    """Whether the time of the answer could tell a subject that is hidden from one that is absent."""
    return bool(needed.searches) or any(code not in sight.subjects for code in needed.codes)


def _is_public(plan: Plan) -> bool:
    return bool(plan.roots) and all(root.name == "_service" for root in plan.roots)
