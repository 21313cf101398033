"""
Where a record stands in the access matrix: its category, and the part of its tier that its list and state decide.

Rules:
    - Repaired, withdrawn or shielded is C08 (tier R), ended is C07 (G-CON), minor is C06 (G), whatever else is known.
    - Not yet published is C06 under tier G-CON: bodies of state that handle it may read it, and the subject's consent
      opens it to nobody, because a draft under notice may still be dropped [P].
    - A kind without publicity period (licence, grade, sanction, ...) that is anything but published is C08: nobody but
      its source and its subject. C06 and C07 would show a group's or a company's own record to government [P].
    - What is not known is strict: a list nobody describes is R, a grade of an unknown scheme C11.
"""

from dataclasses import dataclass
from datetime import date

from schema.catalogue import kind_named
from schema.catalogue.grade import Grade
from schema.catalogue.model import Category
from schema.publicity.states import is_before_publication, state_on
from schema.records import PublicityState, Severity, StoredRecord
from schema.rules.book import Rules
from schema.tiers import Tier, join

_GONE = frozenset({PublicityState.REPAIRED, PublicityState.WITHDRAWN, PublicityState.SHIELDED})
_TIMED = frozenset({"Penalty", "ListEntry"})
_TIER_OF_STATE_CATEGORY = {Category.C06: Tier.G, Category.C07: Tier.G_CON, Category.C08: Tier.R}
_TIER_OF_DISCLOSURE = {"社会公开": Tier.P, "政务共享": Tier.G, "授权查询": Tier.A}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """
    A record's place on a day.

    Attributes:
        state: Its state, time counted in.
        category: Row of the matrix.
        tier: What the record itself asks for: join it with the policy's tier of the category.
    """

    state: PublicityState
    category: Category
    tier: Tier


def category_of(
    kind: str,
    state: PublicityState,
    severity: Severity | None,
    list_code: str | None,
    *,
    scheme_category: Category | None = None,
) -> Category:
    """
    Tell the category of a record (DOMAIN 13.3).

    Args:
        kind: Catalogue kind.
        state: State on the day, that is after `state_on`.
        severity: Class of a penalty; None counts as 一般.
        list_code: `L..` or `W..` of a list entry.
        scheme_category: C11 or C12 by a grade's scheme; None: the scheme is not known.

    Raises:
        UnknownKindError: the catalogue has no such kind.
    """
    usual = kind_named(kind).CATEGORIES[0]
    if state is not PublicityState.PUBLISHED:
        return _unpublished_category(kind, state)
    match kind:
        case "Penalty":
            return Category.C06 if severity is Severity.MINOR else Category.C05
        case "ListEntry":
            return Category.C09 if (list_code or "").startswith("L") else Category.C10
        case "Grade":
            return scheme_category or Category.C11
        case _:
            return usual


def _unpublished_category(kind: str, state: PublicityState) -> Category:
    if state in _GONE or kind not in _TIMED:
        return Category.C08
    return Category.C07 if state is PublicityState.EXPIRED else Category.C06


def loosest_tier(category: Category, *, published: bool) -> Tier:
    """Tell the part of a row's tier that its category alone decides, whatever its list and state: none is looser."""
    usual = _TIER_OF_STATE_CATEGORY.get(category, Tier.P)
    return join((usual, Tier.S)) if category is Category.C11 and not published else usual


def row_tier(
    category: Category, list_code: str | None, state: PublicityState, rules: Rules, *, published: bool = False
) -> Tier:
    """
    Tell the part of a row's tier that varies inside its category.

    Args:
        category: From `category_of`.
        list_code: List of a list entry, else None.
        state: State on the day.
        rules: Rules in force today: list types carry the tier of a standing entry (W01 P, W02 G, W03 I).
        published: The issuer published this very entry; an unpublished public grade is S.

    Returns:
        A tier to be joined with the policy's own for the category; P where nothing about the row is stricter.
    """
    parts = [loosest_tier(category, published=published)]
    if list_code is not None or category in {Category.C09, Category.C10}:
        known = rules.list_types.get(list_code or "")
        parts.append(known.tier if known else Tier.R)
    if is_before_publication(state):
        parts.append(Tier.G_CON)
    return join(parts)


def tier_of_disclosure(disclosure: str) -> Tier:
    """Tell the tier of a record's own disclosure attribute (公开范围, DOMAIN 3); an unknown one is R."""
    return _TIER_OF_DISCLOSURE.get(disclosure, Tier.R)


def place_record(record: StoredRecord, today: date, rules: Rules) -> Placement:
    """
    Place a stored or live record on *today* (Asia/Shanghai) under the *rules* in force then.

    The tier joins what its list and state ask for with the record's own disclosure attribute.
    """
    state = state_on(record.state, record.publicity_to, today)
    scheme = rules.grade_schemes.get(record.body.scheme or "") if isinstance(record.body, Grade) else None
    category = category_of(
        record.kind,
        state,
        record.severity,
        record.list_code,
        scheme_category=scheme.category if scheme else None,
    )
    tier = row_tier(category, record.list_code, state, rules, published=record.published)
    return Placement(state=state, category=category, tier=join((tier, record.tier or Tier.P)))
