"""What every part of the officers' work stands on: a store, a journal, the time, and randomness."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import Clock
from hub.store.engine import Writer
from keys.canonical import Value

JournalKind: TypeAlias = Literal["officer", "session"]


class Journal(Protocol):
    """Keeps what was done, for the auditor."""

    async def record(self, writer: Writer, kind: JournalKind, values: Mapping[str, Value]) -> object:
        """Write a row, with its instant, in the transaction of *writer*: it is kept exactly if what it tells of is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """
    The common ground.

    Attributes:
        engine: The store. Asked on every administrative request; nothing of it is kept in memory.
        journal: Told of every sign-in, failure, end of a session and change of an account.
        clock: The time.
        entropy: Gives n random bytes, fit for secrets.
    """

    engine: AsyncEngine
    journal: Journal
    clock: Clock
    entropy: Callable[[int], bytes]

    async def note(self, writer: Writer, kind: JournalKind, action: str, **values: str | None) -> None:
        """Write into the journal that *action* was done; values that are None are left out."""
        said: dict[str, Value] = {name: value for name, value in values.items() if value is not None}
        await self.journal.record(writer, kind, {"action": action, **said})
