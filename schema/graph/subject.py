"""The subject's type and its records connection, over the generated record types."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import strawberry

from schema.graph.asking import Asking
from schema.graph.connection import Page, Selection, check_first, cut, ordered, scope_of, selection_of
from schema.graph.scalars import Day, Direction
from schema.graph.types import (
    CreditRecord,
    Holding,
    Node,
    RecordTypes,
    SubjectNameSpan,
    SubjectTimelineEvent,
)
from schema.graph.views import Plain, RecordView, SubjectView
from schema.plan.guarded import SUBJECT_KIND
from schema.plan.judged import JudgedRecord
from schema.records import PublicityState, Severity

Info = strawberry.Info[Asking, None]


@strawberry.type(description="Relay page information.")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An edge of a records connection.")
class CreditRecordEdge:
    """Relay's edge."""

    cursor: str
    node: CreditRecord


@strawberry.type(description="信用记录列表 A page of a subject's records.")
class CreditRecordConnection:
    """Relay's connection."""

    edges: list[CreditRecordEdge]
    nodes: list[CreditRecord]
    page_info: PageInfo
    total_count: int = strawberry.field(description="Number of records that the asker may list.")


def subject_type(generated: RecordTypes) -> type:
    """Declare `CreditSubject` over the generated record types."""
    kind_enum: Any = generated.kind_enum
    filterable: Any = generated.filterable
    sortable: Any = generated.sortable
    registration_type: Any = generated.objects["Registration"]

    @strawberry.input(description="字段条件 A condition on one field; restricts the list to the field's kind.")
    class FieldMatchInput:
        field: filterable
        equals: str | None = None
        at_least: str | None = strawberry.field(default=None, description="Inclusive.")
        at_most: str | None = strawberry.field(default=None, description="Inclusive.")

    @strawberry.input(description="筛选 All parts given must hold.")
    class RecordFilter:
        day_from: Day | None = strawberry.field(default=None, description="Main day, inclusive.")
        day_to: Day | None = strawberry.field(default=None, description="Main day, inclusive.")
        severity: list[Severity] | None = None
        state: list[PublicityState] | None = None
        fields: list[FieldMatchInput] | None = None

    @strawberry.input(description="排序 Ties are broken by kind and key.")
    class RecordOrder:
        field: sortable | None = strawberry.field(default=None, description="Null: the main day.")
        direction: Direction = Direction.DESC

    def resolve_records(
        root: SubjectView,
        info: Info,
        *,
        kinds: list[kind_enum] | None = None,
        where: RecordFilter | None = None,
        order_by: RecordOrder | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> CreditRecordConnection:
        size = check_first(first)
        selection = _selection(info.context, kinds, where, order_by)
        scope = scope_of(root.seen.code, selection)
        rows = ordered(root.seen, selection)
        page = cut(rows, first=size, after=after, scope=scope, cursors=info.context.cursors)
        return _plain(page, root.view)  # type: ignore[return-value]  # a view stands for its type

    @strawberry.federation.type(
        name=SUBJECT_KIND,
        description="信用主体 An organisation, by its unified social credit code.",
        keys=["code"],
    )
    class CreditSubject(Node):
        is_type_of = staticmethod(lambda obj, _info: getattr(obj, "type_name", None) == SUBJECT_KIND)

        code: strawberry.ID = strawberry.field(description="统一社会信用代码 GB 32100-2015.")
        name: str | None = strawberry.field(description="名称 Tier P.")
        status: str | None = strawberry.field(description="登记状态 存续, 注销, 吊销, ... Tier P.")
        region: str | None = strawberry.field(description="行政区划 GB/T 2260. Tier P.")
        sector: str | None = strawberry.field(description="能源领域 Tier P.")
        parent_code: strawberry.ID | None = strawberry.field(description="分支机构所属法人 Tier P.")
        former_names: list[SubjectNameSpan] | None = strawberry.field(description="曾用名 Tier P.")
        timeline: list[SubjectTimelineEvent] | None = strawberry.field(description="主体沿革 Tier P.")
        registration: registration_type | None = strawberry.field(description="登记注册基本信息 In force now.")
        holdings: list[Holding] = strawberry.field(description="信息存量 What is on file, by category.")
        records: CreditRecordConnection = strawberry.field(
            resolver=resolve_records,
            description="信用记录 Main day descending; by kind, day, severity, state and filterable fields.",
        )

    return CreditSubject


def _plain(page: Page, view: Callable[[JudgedRecord], RecordView]) -> Plain:
    nodes = [view(row) for row in page.chosen]
    edges = [
        Plain(type_name="CreditRecordEdge", values={"cursor": page.cursor(offset), "node": node})
        for offset, node in enumerate(nodes)
    ]
    return Plain(
        type_name="CreditRecordConnection",
        values={
            "edges": edges,
            "nodes": nodes,
            "total_count": len(page.rows),
            "page_info": Plain(
                type_name="PageInfo",
                values={
                    "has_next_page": page.has_next,
                    "has_previous_page": page.has_previous,
                    "start_cursor": page.first_cursor,
                    "end_cursor": page.last_cursor,
                },
            ),
        },
    )


def _selection(asking: Asking, kinds: Sequence[Enum] | None, where: Any, order_by: Any) -> Selection:  # noqa: ANN401  generated inputs
    arguments: dict[str, object] = {"kinds": kinds}
    if where is not None:
        matches = [
            {"field": each.field, "equals": each.equals, "atLeast": each.at_least, "atMost": each.at_most}
            for each in where.fields or ()
        ]
        arguments["where"] = {
            "dayFrom": where.day_from,
            "dayTo": where.day_to,
            "severity": where.severity,
            "state": where.state,
            "fields": matches,
        }
    if order_by is not None:
        arguments["orderBy"] = {"field": order_by.field, "direction": order_by.direction}
    return selection_of(arguments, asking.specs)
