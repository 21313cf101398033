"""A small world in memory: one dossier, a policy, and the steps of the road between a question and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from hub.access.cursors import SealedCursors
from hub.access.policies import seed_policy
from hub.access.pseudonyms import Pseudonyms
from hub.road.answer import denial_errors
from hub.road.documents import Documents
from hub.road.render import Rendered, render, render_compiled
from hub.road.roots import wanted
from hub.road.views import Judge, Setting
from hub.rulebook import load_rules
from hub.store.dossiers import Dossier
from hub.store.subjects import SubjectFacts
from schema.catalogue import CATALOGUE_VERSION, KINDS, Registration
from schema.catalogue.model import Record
from schema.graph.asking import Asking
from schema.graph.build import Exchange, build_exchange
from schema.graph.views import Guard, Outcome, Plain
from schema.identifiers.uscc import compose
from schema.plan.compile import compile_plan
from schema.plan.decider import Decider
from schema.plan.guarded import GuardTable, guard_table
from schema.plan.judged import JudgedSubject
from schema.plan.model import Plan
from schema.policy.model import Policy, Standing
from schema.records import Provenance, PublicityState, StoredRecord
from schema.render.compiled import Compiled
from schema.render.runtime import HandOverError
from schema.rules.book import RuleBook

TODAY = date(2026, 11, 20)
SUBJECT = compose("91510100", "MA6CK00A")
OTHER = compose("91510100", "MA6CK00B")
UNKNOWN = compose("91510100", "MA6CK00C")
PSEUDONYMS = Pseudonyms(bytes(32))
FRESHNESS = {"national": "FRESH", "jinjiang": "FRESH"}
NOON = "2026-11-20T04:00:00.000000Z"


def stored(body: Record, key: str, *, subject: str = SUBJECT, source: str = "national", **more: Any) -> StoredRecord:
    """A published record of *subject*, tied by code."""
    return StoredRecord(
        subject=subject,
        kind=body.KIND,
        key=key,
        body=body,
        state=more.pop("state", PublicityState.PUBLISHED),
        link_method="uscc",
        link_confidence=1.0,
        provenance=Provenance(
            source=source,
            batch="B-1",
            version=1,
            digest="sm3:00",
            as_of=NOON,
            received_at=NOON,
            catalogue_version=CATALOGUE_VERSION,
        ),
        **more,
    )


NAME = "天府试验电力有限公司"


def registration(code: str = SUBJECT, **more: Any) -> StoredRecord:
    """The public registration of *code*."""
    body = Registration(name=NAME, code=code, status="存续", region="510100")
    return stored(body, f"reg-{code[-4:]}", subject=code, **more)


def dossier(*records: StoredRecord, code: str = SUBJECT, region: str | None = "510100", known: bool = True) -> Dossier:
    """A subject with *records*, and its public registration unless it is not *known*."""
    return Dossier(
        subject=SubjectFacts(
            code=code,
            name=NAME,
            status="存续",
            region=region,
            sector=None,
            parent_code=None,
            organisation_code=None,
            registration_no=None,
            version=1,
            first_seen_at=NOON,
            changed_at=NOON,
        ),
        records=(registration(code), *records) if known else records,
    )


@dataclass(frozen=True)
class Ground:
    """What does not change between questions; dear to build, so built once per test session."""

    exchange: Exchange
    table: GuardTable
    policy: Policy
    rules: RuleBook
    documents: Documents


def build_ground() -> Ground:
    """Build the schema, the seed policy and the rules."""
    exchange = build_exchange(KINDS)
    return Ground(
        exchange=exchange,
        table=guard_table(KINDS, CATALOGUE_VERSION),
        policy=seed_policy(),
        rules=load_rules(),
        documents=Documents(exchange.schema),
    )


def setting_of(ground: Ground) -> Setting:
    """What judging depends on, on `TODAY`."""
    return Setting(
        today=TODAY,
        rules=ground.rules.on(TODAY),
        pseudonyms=PSEUDONYMS,
    )


@dataclass
class Told:
    """An answer before it is written: data, errors by kind, and what was planned and shown."""

    data: Any
    errors: list[dict[str, Any]]
    denials: dict[str, dict[str, Any]]
    plan: Plan
    outcome: Outcome


@dataclass
class World:
    """Dossiers in memory, and the road's middle from plan to rendering over them."""

    ground: Ground
    dossiers: Mapping[str, Dossier] = field(default_factory=dict)
    live: Mapping[str, Sequence[StoredRecord]] = field(default_factory=dict)
    cursors: SealedCursors = field(default_factory=lambda: SealedCursors(bytes(64)))

    def plan(self, standing: Standing, document: str, variables: dict[str, Any] | None = None) -> Plan:
        """Compile *document*."""
        return self._compile(standing, document, variables or {})[0]

    def ask(self, standing: Standing, document: str, variables: dict[str, Any] | None = None) -> Told:
        """Ask *document* as *standing*, of the reference executor."""
        plan, decider, prepared = self._compile(standing, document, variables or {})
        asking = self._asking(plan, decider)
        rendered = render(self.ground.exchange.schema, prepared, asking)
        assert rendered.faults == ()
        return self._told(plan, rendered, asking.guard.outcome)

    def ask_compiled(
        self, standing: Standing, document: str, variables: dict[str, Any] | None = None
    ) -> Rendered | None:
        """Ask *document* as *standing*, of the compiled executor; None if it hands the question over."""
        plan, decider, prepared = self._compile(standing, document, variables or {})
        try:
            compiled = Compiled(
                self.ground.exchange.schema,
                prepared.document,
                prepared.operation,
                prepared.variables,
                decider=decider,
                specs=self.ground.exchange.specs,
            )
            return render_compiled(compiled, self._asking(plan, decider), plan, prepared.variables)
        except HandOverError:
            return None

    def _told(self, plan: Plan, rendered: Rendered, outcome: Outcome) -> Told:
        denials = denial_errors(plan, rendered.denied)
        return Told(
            data=orjson.loads(rendered.data.plain),
            errors=rendered.errors,
            denials={error["extensions"]["coordinate"]: error for error in denials},
            plan=plan,
            outcome=outcome,
        )

    def _asking(self, plan: Plan, decider: Decider) -> Asking:
        ground = self.ground
        judge = Judge(decider, setting_of(ground))
        subjects: dict[str, JudgedSubject] = {}
        for code in wanted(plan).codes:
            found = self.dossiers.get(code)
            subject = judge.subject(found, (*found.records, *self.live.get(code, ()))) if found else None
            if subject is not None:
                subjects[code] = subject
        return Asking(
            guard=Guard(decider=decider, outcome=Outcome(), freshness=FRESHNESS),
            subjects=subjects,
            searches={},
            sources=[],
            me=Plain(type_name="Me", values={}),
            cursors=self.cursors,
            specs=ground.exchange.specs,
            sdl=ground.exchange.plain_sdl,
        )

    def _compile(self, standing: Standing, document: str, variables: dict[str, Any]) -> tuple[Plan, Decider, Any]:
        ground = self.ground
        prepared = ground.documents.prepare(document, None, variables)
        decider = Decider(ground.policy, standing, ground.table)
        plan = compile_plan(ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, decider)
        return plan, decider, prepared
