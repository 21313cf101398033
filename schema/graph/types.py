"""
The catalogue as Strawberry types: one object type per record kind, built from its fields.

Field resolvers are not written: every field without arguments goes through `views.resolve`. Descriptions carry the
Chinese and English label, the national column code, the tier and the mask, because partners read the SDL.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

import strawberry
from strawberry.federation.schema_directives import Authenticated
from strawberry.federation.schema_directives import Policy as FederationPolicy

from schema.catalogue.model import FieldSpec, FieldType, Record, fields_of
from schema.graph.scalars import Amount, Day, Freshness, Instant, enum_type
from schema.records import PublicityState, Severity, SeverityBasis
from schema.tiers import Tier

_GRAPH_TYPES: Mapping[FieldType, object] = {
    FieldType.TEXT: str | None,
    FieldType.CODE: str | None,
    FieldType.DATE: Day | None,
    FieldType.TIME: Instant | None,
    FieldType.AMOUNT: Amount | None,
    FieldType.DECIMAL: str | None,
    FieldType.INTEGER: int | None,
    FieldType.BOOLEAN: bool | None,
    FieldType.TEXTS: list[str] | None,
}

strawberry.enum(
    PublicityState,
    name="RecordState",
    description="公示状态 Publicity state of a record on the day of the question.",
)
strawberry.enum(
    Severity,
    description="失信信息分类 Class of dishonesty information: 轻微 MINOR, 一般 GENERAL, 严重 SERIOUS.",
)
strawberry.enum(
    SeverityBasis,
    description="How the class was found: sent by the source, by a class table, assumed from the kind, or no basis.",
)
strawberry.enum(Freshness, description="时效 How current a source is against its service level.")


@strawberry.interface(description="An object with a global identifier.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="Global identifier, opaque.")

    @staticmethod
    def resolve_type(obj: object, _info: object, _abstract: object) -> str:
        """Name the concrete type of a view."""
        return str(getattr(obj, "type_name", ""))


@strawberry.type(description="来源 Where a record comes from and how it was tied to its subject.")
class Provenance:
    """Provenance of a record."""

    source: strawberry.ID = strawberry.field(description="Source identifier, see `sources`.")
    batch: str | None = strawberry.field(description="Batch that brought it; null for a live answer.")
    version: int = strawberry.field(description="Version of the record at the hub, from 1.")
    as_of: Instant = strawberry.field(description="The source's own time of the content.")
    received_at: Instant = strawberry.field(description="When the hub took it in.")
    catalogue_version: str = strawberry.field(description="Catalogue version it was checked under.")
    freshness: Freshness = strawberry.field(description="How current the source is now.")
    link_method: str = strawberry.field(description="How the record was tied to the subject (主体归一).")
    link_confidence: float = strawberry.field(description="Confidence of that tie, 0 to 1.")


@strawberry.interface(description="信用记录 One record about a subject, whatever its kind.")
class CreditRecord(Node):
    """Interface of every record kind."""

    kind: str = strawberry.field(description="Record kind, as in `RecordKind`.")
    category: str = strawberry.field(description="信息类别 Category of the access matrix it is in today, C01 to C19.")
    subject_code: strawberry.ID = strawberry.field(description="统一社会信用代码 of the subject.")
    publicity_state: PublicityState = strawberry.field(description="公示状态 today.")
    severity: Severity | None = strawberry.field(description="失信信息分类; null where the kind has none.")
    severity_basis: SeverityBasis | None = strawberry.field(description="How the severity was found.")
    day: Day | None = strawberry.field(description="The kind's main day: decision, listing, issue.")
    publicity_from: Day | None = strawberry.field(description="公示起始日")
    publicity_to: Day | None = strawberry.field(description="公示截止日, inclusive, Asia/Shanghai.")
    repairable_from: Day | None = strawberry.field(description="First day on which repair may be asked.")
    objected: bool = strawberry.field(description="异议标注 An objection is being handled; the record stays usable.")
    provenance: Provenance = strawberry.field(description="来源与时效")


@strawberry.type(description="曾用名 A name a subject bears or bore.")
class SubjectNameSpan:
    """A name with its dates."""

    name: str
    valid_from: Day | None
    valid_to: Day | None = strawberry.field(description="Null: still borne, or the end is not known.")
    source: strawberry.ID


@strawberry.type(description="主体沿革 One step of a subject's timeline.")
class SubjectTimelineEvent:
    """A step of the timeline."""

    event: str
    day: Day | None
    source: strawberry.ID


@strawberry.type(description="信息存量 What is on file in one category, where counting is permitted.")
class Holding:
    """Rows on file that the asker may at least know of."""

    kind: str
    category: str
    exists: bool = strawberry.field(description="Always true: a category that may not be known of is not listed.")
    count: int | None = strawberry.field(description="Number of records; null where only yes or no is permitted.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypes:
    """
    The generated part of the schema.

    Attributes:
        objects: Kind -> Strawberry type.
        kind_enum: `RecordKind`.
        filterable, sortable: Enumerations of coordinates allowed in filters and sorts.
        specs: Coordinate -> its field.
    """

    objects: Mapping[str, type]
    kind_enum: type[Enum]
    filterable: type[Enum]
    sortable: type[Enum]
    specs: Mapping[str, FieldSpec]


def record_types(kinds: Mapping[str, type[Record]], *, secured: bool) -> RecordTypes:
    """Build the Strawberry types of *kinds*; *secured* adds federation's security directives."""
    specs = [spec for kind in kinds.values() for spec in fields_of(kind)]
    return RecordTypes(
        objects={name: _object_type(kind, secured=secured) for name, kind in kinds.items()},
        kind_enum=enum_type(
            "RecordKind",
            "记录种类 Kinds of records.",
            {_constant(name): name for name in kinds},
        ),
        filterable=_coordinates(
            "FilterableField", "可筛选字段 Fields that may stand in a filter.", specs, "filterable"
        ),
        sortable=_coordinates("SortableField", "可排序字段 Fields that may stand in a sort.", specs, "sortable"),
        specs={spec.coordinate: spec for spec in specs},
    )


def _coordinates(name: str, description: str, specs: Iterable[FieldSpec], flag: str) -> type[Enum]:
    chosen = [spec for spec in specs if getattr(spec.field, flag)]
    return enum_type(name, description, {_constant(spec.kind, spec.name): spec.coordinate for spec in chosen})


def _constant(*parts: str) -> str:
    """`SupplierSanction`, `started_on` -> `SUPPLIER_SANCTION_STARTED_ON`."""
    head = "".join("_" + letter if letter.isupper() else letter for letter in parts[0]).lstrip("_")
    return "_".join((head, *parts[1:])).upper()


def _object_type(kind: type[Record], *, secured: bool) -> type:
    annotations: dict[str, object] = {}
    namespace: dict[str, object] = {"__annotations__": annotations, "__module__": __name__}
    for spec in fields_of(kind):
        annotations[spec.name] = _GRAPH_TYPES[spec.field.type]
        namespace[spec.name] = strawberry.field(
            description=describe(spec),
            directives=_security(spec.field.tier) if secured else (),
        )
    namespace["is_type_of"] = staticmethod(lambda obj, _info, name=kind.KIND: getattr(obj, "type_name", None) == name)
    bare = type(kind.KIND, (CreditRecord,), namespace)
    return strawberry.type(bare, name=kind.KIND, description=f"{kind.ZH} {kind.EN}.")


def describe(spec: FieldSpec) -> str:
    """One line on a field for the SDL: labels, national column, tier, mask."""
    parts = [f"{spec.field.zh} {spec.field.en}."]
    if spec.field.code:
        parts.append(f"Column {spec.field.code}.")
    parts.append(f"Tier {spec.field.tier}" + (f", mask {spec.field.mask}." if spec.field.mask else "."))
    return " ".join(parts)


def _security(tier: Tier) -> tuple[object, ...]:
    if tier is Tier.P:
        return ()
    return (Authenticated(), FederationPolicy(policies=[[f"tier:{tier}"]]))
