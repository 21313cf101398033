"""Cursors as text: a small JSON object that only its connector reads; a foreign or damaged one is refused."""

from typing import TypeVar

import msgspec

from connectors.errors import StopStream

_T = TypeVar("_T", bound=msgspec.Struct)


def encode_cursor(state: msgspec.Struct) -> str:
    """Write *state*, which leaves its defaults out."""
    return msgspec.json.encode(state).decode("utf-8")


def decode_cursor(source: str, text: str | None, kind: type[_T]) -> _T:
    """Read a cursor; None is the beginning. Raises `StopStream` SRC_CURSOR."""
    if text is None:
        return kind()
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise StopStream(source, "SRC_CURSOR", "the stored cursor is not one of this connector") from None
