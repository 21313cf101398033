"""
The officer's matrix: what a policy says of every category and of every field, beside the catalogue. Pure.

Rules:
    - Nothing here decides: it lists what `schema.policy.decide` reads, so that an officer can look at it whole.
    - A field that the catalogue has and the policy does not is shown too: it is denied to everybody until classified.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, FieldSpec, Mask, fields_of
from schema.plan.guarded import SUBJECT_KIND, Guarded, guard_table
from schema.policy.model import Cell, Policy
from schema.tiers import Tier, join


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """
    A row of the matrix.

    Attributes:
        category: Its code.
        zh, en: Its name.
        tier: Loosest tier a row of it can bear, by the policy.
        cells: Permissions and prohibitions of the row, in the order of the policy.
    """

    category: Category
    zh: str
    en: str
    tier: Tier
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """
    A field as catalogue and policy label it.

    Attributes:
        coordinate: `Penalty.fineAmount`.
        kind: Type name.
        zh, en: Labels; the coordinate's own name for fields of the subject.
        code: National column code, None if there is none.
        categories: Category of the field, or those a record of its kind can be in.
        floor: Tier of the catalogue, which policy can only make stricter.
        tier: The tier in force: the join of floor and policy; None while it is not classified.
        fitting: The mask that fits the field, None if none does.
        mask: The mask the policy puts on it for whoever does not read it as its own.
    """

    coordinate: str
    kind: str
    zh: str
    en: str
    code: str | None
    categories: Sequence[Category]
    floor: Tier
    tier: Tier | None
    fitting: Mask | None
    mask: Mask | None

    @property
    def is_classified(self) -> bool:
        """Whether policy says anything of it; what it says nothing of, nobody reads."""
        return self.tier is not None


@cache
def category_names() -> Mapping[Category, tuple[str, str]]:
    """Category -> its Chinese and English name, as the release's data has them."""
    text = (files("schema.policy") / "seed" / "categories.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {category: (table[category.value]["zh"], table[category.value]["en"]) for category in Category}


def category_rows(policy: Policy) -> list[CategoryRow]:
    """List the rows of the matrix, by category."""
    names = category_names()
    return [
        CategoryRow(
            category=category,
            zh=names[category][0],
            en=names[category][1],
            tier=policy.tiers[category],
            cells=[cell for cell in policy.cells if cell.category is category],
        )
        for category in sorted(policy.tiers)
    ]


def field_rows(policy: Policy) -> list[FieldRow]:
    """List every guarded field of the catalogue, in its order."""
    table = guard_table(KINDS, CATALOGUE_VERSION)
    specs = {spec.coordinate: spec for kind in KINDS.values() for spec in fields_of(kind)}
    return [
        _field_row(policy, entry, table.categories[kind], specs.get(entry.coordinate))
        for kind, entries in table.kinds.items()
        for entry in entries.values()
    ]


def strays(policy: Policy) -> list[str]:
    """List coordinates that the policy labels and the catalogue does not have, sorted."""
    known = guard_table(KINDS, CATALOGUE_VERSION).by_coordinate
    return sorted(policy.fields.keys() - known.keys())


def kinds_of() -> tuple[str, ...]:
    """List the names of the guarded types, the subject first."""
    return (SUBJECT_KIND, *KINDS)


def cells_shown(cells: Iterable[Cell]) -> str:
    """Write what cells of one row and column show, as in the table of DOMAIN 13.3: `m1`, `x`, `m0 if consent`."""
    return "; ".join(_cell_shown(cell) for cell in cells) or "x"


def _cell_shown(cell: Cell) -> str:
    if not cell.permit:
        return "x!"
    shown = "+".join(sorted(mask.value for mask in cell.masks)) or "m0"
    needs = ",".join(sorted(fact.value for fact in cell.needs))
    return f"{shown} if {needs}" if needs else shown


def _field_row(policy: Policy, entry: Guarded, categories: Sequence[Category], spec: FieldSpec | None) -> FieldRow:
    label = policy.fields.get(entry.coordinate)
    return FieldRow(
        coordinate=entry.coordinate,
        kind=entry.kind,
        zh=spec.field.zh if spec else entry.name,
        en=spec.field.en if spec else entry.name,
        code=spec.field.code if spec else None,
        categories=(entry.category,) if entry.category else categories,
        floor=entry.tier,
        tier=None if label is None else join((entry.tier, label.tier)),
        fitting=entry.mask,
        mask=None if label is None else label.mask,
    )
