"""
The Merkle tree of RFC 9162, so that anyone can check that an entry is in the log and that the log only grew.

Rules:
    - Hashes are SHA-256, 32 bytes; a leaf hash is H(0x00 || entry), a node hash is H(0x01 || left || right).
    - A node (level, index) covers the leaves [index * 2^level, (index + 1) * 2^level); level 0 is the leaf hashes.
      Only nodes whose leaves all exist are ever stored or read: they never change again.
    - A checker refuses what it cannot use: size 0, a hash of another length, a path longer or shorter than it must be.

Source: RFC 9162, 2.1.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import NamedTuple, TypeAlias

from keys.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Node: TypeAlias = tuple[int, int]
NodeReader: TypeAlias = Callable[[Node], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry as a leaf, 32 bytes. Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children, 32 bytes each, into their parent. Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """
    Compute the root over *leaves*, which are leaf hashes in order; of none it is SHA-256 of nothing.

    Source: RFC 9162, 2.1.1.
    """
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """
    The right edge of a tree: all that appending and signing need, about log2(size) hashes.

    Attributes:
        size: Leaves so far.
        peaks: The complete subtrees that no larger one holds yet, by node, largest first. Owned by the frontier.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """
        Take up a tree of *size* leaves.

        Args:
            size: Leaves, 0 or more.
            peaks: The hashes at `nodes_for_root(size)`, in that order, 32 bytes each.

        Raises:
            ProofError: *peaks* are too many, too few, or one is no hash.
        """
        nodes = nodes_for_root(size)
        hashes = tuple(peaks)
        if len(hashes) != len(nodes):
            raise ProofError(f"a tree of {size} leaves has {len(nodes)} peaks, got {len(hashes)}")
        self.size = size
        self.peaks: dict[Node, bytes] = {node: _hash(value) for node, value in zip(nodes, hashes, strict=True)}

    def append(self, leaf: bytes) -> dict[Node, bytes]:
        """
        Add one leaf hash, 32 bytes.

        Returns:
            The nodes this leaf completed, the leaf itself first, in rising level.

        Raises:
            ProofError: *leaf* is no hash.
        """
        node, value = (0, self.size), _hash(leaf)
        made = {node: value}
        while node[1] % 2:
            left = self.peaks.pop((node[0], node[1] - 1))
            node, value = (node[0] + 1, node[1] // 2), node_hash(left, value)
            made[node] = value
        self.peaks[node] = value
        self.size += 1
        return made

    def root(self) -> bytes:
        """Compute the root, 32 bytes."""
        return _fold(tuple(self.peaks.values())) if self.peaks else EMPTY_ROOT

    def copy(self) -> "Frontier":
        """Return a frontier of its own over the same tree."""
        return Frontier(self.size, self.peaks.values())


class _Range(NamedTuple):
    """Leaves [start, end) under one hash of a proof; start is a multiple of the largest subtree inside."""

    start: int
    end: int

    def nodes(self) -> tuple[Node, ...]:
        """Cut the range into complete subtrees, left to right."""
        cut, at = [], self.start
        while at < self.end:
            level = (self.end - at).bit_length() - 1
            cut.append((level, at >> level))
            at += 1 << level
        return tuple(cut)


def nodes_for_root(size: int) -> tuple[Node, ...]:
    """
    Name the stored nodes the root of the first *size* leaves is made from, largest first.

    Raises:
        ProofError: *size* is negative.
    """
    if size < 0:
        raise ProofError(f"a tree has 0 or more leaves, got {size}")
    return _Range(start=0, end=size).nodes()


def nodes_for_inclusion(index: int, size: int) -> tuple[Node, ...]:
    """
    Name the stored nodes that `inclusion_proof` will read.

    Raises:
        ProofError: *index* is not below *size*.
    """
    return tuple(node for part in _inclusion_ranges(index, size) for node in part.nodes())


def nodes_for_consistency(old: int, new: int) -> tuple[Node, ...]:
    """
    Name the stored nodes that `consistency_proof` will read.

    Raises:
        ProofError: not 0 < *old* <= *new*.
    """
    return tuple(node for part in _consistency_ranges(old, new) for node in part.nodes())


def root_at(size: int, read: NodeReader) -> bytes:
    """
    Compute the root of the first *size* leaves from stored nodes.

    Raises:
        ProofError: *size* is negative, or a stored node is no hash.
    """
    return Frontier(size, (read(node) for node in nodes_for_root(size))).root()


def inclusion_proof(index: int, size: int, read: NodeReader) -> tuple[bytes, ...]:
    """
    Make the proof that leaf *index* is in the tree of *size* leaves.

    Args:
        index: Position of the leaf, 0 <= index < size.
        size: Leaves of the tree.
        read: Gives the hash of a complete node.

    Returns:
        Sibling hashes, the leaf's own sibling first.

    Raises:
        ProofError: *index* is not below *size*, or a stored node is no hash.

    Source: RFC 9162, 2.1.3.1.
    """
    return tuple(_hash_over(part, read) for part in _inclusion_ranges(index, size))


def consistency_proof(old: int, new: int, read: NodeReader) -> tuple[bytes, ...]:
    """
    Make the proof that the tree of *new* leaves begins with the tree of *old* leaves; empty when they are one.

    Raises:
        ProofError: not 0 < *old* <= *new*, or a stored node is no hash.

    Source: RFC 9162, 2.1.4.1.
    """
    return tuple(_hash_over(part, read) for part in _consistency_ranges(old, new))


def root_from(index: int, size: int, path: Sequence[bytes], leaf: bytes) -> bytes:
    """
    Compute the root that *path* implies for *leaf*.

    Args:
        index: Position of the leaf, 0 <= index < size.
        size: Leaves under the root, 1 or more.
        path: Sibling hashes, 32 bytes each, lowest first.
        leaf: Leaf hash (not the entry), 32 bytes.

    Returns:
        The implied root, 32 bytes; the caller compares it with a signed one.

    Raises:
        ProofError: *index* is not below *size*, a hash has another length, *path* is longer or shorter than it must be.

    Source: RFC 9162, 2.1.3.2.
    """
    ranges = _inclusion_ranges(index, size)
    if len(path) != len(ranges):
        raise ProofError(f"leaf {index} of {size} needs {len(ranges)} hashes, got {len(path)}")
    root = _hash(leaf)
    for sibling, part in zip(path, ranges, strict=True):
        root = node_hash(_hash(sibling), root) if part.end <= index else node_hash(root, _hash(sibling))
    return root


def verify_inclusion(*, index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> None:
    """
    Check that *leaf* is leaf *index* of the tree of *size* leaves under *root*.

    Raises:
        ProofError: as `root_from`, or the implied root is another.

    Source: RFC 9162, 2.1.3.2.
    """
    if not hmac.compare_digest(root_from(index, size, path, leaf), _hash(root)):
        raise ProofError(f"the proof of leaf {index} of {size} implies another root")


def verify_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> None:
    """
    Check that the tree under *new_root* begins with the tree under *old_root*.

    Raises:
        ProofError: not 0 < *old* <= *new*, a hash has another length, *path* is longer or shorter than it must be, or
            it implies another root.

    Source: RFC 9162, 2.1.4.2.
    """
    ranges = _consistency_ranges(old, new)
    if len(path) != len(ranges):
        raise ProofError(f"sizes {old} and {new} need {len(ranges)} hashes, got {len(path)}")
    given = {part: _hash(value) for part, value in zip(ranges, path, strict=True)}
    _hash(old_root), _hash(new_root)
    if old == new:
        implied_old = implied_new = old_root
    else:
        implied_old, implied_new = _roots_from(old, new, given, old_root)
    if not hmac.compare_digest(implied_old, old_root) or not hmac.compare_digest(implied_new, new_root):
        raise ProofError(f"the proof between sizes {old} and {new} implies other roots")


def _roots_from(old: int, new: int, given: dict[_Range, bytes], old_root: bytes) -> tuple[bytes, bytes]:
    """Climb from the right edge of the old tree to both roots."""
    edge, spans = _descent(old, new)
    # A complete old tree is a node of the new one: its root is known and not repeated in the proof.
    implied_old = implied_new = given.get(edge, old_root)
    for span in reversed(spans):
        sibling = given[span]
        if span.end <= edge.start:
            implied_old, implied_new = node_hash(sibling, implied_old), node_hash(sibling, implied_new)
        else:
            implied_new = node_hash(implied_new, sibling)
    return implied_old, implied_new


def _inclusion_ranges(index: int, size: int) -> tuple[_Range, ...]:
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size} leaves")
    start, end, siblings = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append(_Range(middle, end))
            end = middle
        else:
            siblings.append(_Range(start, middle))
            start = middle
    siblings.reverse()
    return tuple(siblings)


def _consistency_ranges(old: int, new: int) -> tuple[_Range, ...]:
    if not 0 < old <= new:
        raise ProofError(f"sizes {old} and {new} are not 0 < old <= new")
    if old == new:
        return ()
    edge, spans = _descent(old, new)
    return (*(() if edge.start == 0 else (edge,)), *reversed(spans))


def _descent(old: int, new: int) -> tuple[_Range, list[_Range]]:
    """Walk from the root to the largest subtree that ends where the old tree ends; name the siblings, top first."""
    start, end, siblings = 0, new, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            siblings.append(_Range(start=middle, end=end))
            end = middle
        else:
            siblings.append(_Range(start=start, end=middle))
            start = middle
    return _Range(start=start, end=end), siblings


def _split(size: int) -> int:
    """The largest power of two below *size* (2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def _hash_over(part: _Range, read: NodeReader) -> bytes:
    width = part.end - part.start
    if not width & (width - 1):
        level = width.bit_length() - 1
        return _hash(read((level, part.start >> level)))
    return _fold(tuple(_hash(read(node)) for node in part.nodes()))


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join complete subtrees, left to right and each smaller than the one before, into the root over all."""
    return reduce(lambda right, left: node_hash(left, right), reversed(hashes[:-1]), hashes[-1])


def _hash(value: bytes) -> bytes:
    if len(value) != HASH_SIZE:
        raise ProofError(f"a hash has {HASH_SIZE} bytes, got {len(value)}")
    return value
