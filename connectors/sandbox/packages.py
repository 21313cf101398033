"""
File packages as the province writes them: data in four forms, manifest, detached signature, one zip.

Rules:
    - The same rows give the same bytes: zip entries bear the package's time, spreadsheets are written out here
      because the usual writers stamp the time of day into them.

Source: DOMAIN 11.4; wire contract in docs/sandbox.md 2.
"""

import csv
import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SM3, Hash

from connectors.sandbox.columns import TABLES
from connectors.sandbox.rows import WorldRow
from connectors.sandbox.spreadsheet import spreadsheet, zipped

CATALOGUE_VERSION: Final = "2026.11"
"""The hub's catalogue version the province says it uses."""

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "sig.ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of data: the part's name, its format and its encoding as the manifest says them."""

    part: str
    format: Literal["csv", "xlsx", "xml"]
    encoding: str


FORMS: Final = (
    Form(part="data.csv", format="csv", encoding="utf-8"),
    Form(part="data.csv", format="csv", encoding="gb18030"),
    Form(part="data.xlsx", format="xlsx", encoding="utf-8"),
    Form(part="data.xml", format="xml", encoding="utf-8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a package says of itself; `number` counts over all packages, `created` is aware."""

    source: str
    kind: str
    created: datetime
    number: int
    mode: Literal["full", "inc"]
    form: Form

    @property
    def catalog(self) -> str:
        """Catalogue code, e.g. `XZCF`."""
        return TABLES[self.kind].catalog

    @property
    def batch_id(self) -> str:
        """Identifier of the batch."""
        return f"{self.source}-{self.catalog}-{self.created:%Y%m%d%H%M%S}-{self.number:06d}"

    @property
    def file_name(self) -> str:
        """Name of the zip."""
        return f"UP_{self.source}_{self.catalog}_{self.created:%Y%m%d%H%M%S}_{self.number:06d}_{self.mode}.zip"

    @property
    def columns(self) -> tuple[str, ...]:
        """Header row of the data."""
        return ("ROW_ID", "OP", "SRC_UPDATE_TIME", *TABLES[self.kind].codes)

    def data(self, rows: Sequence[WorldRow], *, header: Sequence[str] | None = None) -> bytes:
        """Write *rows* in the package's form; *header* stands in for the columns when it is to be wrong."""
        cells = [_cells(row, self.columns[3:]) for row in rows]
        if self.form.format == "csv":
            return _csv([list(header or self.columns), *cells], self.form.encoding)
        if self.form.format == "xlsx":
            return spreadsheet([list(header or self.columns), *cells], self.created)
        return _xml(self, header or self.columns, cells)

    def manifest(self, count: int, digest: str) -> bytes:
        """Write the manifest of *count* rows whose data file has *digest*."""
        return orjson.dumps(
            {
                "batch_id": self.batch_id,
                "source": self.source,
                "catalog": self.catalog,
                "catalog_version": CATALOGUE_VERSION,
                "mode": self.mode,
                "rows": count,
                "columns": self.columns,
                "format": self.form.format,
                "encoding": self.form.encoding,
                "created_at": self.created.isoformat(),
                "parts": {self.form.part: digest},
                "signature": SIGNATURE,
            },
            option=orjson.OPT_INDENT_2,
        )


def pack(package: Package, data: bytes, manifest: bytes, signed: bytes) -> bytes:
    """Put *data*, *manifest* and the signature *signed* into the zip of *package*."""
    parts = ((MANIFEST, manifest), (package.form.part, data), (SIGNATURE, b64encode(signed) + b"\n"))
    return zipped(parts, package.created)


def sealed(package: Package, rows: Sequence[WorldRow], key: Ed25519PrivateKey) -> bytes:
    """Write *rows* as a whole and sound package, signed by *key*."""
    data = package.data(rows)
    manifest = package.manifest(len(rows), sm3(data))
    return pack(package, data, manifest, key.sign(manifest))


def sm3(data: bytes) -> str:
    """Digest *data*: `sm3:<hex>`."""
    digest = Hash(SM3())
    digest.update(data)
    return f"sm3:{digest.finalize().hex()}"


def _cells(row: WorldRow, columns: Sequence[str]) -> list[str]:
    return [row.row_id, row.op, row.updated.strftime(TIME_FORMAT), *(row.text(column) or "" for column in columns)]


def _csv(rows: Iterable[Sequence[str]], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def _xml(package: Package, header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    body = ["<body>"]
    for row in rows:
        items = "".join(
            f"<item code={quoteattr(code)}>{escape(value)}</item>"
            for code, value in zip(header, row, strict=True)
            if value and code != "OP"
        )
        body.append(f'<record op="{row[1]}">{items}</record>')
    whole = "".join([*body, "</body>"]).encode()
    head = (
        f'<head batchId="{package.batch_id}" source="{package.source}" catalog="{package.catalog}"'
        f' version="{CATALOGUE_VERSION}" mode="{package.mode}" count="{len(rows)}" digest="{sm3(whole)}"/>'
    )
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<package>' + head.encode() + whole + b"</package>\n"
