"""The journal as an auditor sees it: who did what, and where the log has it."""

import strawberry

from hub.administration.graph.words import Document, Instant
from hub.administration.journal import JournalEntry as Entry


@strawberry.type(description="日志 Something that was done.")
class JournalEntry:
    """A row of the journal."""

    id: strawberry.ID
    kind: str = strawberry.field(description="Kind of its entry in the log.")
    values: Document = strawberry.field(description="What the entry commits to; never the content of a record.")
    at: Instant
    log_index: int | None = strawberry.field(description="Its entry in the log; null until it is announced.")


def shown_entry(entry: Entry) -> JournalEntry:
    """Show a row."""
    return JournalEntry(
        id=strawberry.ID(entry.id),
        kind=entry.kind,
        values=Document(dict(entry.values)),
        at=Instant(entry.at),
        log_index=entry.log_index,
    )
