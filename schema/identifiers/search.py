"""
How a searched name is found: one reading of the query, one order of the ways, for the store and for the tests.

Rules:
    - Exact key first, then a former name, then a name that contains the query, then pinyin initials.
    - A query of one character finds only the exact name: it would contain itself in half the register.
    - Only letters and digits can be meant as initials.

Source: issue deliverable 7 (`searchSubjects`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from schema.identifiers.names import name_key

SHORTEST_PART = 2


class Way(IntEnum):
    """How a subject was found; a lower value is shown first."""

    EXACT = 1
    FORMER = 2
    CONTAINED = 3
    INITIALS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """
    A query, read.

    Attributes:
        key: To equal `name_key` of a present or former name; '' finds nothing.
        part: To be contained in `name_key` of the present name; None if the query is too short.
        initials: To be contained in the pinyin initials; None if the query cannot be initials.
    """

    key: str
    part: str | None
    initials: str | None


def search_terms(query: str) -> SearchTerms:
    """Read *query* as typed by a person. Never raises."""
    key = name_key(query)
    long_enough = len(key) >= SHORTEST_PART
    return SearchTerms(
        key=key,
        part=key if long_enough else None,
        initials=key.lower() if long_enough and key.isascii() and key.isalnum() else None,
    )


def ways_found(terms: SearchTerms, *, key: str, former_keys: Iterable[str], initials: str) -> tuple[Way, ...]:
    """List every way in which *terms* find a subject with these keys and initials, in the order of the ways."""
    if not terms.key:
        return ()
    finds = {
        Way.EXACT: terms.key == key,
        Way.FORMER: terms.key in former_keys,
        Way.CONTAINED: terms.part is not None and terms.part in key,
        Way.INITIALS: terms.initials is not None and terms.initials in initials,
    }
    return tuple(way for way, found in finds.items() if found)


def way_found(terms: SearchTerms, *, key: str, former_keys: Iterable[str], initials: str) -> Way | None:
    """Say how *terms* find a subject with these keys and initials, by the first way that does; None if they do not."""
    return next(iter(ways_found(terms, key=key, former_keys=former_keys, initials=initials)), None)
