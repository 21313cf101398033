"""What was changed on top of a world: the rows as they stand now, and the journal of how they came to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectors.sandbox.rows import Platform, WorldRow


class Edits:
    """
    The edited rows of a world.

    Attributes:
        journal: Every edit in the order it was made: what a platform that delivers changes has to deliver.
    """

    def __init__(self) -> None:
        self.journal: list[WorldRow] = []
        self._rows: dict[tuple[Platform, str], dict[str, WorldRow]] = {}
        # Where untouched rows stood that an edit took the place of: they no longer count there.
        self._replaced: dict[tuple[Platform, str], dict[str, tuple[datetime, str]]] = {}

    def add(self, row: WorldRow, *, instead_of: WorldRow | None = None) -> WorldRow:
        """Keep *row*; *instead_of* is the row that stood there before."""
        key = row.platform, row.kind
        rows = self._rows.setdefault(key, {})
        if instead_of is not None and row.row_id not in rows:
            self._replaced.setdefault(key, {})[row.row_id] = instead_of.place
        rows[row.row_id] = row
        self.journal.append(row)
        return row

    def of(self, platform: Platform, kind: str) -> Mapping[str, WorldRow]:
        """Give the edited rows of *kind* on *platform* by row id."""
        return self._rows.get((platform, kind), {})

    def in_order(self, platform: Platform, kind: str) -> Sequence[WorldRow]:
        """Give the edited rows of *kind* on *platform* in their order."""
        return sorted(self.of(platform, kind).values(), key=lambda row: row.place)

    def replaced(self, platform: Platform, kind: str) -> Sequence[tuple[datetime, str]]:
        """Give the places of untouched rows of *kind* on *platform* that edits took."""
        return tuple(self._replaced.get((platform, kind), {}).values())
