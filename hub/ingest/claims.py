"""
Which version of a record is in force, when sources disagree, correct themselves, repeat themselves or are late. Pure.

Rules:
    - A claim is what one source says a record is, as of some moment. The claim in force is the greatest of all claims
      ever made, so the order in which they arrive does not matter and two sources cannot push each other out forever.
    - Between two sources: the lower rank, then the later as-of, then the smaller source id.
    - Of one source: the later as-of; of the same moment, the one that came later.
    - A claim that repeats what its source said last is no new version, though it may confirm the version in force.
    - Every other claim becomes a version, also when it comes too late to be in force.

Source: DOMAIN 2.3.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    What one source says.

    Attributes:
        source: Site identifier.
        rank: Its rank, lower wins.
        as_of: UTC text, fixed width.
        digest: Digest of the content.
    """

    source: str
    rank: int
    as_of: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A version that is already kept."""

    version: int
    source: str
    as_of: str
    digest: str


class Verdict(Enum):
    """
    What becomes of a claim.

    NEW_HEAD: a new version, in force. NEW_VERSION: a new version, not in force. RESTORED: an old version comes (back)
    into force. CONFIRMED: the version in force holds as of a later moment. REPEATED: nothing changes.
    """

    NEW_HEAD = auto()
    NEW_VERSION = auto()
    RESTORED = auto()
    CONFIRMED = auto()
    REPEATED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A verdict, and the version it speaks of (a new one is one above all that are kept)."""

    verdict: Verdict
    version: int


def outranks(claim: Claim, head: Claim) -> bool:
    """Whether *claim*, arriving now, is in force before *head*."""
    if claim.source == head.source:
        return claim.as_of >= head.as_of
    if claim.rank != head.rank:
        return claim.rank < head.rank
    if claim.as_of != head.as_of:
        return claim.as_of > head.as_of
    return claim.source < head.source


def rule(claim: Claim, head: Claim | None, head_version: int, known: Iterable[Known]) -> Ruling:
    """
    Say what becomes of *claim*.

    Args:
        claim: What arrives.
        head: The claim in force; its `as_of` is the last moment it was confirmed. None: the record is new.
        head_version: Version of *head*; 0 if there is none.
        known: Every version of the record that is kept.
    """
    versions = tuple(known)
    following = max((each.version for each in versions), default=0) + 1
    if head is None:
        return Ruling(verdict=Verdict.NEW_HEAD, version=following)
    said = _last_said(claim, versions)
    if not outranks(claim, head):
        if said is not None:
            return Ruling(verdict=Verdict.REPEATED, version=said.version)
        return Ruling(verdict=Verdict.NEW_VERSION, version=following)
    if claim.source == head.source and claim.digest == head.digest:
        verdict = Verdict.CONFIRMED if claim.as_of > head.as_of else Verdict.REPEATED
        return Ruling(verdict=verdict, version=head_version)
    if said is not None:
        return Ruling(verdict=Verdict.RESTORED, version=said.version)
    return Ruling(verdict=Verdict.NEW_HEAD, version=following)


def _last_said(claim: Claim, known: Iterable[Known]) -> Known | None:
    """The version by which the source had already said the same at that moment, if it had."""
    before = [each for each in known if each.source == claim.source and each.as_of <= claim.as_of]
    last = max(before, key=lambda each: (each.as_of, each.version), default=None)
    return last if last is not None and last.digest == claim.digest else None
