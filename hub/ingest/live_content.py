"""
What a live source said, and when it said it: two things, because the first changes seldom and the second each time.

Rules:
    - `LiveContent` is what was said of a subject under one grant, judged on one legal day. It is the same object for
      as long as the source says the same, so whatever follows from its records may be kept with it (`memo`).
    - `LivePart` is one answer: the content, and the times that are true of this answer. A source that repeats itself
      vouches for its words anew, so `as_of` moves with every answer although the content stays; what is derived from
      a content must leave out the times of its undated records and take them from the part.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from msgspec.structs import replace

from schema.records import StoredRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiveContent:
    """
    What a source says of a subject. Equal only to itself.

    Attributes:
        source: Site identifier.
        subject: Subject code.
        day: Day in Asia/Shanghai it was judged on.
        records: In the source's order by kind. `provenance.as_of` of an undated record and every
            `provenance.received_at` are those of the answer that first said it: see `LivePart`.
        undated: For each record whether its row bore no time of its own, so that the answer's time is its `as_of`.
        memo: Whatever was derived from the records; owned by the event loop, kept and dropped with the content.
    """

    source: str
    subject: str
    day: date
    records: tuple[StoredRecord, ...]
    undated: tuple[bool, ...]
    memo: dict[object, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LivePart:
    """
    One answer of a source about a subject.

    Attributes:
        content: What it said.
        as_of: The source's time of the answer, in the store's form.
        received_at: When the hub had it, likewise.
        at: The same instant, aware.
        is_first: The content was made from this very answer, and bears its times.
    """

    content: LiveContent
    as_of: str
    received_at: str
    at: datetime
    is_first: bool

    @property
    def source(self) -> str:
        """Site identifier."""
        return self.content.source

    @property
    def records(self) -> tuple[StoredRecord, ...]:
        """The records, with the times of this answer; made anew at each reading unless the content is as new."""
        content = self.content
        if self.is_first:
            return content.records
        return tuple(
            self._timed(record, undated=undated)
            for record, undated in zip(content.records, content.undated, strict=True)
        )

    def _timed(self, record: StoredRecord, *, undated: bool) -> StoredRecord:
        as_of = self.as_of if undated else record.provenance.as_of
        return replace(record, provenance=replace(record.provenance, as_of=as_of, received_at=self.received_at))
