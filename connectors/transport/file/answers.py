"""
Answer files: what was accepted and what was not, fed back to the owner as `ack_…` and `quality_…`.

Rules:
    - A package is answered once. It was taken in as one batch or several; the parts of the answer wait in
      `.pending/<batch>` until the last one is there.
    - A file appears whole: written as `.tmp`, then renamed. The same package again gives the same files.
"""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from connectors.port import Outcome


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `errors`."""

    code: str
    severity: Literal["E", "W"]
    part: str
    row: int | None
    path: str | None
    column: str | None
    row_id: str | None
    message_zh: str
    message_en: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one batch of a package."""

    received: int
    accepted: int
    rejected: int
    fault: str | None
    at: str
    errors: tuple[Finding, ...]


def part_of(outcome: Outcome) -> Part:
    """Make the part of the answer that *outcome* is."""
    return Part(
        received=outcome.received,
        accepted=outcome.accepted,
        rejected=outcome.rejected,
        fault=outcome.fault,
        at=outcome.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        errors=tuple(
            Finding(
                code=each.code,
                severity=each.severity,
                part=each.place.part,
                row=each.place.row,
                path=each.place.path,
                column=each.column,
                row_id=each.row_id,
                message_zh=each.message_zh,
                message_en=each.message_en,
            )
            for each in outcome.findings
        ),
    )


class Answers:
    """The directory of answers. All of it blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_answered(self, batch_id: str) -> bool:
        """Whether the package has its answer."""
        return (self._folder / f"ack_{batch_id}.json").exists()

    def put(self, batch_id: str, catalog: str, index: int, count: int, part: Part) -> None:
        """
        Keep *part*, number *index* of *count* from 1, and write the answer once all are there.

        Safe to repeat, also after a crash between any two steps.
        """
        if self.is_answered(batch_id):
            return
        waiting = self._folder / ".pending" / batch_id
        waiting.mkdir(parents=True, exist_ok=True)
        _write(waiting / f"{index}.json", msgspec.json.encode(part))
        names = [waiting / f"{number}.json" for number in range(1, count + 1)]
        if not all(name.exists() for name in names):
            return
        parts = [msgspec.json.decode(name.read_bytes(), type=Part) for name in names]
        # The quality file first: the acknowledgement says that all is there.
        _write(self._folder / f"quality_{batch_id}.json", msgspec.json.encode(_quality(batch_id, catalog, parts)))
        _write(self._folder / f"ack_{batch_id}.json", msgspec.json.encode(_ack(batch_id, catalog, parts)))
        shutil.rmtree(waiting, ignore_errors=True)


def _ack(batch_id: str, catalog: str, parts: Sequence[Part]) -> Mapping[str, object]:
    return {
        "batch_id": batch_id,
        "catalog": catalog,
        "received": sum(part.received for part in parts),
        "accepted": sum(part.accepted for part in parts),
        "rejected": sum(part.rejected for part in parts),
        "fault": next((part.fault for part in parts if part.fault), None),
        "at": max(part.at for part in parts),
        "errors": [error for part in parts for error in part.errors],
    }


def _quality(batch_id: str, catalog: str, parts: Sequence[Part]) -> Mapping[str, object]:
    received = sum(part.received for part in parts)
    accepted = sum(part.accepted for part in parts)
    faults = Counter(error.code for part in parts for error in part.errors)
    faults.update({part.fault for part in parts if part.fault})
    # Hundredths of a per cent, in whole numbers; nothing received and no fault is all accepted.
    share = 10_000 * accepted // received if received else 10_000 * (not faults)
    return {
        "batch_id": batch_id,
        "catalog": catalog,
        "at": max(part.at for part in parts),
        "rows": received,
        "accepted_percent": f"{share // 100}.{share % 100:02d}",
        "by_code": dict(sorted(faults.items())),
    }


def _write(path: Path, body: bytes) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with draft.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
