"""The root of the schema. Resolvers only look up what the road has fetched and judged."""

from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny

from schema.graph.asking import Asking, SearchHit, SearchPage
from schema.graph.connection import check_first
from schema.graph.entities import resolve_entities
from schema.graph.errors import bad_code, bad_input
from schema.graph.ids import find_node_id
from schema.graph.preview import AccessPreview
from schema.graph.scalars import Freshness, Instant, MatchedBy
from schema.graph.subject import Info, PageInfo
from schema.graph.types import Node
from schema.graph.views import Plain, RecordView, SubjectView
from schema.identifiers.uscc import check_uscc
from schema.plan.judged import JudgedRecord, JudgedSubject

MAX_CODES = 500
"""Most subjects one question may name."""
MAX_REFERENCES = 1000
"""Most representations `_entities` takes."""
MAX_NAME = 200
"""Longest name a search takes, in characters."""


@strawberry.type(description="来源状态 A platform the hub exchanges with.")
class SourceStatus:
    """Status of a source."""

    id: strawberry.ID
    name_zh: str
    name_en: str
    state: Freshness
    is_live: bool = strawberry.field(description="Asked per question; otherwise collected beforehand.")
    last_tried_at: Instant | None
    last_succeeded_at: Instant | None
    max_age_seconds: int = strawberry.field(description="Older than this is STALE.")


@strawberry.type(description="限额 What the asker may use; null is not limited. What is left stands in the headers.")
class Limits:
    """The asker's limits."""

    requests_per_minute: int | None = strawberry.field(description="A request counts, whatever becomes of it.")
    subjects_per_day: int | None = strawberry.field(
        description="Subjects named, on file or not; a search names as many as its page may hold."
    )
    subjects_per_question: int
    search_page: int = strawberry.field(description="Most hits in a page of a search.")
    rows_per_answer: int = strawberry.field(description="Objects that an answer may be predicted to hold.")
    bytes_per_answer: int = strawberry.field(description="Bytes of `data` that an answer may be predicted to have.")


@strawberry.type(description="当前用户 Who is asking, and what for.")
class Me:
    """The asker's own standing."""

    actor: str = strawberry.field(description="Kind of asker; PU is the public.")
    partner: strawberry.ID | None
    organisation: strawberry.ID | None = strawberry.field(description="The asker's own 统一社会信用代码.")
    ceiling: str = strawberry.field(description="Strictest tier it may reach as its kind.")
    regions: list[str] = strawberry.field(description="GB/T 2260 prefixes; an empty text is the whole country.")
    purposes: list[str] = strawberry.field(description="查询目的 Purposes it may name.")
    purpose: str = strawberry.field(description="Purpose of this question.")
    policy_version: int
    catalogue_version: str
    max_codes: int
    max_page: int
    limits: Limits


@strawberry.type(name="_Service")
class Service:
    """Federation's `_Service`."""

    sdl: str


def query_type(subject: type) -> type:
    """Declare `Query` over the declared subject type."""
    subject_ref: Any = subject
    entity: Any = Annotated[subject_ref, strawberry.union("_Entity")]
    registered_any: Any = FederationAny

    @strawberry.type(description="A subject found by name.")
    class SubjectSearchEdge:
        cursor: str
        node: subject_ref
        matched_by: MatchedBy = strawberry.field(description="How the name matched.")

    @strawberry.type(description="A page of subjects found by name, best first.")
    class SubjectSearchConnection:
        edges: list[SubjectSearchEdge]
        nodes: list[subject_ref]
        page_info: PageInfo

    def resolve_search(info: Info, name: str, first: int = 20, after: str | None = None) -> SubjectSearchConnection:
        return _search(info.context, name, first, after)  # type: ignore[return-value]  # a view stands for its type

    def resolve_subjects(info: Info, codes: list[strawberry.ID]) -> list[subject_ref | None]:
        return [_view(info.context, find_subject(info.context, code)) for code in codes]

    def resolve_subject(info: Info, code: strawberry.ID) -> subject_ref | None:
        return _view(info.context, find_subject(info.context, code))

    def resolve_node(info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002  Relay's name
        return _view(info.context, find_node(info.context, str(id)))  # type: ignore[no-any-return]  # stands for its type

    def resolve_references(info: Info, representations: list[registered_any]) -> list[entity | None]:
        found = resolve_entities(info.context.subjects, representations)
        return [_view(info.context, each) for each in found]

    def resolve_sources(info: Info) -> list[SourceStatus]:
        return list(info.context.sources)  # type: ignore[arg-type]  # a view stands for its type

    def resolve_me(info: Info) -> Me:
        return info.context.me  # type: ignore[return-value]  # a view stands for its type

    def resolve_preview(
        info: Info, document: str, variables: str | None = None, operation_name: str | None = None
    ) -> AccessPreview:
        return info.context.previews[document, variables, operation_name]  # type: ignore[return-value]  # a view stands for its type

    def resolve_service(info: Info) -> Service:
        return Plain(type_name="_Service", values={"sdl": info.context.sdl})  # type: ignore[return-value]  # same

    @strawberry.type(name="Query")
    class Query:
        subject: subject_ref | None = strawberry.field(
            resolver=resolve_subject,
            description="一个主体 One subject by its code; null if it is not on file.",
        )
        subjects: list[subject_ref | None] = strawberry.field(
            resolver=resolve_subjects,
            description=f"多个主体 Up to {MAX_CODES} subjects; order kept, null for a code that is not on file.",
        )
        search_subjects: SubjectSearchConnection = strawberry.field(
            resolver=resolve_search,
            description="名称检索 Subjects by name: exact, former, contained, or by pinyin initials.",
        )
        node: Node | None = strawberry.field(resolver=resolve_node, description="An object by its global identifier.")
        sources: list[SourceStatus] = strawberry.field(
            resolver=resolve_sources,
            description="来源 The platforms the hub exchanges with, and how current they are.",
        )
        me: Me = strawberry.field(
            resolver=resolve_me,
            description="当前用户 Who is asking, and what for.",
        )
        access_preview: AccessPreview = strawberry.field(
            resolver=resolve_preview,
            description=(
                "访问预览 What a document would be shown and would cost, for the standing of this question; nothing is "
                "read. `variables` is a JSON object as text."
            ),
        )
        entities: list[entity | None] = strawberry.field(name="_entities", resolver=resolve_references)
        service: Service = strawberry.field(
            name="_service",
            resolver=resolve_service,
        )

    return Query


def _view(asking: Asking, found: JudgedSubject | JudgedRecord | GraphQLError | None) -> Any:  # noqa: ANN401  stands for its type
    match found:
        case JudgedSubject():
            return SubjectView(seen=found, guard=asking.guard)
        case JudgedRecord():
            return RecordView(row=found, guard=asking.guard)
        case _:
            return found


def find_subject(asking: Asking, text: str) -> JudgedSubject | GraphQLError | None:
    """Find the subject that the code *text* names; the error if it is no code."""
    finding = check_uscc(str(text))
    if finding.code is None:
        return bad_code(finding)
    return asking.subjects.get(finding.code)


def find_node(asking: Asking, text: str) -> JudgedSubject | JudgedRecord | GraphQLError | None:
    """Find what the global identifier *text* names; the error if it is none of ours."""
    found = find_node_id(text)
    if found is None:
        return bad_input("id: not a global identifier of this hub.", argument="id")
    subject = asking.subjects.get(found.code)
    if subject is None or found.name is None:
        return subject
    return next(
        (record for record in subject.records if (record.stored.kind, record.name) == (found.kind, found.name)),
        None,
    )


def find_page(asking: Asking, name: str, first: int, after: str | None) -> SearchPage:
    """
    Find the page of a name search.

    Raises:
        GraphQLError: an argument is out of bounds.
    """
    check_first(first)
    if not 1 <= len(name.strip()) <= MAX_NAME:
        raise bad_input(f"name: expected 1 to {MAX_NAME} characters.", argument="name")
    return asking.searches[name, first, after]


def search_cursor(asking: Asking, name: str, hit: SearchHit) -> str:
    """Make the cursor of *hit* in a search for *name*."""
    return asking.cursors.seal(f"search|{name}", hit.position)


def _search(asking: Asking, name: str, first: int, after: str | None) -> Plain:
    found = find_page(asking, name, first, after)
    edges: Sequence[Plain] = [
        Plain(
            type_name="SubjectSearchEdge",
            values={
                "cursor": search_cursor(asking, name, hit),
                "node": _view(asking, asking.subjects[hit.code]),
                "matched_by": MatchedBy(hit.matched_by),
            },
        )
        for hit in found.hits
        if hit.code in asking.subjects
    ]
    cursors = [edge.values["cursor"] for edge in edges]
    return Plain(
        type_name="SubjectSearchConnection",
        values={
            "edges": edges,
            "nodes": [edge.values["node"] for edge in edges],
            "page_info": Plain(
                type_name="PageInfo",
                values={
                    "has_next_page": found.has_next,
                    "has_previous_page": found.start > 0,
                    "start_cursor": cursors[0] if cursors else None,
                    "end_cursor": cursors[-1] if cursors else None,
                },
            ),
        },
    )
