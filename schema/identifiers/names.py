"""
Names of organisations: made comparable, and compared. A name only ever proposes; the code decides.

Rules:
    - The key of a name keeps every character that can tell two organisations apart: place, ordinal, what stands in
      brackets, legal form. It drops only how the name was typed: width, spaces, shape of brackets, letter case,
      traditional characters.
    - Equal keys are EXACT. EQUIVALENT differs by legal form (有限公司, 有限责任公司, 股份有限公司) or by the 省 or 市
      after a place. NEAR is similar text, for a person to look at. A branch is never its parent: NONE.
    - A character of GB 2312 is already simplified (乾 is not 干), and so is a variant that the 2013 table of
      standard characters gave back for names (昇 is not 升).

Source: DOMAIN 1.5; INTERFACE 6 (measured: fuzzy matchers joined 宏达 with 宏大 and 第一 with 第二).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from unicodedata import category, is_normalized, normalize

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from rapidfuzz.distance import Indel


class NameTier(StrEnum):
    """How near two names are. Only EXACT and FORMER can tie a record by themselves, and never a negative one."""

    EXACT = "EXACT"
    FORMER = "FORMER"
    EQUIVALENT = "EQUIVALENT"
    NEAR = "NEAR"
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameComparison:
    """
    Result of `compare`.

    Attributes:
        tier: EXACT, EQUIVALENT, NEAR or NONE. FORMER needs a subject's history: see `schema.identifiers.resolution`.
        score: Characters shared in order, 0 to 1: twice the longest common subsequence over both lengths.
    """

    tier: NameTier
    score: float

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look before anything follows from it."""
        return self.tier in {NameTier.EQUIVALENT, NameTier.NEAR}


NEAR_FROM = 0.8
"""Score from which a name is worth a person's look."""

LONGEST_NAME = 200
"""Characters a name may have (the national standard's limit); a longer text is compared, but never read as a branch."""

_TYPED_ALIKE = str.maketrans("[{〔【〖「『<《〈]}〕】〗」』>》〉•‧∙⋅", "((((((((((" + "))))))))))" + "····")
_RESTORED = frozenset("昇陞甦邨脩穀甯喆堃淼犇龢镕钜祎飏頫氾澂椀溇蒨翀")
_LEGAL_FORM = re.compile(r"(?:股份有限责任公司|股份有限公司|有限责任公司|有限公司)$")
_PROVINCE_SUFFIX = re.compile(r"^([^()]{2,6}?)省")
_CITY_SUFFIX = re.compile(r"^([^()]{2,8}?)市(?![政场])")
# What follows the parent's 公司 or 厂 is the branch's own part, unless it is a company in its own right.
_BRANCH = re.compile(
    r"^(?P<parent>.+(?:公司|厂))(?!.*(?:有限公司|有限责任公司|股份公司)$)"
    r".*(?:公司|厂|营业部|经营部|项目部|办事处|分店|站|所|中心)\)?$",
)


def name_key(name: str) -> str:
    """Make *name* comparable, keeping everything that tells organisations apart. Idempotent; may return ''."""
    key = "".join(map(_key_part, normalize("NFC", name)))
    # Dropping a space can bring a letter and an accent together.
    return key if is_normalized("NFC", key) else name_key(key)


def initials(name: str) -> str:
    """Pinyin initials of *name*, lower case: 国网四川省电力公司 is `gwscsdlgs`. Other letters and digits stay."""
    key = name_key(name)
    if _has_odd_phrase(key):
        letters = "".join(lazy_pinyin(key, style=Style.FIRST_LETTER))
    else:
        # The usual name, character by character: the same letters, seven times faster than by phrases.
        letters = "".join(map(_initial, key))
    return "".join([letter for letter in letters.lower() if letter.isascii() and letter.isalnum()])


def parent_name_of(name: str) -> str | None:
    """
    Read the parent's name out of a branch's: 国网四川省电力公司成都供电公司 gives 国网四川省电力公司.

    Returns:
        The parent's name as a key, None if *name* does not look like a branch's. A proposal, never a link.
    """
    found = _branch(name_key(name))
    return found["parent"] if found else None


def loose_key(key: str) -> str:
    """Reduce *key* to what EQUIVALENT names share: no legal form, no 省 or 市 after the place. For look-ups too."""
    stem = _LEGAL_FORM.sub("", key)
    return _CITY_SUFFIX.sub(r"\1", _PROVINCE_SUFFIX.sub(r"\1", stem))


def compare(a: str, b: str) -> NameComparison:
    """Say how near two names are. Symmetric; never a ground to join anything automatically unless EXACT."""
    return compare_keys(name_key(a), name_key(b))


def compare_keys(a: str, b: str) -> NameComparison:
    """`compare` for names that are keys already. Two empty keys have nothing in common."""
    if not a or not b:
        return NameComparison(tier=NameTier.NONE, score=0.0)
    if a == b:
        return NameComparison(tier=NameTier.EXACT, score=1.0)
    score = Indel.normalized_similarity(a, b)
    if (_branch(a) is None) != (_branch(b) is None):
        return NameComparison(tier=NameTier.NONE, score=score)
    if _has_legal_form(a) == _has_legal_form(b) and loose_key(a) == loose_key(b):
        return NameComparison(tier=NameTier.EQUIVALENT, score=score)
    return NameComparison(tier=NameTier.NEAR if score >= NEAR_FROM else NameTier.NONE, score=score)


def _branch(key: str) -> re.Match[str] | None:
    # Looking for the parent's end takes the square of the length: what is longer than any name is none.
    return _BRANCH.match(key) if len(key) <= LONGEST_NAME else None


def _has_legal_form(key: str) -> bool:
    return _LEGAL_FORM.search(key) is not None


@lru_cache(maxsize=32768)
def _key_part(character: str) -> str:
    """What one character of a name becomes in its key; '' drops it."""
    folded = normalize("NFKC", character).translate(_TYPED_ALIKE)
    return "".join([_simplified(_upper(c)) for c in folded if not c.isspace() and category(c) != "Cf"])


def _upper(character: str) -> str:
    upper = normalize("NFKC", character.upper())
    return upper if len(upper) == 1 else character


def _simplified(character: str) -> str:
    if character.isascii() or character in _RESTORED:
        return character
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return str(_converter().convert(character))
    return character


@lru_cache(maxsize=32768)
def _initial(character: str) -> str:
    """First letter of *character* as it is read alone."""
    return "".join(lazy_pinyin(character, style=Style.FIRST_LETTER))


def _has_odd_phrase(key: str) -> bool:
    """Whether *key* holds a phrase in which a character is read with another first letter than alone (长江, 重庆)."""
    phrases = _odd_phrases()
    for start in range(len(key) - 1):
        if any(key.startswith(phrase, start) for phrase in phrases.get(key[start : start + 2], ())):
            return True
    return False


@cache
def _odd_phrases() -> Mapping[str, tuple[str, ...]]:
    """Those phrases of pypinyin's dictionary, by their first two characters."""
    found: dict[str, list[str]] = defaultdict(list)
    for phrase, readings in PHRASES_DICT.items():
        letters = [_first_letter(reading[0]) for reading in readings]
        alone = [_first_letter(PINYIN_DICT.get(ord(character), character)) for character in phrase]
        if letters != alone:
            found[phrase[:2]].append(phrase)
    return {start: tuple(phrases) for start, phrases in found.items()}


def _first_letter(reading: str) -> str:
    return normalize("NFD", reading)[:1]


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")
