"""
Rules that need the whole batch: duplicates (DG13), one case with several subjects (DG12), header and body (DG17).

Rules:
    - The same key twice in one batch: the first stands, every later one is refused.
    - The same document of the same authority for different subjects is legal (一案多主体), but worth a look.
    - A header that does not fit its body refuses the whole batch; no row of it is looked at.

Source: DOMAIN 2.5.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from schema.validation.findings import Finding, Label, finding_of

_DOCUMENT = Label(name="document_no", zh="文书号", en="Document number")
_ROW = Label(name=None, zh="记录", en="Record")
_BATCH = Label(name=None, zh="批次", en="Batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """
    What tells a row of a batch from the others.

    Attributes:
        key: Record key with its kind: equal for two rows that are one record of one subject.
        subject: Subject code, or the name's key where there is none.
        authority: Code of the deciding body; None if the kind has none.
        document: Document number; None if the kind has none.
    """

    key: str
    subject: str
    authority: str | None = None
    document: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a batch's header says of its body; None where it does not say."""

    count: int | None = None
    digest: str | None = None


def check_rows(rows: Sequence[Identity | None]) -> tuple[tuple[Finding, ...], ...]:
    """
    Check the rows of one batch against each other.

    Args:
        rows: One identity per row in the batch's order; None for a row that was refused already.

    Returns:
        For each row, in the same order, its findings: DG13 (E) for the second and later of one key, DG12 (W) for
        every row whose document names another subject elsewhere in the batch.
    """
    subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        if row is not None and row.authority and row.document:
            subjects[row.authority, row.document].add(row.subject)
    first: dict[tuple[str, str], int] = {}
    return tuple(_findings(row, place, first, subjects) for place, row in enumerate(rows))


def check_header(header: BatchHeader, *, count: int, digest: str | None = None) -> Finding | None:
    """
    Compare a batch's header with its body (DG17).

    Args:
        header: As sent.
        count: Rows the body really has.
        digest: Digest of the body as received, written like the header's; None if it was not computed, and then a
            header that has one does not agree.
    """
    if header.count is not None and header.count != count:
        zh = f"包头记录数为{header.count}，包体实有{count}条"
        return finding_of("DG17", "E", _BATCH, zh, f"the header says {header.count} rows, the body has {count}")
    if header.digest is not None and header.digest != digest:
        return finding_of("DG17", "E", _BATCH, "包体摘要与包头不符", "the body's digest is not the header's")
    return None


def _findings(
    row: Identity | None, place: int, first: dict[tuple[str, str], int], subjects: dict[tuple[str, str], set[str]]
) -> tuple[Finding, ...]:
    if row is None:
        return ()
    before = first.setdefault((row.key, row.subject), place)
    if before != place:
        zh = f"与本批第{before + 1}条重复"
        return (finding_of("DG13", "E", _ROW, zh, f"repeats number {before + 1} of this batch"),)
    if row.authority and row.document and len(subjects[row.authority, row.document]) > 1:
        zh = "同一文书号对应多个主体，请确认为一案多主体"
        return (finding_of("DG12", "W", _DOCUMENT, zh, "names several subjects: verify that one case has several"),)
    return ()
