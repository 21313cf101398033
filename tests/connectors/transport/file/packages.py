"""Packages as a province makes them, and with any part of them replaced."""

import base64
import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openpyxl import Workbook

from connectors.transport.file.names import PackageName, parse_name
from keys.digests import digest

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SENDER = "12510000XNKU7WLW9B"
COLUMNS = ("ROW_ID", "OP", "SRC_UPDATE_TIME", "CF_WSH", "CF_SY")
NAME = f"UP_{SENDER}_XZCF_20261120000000_000001_inc.zip"


def name(text: str = NAME) -> PackageName:
    found = parse_name(text)
    assert found is not None
    return found


def rows(count: int) -> list[list[str]]:
    return [[f"r{n}", "I", "2026-11-20 00:00:00", f"川罚〔2026〕{n}号", "逾期,\n“未”报"] for n in range(count)]


def csv_data(count: int = 3, encoding: str = "utf-8", columns: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows(count))
    return text.getvalue().encode(encoding)


def xlsx_data(table: Sequence[Sequence[object]], sheet: str = "data") -> bytes:
    book = Workbook()
    book.active.title = sheet
    for row in table:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xml_data(body: str, *, count: int, head: str | None = None, before: str = "") -> bytes:
    inner = f"<body>{body}</body>"
    told = digest(inner.encode())
    head = head or (
        f'<head batchId="B-1" source="{SENDER}" catalog="XZCF" version="2026.1" mode="inc" count="{count}" '
        f'digest="{told}"/>'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<package>{head}{inner}</package>'.encode()


def xml_records(count: int) -> str:
    return "".join(
        f'<record op="I"><item code="ROW_ID">r{n}</item><item code="CF_WSH">川罚〔2026〕{n}号</item></record>'
        for n in range(count)
    )


def manifest(data: bytes, part: str, count: int, **changes: object) -> bytes:
    return json.dumps(
        {
            "batch_id": "B-1",
            "source": SENDER,
            "catalog": "XZCF",
            "catalog_version": "2026.1",
            "mode": "inc",
            "rows": count,
            "columns": list(COLUMNS),
            "format": part.rpartition(".")[2],
            "encoding": "utf-8",
            "created_at": "2026-11-20T00:00:00+08:00",
            "parts": {part: digest(data)},
            "signature": "sig.ed25519",
            **changes,
        }
    ).encode()


def pack(path: Path, members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def members(
    data: bytes, part: str = "data.csv", count: int = 3, signer: Ed25519PrivateKey = KEY, **changes: object
) -> dict[str, bytes]:
    told = manifest(data, part, count, **changes)
    return {
        "manifest.json": told,
        part: data,
        "sig.ed25519": base64.b64encode(signer.sign(told)) + b"\n",
    }
