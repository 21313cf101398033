"""
Subject resolution (主体归一): which organisation a record is about, how that was found, and how sure it is.

Rules, in this order:
    1. Credit code, checks passed.
    2. Organisation code, if one subject only has it in positions 9-17.
    3. Registration number, if one subject only has it.
    4. Present name, key exact, with the province.
    5. Former name, key exact, borne on the record's day.
    6. Equivalent or near name: a proposal for a person.
    - Names (4-6) never attach a negative record by themselves.
    - A code vetoes a name: a candidate whose own code differs from the one sent is not even proposed.
    - A record whose codes contradict each other, or whose credit code cannot be read, is only ever proposed.
    - A branch is its own subject; its parent is a proposal beside it.

No input or output: the caller fetches candidates by `keys_for`, then asks `resolve`.

Source: DOMAIN 1.5; INTERFACE 6.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from schema.identifiers.evidence import BorneName, Candidate, Evidence, LookupKeys
from schema.identifiers.links import CONFIDENCE, MOST_PROPOSALS, Doubt, Link, Method, Resolution
from schema.identifiers.names import NameTier, compare_keys, initials, loose_key, name_key, parent_name_of
from schema.identifiers.organisation_code import find_organisation_code
from schema.identifiers.registration_no import find_registration_no
from schema.identifiers.uscc import check_uscc

__all__ = [
    "CONFIDENCE",
    "MOST_PROPOSALS",
    "BorneName",
    "Candidate",
    "Doubt",
    "Evidence",
    "Link",
    "LookupKeys",
    "Method",
    "Resolution",
    "keys_for",
    "propose_parent",
    "resolve",
]

_RANK = {NameTier.NONE: 0, NameTier.NEAR: 1, NameTier.EQUIVALENT: 2, NameTier.FORMER: 3, NameTier.EXACT: 4}
_ORGANISATION_PART = slice(8, 17)
_SHORTEST_PART = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Evidence after reading: what can be relied on, and whether something sent could not be read."""

    code: str | None
    organisation_code: str | None
    registration_no: str | None
    key: str
    parent_code: str | None
    unreadable: bool

    @property
    def codes_disagree(self) -> bool:
        return (
            self.code is not None
            and self.organisation_code is not None
            and self.code[_ORGANISATION_PART] != self.organisation_code
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _NameMatch:
    """One candidate by its best name. `missing`: what an exact name lacks to tie by itself, None if nothing."""

    link: Link
    exact: bool
    missing: Doubt | None


def keys_for(evidence: Evidence) -> LookupKeys:
    """List what the caller must look up before `resolve`. A readable credit code asks for nothing by name."""
    read = _read(evidence)
    codes = tuple(code for code in (read.code, read.parent_code) if code)
    parent = parent_name_of(read.key) if read.parent_code is None else None
    if read.code and not read.codes_disagree:
        return LookupKeys(codes=codes, name_keys=(parent,) if parent else ())
    part = loose_key(read.key)
    return LookupKeys(
        codes=codes,
        organisation_codes=_present(read.organisation_code),
        registration_nos=_present(read.registration_no),
        name_keys=_present(read.key, parent),
        name_parts=(part,) if len(part) >= _SHORTEST_PART else (),
        initials=_present(initials(read.key)) if len(part) >= _SHORTEST_PART else (),
    )


def resolve(evidence: Evidence, candidates: Sequence[Candidate]) -> Resolution:
    """
    Say which subject *evidence* is about.

    Args:
        evidence: What the record says.
        candidates: Subjects found by `keys_for(evidence)`, in any order; more do no harm.

    Returns:
        An automatic link, or proposals and the reason. A credit code nobody has yet gives a link to itself with
        `known` False: the caller makes the subject.
    """
    read = _read(evidence)
    parent = _propose_parent(read, candidates)
    found = _by_code(read, candidates) or _by_number(read, candidates) or _by_name(evidence, read, candidates)
    if found.link is not None:
        return Resolution(link=found.link, parent=parent)
    return Resolution(proposals=_surest(found.proposals), doubt=found.doubt, parent=parent)


def propose_parent(evidence: Evidence, candidates: Sequence[Candidate]) -> Link | None:
    """Propose the legal person behind a branch: the source's own field first, else its name. Never automatic."""
    return _propose_parent(_read(evidence), candidates)


def _propose_parent(read: _Read, candidates: Sequence[Candidate]) -> Link | None:
    if read.parent_code is not None:
        if read.parent_code == read.code:
            return None
        known = any(candidate.code == read.parent_code for candidate in candidates)
        return _link(Method.PARENT_FIELD, read.parent_code, known=known)
    name = parent_name_of(read.key)
    bearers = [c.code for c in candidates if name and c.code != read.code and _present_key(c) == name]
    return _link(Method.PARENT_NAME, bearers[0]) if len(bearers) == 1 else None


def _read(evidence: Evidence) -> _Read:
    finding = check_uscc(evidence.code) if evidence.code and _is_sent(evidence.code) else None
    organisation_code = find_organisation_code(evidence.organisation_code or "")
    return _Read(
        code=finding.code if finding else None,
        organisation_code=organisation_code,
        registration_no=find_registration_no(evidence.registration_no or ""),
        key=name_key(evidence.name or ""),
        parent_code=check_uscc(evidence.parent_code).code if evidence.parent_code else None,
        unreadable=(finding is not None and finding.code is None and finding.faults != ("ID04",))
        or (organisation_code is None and _is_sent(evidence.organisation_code)),
    )


def _by_code(read: _Read, candidates: Sequence[Candidate]) -> Resolution | None:
    if read.code is None:
        return None
    holder = next((c for c in candidates if c.code == read.code), None)
    tier = _name_tier(read.key, holder) if holder else None
    link = _link(Method.USCC, read.code, known=holder is not None, name_tier=tier, automatic=not read.codes_disagree)
    if link.automatic:
        return Resolution(link=link)
    others = [c for c in _holders(read, candidates) if c.code != read.code]
    proposals = (link, *(_number_link(Method.ORGANISATION_CODE, read, c) for c in others))
    return Resolution(proposals=proposals, doubt=Doubt.CODES_DISAGREE)


def _by_number(read: _Read, candidates: Sequence[Candidate]) -> Resolution | None:
    method, holders = Method.ORGANISATION_CODE, _holders(read, candidates)
    if not holders and read.registration_no is not None:
        method = Method.REGISTRATION_NO
        holders = [c for c in candidates if c.registration_no == read.registration_no and not _is_vetoed(read, c)]
    if not holders:
        return None
    links = tuple(_number_link(method, read, holder) for holder in holders)
    if len(holders) > 1:
        return Resolution(proposals=links, doubt=Doubt.SEVERAL)
    if read.unreadable:
        return Resolution(proposals=links, doubt=Doubt.UNREADABLE_CODE)
    if _is_vetoed(read, holders[0]):
        return Resolution(proposals=links, doubt=Doubt.CODES_DISAGREE)
    return Resolution(link=_link(method, holders[0].code, name_tier=links[0].name_tier, automatic=True))


def _by_name(evidence: Evidence, read: _Read, candidates: Sequence[Candidate]) -> Resolution:
    allowed = [candidate for candidate in candidates if read.key and not _is_vetoed(read, candidate)]
    matches = [found for found in map(partial(_match_name, evidence, read), allowed) if found is not None]
    proposals = tuple(found.link for found in matches)
    exact = [found for found in matches if found.exact]
    if not matches:
        return Resolution(doubt=Doubt.UNREADABLE_CODE if read.unreadable else Doubt.NOTHING)
    if not exact:
        return Resolution(proposals=proposals, doubt=Doubt.NOT_EXACT)
    if len(exact) > 1:
        return Resolution(proposals=proposals, doubt=Doubt.SEVERAL)
    doubt = _doubt_of_name(evidence, read, exact[0])
    if doubt is not None:
        return Resolution(proposals=proposals, doubt=doubt)
    only = exact[0].link
    return Resolution(link=_link(only.method, only.subject_code, name_tier=only.name_tier, automatic=True))


def _doubt_of_name(evidence: Evidence, read: _Read, match: _NameMatch) -> Doubt | None:
    if read.unreadable:
        return Doubt.UNREADABLE_CODE
    return Doubt.NEGATIVE_BY_NAME if evidence.negative else match.missing


def _match_name(evidence: Evidence, read: _Read, candidate: Candidate) -> _NameMatch | None:
    bearing = [name for name in candidate.names if name.key == read.key]
    present = next((name for name in bearing if not name.former), None)
    if present is not None:
        link = _link(Method.NAME, candidate.code, name_tier=NameTier.EXACT)
        return _NameMatch(link=link, exact=True, missing=_missing_of_present(evidence, present, candidate))
    if bearing:
        link = _link(Method.FORMER_NAME, candidate.code, name_tier=NameTier.FORMER)
        return _NameMatch(link=link, exact=True, missing=_missing_of_former(evidence, bearing, candidate))
    return _match_text(read, candidate)


def _match_text(read: _Read, candidate: Candidate) -> _NameMatch | None:
    compared = [compare_keys(read.key, name.key) for name in candidate.names]
    best = max(compared, key=lambda found: (_RANK[found.tier], found.score), default=None)
    if best is None or best.tier is NameTier.NONE:
        return None
    if best.tier is NameTier.EQUIVALENT:
        link = _link(Method.EQUIVALENT_NAME, candidate.code, name_tier=best.tier)
    else:
        link = _link(Method.NEAR_NAME, candidate.code, name_tier=best.tier, score=best.score)
    return _NameMatch(link=link, exact=False, missing=Doubt.NOT_EXACT)


def _missing_of_present(evidence: Evidence, name: BorneName, candidate: Candidate) -> Doubt | None:
    if not _same_province(evidence, candidate):
        return Doubt.NO_PROVINCE
    too_early = evidence.on_day is not None and not name.was_borne_on(evidence.on_day)
    return Doubt.NO_DAY if too_early else None


def _missing_of_former(evidence: Evidence, names: Iterable[BorneName], candidate: Candidate) -> Doubt | None:
    if evidence.on_day is None or not any(name.was_borne_on(evidence.on_day) for name in names):
        return Doubt.NO_DAY
    moved = evidence.province and candidate.province and not _same_province(evidence, candidate)
    return Doubt.NO_PROVINCE if moved else None


def _same_province(evidence: Evidence, candidate: Candidate) -> bool:
    if not evidence.province or not candidate.province:
        return False
    return evidence.province[:2] == candidate.province[:2]


def _holders(read: _Read, candidates: Sequence[Candidate]) -> list[Candidate]:
    if read.organisation_code is None:
        return []
    return [c for c in candidates if read.organisation_code in {c.code[_ORGANISATION_PART], c.organisation_code}]


def _is_vetoed(read: _Read, candidate: Candidate) -> bool:
    """Whether a number that was sent says that *candidate* is another organisation."""
    if read.organisation_code is not None and not _holders(read, (candidate,)):
        return True
    numbers = {read.registration_no, candidate.registration_no} - {None}
    return len(numbers) > 1


def _name_tier(key: str, candidate: Candidate) -> NameTier | None:
    if not key or not candidate.names:
        return None
    tiers = [_tier_of(key, name) for name in candidate.names]
    return max(tiers, key=_RANK.__getitem__)


def _tier_of(key: str, name: BorneName) -> NameTier:
    tier = compare_keys(key, name.key).tier
    return NameTier.FORMER if tier is NameTier.EXACT and name.former else tier


def _number_link(method: Method, read: _Read, candidate: Candidate) -> Link:
    return _link(method, candidate.code, name_tier=_name_tier(read.key, candidate))


def _link(
    method: Method,
    code: str,
    *,
    automatic: bool = False,
    known: bool = True,
    name_tier: NameTier | None = None,
    score: float = 1.0,
) -> Link:
    return Link(
        method=method,
        confidence=round(CONFIDENCE[method] * score, 4),
        subject_code=code,
        automatic=automatic,
        known=known,
        name_tier=name_tier,
    )


def _surest(proposals: Iterable[Link]) -> tuple[Link, ...]:
    ranked = sorted(proposals, key=lambda link: (-link.confidence, link.subject_code))
    return tuple(ranked[:MOST_PROPOSALS])


def _present_key(candidate: Candidate) -> str | None:
    return next((name.key for name in candidate.names if not name.former), None)


def _present(*keys: str | None) -> tuple[str, ...]:
    return tuple(key for key in keys if key)


def _is_sent(text: str | None) -> bool:
    return bool(text and text.strip())
