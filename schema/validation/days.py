"""
Days as text (DG04): ISO 8601 only, unless the site's declared map names another form.

Source: DOMAIN 2.5.
"""

import re
from collections.abc import Set as AbstractSet
from datetime import date
from enum import Enum

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class DateForm(Enum):
    """A form other than ISO that a site may declare; the value is its pattern (year, month, day)."""

    SLASHED = r"(\d{4})/(\d{1,2})/(\d{1,2})"
    CHINESE = r"(\d{4})年(\d{1,2})月(\d{1,2})日"


def read_day(text: str, forms: AbstractSet[DateForm] = frozenset()) -> date | None:
    """Read *text* as a day, `YYYY-MM-DD` or one of the declared *forms*; None if it is no day."""
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
        for form in forms:
            if found := re.fullmatch(form.value, text, re.ASCII):
                return date(*map(int, found.groups()))
    except ValueError:
        return None
    return None
