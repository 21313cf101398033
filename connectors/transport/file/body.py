"""The body of a package, whatever its format: checked whole before a row is believed, then read row by row."""

from collections.abc import Iterator
from typing import IO

from connectors.transport.file.csv_rows import csv_rows
from connectors.transport.file.package import Manifest, Package
from connectors.transport.file.sent import BodyFault, Sent
from connectors.transport.file.xlsx_rows import xlsx_rows
from connectors.transport.file.xml_rows import body_digest, head_digest, xml_rows


def rows_of(manifest: Manifest, file: IO[bytes]) -> Iterator[Sent]:
    """Read the rows of *file*. Raises `BodyFault` when the body is not as *manifest* announces it."""
    match manifest.format:
        case "csv":
            return csv_rows(file, manifest.encoding, manifest.columns)
        case "xlsx":
            return xlsx_rows(file, manifest.columns)
        case "xml":
            return xml_rows(file, manifest)


def is_as_announced(package: Package) -> bool:
    """
    Whether digest, columns and row count of the body are those of the manifest (DG17 otherwise).

    Reads the body twice in pieces; memory does not grow with it, but for XLSX (see `xlsx_rows`).

    Raises:
        StopStream: FILE_DAMAGED.
    """
    if not package.verify_digest():
        return False
    try:
        with package.data() as file:
            counted = sum(1 for _ in rows_of(package.manifest, file))
    except BodyFault:
        return False
    if counted != package.manifest.rows:
        return False
    if package.manifest.format != "xml":
        return True
    with package.data() as file:
        announced = head_digest(file)
    with package.data() as file:
        return announced is not None and announced == body_digest(file)
