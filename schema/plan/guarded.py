"""
Every coordinate that access is decided on, read off the catalogue once.

Rules:
    - A field of a guarded type that is neither here nor among its open fields is not served at all.
    - The subject itself is guarded like a record of category C01: its name and state are registration data.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schema.catalogue.model import Category, Mask, Record, fields_of
from schema.tiers import Tier

SUBJECT_KIND = "CreditSubject"
_SUBJECT_FIELDS = ("name", "status", "region", "sector", "parent_code", "former_names", "timeline", "registration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """
    One guarded coordinate.

    Attributes:
        coordinate: `Penalty.fineAmount`.
        kind: Type name.
        name: Attribute name.
        category: The field's own category; None: its record's.
        tier: Catalogue floor.
        mask: The mask that fits it, None if none does.
    """

    coordinate: str
    kind: str
    name: str
    category: Category | None
    tier: Tier
    mask: Mask | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTable:
    """
    The guarded coordinates by kind and attribute, and the categories a row of each kind can be in.

    Attributes:
        kinds: Kind -> attribute name -> coordinate, in catalogue order.
        categories: Kind -> categories, the usual one first.
        by_coordinate: Coordinate -> entry.
        catalogue_version: Of the catalogue it was read from.
    """

    kinds: Mapping[str, Mapping[str, Guarded]]
    categories: Mapping[str, tuple[Category, ...]]
    by_coordinate: Mapping[str, Guarded]
    catalogue_version: str

    @property
    def record_kinds(self) -> frozenset[str]:
        """The kinds of records, without the subject itself."""
        return frozenset(self.kinds) - {SUBJECT_KIND}


def guard_table(kinds: Mapping[str, type[Record]], catalogue_version: str) -> GuardTable:
    """Read the guarded coordinates off *kinds* (kind name -> catalogue class)."""
    table = {SUBJECT_KIND: {name: _subject_entry(name) for name in _SUBJECT_FIELDS}}
    categories: dict[str, tuple[Category, ...]] = {SUBJECT_KIND: (Category.C01,)}
    for kind_name, kind in kinds.items():
        table[kind_name] = {
            spec.name: Guarded(
                coordinate=spec.coordinate,
                kind=kind_name,
                name=spec.name,
                category=spec.field.category,
                tier=spec.field.tier,
                mask=spec.field.mask,
            )
            for spec in fields_of(kind)
        }
        categories[kind_name] = kind.CATEGORIES
    return GuardTable(
        kinds=table,
        categories=categories,
        by_coordinate={entry.coordinate: entry for entries in table.values() for entry in entries.values()},
        catalogue_version=catalogue_version,
    )


def _subject_entry(name: str) -> Guarded:
    head, *tail = name.split("_")
    api_name = head + "".join(part.title() for part in tail)
    return Guarded(
        coordinate=f"{SUBJECT_KIND}.{api_name}",
        kind=SUBJECT_KIND,
        name=name,
        category=None,
        tier=Tier.P,
        mask=None,
    )
