"""
XLSX by calamine. The format has no streaming reader: one sheet is held in memory, so its size is capped lower.

Rules:
    - One sheet, `data`; row 1 is the announced columns exactly.
    - Cells are text. A number that Excel made of one is written as a person sees it; a whole number past 15 digits has
      lost digits, so its row is unreadable rather than wrong.
"""

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO, Final

from python_calamine import CalamineError, CalamineWorkbook

from connectors.transport.file.sent import BodyFault, Sent

SHEET: Final = "data"
_MAX_PACKED: Final = 64 << 20
_MAX_UNPACKED: Final = 512 << 20
_EXACT: Final = 10**15


def xlsx_rows(file: IO[bytes], columns: Sequence[str]) -> Iterator[Sent]:
    """Read the sheet `data`. Raises `BodyFault`: too large, no workbook, another sheet, row 1 not *columns*."""
    rows = _sheet(file)
    names = list(columns)
    width = len(names)
    if [_text(cell) for cell in next(rows, [])] != names:
        raise BodyFault("row 1 is not the announced columns")
    for number, cells in enumerate(rows, start=2):
        texts = [_text(cell) for cell in cells]
        if not any(texts):
            continue
        readable = len(texts) == width and not any(map(_has_lost_digits, cells))
        yield Sent(number, None, dict(zip(names, texts, strict=False)), readable)


def _sheet(file: IO[bytes]) -> Iterator[Sequence[object]]:
    packed = file.read(_MAX_PACKED + 1)
    if len(packed) > _MAX_PACKED:
        raise BodyFault(f"an XLSX of more than {_MAX_PACKED} bytes; send CSV or XML")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as inner:
            if sum(member.file_size for member in inner.infolist()) > _MAX_UNPACKED:
                raise BodyFault(f"an XLSX of more than {_MAX_UNPACKED} bytes unpacked; send CSV or XML")
        book = CalamineWorkbook.from_filelike(io.BytesIO(packed))
        if SHEET not in book.sheet_names:
            raise BodyFault(f"no sheet named {SHEET}")
        return iter(book.get_sheet_by_name(SHEET).iter_rows())
    except (CalamineError, zipfile.BadZipFile):
        raise BodyFault("not an XLSX workbook") from None


def _text(cell: object) -> str | None:
    if isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return None if cell is None else str(cell)


def _has_lost_digits(cell: object) -> bool:
    return isinstance(cell, float | int) and not isinstance(cell, bool) and abs(cell) >= _EXACT
