"""
Which fields are sealed at rest, and under which tier's key. Pure.

Rules:
    - The label is the join of what the catalogue says of the field, of its category, and of the kind's usual category;
      where that is A or R, the field is sealed. The officer's policy has no say: what it makes stricter later was
      stored before, and what it cannot make looser stays sealed.
    - A record whose source gave it a disclosure attribute of A or R (授权查询) is sealed whole.
    - What must be known before anyone is asked about stays open: the scheme of a grade tells its category.

Source: DESIGN 7; DOMAIN 13.1, 13.3.
"""

from collections.abc import Mapping
from typing import Final

from schema.catalogue import KINDS
from schema.catalogue.model import Category, Record, fields_of
from schema.tiers import Tier, join

SEALED: Final = (Tier.R, Tier.A)
"""Tiers whose values are sealed, strictest first."""
JUDGED_BY: Final = frozenset({("Grade", "scheme")})
"""Fields that placing a record reads (`schema.publicity.placement`)."""


class Labels:
    """
    The sealed fields of every kind.

    Args:
        tiers: The seed's tier of every category: `hub.access.policies.seed_policy().tiers`.
    """

    def __init__(self, tiers: Mapping[Category, Tier]) -> None:
        self._tiers = tiers
        self._of: dict[tuple[str, Tier | None], Mapping[str, Tier]] = {}

    def of(self, kind: str, row_tier: Tier | None = None) -> Mapping[str, Tier]:
        """Field name -> A or R, of a record of *kind* whose own disclosure attribute is *row_tier*."""
        found = self._of.get((kind, row_tier))
        if found is None:
            found = self._of[kind, row_tier] = self._read(KINDS[kind], row_tier)
        return found

    def _read(self, kind: type[Record], row_tier: Tier | None) -> Mapping[str, Tier]:
        usual = self._tier(kind.CATEGORIES[0])
        labels: dict[str, Tier] = {}
        for spec in fields_of(kind):
            own = self._tier(spec.field.category) if spec.field.category else Tier.P
            label = join((spec.field.tier, own, usual, row_tier or Tier.P))
            if label in SEALED and (kind.KIND, spec.name) not in JUDGED_BY:
                labels[spec.name] = label
        return labels

    def _tier(self, category: Category) -> Tier:
        # A category nobody gave a tier is as strict as can be.
        return self._tiers.get(category, Tier.R)
