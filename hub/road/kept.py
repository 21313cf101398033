"""A bounded memory that counts what it is asked for."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """A bounded memory that counts: the least recently used is forgotten first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[K, V] = OrderedDict()
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def find(self, key: K) -> V | None:
        """What is kept under *key*, None if nothing is."""
        found = self._held.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._held.move_to_end(key)
        return found

    def keep(self, key: K, value: V) -> None:
        """Keep *value* under *key*."""
        self._held[key] = value
        while len(self._held) > self._size:
            self._held.popitem(last=False)
            self.evictions += 1

    @property
    def counts(self) -> dict[str, int]:
        """What was asked for and found, asked for in vain, forgotten for want of room."""
        return {"hit": self.hits, "miss": self.misses, "evicted": self.evictions}

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
