"""
What may be shown once, recorded by itself: for answers that no entry of the log makes durable.

The log's own transaction does the same for the answers it carries (`hub.audit.ledger`); both look into one table, so
what one has taken the other refuses.
"""

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.errors import ReplayedError
from hub.errors import UnavailableError
from hub.store.engine import writing
from hub.store.identity_tables import Seen
from hub.store.tables import table_of

_SEEN = table_of(Seen)


async def record_once(engine: AsyncEngine, digest: bytes, until: float) -> None:
    """
    Record that what *digest* names was shown; durable on return.

    Args:
        engine: Of the store.
        digest: 32 bytes.
        until: When its age alone refuses it, seconds since 1970: the row may go then, and the log sees to that.

    Raises:
        ReplayedError: it was shown before.
        UnavailableError: the store cannot tell.
    """
    try:
        async with writing(engine) as writer:
            insert = postgresql.insert if writer.dialect == "postgresql" else sqlite.insert
            insertion = insert(_SEEN).values(digest=digest, expires_at=until).on_conflict_do_nothing()
            taken = await writer.first(insertion.returning(_SEEN.c.digest))
    except DBAPIError:
        raise UnavailableError("What is shown once cannot be recorded; ask again.") from None
    if taken is None:
        raise ReplayedError("what may be shown once was shown before")
