"""
The tier lattice: a tier is the set of audiences that may read, not a rung of a ladder.

Rules:
    - The join of two labels is the intersection of their reader sets, so a derived value is never easier to
      read than its inputs.
    - `I` and `G` are incomparable; their join is `A`.
    - The suffix `-CON` takes the consent route away where a source forbids it.

Source: DOMAIN 13.1 (reader sets after the national catalogue's 公开范围).
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce


class Audience(StrEnum):
    """Who may stand before a label. `OWN` is the source, the deciding authority, the subject and the auditor."""

    PUB = "PUB"
    IND = "IND"
    GOV = "GOV"
    CON = "CON"
    OWN = "OWN"


class Tier(StrEnum):
    """A named reader set (信息分级)."""

    P = "P"
    P_CON = "P-CON"
    S = "S"
    S_CON = "S-CON"
    I = "I"  # noqa: E741  the tier's name in the field is the letter I
    I_CON = "I-CON"
    G = "G"
    G_CON = "G-CON"
    A = "A"
    R = "R"

    @property
    def readers(self) -> frozenset[Audience]:
        """The audiences that may read a value of this tier."""
        return _READERS[self]


_ALL = frozenset(Audience)
_BASE: dict[Tier, frozenset[Audience]] = {
    Tier.P: _ALL,
    Tier.S: _ALL - {Audience.PUB},
    Tier.I: frozenset({Audience.IND, Audience.CON, Audience.OWN}),
    Tier.G: frozenset({Audience.GOV, Audience.CON, Audience.OWN}),
}
_READERS: dict[Tier, frozenset[Audience]] = {
    **_BASE,
    Tier.P_CON: _BASE[Tier.P] - {Audience.CON},
    Tier.S_CON: _BASE[Tier.S] - {Audience.CON},
    Tier.I_CON: _BASE[Tier.I] - {Audience.CON},
    Tier.G_CON: _BASE[Tier.G] - {Audience.CON},
    Tier.A: frozenset({Audience.CON, Audience.OWN}),
    Tier.R: frozenset({Audience.OWN}),
}
_TIER_OF: dict[frozenset[Audience], Tier] = {readers: tier for tier, readers in _READERS.items()}


def join(tiers: Iterable[Tier]) -> Tier:
    """
    Compute the tier of a value derived from values of *tiers*.

    The set of tiers is closed under intersection, so the result always has a name. The join of nothing is `P`,
    the neutral element: callers who have no label at all must refuse instead of joining.
    """
    return _TIER_OF[reduce(frozenset.__and__, (tier.readers for tier in tiers), _ALL)]


def is_at_least(one: Tier, other: Tier) -> bool:
    """Whether *one* is as strict as *other* or stricter: whoever may read *one* may read *other*."""
    return one.readers <= other.readers
