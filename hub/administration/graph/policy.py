"""The policy as officers see it: its versions, its entries, the matrix with every field, and what differs."""

from typing import Any

import strawberry

from hub.administration import matrix
from hub.administration.differences import Difference
from hub.administration.graph.words import Document, Instant
from hub.administration.versions import Version
from schema.catalogue.model import Category, Mask
from schema.policy.model import ActorKind, Cell, Fact, Policy, PurposeRule, Reader
from schema.tiers import Audience, Tier


@strawberry.type(description="策略版本 A version of the access policy.")
class PolicyVersion:
    """A version without its content."""

    number: int
    digest: str = strawberry.field(description="Digest of the content, as plans and receipts name it.")
    valid_from: Instant
    valid_to: Instant | None = strawberry.field(description="First instant at which it is over; null without end.")
    change_set: strawberry.ID | None = strawberry.field(description="Change set it came from; null: a release's seed.")
    log_index: int | None = strawberry.field(description="Its entry in the log; null until it is announced.")
    in_force: bool


@strawberry.type(description="单元格 A permission or a prohibition of the matrix.")
class PolicyCell:
    """A cell."""

    id: str = strawberry.field(description="What a denial or a receipt names.")
    category: Category
    reader: str = strawberry.field(description="Column.")
    permit: bool = strawberry.field(description="False forbids, and overrides every permission.")
    needs: list[Fact] = strawberry.field(description="Facts that must hold besides the column's.")
    audience: Audience | None = strawberry.field(description="Stands as this audience instead of the column's.")
    masks: list[Mask]
    except_fields: list[str] = strawberry.field(description="Coordinates it does not permit.")


@strawberry.type(description="矩阵行 A category of the matrix, with what each column reads of it.")
class PolicyCategory:
    """A row."""

    category: Category
    name_zh: str
    name_en: str
    tier: Tier = strawberry.field(description="Loosest tier a row of it can bear.")
    cells: list[PolicyCell]


@strawberry.type(description="矩阵列 A column of the matrix.")
class PolicyReader:
    """A column."""

    code: str
    actors: list[ActorKind]
    audience: Audience
    needs: list[Fact]
    purposes: list[str] = strawberry.field(description="Purposes it is open under; empty: any.")


@strawberry.type(description="查询目的 A purpose of use.")
class PolicyPurpose:
    """A purpose."""

    code: str
    name_zh: str
    name_en: str
    requires: list[str] = strawberry.field(description="Context keys that must be stated.")
    categories: list[Category]
    needs_always: list[Fact]
    max_tier: Tier | None
    basis: str = strawberry.field(description="Legal basis.")


@strawberry.type(description="字段标签 A field as catalogue and policy label it.")
class PolicyField:
    """A field."""

    coordinate: str
    kind: str
    name_zh: str
    name_en: str
    code: str | None = strawberry.field(description="National column code.")
    categories: list[Category]
    catalogue_tier: Tier = strawberry.field(description="The floor: policy can only make it stricter.")
    tier: Tier | None = strawberry.field(description="The tier in force; null: not classified, so nobody reads it.")
    fitting_mask: Mask | None = strawberry.field(description="The mask that fits it; null if none does.")
    mask: Mask | None = strawberry.field(description="The mask policy puts on it for whoever does not own it.")
    is_classified: bool


@strawberry.type(description="变化 An entry that two versions do not say alike.")
class PolicyDifference:
    """A difference."""

    part: str = strawberry.field(description="tiers, readers, purposes, cells or fields.")
    name: str
    before: Document | None
    after: Document | None


def shown_version(version: Version) -> PolicyVersion:
    """Show *version*."""
    return PolicyVersion(
        number=version.number,
        digest=version.digest,
        valid_from=Instant(version.valid_from),
        valid_to=None if version.valid_to is None else Instant(version.valid_to),
        change_set=None if version.change_id is None else strawberry.ID(version.change_id),
        log_index=version.log_index,
        in_force=version.in_force,
    )


def shown_category(row: matrix.CategoryRow) -> PolicyCategory:
    """Show a row of the matrix."""
    return PolicyCategory(
        category=row.category,
        name_zh=row.zh,
        name_en=row.en,
        tier=row.tier,
        cells=[_cell(cell) for cell in row.cells],
    )


def shown_readers(policy: Policy) -> list[PolicyReader]:
    """Show the columns, by code."""
    return [_reader(policy.readers[code]) for code in sorted(policy.readers)]


def shown_purposes(policy: Policy) -> list[PolicyPurpose]:
    """Show the purposes, by code."""
    return [_purpose(policy.purposes[code]) for code in sorted(policy.purposes)]


def shown_field(row: matrix.FieldRow) -> PolicyField:
    """Show a field."""
    return PolicyField(
        coordinate=row.coordinate,
        kind=row.kind,
        name_zh=row.zh,
        name_en=row.en,
        code=row.code,
        categories=list(row.categories),
        catalogue_tier=row.floor,
        tier=row.tier,
        fitting_mask=row.fitting,
        mask=row.mask,
        is_classified=row.is_classified,
    )


def shown_difference(found: Difference) -> PolicyDifference:
    """Show a difference."""
    return PolicyDifference(
        part=found.part, name=found.name, before=_document(found.before), after=_document(found.after)
    )


def _document(entry: Any) -> Document | None:  # noqa: ANN401  an entry of the policy, JSON-ready
    if entry is None:
        return None
    return Document(entry if isinstance(entry, dict) else {"value": entry})


def _cell(cell: Cell) -> PolicyCell:
    return PolicyCell(
        id=cell.id,
        category=cell.category,
        reader=cell.reader,
        permit=cell.permit,
        needs=sorted(cell.needs),
        audience=cell.audience,
        masks=sorted(cell.masks),
        except_fields=sorted(cell.except_fields),
    )


def _reader(reader: Reader) -> PolicyReader:
    return PolicyReader(
        code=reader.code,
        actors=sorted(reader.actors),
        audience=reader.audience,
        needs=sorted(reader.needs),
        purposes=sorted(reader.purposes),
    )


def _purpose(rule: PurposeRule) -> PolicyPurpose:
    return PolicyPurpose(
        code=rule.code,
        name_zh=rule.zh,
        name_en=rule.en,
        requires=list(rule.requires),
        categories=sorted(rule.categories),
        needs_always=sorted(rule.needs_always),
        max_tier=rule.max_tier,
        basis=rule.basis,
    )
