"""
How often somebody may fail.

Rules:
    - An attempt counts as failed from its beginning, in a transaction of its own: a thousand guesses at once are a
      thousand failures. Only success takes it back.
    - Names that nobody has are counted like names that somebody has.
    - An IPv6 address counts as its /64, which is what one client is given.
    - Who is blocked is refused unread, and the refusal does not lengthen the block.
    - A code of six digits, three of them good at any time: five failures block for a quarter of an hour, each further
      five for twice as long, up to a day. That is about 60 guesses a week, a chance of 0.0002 (NIST SP 800-63B-4,
      3.2.2: at most 100). WebAuthn is not blocked by it: there is nothing to guess.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, insert, select, update

from hub.access.visitors import network_of
from hub.clock import from_iso, iso
from hub.errors import RateLimitedError
from hub.identity.officers.office import Office
from hub.store import officers_tables
from hub.store.engine import Writer, writing
from hub.store.tables import table_of

_TABLE = table_of(officers_tables.OfficerAttempt)
_FIND = select(_TABLE.c.failures, _TABLE.c.since, _TABLE.c.blocked_until).where(_TABLE.c.key == bindparam("attempt"))
_TURN = "officer-attempts"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """
    How many attempts are free, and what comes after.

    Attributes:
        free: Attempts before a block.
        block: The first block; each further *free* attempts double it if *doubling*.
        doubling: See *block*; at most a day.
        memory: After this long without an attempt all is forgotten. Without doubling: the window they are counted in.
    """

    free: int
    block: timedelta
    doubling: bool
    memory: timedelta


GUESSES = Limit(free=5, block=timedelta(minutes=15), doubling=True, memory=timedelta(days=7))
"""Codes for one officer."""
KNOCKS = Limit(free=60, block=timedelta(minutes=5), doubling=False, memory=timedelta(minutes=5))
"""Unauthenticated requests from one address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    An attempt of somebody.

    Attributes:
        of: For whom, or from where: `officer:ID` or `peer:NETWORK`. Only a digest of it is kept.
        limit: What bounds it.
    """

    of: str
    limit: Limit

    @property
    def key(self) -> bytes:
        """What the store knows it by."""
        return hashlib.sha256(self.of.encode()).digest()


def guess(officer: str) -> Attempt:
    """A code that is said to be *officer*'s."""
    return Attempt(of=f"officer:{officer}", limit=GUESSES)


def knock(peer: str | None) -> Attempt:
    """A request from the network of the address *peer*; what is no address is all one."""
    return Attempt(of=f"peer:{network_of(peer).hex() or 'unknown'}", limit=KNOCKS)


class Attempts:
    """Counts."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def begin(self, attempts: Sequence[Attempt]) -> None:
        """
        Count *attempts* as failed.

        Raises:
            RateLimitedError: one of them is blocked; then none is counted.
        """
        now = self._office.clock.now()
        async with writing(self._office.engine) as writer:
            await writer.take_turn(_TURN)
            await writer.write(delete(_TABLE).where(_TABLE.c.forget_at <= iso(now)))
            found = [await writer.first(_FIND, {"attempt": attempt.key}) for attempt in attempts]
            blocks = [from_iso(row.blocked_until) for row in found if row is not None and row.blocked_until]
            waits = [until - now for until in blocks if until > now]
            if waits:
                raise RateLimitedError("Too many attempts: wait", retry_after_s=int(max(waits).total_seconds()) + 1)
            for attempt, row in zip(attempts, found, strict=True):
                failures, since = (0, now) if row is None else (int(row.failures), from_iso(row.since))
                await self._count(writer, attempt, failures + 1, since, now, is_new=row is None)

    async def forgive(self, writer: Writer, attempt: Attempt) -> None:
        """Forget the failures of *attempt*, which succeeded."""
        await writer.write(delete(_TABLE).where(_TABLE.c.key == attempt.key))

    async def _count(
        self, writer: Writer, attempt: Attempt, failures: int, since: datetime, now: datetime, *, is_new: bool
    ) -> None:
        limit = attempt.limit
        blocked = failures % limit.free == 0
        block = min(limit.block * 2 ** min(failures // limit.free - 1, 10), _DAY) if limit.doubling else limit.block
        values = {
            "failures": failures,
            "since": iso(since),
            "blocked_until": iso(now + block) if blocked and failures else None,
            # A window ends by itself; a memory of guesses begins anew with each.
            "forget_at": iso(now + max(limit.memory, block) if limit.doubling or blocked else since + limit.memory),
        }
        if is_new:
            await writer.write(insert(_TABLE).values(key=attempt.key, **values))
        else:
            await writer.write(update(_TABLE).where(_TABLE.c.key == attempt.key).values(**values))
