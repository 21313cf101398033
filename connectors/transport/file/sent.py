"""What the readers of the three formats share: one row as sent, and the fault of a body that is not as announced."""

from collections.abc import Mapping
from typing import NamedTuple


class Sent(NamedTuple):
    """
    One row as sent.

    Attributes:
        number: 1-based row as a person counts it (the header is row 1); None where rows are not numbered.
        path: XPath where rows are not numbered, else None.
        cells: Column -> text; None for absent.
        readable: False when the row could not be read; *cells* then holds what could.
    """

    number: int | None
    path: str | None
    cells: Mapping[str, str | None]
    readable: bool


class BodyFault(Exception):
    """The body is not what its header announces (DG17): other columns, another structure. Carries no value."""
