"""
Names under which a request can be found again: its id, and its place in a distributed trace.

Rules:
    - A client's `X-Request-Id` is kept if it is 1-64 characters of `A-Z a-z 0-9 . _ -` and fewer than 15 digits in
      a row, whatever stands between them; else we make one. A longer number could be a person's (old citizen numbers
      have 15 digits, new ones 18, cards 16-19), a longer or stranger text could carry other data into the logs.
    - A client's `traceparent` is honoured: our calls are its children. One of another form is as if absent.

Source: W3C Trace Context, 3.2.2.
"""

import os
import re

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONG_NUMBER = re.compile(r"(?:[0-9][._-]*){15}")
_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_ZERO_TRACE = b"0" * 32
_ZERO_PARENT = b"0" * 16


def request_id_from(given: bytes | None) -> str:
    """The client's request id if its form is sane and no long number is in it, else a new one (32 hex digits)."""
    if given is not None:
        text = given.decode("latin-1")
        if _REQUEST_ID.fullmatch(text) and _LONG_NUMBER.search(text) is None:
            return text
    return os.urandom(16).hex()


def child_of(traceparent: bytes | None) -> str:
    """A `traceparent` for our own calls: child of the client's if that is valid, else the start of a trace."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
    # Version 00 has no fifth part; later versions may only append one.
    if match is None or match[2] == _ZERO_TRACE or match[3] == _ZERO_PARENT or (match[1] == b"00" and match[5]):
        made = os.urandom(24).hex()
        return f"00-{made[:32]}-{made[32:]}-00"
    return f"00-{match[2].decode()}-{os.urandom(8).hex()}-{match[4].decode()}"
