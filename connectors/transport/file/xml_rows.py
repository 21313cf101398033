"""
XML packages by lxml, one record in memory at a time.

Rules:
    - No document type, no entities beyond the five, no network; huge text is refused by the parser's own limits.
    - `<head>` must agree with the manifest; its `digest` is SM3 over the bytes from `<body>` to `</body>`.

Source: DOMAIN 11.4, the XML alternative; docs/sandbox.md 2.
"""

from collections.abc import Iterator
from typing import IO, Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from connectors.transport.file.package import Manifest
from connectors.transport.file.sent import BodyFault, Sent
from connectors.transport.rows import mended

_PIECE: Final = 1 << 16
_TAIL: Final = 256
_OPEN: Final = b"<body>"
_CLOSE: Final = b"</body>"


def xml_rows(file: IO[bytes], manifest: Manifest) -> Iterator[Sent]:
    """
    Read *file* record by record.

    Raises:
        BodyFault: not well-formed, a document type, a head that is not the manifest's, an unknown element.
    """
    known = frozenset(manifest.columns)
    number = 0
    try:
        # `huge_tree` stays off: it lifts the limits on depth and text.
        events = etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
        depth = 0
        for event, element in events:
            if event == "start":
                depth += 1
                _check_start(element, depth, manifest)
                continue
            depth -= 1
            if element.tag == "record" and depth == 2:  # noqa: PLR2004  package, body, record
                number += 1
                yield _record(element, number, known)
                _forget(element)
    except etree.XMLSyntaxError:
        raise BodyFault("not well-formed XML") from None


def body_digest(file: IO[bytes]) -> str | None:
    """SM3 over the bytes from `<body>` to `</body>`, both included, as `sm3:<hex>`; None if they are not there."""
    held = b""
    while _OPEN not in held:
        piece = file.read(_PIECE)
        if not piece:
            return None
        held = held[-len(_OPEN) :] + piece
    held = held[held.index(_OPEN) :]
    state = hashes.Hash(hashes.SM3())
    while piece := file.read(_PIECE):
        held += piece
        if len(held) > _TAIL:
            state.update(held[:-_TAIL])
            held = held[-_TAIL:]
    end = held.rfind(_CLOSE)
    if end < 0:
        return None
    state.update(held[: end + len(_CLOSE)])
    return "sm3:" + state.finalize().hex()


def head_digest(file: IO[bytes]) -> str | None:
    """The `digest` that `<head>` announces; None if there is none."""
    try:
        for _event, element in etree.iterparse(
            file, events=("start",), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        ):
            if element.tag == "head":
                digest: str | None = element.get("digest")
                return digest
            if element.tag != "package":
                return None
    except etree.XMLSyntaxError:
        return None
    return None


def _check_start(element: etree._Element, depth: int, manifest: Manifest) -> None:
    if depth == 1:
        if element.tag != "package" or _has_doctype(element):
            raise BodyFault("expected <package> without a document type")
    elif element.tag == "head":
        told = tuple(element.get(name) for name in ("batchId", "source", "catalog", "version", "mode", "count"))
        meant = (
            manifest.batch_id,
            manifest.source,
            manifest.catalog,
            manifest.catalog_version,
            manifest.mode,
            str(manifest.rows),
        )
        if told != meant:
            raise BodyFault("the head is not the manifest's")
    elif element.tag not in {"body", "record", "item"}:
        raise BodyFault("an unknown element")


def _record(element: etree._Element, number: int, known: frozenset[str]) -> Sent:
    cells: dict[str, str | None] = {"OP": element.get("op")}
    readable = True
    for item in element:
        code = item.get("code")
        # An entity that was not resolved leaves a child node, and the text would be half of what was sent.
        if code is None or code not in known or code in cells or len(item):
            readable = False
            continue
        cells[code] = mended(item.text)
    return Sent(None, f"/package/body/record[{number}]", cells, readable)


def _has_doctype(element: etree._Element) -> bool:
    info = element.getroottree().docinfo
    return bool(getattr(info, "doctype", "")) or getattr(info, "internalDTD", None) is not None


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        parent.remove(parent[0])
