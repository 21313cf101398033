"""Contract performance of a supplier (合同履约)."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Performance(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One contract's evaluation by its buyer. A trade secret of both: tier A throughout.

    Rules:
        - `authority_*` is the buyer that evaluates.

    Source: DOMAIN 13.3 (C15), 14 (stages S8, S9); the national catalogue's 合同履行信息. Field list [P].
    """

    KIND: ClassVar[str] = "Performance"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C15, Category.C08)
    ZH: ClassVar[str] = "合同履约记录"
    EN: ClassVar[str] = "Contract performance"
    MAIN_DAY: ClassVar[str] = "evaluated_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "contract_no", "evaluation_period")

    counterparty_name: Annotated[str | None, parts.counterparty_name(tier=Tier.A)] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code(tier=Tier.A)] = None
    contract_no: Annotated[
        str | None,
        Field(zh="合同编号", en="Contract number", tier=Tier.A, length=64, required=True, filterable=True),
    ] = None
    project_name: Annotated[str | None, Field(zh="项目名称", en="Project", tier=Tier.A, length=200)] = None
    procurement_category: Annotated[
        str | None,
        Field(zh="采购品类", en="Procurement category", tier=Tier.A, length=64, filterable=True),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("采购单位", "Buyer", tier=Tier.A)] = None
    authority_code: Annotated[
        str | None, parts.authority_code("采购单位统一社会信用代码", "USCC of the buyer", tier=Tier.A)
    ] = None
    contract_amount: Annotated[
        str | None,
        Field(
            zh="合同金额(万元)",
            en="Contract amount, in 10,000 CNY",
            tier=Tier.A,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            mask=Mask.M3,
        ),
    ] = None
    settled_amount: Annotated[
        str | None,
        Field(
            zh="结算金额(万元)",
            en="Amount settled, in 10,000 CNY",
            tier=Tier.A,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            mask=Mask.M3,
        ),
    ] = None
    signed_on: Annotated[
        str | None,
        Field(
            zh="签约日期",
            en="Day of signature",
            tier=Tier.A,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    delivery_due_on: Annotated[
        str | None,
        Field(zh="约定交付日期", en="Agreed day of delivery", tier=Tier.A, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    delivered_on: Annotated[
        str | None,
        Field(zh="实际交付日期", en="Day of delivery", tier=Tier.A, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    evaluation_period: Annotated[
        str | None, Field(zh="评价周期", en="Period evaluated, e.g. `2026Q2`", tier=Tier.A, length=32, required=True)
    ] = None
    evaluated_on: Annotated[
        str | None,
        Field(
            zh="评价日期",
            en="Day of the evaluation",
            tier=Tier.A,
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    rating: Annotated[
        str | None,
        Field(
            zh="履约评价",
            en="Rating",
            tier=Tier.A,
            length=16,
            required=True,
            values="performance_rating",
            filterable=True,
        ),
    ] = None
    breached: Annotated[
        bool | None,
        Field(zh="是否违约", en="Whether the contract was breached", tier=Tier.A, type=FieldType.BOOLEAN),
    ] = None
    breach_detail: Annotated[
        str | None,
        Field(
            zh="违约情形",
            en="What the breach was",
            tier=Tier.A,
            length=2000,
            required_when=Condition.BREACHED,
            mask=Mask.M4,
        ),
    ] = None
    remark: Annotated[str | None, parts.remark(tier=Tier.A)] = None
