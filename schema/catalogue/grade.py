"""Credit grade (信用评价等级): the public comprehensive evaluation and the industry's own."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Grade(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One grade under one scheme for one period. The hub imports grades and computes none.

    Rules:
        - Grades of two schemes are never compared without a declared map.
        - A public scheme's grade is category C11, an industry scheme's C12; see `grade_schemes.toml`.

    Source: DOMAIN 5.1 (GB/T 45255-2025), 5.2 (CEC).
    """

    KIND: ClassVar[str] = "Grade"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C11, Category.C12, Category.C08)
    ZH: ClassVar[str] = "信用评价等级"
    EN: ClassVar[str] = "Credit grade"
    MAIN_DAY: ClassVar[str] = "issued_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "scheme", "issued_on")

    counterparty_name: Annotated[str | None, parts.counterparty_name()] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code()] = None
    scheme: Annotated[
        str | None,
        Field(
            zh="评价方案代码",
            en="Rating scheme",
            tier=Tier.P,
            type=FieldType.CODE,
            length=32,
            required=True,
            values="grade_scheme",
            filterable=True,
        ),
    ] = None
    grade: Annotated[
        str | None,
        Field(zh="信用等级", en="Grade", tier=Tier.P, length=16, required=True, filterable=True),
    ] = None
    score: Annotated[
        str | None,
        Field(
            zh="评价得分",
            en="Score, decimal text; only within the industry",
            tier=Tier.I,
            type=FieldType.DECIMAL,
            precision=(4, 4),
        ),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("评价机构", "Evaluator")] = None
    authority_code: Annotated[str | None, parts.authority_code("评价机构统一社会信用代码", "USCC of the evaluator")] = (
        None
    )
    evaluation_centre: Annotated[str | None, Field(zh="评价中心", en="Evaluation centre", tier=Tier.P, length=200)] = (
        None
    )
    certificate_no: Annotated[
        str | None,
        Field(zh="证书编号", en="Certificate number", tier=Tier.P, length=64, filterable=True),
    ] = None
    period: Annotated[
        str | None, Field(zh="评价周期", en="Period evaluated, e.g. `2025` or `2026Q2`", tier=Tier.P, length=32)
    ] = None
    computed_on: Annotated[
        str | None,
        Field(zh="评价计算日期", en="Day the grade was computed", tier=Tier.P, type=FieldType.DATE, mask=Mask.M5),
    ] = None
    issued_on: Annotated[
        str | None,
        Field(
            zh="发布日期",
            en="Day of issue",
            tier=Tier.P,
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
            en="Last day of validity",
            tier=Tier.P,
            type=FieldType.DATE,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    snapshot_id: Annotated[
        str | None,
        Field(zh="输入快照标识", en="Identifier of the input the grade was computed from", tier=Tier.I, length=64),
    ] = None
    grade_state: Annotated[
        str | None,
        Field(zh="评价状态", en="State of the grade", tier=Tier.P, length=16, values="grade_state", filterable=True),
    ] = None
    remark: Annotated[str | None, parts.remark()] = None
