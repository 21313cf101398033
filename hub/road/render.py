"""
Step 8 of the road: render with the reference executor, and say what went wrong without saying more.

The reference executor is graphql-core over the guarded views: resolvers are synchronous, everything is fetched.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute_sync

from hub.errors import ErrorCode
from hub.road.documents import Prepared
from schema.graph.asking import Asking

_log = structlog.get_logger("hub.road.render")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`data` of the response and the errors of its resolvers."""

    data: dict[str, Any] | None
    errors: list[dict[str, Any]]


def render(schema: GraphQLSchema, prepared: Prepared, asking: Asking, request_id: str) -> Rendered:
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
    return Rendered(data=result.data, errors=[_told(error, request_id) for error in result.errors or ()])


def _told(error: GraphQLError, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message}
    if error.path is not None:
        told["path"] = list(error.path)
    if error.extensions and "code" in error.extensions:
        told["extensions"] = dict(error.extensions)
        return told
    if error.original_error is not None:
        # Ours: a resolver failed. Its text may hold anything, so only its type is kept.
        _log.error("resolver_failed", request_id=request_id, error=type(error.original_error).__name__)
        return {**told, "message": "Internal error.", "extensions": {"code": ErrorCode.INTERNAL.value}}
    return {
        **told,
        "message": "A value does not fit its type.",
        "extensions": {"code": ErrorCode.BAD_USER_INPUT.value},
    }
