"""
Registration numbers (工商注册号): what registers used before 2015, still sent where a credit code is missing.

Rules:
    - Fifteen digits. Other lengths exist in old files and are kept as text, but resolve nothing.
    - Its meaning lives in the register that gave it: it finds a subject only through a register that holds both.

Source: DOMAIN 1.5.
"""

from schema.identifiers.text import normalise_code

REGISTRATION_NO_LENGTH = 15


def find_registration_no(text: str) -> str | None:
    """Read *text* and return its fifteen digits, or None if it is anything else."""
    number = normalise_code(text)
    return number if len(number) == REGISTRATION_NO_LENGTH and number.isascii() and number.isdigit() else None
