"""
The reading side of the log: what is asked by those who check it.

Rules:
    - Nothing here writes, waits for a turn or holds state: proofs are made from stored nodes, a few dozen rows each.
    - Stored bytes are passed on, not vouched for: whoever asked checks them against a signed head. See
      `hub.audit.walk` for a check of everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.errors import AbsentEntryError, LogBrokenError
from hub.store.engine import Reader, glancing
from hub.store.tables import LogCheckpoint, LogEntry, LogNode
from keys.merkle import Node, consistency_proof, inclusion_proof, nodes_for_consistency, nodes_for_inclusion

_NODES_AT_ONCE = 500

_ENTRY = LogEntry.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_NODE = LogNode.__table__  # type: ignore[attr-defined]
_CHECKPOINT = LogCheckpoint.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """
    An entry as it is stored.

    Attributes:
        index: Position, 0 or more.
        leaf: Canonical JSON of the commitments; its hash is the leaf hash.
        appended_at: Instant, ISO text.
    """

    index: int
    kind: str
    leaf: bytes
    appended_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """
    A head the log signed.

    Attributes:
        note: The signed note, as partners and witnesses take it.
        signed_at: Instant, ISO text; not part of what is signed.
    """

    size: int
    root: bytes
    note: str
    signed_at: str


class Log:
    """The stored log, for reading."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Read from the store behind *engine*, which the caller owns."""
        self._engine = engine

    async def checkpoint(self) -> StoredCheckpoint | None:
        """Return the newest checkpoint; None while the log is empty."""
        async with glancing(self._engine) as reader:
            row = await reader.first(select(_CHECKPOINT).order_by(_CHECKPOINT.c.size.desc()).limit(1))
        return (
            None
            if row is None
            else StoredCheckpoint(size=row.size, root=row.root, note=row.note, signed_at=row.signed_at)
        )

    async def entry(self, index: int) -> StoredEntry:
        """
        Return entry *index*.

        Raises:
            AbsentEntryError: the log has no such entry.
        """
        wanted = select(_ENTRY.c.kind, _ENTRY.c.leaf, _ENTRY.c.appended_at)
        async with glancing(self._engine) as reader:
            row = await reader.first(wanted.where(_ENTRY.c.index == index))
        if row is None:
            raise AbsentEntryError(f"the log has no entry {index}")
        return StoredEntry(index=index, kind=row.kind, leaf=row.leaf, appended_at=row.appended_at)

    async def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """
        Prove that entry *index* is among the first *size*.

        Raises:
            AbsentEntryError: the log has fewer than *size* entries.
            LogBrokenError: a stored node is missing.
            ProofError: not 0 <= *index* < *size*.

        Source: RFC 9162, 2.1.3.
        """
        nodes = await self._nodes(nodes_for_inclusion(index, size), size)
        return inclusion_proof(index, size, nodes.__getitem__)

    async def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """
        Prove that the first *old* of the first *new* entries never changed.

        Raises:
            AbsentEntryError: the log has fewer than *new* entries.
            LogBrokenError: a stored node is missing.
            ProofError: not 0 < *old* <= *new*.

        Source: RFC 9162, 2.1.4.
        """
        nodes = await self._nodes(nodes_for_consistency(old, new), new)
        return consistency_proof(old, new, nodes.__getitem__)

    async def _nodes(self, wanted: Sequence[Node], size: int) -> dict[Node, bytes]:
        async with glancing(self._engine) as reader:
            last = await reader.first(select(func.max(_ENTRY.c.index)))
            if last is None or last[0] is None or last[0] + 1 < size:
                raise AbsentEntryError(f"the log has fewer than {size} entries")
            found = await read_nodes(reader, wanted)
        if len(found) != len(wanted):
            raise LogBrokenError(f"a node under {size} entries is missing")
        return found


async def read_nodes(reader: Reader, wanted: Sequence[Node]) -> dict[Node, bytes]:
    """Read the hashes of *wanted*, of any level; what is not stored is left out."""
    found: dict[Node, bytes] = {}
    for start in range(0, len(wanted), _NODES_AT_ONCE):
        some = wanted[start : start + _NODES_AT_ONCE]
        leaves = [index for level, index in some if level == 0]
        inner = [node for node in some if node[0]]
        if leaves:
            rows = await reader.rows(select(_ENTRY.c.index, _ENTRY.c.leaf_hash).where(_ENTRY.c.index.in_(leaves)))
            found.update({(0, index): value for index, value in rows})
        if inner:
            columns = (_NODE.c.level, _NODE.c.index, _NODE.c.hash)
            rows = await reader.rows(select(*columns).where(tuple_(_NODE.c.level, _NODE.c.index).in_(inner)))
            found.update({(level, index): value for level, index, value in rows})
    return found
