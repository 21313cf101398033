"""Credit commitment (信用承诺) and whether it was kept."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Commitment(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One commitment of one subject towards one accepting unit.

    Source: DOMAIN 3 (commitment section of the public report), 15 (types and states).
    """

    KIND: ClassVar[str] = "Commitment"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C13, Category.C08)
    ZH: ClassVar[str] = "信用承诺"
    EN: ClassVar[str] = "Credit commitment"
    MAIN_DAY: ClassVar[str] = "committed_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "commitment_no", "commitment_type", "committed_on")

    counterparty_name: Annotated[str | None, parts.counterparty_name()] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code()] = None
    commitment_no: Annotated[
        str | None, Field(zh="承诺书编号", en="Commitment number", tier=Tier.P, length=64, filterable=True)
    ] = None
    commitment_type: Annotated[
        str | None,
        Field(
            zh="承诺类型",
            en="Type of commitment",
            tier=Tier.P,
            length=32,
            required=True,
            values="commitment_type",
            filterable=True,
        ),
    ] = None
    matter: Annotated[
        str | None,
        Field(zh="承诺事由", en="Matter of the commitment", tier=Tier.P, length=500, required=True, mask=Mask.M4),
    ] = None
    content: Annotated[
        str | None, Field(zh="承诺内容", en="What is promised", tier=Tier.P, length=4000, mask=Mask.M4)
    ] = None
    committed_on: Annotated[
        str | None,
        Field(
            zh="做出承诺日期",
            en="Day of the commitment",
            tier=Tier.P,
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    due_on: Annotated[
        str | None,
        Field(
            zh="承诺履行期限",
            en="Last day to keep it",
            tier=Tier.P,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("承诺受理单位", "Accepting unit")] = None
    authority_code: Annotated[
        str | None, parts.authority_code("承诺受理单位统一社会信用代码", "USCC of the accepting unit")
    ] = None
    fulfilment: Annotated[
        str | None,
        Field(
            zh="承诺履约状态",
            en="State of fulfilment",
            tier=Tier.P,
            length=16,
            required=True,
            values="commitment_state",
            filterable=True,
        ),
    ] = None
    fulfilled_on: Annotated[
        str | None,
        Field(zh="履约确认日期", en="Day fulfilment was confirmed", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    source_unit_name: Annotated[str | None, parts.source_unit_name()] = None
    source_unit_code: Annotated[str | None, parts.source_unit_code()] = None
    remark: Annotated[str | None, parts.remark()] = None
