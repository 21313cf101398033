"""
Chance that can be asked again: every draw follows from the seed and a name, so nothing need be remembered.

Rules:
    - The same seed and name give the same draws on every machine and Python version (BLAKE2b, no `random`).
    - `Ranks` deals each of 1,024 ranks exactly once to the 1,024 members of a block: a rate of 45 in 1,024 is met
      exactly in every whole block, and a total is known without counting.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

BLOCK = 1024
"""Members of a block; a power of four, because ranks are dealt by a Feistel network over two halves of 5 bits."""

_HALF_BITS = 5
_HALF = (1 << _HALF_BITS) - 1
_ROUNDS = 4


class Draws:
    """A run of draws that belongs to one name. Not shared between names: the order of asking matters."""

    __slots__ = ("_at", "_name", "_pool", "_turn")

    def __init__(self, *name: object) -> None:
        self._name = "\x1f".join(map(str, name)).encode()
        self._turn = 0
        self._pool = blake2b(self._name, digest_size=64).digest()
        self._at = 0

    def word(self) -> int:
        """Draw a number of 32 bits."""
        if self._at == len(self._pool):
            self._turn += 1
            self._pool = blake2b(self._name, digest_size=64, salt=self._turn.to_bytes(8, "big")).digest()
            self._at = 0
        start, self._at = self._at, self._at + 4
        return int.from_bytes(self._pool[start : self._at], "big")

    def below(self, bound: int) -> int:
        """Draw 0 <= number < *bound*; the bias of the remainder (bound / 2^32) does not matter here."""
        return self.word() % bound

    def between(self, low: int, high: int) -> int:
        """Draw low <= number <= high."""
        return low + self.word() % (high - low + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        """Draw one of *choices*, which has at least one."""
        return choices[self.word() % len(choices)]

    def happens(self, per_10_000: int) -> bool:
        """Draw whether something happens whose rate is *per_10_000* in 10,000."""
        return self.word() % 10_000 < per_10_000


class Ranks:
    """Deals ranks: `rank(index)` is a permutation of 0..1023 within the block of *index*."""

    def __init__(self, *name: object) -> None:
        self._name = name
        self._keys = lru_cache(maxsize=64)(self._keys_of)

    def rank(self, index: int) -> int:
        """Tell the rank of *index* within its block of 1,024."""
        place = index % BLOCK
        left, right = place >> _HALF_BITS, place & _HALF
        for key in self._keys(index // BLOCK):
            left, right = right, left ^ key[right]
        return left << _HALF_BITS | right

    def _keys_of(self, block: int) -> tuple[bytes, ...]:
        draws = Draws("ranks", *self._name, block)
        return tuple(bytes(draws.below(_HALF + 1) for _ in range(_HALF + 1)) for _ in range(_ROUNDS))
