"""
Personal data in free text (DG15): found so that the record is held back.

What a reader is shown is another matter: `schema.policy` masks (m4) more than is refused here.

Rules:
    - A citizen number needs its date and check, and may be broken anywhere (`schema.identifiers.citizen`); a mobile
      number its eleven digits; a bank card its issuer digit and Luhn check; an account number the word 账号, 账户 or
      卡号 before it. Other long numbers are left alone.
    - A minor is named where 未成年 introduces a name, or where a name is followed by an age below eighteen. `张某` and
      `张某某` are no names: that is how a decision hides them.
    - The hub takes organisations only: it is better to hold a good record back than to publish a person.

Source: DOMAIN 2.5 (DG15), 9.
"""

import re
from dataclasses import dataclass
from enum import Enum

from schema.identifiers.citizen import may_hold_citizen_number, spans_of_citizen_numbers
from schema.identifiers.uscc import is_uscc


class PersonalData(Enum):
    """Kind of personal data: zh and en for the message."""

    CITIZEN_NUMBER = ("公民身份号码", "a citizen number")
    MOBILE = ("手机号码", "a mobile number")
    BANK_ACCOUNT = ("银行卡号或账号", "a bank card or account number")
    MINOR = ("未成年人姓名", "a minor's name")

    @property
    def zh(self) -> str:
        """Chinese name."""
        return self.value[0]

    @property
    def en(self) -> str:
        """English name."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalSpan:
    """Where personal data stands in a text: characters *start* to *end*, the end exclusive."""

    kind: PersonalData
    start: int
    end: int


# Without nine digits in a row (single spaces or hyphens between) there is no number to look for.
_LONG_NUMBER = re.compile(r"(?:[0-9][ -]?){8}[0-9]")
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?![0-9A-Za-z]|\.\d|\s*[万亿]?元)", re.ASCII
)
_CARD = re.compile(r"(?<![0-9A-Za-z])[3-69](?:[ -]?\d){15,18}(?![0-9A-Za-z])", re.ASCII)
_ACCOUNT = re.compile(
    r"(?:[账帐][号户]|卡号)[^0-9A-Za-z，。；,;\n]{0,6}(?P<number>\d(?:[ -]?\d){8,29})(?!\d)", re.ASCII
)
_SEPARATORS = str.maketrans("", "", " -")

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎易武乔贺赖龚文庞樊兰殷施陶洪翟颜倪严牛"
)
_GIVEN = r"(?:[\u4e00-\u9fff]{1,2})"
_NAME = rf"(?:欧阳|上官|司马|诸葛|[{_SURNAMES}]){_GIVEN}"
_HIDDEN_NAME = re.compile(r"[某ｘXx×*＊]|[\u4e00-\u9fff]某")
_INTRODUCED = re.compile(
    r"未成年(?:人|工|学生|子女|女儿|儿子|孩子)?(?:姓名)?[:：（(“\"、 ]*"
    rf"(?P<name>{_NAME})(?=[）)，,、。；;”\"\s（(]|等|系|在|的|$)",
)
_AGED = re.compile(
    rf"(?P<name>{_NAME})[（(，, ]{{1,2}}(?:[男女]性?[，,、 ]*)?(?:现?年龄?[:：]?)?(?P<age>\d{{1,2}})周?岁",
)
_OF_AGE = 18


def may_hold_personal_data(text: str) -> bool:
    """Whether *text* (half-width digits) is worth a search: quick, and never False where there is something."""
    return _LONG_NUMBER.search(text) is not None or may_hold_citizen_number(text) or "岁" in text or "未成年" in text


def personal_spans(text: str) -> tuple[PersonalSpan, ...]:
    """Find personal data in *text* (half-width digits), in the order they stand; spans may touch but not overlap."""
    found: list[PersonalSpan] = []
    found += [_span(PersonalData.CITIZEN_NUMBER, *span) for span in spans_of_citizen_numbers(text)]
    if _LONG_NUMBER.search(text):
        found += [_span(PersonalData.BANK_ACCOUNT, *one.span("number")) for one in _ACCOUNT.finditer(text)]
        found += [_span(PersonalData.BANK_ACCOUNT, *one.span()) for one in _CARD.finditer(text) if _is_card(one[0])]
        found += [_span(PersonalData.MOBILE, *one.span()) for one in _MOBILE.finditer(text)]
    if "岁" in text or "未成年" in text:
        found += [_span(PersonalData.MINOR, *one.span("name")) for one in _minors(text)]
    return _without_overlaps(found)


def _minors(text: str) -> list[re.Match[str]]:
    introduced = list(_INTRODUCED.finditer(text))
    aged = [one for one in _AGED.finditer(text) if int(one["age"]) < _OF_AGE]
    return [one for one in (*introduced, *aged) if not _HIDDEN_NAME.search(one["name"])]


def _is_card(text: str) -> bool:
    digits = text.translate(_SEPARATORS)
    if is_uscc(digits):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004  Luhn's own numbers


def _span(kind: PersonalData, start: int, end: int) -> PersonalSpan:
    return PersonalSpan(kind=kind, start=start, end=end)


def _without_overlaps(found: list[PersonalSpan]) -> tuple[PersonalSpan, ...]:
    kept: list[PersonalSpan] = []
    for span in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)
