"""
CSV by RFC 4180, in UTF-8 or GB18030, row by row.

Rules:
    - Row 1 is the announced columns exactly, in their order.
    - Bytes that are no text, a wrong number of cells or broken quoting make one row unreadable and leave
      the next alone.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, Literal

from connectors.transport.file.sent import BodyFault, Sent
from connectors.transport.rows import is_storable, mended


def csv_rows(file: IO[bytes], encoding: Literal["utf-8", "gb18030"], columns: Sequence[str]) -> Iterator[Sent]:
    """Read *file* one row at a time. Raises `BodyFault` when row 1 is not *columns*."""
    text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
    reader = csv.reader(text, strict=True)
    names = list(columns)
    width = len(names)
    if _next(reader) != names:
        raise BodyFault("row 1 is not the announced columns")
    number = 1
    while True:
        cells = _next(reader)
        if cells is None:
            return
        number += 1
        if not cells:
            if isinstance(cells, _Unreadable):
                yield Sent(number, None, {}, False)
            continue
        joined = "".join(cells)
        if len(cells) == width and (joined.isascii() or is_storable(joined)):
            yield Sent(number, None, dict(zip(names, cells, strict=True)), True)
        else:
            yield Sent(number, None, {name: mended(cell) for name, cell in zip(names, cells, strict=False)}, False)


class _Unreadable(list[str]):
    """A row whose quoting is broken: no cells, and not an empty line either."""


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader)
    except StopIteration:
        return None
    except csv.Error:
        return _Unreadable()
