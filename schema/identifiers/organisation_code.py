"""
Organisation codes (组织机构代码): the nine characters inside every unified social credit code.

Rules:
    - Eight characters of 0-9 and A-Z, then a check character, written `XXXXXXXXX` or `XXXXXXXX-X`.
    - The check value is 11 - (weighted sum mod 11); 10 is written `X`, 11 is written `0`.

Source: GB 11714-1997 (DOMAIN 1.3).
"""

from operator import mul

from schema.identifiers.text import normalise_code

ORGANISATION_CODE_LENGTH = 9

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHARACTERS = frozenset(_ALPHABET.decode())
_CHECK_CHARACTERS = frozenset("0123456789X")
_VALUES = bytes.maketrans(_ALPHABET, bytes(range(len(_ALPHABET))))
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# Indexed by the weighted sum mod 11: 0 gives 11, written 0; 1 gives 10, written X.
_CHECKS = "0X987654321"


def organisation_check(body: str) -> str:
    """
    Compute the check character of *body*.

    Args:
        body: Eight characters of 0-9 and A-Z.

    Raises:
        ValueError: *body* has another length or another character.
    """
    if len(body) != len(_WEIGHTS) or not _CHARACTERS.issuperset(body):
        raise ValueError(f"organisation code body: expected 8 characters of 0-9 and A-Z, got {len(body)} characters")
    return _CHECKS[sum(map(mul, body.encode().translate(_VALUES), _WEIGHTS)) % 11]


def is_organisation_code(text: str) -> bool:
    """Whether *text*, already normalised (nine characters, no hyphen), is an organisation code with a true check."""
    return len(text) == ORGANISATION_CODE_LENGTH and _CHARACTERS.issuperset(text[:8]) and _checks_out(text)


def find_organisation_code(text: str) -> str | None:
    """Read *text*, with or without hyphen, and return the nine characters if the check holds, else None."""
    code = normalise_code(text)
    return code if is_organisation_code(code) else None


def hyphenated(code: str) -> str:
    """Write the nine characters of *code* the way certificates do: `XXXXXXXX-X`."""
    return f"{code[:8]}-{code[8:]}"


def _checks_out(code: str) -> bool:
    return code[8] in _CHECK_CHARACTERS and organisation_check(code[:8]) == code[8]
