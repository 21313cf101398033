"""
The book: the log's tables as the ledger's own connection sees them. SQLite and PostgreSQL each have one.

Rules:
    - A book is raw: statements go to the driver as they are, few per group, because that is most of what a group costs.
    - The turn is the database's own lock, taken by a transaction and given back when it ends, however it ends. So there
      is no leader to elect and none to replace: a process that is killed loses its turn with its connection.
    - Waiting for the turn is bounded, and so is holding it.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias

from hub.audit.step import Step

Account: TypeAlias = tuple[str, str]
"""Asker and span of a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest stored checkpoint, as it is stored: nothing of it is checked yet."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """
    What a group wants to know, and to take, within a turn.

    Attributes:
        codes: Subjects whose versions it wants.
        epochs: Whether it wants the epochs.
        once: Digests to take -> when they may be forgotten, seconds since 1970.
        spend: Budget -> what to take of it, and when it ends, seconds since 1970.
    """

    codes: Sequence[str] = ()
    epochs: bool = False
    once: Mapping[bytes, float] = field(default_factory=dict)
    spend: Mapping[Account, tuple[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """
    What answers are made from, as the store has it within a turn, and what was taken.

    Attributes:
        versions: Of the subjects asked for; who is not there is left out.
        epochs: All of them, if they were asked for.
        taken: Of the digests asked for, those that the store did not have; now it has them.
        used: Budget -> what is used of it, with all that was taken in this turn.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    epochs: Mapping[str, int] = field(default_factory=dict)
    taken: AbstractSet[bytes] = frozenset()
    used: Mapping[Account, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redress:
    """
    What is put right when a turn ends.

    Attributes:
        digests: Taken for entries that are not kept after all.
        amounts: Budget -> what was taken of it for such entries.
        ended: Rows of what ended before this, seconds since 1970, go; None: nothing is tidied up this time.
        most: Of each kind, at most so many go.
    """

    digests: Sequence[bytes] = ()
    amounts: Mapping[Account, int] = field(default_factory=dict)
    ended: float | None = None
    most: int = 0


NOTHING = Redress()
"""Nothing to put right."""


class Book(Protocol):
    """One connection, opened when it is first needed. Used by one thread."""

    faults: ClassVar[tuple[type[Exception], ...]]
    """What the driver raises when the store fails."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to be dead."""

    def begin(self, wants: Wants) -> tuple[Head | None, Causes]:
        """
        Open a transaction, wait for the turn in it, then read the head and do what `take` does.

        Returns:
            The newest checkpoint, None while the log is empty; the causes.
        """

    def take(self, wants: Wants) -> Causes:
        """Read and take what *wants* names; what it does not name costs nothing."""

    def leaves(self, start: int, end: int) -> Sequence[tuple[int, bytes]]:
        """Read (index, leaf hash) of the entries *start* <= index < *end*, in order."""

    def node(self, level: int, index: int) -> bytes | None:
        """Read the hash of an inner node; None if it is not stored."""

    def newest(self) -> tuple[int, bytes] | None:
        """Read (index, leaf hash) of the entry with the highest index."""

    def write(self, step: Step | None, redress: Redress) -> None:
        """Write all rows of *step*, if there is one, put right what *redress* names, and commit: durable on return."""

    def end(self) -> None:
        """Give the turn back with nothing written or taken; after `write`, which gave it back, do nothing."""

    def close(self) -> None:
        """Let go of the connection, whatever state it is in; the next `begin` opens another."""
