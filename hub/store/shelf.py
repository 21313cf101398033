"""What was read last, kept in memory up to a total weight; what was not asked for longest goes first."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")

_LARGEST = 10


class Shelf(Generic[T]):
    """
    Keeps things by code. Owned by the event loop.

    Args:
        capacity: Total weight that is kept; 0 keeps nothing. What weighs more than a tenth of it is never kept.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held: OrderedDict[str, tuple[T, int]] = OrderedDict()
        self.weight = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._held)

    def find(self, code: str) -> T | None:
        """What is kept under *code*."""
        found = self._held.get(code)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._held.move_to_end(code)
        return found[0]

    def put(self, code: str, thing: T, weight: int) -> None:
        """Keep *thing* of *weight* (at least 1) under *code*, in place of what was there."""
        self.drop((code,))
        if weight * _LARGEST > self._capacity:
            return
        self._held[code] = thing, weight
        self.weight += weight
        while self.weight > self._capacity:
            _, (_, freed) = self._held.popitem(last=False)
            self.weight -= freed
            self.evictions += 1

    @property
    def counts(self) -> dict[str, int]:
        """What was asked for and found, asked for in vain, forgotten for want of room."""
        return {"hit": self.hits, "miss": self.misses, "evicted": self.evictions}

    def drop(self, codes: Iterable[str]) -> None:
        """Forget *codes*."""
        for code in codes:
            found = self._held.pop(code, None)
            if found is not None:
                self.weight -= found[1]

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.weight = 0
