"""Clean rows of every kind, and the shortest way to ask what is wrong with a changed one."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from hub.rulebook import load_rules
from schema.catalogue import (
    Arrears,
    Commitment,
    Grade,
    Licence,
    ListEntry,
    Penalty,
    Performance,
    Registration,
    SupplierSanction,
)
from schema.catalogue.model import Record
from schema.identifiers.uscc import compose
from schema.rules.book import RuleBook
from schema.validation.checker import Checkers
from schema.validation.findings import Checked, Finding

RECEIVED = date(2026, 6, 8)
HONGDA = compose("91510100", "MA61R5A1")
SHOP = compose("92510100", "MA61R5A2")
BUREAU = compose("11510000", "MB1A2345")
GROUP = compose("91510000", "MA61R5G1")

_COUNTERPARTY = {
    "counterparty_name": "四川宏达电力设备有限公司",
    "counterparty_kind": "法人及非法人组织",
    "counterparty_code": HONGDA,
    "legal_representative": "张伟",
}
_AUTHORITY = {"authority_name": "四川能源监管办公室", "authority_code": BUREAU}
_SOURCE = {"source_unit_name": "四川能源监管办公室", "source_unit_code": BUREAU}
_SUBJECT = {"counterparty_name": "四川宏达电力设备有限公司", "counterparty_code": HONGDA}
_BUYER = {"authority_name": "锦江能源集团有限公司", "authority_code": GROUP}

PENALTY = {
    **_COUNTERPARTY,
    "document_no": "川能罚〔2026〕15号",
    "violation_type": "未按规定办理许可变更",
    "facts": "经查，该公司许可证登记事项变更后未在三十日内申请办理变更手续。",
    "legal_basis": "《承装（修、试）电力设施许可证管理办法》第三十八条第一款",
    "penalty_kinds": "警告;罚款",
    "content": "给予警告，并处罚款人民币5000元整（伍仟元整）。",
    "fine_amount": "0.500000",
    "decided_on": "2026-06-01",
    "valid_until": "2027-06-01",
    "publicity_until": "2027-06-01",
    **_AUTHORITY,
    **_SOURCE,
}
LICENCE = {
    **_COUNTERPARTY,
    "document_title": "准予行政许可决定书",
    "document_no": "川能许〔2026〕7号",
    "licence_kind": "普通",
    "certificate_name": "承装（修、试）电力设施许可证",
    "licence_no": "5-1-00001-2026",
    "content": "承装类三级",
    "decided_on": "2026-06-01",
    "valid_from": "2026-06-01",
    "valid_to": "2032-05-31",
    **_AUTHORITY,
    "state": "1",
    **_SOURCE,
}
LIST_ENTRY = {
    **_SUBJECT,
    "list_code": "L02",
    "reason": "提交虚假材料取得许可",
    "document_no": "川市监列〔2026〕3号",
    **_AUTHORITY,
    "listed_on": "2026-05-20",
    "term_end": "2029-05-19",
}
REGISTRATION = {
    "name": "四川宏达电力设备有限公司",
    "former_names": "成都恒通电力有限公司；成都恒通电器厂",
    "code": HONGDA,
    "status": "存续",
    "founded_on": "2016-03-01",
    "registered_capital": "5000",
    "region": "510100",
}
GRADE = {
    **_SUBJECT,
    "scheme": "CEC",
    "grade": "AA",
    "score": "86.5",
    "authority_name": "中国电力企业联合会",
    "issued_on": "2026-05-01",
    "valid_to": "2029-04-30",
}
COMMITMENT = {
    **_SUBJECT,
    "commitment_type": "主动",
    "matter": "按期缴纳电费",
    "committed_on": "2026-05-01",
    "due_on": "2026-12-31",
    "authority_name": "成都市经济和信息化局",
    "fulfilment": "履行中",
}
SANCTION = {
    **_SUBJECT,
    "sanction_no": "JJ-2026-009",
    "group_name": "锦江能源集团有限公司",
    "group_code": GROUP,
    **_BUYER,
    "sanction_kind": "暂停中标资格",
    "scope_categories": "变压器",
    "starts_on": "2026-05-01",
    "ends_on": "2026-10-31",
    "cause": "供货质量不合格",
}
PERFORMANCE = {
    **_SUBJECT,
    "contract_no": "JJ-C-2026-1",
    **_BUYER,
    "evaluation_period": "2026Q1",
    "evaluated_on": "2026-05-01",
    "rating": "良好",
}
ARREARS = {
    **_SUBJECT,
    "account_no": "5100001234",
    "billing_period": "2026-04",
    "authority_name": "国网四川省电力公司",
    "authority_code": GROUP,
    "amount_unpaid": "12.345600",
    "due_on": "2026-05-25",
    "payment_state": "欠费中",
}

CLEAN: tuple[tuple[type[Record], Mapping[str, str]], ...] = (
    (Penalty, PENALTY),
    (Licence, LICENCE),
    (ListEntry, LIST_ENTRY),
    (Registration, REGISTRATION),
    (Grade, GRADE),
    (Commitment, COMMITMENT),
    (SupplierSanction, SANCTION),
    (Performance, PERFORMANCE),
    (Arrears, ARREARS),
)


@cache
def book() -> RuleBook:
    return load_rules()


@cache
def checkers() -> Checkers:
    return Checkers(book())


def check(
    kind: type[Record],
    row: Mapping[str, str | None],
    extra: Mapping[str, str] | None = None,
    received: date = RECEIVED,
) -> Checked:
    return checkers().check(kind, row, extra or {}, received)


def penalty(extra: Mapping[str, str] | None = None, received: date = RECEIVED, **changed: str | None) -> Checked:
    return check(Penalty, {**PENALTY, **changed}, extra, received)


def licence(extra: Mapping[str, str] | None = None, received: date = RECEIVED, **changed: str | None) -> Checked:
    return check(Licence, {**LICENCE, **changed}, extra, received)


def said(checked: Checked) -> list[tuple[str, str, str | None]]:
    """Code, severity and field of each finding, in order."""
    return [(finding.code, finding.severity, finding.field) for finding in checked.findings]


def words(checked: Checked) -> str:
    """Everything that was said, to look for what must not be there."""
    return "\n".join(text for one in (*checked.findings, *checked.notes) for text in (one.message_zh, one.message_en))


def only(checked: Checked) -> Finding:
    (finding,) = checked.findings
    return finding
