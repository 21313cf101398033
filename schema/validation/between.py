"""
Rules that join fields of one record (ID04, DG05-DG08, DG10, DG11, DG14, DG18), and which kind has which.

Each rule reads values that were read without fault; what could not be read is a finding already.

Source: DOMAIN 2.5, 2.1 (placeholder), 5 (grades of a scheme), 17 (T01).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from schema.identifiers.names import name_key
from schema.identifiers.uscc import PLACEHOLDER
from schema.publicity.days import add_working_days
from schema.publicity.periods import penalty_periods
from schema.publicity.severity import resolve_severity
from schema.records import Severity
from schema.rules.book import RuleBook, Rules
from schema.validation.amounts import LARGE_FINE, agrees, fines_in, is_unit_slip
from schema.validation.conditions import INDIVIDUAL_BUSINESS, ORGANISATION, Values, kinds_of
from schema.validation.findings import Label, Remarks

PUBLIC_BODIES = ("11", "12", "13", "5")
"""First characters of codes that licensing and penalising bodies bear: 机关, 事业单位, 群众团体, and 社会组织."""

UPLOAD_LIMIT = "T01"
_KNOWN_DAYS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    What the rules of one checker look at besides the record.

    Attributes:
        rules: Rules in force on the record's day.
        authorities: Credit code -> name of known authorities, for DG11; empty: only the code's kind is looked at.
        labels: Field name -> label.
        upload_until: Decision day -> last day of a timely report (DG14); None where the rules have no limit.
        publicity_end: Decision day and class -> last day of publicity (DG18); None leaves DG18 out.
    """

    rules: Rules
    authorities: Mapping[str, str]
    labels: Mapping[str, Label]
    upload_until: Callable[[str], str] | None
    publicity_end: Callable[[str, Severity], str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One record under check: *received* is the day of receipt in ISO form."""

    values: Values
    extra: Mapping[str, str]
    received: str


Rule = Callable[[Setting, Case, Remarks], None]


def upload_limit(rules: Rules) -> Callable[[str], str] | None:
    """Build the function that tells until when a decision must be reported (DG14)."""
    limit = rules.time_limits.get(UPLOAD_LIMIT)
    if limit is None:
        return None
    count, calendar = limit.value, rules.calendar

    @lru_cache(maxsize=_KNOWN_DAYS)
    def until(decided: str) -> str:
        return add_working_days(date.fromisoformat(decided), count, calendar).day.isoformat()

    return until


def publicity_end(book: RuleBook) -> Callable[[str, Severity], str]:
    """Build the function that tells the last day of publicity by the rules alone (DG18)."""

    @lru_cache(maxsize=_KNOWN_DAYS)
    def end(decided: str, severity: Severity) -> str:
        return str(penalty_periods(book, decided_on=date.fromisoformat(decided), severity=severity).computed_to)

    return end


def _placeholder(setting: Setting, case: Case, remarks: Remarks) -> None:
    if case.values.get("counterparty_code") != PLACEHOLDER:
        return
    label = setting.labels["counterparty_code"]
    if case.values.get("counterparty_kind") == INDIVIDUAL_BUSINESS:
        remarks.warn("ID04", label, "为占位代码，不作为主体标识", "is the placeholder and identifies nobody")
    else:
        remarks.error("ID04", label, "占位代码仅限个体工商户使用", "the placeholder is for individual businesses only")


def _kind_and_code(setting: Setting, case: Case, remarks: Remarks) -> None:
    kind, prefix = case.values.get("counterparty_kind"), str(case.values.get("counterparty_code", ""))[:2]
    if (kind, prefix) in {(INDIVIDUAL_BUSINESS, "91"), (ORGANISATION, "92")}:
        remarks.error(
            "DG10",
            setting.labels["counterparty_kind"],
            f"“{kind}”与以{prefix}开头的统一社会信用代码不符",
            f"“{kind}” does not agree with a credit code that begins with {prefix}",
        )


def _not_in_future(name: str) -> Rule:
    def rule(setting: Setting, case: Case, remarks: Remarks) -> None:
        if str(case.values.get(name, "")) > case.received:
            remarks.error("DG05", setting.labels[name], "晚于接收日期", "is later than the day of receipt")

    return rule


def _in_order(first: str, then: str, *, refuse: bool = True) -> Rule:
    def rule(setting: Setting, case: Case, remarks: Remarks) -> None:
        earlier, later = case.values.get(first), case.values.get(then)
        if earlier is not None and later is not None and str(later) < str(earlier):
            say = remarks.error if refuse else remarks.warn
            label = setting.labels[first]
            say("DG06", setting.labels[then], f"早于{label.zh}", f"is earlier than: {label.en}")

    return rule


def _not_past(name: str) -> Rule:
    def rule(setting: Setting, case: Case, remarks: Remarks) -> None:
        day = case.values.get(name)
        if day is not None and str(day) < case.received:
            remarks.warn("DG07", setting.labels[name], "接收时已过期", "had already passed at receipt")

    return rule


def _fine(setting: Setting, case: Case, remarks: Remarks) -> None:
    amount = case.values.get("fine_amount")
    if not isinstance(amount, str) or "罚款" not in kinds_of(case.values):
        return
    label, fine = setting.labels["fine_amount"], Decimal(amount)
    if fine <= 0:
        remarks.error("DG08", label, "处罚类别包含罚款时应大于0", "expected more than 0 where the kinds include 罚款")
        return
    if fine > LARGE_FINE:
        remarks.warn("DG08", label, "超过10000万元，请核对单位", "is over 10,000 (万元), verify the unit")
    fines = fines_in(str(case.values.get("content", "")))
    if agrees(amount, fines):
        return
    if is_unit_slip(amount, fines):
        zh, en = "与处罚内容相差一万倍，疑将元填作万元", "is 10,000 times what the content says: yuan written as 万元?"
    else:
        zh, en = "与处罚内容所写金额相差超过1%", "differs from the amount in the content by more than 1%"
    remarks.warn("DG08", label, zh, en)


def _authority(setting: Setting, case: Case, remarks: Remarks) -> None:
    code = case.values.get("authority_code")
    if not isinstance(code, str):
        return
    label = setting.labels["authority_code"]
    if not code.startswith(PUBLIC_BODIES):
        remarks.warn(
            "DG11",
            label,
            "应为机关、事业单位、群众团体或社会组织的代码（11、12、13、5开头）",
            "expected the code of a public body or association (begins with 11, 12, 13 or 5)",
        )
    known = setting.authorities.get(code)
    name = str(case.values.get("authority_name", ""))
    if known is not None and name and name_key(known) != name_key(name):
        remarks.warn("DG11", label, "名称与代码在机关名录中不一致", "name and code disagree in the authority register")


def _timely(setting: Setting, case: Case, remarks: Remarks) -> None:
    decided = case.values.get("decided_on")
    if not isinstance(decided, str) or setting.upload_until is None:
        return
    # What the source had already published by a day, it had reported by that day.
    reported = min(case.received, case.extra.get("publicity_from") or case.received)
    if reported > decided and reported > setting.upload_until(decided):
        remarks.warn("DG14", setting.labels["decided_on"], "超过报送时限", "was reported after the time limit")


def _publicity_end(setting: Setting, case: Case, remarks: Remarks) -> None:
    sent = case.values.get("publicity_until") or case.extra.get("publicity_to")
    decided = case.values.get("decided_on")
    if setting.publicity_end is None or not isinstance(sent, str) or not isinstance(decided, str):
        return
    computed = setting.publicity_end(decided, _severity(setting, case))
    if computed != sent:
        remarks.warn(
            "DG18",
            setting.labels["publicity_until"],
            f"与按规则计算的 {computed} 不一致，以较早者为准",
            f"differs from {computed} by the rules; the earlier counts",
        )


def _severity(setting: Setting, case: Case) -> Severity:
    sent, violation = case.extra.get("severity"), case.values.get("violation_type")
    return resolve_severity(
        setting.rules,
        sent=Severity(sent) if sent else None,
        violation_type=violation if isinstance(violation, str) else None,
        penalty_kinds=kinds_of(case.values),
    ).severity


def _grade_of_scheme(setting: Setting, case: Case, remarks: Remarks) -> None:
    scheme = setting.rules.grade_schemes.get(str(case.values.get("scheme", "")))
    grade = case.values.get("grade")
    if scheme is not None and grade is not None and grade not in scheme.grades:
        listed = "、".join(scheme.grades)
        remarks.error(
            "DG03",
            setting.labels["grade"],
            f"不是该评价方案的等级，应为：{listed}",
            f"is no grade of the scheme, expected one of: {listed}",
        )


_COUNTERPARTY: tuple[Rule, ...] = (_placeholder, _kind_and_code)

RULES: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        "Registration": (_not_in_future("founded_on"), _in_order("valid_from", "valid_to"), _not_past("valid_to")),
        "Licence": (
            *_COUNTERPARTY,
            _not_in_future("decided_on"),
            _in_order("valid_from", "valid_to"),
            _in_order("decided_on", "valid_from", refuse=False),
            _not_past("valid_to"),
            _authority,
            _timely,
        ),
        "Penalty": (
            *_COUNTERPARTY,
            _not_in_future("decided_on"),
            _not_past("valid_until"),
            _fine,
            _authority,
            _timely,
            _publicity_end,
        ),
        "ListEntry": (
            _not_in_future("listed_on"),
            _in_order("listed_on", "term_end"),
            _in_order("listed_on", "removed_on"),
            _authority,
        ),
        "Grade": (
            _not_in_future("issued_on"),
            _in_order("issued_on", "valid_to"),
            _not_past("valid_to"),
            _grade_of_scheme,
        ),
        "Commitment": (
            _not_in_future("committed_on"),
            _in_order("committed_on", "due_on"),
            _in_order("committed_on", "fulfilled_on"),
        ),
        "SupplierSanction": (_in_order("starts_on", "ends_on"),),
        "Performance": (_not_in_future("evaluated_on"), _in_order("signed_on", "delivered_on")),
    },
)
"""Record kind -> its rules in order; a kind without an entry has none that join fields."""
