"""Registration base (登记注册基本信息): who an organisation is."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Registration(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One organisation's entry in the register; the newest version is the organisation as it stands.

    Source: DOMAIN 3 (登记注册基本信息), 1.5 (branches and former names), 13.3 (C01-C03).
    """

    KIND: ClassVar[str] = "Registration"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C01, Category.C08)
    ZH: ClassVar[str] = "登记注册基本信息"
    EN: ClassVar[str] = "Registration"
    MAIN_DAY: ClassVar[str] = "founded_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("code",)
    NAME_FIELD: ClassVar[str] = "name"
    CODE_FIELD: ClassVar[str] = "code"

    name: Annotated[str | None, Field(zh="名称", en="Name", tier=Tier.P, length=200, required=True)] = None
    former_names: Annotated[
        tuple[str, ...] | None,
        Field(zh="曾用名", en="Former names, newest first", tier=Tier.P, type=FieldType.TEXTS, length=2000),
    ] = None
    code: Annotated[
        str | None,
        Field(
            zh="统一社会信用代码",
            en="Unified social credit code (USCC)",
            tier=Tier.P,
            type=FieldType.CODE,
            length=18,
            required=True,
        ),
    ] = None
    registration_no: Annotated[
        str | None, Field(zh="工商注册号", en="Business registration number", tier=Tier.P, length=50)
    ] = None
    parent_code: Annotated[
        str | None,
        Field(
            zh="隶属法人统一社会信用代码",
            en="USCC of the legal person a branch belongs to",
            tier=Tier.P,
            type=FieldType.CODE,
            length=18,
        ),
    ] = None
    status: Annotated[
        str | None,
        Field(
            zh="登记状态",
            en="Register status",
            tier=Tier.P,
            length=16,
            required=True,
            values="enterprise_status",
            filterable=True,
        ),
    ] = None
    status_on: Annotated[
        str | None, Field(zh="状态日期", en="Day the status began", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5)
    ] = None
    enterprise_type: Annotated[str | None, Field(zh="主体类型", en="Type of organisation", tier=Tier.P, length=100)] = (
        None
    )
    legal_representative: Annotated[str | None, parts.legal_representative()] = None
    legal_representative_id_type: Annotated[str | None, parts.legal_representative_id_type()] = None
    legal_representative_id_no: Annotated[str | None, parts.legal_representative_id_no()] = None
    registered_capital: Annotated[
        str | None,
        Field(
            zh="注册资本(万元)",
            en="Registered capital, in 10,000 CNY",
            tier=Tier.P,
            type=FieldType.AMOUNT,
            precision=(12, 6),
            mask=Mask.M3,
        ),
    ] = None
    founded_on: Annotated[
        str | None,
        Field(
            zh="成立日期",
            en="Day of foundation",
            tier=Tier.P,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    valid_from: Annotated[
        str | None,
        Field(zh="营业期限自", en="First day of the term of business", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    valid_to: Annotated[
        str | None,
        Field(
            zh="营业期限至",
            en="Last day of the term of business; 2099-12-31 means without end",
            tier=Tier.P,
            type=FieldType.DATE,
            mask=Mask.M5,
        ),
    ] = None
    authority_name: Annotated[
        str | None,
        Field(zh="登记机关", en="Registration authority", tier=Tier.P, length=200),
    ] = None
    authority_code: Annotated[
        str | None, parts.authority_code("登记机关统一社会信用代码", "USCC of the registration authority")
    ] = None
    region: Annotated[
        str | None,
        Field(
            zh="登记地行政区划代码",
            en="GB/T 2260 code of the registered place",
            tier=Tier.P,
            type=FieldType.CODE,
            length=6,
            filterable=True,
        ),
    ] = None
    address: Annotated[str | None, Field(zh="住所", en="Registered address", tier=Tier.P, length=500, mask=Mask.M4)] = (
        None
    )
    sector: Annotated[
        str | None,
        Field(zh="所属能源行业", en="Energy sector", tier=Tier.P, length=32, values="sector", filterable=True),
    ] = None
    business_scope: Annotated[
        str | None, Field(zh="经营范围", en="Scope of business", tier=Tier.P, length=4000, mask=Mask.M4)
    ] = None
    remark: Annotated[str | None, parts.remark()] = None
