"""Administrative licence (行政许可), the XK table of the double publicity standard."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Licence(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One licence decision for one counterparty. A licence without end has `valid_to` 2099-12-31.

    Source: DOMAIN 2.1 (424 号文 field standard).
    """

    KIND: ClassVar[str] = "Licence"
    PREFIX: ClassVar[str | None] = "XK"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C04, Category.C08)
    ZH: ClassVar[str] = "行政许可"
    EN: ClassVar[str] = "Administrative licence"
    MAIN_DAY: ClassVar[str] = "decided_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "document_no")

    counterparty_name: Annotated[str | None, parts.counterparty_name("XK")] = None
    counterparty_kind: Annotated[str | None, parts.counterparty_kind("XK")] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code("XK")] = None
    registration_no: Annotated[str | None, parts.registration_no("XK")] = None
    organisation_code: Annotated[str | None, parts.organisation_code("XK")] = None
    tax_no: Annotated[str | None, parts.tax_no("XK")] = None
    institution_certificate_no: Annotated[str | None, parts.institution_certificate_no("XK")] = None
    social_organisation_no: Annotated[str | None, parts.social_organisation_no("XK")] = None
    legal_representative: Annotated[str | None, parts.legal_representative("XK")] = None
    legal_representative_id_type: Annotated[str | None, parts.legal_representative_id_type("XK")] = None
    legal_representative_id_no: Annotated[str | None, parts.legal_representative_id_no("XK")] = None
    person_id_type: Annotated[str | None, parts.person_id_type("XK")] = None
    person_id_no: Annotated[str | None, parts.person_id_no("XK")] = None
    document_title: Annotated[
        str | None,
        Field(
            zh="行政许可决定文书名称", en="Title of the decision", tier=Tier.P, code="XK_XKWS", length=64, required=True
        ),
    ] = None
    document_no: Annotated[
        str | None,
        Field(
            zh="行政许可决定文书号",
            en="Decision number; the licence number where there is none",
            tier=Tier.P,
            code="XK_WSH",
            length=64,
            required=True,
            filterable=True,
        ),
    ] = None
    licence_kind: Annotated[
        str | None,
        Field(
            zh="许可类别",
            en="Licence kind",
            tier=Tier.P,
            code="XK_XKLB",
            length=256,
            required=True,
            values="licence_kind",
            filterable=True,
        ),
    ] = None
    certificate_name: Annotated[
        str | None,
        Field(zh="许可证书名称", en="Certificate name", tier=Tier.P, code="XK_XKZS", length=64, filterable=True),
    ] = None
    licence_no: Annotated[
        str | None,
        Field(
            zh="许可编号",
            en="Licence number",
            tier=Tier.P,
            code="XK_XKBH",
            length=64,
            required_when=Condition.CERTIFICATE_NAMED,
            filterable=True,
        ),
    ] = None
    content: Annotated[
        str | None,
        Field(
            zh="许可内容", en="What is licensed", tier=Tier.P, code="XK_NR", length=4000, required=True, mask=Mask.M4
        ),
    ] = None
    decided_on: Annotated[
        str | None,
        Field(
            zh="许可决定日期",
            en="Day of the decision",
            tier=Tier.P,
            code="XK_JDRQ",
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    valid_from: Annotated[
        str | None,
        Field(
            zh="有效期自",
            en="First day of validity",
            tier=Tier.P,
            code="XK_YXQZ",
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    valid_to: Annotated[
        str | None,
        Field(
            zh="有效期至",
            en="Last day of validity; 2099-12-31 means without end",
            tier=Tier.P,
            code="XK_YXQZI",
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("许可机关", "Licensing authority", "XK_XKJG")] = None
    authority_code: Annotated[
        str | None,
        parts.authority_code("许可机关统一社会信用代码", "USCC of the licensing authority", "XK_XKJGDM"),
    ] = None
    state: Annotated[
        str | None,
        Field(
            zh="当前状态",
            en="State: 1 in force, 2 not in force",
            tier=Tier.P,
            code="XK_ZT",
            length=1,
            required=True,
            values="licence_state",
            filterable=True,
        ),
    ] = None
    source_unit_name: Annotated[str | None, parts.source_unit_name("XK_LYDW", required=True)] = None
    source_unit_code: Annotated[str | None, parts.source_unit_code("XK_LYDWDM", required=True)] = None
    remark: Annotated[str | None, parts.remark("BZ")] = None
