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
# People break the number after the place and the date; anything glued on is part of another number.
_SHAPE = re.compile(r"(?<![0-9A-Za-z])[1-9](?:[ -]?\d){16}[ -]?[0-9Xx](?![0-9A-Za-z])", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -")


def is_citizen_number(text: str) -> bool:
    """Whether *text* (18 characters, no separators) is a citizen number: a possible birth date and a true check."""
    if len(text) != CITIZEN_LENGTH or not text.isascii() or not text[:17].isdigit():
        return False
    weighed = sum(map(mul, map(int, text[:17]), _WEIGHTS))
    return _CHECKS[weighed % 11] == text[17].upper() and _is_birth_date(text[6:14]) and not is_uscc(text.upper())


def spans_of_citizen_numbers(text: str) -> tuple[tuple[int, int], ...]:
    """
    Find citizen numbers in free text.

    Returns:
        Start and end of each, in *text* as it stands; full-width digits and single spaces or hyphens between digits
        are seen through. The numbers themselves are not returned: the caller masks or refuses.
    """
    folded = _folded(text)
    return tuple(
        found.span() for found in _SHAPE.finditer(folded) if is_citizen_number(found.group().translate(_SEPARATORS))
    )


def masked_citizen_number(number: str) -> str:
    """Mask *number* as m2: positions 7-14 and 18 hidden, `110105********002*`. Shorter texts are hidden whole."""
    if len(number) != CITIZEN_LENGTH:
        return "*" * len(number)
    return f"{number[:6]}********{number[14:17]}*"


def _is_birth_date(digits: str) -> bool:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return _FIRST_YEAR <= born.year <= _LAST_YEAR


def _folded(text: str) -> str:
    """Fold full-width forms one character to one, so that places stay where they are."""
    if text.isascii():
        return text
    return "".join([_fold(character) for character in text])


def _fold(character: str) -> str:
    folded = normalize("NFKC", character)
    return folded if len(folded) == 1 else character
