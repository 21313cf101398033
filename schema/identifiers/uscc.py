"""
Unified social credit codes (统一社会信用代码): read, checked, taken apart, composed; never guessed.

Rules:
    - ID01 (E): not 18 characters of the alphabet, which has no I, O, S, V, Z.
    - ID02 (E): the check character is wrong.
    - ID03 (W): the check character is right, the organisation code inside is not (94 published codes are so).
    - ID04 (W): the placeholder `00000000000000000X`; accepted where the field standard allows it, never a key.
    - A letter the alphabet left out for its looks (`O` for `0`) gives a suggestion for a person, and only if both
      checks then hold. Nothing is corrected here; the caller keeps the text as it came.
    - A wrong check character gives no suggestion: swapping look-alikes "mended" one in nine of the published wrong
      codes, all by chance.

Source: GB 32100-2015 (DOMAIN 1.1, 1.2).
"""

from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from typing import Literal

from schema.identifiers.organisation_code import is_organisation_code, organisation_check
from schema.identifiers.text import normalise_code

__all__ = [
    "PLACEHOLDER",
    "USCC_ALPHABET",
    "USCC_LENGTH",
    "Fault",
    "UsccFinding",
    "UsccParts",
    "check_character",
    "check_uscc",
    "compose",
    "is_personal",
    "is_uscc",
    "normalise_code",
    "parts_of",
]

Fault = Literal["ID01", "ID02", "ID03", "ID04"]

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_LENGTH = 18
PLACEHOLDER = "00000000000000000X"

_CHARACTERS = frozenset(USCC_ALPHABET)
_VALUES = bytes.maketrans(USCC_ALPHABET.encode(), bytes(range(len(USCC_ALPHABET))))
# 3^(i-1) mod 31. The eighteenth weighs 1: then a true code sums to a multiple of 31.
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_WEIGHTS_WITH_CHECK = (*_WEIGHTS, 1)
_PRIME = 31
_PREFIX_LENGTH = 8
_PERSONAL_PREFIX = "92"

# Letters the alphabet left out because they look like one it has.
_FOREIGN = str.maketrans("OISZ", "0152")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsccFinding:
    """
    What a text is, read as a unified social credit code.

    Attributes:
        code: The normalised code if it may serve as a key (no fault, or ID03 only); else None.
        faults: Rule codes, none or one.
        suggestion: A code a person may have meant, never to be applied by a program; None if there is none.
    """

    code: str | None
    faults: tuple[Fault, ...] = ()
    suggestion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsccParts:
    """
    A code taken apart.

    Attributes:
        department: Registering department, position 1 (`9` is market regulation).
        category: Kind of organisation, position 2.
        region: GB/T 2260 code of the registering office, positions 3-8; not always the present address.
        organisation_code: GB 11714 code, positions 9-17, without hyphen.
        check: Check character, position 18.
    """

    department: str
    category: str
    region: str
    organisation_code: str
    check: str


@lru_cache(maxsize=4_096)
def check_uscc(text: str) -> UsccFinding:
    """Read *text* as a unified social credit code and say what is wrong with it. Never raises."""
    code = normalise_code(text)
    if len(code) != USCC_LENGTH or not _CHARACTERS.issuperset(code):
        return UsccFinding(code=None, faults=("ID01",), suggestion=_without_foreign_letters(code))
    if sum(map(mul, code.encode().translate(_VALUES), _WEIGHTS_WITH_CHECK)) % _PRIME:
        if code == PLACEHOLDER:
            return UsccFinding(code=None, faults=("ID04",))
        return UsccFinding(code=None, faults=("ID02",))
    if not is_organisation_code(code[_PREFIX_LENGTH:-1]):
        return UsccFinding(code=code, faults=("ID03",))
    return UsccFinding(code=code)


def is_uscc(code: str) -> bool:
    """Whether *code*, taken as it stands (no normalisation), passes both checks."""
    return (
        len(code) == USCC_LENGTH
        and _CHARACTERS.issuperset(code)
        and sum(map(mul, code.encode().translate(_VALUES), _WEIGHTS_WITH_CHECK)) % _PRIME == 0
        and is_organisation_code(code[_PREFIX_LENGTH:-1])
    )


def is_personal(code: str) -> bool:
    """Whether *code* is an individual business's (个体工商户, `92…`): personal data for the tier rules."""
    return code.startswith(_PERSONAL_PREFIX)


def parts_of(code: str) -> UsccParts:
    """
    Take *code* apart.

    Raises:
        ValueError: *code* is not 18 characters of the alphabet.
    """
    if len(code) != USCC_LENGTH or not _CHARACTERS.issuperset(code):
        raise ValueError(f"credit code: expected 18 characters of its alphabet, got {len(code)} characters")
    return UsccParts(
        department=code[0],
        category=code[1],
        region=code[2:8],
        organisation_code=code[8:17],
        check=code[17],
    )


def check_character(body: str) -> str:
    """
    Compute the check character of *body*.

    Args:
        body: The first 17 characters, of the alphabet.

    Raises:
        ValueError: *body* has another length or another character.
    """
    if len(body) != len(_WEIGHTS) or not _CHARACTERS.issuperset(body):
        raise ValueError(f"credit code body: expected 17 characters of its alphabet, got {len(body)} characters")
    return USCC_ALPHABET[-sum(map(mul, body.encode().translate(_VALUES), _WEIGHTS)) % _PRIME]


def compose(prefix8: str, serial: str) -> str:
    """
    Compose a code whose both checks hold.

    Args:
        prefix8: Department, category and GB/T 2260 region: the first 8 characters, e.g. `91510100`.
        serial: The 8 characters of the organisation code's body, of the credit code's alphabet.

    Raises:
        ValueError: a part has another length or another character.
    """
    if len(prefix8) != _PREFIX_LENGTH:
        raise ValueError(f"credit code prefix: expected 8 characters, got {len(prefix8)}")
    body = prefix8 + serial + organisation_check(serial)
    return body + check_character(body)


def _without_foreign_letters(code: str) -> str | None:
    meant = code.translate(_FOREIGN)
    return meant if meant != code and is_uscc(meant) else None
