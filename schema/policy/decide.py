"""
May this standing read what bears this label, given what is known of the row: the pure core of access.

Rules, in the order in which they are asked; the first that refuses names the denial:
    1. Operator and auditor read no business content, whatever the matrix says       -> `actor.no_content`
    2. The purpose is known, is the standing's (PUBLIC_LOOKUP is everybody's), and its
       context is complete -> `purpose.unknown`, `purpose.not_allowed`, `purpose.context`
    3. The purpose reads this category, its facts hold, and the label lies within its
       bound                     -> `purpose.category`, `purpose.needs`, `purpose.tier`
    4. No prohibition of the matrix stands against the actor                  -> the prohibition's id
    5. A permission of the matrix applies: actor, purpose, facts and coordinate fit, its audience is in the label's
       reader set, and the label lies within the standing's ceiling
       -> `matrix.count_only`, `tier.ceiling`, `tier.audience`, `matrix.none`

Deny overrides, and no rule means no. Of several permissions the most open wins: whole, then masked; a row listed,
then counted (m6), then told of (m7). A mask that policy lays on a field holds for every permission but those that
read it as their own (OWN).

Facts only ever add. A prohibition therefore asks for no facts: it holds for its actors whatever is known of the row.

Source: DOMAIN 13.1 (read rule), 13.2 (ceilings), 13.3 (matrix), 13.4 (purposes).
"""

from collections.abc import Iterator

from schema.catalogue.model import Mask
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
    PurposeRule,
    Reader,
    Standing,
)
from schema.tiers import Audience, Tier, is_at_least

PUBLIC_LOOKUP = "PUBLIC_LOOKUP"
"""The purpose of whoever names none."""

ROW_MASKS = frozenset({Mask.M6, Mask.M7})
"""Masks of rows: a cell that asks for one tells that rows exist and shows no field of them."""

_NO_CONTENT = frozenset({ActorKind.OP, ActorKind.AU})
# Facts that are statements of the purpose's context; a caller of `decide` cannot assert them in any other way.
CONTEXT_FACTS = {Fact.MATTER_CODE: "matterCode", Fact.CASE_ID: "caseId"}
"""Facts that a statement of the purpose's context makes true, and the key it stands under."""
# A ceiling bounds what an actor reaches by being who it is; authority and ownership are reached row by row.
_BOUND_BY_CEILING = frozenset({Audience.PUB, Audience.IND, Audience.GOV})


def decide(policy: Policy, standing: Standing, label: Label, facts: frozenset[Fact]) -> Decision:
    """
    Decide whether *standing* may read what bears *label*.

    Pure and total: every input has an answer, and every answer names its rule. Never stricter with more *facts*.

    A field label (with a coordinate) becomes Clear, Masked with the field's own mask where the cell asks for it, or
    Denied; a cell with m6 or m7 shows no field at all. A row label (coordinate None) becomes Clear (listed),
    Masked with m6 (counted) or m7 (told whether there is one), or Denied (as if it did not exist).

    Args:
        policy: The version in force.
        standing: Who asks, and for what; its consents and grants are not read here, only possibly true *facts* are.
        label: What stands on the value or the row.
        facts: What is known of this row; `MATTER_CODE` and `CASE_ID` are ignored here and taken from the
            standing's context (`matterCode`, `caseId`).
    """
    if standing.actor in _NO_CONTENT:
        return Denied(rule="actor.no_content", required_tier=label.tier)
    known = (facts - CONTEXT_FACTS.keys()) | _facts_of_context(standing)
    refusal = _refused_by_purpose(policy, standing, label, known)
    if refusal is not None:
        return Denied(rule=refusal, required_tier=label.tier)
    cells = list(_cells_of(policy, standing, label))
    for cell, _ in cells:
        if not cell.permit:
            return Denied(rule=cell.id, required_tier=label.tier)
    return _most_open(standing, label, [(cell, reader) for cell, reader in cells if _holds(cell, reader, known)])


def possible_facts(policy: Policy, standing: Standing) -> frozenset[Fact]:
    """
    List every fact *standing* could have towards some row, of those that some rule of *policy* asks for.

    `decide` with these facts is as open as it can get for a label: a denial then holds for every row (static denial).
    """
    possible = {Fact.PUBLISHED} | _facts_of_context(standing)
    if standing.organisation is not None:
        possible |= {Fact.OWN_SUBJECT, Fact.OWN_SOURCE, Fact.COUNTERPARTY, Fact.PORTFOLIO}
    if standing.regions:
        possible.add(Fact.IN_REGION)
    if any(consent.purpose == standing.purpose for consent in standing.consents):
        possible.add(Fact.CONSENT)
    if standing.grants:
        possible.add(Fact.GRANTED)
    return frozenset(possible) & _asked_for(policy)


def _facts_of_context(standing: Standing) -> frozenset[Fact]:
    context = dict(standing.context)
    return frozenset(fact for fact, key in CONTEXT_FACTS.items() if context.get(key, "").strip())


def _asked_for(policy: Policy) -> frozenset[Fact]:
    asked = [reader.needs for reader in policy.readers.values()]
    asked += [cell.needs for cell in policy.cells]
    for purpose in policy.purposes.values():
        asked += [purpose.needs_always, *purpose.needs.values()]
    return frozenset().union(*asked)


def _refused_by_purpose(policy: Policy, standing: Standing, label: Label, known: frozenset[Fact]) -> str | None:
    purpose = policy.purposes.get(standing.purpose)
    if purpose is None:
        return "purpose.unknown"
    needs = purpose.needs.get(label.category, frozenset()) | purpose.needs_always
    questions = (
        ("purpose.not_allowed", purpose.code == PUBLIC_LOOKUP or purpose.code in standing.purposes),
        ("purpose.context", not missing_context(purpose, standing)),
        ("purpose.category", label.category in purpose.categories),
        ("purpose.needs", needs <= known),
        ("purpose.tier", purpose.max_tier is None or is_at_least(purpose.max_tier, label.tier)),
    )
    return next((rule for rule, holds in questions if not holds), None)


def missing_context(purpose: PurposeRule, standing: Standing) -> tuple[str, ...]:
    """List the context keys that *purpose* requires and *standing* does not fill, in the purpose's order."""
    context = dict(standing.context)
    return tuple(key for key in purpose.requires if not context.get(key, "").strip())


def _cells_of(policy: Policy, standing: Standing, label: Label) -> Iterator[tuple[Cell, Reader]]:
    """The cells that speak of this actor, purpose and coordinate, whatever is known of the row."""
    for cell in policy.cells:
        if cell.category != label.category or label.coordinate in cell.except_fields:
            continue
        reader = policy.readers[cell.reader]
        if standing.actor in reader.actors and (not reader.purposes or standing.purpose in reader.purposes):
            yield cell, reader


def _holds(cell: Cell, reader: Reader, known: frozenset[Fact]) -> bool:
    return reader.needs | cell.needs <= known


def _most_open(standing: Standing, label: Label, cells: list[tuple[Cell, Reader]]) -> Decision:
    refusals = {"matrix.none"}
    masked: Masked | None = None
    for cell, reader in cells:
        refusal = _refused_by_tier(cell.audience or reader.audience, standing.ceiling, label.tier)
        outcome = refusal or _shown(cell, label, cell.audience or reader.audience)
        if isinstance(outcome, Clear):
            return outcome
        if isinstance(outcome, str):
            refusals.add(outcome)
        elif masked is None or outcome.mask < masked.mask:  # m6 tells more than m7; a field has one mask only
            masked = outcome
    return masked or Denied(rule=max(refusals, key=_NEARNESS.index), required_tier=label.tier)


# A denial names the refusal that came nearest to a permission.
_NEARNESS = ("matrix.none", "tier.audience", "tier.ceiling", "matrix.count_only")


def _refused_by_tier(audience: Audience, ceiling: Tier, tier: Tier) -> str | None:
    if audience not in tier.readers:
        return "tier.audience"
    if audience in _BOUND_BY_CEILING and not within(tier, ceiling):
        return "tier.ceiling"
    return None


def within(tier: Tier, ceiling: Tier) -> bool:
    """Whether *tier* is no stricter than *ceiling*, the consent route aside: a ceiling of G reaches G-CON."""
    return ceiling.readers - {Audience.CON} <= tier.readers


def _shown(cell: Cell, label: Label, audience: Audience) -> Clear | Masked | str:
    of_rows = cell.masks & ROW_MASKS
    if of_rows:
        return Masked(rule=cell.id, mask=min(of_rows)) if label.coordinate is None else "matrix.count_only"
    if label.mask is None or label.coordinate is None:
        return Clear(rule=cell.id)
    if label.mask in cell.masks or (label.masked and audience is not Audience.OWN):
        return Masked(rule=cell.id, mask=label.mask)
    return Clear(rule=cell.id)
