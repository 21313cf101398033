"""Power payment and arrears (电费缴纳与欠费)."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Arrears(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One account's unpaid bill of one billing period: a contract claim, not a penalty.

    Rules:
        - `authority_*` is the power supply company that sends it.
        - How many days a bill is overdue follows from `due_on`, `paid_on` and the day of asking: it is not stored.

    Source: DOMAIN 12, 13.3 (C16). Field list [P].
    """

    KIND: ClassVar[str] = "Arrears"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C16, Category.C08)
    ZH: ClassVar[str] = "电费欠费"
    EN: ClassVar[str] = "Power payment arrears"
    MAIN_DAY: ClassVar[str] = "due_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "account_no", "billing_period")

    counterparty_name: Annotated[str | None, parts.counterparty_name(tier=Tier.S)] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code(tier=Tier.S)] = None
    account_no: Annotated[
        str | None,
        Field(
            zh="用电户号",
            en="Power account number; the source's and the subject's own",
            tier=Tier.R,
            length=32,
            required=True,
        ),
    ] = None
    billing_period: Annotated[
        str | None,
        Field(zh="电费年月", en="Billing period, `YYYY-MM`", tier=Tier.S, length=7, required=True, filterable=True),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("供电企业", "Power supply company", tier=Tier.S)] = None
    authority_code: Annotated[
        str | None, parts.authority_code("供电企业统一社会信用代码", "USCC of the power supply company", tier=Tier.S)
    ] = None
    amount_due: Annotated[
        str | None,
        Field(
            zh="应缴电费(万元)",
            en="Amount due, in 10,000 CNY",
            tier=Tier.S,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            mask=Mask.M3,
        ),
    ] = None
    amount_unpaid: Annotated[
        str | None,
        Field(
            zh="欠费金额(万元)",
            en="Amount unpaid, in 10,000 CNY",
            tier=Tier.S,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            required=True,
            mask=Mask.M3,
        ),
    ] = None
    late_fee: Annotated[
        str | None,
        Field(
            zh="违约金(万元)",
            en="Late fee, in 10,000 CNY",
            tier=Tier.S,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            mask=Mask.M3,
        ),
    ] = None
    due_on: Annotated[
        str | None,
        Field(
            zh="缴费截止日期",
            en="Last day to pay",
            tier=Tier.S,
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    urged_on: Annotated[
        str | None,
        Field(zh="催缴日期", en="Day payment was urged", tier=Tier.S, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    cut_off_on: Annotated[
        str | None,
        Field(zh="停电日期", en="Day supply was cut", tier=Tier.S, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    paid_on: Annotated[
        str | None,
        Field(
            zh="缴清日期", en="Day it was paid in full", tier=Tier.S, type=FieldType.DATE, mask=Mask.M5, filterable=True
        ),
    ] = None
    payment_state: Annotated[
        str | None,
        Field(
            zh="欠费状态",
            en="State of the arrears",
            tier=Tier.S,
            length=16,
            required=True,
            values="arrears_state",
            filterable=True,
        ),
    ] = None
    remark: Annotated[str | None, parts.remark(tier=Tier.S)] = None
