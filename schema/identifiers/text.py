"""
How a code that people typed is read: the one normalisation every code goes through before it is checked.

Rules:
    - NFKC character by character (full-width to half-width), a-z to A-Z, spaces, hyphens and invisible characters
      dropped.
    - A letter is never turned into a digit: `O` stays `O`. Whoever stores the code keeps the text as it came.
    - Idempotent: character by character, because dropping a space could otherwise make two neighbours combine.

Source: DOMAIN 1.1.
"""

from unicodedata import category, normalize

_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_ASCII_SPACES = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
_ASCII = {ord(character): None for character in _HYPHENS + _ASCII_SPACES}


def normalise_code(text: str) -> str:
    """Read *text* as a code: `９1510100-ma61r5a11y ` becomes `91510100MA61R5A11Y`. May return an empty text."""
    if text.isascii():
        return text.upper() if text.isalnum() else text.translate(_ASCII).upper()
    folded = "".join([normalize("NFKC", character) for character in text])
    kept = [character for character in folded if not _is_dropped(character)]
    return "".join([character.upper() if character.isascii() else character for character in kept])


def _is_dropped(character: str) -> bool:
    return character in _HYPHENS or character.isspace() or category(character) == "Cf"
