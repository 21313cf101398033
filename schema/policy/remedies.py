"""
What would turn a denial into a permission: more context, another purpose, a consent, a grant; or that nothing can.

Rules:
    - A remedy is told only if it works: it is tried on `decide` before it is told, and nothing in it can be left out.
    - A prohibition, a purpose that does not read the category, and an actor who reads no content are beyond any grant:
      `barred_by` names the rule.
    - Told to officers at the level of coordinates. To callers only through `for_caller`, which takes no facts of any
      row: what it says follows from policy and standing alone, and so tells nothing of a row they may not know of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product
from typing import TypeVar

from schema.catalogue.model import Category
from schema.policy.decide import CONTEXT_FACTS, PUBLIC_LOOKUP, ROW_MASKS, decide, possible_facts
from schema.policy.model import Decision, Denied, Fact, Label, Masked, Policy, PurposeRule, Standing
from schema.tiers import Tier, join

T = TypeVar("T")

_BY_LEAVE = frozenset({Fact.CONSENT, Fact.GRANTED})
_STATED = "*"
"""Stands for a context value: decisions depend on whether one is stated, never on which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What is to be read: a label, and what is known of the row under it.

    Facts may differ from label to label: a consent or a grant covers one category and not the next.
    """

    label: Label
    facts: frozenset[Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGrant:
    """
    The smallest grant that opens a label; officers add whose rows, about whom, and how long.

    Attributes:
        category: The one category it opens.
        coordinates: The fields it opens; empty where only rows were asked about.
        purpose: The one purpose it serves.
        tier: Strictest label it opens.
    """

    category: Category
    coordinates: frozenset[str]
    purpose: str
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """
    Changes that permit together, none of which can be left out.

    Attributes:
        purpose: Purpose of the question; another than the standing's where `changes_purpose`.
        changes_purpose: Whether another purpose has to be named, one that the asker may name already.
        context: Context keys to be stated besides those that are.
        consent: Categories that the subject's consent has to cover, under *purpose*; empty: none is needed.
        grants: Grants that officers would have to give; empty: none is needed.
        gives: What is then decided, label by label.
    """

    purpose: str
    changes_purpose: bool
    context: tuple[str, ...]
    consent: frozenset[Category]
    grants: tuple[WantedGrant, ...]
    gives: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """
    What can be done about a denial.

    Attributes:
        is_permitted: Nothing need be done.
        barred_by: Rule that stands against the question's purpose whatever is granted or consented to; None: none.
        remedies: Smallest first: what the asker can do by itself, then what needs a consent, then what needs officers.
    """

    is_permitted: bool
    barred_by: str | None
    remedies: tuple[Remedy, ...]


def smallest_grant(policy: Policy, standing: Standing, asked: Sequence[Asked]) -> Advice:
    """
    Tell the smallest changes that would permit all of *asked* together.

    Args:
        policy: The version in force.
        standing: Who asks, and for what.
        asked: The row's label first (coordinate None), then fields of it; with fields, the row has to be listed.

    For officers only, and with facts of a row only for those who may know that it exists.
    """
    if _are_permitted(_gives(policy, standing, asked)):
        return Advice(is_permitted=True, barred_by=None, remedies=())
    found = [remedy for purpose in _purposes(policy, standing) for remedy in _under(policy, standing, asked, purpose)]
    return Advice(is_permitted=False, barred_by=_bar(policy, standing, asked), remedies=tuple(sorted(found, key=_size)))


def for_caller(policy: Policy, standing: Standing, labels: Sequence[Label]) -> Advice:
    """
    Tell an asker what would open coordinates that are denied to it whatever the row: context, or another purpose.

    Of consents and grants it is told none: whether one exists, or would be given, is not the asker's to learn here.

    Args:
        policy: The version in force.
        standing: The asker's own.
        labels: The row's label, then fields of it, as loose as any row's can be: no row's own tier enters here.
    """
    facts = possible_facts(policy, standing)
    advice = smallest_grant(policy, standing, [Asked(label=label, facts=facts) for label in labels])
    own = tuple(each for each in advice.remedies if not each.consent and not each.grants)
    return replace(advice, remedies=own)


def _gives(policy: Policy, standing: Standing, asked: Sequence[Asked]) -> tuple[Decision, ...]:
    return tuple(decide(policy, standing, each.label, each.facts) for each in asked)


def _are_permitted(gives: Sequence[Decision]) -> bool:
    row, *fields = gives
    is_only_told = isinstance(row, Masked) and row.mask in ROW_MASKS
    return not any(isinstance(each, Denied) for each in gives) and not (fields and is_only_told)


def _purposes(policy: Policy, standing: Standing) -> Iterator[PurposeRule]:
    """The purposes the asker may name, its question's own first."""
    codes = [standing.purpose, *sorted((standing.purposes | {PUBLIC_LOOKUP}) - {standing.purpose})]
    return (policy.purposes[code] for code in codes if code in policy.purposes)


def _with(standing: Standing, purpose: PurposeRule | None, keys: tuple[str, ...]) -> Standing:
    """*standing* with *purpose*, its context complete, and *keys* stated besides."""
    stated = {key: value for key, value in standing.context if value.strip()}
    added = dict.fromkeys((*(purpose.requires if purpose else ()), *keys), _STATED)
    context = tuple(sorted({**added, **stated}.items()))
    return replace(standing, purpose=purpose.code if purpose else standing.purpose, context=context)


def _bar(policy: Policy, standing: Standing, asked: Sequence[Asked]) -> str | None:
    """The rule that denies under the question's purpose though everything is stated, consented to and granted."""
    then = _with(standing, policy.purposes.get(standing.purpose), tuple(CONTEXT_FACTS.values()))
    best = _gives(policy, then, [replace(each, facts=each.facts | _BY_LEAVE) for each in asked])
    if _are_permitted(best):
        return None
    return next((each.rule for each in best if isinstance(each, Denied)), best[0].rule)


@dataclass(frozen=True, slots=True)
class _Change:
    """Context keys to state, and categories to be consented to and granted."""

    keys: tuple[str, ...]
    consent: tuple[Category, ...]
    granted: tuple[Category, ...]

    @property
    def parts(self) -> frozenset[tuple[str, str]]:
        named = (("key", self.keys), ("consent", self.consent), ("grant", self.granted))
        return frozenset((name, str(part)) for name, parts in named for part in parts)

    def help(self, asked: Sequence[Asked]) -> list[Asked]:
        """*asked* with the facts that the change would make true."""
        return [replace(each, facts=each.facts | self._facts(each.label.category)) for each in asked]

    def _facts(self, category: Category) -> frozenset[Fact]:
        consented = {Fact.CONSENT} if category in self.consent else set()
        return frozenset(consented | ({Fact.GRANTED} if category in self.granted else set()))


def _under(policy: Policy, standing: Standing, asked: Sequence[Asked], purpose: PurposeRule) -> list[Remedy]:
    """The remedies under *purpose* of which no part can be left out."""
    # Consents and grants serve one purpose: what holds under the question's own says nothing of another.
    is_other = purpose.code != standing.purpose
    bare = [replace(each, facts=each.facts - _BY_LEAVE) for each in asked] if is_other else asked
    found: list[tuple[_Change, Remedy]] = []
    for change in sorted(_changes(standing, purpose, asked), key=lambda change: len(change.parts)):
        if any(smaller.parts < change.parts for smaller, _ in found):
            continue
        then = _with(standing, purpose, change.keys)
        gives = _gives(policy, then, change.help(bare))
        if _are_permitted(gives):
            remedy = Remedy(
                purpose=purpose.code,
                changes_purpose=is_other,
                context=tuple(key for key, _ in then.context if not dict(standing.context).get(key, "").strip()),
                consent=frozenset(change.consent),
                grants=tuple(_wanted(category, purpose.code, asked) for category in change.granted),
                gives=gives,
            )
            found.append((change, remedy))
    return [remedy for _, remedy in found]


def _changes(standing: Standing, purpose: PurposeRule, asked: Sequence[Asked]) -> Iterator[_Change]:
    stated = {key for key, value in standing.context if value.strip()}
    keys = [key for key in CONTEXT_FACTS.values() if key not in stated and key not in purpose.requires]
    categories = list(dict.fromkeys(each.label.category for each in asked))
    for some, consent, granted in product(_subsets(keys), _subsets(categories), _subsets(categories)):
        yield _Change(some, consent, granted)


def _subsets(parts: Sequence[T]) -> list[tuple[T, ...]]:
    return list(chain.from_iterable(combinations(parts, size) for size in range(len(parts) + 1)))


def _wanted(category: Category, purpose: str, asked: Sequence[Asked]) -> WantedGrant:
    labels = [each.label for each in asked if each.label.category is category]
    return WantedGrant(
        category=category,
        coordinates=frozenset(label.coordinate for label in labels if label.coordinate is not None),
        purpose=purpose,
        tier=join(label.tier for label in labels),
    )


def _size(remedy: Remedy) -> tuple[int, int, bool, int]:
    return (len(remedy.grants), len(remedy.consent), remedy.changes_purpose, len(remedy.context))
