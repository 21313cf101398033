"""A group company's sanction of a supplier (供应商不良行为处理)."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class SupplierSanction(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One sanction by one deciding unit of a group; it covers every tender whose deadline falls in its period.

    Rules:
        - `authority_*` is the deciding unit, `group_*` the group it belongs to.
        - After its term a sanction still stands until it is lifted where rectification is required.

    Source: DOMAIN 14.1.
    """

    KIND: ClassVar[str] = "SupplierSanction"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C14, Category.C08)
    ZH: ClassVar[str] = "供应商处理记录"
    EN: ClassVar[str] = "Supplier sanction"
    MAIN_DAY: ClassVar[str] = "starts_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "sanction_no")

    counterparty_name: Annotated[str | None, parts.counterparty_name(tier=Tier.I)] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code(tier=Tier.I)] = None
    sanction_no: Annotated[
        str | None,
        Field(zh="处理编号", en="Sanction number", tier=Tier.I, length=64, required=True, filterable=True),
    ] = None
    group_name: Annotated[str | None, Field(zh="集团名称", en="Group", tier=Tier.I, length=200, required=True)] = None
    group_code: Annotated[
        str | None,
        Field(
            zh="集团统一社会信用代码",
            en="USCC of the group",
            tier=Tier.I,
            type=FieldType.CODE,
            length=18,
            required=True,
            filterable=True,
        ),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("处理决定单位", "Deciding unit", tier=Tier.I)] = None
    authority_code: Annotated[
        str | None,
        parts.authority_code("处理决定单位统一社会信用代码", "USCC of the deciding unit", tier=Tier.I),
    ] = None
    sanction_kind: Annotated[
        str | None,
        Field(
            zh="处理类型",
            en="Kind of sanction",
            tier=Tier.I,
            length=32,
            required=True,
            values="sanction_kind",
            filterable=True,
        ),
    ] = None
    scope_units: Annotated[
        tuple[str, ...] | None,
        Field(zh="适用单位", en="Units of the group it binds", tier=Tier.I, type=FieldType.TEXTS, length=2000),
    ] = None
    all_categories: Annotated[
        bool | None,
        Field(
            zh="是否适用全部品类",
            en="Whether it covers every procurement category",
            tier=Tier.I,
            type=FieldType.BOOLEAN,
            filterable=True,
        ),
    ] = None
    scope_categories: Annotated[
        tuple[str, ...] | None,
        Field(
            zh="适用品类",
            en="Procurement categories it covers, where not all",
            tier=Tier.I,
            type=FieldType.TEXTS,
            length=2000,
            required_when=Condition.NOT_ALL_CATEGORIES,
        ),
    ] = None
    starts_on: Annotated[
        str | None,
        Field(
            zh="处理开始日期",
            en="First day of the sanction",
            tier=Tier.I,
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    ends_on: Annotated[
        str | None,
        Field(
            zh="处理结束日期",
            en="Last day of the sanction",
            tier=Tier.I,
            type=FieldType.DATE,
            required_when=Condition.NOT_PERMANENT,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    permanent: Annotated[
        bool | None,
        Field(zh="是否永久", en="Whether it has no end", tier=Tier.I, type=FieldType.BOOLEAN, filterable=True),
    ] = None
    rectification_required: Annotated[
        bool | None,
        Field(
            zh="是否要求整改",
            en="Whether rectification must be accepted before it is lifted",
            tier=Tier.I,
            type=FieldType.BOOLEAN,
        ),
    ] = None
    rectified_on: Annotated[
        str | None,
        Field(zh="整改验收日期", en="Day rectification was accepted", tier=Tier.I, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    lifted_on: Annotated[
        str | None,
        Field(
            zh="解除日期",
            en="Day it was lifted",
            tier=Tier.I,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    cause: Annotated[
        str | None,
        Field(zh="处理原因", en="Cause", tier=Tier.I, length=2000, required=True, mask=Mask.M4),
    ] = None
    bulletin_ref: Annotated[str | None, Field(zh="通报文号", en="Bulletin reference", tier=Tier.I, length=128)] = None
    bribery: Annotated[
        bool | None,
        Field(zh="是否涉及行贿", en="Whether it is for bribery", tier=Tier.I, type=FieldType.BOOLEAN),
    ] = None
    remark: Annotated[str | None, parts.remark(tier=Tier.I)] = None
