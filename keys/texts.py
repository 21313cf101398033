"""The strict readings that all C2SP texts share: one value, one spelling."""

import base64
import binascii

_MAX_DIGITS = 19


def from_base64(text: str) -> bytes:
    """
    Decode standard base64 with padding, in its one canonical spelling.

    Raises:
        ValueError: another alphabet, white space, missing padding, or bits left over.

    Source: RFC 4648, 4 and 3.5.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not standard base64") from None
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 in a spelling that is not canonical")
    return data


def to_base64(data: bytes) -> str:
    """Encode in standard base64 with padding. Source: RFC 4648, 4."""
    return base64.b64encode(data).decode("ascii")


def from_decimal(text: str) -> int:
    """
    Read an ASCII decimal below 2^63, without sign, space or leading zero.

    Raises:
        ValueError: any other spelling, or a number that is too large.
    """
    spelled = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and (text == "0" or text[0] != "0")
    if not spelled or int(text) >= 2**63:
        raise ValueError("not an ASCII decimal below 2^63 without leading zeroes")
    return int(text)
