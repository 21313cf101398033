"""
A package, opened with suspicion: its shape, its manifest, its signature, then its data's digest.

Rules:
    - Members have known names and plain places: no folder, no path, no link, no encryption.
    - Sizes are capped before anything is unpacked, and unpacking stops at the declared size.
    - The signature is over the manifest's bytes, the manifest binds the data by digest. What is not signed is not
      believed, not even the batch identifier.

Source: DOMAIN 11.4; docs/sandbox.md for the signature.
"""

import base64
import binascii
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.errors import RetryLater, StopStream
from connectors.transport.file.names import PackageName

MANIFEST: Final = "manifest.json"
_FORMATS: Final[Mapping[str, str]] = {"csv": "data.csv", "xlsx": "data.xlsx", "xml": "data.xml"}
_MAX_MANIFEST: Final = 1 << 20
_MAX_SIGNATURE: Final = 4096
_MAX_RATIO: Final = 200
_RATIO_FLOOR: Final = 1 << 20
_MAX_ROWS: Final = 50_000_000
_PIECE: Final = 1 << 20
_SYMLINKS = frozenset({stat.S_IFLNK})


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`manifest.json` (DOMAIN 11.4)."""

    batch_id: str
    source: str
    catalog: str
    catalog_version: str
    mode: Literal["full", "inc"]
    rows: int
    columns: list[str]
    format: Literal["csv", "xlsx", "xml"]
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    created_at: str
    parts: dict[str, str]
    signature: str


class Package:
    """An opened package whose manifest is signed by its sender. The data's digest is `verify_digest`'s matter."""

    def __init__(self, *, source: str, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._source = source
        self._archive = archive
        self.manifest = manifest
        self.part = _FORMATS[manifest.format]

    @contextmanager
    def data(self) -> Iterator[IO[bytes]]:
        """Open the data, unpacked as it is read. Raises `StopStream` FILE_DAMAGED when the packing is damaged."""
        with _undamaged(self._source, self.part), self._archive.open(self.part) as file:
            yield file

    def verify_digest(self) -> bool:
        """Whether the data's SM3 is the one of the manifest; reads all of the data, in pieces."""
        state = hashes.Hash(hashes.SM3())
        with self.data() as file:
            while piece := file.read(_PIECE):
                state.update(piece)
        return self.manifest.parts.get(self.part) == "sm3:" + state.finalize().hex()


@contextmanager
def open_package(
    source: str, path: Path, name: PackageName, key: Ed25519PublicKey, *, max_bytes: int
) -> Iterator[Package]:
    """
    Open the package at *path*.

    Args:
        source: Site identifier, for errors.
        path: The file; a link is refused.
        name: Its parsed name; the manifest must name the same source and catalogue.
        key: The sender's key.
        max_bytes: Largest file and largest data, unpacked, in bytes.

    Raises:
        StopStream: FILE_VANISHED, FILE_OVERSIZE, FILE_DAMAGED, FILE_SHAPE (unexpected members), FILE_BOMB,
            FILE_MANIFEST, FILE_SIGNATURE, FILE_NAME (the manifest says otherwise).
        RetryLater: FILE_UNREADABLE.
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        raise StopStream(source, "FILE_VANISHED", name.text) from None
    except OSError:
        raise RetryLater(source, "FILE_UNREADABLE", name.text) from None
    if not stat.S_ISREG(facts.st_mode):
        raise StopStream(source, "FILE_SHAPE", f"{name.text}: expected a plain file")
    if facts.st_size > max_bytes:
        raise StopStream(source, "FILE_OVERSIZE", f"{name.text}: more than {max_bytes} bytes")
    with _undamaged(source, name.text), zipfile.ZipFile(path) as archive:
        _check_members(source, name, archive, max_bytes)
        manifest = _manifest(source, name, archive, key)
        yield Package(source=source, archive=archive, manifest=manifest)


def _check_members(source: str, name: PackageName, archive: zipfile.ZipFile, max_bytes: int) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    data = [each for each in names if each in _FORMATS.values()]
    if len(members) != 3 or len(set(names)) != 3 or len(data) != 1 or MANIFEST not in names:  # noqa: PLR2004  manifest, data, signature
        raise StopStream(source, "FILE_SHAPE", f"{name.text}: expected manifest, one data file and a signature")
    for member in members:
        if "/" in member.filename or "\\" in member.filename or member.is_dir() or member.flag_bits & 1:
            raise StopStream(source, "FILE_SHAPE", f"{name.text}: expected plain, unencrypted members without folders")
        if stat.S_IFMT(member.external_attr >> 16) in _SYMLINKS:
            raise StopStream(source, "FILE_SHAPE", f"{name.text}: a member is a link")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise StopStream(source, "FILE_SHAPE", f"{name.text}: expected stored or deflated members")
        limit = max_bytes if member.filename in data else _MAX_MANIFEST
        if member.file_size > limit:
            raise StopStream(source, "FILE_OVERSIZE", f"{name.text}: a member has more than {limit} bytes")
        if member.file_size > max(_RATIO_FLOOR, _MAX_RATIO * member.compress_size):
            raise StopStream(source, "FILE_BOMB", f"{name.text}: packed more than {_MAX_RATIO} to 1")


def _manifest(source: str, name: PackageName, archive: zipfile.ZipFile, key: Ed25519PublicKey) -> Manifest:
    raw = archive.read(MANIFEST)
    others = [each.filename for each in archive.infolist() if each.filename.startswith("sig.")]
    if len(others) != 1:
        raise StopStream(source, "FILE_SHAPE", f"{name.text}: expected one signature")
    with archive.open(others[0]) as file:
        line = file.read(_MAX_SIGNATURE)
    try:
        key.verify(base64.b64decode(line.strip(), validate=True), raw)
    except (InvalidSignature, binascii.Error):
        raise StopStream(source, "FILE_SIGNATURE", f"{name.text}: the manifest is not signed by its sender") from None
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.DecodeError:
        raise StopStream(source, "FILE_MANIFEST", f"{name.text}: not a manifest") from None
    _check_manifest(source, name, archive, manifest, others[0])
    return manifest


def _check_manifest(
    source: str, name: PackageName, archive: zipfile.ZipFile, manifest: Manifest, signature: str
) -> None:
    # The name is not signed: it says where to look, the manifest says what it is, mode and batch included.
    if (manifest.source, manifest.catalog) != (name.source_code, name.catalog):
        raise StopStream(source, "FILE_NAME", f"{name.text}: the manifest names another source or catalogue")
    part = _FORMATS[manifest.format]
    if part not in archive.namelist() or set(manifest.parts) != {part} or manifest.signature != signature:
        raise StopStream(source, "FILE_MANIFEST", f"{name.text}: the manifest names other members")
    if not 0 <= manifest.rows <= _MAX_ROWS or len(set(manifest.columns)) != len(manifest.columns):
        raise StopStream(source, "FILE_MANIFEST", f"{name.text}: expected a row count and distinct columns")
    if not _is_plain(manifest.batch_id):
        raise StopStream(source, "FILE_MANIFEST", f"{name.text}: expected a batch id of letters, digits, hyphens")


def _is_plain(batch_id: str) -> bool:
    # It becomes the name of the answer files.
    return 0 < len(batch_id) <= 128 and batch_id.isascii() and batch_id.replace("-", "").isalnum()  # noqa: PLR2004  fits a file name


@contextmanager
def _undamaged(source: str, what: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, zipfile.LargeZipFile, NotImplementedError):
        raise StopStream(source, "FILE_DAMAGED", f"{what}: cannot be unpacked whole") from None
