"""
Fields that several kinds share, so that one thing has one description wherever it appears.

Rules:
    - *prefix* is that of the national column codes (`XK`, `CF`); None where the kind has no national table.
    - A person's name is category C02 with mask m1; a person's identity document is C03, tier R, with mask m2.
"""

from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask
from schema.tiers import Tier


def counterparty_name(prefix: str | None = None, *, tier: Tier = Tier.P) -> Field:
    """Describe the subject's name as the source wrote it."""
    return Field(
        zh="行政相对人名称" if prefix else "主体名称",
        en="Counterparty name",
        tier=tier,
        code=_code(prefix, "XDR_MC"),
        length=200,
        required=True,
    )


def counterparty_code(prefix: str | None = None, *, tier: Tier = Tier.P) -> Field:
    """Describe the subject's unified social credit code; kinds without a counterparty kind always need it."""
    return Field(
        zh="行政相对人代码_1(统一社会信用代码)" if prefix else "统一社会信用代码",
        en="Unified social credit code (USCC)",
        tier=tier,
        code=_code(prefix, "XDR_SHXYM"),
        type=FieldType.CODE,
        length=18,
        required=prefix is None,
        required_when=Condition.NOT_NATURAL_PERSON if prefix else None,
    )


def counterparty_kind(prefix: str) -> Field:
    """Describe the counterparty kind: organisation, natural person or individual business."""
    return Field(
        zh="行政相对人类别",
        en="Counterparty kind",
        tier=Tier.P,
        code=_code(prefix, "XDR_LB"),
        length=16,
        required=True,
        values="counterparty_kind",
    )


def registration_no(prefix: str) -> Field:
    """Describe the business registration number (工商注册号)."""
    return Field(
        zh="行政相对人代码_2(工商注册号)",
        en="Business registration number",
        tier=Tier.P,
        code=_code(prefix, "XDR_GSZC"),
        length=50,
        required_when=Condition.PLACEHOLDER_CODE,
    )


def organisation_code(prefix: str) -> Field:
    """Describe the organisation code of GB 11714."""
    return Field(
        zh="行政相对人代码_3(组织机构代码)",
        en="Organisation code (GB 11714)",
        tier=Tier.P,
        code=_code(prefix, "XDR_ZZJG"),
        type=FieldType.CODE,
        length=9,
    )


def tax_no(prefix: str) -> Field:
    """Describe the tax registration number."""
    return Field(
        zh="行政相对人代码_4(税务登记号)",
        en="Tax registration number",
        tier=Tier.P,
        code=_code(prefix, "XDR_SWDJ"),
        length=15,
    )


def institution_certificate_no(prefix: str) -> Field:
    """Describe the certificate number of a public institution."""
    return Field(
        zh="行政相对人代码_5(事业单位证书号)",
        en="Public institution certificate number",
        tier=Tier.P,
        code=_code(prefix, "XDR_SYDW"),
        length=12,
    )


def social_organisation_no(prefix: str) -> Field:
    """Describe the registration number of a social organisation."""
    return Field(
        zh="行政相对人代码_6(社会组织登记证号)",
        en="Social organisation registration number",
        tier=Tier.P,
        code=_code(prefix, "XDR_SHZZ"),
        length=50,
    )


def legal_representative(prefix: str | None = None) -> Field:
    """Describe the name of the legal representative: a person's name, category C02."""
    return Field(
        zh="法定代表人",
        en="Legal representative",
        tier=Tier.P,
        code=_code(prefix, "FRDB"),
        length=50,
        required_when=Condition.NOT_NATURAL_PERSON if prefix else None,
        category=Category.C02,
        mask=Mask.M1,
    )


def legal_representative_id_type(prefix: str | None = None) -> Field:
    """Describe the kind of the legal representative's identity document."""
    return _identity("法定代表人证件类型", "Legal representative's document type", _code(prefix, "FR_ZJLX"), kind=True)


def legal_representative_id_no(prefix: str | None = None) -> Field:
    """Describe the number of the legal representative's identity document."""
    return _identity("法定代表人证件号码", "Legal representative's document number", _code(prefix, "FR_ZJHM"))


def person_id_type(prefix: str) -> Field:
    """Describe the kind of a natural person's identity document; organisations never have one."""
    return _identity(
        "自然人证件类型", "Natural person's document type", _code(prefix, "XDR_ZJLX"), kind=True, natural=True
    )


def person_id_no(prefix: str) -> Field:
    """Describe the number of a natural person's identity document; organisations never have one."""
    return _identity("自然人证件号码", "Natural person's document number", _code(prefix, "XDR_ZJHM"), natural=True)


def authority_name(zh: str, en: str, code: str | None = None, *, tier: Tier = Tier.P) -> Field:
    """Describe the name of the body that decided or keeps the record, under the kind's own label."""
    return Field(zh=zh, en=en, tier=tier, code=code, length=200, required=True)


def authority_code(zh: str, en: str, code: str | None = None, *, tier: Tier = Tier.P) -> Field:
    """Describe the USCC of the body that decided or keeps the record; part of the record key."""
    return Field(
        zh=zh, en=en, tier=tier, code=code, type=FieldType.CODE, length=18, required=code is not None, filterable=True
    )


def source_unit_name(code: str | None = None, *, required: bool = False) -> Field:
    """Describe the name of the unit that supplied the data."""
    return Field(zh="数据来源单位", en="Data source unit", tier=Tier.P, code=code, length=200, required=required)


def source_unit_code(code: str | None = None, *, required: bool = False) -> Field:
    """Describe the USCC of the unit that supplied the data."""
    return Field(
        zh="数据来源单位统一社会信用代码",
        en="USCC of the data source unit",
        tier=Tier.P,
        code=code,
        type=FieldType.CODE,
        length=18,
        required=required,
    )


def remark(code: str | None = None, *, tier: Tier = Tier.P) -> Field:
    """Describe the remark: free text."""
    return Field(zh="备注", en="Remark", tier=tier, code=code, length=512, mask=Mask.M4)


def _identity(zh: str, en: str, code: str | None, *, kind: bool = False, natural: bool = False) -> Field:
    return Field(
        zh=zh,
        en=en,
        tier=Tier.R,
        code=code,
        length=64,
        required_when=Condition.NATURAL_PERSON if natural else None,
        values="id_type" if kind else None,
        category=Category.C03,
        mask=Mask.M2,
    )


def _code(prefix: str | None, rest: str) -> str | None:
    return None if prefix is None else f"{prefix}_{rest}"
