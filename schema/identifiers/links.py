"""
What comes out of subject resolution: a link with its method and confidence, or proposals for a person.

Rules:
    - Every link says how it was found and how sure it is; nothing is tied without both.
    - Confidence stands in one table here and nowhere else.

Source: DOMAIN 1.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from schema.identifiers.names import NameTier


class Method(StrEnum):
    """How a record was tied to a subject, or a branch to its parent."""

    USCC = "uscc"
    ORGANISATION_CODE = "organisation_code"
    REGISTRATION_NO = "registration_no"
    NAME = "name"
    FORMER_NAME = "former_name"
    EQUIVALENT_NAME = "equivalent_name"
    NEAR_NAME = "near_name"
    PARENT_FIELD = "parent_field"
    PARENT_NAME = "parent_name"


CONFIDENCE: Mapping[Method, float] = MappingProxyType(
    {
        Method.USCC: 1.0,
        Method.ORGANISATION_CODE: 0.98,  # the same number, without the two characters that check it again
        Method.REGISTRATION_NO: 0.95,  # a register gave it; registers reused numbers before 2006
        Method.NAME: 0.85,  # unique in a province while both exist; not across time
        Method.FORMER_NAME: 0.75,  # a name can pass to another organisation
        Method.EQUIVALENT_NAME: 0.6,
        Method.NEAR_NAME: 0.5,  # times the score of the comparison
        Method.PARENT_FIELD: 0.9,
        Method.PARENT_NAME: 0.6,
    },
)
"""Confidence of each method, 0 < c <= 1. Proposals of this project (no rule gives numbers); see DOMAIN 1.5."""

MOST_PROPOSALS = 5
"""How many proposals a person is shown; the surest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """
    A tie between a record and a subject (or a branch and its parent).

    Attributes:
        method: How it was found.
        confidence: 0 < confidence <= 1.
        subject_code: The subject.
        automatic: Whether it holds without a person; False is a proposal.
        known: Whether the subject was among the candidates; False only for a credit code never seen before.
        name_tier: How the sent name compares with the subject's; None if one of them is missing. A credit code
            beside a foreign name (NONE) still decides, and is worth a warning.
    """

    method: Method
    confidence: float
    subject_code: str
    automatic: bool
    known: bool = True
    name_tier: NameTier | None = None


class Doubt(StrEnum):
    """Why nothing was tied by itself."""

    UNREADABLE_CODE = "unreadable_code"
    CODES_DISAGREE = "codes_disagree"
    SEVERAL = "several"
    NEGATIVE_BY_NAME = "negative_by_name"
    NO_PROVINCE = "no_province"
    NO_DAY = "no_day"
    NOT_EXACT = "not_exact"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """
    Result of `resolve`: one automatic link, or proposals (perhaps none) and why.

    Attributes:
        link: The automatic link, None if there is none.
        proposals: Links a person may confirm, surest first; empty if `link` is set.
        doubt: Why nothing was tied; None if `link` is set.
        parent: Proposed parent of a branch, whatever became of the record itself.
    """

    link: Link | None = None
    proposals: tuple[Link, ...] = ()
    doubt: Doubt | None = None
    parent: Link | None = None
