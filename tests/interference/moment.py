"""
The time and the entropy that two hubs share: a page of memory, written by whoever asks, read by both.

A hub that takes its time and its salts from here gives the same bytes for the same question, however many tries the
answer took. So a byte that differs tells of the data.
"""

import mmap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import shake_256
from pathlib import Path
from struct import Struct

_FORM = Struct("<qq")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment:
    """
    An instant and the number of the question being asked. Fulfils `hub.clock.Clock`.

    Written between two questions only, so nobody reads half a change.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_FORM.size))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _FORM.size)

    def set(self, at: datetime, number: int) -> None:
        _FORM.pack_into(self._page, 0, (at - _EPOCH) // timedelta(microseconds=1), number)

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=_FORM.unpack_from(self._page)[0])

    @property
    def number(self) -> int:
        return int(_FORM.unpack_from(self._page)[1])

    def entropy(self, seed: bytes) -> Callable[[int], bytes]:
        """Bytes that follow from *seed* and the question's number alone, so that a second try gets the same."""
        return lambda size: shake_256(seed + self.number.to_bytes(8)).digest(size)

    def close(self) -> None:
        self._page.close()
