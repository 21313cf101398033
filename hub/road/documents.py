"""
Step 3 of the road: parse, validate, coerce variables. A fault here is a request error: no data, no entry in the log.

Rules:
    - A message tells the place and what was expected; it repeats no value, no Python text and no suggestion.
    - Work is bounded by tokens before it begins; what nests deeper than the interpreter can follow is refused.
    - A document is parsed and validated once; the cache is keyed by its SHA-256 and bounded. It holds no decision.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values

from hub.errors import ErrorCode
from hub.kept import Kept
from schema.plan.arguments import switches_of
from schema.plan.gate import MAX_TOKENS, RULES, find_fault

CHARACTERS_EACH = 4_000
"""Characters of a kept document, mean: together they may have no more."""
_SMALL = 2_000
MAX_ERRORS = 20
"""Most errors told of one document or one set of variables."""


class RequestFaultError(Exception):
    """The request cannot be executed; *errors* are GraphQL errors ready to send."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} request errors")
        self.errors = list(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """
    A valid document with the operation to run and its variables.

    Attributes:
        document: The parsed document.
        digest: `sha256:<hex>` of its text.
        size: Characters of its text.
        switches: Variables that its @skip and @include name.
        operation: The operation to run, of a served type.
        place: Place of the operation among the document's definitions.
        variables: Coerced values.
        raw: Values as sent.
    """

    document: DocumentNode
    digest: str
    size: int
    switches: tuple[str, ...]
    operation: OperationDefinitionNode
    place: int
    variables: VariableValues
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Valid:
    document: DocumentNode
    switches: tuple[str, ...]


class Documents:
    """
    Parses and validates documents against one schema; remembers the last *size* valid ones.

    Operations of other types than *serves* are refused.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        size: int = 500,
        serves: frozenset[OperationType] = frozenset({OperationType.QUERY}),
    ) -> None:
        self._schema = schema
        self._serves = serves
        self.valid: Kept[str, _Valid] = Kept(size, size * CHARACTERS_EACH)
        # What was refused is refused again without work.
        self._refused: Kept[str, RequestFaultError] = Kept(size, size * CHARACTERS_EACH)
        # Documents never seen take turns: together they would hold the interpreter, and everyone would wait for it.
        # A small one does not wait for large ones.
        self._turn, self._small_turn = asyncio.Lock(), asyncio.Lock()

    async def admit(self, text: str) -> None:
        """
        Parse and validate *text* apart from the event loop, unless it is known; `prepare` then finds it.

        Raises:
            RequestFaultError: it does not parse, or is not valid.
        """
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest in self.valid:
            return
        async with self._small_turn if len(text) <= _SMALL else self._turn:
            if digest in self.valid:
                return
            refused = self._refused.find(digest)
            if refused is not None:
                raise RequestFaultError(refused.errors)
            try:
                valid = await asyncio.to_thread(self._read, text)
            except RequestFaultError as fault:
                self._refused.keep(digest, RequestFaultError(fault.errors), len(text))
                raise
            self.valid.keep(digest, valid, len(text))

    def _read(self, text: str) -> _Valid:
        document = self._parse(text)
        self._validate(document)
        return _Valid(document=document, switches=switches_of(document))

    def prepare(self, text: str, operation_name: str | None, variables: dict[str, Any]) -> Prepared:
        """
        Make *text* ready to run.

        Raises:
            RequestFaultError: it does not parse, is not valid, names no operation, or its variables do not fit.
        """
        digest = hashlib.sha256(text.encode()).hexdigest()
        valid = self.valid.find(digest)
        if valid is None:
            valid = self._read(text)
            self.valid.keep(digest, valid, len(text))
        place, operation = _operation(valid.document, operation_name, self._serves)
        coerced = get_variable_values(
            self._schema,
            operation.variable_definitions or (),
            variables,
            max_errors=MAX_ERRORS,
            hide_suggestions=True,
        )
        if not isinstance(coerced, VariableValues):
            raise RequestFaultError([_variable_fault(error) for error in coerced])
        return Prepared(
            document=valid.document,
            digest=f"sha256:{digest}",
            size=len(text),
            switches=valid.switches,
            operation=operation,
            place=place,
            variables=coerced,
            raw=variables,
        )

    def _parse(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=MAX_TOKENS)
        except GraphQLSyntaxError as error:
            raise RequestFaultError([_fault(error, ErrorCode.GRAPHQL_PARSE_FAILED)]) from None
        except RecursionError:
            raise RequestFaultError(
                [_plain("Syntax Error: nested too deeply.", ErrorCode.GRAPHQL_PARSE_FAILED)]
            ) from None

    def _validate(self, document: DocumentNode) -> None:
        try:
            fault = find_fault(document)
            errors = (
                [fault]
                if fault
                else validate(self._schema, document, RULES, max_errors=MAX_ERRORS, hide_suggestions=True)
            )
        except RecursionError:
            errors = [GraphQLError("The document is nested too deeply.")]
        if errors:
            raise RequestFaultError([_fault(error, ErrorCode.GRAPHQL_VALIDATION_FAILED) for error in errors])


def _operation(
    document: DocumentNode, name: str | None, serves: frozenset[OperationType]
) -> tuple[int, OperationDefinitionNode]:
    operations = [
        (place, node) for place, node in enumerate(document.definitions) if isinstance(node, OperationDefinitionNode)
    ]
    chosen = [(place, node) for place, node in operations if name is None or (node.name and node.name.value == name)]
    if len(chosen) != 1:
        problem = "The document has several operations: name one." if name is None else "No operation has that name."
        raise RequestFaultError([_plain(problem if operations else "The document has no operation.", _INVALID)])
    if chosen[0][1].operation not in serves:
        served = "queries and mutations" if OperationType.MUTATION in serves else "queries"
        raise RequestFaultError([_plain(f"Only {served} are served.", _INVALID)])
    return chosen[0]


_INVALID = ErrorCode.GRAPHQL_VALIDATION_FAILED
_ECHO = re.compile(r"cannot represent|Expected value of type|Invalid value|is not a valid")
_QUOTED = re.compile(r"\b(found \w+|Unexpected \w+|Unterminated string|Invalid number)\b.*", re.DOTALL)
_VARIABLE = re.compile(r"Variable ['\"]?\$(\w+)")


def _fault(error: GraphQLError, code: ErrorCode) -> dict[str, Any]:
    # A syntax error quotes the token it stopped at, which may hold anything.
    message = _QUOTED.sub(r"\1.", error.message) if code is ErrorCode.GRAPHQL_PARSE_FAILED else error.message
    if _ECHO.search(message):
        message = "A value in the document does not fit its type."
    told: dict[str, Any] = {"message": message}
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    told["extensions"] = {"code": code.value}
    return told


def _variable_fault(error: GraphQLError) -> dict[str, Any]:
    name = _VARIABLE.search(error.message)
    place = f"${name.group(1)}" if name else "variables"
    return {
        "message": f"{place}: the value does not fit the variable's type.",
        "extensions": {
            "code": ErrorCode.BAD_USER_INPUT.value,
            "place": ["variables", *(name.groups() if name else ())],
        },
    }


def _plain(message: str, code: ErrorCode) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code.value}}
