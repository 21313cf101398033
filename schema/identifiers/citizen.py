"""
Citizen numbers (公民身份号码): recognised so that they can be refused or masked; never a key, never stored.

Rules:
    - Eighteen characters: place (6), date of birth (8), order (3), check (ISO 7064 MOD 11-2).
    - A run of digits counts as one only if its place, date and check all hold: other long numbers are left alone.
    - Masked, the whole date of birth and the check are hidden. Hiding only the year leaves about six candidates,
      because the check digit gives the year away.

Source: GB 11643-1999 (DOMAIN 1.4).
"""

import re
from datetime import date
from operator import mul
from unicodedata import normalize

from schema.identifiers.uscc import is_uscc

CITIZEN_LENGTH = 18

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR, _LAST_YEAR = 1900, 2099
# People break the number after the place and the date, editors anywhere: by white space and line ends, hyphens and
# dashes, dots, slashes, underscores, commas, characters without width. Full-width ones fold to these.
SEPARATOR = r"[\s.·•・/_,\u00ad\u200b-\u200d\u2010-\u2015\u2060\u2212\ufeff-]"
"""One character that may stand between the digits of a number, in folded text; at most three in a row do."""
# Anything glued on is part of another number. Matched ahead, so that a number that stands before hides nothing.
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z])(?=([1-9](?:{SEPARATOR}{{0,3}}[0-9]){{16}}{SEPARATOR}{{0,3}}[0-9Xx])(?![0-9A-Za-z]))"
)
_NO_DIGIT = re.compile(r"[^0-9Xx]+")
# Seventeen characters in a row of which none rules a number out: the quick look, before anything is folded.
_STRETCH = re.compile(
    r"[\d\s.·•・/_,\u00ad\u200b-\u200d\u2010-\u2015\u2060\u2212\ufeff"
    r"²³¹\u2070-\u2089\u2460-\u24ff\ufe50-\ufe6f，－．／＿･-]{17}"
)


def is_citizen_number(text: str) -> bool:
    """Whether *text* (18 characters, no separators) is a citizen number: a possible birth date and a true check."""
    if len(text) != CITIZEN_LENGTH or not text.isascii() or not text[:17].isdigit():
        return False
    weighed = sum(map(mul, map(int, text[:17]), _WEIGHTS))
    return _CHECKS[weighed % 11] == text[17].upper() and _is_birth_date(text[6:14]) and not is_uscc(text.upper())


def may_hold_citizen_number(text: str) -> bool:
    """Whether *text* is worth a search: quick, and never False where `spans_of_citizen_numbers` finds something."""
    return _STRETCH.search(text) is not None


def spans_of_citizen_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """
    Find citizen numbers in free text.

    Returns:
        Start and end of each, in *text* as it stands, none overlapping; full-width forms and up to three separators
        between any two digits are seen through. The numbers themselves are not returned: the caller masks or refuses.
    """
    if not may_hold_citizen_number(text):
        return ()
    spans: list[tuple[int, int]] = []
    for found in _SHAPE.finditer(folded(text)):
        free = not spans or found.start(1) >= spans[-1][1]
        if free and is_citizen_number(_NO_DIGIT.sub("", found[1])):
            spans.append(found.span(1))
    return tuple(spans)


def masked_citizen_number(number: str) -> str:
    """Mask *number* as m2: positions 7-14 and 18 hidden, `110105********002*`. Shorter texts are hidden whole."""
    if len(number) != CITIZEN_LENGTH:
        return "*" * len(number)
    return f"{number[:6]}********{number[14:17]}*"


def folded(text: str) -> str:
    """Fold full-width forms one character to one, so that places stay where they are."""
    if text.isascii():
        return text
    return "".join([_fold(character) for character in text])


def _is_birth_date(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return _FIRST_YEAR <= born.year <= _LAST_YEAR


def _fold(character: str) -> str:
    plain = normalize("NFKC", character)
    return plain if len(plain) == 1 else character
