"""
Columns outside the catalogue that the hub understands (`connectors.port.EXTRA_COLUMNS`), read like fields.

Rules:
    - What decides publicity or disclosure must be understood: an unknown 失信程度 or 公开范围 is DG03 and keeps the
      record out, because leaving it out could show more than the source meant.
    - Days are ISO (DG04), flags are yes or no, the violation index is a whole number from 1 (DG03).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from schema.rules.book import Rules
from schema.validation.days import DateForm, read_day
from schema.validation.fields import NO, YES
from schema.validation.findings import Label, Remarks
from schema.validation.personal import personal_spans
from schema.validation.texts import EMPTY_WORDS, mended

_LABELS: Mapping[str, Label] = {
    name: Label(name=name, zh=zh, en=en)
    for name, zh, en in (
        ("severity", "失信程度", "Class of dishonesty"),
        ("publicity_from", "公示日期", "First day of publicity"),
        ("publicity_to", "公示截止日期", "Last day of publicity"),
        ("publicity_state", "公示状态", "State of publicity"),
        ("withdrawal_reason", "撤销处罚的原因说明", "Reason for withdrawal"),
        ("case_withdrawn", "撤销立案", "Case withdrawn"),
        ("repaired", "信用修复", "Repaired"),
        ("disclosure", "公开范围", "Range of disclosure"),
        ("violation_index", "违法行为序号", "Violation index"),
        ("public_bulletin", "公开通报", "Public bulletin"),
    )
}
_LISTED = frozenset({"severity", "disclosure"})
_DAYS = frozenset({"publicity_from", "publicity_to"})
_LONGEST_INDEX = 4
_FLAGS = frozenset({"case_withdrawn", "repaired", "public_bulletin"})


class ExtraReader:
    """
    Reads `Row.extra` under one set of rules.

    Args:
        rules: Rules in force on the record's day.
        forms: Date forms the site declares besides ISO.

    Raises:
        NoRuleError: the list of classes or of disclosures is not in force.
    """

    def __init__(self, rules: Rules, forms: AbstractSet[DateForm]) -> None:
        self._lists = {name: rules.value_list(name) for name in _LISTED}
        self._forms = forms

    def read(self, extra: Mapping[str, str], remarks: Remarks) -> dict[str, str]:
        """Read *extra*; flags become `1` and `0`. What cannot be read is left out and found fault with."""
        read: dict[str, str] = {}
        for name, text in extra.items():
            label = _LABELS.get(name)
            if label is None:
                remarks.note(Label(name=name, zh=name, en=name), "未知的附加列，已忽略", "unknown column, ignored")
                continue
            clean, faults = mended(text)
            for fault in faults:
                remarks.warn("DG16", label, fault.zh, fault.en)
            stripped = clean.strip()
            value = None if stripped in EMPTY_WORDS else self._value(name, stripped, label, remarks)
            if value is not None:
                read[name] = value
        return read

    def _value(self, name: str, text: str, label: Label, remarks: Remarks) -> str | None:
        if name in _LISTED:
            return self._listed(name, text, label, remarks)
        if name in _DAYS:
            return self._day(text, label, remarks)
        if name in _FLAGS:
            return _flag(text, label, remarks)
        if name == "violation_index":
            return _index(text, label, remarks)
        return _free(text, label, remarks)

    def _listed(self, name: str, text: str, label: Label, remarks: Remarks) -> str | None:
        values = self._lists[name]
        found = values.find(text)
        if found is None:
            listed = "、".join(values.values)
            remarks.error("DG03", label, f"应为：{listed}", f"expected one of: {listed}")
        elif found != text:
            remarks.note(label, f"按“{found}”读取", f"read as “{found}”")
        return found

    def _day(self, text: str, label: Label, remarks: Remarks) -> str | None:
        day = read_day(text, self._forms)
        if day is None:
            remarks.error("DG04", label, "应为 YYYY-MM-DD 且存在", "expected an existing day as YYYY-MM-DD")
            return None
        return day.isoformat()


def _flag(text: str, label: Label, remarks: Remarks) -> str | None:
    if text in YES:
        return "1"
    if text in NO:
        return "0"
    remarks.error("DG03", label, "应为 1（是）或 0（否）", "expected 1 (yes) or 0 (no)")
    return None


def _index(text: str, label: Label, remarks: Remarks) -> str | None:
    """Read a violation index; `01` is `1`, because it is part of the record key."""
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_INDEX and int(text) > 0:
        return str(int(text))
    remarks.error("DG03", label, "应为从1起的整数", "expected a whole number from 1")
    return None


def _free(text: str, label: Label, remarks: Remarks) -> str | None:
    for data in dict.fromkeys(span.kind for span in personal_spans(text)):
        remarks.error("DG15", label, f"含{data.zh}，不予公示", f"holds {data.en}, not to be published")
    return text
