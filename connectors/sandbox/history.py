"""
How a record came to be as it stands: what was delivered first, and what was corrected or withdrawn afterwards.

Files and the front database deliver changes as rows of their own; the national platform shows only how things stand.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from connectors.sandbox.dirt import Fate, earlier
from connectors.sandbox.draws import Draws
from connectors.sandbox.rows import Platform, WorldRow
from connectors.sandbox.world import World

_SECONDS_OF_A_DAY = 86_400


def first_deliveries(world: World, platform: Platform, kind: str) -> Iterator[WorldRow]:
    """Iterate the rows of *kind* on *platform* as first delivered, in their order; edits are not among them."""
    for row in world.untouched(platform, kind):
        if world.fate_of(row) is Fate.CORRECTED:
            values = {column: row.text(column) for column in row.values}
            yield replace(row, values=earlier(kind, values, (world.seed, row.row_id)))
        else:
            yield row


def later_changes(world: World, platform: Platform, kind: str) -> Iterator[WorldRow]:
    """Iterate what was corrected (`U`) or withdrawn (`D`) on the day before the world's, in the rows' order."""
    for row in world.untouched(platform, kind):
        what = world.fate_of(row)
        if what is Fate.STAYS:
            continue
        seconds = Draws("changed", world.seed, row.row_id).below(_SECONDS_OF_A_DAY)
        at = world.begin - timedelta(days=1) + timedelta(seconds=seconds)
        if what is Fate.CORRECTED:
            yield replace(row, updated=at, op="U")
        else:
            yield replace(world.tombstone_of(row), updated=at)
