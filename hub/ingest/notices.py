"""
The findings ingest itself makes, beside those of `schema.validation`, and how a finding becomes a ticket (问题数据).

    DG17  E  the whole batch is refused: count or digest does not match
    RW01  E  the row could not be read at its source
    SR01  E  no code that can be relied on: the subject is proposed, a person decides
    SR02  W  the code is good, but the name is not one this subject bears or bore
    SV01  W  no rule gives the class of the decision: taken as 一般, a person looks
    PS01  W  the state the source sent is not known: the record waits, a person looks
    WD01  W  a withdrawal or repair whose other columns are at fault: what it takes back is taken back all the same

Rules:
    - No message quotes a value.
    - A ticket keeps the row as received, whole; only citizen numbers are masked, which the hub never stores.

Source: DOMAIN 1.4, 1.5, 2.5, 11.6.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec
import orjson

from connectors.port import Batch, Row
from hub.clock import iso
from hub.ingest import answers
from hub.ingest.content import storable
from keys.canonical import canonical_json
from schema.identifiers.citizen import masked_citizen_number, spans_of_citizen_numbers
from schema.validation.findings import Finding

_MESSAGES: Mapping[str, tuple[str, str]] = {
    "DG17": (
        "批次的记录数或摘要与内容不符, 整批退回",
        "the batch's count or digest does not match its body: refused whole",
    ),
    "RW01": ("该行无法读取", "the row could not be read"),
    "SR01": ("无法按代码确认主体, 待人工确认", "no code identifies the subject: it waits for a person"),
    "SR02": ("名称与该代码登记的名称不一致", "the name is not one that the subject of this code bears or bore"),
    "SV01": (
        "处罚类别无对应的失信分类, 按一般处理, 待人工确认",
        "no rule gives the class: taken as 一般, for a person to look at",
    ),
    "PS01": (
        "公示状态无法识别, 暂不公示, 待人工确认",
        "the publicity state is not known: kept from publication, for a person",
    ),
    "WD01": ("撤销或修复已执行, 其余内容有误", "withdrawn or repaired as asked; the other columns are at fault"),
}
_ID_LENGTH = 32
_ENCODER = msgspec.msgpack.Encoder()


def finding(code: str, severity: str, field: str | None = None) -> Finding:
    """Make the finding *code*, one of this module's or a row fault a connector found (then worded as RW01)."""
    zh, en = _MESSAGES.get(code, _MESSAGES["RW01"])
    return Finding(
        code=code,
        severity="E" if severity == "E" else "W",
        field=field,
        message_zh=f"{code} {zh}",
        message_en=f"{code} {en}",
    )


def answer_finding(batch: Batch, row: Row, found: Finding) -> answers.Finding:
    """Put *found* about *row* into the answer's words, under the source's own column label."""
    return answers.Finding(
        code=found.code,
        severity=found.severity,
        part=storable(row.place.part),
        row=row.place.row,
        path=_storable(row.place.path),
        column=_storable(batch.columns.get(found.field, found.field) if found.field else None),
        row_id=_storable(row.row_id),
        message_zh=found.message_zh,
        message_en=found.message_en,
    )


def ticket(
    batch: Batch,
    found: answers.Finding,
    *,
    source: str,
    number: int,
    at: str,
    due_on: str | None,
) -> dict[str, object]:
    """
    Make the ticket of a finding, without the row: that is sealed for it by its id.

    Args:
        batch: Its batch.
        found: The finding.
        source: Site identifier.
        number: Place of the finding in the batch's answer; with the batch it makes the ticket's id.
        at: When it is opened, UTC text.
        due_on: Day by which the owner should have mended it.
    """
    identity = canonical_json([source, batch.stream, batch.batch_id, number])
    place = {"part": found.part, "row": found.row, "path": found.path}
    return {
        "id": sha256(identity).hexdigest()[:_ID_LENGTH],
        "source": source,
        "stream": batch.stream,
        "batch_id": batch.batch_id,
        "kind": batch.kind,
        "code": found.code,
        "severity": found.severity,
        "place": orjson.dumps(place).decode(),
        "column": found.column,
        "row_id": found.row_id,
        "message_zh": found.message_zh,
        "message_en": found.message_en,
        "row": b"",
        "state": "open",
        "opened_at": at,
        "due_on": due_on,
        "closed_at": None,
    }


def kept_row(row: Row) -> bytes:
    """Write *row* as received, citizen numbers masked (m2)."""
    return _ENCODER.encode(
        {
            "values": {storable(name): _masked(value) for name, value in row.values.items()},
            "extra": {storable(name): _masked(value) for name, value in row.extra.items()},
            "op": row.op,
            "as_of": iso(row.as_of) if row.as_of else None,
            "row_id": _storable(row.row_id),
            "fault": row.fault,
        }
    )


def _storable(text: str | None) -> str | None:
    return storable(text) if text else text


def _masked(text: str | None) -> str | None:
    if not text:
        return text
    text = storable(text)
    for start, end in reversed(spans_of_citizen_numbers(text)):
        text = text[:start] + masked_citizen_number(text[start:end]) + text[end:]
    return text
