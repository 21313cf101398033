"""
What a record kind is: one Python class whose annotated fields carry everything the house needs to know of them.

From this one description come the GraphQL type and its directives, the ingest validator, the JSON Schema for
connector authors, the export's column order, the officer's matrix and the documentation page.

Rules:
    - A field without a tier cannot be described: `Field` requires it.
    - Every value is JSON-ready: text, boolean, integer below 2^53, or a tuple of texts. Dates are ISO 8601 text,
      amounts are decimal text exactly as the source gave them (万元), never a float.
    - Every field may be absent (None): a guarded field is nullable.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, get_args, get_origin, get_type_hints

import msgspec

from schema.tiers import Tier


class Category(StrEnum):
    """Information categories of the access matrix (DOMAIN 13.3)."""

    C01 = "C01"
    C02 = "C02"
    C03 = "C03"
    C04 = "C04"
    C05 = "C05"
    C06 = "C06"
    C07 = "C07"
    C08 = "C08"
    C09 = "C09"
    C10 = "C10"
    C11 = "C11"
    C12 = "C12"
    C13 = "C13"
    C14 = "C14"
    C15 = "C15"
    C16 = "C16"
    C17 = "C17"
    C18 = "C18"
    C19 = "C19"
    C20 = "C20"


class Mask(StrEnum):
    """How a value is shown when it is not shown whole (DOMAIN 13.3)."""

    M1 = "m1"  # name: the family name and an asterisk
    M2 = "m2"  # identity number: positions 7-14 and 18 hidden
    M3 = "m3"  # amount: a band in 万元
    M4 = "m4"  # free text: personal numbers redacted
    M5 = "m5"  # date: to the month
    M6 = "m6"  # rows: a count only
    M7 = "m7"  # rows: yes or no


class FieldType(StrEnum):
    """National field types C, D, N, refined to what a reader can rely on."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"  # 万元
    DECIMAL = "decimal"  # a number that is no money
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXTS = "texts"


class DataLevel(StrEnum):
    """Data classes of GB/T 43697-2024. Release 1 takes 一般 only."""

    GENERAL = "一般"
    IMPORTANT = "重要"
    CORE = "核心"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """
    One catalogued field.

    Attributes:
        zh: Chinese label, the national standard's where there is one.
        en: English label.
        tier: The floor of its label; policy may make it stricter, never looser.
        code: National column code (`CF_WSH`), None where the standard has none.
        type: What the text is.
        length: Limit in characters (not bytes); None where the standard sets none.
        precision: Limit of an amount as (integer digits, decimals); None where the standard sets none.
        required: Whether an empty value is a fault (`DG01`) whatever the rest of the record says.
        required_when: Name of a conditional rule of `schema.validation`, e.g. "kind includes 罚款"; None if none.
        values: Name of a value list in the rule data; None if free.
        category: The field's own category where it differs from its record's (C02, C03); None otherwise.
        mask: The mask that fits this field, used when the policy's cell asks for that mask; None if none fits.
        data_level: Data class.
        filterable: May stand in a filter argument.
        sortable: May stand in a sort argument.
    """

    zh: str
    en: str
    tier: Tier
    code: str | None = None
    type: FieldType = FieldType.TEXT
    length: int | None = None
    precision: tuple[int, int] | None = None
    required: bool = False
    required_when: str | None = None
    values: str | None = None
    category: Category | None = None
    mask: Mask | None = None
    data_level: DataLevel = DataLevel.GENERAL
    filterable: bool = False
    sortable: bool = False


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every record kind; subclasses add annotated fields only."""

    KIND: ClassVar[str]
    """GraphQL type name, e.g. `Penalty`."""
    PREFIX: ClassVar[str | None] = None
    """Prefix of the national column codes (`CF`), None where there is no national table."""
    CATEGORIES: ClassVar[tuple[Category, ...]]
    """Categories a record of this kind can be in, by its state; the first is the usual one."""
    ZH: ClassVar[str]
    EN: ClassVar[str]
    MAIN_DAY: ClassVar[str]
    """Attribute of the day that date filters and sorting mean."""
    KEY_FIELDS: ClassVar[tuple[str, ...]]
    """
    Attributes that, with kind, subject and violation index, make the record key (DOMAIN 2.3), deciding body first.
    The violation index of a decision that names several comes with the row (`Row.extra["violation_index"]`).
    """
    NAME_FIELD: ClassVar[str] = "counterparty_name"
    """Attribute that names the subject, as the source wrote it."""
    CODE_FIELD: ClassVar[str] = "counterparty_code"
    """Attribute that holds the subject's code, as the source wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A catalogued field with its place: `name` is the attribute, `coordinate` the GraphQL schema coordinate."""

    name: str
    api_name: str
    kind: str
    field: Field

    @property
    def coordinate(self) -> str:
        """Schema coordinate, e.g. `Penalty.fineAmount`."""
        return f"{self.kind}.{self.api_name}"


def api_name_of(name: str) -> str:
    """Turn an attribute name into its GraphQL name (`fine_amount` -> `fineAmount`)."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def fields_of(kind: type[Record]) -> tuple[FieldSpec, ...]:
    """
    List the catalogued fields of *kind* in declaration order, which is the national column order.

    Raises:
        TypeError: an attribute carries no `Field`: it would have no tier, so it cannot be served.
    """
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_spec(kind, name, hints[name]) for name in kind.__struct_fields__)


def _spec(kind: type[Record], name: str, hint: object) -> FieldSpec:
    found = [part for part in get_args(hint)[1:] if isinstance(part, Field)] if get_origin(hint) is Annotated else []
    if len(found) != 1:
        raise TypeError(f"{kind.__name__}.{name}: expected one catalogue Field in its annotation, got {len(found)}")
    return FieldSpec(name=name, api_name=api_name_of(name), kind=kind.KIND, field=found[0])
