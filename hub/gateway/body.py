"""
Reads a GraphQL request from the wire and checks its form: size, encoding, depth, types of members.

Rules:
    - A POST carries one JSON object; an array (a batch) is refused, each operation is a request of its own.
    - Bad UTF-8, lone surrogates, NaN and nesting deeper than `JSON_DEPTH` are the client's mistake: 400, never 500.
    - A GET's parameters stand once each, and none carries a citizen number: URLs are kept in the logs of everyone
      on the way.
    - A token in the URL or the body (RFC 6750, 2.2 and 2.3) is refused: answered as the public, its sender would be
      misled.

Source: GraphQL over HTTP, 5; INTERFACE 1.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
import orjson

from hub.errors import BadInputError
from hub.gateway.once import IN_BODY, IN_EXTENSIONS, check_once
from schema.identifiers.citizen import spans_of_citizen_numbers

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

JSON_DEPTH = 64
_PARAMETERS_MAX = 16
_TOKEN = "access_token"  # noqa: S105  the name of a member, no secret
_GET_PARAMETERS = frozenset({"query", "operationName", "variables", "extensions", "documentId"})


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole; nobody is left to answer."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a GraphQL request, of the right types. `None`: absent or null."""

    query: str | None
    document_id: str | None
    operation_name: str | None
    variables: dict[str, Any]
    extensions: dict[str, Any]


async def read_body(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """
    Read the whole body.

    Args:
        receive: ASGI's.
        declared: The Content-Length header, None if absent.
        limit: Most bytes that are read.

    Raises:
        BadInputError: 413, the body is larger, told before it is read if its length is declared.
        ClientGoneError: the connection closed early.
    """
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise _too_large(limit)
    message = await receive()
    first: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False):
        if len(first) > limit:
            raise _too_large(limit)
        return first
    chunks = bytearray(first)
    while message["type"] == "http.request":
        if len(chunks) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(chunks)
        message = await receive()
        chunks += message.get("body", b"")
    raise ClientGoneError


def parameters_of_post(body: bytes) -> Parameters:
    """
    Read the body of a POST.

    Raises:
        BadInputError: 400, naming the member.
    """
    if not body:
        raise BadInputError("The body is empty: POST a JSON object with query")
    value = _json(body, "The body")
    check_once(body, value, IN_BODY)
    if isinstance(value, dict) and _TOKEN in value:
        raise _token_in_the_open()
    return _parameters(value)


def check_no_token(query_string: bytes) -> None:
    """
    Check that a URL beside a POST carries no token.

    Raises:
        BadInputError: 400.
    """
    if _TOKEN in unquote_to_bytes(query_string).decode("latin-1"):
        raise _token_in_the_open()


def parameters_of_get(query_string: bytes) -> Parameters:
    """
    Read the parameters of a GET.

    Raises:
        BadInputError: 400, naming the parameter.
    """
    pairs = _pairs(query_string)
    found: dict[str, Any] = {}
    for name, value in pairs:
        if spans_of_citizen_numbers(value) or spans_of_citizen_numbers(name):
            raise BadInputError("A GET may not carry a citizen number: URLs are kept in logs. POST this question")
        if name in _GET_PARAMETERS:
            # Clients that fill a form send the empty string for what is absent.
            found[name] = value if value or name == "query" else None
    for name in ("variables", "extensions"):
        if found.get(name) is not None:
            data = found[name].encode()
            found[name] = _json(data, name)
            if name == "extensions":
                check_once(data, found[name], IN_EXTENSIONS)
    return _parameters(found)


def _pairs(query_string: bytes) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_PARAMETERS_MAX,
        )
    except UnicodeError:
        raise BadInputError("The query string is not UTF-8") from None
    except ValueError:
        raise BadInputError(f"The query string has more than {_PARAMETERS_MAX} parameters") from None
    if any(name == _TOKEN for name, _ in pairs):
        raise _token_in_the_open()
    names = [name for name, _ in pairs if name in _GET_PARAMETERS]
    for name in set(names):
        if names.count(name) > 1:
            raise BadInputError(f"The parameter {name} stands more than once", place=(name,))
    return pairs


def _json(data: bytes, what: str) -> Any:  # noqa: ANN401  the wire: every caller narrows it
    """Parse JSON. orjson refuses bad UTF-8, lone surrogates, NaN and more than 1024 levels by itself."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise BadInputError(f"{what} is not JSON in UTF-8") from None
    if data.count(b"{") + data.count(b"[") > JSON_DEPTH and _is_deeper_than(value, JSON_DEPTH):
        raise BadInputError(f"{what} is nested deeper than {JSON_DEPTH} levels")
    return value


def _is_deeper_than(value: object, limit: int) -> bool:
    level: list[object] = [value]
    for _ in range(limit):
        children: list[object] = []
        for each in level:
            if isinstance(each, dict):
                children.extend(each.values())
            elif isinstance(each, list):
                children.extend(each)
        if not children:
            return False
        level = children
    return any(isinstance(each, dict | list) for each in level)


def _parameters(value: object) -> Parameters:
    if isinstance(value, list):
        raise BadInputError("Batches are not served: send each operation as a request of its own")
    if not isinstance(value, dict):
        raise BadInputError("Expected a JSON object with query, variables, operationName, extensions")
    return Parameters(
        query=_text(value, "query"),
        document_id=_text(value, "documentId"),
        operation_name=_text(value, "operationName"),
        variables=_object(value, "variables"),
        extensions=_object(value, "extensions"),
    )


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BadInputError(f"{name}: expected a string, got {_kind(value)}", place=(name,))


def _object(members: Mapping[str, object], name: str) -> dict[str, Any]:
    value = members.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise BadInputError(f"{name}: expected an object, got {_kind(value)}", place=(name,))


def _kind(value: object) -> str:
    match value:
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _token_in_the_open() -> BadInputError:
    return BadInputError("A token is taken from the Authorization header only: renew this one, it may stand in logs")


def _too_large(limit: int) -> BadInputError:
    return BadInputError(f"The body is larger than {limit} bytes", status=413, headers={"connection": "close"})
