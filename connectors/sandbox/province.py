"""
The province's file exchange: packages in an outbox directory, answers in an inbox directory.

Rules:
    - A package appears whole or not at all: written as `.tmp`, then renamed.
    - A first delivery that fits one package is `full`; a larger one comes as `inc` packages, so that no package
      that holds a part claims to be the whole.

Source: DOMAIN 11.4; wire contract in docs/sandbox.md 2.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.sandbox.bodies import PROVINCE
from connectors.sandbox.columns import FILE_KINDS
from connectors.sandbox.dirt import again
from connectors.sandbox.history import first_deliveries, later_changes
from connectors.sandbox.packages import FORMS, Package, pack, sealed, sm3
from connectors.sandbox.rows import Platform, WorldRow
from connectors.sandbox.world import World

FAULTS: Final = ("digest", "signature", "count", "truncated", "header", "replay")
DEFAULT_ROWS: Final = 5000
_SPOILED_ROWS: Final = 3


class ProvinceFiles:
    """
    The province's outbox and inbox on a world.

    Attributes:
        outbox, inbox: Directories; the first is ours to write, the second the hub's.
        source_code: Code of the platform, as in file names.
    """

    def __init__(self, world: World, directory: Path, *, rows_per_package: int = DEFAULT_ROWS) -> None:
        self._world = world
        self._rows = rows_per_package
        self._number = 0
        self._flushed = 0
        self._key = Ed25519PrivateKey.from_private_bytes(
            blake2b(f"sandbox province {world.seed}".encode(), digest_size=32).digest(),
        )
        self.outbox = directory / "outbox"
        self.inbox = directory / "inbox"
        self.public_key_file = directory / "public.pem"
        self.source_code = PROVINCE.code
        for made in (self.outbox, self.inbox):
            made.mkdir(parents=True, exist_ok=True)
        self.public_key_file.write_bytes(
            self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        )

    @property
    def public_key(self) -> str:
        """Base64 of the 32 bytes of the Ed25519 key that signs packages."""
        return b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def deliver(self) -> list[Path]:
        """Write the first deliveries of every kind, then what was changed since; a generator's worth of memory."""
        yesterday = self._world.begin - timedelta(days=1)
        written: list[Path] = []
        for kind in FILE_KINDS:
            rows = self._with_duplicates(first_deliveries(self._world, Platform.FILES, kind))
            written += self._write(kind, rows, yesterday, "full")
        for kind in FILE_KINDS:
            changes = sorted(later_changes(self._world, Platform.FILES, kind), key=lambda row: row.place)
            written += self._write(kind, changes, self._world.begin, "inc")
        return written

    def resume(self) -> None:
        """Go on after packages that were delivered by an earlier run: numbers continue."""
        numbers = [int(path.name.split("_")[4]) for path in self.outbox.glob("UP_*.zip")]
        self._number = max(numbers, default=0)

    def clear(self) -> None:
        """Remove every package and every answer."""
        left = (self.outbox.glob("UP_*"), self.inbox.glob("ack_*.json"), self.inbox.glob("quality_*.json"))
        for path in (path for paths in left for path in paths):
            path.unlink()

    def flush(self) -> list[Path]:
        """Write what was edited in the world since the last flush; one package per kind that has edits."""
        journal = self._world.edits.journal
        edited = [row for row in journal[self._flushed :] if row.platform is Platform.FILES]
        self._flushed = len(journal)
        written: list[Path] = []
        for kind in FILE_KINDS:
            rows = [row for row in edited if row.kind == kind]
            written += self._write(kind, rows, self._world.now, "inc")
        return written

    def spoil(self, fault: str, kind: str = "Penalty") -> Path:
        """
        Write one more package of *kind* that is broken by *fault*, one of `FAULTS`.

        Raises:
            ValueError: no such fault, or nothing to replay.
        """
        if fault not in FAULTS:
            raise ValueError(f"fault: expected one of {', '.join(FAULTS)}, got {fault!r}")
        package = self._next(kind, self._world.now, "inc")
        if fault == "replay":
            old = min(self.outbox.glob(f"UP_*_{package.catalog}_*.zip"), default=None)
            if old is None:
                raise ValueError(f"replay: no package of {kind} was written yet")
            return self._put(package.file_name, old.read_bytes())
        rows = list(islice(first_deliveries(self._world, Platform.FILES, kind), _SPOILED_ROWS))
        return self._put(package.file_name, self._broken(fault, package, rows))

    def answers(self) -> Mapping[str, Any]:
        """Read what has arrived in the inbox: file name to content, by name."""
        return {path.name: orjson.loads(path.read_bytes()) for path in sorted(self.inbox.glob("*.json"))}

    def _broken(self, fault: str, package: Package, rows: Sequence[WorldRow]) -> bytes:
        header = [*package.columns[:-1], "WRONG"] if fault == "header" else None
        data = package.data(rows, header=header)
        digest = sm3(data + b"?") if fault == "digest" else sm3(data)
        manifest = package.manifest(len(rows) + (fault == "count"), digest)
        signed = self._key.sign(manifest + b"?" if fault == "signature" else manifest)
        whole = pack(package, data, manifest, signed)
        return whole[: len(whole) // 2] if fault == "truncated" else whole

    def _with_duplicates(self, rows: Iterable[WorldRow]) -> Iterator[WorldRow]:
        for row in rows:
            yield row
            if self._world.is_soiled and not self._world.is_shown(row) and again((self._world.seed, row.row_id)):
                yield row

    def _write(
        self, kind: str, rows: Iterable[WorldRow], created: datetime, mode: Literal["full", "inc"]
    ) -> list[Path]:
        written: list[Path] = []
        turn = iter(rows)
        batch = list(islice(turn, self._rows))
        while batch:
            following = list(islice(turn, self._rows))
            part = "inc" if following or written else mode
            package = self._next(kind, created, part)
            written.append(self._put(package.file_name, sealed(package, batch, self._key)))
            batch = following
        return written

    def _next(self, kind: str, created: datetime, mode: Literal["full", "inc"]) -> Package:
        self._number += 1
        return Package(
            source=self.source_code,
            kind=kind,
            created=created,
            number=self._number,
            mode=mode,
            form=FORMS[(self._number - 1) % len(FORMS)],
        )

    def _put(self, name: str, content: bytes) -> Path:
        whole = self.outbox / name
        unfinished = whole.with_name(f"{name}.tmp")
        unfinished.write_bytes(content)
        return unfinished.replace(whole)
