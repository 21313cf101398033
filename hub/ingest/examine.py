"""
Examines the rows of a batch before anything is written: checks, keys, digests. Pure, and most of ingest's work.

Rules:
    - A row is checked under the rules in force on its decision day, if that can be read, else on the day it arrives.
    - An as-of later than the arrival is taken as the arrival: a source whose clock runs ahead must not block its own
      corrections.
    - What must vanish vanishes: a withdrawal or repair whose other columns are at fault still names its record.
"""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from connectors.port import Batch, Row
from hub.clock import iso, legal_day
from hub.ingest.content import body_of, content_digest, record_key, row_key, storable
from hub.ingest.judging import Judge, Judged
from hub.ingest.notices import finding
from schema.catalogue import KINDS
from schema.catalogue.model import Record
from schema.identifiers.names import name_key
from schema.identifiers.text import normalise_code
from schema.identifiers.uscc import PLACEHOLDER, check_uscc
from schema.records import PublicityState
from schema.rules.book import RuleBook
from schema.validation.batch import Identity, check_rows
from schema.validation.checker import Checkers
from schema.validation.findings import Finding

_ORGANISATION_PART = slice(8, 17)


@dataclass(slots=True, kw_only=True)
class Examined:
    """
    A row on its way in. Owned by one intake.

    Attributes:
        row: As received.
        record: Checked; None if the row is refused.
        extra: What the source sent besides the record, checked.
        findings: So far.
        code: Subject code, if the row's own codes leave no doubt; else resolution decides.
        name: Subject name as sent.
        key, digest, body, as_of: See `hub.ingest.ledger.Entry`; empty where there is no record.
        judged: Known as soon as the subject is.
    """

    row: Row
    record: Record | None
    extra: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    code: str | None = None
    name: str | None = None
    key: str = ""
    digest: str = ""
    body: bytes = b""
    as_of: str = ""
    judged: Judged | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether nothing keeps the row out."""
        return all(found.severity == "W" for found in self.findings)

    def get_record(self) -> Record:
        """The record of a row that has one."""
        if self.record is None:
            raise LookupError("the row was refused: it has no record")
        return self.record

    def get_code(self) -> str:
        """The subject of a row that was tied."""
        if self.code is None:
            raise LookupError("the row was not tied: it has no subject")
        return self.code

    def get_judged(self) -> Judged:
        """What follows from the record of a row that was judged."""
        if self.judged is None:
            raise LookupError("the row was not judged yet")
        return self.judged

    def add(self, findings: Sequence[Finding]) -> None:
        """Add *findings*; one of severity E takes the record away."""
        self.findings.extend(findings)
        if any(found.severity == "E" for found in findings):
            self.record = None

    def identity(self, place: int) -> Identity | None:
        """
        What tells the row from the others of its batch; None for a refused one.

        A correction or withdrawal (`op` U, D) of a row of the same batch is a step of its history, no duplicate: it
        stands for itself by its *place*.
        """
        if self.record is None:
            return None
        return Identity(
            key=self.key if self.row.op == "I" else f"{self.key}:{place}",
            subject=self.code or name_key(self.name or ""),
            authority=getattr(self.record, "authority_code", None),
            document=getattr(self.record, "document_no", None),
        )

    def complete(self, record: Record) -> None:
        """Work out what identifies *record* and what it says."""
        self.key = record_key(record, self.extra)
        self.digest = content_digest(record, self.extra, withdrawn=self.row.op == "D")
        self.body = body_of(record)


class Examiner:
    """Examines batches of one source under one book of rules."""

    def __init__(self, book: RuleBook, *, region: str | None) -> None:
        self._judge = Judge(book)
        self._region = region
        self._checkers = Checkers(book)

    def examine(self, batch: Batch, now: datetime) -> list[Examined]:
        """Examine every row of *batch*, in its order, as arriving at *now*."""
        kind, today, arrival = KINDS[batch.kind], legal_day(now), iso(now)
        with uncollected():
            rows = [self._examine(row, kind, today, arrival) for row in batch.rows]
            for row, found in zip(rows, check_rows([row.identity(n) for n, row in enumerate(rows)]), strict=True):
                if found:
                    row.add(found)
        return rows

    def judge(self, row: Examined, subject: str, today: date) -> Judged:
        """Judge an examined row that has a record, now that its subject is known."""
        if row.judged is None:
            row.judged = self._judge.judge(
                row.get_record(),
                row.extra,
                subject=subject,
                today=today,
                withdrawn=row.row.op == "D",
                source_region=self._region,
            )
        return row.judged

    def _examine(self, row: Row, kind: type[Record], today: date, arrival: str) -> Examined:
        as_of = min(iso(row.as_of), arrival) if row.as_of is not None else arrival
        name = storable(row.values.get(kind.NAME_FIELD) or "")
        if row.fault is not None:
            return Examined(row=row, record=None, extra={}, findings=[finding(row.fault, "E")], name=name, as_of=as_of)
        checked = self._checkers.check(kind, row.values, row.extra, today)
        examined = Examined(
            row=row,
            record=checked.record,
            extra=checked.extra,
            findings=list(checked.findings),
            code=certain_code(checked.record, kind) if checked.record is not None else None,
            name=getattr(checked.record, kind.NAME_FIELD, None) or name,
            as_of=as_of,
        )
        if checked.record is not None:
            examined.complete(checked.record)
            if examined.code is not None:
                self._check_judged(examined, self.judge(examined, examined.code, today))
        elif is_hiding(row):
            examined.key = row_key(kind, row.values, row.extra)
            examined.code = check_uscc(row.values.get(kind.CODE_FIELD) or "").code
        return examined

    @staticmethod
    def _check_judged(row: Examined, judged: Judged) -> None:
        if judged.state is PublicityState.RECEIVED:
            row.findings.append(finding("PS01", "W", "publicity_state"))
        elif judged.for_person:
            row.findings.append(finding("SV01", "W"))


def certain_code(record: Record, kind: type[Record]) -> str | None:
    """The subject's code, if a checked record has a good one and no organisation code that contradicts it."""
    code, other = getattr(record, kind.CODE_FIELD), getattr(record, "organisation_code", None)
    if code is None or code == PLACEHOLDER:
        return None
    return str(code) if not other or normalise_code(other) == code[_ORGANISATION_PART] else None


def is_hiding(row: Row) -> bool:
    """Whether *row* takes its record out of sight, whatever else it says."""
    return row.op == "D" or any(row.extra.get(name, "").strip() == "1" for name in ("case_withdrawn", "repaired"))


@contextmanager
def uncollected() -> Iterator[None]:
    """
    Hold the garbage collector while a batch is worked through: nothing made there is garbage before it is written.

    The collector would walk tens of thousands of living objects again and again: a seventh of the work.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def collect_rarely() -> None:
    """
    Let the garbage collector walk a tenth as often, for a process that only harvests.

    Rows come and go by the thousand and hold no cycles; the default is made for programs that make few objects.
    """
    gc.set_threshold(50_000, 20, 20)
