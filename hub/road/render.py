"""
Step 8 of the road: render with the reference executor, and say what went wrong without saying more.

The reference executor is graphql-core over the guarded views: resolvers are synchronous, everything is fetched.
"""

from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute_sync

from hub.errors import ErrorCode
from hub.road.documents import Prepared
from schema.graph.asking import Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """
    What the executor made.

    Attributes:
        data: `data` of the response.
        errors: The resolvers' errors, ready to send.
        faults: Types of the exceptions that are ours, for the operator's log.
    """

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]
    faults: tuple[str, ...]


def render(schema: GraphQLSchema, prepared: Prepared, asking: Asking) -> Rendered:
    """Execute *prepared* over what *asking* holds. Never raises for the asker's input."""
    name = prepared.operation.name
    result: ExecutionResult = execute_sync(
        schema,
        prepared.document,
        context_value=asking,
        variable_values=prepared.raw,
        operation_name=name.value if name else None,
        hide_suggestions=True,
    )
    errors = result.errors or ()
    return Rendered(
        data=result.data,
        errors=[_told(error) for error in errors],
        faults=tuple(type(error.original_error).__name__ for error in errors if _is_ours(error)),
    )


def _is_ours(error: GraphQLError) -> bool:
    return error.original_error is not None and not (error.extensions and "code" in error.extensions)


def _told(error: GraphQLError) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message}
    if error.path is not None:
        told["path"] = list(error.path)
    if error.extensions and "code" in error.extensions:
        told["extensions"] = dict(error.extensions)
        return told
    if _is_ours(error):
        # A resolver failed. Its text may hold anything, so only its type is kept.
        return {**told, "message": "Internal error.", "extensions": {"code": ErrorCode.INTERNAL.value}}
    return {
        **told,
        "message": "A value does not fit its type.",
        "extensions": {"code": ErrorCode.BAD_USER_INPUT.value},
    }
