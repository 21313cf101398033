"""
Dirt: what real sources do to good records, at documented rates, the same for the same record every time.

Rules:
    - At most one kind of dirt falls on a row; the showcase is never dirty; `World(dirt=False)` has none.
    - Only dirt puts a number in the form of a citizen number into a text, and only one of place 990000, which no
      register uses, with a birth date in 1900.
    - Duplicates, corrections and tombstones change what is delivered, not a row: `again` and `fate` decide them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from connectors.sandbox.decisions import Values
from connectors.sandbox.draws import Draws
from connectors.sandbox.names import person_name
from schema.identifiers.uscc import USCC_ALPHABET, check_character, is_uscc

PER: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where a kind keeps what dirt falls on: column codes, None where the kind has no such column."""

    name: str
    code: str
    organisation: str | None
    document: str
    text: str
    day: str
    listed: str
    fine: str | None = None


SHAPES: Final[Mapping[str, Shape]] = {
    "Registration": Shape(
        name="JGMC", code="TYSHXYDM", organisation=None, document="GSZCH", text="JYFW", day="CLRQ", listed="DJZT"
    ),
    "Licence": Shape(
        name="XK_XDR_MC",
        code="XK_XDR_SHXYM",
        organisation="XK_XDR_ZZJG",
        document="XK_WSH",
        text="XK_NR",
        day="XK_JDRQ",
        listed="XK_XKLB",
    ),
    "Penalty": Shape(
        name="CF_XDR_MC",
        code="CF_XDR_SHXYM",
        organisation="CF_XDR_ZZJG",
        document="CF_WSH",
        text="CF_SY",
        day="CF_JDRQ",
        listed="CF_CFLB",
        fine="CF_NR_FK",
    ),
    "ListEntry": Shape(
        name="ZTMC", code="ZTDM", organisation=None, document="LRWSH", text="LRYY", day="LRRQ", listed="MDDM"
    ),
    "Grade": Shape(name="ZTMC", code="ZTDM", organisation=None, document="ZSBH", text="BZ", day="FBRQ", listed="XYDJ"),
    "Commitment": Shape(
        name="ZTMC", code="ZTDM", organisation=None, document="CNBH", text="CNNR", day="CNRQ", listed="CNLX"
    ),
    "Arrears": Shape(
        name="YHMC", code="TYSHXYDM", organisation=None, document="YDHH", text="BZ", day="JZRQ", listed="QFZT"
    ),
}
"""Kinds that dirt falls on. The group's own system is kept clean: it is asked live, by code."""


class Fate(Enum):
    """What becomes of a row after it was first delivered."""

    STAYS = "stays"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


CORRECTED_RATE: Final = 200
WITHDRAWN_RATE: Final = 50
DUPLICATE_RATE: Final = 50

_OCR: Final = str.maketrans("电力有限公司工程燃气能源科技", "甩カ冇哏公可エ稈燃乞能原料枝")
_FULL_WIDTH: Final = {ord(character): ord(character) + 0xFEE0 for character in "0123456789-"}
_CITIZEN_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _wrong_check(values: Values, shape: Shape, draws: Draws) -> None:
    code = values[shape.code]
    if code:
        right = USCC_ALPHABET.index(check_character(code[:-1]))
        values[shape.code] = code[:-1] + USCC_ALPHABET[(right + draws.between(1, 30)) % len(USCC_ALPHABET)]


def _old_number(values: Values, shape: Shape, draws: Draws) -> None:
    values[shape.code] = f"51{draws.below(10**9):09d}{draws.below(10_000):04d}"


def _no_code(values: Values, shape: Shape, _draws: Draws) -> None:
    values[shape.code] = None
    if shape.organisation:
        values[shape.organisation] = None


def _organisation_only(values: Values, shape: Shape, _draws: Draws) -> None:
    code = values[shape.code]
    if code and shape.organisation:
        values[shape.organisation], values[shape.code] = code[8:17], None
    elif code:
        values[shape.code] = f"{code[8:16]}-{code[16]}"


def _wide_digits(values: Values, shape: Shape, _draws: Draws) -> None:
    column = shape.document if values.get(shape.document) else shape.day
    values[column] = (values[column] or "").translate(_FULL_WIDTH)


def _read_by_machine(values: Values, shape: Shape, _draws: Draws) -> None:
    values[shape.name] = (values[shape.name] or "").translate(_OCR)


def _empty(values: Values, shape: Shape, draws: Draws) -> None:
    values[shape.day] = draws.one_of(("", "无", "/", "null", "暂无"))


def _unlisted(values: Values, shape: Shape, _draws: Draws) -> None:
    values[shape.listed] = "见附件"


def _odd_day(values: Values, shape: Shape, draws: Draws) -> None:
    year, month, day = (values[shape.day] or "2026-01-01").split("-")
    values[shape.day] = draws.one_of(
        (f"{year}/{int(month)}/{int(day)}", f"{year}年{int(month)}月{int(day)}日", f"{year}-02-30"),
    )


def _day_to_come(values: Values, shape: Shape, _draws: Draws) -> None:
    values[shape.day] = f"21{(values[shape.day] or '2026-01-01')[2:]}"


def _citizen_number(values: Values, shape: Shape, draws: Draws) -> None:
    if shape.text:
        values[shape.text] = (
            f"{values.get(shape.text) or ''}经办人身份证号{invented_citizen_number(draws.below(999))}。"
        )


def _unit_slip(values: Values, shape: Shape, _draws: Draws) -> None:
    amount = values.get(shape.fine) if shape.fine else None
    if shape.fine and amount:
        whole, _, rest = amount.partition(".")
        values[shape.fine] = f"{int(whole + rest[:4])}.000000"


Spoil = Callable[[Values, Shape, Draws], None]

RATES: Final[tuple[tuple[str, int, Spoil], ...]] = (
    ("wrong_check", 70, _wrong_check),  # ID02; 0.69 % of published rows fail
    ("old_number", 20, _old_number),  # ID01: a 15-digit registration number in the code's column
    ("no_code", 40, _no_code),  # DG01
    ("organisation_only", 40, _organisation_only),
    ("wide_digits", 80, _wide_digits),  # DG16
    ("read_by_machine", 40, _read_by_machine),  # OCR-like name
    ("empty", 30, _empty),  # DG01 by 无, /, null, 暂无
    ("unlisted", 20, _unlisted),  # DG03
    ("odd_day", 30, _odd_day),  # DG04
    ("day_to_come", 10, _day_to_come),  # DG05
    ("citizen_number", 15, _citizen_number),  # DG15
)
"""Kinds of dirt, rows in 10,000, and what is done. 395 in 10,000 rows are dirty."""

UNIT_SLIP_RATE: Final = 300
"""Of penalties with a fine that are otherwise clean: 元 in the 万元 column (DG08)."""


def soil(kind: str, values: Values, name: tuple[object, ...]) -> str | None:
    """
    Spoil *values* in place as the draws of *name* have it.

    Returns:
        The name of the dirt, None if the row stays clean.
    """
    shape = SHAPES.get(kind)
    if shape is None:
        return None
    draws = Draws("dirt", *name)
    at = draws.below(PER)
    for label, rate, spoil in RATES:
        if at < rate:
            spoil(values, shape, draws)
            return label
        at -= rate
    if shape.fine and values.get(shape.fine) and draws.happens(UNIT_SLIP_RATE):
        _unit_slip(values, shape, draws)
        return "unit_slip"
    return None


def fate(name: tuple[object, ...]) -> Fate:
    """Decide whether the row of *name* is later corrected or withdrawn."""
    at = Draws("fate", *name).below(PER)
    if at < CORRECTED_RATE:
        return Fate.CORRECTED
    return Fate.WITHDRAWN if at < CORRECTED_RATE + WITHDRAWN_RATE else Fate.STAYS


def earlier(kind: str, values: Values, name: tuple[object, ...]) -> Values:
    """Give *values* as they were first delivered, before they were corrected."""
    if kind == "Arrears":
        return values | {"QFZT": "欠费中", "QFJE": values["YJJE"], "JQRQ": None}
    if kind == "Commitment":
        return values | {"LYZT": "履行中", "LYRQ": None}
    if kind == "ListEntry":
        return values | {"LRYY": "原因待补充"}
    prefix = "CF" if kind == "Penalty" else "XK"
    return values | {f"{prefix}_FRDB": person_name(Draws("earlier", *name)), "BZ": "法定代表人待核"}


def again(name: tuple[object, ...]) -> bool:
    """Decide whether the row of *name* stands twice in its package."""
    return Draws("again", *name).happens(DUPLICATE_RATE)


def invented_citizen_number(order: int) -> str:
    """Compose a number that has the form of a citizen number and can be nobody's: place 990000, born in 1900."""
    body = f"99000019000101{order:03d}"
    weighed = sum(int(digit) * weight for digit, weight in zip(body, _CITIZEN_WEIGHTS, strict=True))
    number = body + "10X98765432"[weighed % 11]
    # One in some hundreds passes as a credit code as well, and is then no citizen number to anyone.
    return number if not is_uscc(number) else invented_citizen_number((order + 1) % 1000)
