"""
A provincial site by file packages in a directory.

Rules:
    - Packages are read by (time, batch number). One that arrives late is read next: the cursor keeps which were read,
      not how far.
    - A package is verified whole before its first row is yielded. A body that is not as announced is one batch with
      fault DG17, whose answer tells the owner. A package that is not signed, not whole or not a package stops its
      stream until the owner replaces it: nothing in it can be believed, not even its batch identifier.
    - A name outside the grammar, or of another sender, stops the stream after everything else was read.
    - A large package becomes several batches of bounded rows, `<batch>#<k>.<n>`, that share one answer.

Source: DOMAIN 11.4, GB/T 39443 (文件交换).
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.cursors import decode_cursor, encode_cursor
from connectors.errors import OperatorNeeded, RetryLater, StopStream
from connectors.health import health_of
from connectors.port import Batch, Capability, Health, Outcome, Place, Row, Stream
from connectors.registry import Now
from connectors.secrets import Secrets
from connectors.site import AuthKind, SiteConfig, TransportKind
from connectors.stream_config import StreamConfig
from connectors.streams import NoLookup, find_stream, listed
from connectors.transport.file.answers import Answers, part_of
from connectors.transport.file.body import is_as_announced, rows_of
from connectors.transport.file.names import PackageName, parse_name
from connectors.transport.file.package import Manifest, Package, open_package
from connectors.transport.file.sent import Sent
from connectors.transport.rows import UNREADABLE, row_of
from connectors.transport.seam import in_thread, own_thread, sealed, sealed_iteration

CHUNK_ROWS: Final = 2000
"""Rows of one batch at most. Batch identifiers depend on it: changing it makes new batches of packages half read."""
_MAX_PACKAGES: Final = 20_000
_STEP_S: Final = 600.0
_CHUNK_ID = re.compile(r"(.+)#(\d{1,8})\.(\d{1,8})")


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    Where a read of a directory stands.

    Attributes:
        seen: Short digests of the packages that were read and still lie there, sorted.
        package: Name of the package half read; empty: none.
        rows: Its rows already read.
    """

    seen: tuple[str, ...] = ()
    package: str = ""
    rows: int = 0


class ProvincialFilesConnector(NoLookup):
    """四川省信用平台 by file packages: reads the province's outbox, answers into its inbox."""

    def __init__(self, config: SiteConfig, secrets: Secrets, now: Now) -> None:  # noqa: ARG002  every connector is given the clock
        transport = config.transport
        if transport.kind is not TransportKind.FILE or transport.auth.kind is not AuthKind.ED25519:
            raise OperatorNeeded(config.id, "CONNECTOR_TRANSPORT", "expected kind = file with auth.type = ed25519")
        self._config = config
        self._packages = Path(config.address("packages", secrets))
        self._answer_folder = Path(config.address("answers", secrets))
        self._answers = Answers(self._answer_folder)
        self._sender = config.plain("source_code", secrets)
        self._key = _public_key(config.id, config.plain("public_key", secrets))
        self._catalogs = {name: config.place(stream, secrets) for name, stream in config.streams.items()}

    @property
    def source(self) -> str:
        """The site's identifier."""
        return self._config.id

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It reads, and it tells the owner."""
        return frozenset({Capability.READ, Capability.REPORT})

    async def check(self) -> Health:
        """See that packages can be listed and answers can be written."""

        async def probe() -> datetime | None:
            await in_thread(self.source, self._config.transport.timeout_s, self._probe)
            return None

        return await health_of(self.source, probe)

    async def discover(self) -> Sequence[Stream]:
        """List the described streams."""
        return listed(self._config)

    def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        """Yield batches of at most `CHUNK_ROWS` rows; raises as the port says."""
        return sealed_iteration(self.source, self._read(stream, cursor))

    async def report(self, outcome: Outcome) -> None:
        """Keep this batch's part of the answer; once the package's parts are all there, write `ack_…`, `quality_…`."""
        found = _CHUNK_ID.fullmatch(outcome.batch_id)
        batch_id, index, count = (found[1], int(found[2]), int(found[3])) if found else (outcome.batch_id, 1, 1)
        if not batch_id.replace("-", "").isalnum() or not 1 <= index <= count:
            raise StopStream(self.source, "SRC_BATCH", "not a batch of this connector")
        catalog = self._catalogs[find_stream(self._config, outcome.stream).name]
        with sealed(self.source):
            await in_thread(self.source, _STEP_S, self._answers.put, batch_id, catalog, index, count, part_of(outcome))

    async def close(self) -> None:
        """Nothing stays open between batches."""

    async def _read(self, name: str, cursor: str | None) -> AsyncGenerator[Batch, None]:
        stream = find_stream(self._config, name)
        batches = self._batches(stream, decode_cursor(self.source, cursor, Position))
        with own_thread(self.source, _STEP_S) as step:
            try:
                while (batch := await step(lambda: next(batches, None))) is not None:
                    yield batch
            finally:
                await step(batches.close)

    def _batches(self, stream: StreamConfig, position: Position) -> Generator[Batch, None, None]:
        waiting, strays = self._waiting(stream)
        present = {_digest(each.text) for each in waiting}
        position = msgspec.structs.replace(position, seen=tuple(each for each in position.seen if each in present))
        half = [each for each in waiting if each.text == position.package]
        if position.package and not half:
            raise StopStream(self.source, "FILE_VANISHED", "a package half read is gone")
        for each in half + [each for each in waiting if _digest(each.text) not in position.seen and each not in half]:
            position = yield from self._package(stream, each, position)
        if strays:
            raise StopStream(self.source, "FILE_NAME", f"{len(strays)} files that are no packages of this sender")

    def _waiting(self, stream: StreamConfig) -> tuple[list[PackageName], list[str]]:
        texts = self._listing()
        names = {text: parse_name(text) for text in texts}
        good = [each for each in names.values() if each and each.source_code == self._sender and each.direction == "UP"]
        known = {each.text for each in good}
        catalog = self._catalogs[stream.name]
        mine = sorted((each for each in good if each.catalog == catalog), key=lambda each: each.order)
        return mine, [text for text in texts if text not in known]

    def _listing(self) -> list[str]:
        texts: list[str] = []
        try:
            with os.scandir(self._packages) as entries:
                for entry in entries:
                    # A sender uploads as `.tmp` and renames when whole.
                    if entry.name.endswith(".tmp") or entry.name.startswith("."):
                        continue
                    texts.append(entry.name)
                    if len(texts) > _MAX_PACKAGES:
                        raise OperatorNeeded(self.source, "FILE_TOO_MANY", f"more than {_MAX_PACKAGES} files")
        except FileNotFoundError:
            raise RetryLater(self.source, "SRC_UNREACHABLE", "the directory of packages is not there") from None
        return sorted(texts)

    def _package(self, stream: StreamConfig, name: PackageName, position: Position) -> Generator[Batch, None, Position]:
        done = Position(seen=tuple(sorted({*position.seen, _digest(name.text)})))
        path = self._packages / name.text
        with open_package(self.source, path, name, self._key, max_bytes=self._config.transport.max_bytes) as package:
            manifest = package.manifest
            self._check_columns(stream, name, package)
            if not is_as_announced(package):
                refused = _batch(stream, manifest, manifest.batch_id, ())
                yield replace(refused, cursor=encode_cursor(done), fault="DG17")
                return done
            count = max(1, -(-manifest.rows // CHUNK_ROWS))
            start = position.rows if position.package == name.text else 0
            with package.data() as file:
                sent = islice(rows_of(manifest, file), start, None)
                for index in range(start // CHUNK_ROWS + 1, count + 1):
                    rows = [_row(stream, package.part, each) for each in islice(sent, CHUNK_ROWS)]
                    half = Position(seen=position.seen, package=name.text, rows=index * CHUNK_ROWS)
                    batch_id = manifest.batch_id if count == 1 else f"{manifest.batch_id}#{index}.{count}"
                    batch = _batch(stream, manifest, batch_id, rows)
                    yield replace(batch, cursor=encode_cursor(done if index == count else half))
        return done

    def _check_columns(self, stream: StreamConfig, name: PackageName, package: Package) -> None:
        present = frozenset(package.manifest.columns)
        for field in stream.key:
            if not present.intersection(stream.map.entries[field].columns):
                raise StopStream(self.source, "SRC_SCHEMA", f"{name.text}: no column for {field}")

    def _probe(self) -> None:
        self._listing()
        if not os.access(self._answer_folder, os.W_OK | os.X_OK):
            raise OperatorNeeded(self.source, "SRC_PERMISSION", "answers cannot be written")


def _row(stream: StreamConfig, part: str, sent: Sent) -> Row:
    place = Place(part=part, row=sent.number, path=sent.path)
    return row_of(stream, sent.cells, place, None if sent.readable else UNREADABLE)


def _batch(stream: StreamConfig, manifest: Manifest, batch_id: str, rows: Sequence[Row]) -> Batch:
    return Batch(
        batch_id=batch_id,
        stream=stream.name,
        kind=stream.kind,
        rows=rows,
        cursor="",
        columns=stream.map.columns_of(manifest.columns),
        mode=manifest.mode,
        catalogue_version=manifest.catalog_version,
        total=manifest.rows,
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _public_key(source: str, text: str) -> Ed25519PublicKey:
    try:
        if "BEGIN PUBLIC KEY" in text:
            key = load_pem_public_key(text.encode())
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise OperatorNeeded(source, "SRC_PUBLIC_KEY", "expected an Ed25519 public key, PEM or base64")
    return key
