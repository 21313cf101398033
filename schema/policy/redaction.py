"""
Free text without the personal data in it (m4): citizen numbers, telephones, bank cards, e-mail, names by their place.

Rules:
    - Numbers and addresses become asterisks of the same length; a name keeps its family name (`张*`).
    - A number is looked at in folded form, so that full-width digits hide nothing.
    - A unified social credit code is no personal data and stays; so do days, alone or in a row.
    - A long number needs no true check digit to go, nor to stand by itself: sixteen digits or more, up to three
      separators between any two, are a citizen number or a card unless they are days or a credit code. Too much is
      hidden rather than too little; what holds a record back (DG15) is stricter.
    - Where a name's end cannot be told, one character too many is hidden rather than one too few.
    - Repeated until nothing changes, so that redacting twice is redacting once.

What it cannot see: a name that no title and no identity number stands beside. The catalogue therefore never relies on
m4 alone for fields that are made to carry names (C02).
"""

import re

from schema.identifiers.citizen import SEPARATOR, folded, spans_of_citizen_numbers
from schema.identifiers.uscc import is_uscc
from schema.policy.surnames import COMPOUND_SURNAMES, SURNAMES

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", re.ASCII)
_LANDLINE = re.compile(r"(?<!\d)\(?0\d{2,3}\)?[ -]?[2-9]\d{6,7}(?!\d)", re.ASCII)
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_PASSPORT = re.compile(
    r"(?<![0-9A-Za-z])(?:[EGDSPH][0-9]{8,10}|E[A-HJ-NP-Z][0-9]{7})(?![0-9])", re.ASCII | re.IGNORECASE
)
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{18}(?![0-9A-Za-z])")
# A run of digits as far as it goes, whatever is glued to it.
_RUN = re.compile(rf"[0-9](?:{SEPARATOR}{{0,3}}[0-9]){{14,}}(?:{SEPARATOR}{{0,3}}[Xx])?")
_DAY = re.compile(r"(?<!\d)(?:19|20)\d\d([-./])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)
_NO_DIGIT = re.compile(r"[^0-9]+")
_OLD_CITIZEN = re.compile(r"[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}", re.ASCII)
_BORN = re.compile(r"[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}", re.ASCII)
_CARD_DIGITS = 16
_SAID_IDENTITY = re.compile(r"身份证(?:件)?(?:号码|编号|号)?[ :：为是]{0,2}([0-9Xx*]{6,18})")
_SAID_ACCOUNT = re.compile(r"(?:银行卡|卡|账|帐|账户|帐户)(?:号码|号)[ :：为是]{0,2}((?:\d[ -]?){7,}\d)", re.ASCII)
_TITLE = re.compile(
    rf"(?:法定代表人|法人代表|负责人|责任人|联系人|经办人|姓名)([ :：（(为是系]{{0,3}})([{_HAN}]{{2,}}(?:·[{_HAN}]+)*)"
)
_BEFORE_IDENTITY = re.compile(rf"([{_HAN}]{{2,}}(?:·[{_HAN}]+)*)(?=[ ，,、（(]{{0,2}}身份证)")
# Words that begin with a family name's character and follow a title without a name between.
_NO_NAME = ("应当", "应该", "应及", "应在", "应对", "应按", "应予", "和其", "时任", "于", "有权", "相关", "须", "向")
_LONGEST_NAME = 4


def redact(text: str) -> str:
    """Take the personal data out of *text*; the result is never longer than *text*."""
    while (redacted := _once(text)) != text:
        text = redacted
    return text


def _once(text: str) -> str:
    plain = folded(text)
    spans = list(spans_of_citizen_numbers(text))
    numbers = _CREDIT_CODE.sub(_as_letters, plain)
    spans += [found.span() for found in _RUN.finditer(numbers) if _is_personal(found.group())]
    spans += [found.span() for found in _PASSPORT.finditer(numbers)]
    for pattern in (_MOBILE, _LANDLINE, _EMAIL):
        spans += [found.span() for found in pattern.finditer(plain)]
    for said in (_SAID_IDENTITY, _SAID_ACCOUNT):
        spans += [found.span(1) for found in said.finditer(plain)]
    characters = list(text)
    for start, end in spans:
        characters[start:end] = "*" * (end - start)
    return _without_names("".join(characters))


def _as_letters(found: re.Match[str]) -> str:
    return "U" * len(found.group()) if is_uscc(found.group().upper()) else found.group()


def _is_personal(run: str) -> bool:
    """Whether *run*, fifteen digits or more with their separators, is or holds a person's number."""
    pieces = [_NO_DIGIT.sub("", piece) for piece in _DAY.sub("|", run).split("|")]
    if not any(pieces):
        return False
    return _BORN.search(_NO_DIGIT.sub("", run)) is not None or any(
        len(piece) >= _CARD_DIGITS or _OLD_CITIZEN.fullmatch(piece) for piece in pieces
    )


def _without_names(text: str) -> str:
    text = _TITLE.sub(_named_after_title, text)
    return _BEFORE_IDENTITY.sub(_named_before_identity, text)


def _named_after_title(found: re.Match[str]) -> str:
    run = found[2]
    if run.startswith(_NO_NAME) or not _begins_like_a_name(run) or _is_masked(found):
        return found.group()
    kept, length = _extent(run)
    head = found.group()[: -len(run)]
    return f"{head}{run[:kept]}*{run[length:]}"


def _is_masked(found: re.Match[str]) -> bool:
    return found[2] in COMPOUND_SURNAMES and found.string.startswith("*", found.end())


def _extent(run: str) -> tuple[int, int]:
    """How much of *run* is shown, and how much of it is the name."""
    kept = 2 if run[:2] in COMPOUND_SURNAMES and run[2:] else 1
    if "·" in run:
        return kept, len(run)
    return kept, len(run) if len(run) <= _LONGEST_NAME else kept + 2


def _named_before_identity(found: re.Match[str]) -> str:
    run = found.group().removesuffix("居民").removesuffix("公民")
    rest = found.group()[len(run) :]
    if "·" in run:
        return f"{run[0]}*{rest}"
    last = range(max(0, len(run) - _LONGEST_NAME), len(run) - 1)
    start = next((place for place in last if _begins_like_a_name(run[place:])), None)
    if start is None:
        return found.group()
    name = run[start:]
    return f"{run[:start]}{name[: _extent(name)[0]]}*{rest}"


def _begins_like_a_name(run: str) -> bool:
    return run[0] in SURNAMES or run[:2] in COMPOUND_SURNAMES or "·" in run
