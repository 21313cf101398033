"""
Both executors over one world, each with the steps of the road before it: plan, roots, judging, rendering.

Rules:
    - The sides share nothing but the parsed document. The reference side decides by the whole standing and makes plan
      and lists anew for every question: nothing that the compiled side keeps (plans, decisions by essence, judged
      rows, lists) is believed.
    - The compiled side keeps what the service keeps, in memories small enough to overflow.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema

from hub.access.budget import Allowance
from hub.access.cursors import SealedCursors
from hub.errors import BadInputError
from hub.road.answer import denial_errors
from hub.road.documents import Documents, Prepared, RequestFaultError
from hub.road.plans import Compilation, Plans, Ruling, key_of
from hub.road.render import Rendered, render, render_compiled
from hub.road.roots import wanted
from hub.road.status import AskersLimits, Status
from hub.road.views import Judge
from schema.catalogue import CATALOGUE_VERSION
from schema.graph.asking import Asking, SearchHit, SearchPage
from schema.graph.connection import CursorError
from schema.graph.preview import AccessOutcome, PreviewKey
from schema.graph.scalars import MatchedBy
from schema.graph.views import Guard, Outcome, Plain
from schema.plan.compile import compile_plan
from schema.plan.decider import Decider
from schema.plan.errors import DeniedReferenceError
from schema.plan.judged import JudgedSubject
from schema.plan.model import Plan
from schema.render.runtime import HandOverError
from tests.equality.worlds import Asker, Place, dice_of
from tests.support.worlds import setting_of

CURSORS = SealedCursors(bytes(64))
SDL = 'type Query { "引号\\" 😀" x: Int }\n'


class AnyPreview(dict[PreviewKey, Plain]):
    """The same preview of every document: what is compared is how it is written."""

    def __missing__(self, key: PreviewKey) -> Plain:
        coordinate = {"coordinate": "Penalty.facts", "outcome": AccessOutcome.MASKED, "rule": "C05.PU"}
        problem = {"message": '引号" 😀', "code": "BAD_USER_INPUT", "coordinate": None, "rule": None}
        return Plain(
            type_name="AccessPreview",
            values={
                "purpose": "PUBLIC_LOOKUP",
                "policy_version": 1,
                "problems": [Plain(type_name="PreviewProblem", values=problem)],
                "coordinates": [
                    Plain(type_name="CoordinatePreview", values={**coordinate, "mask": mask, "required_tier": tier})
                    for mask, tier in (("m4", None), (None, "R"))
                ],
                "rows": None,
                "bytes": 12,
                "sources": ["national"],
            },
        )


PREVIEWS = AnyPreview()
REFUSALS = (RequestFaultError, BadInputError, DeniedReferenceError, GraphQLError)
PLANS_KEPT = 8
LIMITS = AskersLimits(allowance=Allowance(requests_per_minute=60, subjects_per_day=None), rows=7, bytes=2**40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a request sends."""

    text: str
    operation_name: str | None
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    An answer.

    Attributes:
        refusal: Name of the exception that refused the whole operation before it was executed, None if none did.
        plain, canonical: `data` as it is sent, and in canonical form.
        errors: Errors of resolvers, then denials.
        faults: Types of exceptions that were ours.
        served, masked, denied: What the log is told.
    """

    refusal: str | None = None
    plain: bytes = b""
    canonical: bytes = b""
    errors: list[dict[str, Any]] = field(default_factory=list)
    faults: tuple[str, ...] = ()
    served: frozenset[str] = frozenset()
    masked: dict[str, str] = field(default_factory=dict)
    denied: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The compiled executor left the question to the reference executor."""

    reason: str


class Sampled(Documents):
    """Parses every document and validates one in *every*: the generator makes valid ones, and a test holds it to it."""

    def __init__(self, schema: GraphQLSchema, *, every: int = 50) -> None:
        super().__init__(schema, size=4)
        self._every = every
        self._met = 0
        self.validated = 0

    def _validate(self, document: DocumentNode) -> None:
        self._met += 1
        if self._met % self._every == 0:
            self.validated += 1
            super()._validate(document)


class ReferenceSide:
    """The reference executor over one place. Of rows it keeps how they were judged, and no list made of them."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._judged: dict[tuple[Asker, str], JudgedSubject | None] = {}

    def ask(self, asker: Asker, question: Question) -> Told:
        """Ask the reference executor."""
        place, ground = self._place, self._place.ground
        decider = asker.decider
        try:
            prepared = ground.documents.prepare(question.text, question.operation_name, question.variables)
            schema = ground.exchange.schema
            plan = compile_plan(schema, prepared.document, prepared.operation, prepared.variables, decider)
            searches = _searches(place, plan)
        except REFUSALS as refusal:
            return Told(refusal=type(refusal).__name__)
        found = {code: self._seen(asker, code) for code in _codes(plan, searches)}
        return _told(plan, render(schema, prepared, _asking(place, asker, decider, found, searches)))

    def _seen(self, asker: Asker, code: str) -> JudgedSubject | None:
        key = (asker, code)
        if key not in self._judged:
            self._judged[key] = _judged(self._place, Judge(asker.decider, setting_of(self._place.ground)), code)
        held = self._judged[key]
        return held and replace(held, orders={})


class CompiledSide:
    """The compiled executor over one place; what it keeps, it keeps from question to question."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._plans = Plans(place.ground.exchange, place.ground.table, plans_max=PLANS_KEPT)
        self._judged: dict[tuple[int, str], JudgedSubject | None] = {}
        self._deciders: list[Decider] = []

    def ask(self, asker: Asker, question: Question) -> Told | HandedOver:
        """Ask the compiled executor."""
        place, ground = self._place, self._place.ground
        try:
            prepared = ground.documents.prepare(question.text, question.operation_name, question.variables)
            ruling = self._plans.ruling(ground.policy, asker.standing)
            compilation = self._compilation(prepared, ruling)
            plan = compilation.blueprint.bind(prepared.variables)
            searches = _searches(place, plan)
        except REFUSALS as refusal:
            return Told(refusal=type(refusal).__name__)
        code = compilation.code()
        if code is None:
            return HandedOver(reason=compilation.reason or "unknown")
        found = {each: self._seen(ruling.decider, each) for each in _codes(plan, searches)}
        asking = _asking(place, asker, ruling.decider, found, searches)
        try:
            return _told(plan, render_compiled(code, asking, plan, prepared.variables))
        except HandOverError as reason:
            return HandedOver(reason=reason.reason)

    def _compilation(self, prepared: Prepared, ruling: Ruling) -> Compilation:
        """As `Plans.plan`, without its hop to another thread."""
        key = key_of(prepared, ruling)
        found = self._plans.plans.find(key)
        if found is None:
            found = self._plans.compile(prepared, ruling)
            self._plans.plans.keep(key, found)
        return found

    def _seen(self, decider: Decider, code: str) -> JudgedSubject | None:
        key = (id(decider), code)
        if key not in self._judged:
            self._deciders.append(decider)  # it must live as long as its number stands for it
            self._judged[key] = _judged(self._place, Judge(decider, setting_of(self._place.ground)), code)
        return self._judged[key]


def _searches(place: Place, plan: Plan) -> dict[tuple[str, int, str | None], SearchPage]:
    asked = wanted(plan).searches
    return {(each.name, each.first, each.after): page_of(place, each.name, each.first, each.after) for each in asked}


def _codes(plan: Plan, searches: dict[tuple[str, int, str | None], SearchPage]) -> Iterable[str]:
    return dict.fromkeys([*wanted(plan).codes, *(hit.code for page in searches.values() for hit in page.hits)])


def _judged(place: Place, judge: Judge, code: str) -> JudgedSubject | None:
    held = place.dossiers.get(code)
    return judge.subject(held, held.records, place.live.get(code, ())) if held else None


def _asking(
    place: Place,
    asker: Asker,
    decider: Decider,
    found: dict[str, JudgedSubject | None],
    searches: dict[tuple[str, int, str | None], SearchPage],
) -> Asking:
    freshness = {state.id: state.state.value for state in place.sources.values()}
    return Asking(
        guard=Guard(decider=decider, outcome=Outcome(), freshness=freshness, moments=place.moments),
        subjects={code: seen for code, seen in found.items() if seen is not None},
        searches=searches,
        sources=Status.views(list(place.sources.values())),
        me=Status.me(asker.caller, asker.standing, CATALOGUE_VERSION, LIMITS),
        cursors=CURSORS,
        specs=place.ground.exchange.specs,
        sdl=SDL,
        previews=PREVIEWS,
    )


def _told(plan: Plan, rendered: Rendered) -> Told:
    return Told(
        plain=rendered.data.plain,
        canonical=rendered.data.canonical,
        errors=[*rendered.errors, *denial_errors(plan, rendered.denied)],
        faults=rendered.faults,
        served=frozenset(rendered.showing.served),
        masked=dict(rendered.showing.masked),
        denied={coordinate: count for coordinate, count in rendered.denied.items() if count},
    )


def page_of(place: Place, name: str, first: int, after: str | None) -> SearchPage:
    """
    Find subjects by *name*: any, since only what is done with a hit is looked at here.

    Raises:
        BadInputError: *after* was not given by a search for *name*.
    """
    try:
        start = 0 if after is None else int(CURSORS.open(f"search|{name}", after)) + 1
    except (CursorError, ValueError):
        raise BadInputError("after: not a cursor of this search.", place=("searchSubjects", "after")) from None
    dice = dice_of("search", place.seed, name)
    codes = [code for code in place.dossiers if dice.random() < 0.7]
    hits = [
        SearchHit(code=code, matched_by=dice.choice(list(MatchedBy)).value, position=str(number))
        for number, code in enumerate(codes)
    ]
    return SearchPage(hits=hits[start : start + first], has_next=start + first < len(hits), start=min(start, 1))
