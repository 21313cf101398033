"""
Who has how many records of which kind, and where they are kept: base rates, exact in every block of 1,024 subjects.

Rules:
    - A plan is a string of letters, one per record: where the record is kept (`HOMES`).
    - Rates are those of DOMAIN 16 and 5.1 where it has one: 4.4 % of subjects have penalties, 1.9 on average; 3.1 %
      stand in a serious list; 62 % have licences. Their licences are 2 on average, not 21: a tenth, for speed.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from types import MappingProxyType
from typing import Final

from connectors.sandbox.draws import BLOCK, Ranks
from connectors.sandbox.rows import Platform
from connectors.sandbox.showcase import Shown
from connectors.sandbox.subjects import SHOWCASE

HOMES: Final[Mapping[str, frozenset[Platform]]] = MappingProxyType(
    {
        "N": frozenset({Platform.NATIONAL}),
        "F": frozenset({Platform.FILES}),
        "B": frozenset({Platform.FILES, Platform.NATIONAL}),
        "D": frozenset({Platform.FRONT}),
        "G": frozenset({Platform.GROUP}),
    },
)
"""Letters of a plan: national, files, both (the province reports upwards), front database, group."""


def _deal(homes: str, *shares: tuple[int, int]) -> tuple[str, ...]:
    """Deal plans to ranks: for each share, so many ranks with so many records, homes in turn; the rest have none."""
    turn = cycle(homes)
    dealt = ["".join(islice(turn, each)) for ranks, each in shares for _ in range(ranks)]
    return (*dealt, *("",) * (BLOCK - len(dealt)))


PLANS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "Registration": _deal("N", (BLOCK, 1)),
        # 45 of 1,024 = 4.39 %; 86 records, 1.91 each.
        "Penalty": _deal("NFDBF", (23, 1), (10, 2), (7, 3), (3, 4), (2, 5)),
        # 635 of 1,024 = 62.0 %; 1,285 records, 2.02 each.
        "Licence": _deal("NFDFB", (300, 1), (150, 2), (90, 3), (60, 4), (35, 5)),
        # 32 of 1,024 = 3.13 % in a serious list; then 24 that are only in an abnormal or key-watch list.
        "ListEntry": _deal("NF", (28, 1), (4, 2), (24, 1)),
        "Grade": _deal("N", (225, 2), (785, 1)),
        "Commitment": _deal("NF", (250, 1), (60, 2)),
        "Supplier": _deal("G", (500, 1)),
        "SupplierSanction": _deal("G", (22, 1), (8, 2)),
        "Performance": _deal("G", (200, 1), (120, 2), (60, 3)),
        "Arrears": _deal("D", (40, 1), (12, 2)),
    },
)
"""Kind to the plan of each rank. The group's kinds share one deal, so that a sanctioned supplier is a supplier."""

SERIOUS_RANKS: Final = 32
"""Ranks of `ListEntry` below this begin with a serious list."""

_SAME_DEAL: Final = {"SupplierSanction": "Supplier", "Performance": "Supplier"}


class Dealt:
    """The plans of one world."""

    def __init__(self, seed: int, size: int, showcase: Mapping[tuple[int, str], Sequence[Shown]]) -> None:
        self._size = size
        self._ranks = {kind: Ranks(seed, _SAME_DEAL.get(kind, kind)) for kind in PLANS}
        self._showcase = {key: "".join(shown.home for shown in records) for key, records in showcase.items()}
        self._per_rank = {
            (platform, kind): bytes(sum(platform in HOMES[home] for home in plan) for plan in plans)
            for kind, plans in PLANS.items()
            for platform in Platform
        }

    def plan(self, kind: str, index: int) -> str:
        """Tell the plan of the subject at *index* for *kind*."""
        if index < SHOWCASE:
            return self._showcase.get((index, kind), "")
        return PLANS[kind][self._ranks[kind].rank(index)]

    def is_serious(self, index: int) -> bool:
        """Tell whether the list entries of the subject at *index* (no showcase subject) begin with a serious list."""
        return self._ranks["ListEntry"].rank(index) < SERIOUS_RANKS

    def count(self, platform: Platform, kind: str, start: int, stop: int) -> int:
        """Count the records of *kind* on *platform* of the subjects start <= index < stop."""
        per_rank = self._per_rank[platform, kind]
        total = 0
        while start < stop:
            whole = start >= BLOCK and start % BLOCK == 0 and start + BLOCK <= stop
            if whole:
                blocks = (stop - start) // BLOCK
                total += blocks * sum(per_rank)
                start += blocks * BLOCK
            else:
                total += self.count_at(platform, kind, start)
                start += 1
        return total

    def count_at(self, platform: Platform, kind: str, index: int) -> int:
        """Count the records of *kind* on *platform* of the subject at *index*."""
        if index < SHOWCASE:
            return sum(platform in HOMES[home] for home in self._showcase.get((index, kind), ""))
        return self._per_rank[platform, kind][self._ranks[kind].rank(index)]
