"""The subject's type and its records connection, over the generated record types."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import strawberry

from schema.catalogue.model import FieldSpec
from schema.graph.asking import Asking
from schema.graph.connection import MAX_PAGE, NUMBER, NUMBERS, CursorError, FieldMatch, Selection, page, select
from schema.graph.errors import bad_input
from schema.graph.scalars import Day, Direction
from schema.graph.types import (
    CreditRecord,
    Holding,
    Node,
    RecordTypes,
    SubjectNameSpan,
    SubjectTimelineEvent,
)
from schema.graph.views import SubjectView
from schema.plan.guarded import SUBJECT_KIND
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
        if not 1 <= first <= MAX_PAGE:
            raise bad_input(f"first: expected 1 to {MAX_PAGE}, got {first}.", argument="first")
        selection = _selection(info.context, kinds, where, order_by)
        scope = f"records|{root.code}|{selection.scope}"
        try:
            return page(  # type: ignore[return-value]  # a view stands for its type
                select(root.records, selection),
                first=first,
                after=after,
                scope=scope,
                cursors=info.context.cursors,
            )
        except CursorError:
            raise bad_input("after: not a cursor of this list.", argument="after") from None

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


def _checked(spec: FieldSpec, value: str | None) -> str | None:
    if value is not None and spec.field.type in NUMBERS and not NUMBER.fullmatch(value):
        raise bad_input(f"{spec.coordinate}: expected a decimal number.", coordinate=spec.coordinate)
    return value


def _selection(asking: Asking, kinds: Sequence[Enum] | None, where: Any, order_by: Any) -> Selection:  # noqa: ANN401  generated inputs
    specs = [(asking.specs[match.field.value], match) for match in (where.fields or ())] if where else []
    matches = tuple(
        FieldMatch(
            spec=spec,
            equals=_checked(spec, match.equals),
            at_least=_checked(spec, match.at_least),
            at_most=_checked(spec, match.at_most),
        )
        for spec, match in specs
    )
    return Selection(
        kinds=None if kinds is None else frozenset(str(kind.value) for kind in kinds),
        day_from=where.day_from if where else None,
        day_to=where.day_to if where else None,
        severities=_values(where.severity) if where else None,
        states=_values(where.state) if where else None,
        matches=matches,
        order=asking.specs[order_by.field.value] if order_by and order_by.field else None,
        descending=order_by is None or order_by.direction is Direction.DESC,
    )


def _values(members: Sequence[Enum] | None) -> frozenset[str] | None:
    return None if members is None else frozenset(str(member.value) for member in members)
