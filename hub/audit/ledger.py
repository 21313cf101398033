"""
The writing side of the log: one group of entries, one transaction, one signature.

Rules:
    - Blocking, and owned by one thread: the sequencer's. So no cancelled task can leave a transaction half way, and a
      group costs one change of thread however many statements it has.
    - Every transaction takes the log's turn first (`hub.audit.book`) and then reads the head again. If another process
      moved it, its new leaves are added to ours, and the root we compute must be the one it signed: so no process ever
      signs a head that contradicts one it knows.
    - A tree is never changed: a group grows another from it, which replaces it after the commit. Whatever fails before,
      the next transaction finds out from the store what is there.
    - `reads` and `epochs` are compared inside the turn. A change that commits later is as if the question had been
      asked before it. An epoch that the store does not have has changed: nobody could tell that it has not.
    - What may be shown once and what is spent of budgets is taken inside the turn as well (`hub.audit.tally`), so it is
      exact over all processes; and as durable as the entry it belongs to, or not there.
    - Of those two tables, rows of what ended are deleted now and then: twice as many as came, so that they stay short.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from sqlalchemy import URL

from hub.audit.book import NOTHING, Book, Causes, Head, Redress, Wants
from hub.audit.errors import LogBrokenError, LogUnavailableError
from hub.audit.postgres import PostgresBook
from hub.audit.receipts import Receipt
from hub.audit.sqlite import SqliteBook
from hub.audit.step import Step, Waiting
from hub.audit.tally import Refusal, Tally, wants_of
from hub.clock import from_iso
from keys.checkpoints import Checkpoint, open_checkpoint
from keys.errors import NoteError, ProofError
from keys.growth import Growth
from keys.merkle import HASH_SIZE, Frontier, nodes_for_root
from keys.notes import Signer

Outcome: TypeAlias = Receipt | tuple[int, ...] | Refusal
"""What became of an entry; of terms that came alone: what is used of each of their budgets."""

_LEAVES_AT_ONCE = 10_000
_TIDY_AFTER = 256  # rows taken
# Clocks of other machines may be behind.
_LEEWAY_S = 300.0


class Ledger:
    """The log as its one writer in this process sees it. Not to be used from two threads at once."""

    def __init__(self, address: URL, signer: Signer, *, patience_s: float) -> None:
        """
        Prepare to write; nothing is connected yet.

        Args:
            address: Of the store, SQLite file or PostgreSQL.
            signer: Signs checkpoints; its name is the log's origin.
            patience_s: How long to wait for the turn and for any one statement.
        """
        self._signer = signer
        kind = PostgresBook if address.get_backend_name() == "postgresql" else SqliteBook
        self._book: Book = kind(address, patience_s)
        # What this process knows to be durable; None before the first look.
        self._tree: Frontier | None = None
        self._root = b""
        # Rows taken since the store was tidied up; at first as if it were time, or short lives would never tidy.
        self._taken = _TIDY_AFTER

    def check(self) -> None:
        """
        Take the turn, look whether the head fits what we know, and give the turn back.

        Raises:
            LogBrokenError: it does not fit.
            LogUnavailableError: the store cannot be reached or written.
        """
        with self._turn(Wants()) as (head, _):
            tree = self._caught_up(head)
        self._keep(tree, tree.root())

    def commit(self, group: list[Waiting], at: str, join: Callable[[], Sequence[Waiting]] = tuple) -> list[Outcome]:
        """
        Append *group* in order, durably, but for the entries whose terms do not hold: those leave nothing behind.

        Args:
            group: One entry or more.
            at: Instant of the group, as `hub.clock.iso` writes it.
            join: Gives those who came while this process waited for its turn. Asked, once, if another process had it in
                between; who joins is added to *group*. Or many processes would each write many small groups.

        Returns:
            What became of each, in order.

        Raises:
            LogBrokenError: the stored log does not fit what we know. Nothing was appended.
            LogUnavailableError: the store failed. Nothing is known to be appended.
        """
        step: Step | None = None
        tally, wants = Tally(), wants_of(group)
        with self._turn(wants) as (head, causes):
            tree = self._caught_up(head)
            tally.weigh(wants, causes, group)
            if self._tree is not None and tree.size != self._tree.size and (late := join()):
                wants = wants_of(late)
                tally.weigh(wants, self._book.take(wants), late)
                group += late
            kept = [place for place in range(len(group)) if place not in tally.refused]
            entries = [place for place in kept if group[place].sealed is not None]
            if entries:
                step = Step.of(tree, [group[place] for place in entries], self._signer, at)
            if kept:
                self._book.write(step, self._redress(tally, at))
        if step is None:
            self._keep(tree, tree.root())
        else:
            self._keep(step.growth.tree, step.growth.root)
        outcomes: dict[int, Outcome] = {**tally.refused}
        if step is not None:
            receipts = step.receipts(self._signer.name, map(tally.used, entries))
            outcomes.update(zip(entries, receipts, strict=True))
        return [outcomes[place] if place in outcomes else tally.used(place) for place in range(len(group))]

    def close(self) -> None:
        """Give the connection back."""
        self._book.close()

    @contextmanager
    def _turn(self, wants: Wants) -> Iterator[tuple[Head | None, Causes]]:
        """Hold the turn, which no other writer of the log shares, until the block ends or has written."""
        try:
            yield self._begin(wants)
            self._book.end()
        except self._book.faults as fault:
            # A connection opened while the store was unwell may stay unwell: begin afresh next time.
            self._book.close()
            raise LogUnavailableError(_reason(fault)) from None
        except BaseException:
            with contextlib.suppress(*self._book.faults):
                self._book.end()
            raise

    def _redress(self, tally: Tally, at: str) -> Redress:
        """Say what is given back of what *tally* took, and what may go since it ended before *at*."""
        if not tally.taken:
            return NOTHING
        digests, amounts = tally.spare()
        self._taken += tally.taken
        if self._taken < _TIDY_AFTER:
            return Redress(digests=digests, amounts=amounts)
        most, self._taken = 2 * self._taken, 0
        ended = from_iso(at).timestamp() - _LEEWAY_S
        return Redress(digests=digests, amounts=amounts, ended=ended, most=most)

    def _begin(self, wants: Wants) -> tuple[Head | None, Causes]:
        was_open = self._book.is_open
        try:
            return self._book.begin(wants)
        except self._book.faults:
            if not was_open or self._book.is_open:
                raise
        # The connection had died unseen (a restarted server); nothing was written over it yet.
        self._book.close()
        return self._book.begin(wants)

    def _keep(self, tree: Frontier, root: bytes) -> None:
        self._tree, self._root = tree, root

    def _caught_up(self, head: Head | None) -> Frontier:
        """Return the tree at the stored head, having checked that the head continues what we know."""
        size = 0 if head is None else head.size
        if self._tree is None:
            tree = _load(self._book, size)
        elif size < self._tree.size:
            raise LogBrokenError(f"the stored log went back from {self._tree.size} entries to {size}")
        else:
            tree = _extend(self._book, self._tree, size)
        if head is None:
            return tree
        if self._tree is not None and size == self._tree.size:
            if head.root != self._root:
                raise LogBrokenError(f"the stored head at {size} entries is not the one this process knows")
            return tree
        self._check_head(tree, head.note)
        return tree

    def _check_head(self, tree: Frontier, note: str) -> None:
        try:
            signed = open_checkpoint(note, (self._signer.verifier,))
        except NoteError as fault:
            raise LogBrokenError(f"the stored head is not signed by {self._signer.verifier.vkey()}: {fault}") from None
        if signed != Checkpoint(origin=self._signer.name, size=tree.size, root=tree.root()):
            raise LogBrokenError(f"the stored head is not that of the {tree.size} stored entries")


def _load(book: Book, size: int) -> Frontier:
    """Read the right edge of the stored tree: one row per peak."""
    last, leaf = book.newest() or (-1, b"")
    if last != size - 1:
        raise LogBrokenError(f"the head is at {size} entries, the stored entries end elsewhere")
    peaks = [book.node(level, index) if level else leaf for level, index in nodes_for_root(size)]
    try:
        return Frontier(size, (peak or b"" for peak in peaks))
    except ProofError:
        raise LogBrokenError(f"a node under the head at {size} entries is missing or no hash") from None


def _extend(book: Book, tree: Frontier, size: int) -> Frontier:
    """Add the leaves that another process appended, up to *size*."""
    while tree.size < size:
        end = min(size, tree.size + _LEAVES_AT_ONCE)
        rows = book.leaves(tree.size, end)
        for place, (index, leaf) in enumerate(rows, tree.size):
            if index != place or len(leaf) != HASH_SIZE:
                raise LogBrokenError(f"entry {place} is missing from the stored log, or its hash is no hash")
        if tree.size + len(rows) != end:
            raise LogBrokenError(f"entry {tree.size + len(rows)} is missing from the stored log")
        tree = Growth(tree, [leaf for _, leaf in rows]).tree
    return tree


def _reason(fault: Exception) -> str:
    """Name a failure by kind and code. PostgreSQL quotes whole rows in its details, so no message is passed on."""
    code = getattr(fault, "sqlstate", None) or getattr(fault, "sqlite_errorname", None)
    return f"{type(fault).__name__} {code}" if code else type(fault).__name__
