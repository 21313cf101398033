"""
Amounts: kept as the exact decimal text the source gave (万元), and compared with what the decision's text says (DG08).

Rules:
    - Digits, at most one point, at most one leading minus; no unit, no sign of currency. Thousands separators are
      dropped, which loses nothing, and warned of. Never a float.
    - A fine written in the text (`罚款人民币伍万元整`, `处5万元罚款`) is read in yuan, in digits or Chinese numerals.
    - A text may name several fines: the field agrees if it is one of them or their sum, within one per cent.

Source: DOMAIN 2.5.
"""

import re
from decimal import Decimal

LARGE_FINE = Decimal(10_000)
"""万元; a larger fine is possible, but is more often yuan written as 万元."""

TOLERANCE = Decimal("0.01")
YUAN_PER_WAN = Decimal(10_000)

_PLAIN = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_GROUPED = re.compile(r"-?\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?", re.ASCII)

_DIGITS = dict(
    zip("零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖两貳參陸", (*range(10), *range(10), 2, 2, 3, 6), strict=True)
)
_PLACES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_NUMERALS = "".join([*_DIGITS, *_PLACES, "万萬亿億"])
# A number begins where no digit stands before it: a long run of digits is then read once, not from each of its digits.
_NUMBER = (
    rf"(?:(?<![\d,，])(?P<digits>\d[\d,，]*(?:\.\d+)?)\s?(?P<unit>亿|千万|百万|十万|万|千)?"
    rf"|(?<![{_NUMERALS}])(?P<numerals>[{_NUMERALS}]+))\s?元"
)
_AFTER = re.compile(rf"罚款[^\d{_NUMERALS}，,。；;\n]{{0,12}}{_NUMBER}", re.ASCII)
_BEFORE = re.compile(rf"{_NUMBER}整?(?:人民币)?(?:的|行政|之)?罚款", re.ASCII)
_UNITS = {None: 1, "千": 10**3, "万": 10**4, "十万": 10**5, "百万": 10**6, "千万": 10**7, "亿": 10**8}


def read_amount(text: str) -> str | None:
    """Read *text* as an amount: the same text, without thousands separators; None if it is no plain number."""
    if _PLAIN.fullmatch(text):
        return text
    return text.replace(",", "").replace("，", "") if _GROUPED.fullmatch(text) else None


def fits(amount: str, precision: tuple[int, int]) -> bool:
    """Whether *amount* has no more integer digits and decimals than *precision* allows."""
    whole, _, decimals = amount.lstrip("-").partition(".")
    return len(whole.lstrip("0")) <= precision[0] and len(decimals) <= precision[1]


def fines_in(text: str) -> tuple[Decimal, ...]:
    """Find the fines that *text* names, in yuan; `数万元罚款` names none."""
    if "元" not in text or "罚款" not in text:
        return ()
    found = (_yuan(one) for pattern in (_AFTER, _BEFORE) for one in pattern.finditer(text))
    return tuple(fine for fine in found if fine)


def agrees(amount: str, fines: tuple[Decimal, ...]) -> bool:
    """Whether *amount* (万元) is one of *fines* (yuan) or their sum, within `TOLERANCE`; always, if there are none."""
    yuan = Decimal(amount) * YUAN_PER_WAN
    return not fines or any(abs(fine - yuan) <= abs(yuan) * TOLERANCE for fine in (*fines, sum(fines, Decimal(0))))


def is_unit_slip(amount: str, fines: tuple[Decimal, ...]) -> bool:
    """Whether *amount* would agree with *fines* if it were yuan instead of 万元."""
    return agrees(str(Decimal(amount) / YUAN_PER_WAN), fines)


def _yuan(found: re.Match[str]) -> Decimal:
    if found["digits"]:
        return Decimal(found["digits"].replace(",", "").replace("，", "")) * _UNITS[found["unit"]]
    return Decimal(_numeral(found["numerals"]))


def _numeral(text: str) -> int:
    """Read a Chinese numeral; a place without a digit counts one (十 is 10)."""
    total = section = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character]
        elif character in _PLACES:
            section += (digit or 1) * _PLACES[character]
            digit = 0
        elif character in "万萬":
            total += (section + digit) * 10**4
            section = digit = 0
        else:
            total = (total + section + digit) * 10**8
            section = digit = 0
    return total + section + digit
