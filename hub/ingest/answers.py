"""The answer to a batch: kept with the batch, so that the same batch again is answered the same, word for word."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from connectors.port import Outcome, Place, Rejection
from hub.clock import from_iso


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    One finding about one row, as it is kept and fed back.

    Attributes:
        code: `ID01`, `DG04`, `SR01`, …
        severity: `E` keeps the row out, `W` does not.
        part, row, path: Where it stands: see `connectors.port.Place`.
        column: The source's own column label, None for the whole row.
        row_id: The source's row identifier.
        message_zh, message_en: For the owner.
    """

    code: str
    severity: Literal["E", "W"]
    part: str
    row: int | None = None
    path: str | None = None
    column: str | None = None
    row_id: str | None = None
    message_zh: str
    message_en: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What became of a batch.

    Attributes:
        batch_id, stream: Which batch.
        received, accepted, rejected: Rows; `received` is the sum of the others.
        unchanged: Rows among the accepted that said nothing new.
        fault: Why the whole batch was refused, None if it was not.
        at: When it was taken in, UTC text.
        findings: In row order.
        accepted_row_ids: Row identifiers of the accepted rows that have one, in row order.
    """

    batch_id: str
    stream: str
    received: int
    accepted: int
    rejected: int
    unchanged: int = 0
    fault: str | None = None
    at: str
    findings: tuple[Finding, ...] = ()
    accepted_row_ids: tuple[str, ...] = ()


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Answer)


def pack(answer: Answer) -> bytes:
    """Write *answer* for the batch's row."""
    return _ENCODER.encode(answer)


def unpack(data: bytes) -> Answer:
    """Read what `pack` wrote."""
    return _DECODER.decode(data)


def outcome_of(answer: Answer) -> Outcome:
    """Put *answer* into the port's words, for the owner."""
    return Outcome(
        batch_id=answer.batch_id,
        stream=answer.stream,
        received=answer.received,
        accepted=answer.accepted,
        rejected=answer.rejected,
        fault=answer.fault,
        findings=_rejections(answer.findings),
        accepted_row_ids=answer.accepted_row_ids,
        at=from_iso(answer.at),
    )


def _rejections(findings: Sequence[Finding]) -> tuple[Rejection, ...]:
    return tuple(
        Rejection(
            code=finding.code,
            severity=finding.severity,
            place=Place(part=finding.part, row=finding.row, path=finding.path),
            column=finding.column,
            row_id=finding.row_id,
            message_zh=finding.message_zh,
            message_en=finding.message_en,
        )
        for finding in findings
    )
