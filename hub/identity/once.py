"""
What may be shown once: assertions and proofs, by digest, in the table `seen`.

Rules:
    - A digest is recorded in the very transaction that acts on it. Two transactions with the same digest cannot both
      commit, on whichever worker.
    - Rows are dropped when their age alone refuses what they stand for; a while later, since clocks differ.
"""

from datetime import datetime

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store.engine import Writer, writing
from hub.store.identity_tables import Seen
from hub.store.tables import table_of

_USE_UP = text("INSERT INTO seen (digest, expires_at) VALUES (:digest, :expires_at) ON CONFLICT DO NOTHING")
_TABLE = table_of(Seen)
_LATER_S = 120.0


async def use_up(writer: Writer, digest: bytes, expires_at: float) -> bool:
    """
    Record that *digest* was used.

    Args:
        writer: The unit of work that acts on it.
        digest: Of what was shown.
        expires_at: Seconds since 1970 from which its age refuses it.

    Returns:
        False if it was used before; the caller then acts on nothing.
    """
    return await writer.write(_USE_UP, [{"digest": digest, "expires_at": expires_at}]) == 1


async def forget_expired(engine: AsyncEngine, now: datetime) -> int:
    """Drop what is of no use any more at *now* (aware); how many rows."""
    async with writing(engine) as writer:
        return await writer.write(delete(_TABLE).where(_TABLE.c.expires_at < now.timestamp() - _LATER_S))
