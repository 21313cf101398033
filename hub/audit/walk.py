"""
The check of everything: one pass over the stored log that believes nothing but what follows from the leaves.

Every hash and every head is computed again, page by page with flat memory; the first place that does not fit is named.
What it cannot see is a log cut back to an older signed head: for that, somebody must hold a newer one.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.errors import EntryError
from hub.audit.log import read_nodes
from hub.audit.openings import commitments_from, read_leaf
from hub.store.engine import Reader, reading
from hub.store.tables import LogCheckpoint, LogEntry, LogNode, LogOpening
from keys.checkpoints import Checkpoint, open_checkpoint
from keys.errors import NoteError
from keys.merkle import Frontier, Node, leaf_hash
from keys.notes import Verifier

_PAGE = 1_000
_BEFORE_ALL = -(2**63)  # also before what stands where no entry can

_ENTRY = LogEntry.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_NODE = LogNode.__table__  # type: ignore[attr-defined]
_CHECKPOINT = LogCheckpoint.__table__  # type: ignore[attr-defined]
_OPENING = LogOpening.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """
    The first place where the stored log does not fit.

    Attributes:
        place: `entry 17`, `node 3/2`, `checkpoint 18`.
        reason: What does not fit, without any value of an entry.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReport:
    """
    What a walk over the whole log found.

    Attributes:
        size: Entries that hold, from the first.
        checkpoints: Signed heads that hold.
        openings: Openings that fit their leaf.
        erased: Entries whose opening was erased: no fault.
        broken: The first place that does not fit; None: all does.
    """

    size: int
    checkpoints: int
    openings: int
    erased: int
    broken: Break | None


class _BreakError(Exception):
    """Carries the first break out of the walk."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place)
        self.found = Break(place=place, reason=reason)


async def check_log(engine: AsyncEngine, verifier: Verifier) -> LogReport:
    """
    Walk the whole log, as it is at the start of the walk.

    Args:
        engine: The store.
        verifier: The log's key; its name is the log's origin.

    Returns:
        What holds, and the first place that does not.
    """
    walk = _Walk(verifier)
    broken: Break | None = None
    async with reading(engine) as reader:
        try:
            async for page in _pages(reader):
                await walk.page(reader, page)
            await walk.end(reader)
        except _BreakError as found:
            broken = found.found
    return LogReport(
        size=walk.tree.size, checkpoints=walk.heads, openings=walk.openings, erased=walk.erased, broken=broken
    )


async def _pages(reader: Reader) -> AsyncIterator[Sequence[tuple[int, str, bytes, bytes]]]:
    after = _BEFORE_ALL
    while True:
        wanted = select(_ENTRY.c.index, _ENTRY.c.kind, _ENTRY.c.leaf, _ENTRY.c.leaf_hash)
        rows = await reader.rows(wanted.where(_ENTRY.c.index > after).order_by(_ENTRY.c.index).limit(_PAGE))
        if not rows:
            return
        yield [(index, kind, leaf, stored) for index, kind, leaf, stored in rows]
        after = rows[-1][0]


class _Walk:
    """The state of one walk: the tree computed so far, and the count of what held."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._signed_size = 0
        self.tree = Frontier()
        self.heads = 0
        self.openings = 0
        self.erased = 0

    async def page(self, reader: Reader, page: Sequence[tuple[int, str, bytes, bytes]]) -> None:
        """Check the entries of *page* and all that hangs on them: nodes, heads, openings."""
        first, last = page[0][0], page[-1][0]
        heads = await reader.rows(
            select(_CHECKPOINT.c.size, _CHECKPOINT.c.root, _CHECKPOINT.c.note).where(
                _CHECKPOINT.c.size.between(first + 1, last + 1)
            )
        )
        openings = await reader.rows(
            select(_OPENING.c.index, _OPENING.c.opening).where(_OPENING.c.index.between(first, last))
        )
        head_at = {row.size: row for row in heads}
        opening_of: Mapping[int, bytes] = {index: opening for index, opening in openings}  # noqa: C416  rows are no pairs to mypy
        made: dict[Node, bytes] = {}
        for index, kind, leaf, stored in page:
            commitments = self._leaf(index, kind, leaf, stored)
            made.update(self.tree.append(stored))
            self._opening(index, commitments, opening_of.get(index))
            if index + 1 in head_at:
                self._head(index + 1, head_at[index + 1].root, head_at[index + 1].note)
        inner = [node for node in made if node[0]]
        found = await read_nodes(reader, inner)
        for node in inner:
            if found.get(node) != made[node]:
                raise _BreakError(f"node {node[0]}/{node[1]}", "missing or not the hash of its leaves")

    async def end(self, reader: Reader) -> None:
        """Check that nothing is stored beyond the entries, and that all of them are under a signed head."""
        size = self.tree.size
        beyond = await reader.first(
            select(func.min(_CHECKPOINT.c.size)).where((_CHECKPOINT.c.size > size) | (_CHECKPOINT.c.size < 1))
        )
        if beyond is not None and beyond[0] is not None:
            raise _BreakError(f"checkpoint {beyond[0]}", f"signed, but only {size} entries are stored")
        if self._signed_size != size:
            raise _BreakError(f"entry {self._signed_size}", "no signed head covers it")
        nodes = await reader.first(select(func.count()).select_from(_NODE))
        expected = size - size.bit_count()
        if nodes is not None and nodes[0] != expected:
            raise _BreakError("nodes", f"{size} entries have {expected} nodes, {nodes[0]} are stored")

    def _leaf(self, index: int, kind: str, leaf: bytes, stored: bytes) -> Mapping[str, str]:
        """Check one leaf; return its commitments."""
        place = f"entry {self.tree.size}"
        if index != self.tree.size:
            raise _BreakError(place, "missing")
        if leaf_hash(leaf) != stored:
            raise _BreakError(place, "its stored hash is not the hash of its leaf")
        try:
            said, commitments = read_leaf(leaf)
        except EntryError as fault:
            raise _BreakError(place, str(fault)) from None
        if said != kind:
            raise _BreakError(place, "its stored kind is not that of its leaf")
        return commitments

    def _opening(self, index: int, commitments: Mapping[str, str], opening: bytes | None) -> None:
        if opening is None:
            self.erased += 1
            return
        try:
            opened = commitments_from(orjson.loads(opening))
        except (EntryError, orjson.JSONDecodeError):
            raise _BreakError(f"entry {index}", "its opening is not of the form we write") from None
        if opened != commitments:
            raise _BreakError(f"entry {index}", "its opening does not open its leaf")
        self.openings += 1

    def _head(self, size: int, root: bytes, note: str) -> None:
        place = f"checkpoint {size}"
        try:
            signed = open_checkpoint(note, (self._verifier,))
        except NoteError as fault:
            raise _BreakError(place, str(fault)) from None
        if signed != Checkpoint(origin=self._verifier.name, size=size, root=self.tree.root()):
            raise _BreakError(place, "what is signed is not the head of the stored entries")
        if signed.root != root:
            raise _BreakError(place, "its stored root is not the signed one")
        self._signed_size = size
        self.heads += 1
