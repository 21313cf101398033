"""
Why `decide` decides as it does: every rule it asks, in its order, what each says, and which one wins.

Told anew from the rules and not by looking over `decide`'s shoulder; that both agree is a property test over random
policies, standings, labels and facts. What would change a denial is said by `schema.policy.remedies`.

Rules:
    - The rules listed are those that were asked: after the refusal that settles it, none is.
    - What is told is the policy's content and the facts the caller gave. Whether the facts may be told, who asks this
      has to know: facts of a row tell of the row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from schema.catalogue.model import Mask
from schema.policy.decide import CONTEXT_FACTS, PUBLIC_LOOKUP, ROW_MASKS, missing_context, within
from schema.policy.model import (
    ActorKind,
    Cell,
    Clear,
    Decision,
    Denied,
    Fact,
    Label,
    Masked,
    Policy,
    Reader,
    Standing,
)
from schema.tiers import Audience, is_at_least


class Outcome(StrEnum):
    """What a rule says when it is asked."""

    APPLIES = "applies"
    DOES_NOT_APPLY = "does_not_apply"
    REFUSES = "refuses"


class Why(StrEnum):
    """The reason of an outcome."""

    HOLDS = "holds"  # the question is answered as it must be
    NO_CONTENT = "no_content"  # the actor reads no business content
    UNKNOWN = "unknown"  # the policy has no such purpose
    NOT_ITS_OWN = "not_its_own"  # the asker may not name the purpose
    CONTEXT = "context"  # the purpose asks for context that was not stated
    CATEGORY = "category"  # the purpose does not read the category
    FACTS = "facts"  # facts are asked for that do not hold
    TIER = "tier"  # the label is stricter than the purpose's bound
    ACTOR = "actor"  # the column is not this actor's
    PURPOSE = "purpose"  # the column is not open under this purpose
    COORDINATE = "coordinate"  # the cell leaves this coordinate out
    FORBIDS = "forbids"  # a prohibition that holds
    AUDIENCE = "audience"  # the label's readers do not hold the cell's audience
    CEILING = "ceiling"  # the label lies beyond the asker's ceiling
    ROWS_ONLY = "rows_only"  # the cell tells of rows and shows no field
    SHOWS = "shows"  # whole, or through the mask that is named


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """
    One rule that was asked.

    Attributes:
        rule: Its id, as a denial or a receipt names it: `purpose.context`, `C07.LD.matter`.
        outcome: What it says.
        why: For which reason.
        facts: Facts that it asks for and that do not hold.
        context: Keys of the purpose's context that are missing.
        mask: What it shows the value or the row through, where it applies with a mask.
    """

    rule: str
    outcome: Outcome
    why: Why
    facts: frozenset[Fact] = frozenset()
    context: tuple[str, ...] = ()
    mask: Mask | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    A decision with every rule that was asked for it.

    Attributes:
        tried: The rules, in the order in which `decide` asks them.
        decision: The same that `decide` returns; its `rule` is the winner.
    """

    tried: tuple[Tried, ...]
    decision: Decision


def explain(policy: Policy, standing: Standing, label: Label, facts: frozenset[Fact]) -> Explanation:
    """
    Explain what `decide` says of the same arguments.

    Pure and total, like `decide`; as there, `MATTER_CODE` and `CASE_ID` are taken from the standing's context.
    """
    context = dict(standing.context)
    known = facts - CONTEXT_FACTS.keys()
    known |= {fact for fact, key in CONTEXT_FACTS.items() if context.get(key, "").strip()}
    tried: list[Tried] = []
    for each in (*_of_purpose(policy, standing, label, known), *_prohibitions(policy, standing, label)):
        tried.append(each)
        if each.outcome is Outcome.REFUSES:
            return Explanation(tried=tuple(tried), decision=Denied(rule=each.rule, required_tier=label.tier))
    permissions: list[Tried] = []
    for cell in _cells(policy, label, permit=True):
        permissions.append(_permission(cell, policy.readers[cell.reader], standing, label, known))
        if permissions[-1].outcome is Outcome.APPLIES and permissions[-1].mask is None:
            break
    return Explanation(tried=(*tried, *permissions), decision=_won(permissions, label))


def _of_purpose(policy: Policy, standing: Standing, label: Label, known: frozenset[Fact]) -> Iterator[Tried]:
    yield _asked("actor.no_content", standing.actor not in {ActorKind.OP, ActorKind.AU}, Why.NO_CONTENT)
    purpose = policy.purposes.get(standing.purpose)
    yield _asked("purpose.unknown", purpose is not None, Why.UNKNOWN)
    if purpose is None:
        return
    is_own = purpose.code == PUBLIC_LOOKUP or purpose.code in standing.purposes
    yield _asked("purpose.not_allowed", is_own, Why.NOT_ITS_OWN)
    missing = missing_context(purpose, standing)
    yield _asked("purpose.context", not missing, Why.CONTEXT, context=missing)
    yield _asked("purpose.category", label.category in purpose.categories, Why.CATEGORY)
    lacking = (purpose.needs.get(label.category, frozenset()) | purpose.needs_always) - known
    yield _asked("purpose.needs", not lacking, Why.FACTS, facts=lacking)
    bound = purpose.max_tier
    yield _asked("purpose.tier", bound is None or is_at_least(bound, label.tier), Why.TIER)


def _asked(
    rule: str, holds: bool, why: Why, *, facts: frozenset[Fact] = frozenset(), context: tuple[str, ...] = ()
) -> Tried:
    if holds:
        return Tried(rule=rule, outcome=Outcome.DOES_NOT_APPLY, why=Why.HOLDS)
    return Tried(rule=rule, outcome=Outcome.REFUSES, why=why, facts=facts, context=context)


def _cells(policy: Policy, label: Label, *, permit: bool) -> Iterator[Cell]:
    return (cell for cell in policy.cells if cell.category is label.category and cell.permit is permit)


def _prohibitions(policy: Policy, standing: Standing, label: Label) -> Iterator[Tried]:
    for cell in _cells(policy, label, permit=False):
        other = _not_meant(cell, policy.readers[cell.reader], standing, label)
        if other is None:
            yield Tried(rule=cell.id, outcome=Outcome.REFUSES, why=Why.FORBIDS)
        else:
            yield Tried(rule=cell.id, outcome=Outcome.DOES_NOT_APPLY, why=other)


def _permission(cell: Cell, reader: Reader, standing: Standing, label: Label, known: frozenset[Fact]) -> Tried:
    lacking = (reader.needs | cell.needs) - known
    other = _not_meant(cell, reader, standing, label) or (Why.FACTS if lacking else None)
    if other is not None:
        missing = lacking if other is Why.FACTS else frozenset()
        return Tried(rule=cell.id, outcome=Outcome.DOES_NOT_APPLY, why=other, facts=missing)
    audience = cell.audience or reader.audience
    if audience not in label.tier.readers:
        return Tried(rule=cell.id, outcome=Outcome.REFUSES, why=Why.AUDIENCE)
    # Authority and ownership are judged row by row, and no ceiling bounds them.
    if audience not in {Audience.CON, Audience.OWN} and not within(label.tier, standing.ceiling):
        return Tried(rule=cell.id, outcome=Outcome.REFUSES, why=Why.CEILING)
    of_rows = cell.masks & ROW_MASKS
    if of_rows and label.coordinate is not None:
        return Tried(rule=cell.id, outcome=Outcome.REFUSES, why=Why.ROWS_ONLY)
    mask = min(of_rows) if of_rows else _mask_of_value(cell, audience, label)
    return Tried(rule=cell.id, outcome=Outcome.APPLIES, why=Why.SHOWS, mask=mask)


def _not_meant(cell: Cell, reader: Reader, standing: Standing, label: Label) -> Why | None:
    """Why *cell* does not speak of this asker and coordinate at all; None if it does."""
    if standing.actor not in reader.actors:
        return Why.ACTOR
    if reader.purposes and standing.purpose not in reader.purposes:
        return Why.PURPOSE
    return Why.COORDINATE if label.coordinate in cell.except_fields else None


def _mask_of_value(cell: Cell, audience: Audience, label: Label) -> Mask | None:
    if label.coordinate is None or label.mask is None:
        return None
    is_masked = label.mask in cell.masks or (label.masked and audience is not Audience.OWN)
    return label.mask if is_masked else None


# From the furthest from a permission to the nearest: a denial names the nearest that was reached.
_NEAREST = (Why.AUDIENCE, Why.CEILING, Why.ROWS_ONLY)
_RULE_OF = {Why.AUDIENCE: "tier.audience", Why.CEILING: "tier.ceiling", Why.ROWS_ONLY: "matrix.count_only"}


def _won(permissions: list[Tried], label: Label) -> Decision:
    applying = [each for each in permissions if each.outcome is Outcome.APPLIES]
    if applying and applying[-1].mask is None:
        return Clear(rule=applying[-1].rule)
    best = min(applying, key=lambda each: each.mask or "", default=None)
    if best is not None and best.mask is not None:
        return Masked(rule=best.rule, mask=best.mask)
    refusals = [each.why for each in permissions if each.outcome is Outcome.REFUSES]
    rule = _RULE_OF[max(refusals, key=_NEAREST.index)] if refusals else "matrix.none"
    return Denied(rule=rule, required_tier=label.tier)
