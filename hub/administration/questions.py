"""
Questions that were asked, kept for some days so that a drafted policy can be tried on them: see `replay`.

Rules:
    - The road notes a question once its answer is durable; nobody waits for it to be written. `flush` writes what was
      noted. What a process had noted and not written when it died is lost: the log has lost nothing by it.
    - What a question names stays sealed under a key of the ring: its variables, at the place of its log entry, and its
      document, in which a name or a number may stand too. Neither ever enters a log line, an error or a journal row.
    - Bounded three ways: by days, by what waits to be written, and by the size of one question.
"""

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import orjson
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import Clock, iso
from hub.store.administration_tables import AskedDocument
from hub.store.administration_tables import Question as QuestionRow
from hub.store.engine import Reader, reading, writing
from hub.store.tables import table_of
from keys.envelope import NONCE_SIZE, Cipher, open_sealed, place_of, seal
from keys.errors import SealError

WAITING_MAX = 10_000
"""Questions that wait to be written; more are not kept."""
VARIABLES_MAX = 16_384
"""Bytes of a question's variables, packed; a question with more is not kept."""
_AT_ONCE = 500
_PURGE_EVERY = timedelta(hours=1)
_Q = table_of(QuestionRow)
_D = table_of(AskedDocument)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    A question.

    Attributes:
        log_index: Its entry in the log.
        at: Instant, `hub.clock.iso`.
        digest: Of its document, `sha256:<hex>`.
        text: The document.
        operation: Name of the operation it ran, if it named one.
        variables: As sent.
        partner: Who asked; None: the public.
        purpose, context: As stated.
    """

    log_index: int
    at: str
    digest: str
    text: str
    operation: str | None
    variables: Mapping[str, Any]
    partner: str | None
    purpose: str
    context: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    Some questions out of the store.

    Attributes:
        asked: In the log's order.
        unreadable: How many were left out, because another key sealed them or they were tampered with.
        end: Entry behind which to go on; None: there is nothing more.
    """

    asked: Sequence[Asked]
    unreadable: int
    end: int | None


class Questions:
    """
    The questions of one store. One per process.

    Args:
        engine: The store.
        cipher: Seals the variables.
        clock: The time.
        entropy: Gives n random bytes, fit for nonces.
        days: How long a question is kept; 0 keeps none.

    Attributes:
        lost: Questions that were not kept because too many waited or they were too large.
    """

    def __init__(
        self, engine: AsyncEngine, cipher: Cipher, clock: Clock, entropy: Callable[[int], bytes], *, days: int
    ) -> None:
        self._engine = engine
        self._cipher = cipher
        self._clock = clock
        self._entropy = entropy
        self.days = days
        self.lost = 0
        # Owned by the event loop.
        self._waiting: deque[Asked] = deque()
        self._purged: datetime | None = None

    def note(self, asked: Asked) -> None:
        """Keep *asked*, later."""
        if self.days == 0:
            return
        if len(self._waiting) >= WAITING_MAX:
            self.lost += 1
            return
        self._waiting.append(asked)

    async def flush(self) -> int:
        """Write what waits, and drop what is older than it may be. Tells how many were written."""
        written = 0
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                written += await self._write(some)
            except BaseException:
                self._waiting.extendleft(reversed(some))
                raise
        now = self._clock.now()
        if self._purged is None or now - self._purged >= _PURGE_EVERY:
            self._purged = now
            while await self.purge() == _AT_ONCE:
                pass
        return written

    async def purge(self) -> int:
        """Drop some questions older than `days`, and documents that no question names any more; tell how many."""
        since = iso(self._clock.now() - timedelta(days=self.days))
        old = select(_Q.c.log_index).where(_Q.c.at < since).limit(_AT_ONCE)
        async with writing(self._engine) as writer:
            dropped = await writer.write(delete(_Q).where(_Q.c.log_index.in_(old.scalar_subquery())))
            if dropped:
                # Under the turn in which documents are written: none goes that a question is about to name.
                await writer.take_turn("question")
                await writer.write(delete(_D).where(_D.c.digest.not_in(select(_Q.c.document))))
        return dropped

    async def since(self, at: datetime, *, after: int | None = None, first: int) -> "Kept":
        """Read at most *first* questions asked at *at* (aware) or later, in the log's order, behind entry *after*."""
        wanted = select(_Q, _D.c.text).join(_D, _D.c.digest == _Q.c.document).where(_Q.c.at >= iso(at))
        if after is not None:
            wanted = wanted.where(_Q.c.log_index > after)
        async with reading(self._engine) as reader:
            rows = await reader.rows(wanted.order_by(_Q.c.log_index).limit(first))
        found = [asked for row in rows if (asked := self._read(row)) is not None]
        return Kept(asked=found, unreadable=len(rows) - len(found), end=rows[-1].log_index if rows else None)

    async def _write(self, some: Sequence[Asked]) -> int:
        rows = [row for asked in some if (row := self._row(asked)) is not None]
        self.lost += len(some) - len(rows)
        kept = {row["log_index"] for row in rows}
        texts = {asked.digest: asked.text for asked in some if asked.log_index in kept}
        async with writing(self._engine) as writer:
            await writer.take_turn("question")
            there = await _there(writer, texts)
            new = [
                {"digest": name, "text": self._sealed(name, text)} for name, text in texts.items() if name not in there
            ]
            if new:
                await writer.write(insert(_D), new)
            if rows:
                await writer.write(insert(_Q), rows)
        return len(rows)

    def _row(self, asked: Asked) -> dict[str, object] | None:
        packed = msgspec.msgpack.encode(dict(asked.variables))
        if len(packed) > VARIABLES_MAX or not _is_storable(asked.text):
            return None
        return {
            "log_index": asked.log_index,
            "at": asked.at,
            "document": asked.digest,
            "operation": asked.operation,
            "variables": seal(self._cipher, packed, _place(asked.log_index), self._entropy(NONCE_SIZE)),
            "partner": asked.partner,
            "purpose": asked.purpose,
            "context": orjson.dumps(dict(asked.context)).decode(),
        }

    def _sealed(self, digest: str, text: str) -> str:
        sealed = seal(self._cipher, text.encode(), place_of("asked_document", digest), self._entropy(NONCE_SIZE))
        return b64encode(sealed).decode()

    def _read(self, row: Row[Any]) -> Asked | None:
        try:
            packed = open_sealed(self._cipher, row.variables, _place(row.log_index))
            place = place_of("asked_document", row.document)
            text = open_sealed(self._cipher, b64decode(row.text), place).decode()
        except (SealError, ValueError):
            return None
        return Asked(
            log_index=row.log_index,
            at=row.at,
            digest=row.document,
            text=text,
            operation=row.operation,
            variables=msgspec.msgpack.decode(packed),
            partner=row.partner,
            purpose=row.purpose,
            context=tuple(sorted(orjson.loads(row.context).items())),
        )


def _is_storable(text: str) -> bool:
    """Whether every store takes *text*: one row that none takes would hold up all that wait with it."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


async def _there(reader: Reader, texts: Mapping[str, str]) -> frozenset[str]:
    rows = await reader.rows(select(_D.c.digest).where(_D.c.digest.in_(list(texts))))
    return frozenset(row.digest for row in rows)


def _place(log_index: int) -> bytes:
    return place_of("question", log_index)
