"""
How a value is shown when it is not shown whole (DOMAIN 13.3, m1 to m5).

Rules:
    - A mask never lengthens a text, and masking twice is masking once.
    - What a mask cannot read it does not show: None, or asterisks, never the value.
    - m6 and m7 are masks of rows: they show nothing of a value.
"""

import re
from bisect import bisect_right
from decimal import Decimal
from typing import assert_never

from schema.catalogue.model import Mask
from schema.policy.redaction import redact
from schema.policy.surnames import COMPOUND_SURNAMES

_IDENTITY = re.compile(r"(\d{6})[\d*]{8}(\d{3})[\dXx*]", re.ASCII)
_AMOUNT = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_DAY = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))(?:-\d{2}(?:T.*)?)?", re.ASCII | re.DOTALL)
_BOUNDS = (Decimal(1), Decimal(10), Decimal(30), Decimal(100))
_TOP = Decimal(100)
_BANDS = ("<1", "1-10", "10-30", "30-100", ">100")


def apply_mask(mask: Mask, value: str) -> str | None:
    """
    Show *value* under *mask*.

    Args:
        mask: m1 name, m2 identity number, m3 amount in 万元, m4 free text, m5 ISO 8601 day or instant; for m6 and m7
            nothing of the value is shown.
        value: One text; lists of texts are the caller's to take apart.

    Returns:
        The masked text, never longer than *value* except for a band of m3 (at most 6 characters); None where nothing
        of the value may be shown: m6, m7, an amount that is no decimal number, a day that is no ISO day.
    """
    match mask:
        case Mask.M1:
            return family_name_only(value)
        case Mask.M2:
            return identity_number_hidden(value)
        case Mask.M3:
            return amount_band(value)
        case Mask.M4:
            return redact(value)
        case Mask.M5:
            return month_of(value)
        case Mask.M6 | Mask.M7:
            return None
        case _:  # pragma: no cover  mypy proves that there is no other
            assert_never(mask)


def family_name_only(name: str) -> str:
    """
    Keep the family name and one asterisk: `张*`, `欧阳*`; a name in another script keeps its first letter.

    A name that would show whole (one character) becomes `*`; an empty one stays empty.
    """
    bare = name.strip()
    if len(bare) <= 1 or bare[0] == "*":
        return "*" if bare else ""
    # A name of two characters that looks like a compound family name would otherwise show whole.
    kept = 2 if bare[:2] in COMPOUND_SURNAMES and bare[2:] else 1
    return f"{bare[:kept]}*"


def identity_number_hidden(number: str) -> str:
    """
    Hide positions 7-14 and 18 of a citizen number: `110105********002*`; anything else is hidden whole.

    Source: DOMAIN 1.4: hiding the birth year alone leaves about six candidates.
    """
    found = _IDENTITY.fullmatch(number)
    return f"{found[1]}{'*' * 8}{found[2]}*" if found else "*" * len(number)


def amount_band(amount: str) -> str | None:
    """
    Name the band of an amount in 万元, compared as exact decimals.

    A lower bound belongs to its band and an upper bound to the next, but 100 itself is still `30-100`:
    x < 1, 1 <= x < 10, 10 <= x < 30, 30 <= x <= 100, x > 100. A correction below zero is `<1`.

    Returns:
        The band, or None if *amount* is neither a plain decimal number nor already a band.
    """
    if amount in _BANDS:
        return amount
    if not _AMOUNT.fullmatch(amount):
        return None
    exact = Decimal(amount)
    if exact == _TOP:
        return "30-100"
    return _BANDS[bisect_right(_BOUNDS, exact)]


def month_of(day: str) -> str | None:
    """Cut an ISO 8601 day or instant to its month, `2026-03`; None for anything else."""
    found = _DAY.fullmatch(day)
    return found[1] if found else None
