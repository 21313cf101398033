"""
Canonical JSON (RFC 8785), so that two machines that mean the same value hash the same bytes.

Rules:
    - `rfc8785` is the authority. `orjson` with sorted keys writes the same bytes faster where that is certain: objects,
      arrays, exact `str`, `bool`, `None` and integers within ±(2^53 - 1), all keys below U+D800.
    - Why these limits: `orjson` sorts keys by code point and RFC 8785 by UTF-16 unit, which agree below the surrogates;
      `orjson` writes floats in another form than ECMAScript, so a float anywhere takes the slow way.
    - What has no canonical form is refused, never approximated: amounts and large numbers are strings.
    - A value that is written often is `Spelled` once. Its bytes are canonical because `Spelled.of` made them, or
      because whoever calls the constructor vouches for them.
"""

from dataclasses import dataclass
from typing import TypeAlias

import orjson
import rfc8785

from keys.errors import CanonicalError

Json: TypeAlias = "bool | int | float | str | list[Json] | tuple[Json, ...] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Spelled:
    """
    A value whose canonical bytes are known already. Nobody changes the value afterwards.

    Attributes:
        value: The value; no float anywhere in it. A large one, canonically written, reads back as an integer that has
            no canonical form.
        text: Its canonical JSON. Trusted: bytes that are not canonical make a commitment that nobody can open.
    """

    value: Json
    text: bytes

    @staticmethod
    def of(value: Json) -> "Spelled":
        """
        Spell *value* once, for every later use.

        Raises:
            CanonicalError: as `canonical_json`, or *value* holds a float.
        """
        text = canonical_json(value)
        if _holds_float(value):
            raise CanonicalError("a value that holds a float is not spelled ahead")
        return Spelled(value, text)


Value: TypeAlias = "Json | Spelled"

_INTEGER_LIMIT = 2**53
_FIRST_SURROGATE = "\ud800"
_DEPTH_LIMIT = 100  # beyond it the authority decides; also ends the walk of a value that holds itself


def canonical_json(value: object) -> bytes:
    """
    Write *value* in its one canonical form, UTF-8 without a final newline.

    Args:
        value: None, bool, int, float, str, list, tuple or dict with string keys, nested; or `Spelled`, not nested.

    Raises:
        CanonicalError: another type, an integer beyond ±(2^53 - 1), NaN or infinity, a lone surrogate, deep nesting.

    Source: RFC 8785, 3.2.
    """
    if type(value) is Spelled:
        return value.text
    written = exact_json(value)
    return _authority(value) if written is None else written


def exact_json(value: object) -> bytes | None:
    """
    Write *value* in its canonical form where that is certain to read back as the same value, tuples as lists.

    Returns:
        None where it is not: a float is in it, a key beyond U+D7FF, or it has no canonical form.
    """
    if not _is_exact(value):
        return None
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return None  # a lone surrogate or deep nesting: the authority says which, in its words


def _authority(value: object) -> bytes:
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # a wrong type is what it refuses
    except rfc8785.IntegerDomainError:
        raise CanonicalError("an integer is beyond ±(2^53 - 1): carry it as a string") from None
    except rfc8785.FloatDomainError:
        raise CanonicalError("NaN and infinity have no canonical form") from None
    except UnicodeEncodeError:
        raise CanonicalError("an object key holds a lone surrogate") from None
    except RecursionError:
        raise CanonicalError("the value is nested too deeply") from None
    except rfc8785.CanonicalizationError as fault:
        raise CanonicalError(_reason(fault)) from None


def _reason(fault: rfc8785.CanonicalizationError) -> str:
    """Name the fault without quoting the value it was found in."""
    text = str(fault)
    if text.startswith("unsupported type"):
        return "only null, booleans, numbers, strings, arrays and objects have a canonical form"
    return "object keys must be strings" if "keys" in text else "a string holds a lone surrogate"


def _is_exact(value: object, depth: int = 0) -> bool:
    """Whether `orjson` is certain to write *value* as RFC 8785 does."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -_INTEGER_LIMIT < value < _INTEGER_LIMIT  # type: ignore[operator]  # kind is int
    if depth > _DEPTH_LIMIT or kind not in {dict, list, tuple}:
        return False
    if kind is dict:
        if not all(_sorts_alike(key) for key in value):  # type: ignore[attr-defined]  # kind is dict
            return False
        value = value.values()  # type: ignore[attr-defined]  # kind is dict
    return all(
        type(part) is str or _is_exact(part, depth + 1)
        for part in value  # type: ignore[attr-defined]  # kind is dict, list or tuple
    )


def _holds_float(value: object) -> bool:
    """Whether a float is anywhere in *value*, which has a canonical form."""
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    return any(map(_holds_float, value)) if isinstance(value, list | tuple) else isinstance(value, float)


def _sorts_alike(key: object) -> bool:
    """Whether *key* stands in one place by code point and by UTF-16 unit."""
    return type(key) is str and (key.isascii() or max(key) < _FIRST_SURROGATE)
