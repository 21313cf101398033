"""
Epochs: numbers that change whenever something changes that decides answers but stands in no subject's version.

Rules:
    - Triggers in the store raise them; code only reads them. No code path and no hand at the database can forget.
    - What is kept in memory carries the epoch it was read at, or one known *before* it was read. It may be newer than
      its tag, never older: a tag that is still true at the commit of the answer proves that nothing has changed since.
    - What is known here may be old. It is believed only because every answer's epochs are compared once more in the
      transaction that makes its disclosure durable, or by `Epochs.confirm` where nothing is disclosed.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from sqlalchemy import ScalarSelect, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import UnavailableError
from hub.store import tables
from hub.store.engine import glancing
from hub.store.tables import table_of

Cause: TypeAlias = Literal["policy", "partner", "source", "owner", "right"]

_E = table_of(tables.Epoch).c
_ALL = select(_E.name, _E.version)


def epoch_of(cause: Cause) -> ScalarSelect[int]:
    """The epoch, as a part of the statement that reads what it tags: one statement sees one state of the store."""
    return select(_E.version).where(_E.name == cause).scalar_subquery()


class EpochMissingError(UnavailableError):
    """The store has no such epoch, so nobody could tell that something kept in memory has changed: nothing leaves."""


class Epochs:
    """The epochs as this process last saw them. One per process, shared by everything that keeps something."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: Mapping[str, int] = {}

    @property
    def known(self) -> Mapping[str, int]:
        """Name -> version, last seen; empty before the first look. Never changed in place: hold it as a snapshot."""
        return self._known

    def note(self, current: Mapping[str, int]) -> None:
        """
        Take over *current*, as a stale commit told it; other names stay as they are.

        A version that went back is taken over too: a store restored from a backup has lower ones. One that is not
        positive means that the store has no such epoch: it is not known any more, so that nothing is believed by it.
        """
        if any(self._known.get(name) != version for name, version in current.items()):
            known = {**self._known, **current}
            self._known = {name: version for name, version in known.items() if version > 0}

    def note_one(self, cause: Cause, version: int | None) -> int:
        """
        Take over what `epoch_of` read for *cause*, and return it.

        Raises:
            EpochMissingError: it is None.
        """
        if version is None:
            raise EpochMissingError(f"store: the epoch {cause!r} is missing; run: hub migrate")
        self.note({cause: version})
        return version

    async def tag(self, cause: Cause) -> int:
        """
        Tell the epoch to tag with what is read after this call; looks into the store only the first time.

        Raises:
            EpochMissingError: the store has none.
        """
        if cause not in self._known:
            await self.refresh()
        return self.note_one(cause, self._known.get(cause))

    async def confirm(self, read: Mapping[str, int]) -> bool:
        """
        Tell whether every epoch of *read* still stands, by one look into the store.

        For answers that no commit validates, since nothing is disclosed by them.
        """
        await self.refresh()
        return all(self._known.get(name) == version for name, version in read.items())

    async def refresh(self) -> None:
        """Look into the store."""
        async with glancing(self._engine) as reader:
            found = {str(row[0]): int(row[1]) for row in await reader.rows(_ALL)}
        self.note({**dict.fromkeys(self._known, 0), **found})
