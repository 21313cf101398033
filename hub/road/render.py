"""
Step 8 of the road: render, and say what went wrong without saying more.

Two executors, one truth. The compiled executor (`schema.render`) serves what it has code for; the reference executor
(graphql-core over guarded views, everything already fetched) serves the rest, and says what the compiled must say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, execute_sync
from graphql.execution.values import VariableValues

from hub.errors import ErrorCode
from hub.road.documents import Prepared
from keys.canonical import canonical_json
from keys.errors import CanonicalError
from schema.graph.asking import Asking
from schema.graph.views import Outcome
from schema.plan.model import Plan
from schema.render.compiled import Compiled, Showing
from schema.render.runtime import NULL, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """
    What the executor made.

    Attributes:
        data: `data` of the response, as it is sent and in canonical form; `null` if an error left nothing.
        errors: The resolvers' errors, ready to send.
        faults: Types of the exceptions that are ours, for the operator's log.
        showing: What was shown.
        denied: Statically denied coordinate -> places left null.
    """

    data: Part
    errors: list[dict[str, Any]]
    faults: tuple[str, ...]
    showing: Showing
    denied: Mapping[str, int]


def render_compiled(
    compiled: Compiled, asking: Asking, plan: Plan, variables: VariableValues, *, only_written: bool = False
) -> Rendered:
    """
    Run the code of a plan.

    Raises:
        NotWrittenError: see `Compiled.run`.
        HandOverError: something here is not compiled; nothing was shown, ask the reference executor.
    """
    emitted = compiled.run(asking, plan, variables, only_written=only_written)
    return Rendered(
        data=emitted.data,
        errors=[_told(error) for error in emitted.errors],
        faults=(),
        showing=emitted.showing,
        denied=emitted.denied,
    )


def render(schema: GraphQLSchema, prepared: Prepared, asking: Asking) -> Rendered:
    """Execute *prepared* over what *asking* holds, with the reference executor. Never raises for the asker's input."""
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
    told = [_told(error) for error in errors]
    faults = [type(error.original_error).__name__ for error in errors if _is_ours(error)]
    outcome = asking.guard.outcome
    try:
        data = _numbers(result.data)
        part = Part(orjson.dumps(data), canonical_json(data))
    except (orjson.JSONEncodeError, CanonicalError) as error:
        # Half a character, or a number beyond JSON: it cannot be sent, so nothing is.
        part = NULL
        told.append({"message": "Internal error.", "extensions": {"code": ErrorCode.INTERNAL.value}})
        faults.append(type(error).__name__)
    return Rendered(
        data=part,
        errors=told,
        faults=tuple(faults),
        showing=showing_of(outcome),
        denied=outcome.denied,
    )


def showing_of(outcome: Outcome) -> Showing:
    """Say what the reference executor showed."""
    return Showing(
        served=tuple(sorted(outcome.served)),
        masked={name: "+".join(sorted(masks)) for name, masks in sorted(outcome.masked.items())},
    )


def _numbers(value: object) -> object:
    """Write floats without a fraction as integers, as canonical JSON does: what is sent is what is attested."""
    match value:
        case dict():
            return {key: _numbers(part) for key, part in value.items()}
        case list():
            return [_numbers(part) for part in value]
        case float():
            return int(value) if value.is_integer() else value
    return value


def _is_ours(error: GraphQLError) -> bool:
    # A GraphQLError within one is of the executor's own: an argument of introspection that a variable made null.
    is_foreign = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    return is_foreign and not (error.extensions and "code" in error.extensions)


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
