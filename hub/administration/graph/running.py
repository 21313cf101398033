"""
Runs one prepared operation and writes the answer down.

Rules:
    - A refusal is told with its code, its rule and its place; whatever else goes wrong is `INTERNAL`, and the log gets
      the kind of the error and where it was raised: never its text, never a value.
    - Who is nobody any more, or a store that cannot be used, refuses the whole request: the status must say so.
"""

import traceback
from collections.abc import Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute
from structlog.typing import FilteringBoundLogger

from hub.errors import ErrorCode, RefusalError, UnauthenticatedError, UnavailableError
from hub.road.documents import Prepared
from schema.catalogue.model import api_name_of

_PLACES = 12


class Runner:
    """Runs operations against one schema."""

    def __init__(self, schema: GraphQLSchema, log: FilteringBoundLogger) -> None:
        self._schema = schema
        self._log = log

    async def run(self, prepared: Prepared, context: object, request_id: str) -> bytes:
        """
        Run *prepared* with *context* for its resolvers; the complete JSON response.

        Raises:
            UnauthenticatedError: a resolver found that the asker is nobody any more.
            UnavailableError: a resolver could not use the store.
        """
        result = await self._execute(prepared, context)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer = {"errors": [self._told(error, request_id) for error in result.errors], **answer}
        return orjson.dumps(answer)

    async def _execute(self, prepared: Prepared, context: object) -> ExecutionResult:
        name = prepared.operation.name
        result = execute(
            self._schema,
            prepared.document,
            context_value=context,
            variable_values=prepared.raw,
            operation_name=None if name is None else name.value,
            hide_suggestions=True,
        )
        return result if isinstance(result, ExecutionResult) else await result

    def _told(self, error: GraphQLError, request_id: str) -> dict[str, Any]:
        cause = error.original_error
        if isinstance(cause, UnauthenticatedError | UnavailableError):
            raise cause
        if isinstance(cause, RefusalError):
            return _placed(_by_argument(cause.as_graphql()), error)
        if cause is None and error.extensions is not None and "code" in error.extensions:
            return _placed({"message": error.message, "extensions": dict(error.extensions)}, error)
        if cause is None:
            # A variable that is null where the argument takes none, and the like: the text may quote a value.
            return _placed(_plain("An argument does not fit its type.", ErrorCode.BAD_USER_INPUT), error)
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(cause.__traceback__)]
        self._log.error("failed", request_id=request_id, error=type(cause).__name__, places=places[-_PLACES:])
        return _placed(_plain("The hub failed to answer", ErrorCode.INTERNAL), error)


def _plain(message: str, code: ErrorCode) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code.value}}


def _by_argument(told: dict[str, Any]) -> dict[str, Any]:
    """Name the place as the asker does: arguments in GraphQL's spelling, an item by its number under `items`."""
    place = told["extensions"].get("place")
    if place:
        named = [api_name_of(part) if isinstance(part, str) else part for part in place]
        told["extensions"]["place"] = ["items", *named] if isinstance(named[0], int) else named
    return told


def _placed(told: Mapping[str, Any], error: GraphQLError) -> dict[str, Any]:
    placed = dict(told)
    if error.locations:
        placed["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    if error.path is not None:
        placed["path"] = list(error.path)
    return placed
