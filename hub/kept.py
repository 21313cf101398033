"""A bounded memory that counts what it is asked for."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """
    A bounded memory that counts: the least recently used is forgotten first.

    Args:
        size: Most things that are kept; None: only their weight counts.
        weight_max: Most that they may weigh together; None: only their number counts.
    """

    def __init__(self, size: int | None, weight_max: int | None = None) -> None:
        self._size = size
        self._weight_max = weight_max
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.weight = 0
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
        return found[0]

    def keep(self, key: K, value: V, weight: int = 0) -> None:
        """Keep *value* of *weight* under *key*."""
        self.drop((key,))
        self._held[key] = value, weight
        self.weight += weight
        while self._is_full():
            _, (_, freed) = self._held.popitem(last=False)
            self.weight -= freed
            self.evictions += 1

    def _is_full(self) -> bool:
        is_many = self._size is not None and len(self._held) > self._size
        return is_many or (self._weight_max is not None and self.weight > self._weight_max)

    @property
    def counts(self) -> dict[str, int]:
        """What was asked for and found, asked for in vain, forgotten for want of room."""
        return {"hit": self.hits, "miss": self.misses, "evicted": self.evictions}

    def drop(self, keys: Iterable[K]) -> None:
        """Forget *keys*."""
        for key in keys:
            found = self._held.pop(key, None)
            if found is not None:
                self.weight -= found[1]

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self.weight = 0
