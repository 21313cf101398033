"""`Query.accessPreview`: what a question would be shown, before it is asked."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

import strawberry

MAX_PREVIEWS = 5
"""Most previews in one question: each compiles a document."""

PreviewKey: TypeAlias = tuple[str, str | None, str | None]
"""Document, variables, name of the operation, as they stand in the arguments."""


class AccessOutcome(StrEnum):
    """What the most open row could show."""

    CLEAR = "CLEAR"
    MASKED = "MASKED"
    DENIED = "DENIED"


strawberry.enum(
    AccessOutcome,
    description=(
        "可见程度 The most that any row could show for this standing; a row may show less, and what is denied here is "
        "denied on every row."
    ),
)


@strawberry.type(description="字段可见性 What a question would be shown of one coordinate.")
class CoordinatePreview:
    """One guarded coordinate of the previewed document."""

    coordinate: str = strawberry.field(description="Schema coordinate, e.g. Penalty.fineAmount.")
    outcome: AccessOutcome
    mask: str | None = strawberry.field(description="m1 to m5, if it is masked wherever it is shown.")
    rule: str = strawberry.field(description="The rule that permits or denies.")
    required_tier: str | None = strawberry.field(description="The label's tier, if it is denied.")


@strawberry.type(description="A reason for which the question would be refused whole.")
class PreviewProblem:
    """What would be an error of the whole request."""

    message: str
    code: str
    coordinate: str | None = strawberry.field(description="The coordinate that an argument may not name.")
    rule: str | None


@strawberry.type(description="访问预览 What a question would be shown and would cost; nothing is read for it.")
class AccessPreview:
    """A plan, told to its asker."""

    purpose: str = strawberry.field(description="The purpose of this question, for which the preview holds.")
    policy_version: int
    problems: list[PreviewProblem] = strawberry.field(description="Empty if the question would be answered.")
    coordinates: list[CoordinatePreview] = strawberry.field(description="In the document's order, each once.")
    rows: int | None = strawberry.field(description="Objects it is predicted to hold; null if it is not valid.")
    bytes: int | None = strawberry.field(description="Bytes of data it is predicted to have.")
    sources: list[strawberry.ID] = strawberry.field(description="Live sources that would be asked.")


def preview_key(arguments: Mapping[str, object]) -> PreviewKey:
    """What a preview is found by."""
    variables, name = arguments.get("variables"), arguments.get("operationName")
    return (
        str(arguments["document"]),
        None if variables is None else str(variables),
        None if name is None else str(name),
    )
