"""
The book: the log's tables as the ledger's own connection sees them. SQLite and PostgreSQL each have one.

Rules:
    - A book is raw: statements go to the driver as they are, few per group, because that is most of what a group costs.
    - The turn is the database's own lock, taken by a transaction and given back when it ends, however it ends. So there
      is no leader to elect and none to replace: a process that is killed loses its turn with its connection.
    - Waiting for the turn is bounded, and so is holding it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from hub.audit.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest stored checkpoint, as it is stored: nothing of it is checked yet."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """
    What answers are made from, as the store has it within a turn.

    Attributes:
        versions: Of the subjects asked for; who is not there is left out.
        epochs: All of them, if they were asked for.
    """

    versions: Mapping[str, int]
    epochs: Mapping[str, int]


class Book(Protocol):
    """One connection, opened when it is first needed. Used by one thread."""

    faults: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises when the store fails."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to be dead."""

    def begin(self, codes: Sequence[str], epochs: bool) -> tuple[Head | None, Causes]:
        """
        Open a transaction, wait for the turn in it, then read the head and what `causes` reads.

        Returns:
            The newest checkpoint, None while the log is empty; the causes.
        """

    def causes(self, codes: Sequence[str], epochs: bool) -> Causes:
        """Read the versions of *codes* and, if asked, the epochs."""

    def leaves(self, start: int, end: int) -> Sequence[tuple[int, bytes]]:
        """Read (index, leaf hash) of the entries *start* <= index < *end*, in order."""

    def node(self, level: int, index: int) -> bytes | None:
        """Read the hash of an inner node; None if it is not stored."""

    def newest(self) -> tuple[int, bytes] | None:
        """Read (index, leaf hash) of the entry with the highest index."""

    def write(self, step: Step) -> None:
        """Write all rows of *step* and commit. When it returns, they are durable."""

    def end(self) -> None:
        """Give the turn back without writing; after `write`, which gave it back, do nothing."""

    def close(self) -> None:
        """Let go of the connection, whatever state it is in; the next `begin` opens another."""
