"""How the event loop is kept free of work: what was worked out is remembered, what must be is done in slices."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")

_LARGEST_SHARE = 10


class Memo(Generic[_K, _V]):
    """
    Key -> value, of at most *weight_max* together (in whatever the user counts: rows, entries).

    Owned by one event loop. A value heavier than a tenth of the whole is not kept: it would push out everything else.
    """

    def __init__(self, weight_max: int) -> None:
        self._most = weight_max
        self._weight = 0
        self._kept: dict[_K, tuple[_V, int]] = {}

    def get(self, key: _K) -> _V | None:
        """Find the value of *key*, and note that it was used; None if it is not kept."""
        found = self._kept.pop(key, None)
        if found is None:
            return None
        self._kept[key] = found
        return found[0]

    def put(self, key: _K, value: _V, weight: int = 1) -> None:
        """Keep *value* in place of what was kept for *key*; *weight* is at least 1."""
        self.drop(key)
        if weight * _LARGEST_SHARE > self._most:
            return
        self._kept[key] = (value, weight)
        self._weight += weight
        while self._weight > self._most:
            self.drop(next(iter(self._kept)))

    def drop(self, key: _K) -> None:
        """Forget *key*; nothing happens if it is not kept."""
        found = self._kept.pop(key, None)
        if found is not None:
            self._weight -= found[1]

    def __len__(self) -> int:
        """How many values are kept."""
        return len(self._kept)

    @property
    def weight(self) -> int:
        """Weight of what is kept."""
        return self._weight


class Turn:
    """Long work in the event loop, in slices: others get their turn after every *pieces* of it."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces
        self._done = 0

    async def passed(self, pieces: int) -> None:
        """Count *pieces* as done, and let others run if the slice is spent."""
        self._done += pieces
        if self._done >= self._pieces:
            self._done = 0
            await asyncio.sleep(0)
