"""Administrative penalty (行政处罚), the CF table of the double publicity standard."""

from typing import Annotated, ClassVar

from schema.catalogue import parts
from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldType, Mask, Record
from schema.tiers import Tier


class Penalty(Record, frozen=True, kw_only=True, omit_defaults=True):
    """
    One penalty decision against one counterparty for one violation.

    Of the five columns of the provincial re-flow table, two are content and stand last here; 公示日期, 公示截止日期
    and 公示状态 are what the source says of publicity: they arrive in `Row.extra` and are kept, after recomputation,
    as the record's own `publicity_from`, `publicity_to` and `state`.

    Source: DOMAIN 2.2 (424 号文 field standard).
    """

    KIND: ClassVar[str] = "Penalty"
    PREFIX: ClassVar[str | None] = "CF"
    CATEGORIES: ClassVar[tuple[Category, ...]] = (Category.C05, Category.C06, Category.C07, Category.C08)
    ZH: ClassVar[str] = "行政处罚"
    EN: ClassVar[str] = "Administrative penalty"
    MAIN_DAY: ClassVar[str] = "decided_on"
    KEY_FIELDS: ClassVar[tuple[str, ...]] = ("authority_code", "document_no")

    counterparty_name: Annotated[str | None, parts.counterparty_name("CF")] = None
    counterparty_kind: Annotated[str | None, parts.counterparty_kind("CF")] = None
    counterparty_code: Annotated[str | None, parts.counterparty_code("CF")] = None
    registration_no: Annotated[str | None, parts.registration_no("CF")] = None
    organisation_code: Annotated[str | None, parts.organisation_code("CF")] = None
    tax_no: Annotated[str | None, parts.tax_no("CF")] = None
    institution_certificate_no: Annotated[str | None, parts.institution_certificate_no("CF")] = None
    social_organisation_no: Annotated[str | None, parts.social_organisation_no("CF")] = None
    legal_representative: Annotated[str | None, parts.legal_representative("CF")] = None
    legal_representative_id_type: Annotated[str | None, parts.legal_representative_id_type("CF")] = None
    legal_representative_id_no: Annotated[str | None, parts.legal_representative_id_no("CF")] = None
    person_id_type: Annotated[str | None, parts.person_id_type("CF")] = None
    person_id_no: Annotated[str | None, parts.person_id_no("CF")] = None
    document_no: Annotated[
        str | None,
        Field(
            zh="行政处罚决定书文号",
            en="Penalty decision number",
            tier=Tier.P,
            code="CF_WSH",
            length=128,
            required=True,
            filterable=True,
        ),
    ] = None
    violation_type: Annotated[
        str | None,
        Field(
            zh="违法行为类型",
            en="Type of violation",
            tier=Tier.P,
            code="CF_WFXW",
            length=2000,
            required=True,
            mask=Mask.M4,
        ),
    ] = None
    facts: Annotated[
        str | None,
        Field(zh="违法事实", en="Facts found", tier=Tier.P, code="CF_SY", length=5000, required=True, mask=Mask.M4),
    ] = None
    legal_basis: Annotated[
        str | None,
        Field(zh="处罚依据", en="Legal basis", tier=Tier.P, code="CF_YJ", length=2000, required=True, mask=Mask.M4),
    ] = None
    penalty_kinds: Annotated[
        tuple[str, ...] | None,
        Field(
            zh="处罚类别",
            en="Penalty kinds; `;` separates them in the national column",
            tier=Tier.P,
            code="CF_CFLB",
            type=FieldType.TEXTS,
            length=64,
            required=True,
            values="penalty_kind",
            filterable=True,
        ),
    ] = None
    content: Annotated[
        str | None,
        Field(
            zh="处罚内容",
            en="Content of the penalty",
            tier=Tier.P,
            code="CF_NR",
            length=4000,
            required=True,
            mask=Mask.M4,
        ),
    ] = None
    fine_amount: Annotated[
        str | None,
        Field(
            zh="罚款金额(万元)",
            en="Fine, in 10,000 CNY",
            tier=Tier.P,
            code="CF_NR_FK",
            type=FieldType.AMOUNT,
            precision=(7, 6),
            required_when=Condition.FINED,
            mask=Mask.M3,
        ),
    ] = None
    confiscated_amount: Annotated[
        str | None,
        Field(
            zh="没收违法所得、没收非法财物的金额(万元)",
            en="Unlawful gains and property confiscated, in 10,000 CNY",
            tier=Tier.P,
            code="CF_NR_WFFF",
            type=FieldType.AMOUNT,
            precision=(7, 6),
            required_when=Condition.CONFISCATED,
            mask=Mask.M3,
        ),
    ] = None
    licence_suspended: Annotated[
        str | None,
        Field(
            zh="暂扣或吊销证照名称及编号",
            en="Licence suspended or revoked, name and number",
            tier=Tier.P,
            code="CF_NR_ZKDX",
            length=200,
            required_when=Condition.LICENCE_TOUCHED,
        ),
    ] = None
    decided_on: Annotated[
        str | None,
        Field(
            zh="处罚决定日期",
            en="Day of the decision",
            tier=Tier.P,
            code="CF_JDRQ",
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
            filterable=True,
            sortable=True,
        ),
    ] = None
    valid_until: Annotated[
        str | None,
        Field(
            zh="处罚有效期",
            en="Last day the penalty is in effect",
            tier=Tier.P,
            code="CF_YXQ",
            type=FieldType.DATE,
            required=True,
            mask=Mask.M5,
        ),
    ] = None
    publicity_until: Annotated[
        str | None,
        Field(
            zh="公示截止期",
            en="Last day of publicity as the source sent it; the hub computes its own",
            tier=Tier.P,
            code="CF_GSJZQ",
            type=FieldType.DATE,
            mask=Mask.M5,
        ),
    ] = None
    authority_name: Annotated[str | None, parts.authority_name("处罚机关", "Penalising authority", "CF_CFJG")] = None
    authority_code: Annotated[
        str | None,
        parts.authority_code("处罚机关统一社会信用代码", "USCC of the penalising authority", "CF_CFJGDM"),
    ] = None
    source_unit_name: Annotated[str | None, parts.source_unit_name("CF_SJLY", required=True)] = None
    source_unit_code: Annotated[str | None, parts.source_unit_code("CF_SJLYDM", required=True)] = None
    remark: Annotated[str | None, parts.remark("BZ")] = None
    withdrawal_reason: Annotated[
        str | None,
        Field(
            zh="撤销处罚的原因说明",
            en="Why the penalty was withdrawn (re-flow column `cutreason`)",
            tier=Tier.P,
            length=2000,
            mask=Mask.M4,
        ),
    ] = None
    case_withdrawn: Annotated[
        bool | None,
        Field(
            zh="撤销立案",
            en="Whether the case itself was withdrawn (re-flow column `iscancelcase`)",
            tier=Tier.P,
            type=FieldType.BOOLEAN,
        ),
    ] = None
