"""A world with searches, sources and live answers, and both executors asked one question: they must say the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import orjson
from graphql.execution.values import VariableValues

from hub.ingest.live_content import LiveContent
from hub.road.render import Rendered, showing_of
from hub.road.views import Judge
from keys.canonical import canonical_json
from schema.catalogue.model import Category, Mask
from schema.graph.asking import Asking, SearchHit, SearchPage
from schema.graph.preview import PreviewKey
from schema.graph.scalars import Freshness
from schema.graph.views import Plain
from schema.plan.decider import Decider
from schema.plan.guarded import Guarded
from schema.plan.model import Plan
from schema.policy.model import ActorKind, Cell, Reader, Standing
from schema.render.compiled import Compiled, Emitted
from schema.render.runtime import HandOverError
from schema.tiers import Audience, Tier
from tests.support.people import standing
from tests.support.worlds import NOON, SUBJECT, TODAY, Ground, World, dossier, setting_of

PUBLIC = standing()
SOURCES = (
    Plain(
        type_name="SourceStatus",
        values={
            "id": "national",
            "name_zh": "国家平台",
            "name_en": "National platform",
            "state": Freshness.FRESH,
            "is_live": False,
            "last_tried_at": NOON,
            "last_succeeded_at": None,
            "max_age_seconds": 86_400,
        },
    ),
    Plain(
        type_name="SourceStatus",
        values={
            "id": "jinjiang",
            "name_zh": "锦江",
            "name_en": "Jinjiang",
            "state": Freshness.UNREACHABLE,
            "is_live": True,
            "last_tried_at": None,
            "last_succeeded_at": None,
            "max_age_seconds": 60,
        },
    ),
)
ME = Plain(
    type_name="Me",
    values={
        "actor": "PU",
        "partner": None,
        "organisation": None,
        "ceiling": "P",
        "regions": [],
        "purposes": ["PUBLIC_LOOKUP"],
        "purpose": "PUBLIC_LOOKUP",
        "policy_version": 1,
        "catalogue_version": "2026.11",
        "max_codes": 500,
        "max_page": 200,
    },
)


@dataclass(frozen=True)
class Said:
    """What both executors said of one question."""

    data: Any
    rendered: Rendered

    @property
    def text(self) -> str:
        return self.rendered.data.plain.decode()

    @property
    def errors(self) -> list[dict[str, Any]]:
        return self.rendered.errors

    @property
    def served(self) -> tuple[str, ...]:
        return self.rendered.showing.served

    @property
    def masked(self) -> dict[str, str]:
        return dict(self.rendered.showing.masked)

    @property
    def denied(self) -> dict[str, int]:
        return dict(self.rendered.denied)


@dataclass(frozen=True)
class Code:
    """The code of one question, and what to run it over."""

    compiled: Compiled
    asking: Asking
    plan: Plan
    variables: VariableValues

    def run(self, question: "Code | None" = None, *, only_written: bool = False) -> Emitted:
        """Answer this question, or another *question* of the same document and standing over the same world."""
        asked = question or self
        return self.compiled.run(self.asking, asked.plan, asked.variables, only_written=only_written)

    def explain(self) -> str:
        return self.compiled.explain()


@dataclass
class Stage(World):
    """`World` with what it leaves empty."""

    searches: Mapping[tuple[str, int, str | None], SearchPage] = field(default_factory=dict)
    found: Sequence[str] = ()
    sources: Sequence[Plain] = SOURCES
    me: Plain = ME
    contents: Mapping[str, Sequence[LiveContent]] = field(default_factory=dict)
    moments: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    previews: Mapping[PreviewKey, Plain] = field(default_factory=dict)

    def both(self, document: str, who: Standing = PUBLIC, **variables: Any) -> Said:
        """Ask both executors; they say the same, byte for byte, and tell the log the same."""
        told = self.ask(who, document, variables)
        rendered = self.ask_compiled(who, document, variables)
        assert rendered is not None, self.reason(document, who, **variables)
        assert orjson.dumps(told.data) == rendered.data.plain
        assert canonical_json(told.data) == rendered.data.canonical
        assert told.errors == rendered.errors
        showing = showing_of(told.outcome)
        assert (showing.served, showing.masked) == (rendered.showing.served, rendered.showing.masked)
        assert dict(told.outcome.denied) == dict(rendered.denied)
        return Said(data=told.data, rendered=rendered)

    def reason(self, document: str, who: Standing = PUBLIC, **variables: Any) -> str | None:
        """Why the compiled executor hands the question over; None if it answers."""
        try:
            self.code(document, who, **variables).run()
        except HandOverError as error:
            assert self.ask_compiled(who, document, variables) is None
            return error.reason
        return None

    def code(self, document: str, who: Standing = PUBLIC, **variables: Any) -> Code:
        """Write the code of *document*."""
        plan, decider, prepared = self._compile(who, document, variables)
        exchange = self.ground.exchange
        compiled = Compiled(
            exchange.schema,
            prepared.document,
            prepared.operation,
            prepared.variables,
            decider=decider,
            specs=exchange.specs,
        )
        return Code(compiled=compiled, asking=self._asking(plan, decider), plan=plan, variables=prepared.variables)

    def _asking(self, plan: Plan, decider: Decider) -> Asking:
        asking = super()._asking(plan, decider)
        judge = Judge(decider, setting_of(self.ground))
        more = {}
        for code in (*self.found, *self.contents):
            known = self.dossiers.get(code) or dossier(code=code, known=False)
            more[code] = judge.subject(known, known.records, self.contents.get(code, ()))
        return replace(
            asking,
            subjects={**asking.subjects, **{code: subject for code, subject in more.items() if subject}},
            searches=self.searches,
            sources=self.sources,
            me=self.me,
            previews=self.previews,
            guard=replace(asking.guard, moments=self.moments),
        )


def edited(value: Any, **changes: Any) -> Any:
    """A record, or a part of one, with *changes*."""
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **changes)
    return replace(value, **changes)


def hits(*found: tuple[str, str], has_next: bool = False, start: int = 0) -> SearchPage:
    """A page of (code, how it matched)."""
    return SearchPage(
        hits=[SearchHit(code=code, matched_by=how, position=f"p{n}") for n, (code, how) in enumerate(found)],
        has_next=has_next,
        start=start,
    )


def content(*records: Any, undated: bool = False, code: str = SUBJECT) -> LiveContent:
    """What a live source says: *records* without a batch."""
    said = tuple(edited(record, provenance=edited(record.provenance, batch=None)) for record in records)
    return LiveContent(
        source=said[0].provenance.source,
        subject=code,
        day=TODAY,
        records=said,
        undated=tuple(undated for _ in said),
    )


def subject(selection: str, *, head: str = "query") -> str:
    return f'{head} {{ subject(code: "{SUBJECT}") {{ {selection} }} }}'


def records(selection: str, arguments: str = "", *, head: str = "query") -> str:
    return subject(f"records{arguments} {{ nodes {{ {selection} }} }}", head=head)


def nodes(said: Said) -> Any:
    return said.data["subject"]["records"]["nodes"]


def open_to_all(
    ground: Ground,
    masks: Mapping[Category, frozenset[Mask]] | None = None,
    *,
    hidden: frozenset[Category] = frozenset(),
    except_fields: Mapping[Category, frozenset[str]] | None = None,
    entries: Mapping[str, Mask | None] | None = None,
) -> Ground:
    """
    *ground* under a policy that shows everybody every row.

    Args:
        ground: Where schema and rules are from.
        masks: Masks that the cell of a category asks for.
        hidden: Categories without a cell.
        except_fields: Coordinates that the cell of a category leaves out.
        entries: Coordinate -> the mask that fits it, in place of the catalogue's.
    """
    cells = tuple(
        Cell(
            id=f"{category}.PU",
            category=category,
            reader="PU",
            permit=True,
            needs=frozenset(),
            audience=None,
            masks=(masks or {}).get(category, frozenset()),
            except_fields=(except_fields or {}).get(category, frozenset()),
        )
        for category in Category
        if category not in hidden
    )
    reader = Reader(code="PU", actors=frozenset(ActorKind), audience=Audience.OWN, needs=frozenset())
    lookup = replace(ground.policy.purposes["PUBLIC_LOOKUP"], categories=frozenset(Category), max_tier=None)
    policy = replace(
        ground.policy,
        tiers=dict.fromkeys(Category, Tier.P),
        readers={"PU": reader},
        purposes={"PUBLIC_LOOKUP": lookup},
        cells=cells,
    )
    return replace(ground, policy=policy, table=_table(ground, entries or {}))


def _table(ground: Ground, entries: Mapping[str, Mask | None]) -> Any:
    def entry(found: Guarded) -> Guarded:
        return replace(found, tier=Tier.P, category=None, mask=entries.get(found.coordinate, found.mask))

    kinds = {kind: {name: entry(found) for name, found in names.items()} for kind, names in ground.table.kinds.items()}
    return replace(
        ground.table,
        kinds=kinds,
        by_coordinate={found.coordinate: found for names in kinds.values() for found in names.values()},
    )
