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
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from graphql import GraphQLError
from structlog.typing import FilteringBoundLogger

from hub.access.pseudonyms import Pseudonyms
from hub.access.purpose import purpose_of
from hub.access.standing import check_purpose, standing_of
from hub.audit.entries import Pending
from hub.audit.errors import StaleReadError
from hub.audit.receipts import Receipt
from hub.clock import Clock, legal_day
from hub.errors import BadInputError, PurposeRequiredError, UnavailableError
from hub.gateway.port import Answer, Question
from hub.identity.caller import Caller
from hub.road.answer import answered, argument_error, denial_errors, reference_error, refused, source_errors
from hub.road.attest import Asked, Shown, disclosure_of, refusal_of
from hub.road.documents import Documents, RequestFaultError
from hub.road.fetch import Fetcher
from hub.road.render import render
from hub.road.roots import Wanted, wanted
from hub.road.searching import Searches
from hub.road.sight import Sight, wish_of
from hub.road.status import Status
from hub.road.views import Judge, Setting
from schema.graph.asking import Asking
from schema.graph.build import Exchange
from schema.graph.connection import Cursors
from schema.graph.views import Guard, Outcome
from schema.plan.compile import compile_plan
from schema.plan.decider import Decider
from schema.plan.errors import DeniedReferenceError
from schema.plan.guarded import GuardTable
from schema.plan.model import Plan
from schema.policy.model import Policy
from schema.rules.book import RuleBook

MAX_TRIES = 5
"""How often an answer is made again because a subject changed under it."""


class PolicyShelf(Protocol):
    """Where the policy in force is found."""

    async def current(self, now: datetime) -> Policy:
        """Return the policy in force at *now*. A change holds from the next call on."""


class Attestor(Protocol):
    """The log's sequencer."""

    async def append(self, pending: Pending) -> Receipt:
        """Make *pending* durable. Raises StaleReadError, or LogUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """
    What the road stands on. Built once by `hub.wiring`.

    Attributes:
        exchange: The schema.
        sdl: SDL served at `_service`.
        table: Guarded coordinates.
        documents: Parsed documents.
        policies: The policy in force.
        fetcher: Archive and live sources.
        searches: Name searches.
        status: Source status.
        log: The log's sequencer.
        cursors: Seals cursors.
        pseudonyms: Names records on the wire.
        rules: Dated rule data.
        clock: The time.
        report: The operator's log.
    """

    exchange: Exchange
    sdl: str
    table: GuardTable
    documents: Documents
    policies: PolicyShelf
    fetcher: Fetcher
    searches: Searches
    status: Status
    log: Attestor
    cursors: Cursors
    pseudonyms: Pseudonyms
    rules: RuleBook
    clock: Clock
    report: FilteringBoundLogger


class ExchangeRoad:
    """Answers questions; the only one who does."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def answer(self, question: Question, caller: Caller) -> Answer:
        """
        Answer *question* for *caller*.

        Raises:
            RefusalError: the whole request is refused; the text is safe to show.
            UnavailableError: store or log cannot be used, so nothing may leave.
        """
        ground = self._ground
        now = ground.clock.now()
        # 1 receive: form was checked at the door. 2 identify: caller and purpose make a standing under the policy.
        policy = await ground.policies.current(now)
        purpose = purpose_of(question.extensions, question.purpose_header)
        standing = standing_of(caller, purpose, policy, today=legal_day(now))
        # 3 parse and validate.
        try:
            prepared = ground.documents.prepare(question.document, question.operation_name, question.variables)
        except RequestFaultError as fault:
            return refused(fault.errors)
        asked = Asked(
            at=now,
            caller=caller,
            standing=standing,
            prepared=prepared,
            catalogue_version=ground.table.catalogue_version,
        )
        wish = on_denied(question)
        try:
            check_purpose(policy, standing)
        except PurposeRequiredError as refusal:
            receipt = await ground.log.append(refusal_of(asked, {"operation": str(refusal.extensions["rule"])}))
            return refused([refusal.as_graphql()], receipt, denials=1)
        # 4 plan: every coordinate is decided once, before anything is fetched.
        decider = Decider(policy, standing, ground.table)
        try:
            plan = compile_plan(
                ground.exchange.schema,
                prepared.document,
                prepared.operation,
                prepared.variables,
                decider,
            )
        except GraphQLError:
            # A variable was null where its argument takes none: what validation leaves to execution.
            return refused([argument_error()])
        except DeniedReferenceError as refusal:
            receipt = await ground.log.append(refusal_of(asked, {refusal.coordinate: refusal.rule}))
            return refused([reference_error(refusal)], receipt, denials=1)
        # 5 admit.
        needed = wanted(plan)
        if plan.denied and wish == "reject":
            denied = {use.coordinate: decision.rule for use, decision in plan.denied}
            receipt = await ground.log.append(refusal_of(asked, denied))
            return refused(denial_errors(plan, Outcome()), receipt, denials=len(denied))
        for _ in range(MAX_TRIES):
            try:
                return await self._attempt(question, asked, decider, plan, needed)
            except StaleReadError:
                continue
        raise UnavailableError("The records asked for are changing too fast; ask again.")

    async def _attempt(
        self,
        question: Question,
        asked: Asked,
        decider: Decider,
        plan: Plan,
        needed: Wanted,
    ) -> Answer:
        ground = self._ground
        sources = await ground.status.read(asked.at)
        freshness = {state.id: state.state.value for state in sources.values()}
        guard = Guard(decider=decider, outcome=Outcome(), freshness=freshness)
        # 6 fetch what was granted, 7 judge rows.
        sight = self._sight(asked, guard, plan, needed)
        await sight.see(needed.codes)
        searches = await ground.searches.run(needed.searches, sight, decider)
        # 8 render, in a thread: a large answer takes long enough that other askers would notice.
        asking = Asking(
            guard=guard,
            subjects=sight.views,
            searches=searches,
            sources=ground.status.views(sources),
            me=ground.status.me(asked.caller, asked.standing, ground.table.catalogue_version),
            cursors=ground.cursors,
            specs=ground.exchange.specs,
            sdl=ground.sdl,
        )
        rendered = await asyncio.to_thread(render, ground.exchange.schema, asked.prepared, asking)
        for fault in rendered.faults:
            ground.report.error("resolver_failed", request_id=question.request_id, error=fault)
        errors = [
            *rendered.errors,
            *denial_errors(plan, guard.outcome),
            *source_errors(
                tuple(sight.missing.values()),
                sources,
                kinds=plan.kinds if sight.versions else frozenset(),
            ),
        ]
        # 9 attest: durable before anything leaves. 10 answer with its receipt.
        receipt = None
        if plan.is_guarded:
            shown = Shown(outcome=guard.outcome, sight=sight, data=rendered.data)
            receipt = await ground.log.append(disclosure_of(asked, plan, shown))
        return answered(rendered.data, errors, receipt, denials=len(plan.denied), public=_is_public(plan))

    def _sight(
        self,
        asked: Asked,
        guard: Guard,
        plan: Plan,
        needed: Wanted,
    ) -> Sight:
        ground = self._ground
        today = legal_day(asked.at)
        setting = Setting(
            today=today,
            rules=ground.rules.on(today),
            pseudonyms=ground.pseudonyms,
        )
        countable = frozenset(kind for kind in ground.table.record_kinds if guard.decider.is_countable(kind))
        return Sight(
            fetcher=ground.fetcher,
            judge=Judge(guard.decider, setting),
            wish=wish_of(plan, countable, names=bool(needed.searches)),
        )


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


def _is_public(plan: Plan) -> bool:
    return bool(plan.roots) and all(root.name == "_service" for root in plan.roots)
