"""
One reader per catalogued field: from the text as sent to the value that may be kept (ID01-04, DG02-04).

Rules:
    - Length counts characters of the text as sent (DG02); a list of texts counts with its separators.
    - A value of a list is found as itself or through a synonym; a synonym is noted, anything else is DG03. What is
      not of the field's form (amount, whole number, yes or no) is DG03 too: the value is outside what the field holds.
    - A credit code's letter case, width and hyphens are read away; nothing else. A wrong code keeps the record out
      (ID01, ID02); a wrong organisation code inside or alone warns (ID03); whether the placeholder may stand is
      decided beside the counterparty kind.
    - A person's document number is masked before anything else sees it (m2): the record never holds it whole.

Source: DOMAIN 1.1, 1.4, 2.5.
"""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from schema.catalogue.conditions import Condition
from schema.catalogue.model import Category, Field, FieldSpec, FieldType, Mask
from schema.identifiers.citizen import (
    CITIZEN_LENGTH,
    is_citizen_number,
    masked_citizen_number,
    spans_of_citizen_numbers,
)
from schema.identifiers.organisation_code import ORGANISATION_CODE_LENGTH, is_organisation_code
from schema.identifiers.text import normalise_code
from schema.identifiers.uscc import PLACEHOLDER, USCC_LENGTH, UsccFinding, check_uscc, is_personal
from schema.rules.book import Rules
from schema.rules.value_list import ValueList
from schema.tiers import Tier
from schema.validation.amounts import fits, read_amount
from schema.validation.conditions import Value
from schema.validation.days import DateForm, read_day
from schema.validation.findings import Label, Remarks, quoted
from schema.validation.personal import PersonalData

Reader = Callable[[str, Remarks], Value | None]
"""Reads a text: '' or () if it says nothing after all, None if it cannot be read, and then it made a finding."""

YES = frozenset({"1", "true", "TRUE", "True", "是", "Y", "y"})
NO = frozenset({"0", "false", "FALSE", "False", "否", "N", "n"})
_INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?Z", re.ASCII)
_SEPARATORS = re.compile(r"\s*[;；]\s*")
_LOOSE_SEPARATORS = re.compile(r"\s*[、,，]\s*")
_FAULTS: Mapping[str, tuple[str, str]] = {
    "ID01": (
        "应为18位统一社会信用代码（不含 I、O、S、V、Z），实为{}位",
        "expected the 18 characters of a credit code (no I, O, S, V, Z), got {}",
    ),
    "ID02": ("统一社会信用代码校验码不符", "the check character of the credit code is wrong"),
    "ID04": ("此处不得使用占位代码", "the placeholder may not stand here"),
}
# The same few authorities stand in most rows: their codes are checked once.
_KNOWN_CODES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A field with what its reader needs."""

    spec: FieldSpec
    label: Label
    values: ValueList | None

    @property
    def field(self) -> Field:
        """Its catalogue entry."""
        return self.spec.field


def describe(spec: FieldSpec, rules: Rules) -> Described:
    """Gather what the reader of *spec* needs; raises `NoRuleError` if its value list is not in force."""
    return Described(
        spec=spec,
        label=Label(name=spec.name, zh=spec.field.zh, en=spec.field.en),
        values=rules.value_list(spec.field.values) if spec.field.values else None,
    )


def reader_of(one: Described, forms: AbstractSet[DateForm]) -> Reader:
    """Build the reader of a field."""
    reader = _reader_of_type(one, forms)
    return reader if one.field.length is None else _within_length(one, one.field.length, reader)


def _reader_of_type(one: Described, forms: AbstractSet[DateForm]) -> Reader:
    builders: Mapping[FieldType, Callable[[], Reader]] = {
        FieldType.TEXT: lambda: _text_reader(one),
        FieldType.CODE: lambda: _code_reader(one),
        FieldType.DATE: lambda: _day_reader(one, forms),
        FieldType.TIME: lambda: _form_reader(one, _TIME, str, "UTC 时间 YYYY-MM-DDTHH:MM:SSZ", "a time in UTC"),
        FieldType.AMOUNT: lambda: _amount_reader(one),
        FieldType.DECIMAL: lambda: _amount_reader(one),
        FieldType.INTEGER: lambda: _form_reader(one, _INTEGER, int, "整数", "a whole number"),
        FieldType.BOOLEAN: lambda: _boolean_reader(one),
        FieldType.TEXTS: lambda: _texts_reader(one),
    }
    return builders[one.field.type]()


def _within_length(one: Described, limit: int, reader: Reader) -> Reader:
    if one.field.type is FieldType.CODE:
        return reader

    def read(text: str, remarks: Remarks) -> Value | None:
        if len(text) > limit:
            _too_long(one, limit, len(text), remarks)
            return None
        return reader(text, remarks)

    return read


def _too_long(one: Described, limit: int, length: int, remarks: Remarks) -> None:
    remarks.error(
        "DG02",
        one.label,
        f"长度应不超过{limit}个字符，实为{length}个",
        f"expected at most {limit} characters, got {length}",
    )


def _text_reader(one: Described) -> Reader:
    if one.field.mask is Mask.M2 and one.field.category is Category.C03 and one.values is None:
        return lambda text, _: masked_citizen_number(normalise_code(text))
    values = one.values
    if values is not None:
        return lambda text, remarks: _find(one, values, text, remarks)
    if one.field.mask is Mask.M4:
        # Free text is searched for personal data all at once, by the checker.
        return lambda text, _: text

    def read(text: str, remarks: Remarks) -> Value | None:
        if len(text) >= CITIZEN_LENGTH and spans_of_citizen_numbers(text):
            _personal(one, remarks)
            return None
        return text

    return read


def _personal(one: Described, remarks: Remarks) -> None:
    remarks.error(
        "DG15",
        one.label,
        f"含{PersonalData.CITIZEN_NUMBER.zh}，不予接收",
        f"holds {PersonalData.CITIZEN_NUMBER.en}, not accepted",
    )


def _find(one: Described, values: ValueList, text: str, remarks: Remarks) -> str | None:
    found = values.find(text)
    if found is None:
        _not_listed(one, values, text, remarks)
    elif found != text:
        remarks.note(
            one.label, f"{quoted(one.field, text)}按“{found}”读取", f"{quoted(one.field, text)} read as “{found}”"
        )
    return found


def _not_listed(one: Described, values: ValueList, text: str, remarks: Remarks) -> None:
    listed = "、".join(values.values)
    more_zh = f"，或以“{values.open_prefix}”开头" if values.open_prefix else ""
    more_en = f", or a text that begins with “{values.open_prefix}”" if values.open_prefix else ""
    shown = quoted(one.field, text)
    remarks.error(
        "DG03",
        one.label,
        f"值{shown}不在值域内，应为：{listed}{more_zh}",
        f"value {shown} is not in the list, expected one of: {listed}{more_en}".replace("value  is", "value is"),
    )


def _texts_reader(one: Described) -> Reader:
    values = one.values

    def read(text: str, remarks: Remarks) -> Value | None:
        parts = [part for part in _SEPARATORS.split(text) if part]
        if values is None:
            return tuple(dict.fromkeys(parts))
        found = [_find(one, values, part, remarks) for whole in parts for part in _taken_apart(whole, values)]
        return None if None in found else tuple(dict.fromkeys(part for part in found if part is not None))

    return read


def _taken_apart(text: str, values: ValueList) -> list[str]:
    """Split at 、 and commas too, but only what is no value as it stands (a synonym may hold a 、)."""
    return [text] if values.find(text) is not None else [part for part in _LOOSE_SEPARATORS.split(text) if part]


def _day_reader(one: Described, forms: AbstractSet[DateForm]) -> Reader:
    def read(text: str, remarks: Remarks) -> Value | None:
        day = read_day(text, forms)
        if day is None:
            shown = quoted(one.field, text)
            remarks.error(
                "DG04",
                one.label,
                f"日期{shown}应为 YYYY-MM-DD 且存在",
                f"expected an existing day as YYYY-MM-DD{f', got {shown}' if shown else ''}",
            )
            return None
        return day.isoformat()

    return read


def _amount_reader(one: Described) -> Reader:
    precision = one.field.precision

    def read(text: str, remarks: Remarks) -> Value | None:
        amount = read_amount(text)
        if amount is None:
            remarks.error("DG03", one.label, "应为数字，不带单位", "expected a plain number without a unit")
            return None
        if amount != text:
            remarks.warn("DG16", one.label, "含千位分隔符，已删除", "has thousands separators, dropped")
        if precision is not None and not fits(amount, precision):
            whole, decimals = precision
            remarks.error(
                "DG02",
                one.label,
                f"应不超过{whole}位整数、{decimals}位小数",
                f"expected at most {whole} integer digits and {decimals} decimals",
            )
            return None
        return amount

    return read


def _boolean_reader(one: Described) -> Reader:
    def read(text: str, remarks: Remarks) -> Value | None:
        if text in YES:
            return True
        if text in NO:
            return False
        remarks.error("DG03", one.label, "应为 1（是）或 0（否）", "expected 1 (yes) or 0 (no)")
        return None

    return read


def _form_reader(one: Described, form: re.Pattern[str], make: Callable[[str], Value], zh: str, en: str) -> Reader:
    def read(text: str, remarks: Remarks) -> Value | None:
        if form.fullmatch(text):
            return make(text)
        remarks.error("DG03", one.label, f"应为{zh}", f"expected {en}")
        return None

    return read


def _code_reader(one: Described) -> Reader:
    values = one.values
    if values is not None:
        return lambda text, remarks: _find(one, values, text, remarks)
    if one.field.length == USCC_LENGTH:
        return _uscc_reader(one)
    if one.field.length == ORGANISATION_CODE_LENGTH:
        return _organisation_code_reader(one)
    limit = one.field.length

    def read(text: str, remarks: Remarks) -> Value | None:
        code = normalise_code(text)
        if limit is not None and len(code) > limit:
            _too_long(one, limit, len(code), remarks)
            return None
        return code

    return read


def _uscc_reader(one: Described) -> Reader:
    checked = lru_cache(maxsize=_KNOWN_CODES)(check_uscc)

    def read(text: str, remarks: Remarks) -> Value | None:
        found = checked(text)
        if not found.faults:
            return found.code
        if found.faults == ("ID03",):
            remarks.warn(
                "ID03",
                one.label,
                "其中的组织机构代码校验码不符，请核对",
                "the organisation code inside fails its own check, please verify",
            )
            return found.code
        if found.faults == ("ID04",) and one.field.required_when is Condition.NOT_NATURAL_PERSON:
            return PLACEHOLDER
        _wrong_code(one, found, normalise_code(text), remarks)
        return None

    return read


def _wrong_code(one: Described, found: UsccFinding, code: str, remarks: Remarks) -> None:
    if is_citizen_number(code):
        _personal(one, remarks)
        return
    zh, en = _FAULTS[found.faults[0]]
    meant = found.suggestion
    if meant and one.field.tier is Tier.P and not is_personal(meant):
        zh, en = f"{zh}；可能应为 {meant}，请核对原件", f"{en}; {meant} may be meant, verify with the original"
    remarks.error(found.faults[0], one.label, zh.format(len(code)), en.format(len(code)))


def _organisation_code_reader(one: Described) -> Reader:
    def read(text: str, remarks: Remarks) -> Value | None:
        code = normalise_code(text)
        if len(code) > ORGANISATION_CODE_LENGTH:
            _too_long(one, ORGANISATION_CODE_LENGTH, len(code), remarks)
            return None
        if code and not is_organisation_code(code):
            remarks.warn(
                "ID03", one.label, "组织机构代码校验码不符，请核对", "the check character is wrong, please verify"
            )
        return code

    return read
