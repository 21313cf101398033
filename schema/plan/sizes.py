"""
How large an answer's parts usually are: the figures a cost is predicted from.

Bytes are of JSON in UTF-8, quotes included; a value that is often null counts as the mean of both.

Source: the sandbox's world of 200 companies (seed 7), every field asked for by a department and by a procurement
platform. A hub whose dossiers are thicker says so in its `Profile`; lengths of values hardly differ.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from schema.catalogue import KINDS
from schema.catalogue.model import FieldSpec, FieldType, fields_of


@dataclass(frozen=True, slots=True)
class Size:
    """Objects, bytes and comparisons of a part of an answer; exact."""

    rows: int = 0
    bytes: int = 0
    comparisons: int = 0

    def __add__(self, other: "Size") -> "Size":
        return Size(self.rows + other.rows, self.bytes + other.bytes, self.comparisons + other.comparisons)

    def __mul__(self, count: int) -> "Size":
        return Size(self.rows * count, self.bytes * count, self.comparisons * count)

    def over(self, parts: int) -> "Size":
        """One of so many *parts*, rounded up."""
        return Size(-(-self.rows // parts), -(-self.bytes // parts), -(-self.comparisons // parts))


def larger(one: Size, other: Size) -> Size:
    """The larger of each part."""
    return Size(
        max(one.rows, other.rows), max(one.bytes, other.bytes), max(one.comparisons, other.comparisons)
    )  # fmt: skip


NOTHING = Size()
OBJECT = Size(1, 3)
"""Its braces and a comma."""
KEY_BYTES = 4
"""Quotes, colon and comma of a member, without its name."""


_RECORDS: Mapping[str, float] = MappingProxyType(
    {
        "Registration": 1.0,
        "Licence": 1.2,
        "Penalty": 0.1,
        "ListEntry": 0.1,
        "Grade": 1.1,
        "Commitment": 0.4,
        "SupplierSanction": 0.1,
        "Performance": 0.1,
        "Arrears": 0.1,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    What is usually on file.

    Attributes:
        records: Kind -> records of a subject, mean; a kind that is not here counts as one record.
        holdings, former_names, timeline: Items of a subject, mean.
        sources: Platforms.
        page_max: Most subjects a search returns.
        sdl_bytes: Size of `_service.sdl`.
    """

    records: Mapping[str, float] = field(default_factory=lambda: _RECORDS)
    holdings: float = 3.2
    former_names: float = 0.1
    timeline: float = 1.0
    sources: int = 5
    page_max: int = 200
    sdl_bytes: int = 40_000

    @staticmethod
    def of(records: Mapping[str, float]) -> "Profile":
        """
        Make the profile of a store with so many *records* of each kind; kinds left out stay as they are.

        Raises:
            ValueError: a kind that the catalogue does not have, or a number below zero.
        """
        for kind, mean in records.items():
            if kind not in KINDS:
                raise ValueError(f"expected one of {', '.join(KINDS)}, got {kind!r}")
            if not (math.isfinite(mean) and mean >= 0):
                raise ValueError(f"{kind}: expected a number of records, 0 or more")
        return Profile(records={**_RECORDS, **records})

    def items(self, coordinate: str) -> int:
        """How many objects stand at *coordinate*, in thousandths; one where nothing else is known."""
        match coordinate:
            case "CreditSubject.holdings":
                return thousandths(self.holdings)
            case "CreditSubject.formerNames":
                return thousandths(self.former_names)
            case "CreditSubject.timeline":
                return thousandths(self.timeline)
            case "Query.sources":
                return self.sources * 1000
            case _:
                return _META_ITEMS.get(coordinate, 1000)


def thousandths(number: float) -> int:
    """*number* in thousandths, so that sums and products stay exact whatever their size."""
    return max(0, round(number * 1000))


def leaf_bytes(owner: str, name: str, leaf: str) -> int:
    """
    How long the value of a leaf field usually is.

    Args:
        owner: Type the field is selected on.
        name: The field.
        leaf: Its type without list and non-null.
    """
    known = _LEAVES.get(f"{owner}.{name}")
    if known is None and owner in KINDS:
        known = _OPEN.get(name)
    return known if known is not None else _TYPES.get(leaf, _CONSTANT)


def _catalogued(spec: FieldSpec) -> int:
    kind, length = spec.field.type, spec.field.length
    if kind is FieldType.TEXT:
        return next(size for limit, size in _TEXTS if length is None or limit is None or length <= limit)
    if kind is FieldType.CODE and length is not None and length < _USCC:
        return 8
    return _CATALOGUE_TYPES[kind]


_USCC = 18
_CONSTANT = 11
"""A constant of an enumeration."""
# Longest text the standard allows -> what is found: a limit says little above 200.
_TEXTS = ((9, 8), (18, 12), (50, 11), (64, 14), (128, 34), (500, 37), (512, 6), (None, 45))
_CATALOGUE_TYPES: Mapping[FieldType, int] = {
    FieldType.CODE: 20,
    FieldType.DATE: 11,
    FieldType.TIME: 29,
    FieldType.AMOUNT: 9,
    FieldType.DECIMAL: 6,
    FieldType.INTEGER: 4,
    FieldType.BOOLEAN: 5,
    FieldType.TEXTS: 20,
}
_TYPES: Mapping[str, int] = {"Int": 3, "Float": 3, "Boolean": 5, "ID": 20, "String": 30, "Day": 11, "Instant": 29}
_OPEN: Mapping[str, int] = {
    "id": 80,
    "kind": 11,
    "category": 5,
    "subjectCode": 20,
    "severity": 5,
    "severityBasis": 5,
    "publicityFrom": 6,
    "publicityTo": 6,
    "repairableFrom": 5,
}
_LEAVES: Mapping[str, int] = {
    "CreditSubject.id": 45,
    "CreditSubject.name": 44,
    "CreditSubject.status": 8,
    "CreditSubject.region": 8,
    "CreditSubject.sector": 15,
    "CreditSubject.parentCode": 5,
    "CreditRecordEdge.cursor": 80,
    "CreditRecordConnection.totalCount": 2,
    "SubjectSearchEdge.cursor": 60,
    "PageInfo.startCursor": 75,
    "PageInfo.endCursor": 80,
    "Holding.kind": 11,
    "Holding.category": 5,
    "Provenance.source": 11,
    "Provenance.batch": 44,
    "Provenance.catalogueVersion": 9,
    "Provenance.linkMethod": 7,
    "SubjectNameSpan.name": 42,
    "SubjectNameSpan.source": 10,
    "SubjectTimelineEvent.event": 9,
    "SubjectTimelineEvent.source": 10,
    "Me.regions": 8,
    "Me.purposes": 60,
    "CoordinatePreview.mask": 4,
    "CoordinatePreview.rule": 10,
    "CoordinatePreview.requiredTier": 4,
    "__Type.description": 50,
    "__Type.specifiedByURL": 5,
    "__Field.description": 60,
    "__InputValue.description": 20,
    "__Directive.locations": 30,
} | {spec.coordinate: _catalogued(spec) for kind in KINDS.values() for spec in fields_of(kind)}
# In thousandths. What is asked of one type by its name is as dear as of the largest, some six times the usual.
_META_ITEMS: Mapping[str, int] = {
    "AccessPreview.coordinates": 30_000,
    "AccessPreview.problems": 200,
    "Query.__type": 6_000,
    "__Schema.types": 60_000,
    "__Schema.directives": 10_000,
    "__Type.fields": 7_500,
    "__Type.interfaces": 600,
    "__Type.possibleTypes": 500,
    "__Type.enumValues": 2_000,
    "__Type.inputFields": 300,
    "__Type.ofType": 400,
    "__Field.args": 100,
    "__Directive.args": 1_000,
}
