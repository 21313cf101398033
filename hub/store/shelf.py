"""What was read last, kept in memory up to a total weight; what was not asked for longest goes first."""

from typing import TypeVar

from hub.kept import Kept

T = TypeVar("T")

_LARGEST = 10


class Shelf(Kept[str, T]):
    """
    Keeps things by code. Owned by the event loop.

    Args:
        capacity: Total weight that is kept; 0 keeps nothing. What weighs more than a tenth of it is never kept.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(None, capacity)
        self._heaviest = capacity // _LARGEST

    def put(self, code: str, thing: T, weight: int) -> None:
        """Keep *thing* of *weight* (at least 1) under *code*, in place of what was there."""
        if weight > self._heaviest:
            self.drop((code,))
            return
        self.keep(code, thing, weight)
