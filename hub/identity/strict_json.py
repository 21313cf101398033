"""
JSON objects in which every name stands once.

A parser that takes the last of two equal names and one that takes the first see two different tokens (RFC 8725, 2.4;
RFC 7515, 4: duplicate header names must be refused).
"""

import json
from typing import Any


class DuplicateNameError(ValueError):
    """A name stands twice in one object."""


def strict_object(data: bytes) -> dict[str, Any]:
    """
    Parse *data* as one JSON object.

    Raises:
        DuplicateNameError: at any depth.
        ValueError: not UTF-8, not JSON, NaN or Infinity in it, nested too deeply, or not an object.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004  to the caller it is bad data like the rest
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateNameError("a name stands twice")
    return found


def _refuse(_constant: str) -> Any:  # noqa: ANN401  the hook's signature
    raise ValueError("not a JSON number")
