"""
Spreadsheets and zips whose bytes follow from their content: the usual writers stamp the time of day into them.

Source: ECMA-376 (SpreadsheetML), inline strings.
"""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

_OPEN_XML: Final = "http://schemas.openxmlformats.org"
_SHEET: Final = f"{_OPEN_XML}/spreadsheetml/2006/main"
_RELATIONS: Final = f"{_OPEN_XML}/officeDocument/2006/relationships"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_XLSX_PARTS: Final = (
    (
        "[Content_Types].xml",
        (
            f'<Types xmlns="{_OPEN_XML}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml"'
            ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            '<Override PartName="/xl/worksheets/sheet1.xml"'
            ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
        ),
    ),
    (
        "_rels/.rels",
        (
            f'<Relationships xmlns="{_OPEN_XML}/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
    ),
    (
        "xl/workbook.xml",
        (
            f'<workbook xmlns="{_SHEET}" xmlns:r="{_RELATIONS}">'
            '<sheets><sheet name="data" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
    ),
    (
        "xl/_rels/workbook.xml.rels",
        (
            f'<Relationships xmlns="{_OPEN_XML}/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
        ),
    ),
)


def spreadsheet(rows: Sequence[Sequence[str]], created: datetime) -> bytes:
    """
    Write *rows* as an XLSX workbook of one sheet, `data`, every cell text; an empty text is no cell.

    Args:
        rows: All of one length, the header first.
        created: The time the zip's entries bear.
    """
    names = [_letters(number) for number in range(len(rows[0]))]
    lines = [
        f'<row r="{number}">'
        + "".join(
            f'<c r="{name}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
            for name, value in zip(names, row, strict=True)
            if value
        )
        + "</row>"
        for number, row in enumerate(rows, start=1)
    ]
    sheet = f'<worksheet xmlns="{_SHEET}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
    parts = (*_XLSX_PARTS, ("xl/worksheets/sheet1.xml", sheet))
    return zipped(((name, (_DECLARATION + text).encode()) for name, text in parts), created)


def _letters(number: int) -> str:
    """Column letters of the column *number*, from 0: A, B, …, Z, AA."""
    high, low = divmod(number, 26)
    return (_letters(high - 1) if high else "") + chr(ord("A") + low)


def zipped(parts: Iterable[tuple[str, bytes]], created: datetime) -> bytes:
    """Zip *parts* (name, content) in order; every entry bears the time *created*."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            entry = zipfile.ZipInfo(name, created.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=1)
    return whole.getvalue()
