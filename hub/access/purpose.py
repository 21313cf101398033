"""
The purpose of use (查询目的) of one request, from its body or its header, checked for form only.

Two ways in (INTERFACE 1):
    - `extensions.purpose`: `{"code": "PROCUREMENT_CHECK", "context": {"tender": "T-1", "lot": "2", "stage": "S5"}}`
    - `Purpose: PROCUREMENT_CHECK;tender="T-1";lot="2";stage="S5"` (RFC 9651 Item: a Token with String parameters)

Rules:
    - Neither means PUBLIC_LOOKUP without context. Both must say the same.
    - Header keys are lower case by the standard: `matter-code` and `matter_code` both mean `matterCode`. Text beyond
      ASCII travels as a Display String (`%"%e9%94%a6"`).
    - Whether the purpose is known, allowed and complete is decided by the policy, not here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import http_sf

from hub.errors import BadInputError
from schema.policy.decide import PUBLIC_LOOKUP

MAX_HEADER = 4096
"""Characters of a `Purpose` header."""
MAX_KEYS = 16
"""Context entries."""
MAX_VALUE = 128
"""Characters of a context value."""

_IN_BODY = ("extensions", "purpose")
_IN_HEADER = ("Purpose header",)
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_KEY = re.compile(r"[a-z][A-Za-z0-9]{0,31}")
_JOINT = re.compile(r"[-_]([a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """
    A purpose as it was stated.

    Attributes:
        code: `PROCUREMENT_CHECK`; well formed, not known to be a purpose of the policy.
        context: (key, value) pairs, keys in camelCase, sorted by key, each key once.
    """

    code: str
    context: tuple[tuple[str, str], ...] = ()


def purpose_of(extensions: Mapping[str, object], header: str | None) -> Purpose:
    """
    Read the purpose of a request.

    Args:
        extensions: The request's `extensions`, any JSON object.
        header: The `Purpose` header as it came; None if there was none.

    Raises:
        BadInputError: one of them is malformed, or they differ; names the place, repeats no value.
    """
    stated = extensions.get("purpose")
    in_body = None if stated is None else _from_body(stated)
    in_header = None if header is None else _from_header(header)
    if in_body is not None and in_header is not None and in_body != in_header:
        raise _fault(_IN_BODY, "another purpose than in the Purpose header", "the same in both, or only one of them")
    return in_body or in_header or Purpose(code=PUBLIC_LOOKUP)


def _from_body(stated: object) -> Purpose:
    if not isinstance(stated, Mapping):
        raise _fault(_IN_BODY, _kind(stated), "an object {code, context}")
    if stated.keys() - {"code", "context"}:
        raise _fault(_IN_BODY, "another member", "code and context only")
    code = stated.get("code")
    if not isinstance(code, str):
        raise _fault((*_IN_BODY, "code"), _kind(code), "a string")
    context = stated.get("context")
    if context is None:
        context = {}
    if not isinstance(context, Mapping):
        raise _fault((*_IN_BODY, "context"), _kind(context), "an object of strings")
    return _purpose(code, context.items(), _IN_BODY)


def _from_header(header: str) -> Purpose:
    if len(header) > MAX_HEADER or not header.isascii():
        raise _fault(_IN_HEADER, "a long or non-ASCII text", f"at most {MAX_HEADER} ASCII characters")
    try:
        item = http_sf.parse(header.encode("ascii"), tltype="item", on_duplicate_key=_refuse_twice)
    except http_sf.StructuredFieldError as error:
        at = f"a text that breaks off at position {error.position}"
        raise _fault(_IN_HEADER, at, 'CODE;key="value" (RFC 9651)') from error
    # An Item is always a pair; its value is a Token only if it was written without quotes.
    token, parameters = item if isinstance(item, tuple) else (item, {})
    if not isinstance(token, http_sf.Token) or not isinstance(parameters, dict):
        raise _fault(_IN_HEADER, "no token", "a purpose code without quotes")
    pairs = [(_JOINT.sub(lambda found: found[1].upper(), key), _plain(value)) for key, value in parameters.items()]
    if len({key for key, _ in pairs}) != len(pairs):
        raise _fault(_IN_HEADER, "a key twice", "each key once")
    return _purpose(str(token), pairs, _IN_HEADER)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, http_sf.DisplayString) else value


def _refuse_twice(_key: str, _of: str) -> None:
    raise _fault(_IN_HEADER, "a key twice", "each key once")


def _purpose(code: str, pairs: Iterable[tuple[object, object]], place: Sequence[str]) -> Purpose:
    if not _CODE.fullmatch(code):
        raise _fault((*place, "code"), "a malformed code", "capital letters, digits and underscores")
    context: dict[str, str] = {}
    for key, value in pairs:
        if len(context) == MAX_KEYS:
            raise _fault((*place, "context"), f"more than {MAX_KEYS} keys", f"at most {MAX_KEYS}")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise _fault((*place, "context"), "a malformed key", "camelCase of at most 32 letters and digits")
        context[key] = _checked_value(value, (*place, "context", key))
    return Purpose(code=code, context=tuple(sorted(context.items())))


def _checked_value(value: object, place: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise _fault(place, _kind(value), "a string in quotes")
    if len(value) > MAX_VALUE or not value.isprintable():
        raise _fault(place, "a long or unprintable text", f"at most {MAX_VALUE} printable characters")
    return value


_KINDS = {bool: "a boolean", int: "a number", float: "a number", str: "a string", dict: "an object", list: "an array"}


def _kind(value: object) -> str:
    return "nothing" if value is None else _KINDS.get(type(value), "a value of another kind")


def _fault(place: Sequence[str], got: str, expected: str) -> BadInputError:
    return BadInputError(f"purpose of use: {'.'.join(place)}: got {got}, expected {expected}", place=place)
