"""
Growing a log by a group of leaves at once: the nodes it completes, the new root and every proof, each hash made once.

Rules:
    - The tree is that of `keys.merkle`. Level by level from the leaves up, the nodes over the group are made; a last
      node without a sibling is carried up as it is, which gives the hash of an incomplete subtree (RFC 9162, 2.1.1).
    - A proof goes from a leaf up by siblings. All siblings of the group's leaves are among the nodes over it, or are
      old peaks left of it; the upper part of the paths is shared.

Source: RFC 9162, 2.1; `keys.merkle` makes the same proofs one by one, and is what this is tested against.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keys.errors import ProofError
from keys.merkle import HASH_SIZE, Frontier, Node, node_hash, nodes_for_root

_Path = TypeVar("_Path")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """
    Consecutive nodes of one level, over the group and, where it begins at a right child, the sibling left of it.

    Attributes:
        start: Index of the first of them.
        hashes: Theirs, 32 bytes each; the last may be of an incomplete subtree.
    """

    start: int
    hashes: Sequence[bytes]

    def sibling_of(self, index: int) -> bytes | None:
        """Return the other child of the parent of node *index*; None if the node is carried up."""
        place = (index ^ 1) - self.start
        return self.hashes[place] if place < len(self.hashes) else None


class Growth:
    """
    A tree with a group of leaves added. The tree it grew from is not changed.

    Attributes:
        first: Index of the first leaf of the group.
        size: Leaves after it.
        root: Root over all of them, 32 bytes.
        tree: The grown tree's right edge.
    """

    __slots__ = ("_levels", "first", "root", "size", "tree")

    def __init__(self, tree: Frontier, leaves: Sequence[bytes]) -> None:
        """
        Add *leaves* to *tree*.

        Args:
            tree: The right edge to grow from.
            leaves: Leaf hashes, one or more, 32 bytes each.

        Raises:
            ProofError: no leaves, or one is no hash.
        """
        if not leaves or any(len(leaf) != HASH_SIZE for leaf in leaves):
            raise ProofError(f"a tree grows by one leaf or more, hashes of {HASH_SIZE} bytes")
        self.first, self.size = tree.size, tree.size + len(leaves)
        self._levels = _levels_over(tree, leaves)
        self.root = self._levels[-1].hashes[0]
        self.tree = Frontier(self.size, (self._peak(tree, node) for node in nodes_for_root(self.size)))

    def inner_nodes(self) -> list[tuple[int, int, bytes]]:
        """List the nodes above the leaves that the group completed, (level, index, hash)."""
        made: list[tuple[int, int, bytes]] = []
        for level, row in enumerate(self._levels[1:], 1):
            complete = range(self.first >> level, self.size >> level)
            made += [(level, index, row.hashes[index - row.start]) for index in complete]
        return made

    def paths(self, end: _Path, join: Callable[[bytes, _Path], _Path]) -> list[_Path]:
        """
        Build the path of every leaf of the group, in order, each shared part once.

        Args:
            end: The path of the root: nothing.
            join: Puts a sibling hash, 32 bytes, before the path that begins above it.
        """
        above, top = [end], 0
        for level in range(len(self._levels) - 2, -1, -1):
            row, begin = self._levels[level], self.first >> level
            here = []
            for index in range(begin, ((self.size - 1) >> level) + 1):
                sibling, rest = row.sibling_of(index), above[(index >> 1) - top]
                here.append(rest if sibling is None else join(sibling, rest))
            above, top = here, begin
        return above

    def _peak(self, old: Frontier, node: Node) -> bytes:
        level, index = node
        row = self._levels[level] if level < len(self._levels) else None
        return old.peaks[node] if row is None or index < row.start else row.hashes[index - row.start]


def _levels_over(tree: Frontier, leaves: Sequence[bytes]) -> list[_Level]:
    levels: list[_Level] = []
    start, hashes = tree.size, list(leaves)
    while True:
        level = len(levels)
        if start & 1:
            start -= 1
            hashes.insert(0, tree.peaks[level, start])
        levels.append(_Level(start=start, hashes=hashes))
        if start == 0 and len(hashes) == 1:
            return levels
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        parents = [node_hash(left, right) for left, right in pairs]
        if len(hashes) & 1:
            parents.append(hashes[-1])
        start, hashes = start >> 1, parents
