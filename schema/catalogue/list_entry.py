"""Entry in a serious-dishonesty, abnormal or key-watch list (严重失信主体名单, 经营异常名录, 重点关注名单)."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class ListEntry(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One subject's stay in one list.

    Source: DOMAIN 4.2 (`DataListEntry`), field names of the public reports in DOMAIN 3.
    """

    KIND: ClassVar[str] = "ListEntry"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (
        Category.C09,
        Category.C10,
        Category.C06,
        Category.C07,
        Category.C08,
    )
    ZH: ClassVar[str] = "名单记录"
    EN: ClassVar[str] = "List entry"
    MAIN_DAY: ClassVar[str] = "listed_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "list_code", "document_no", "listed_on")

    counterparty_name: Annotated[str | None, parts.counterparty_name()] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code()] = None
    list_code: Annotated[
        str | None,
        Field(
            zh="名单代码",
            en="List code: L01-L12 serious, W01 abnormal, W02-W03 key watch",
            tier=Tier.P,
            type=FieldType.CODE,
            length=3,
            required=True,
            values="list_code",
            filterable=True,
        ),
    ] = None
    list_name: Annotated[
        str | None, Field(zh="名单名称", en="Name of the list as the source wrote it", tier=Tier.P, length=200)
    ] = None
    reason: Annotated[
        str | None,
        Field(zh="列入原因", en="Reason for listing", tier=Tier.P, length=2000, required=True, mask=Mask.M4),
    ] = None
    document_no: Annotated[
        str | None,
        Field(zh="列入决定文书号", en="Number of the listing decision", tier=Tier.P, length=128, filterable=True),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("列入决定机关", "Body that decided the listing")] = None
    authority_code: Annotated[
        str | None, parts.authority_code("列入决定机关统一社会信用代码", "USCC of the body that decided the listing")
    ] = None
    listed_on: Annotated[
        str | None,
        Field(
            zh="列入日期",
            en="Day of listing",
            tier=Tier.P,
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    term_end: Annotated[
        str | None,
        Field(
            zh="列入期限至",
            en="Last day of the term; none where the entry stays until it is removed",
            tier=Tier.P,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    repair_earliest_on: Annotated[
        str | None,
        Field(
            zh="最早可申请修复日期", en="First day repair may be asked", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5
        ),
    ] = None
    removed_on: Annotated[
        str | None,
        Field(zh="移出日期", en="Day of removal", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5, filterable=True),
    ] = None
    removal_reason: Annotated[
        str | None,
        Field(
            zh="移出原因",
            en="Reason for removal",
            tier=Tier.P,
            length=2000,
            required_when=Condition.REMOVED,
            mask=Mask.M4,
        ),
    ] = None
    removal_authority_name: Annotated[
        str | None, Field(zh="移出决定机关", en="Body that decided the removal", tier=Tier.P, length=200)
    ] = None
    entry_state: Annotated[
        str | None,
        Field(
            zh="名单状态",
            en="State of the entry as the source wrote it",
            tier=Tier.P,
            length=16,
            values="list_state",
            filterable=True,
        ),
    ] = None
    source_unit_name: Annotated[str | None, parts.source_unit_name()] = None
    source_unit_code: Annotated[str | None, parts.source_unit_code()] = None
    remark: Annotated[str | None, parts.remark()] = None
