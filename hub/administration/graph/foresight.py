"""Why access is as it is, and what a change set would change: rules and rights only, never the content of a record."""

from enum import StrEnum

import strawberry

from hub.administration.explain import Explained
from hub.administration.simulate import Simulated
from schema.catalogue.model import Category, Mask
from schema.policy.contrast import Case
from schema.policy.explain import Outcome, Tried, Why
from schema.policy.model import Clear, Decision, Denied, Fact, Masked
from schema.policy.remedies import Remedy, WantedGrant
from schema.policy.simulate import Change, Turn
from schema.tiers import Tier

strawberry.enum(Outcome, name="RuleOutcome", description="What a rule says when it is asked.")
strawberry.enum(Why, name="RuleReason", description="The reason of an outcome.")
strawberry.enum(Turn, description="Which way a cell turns: it opens, it closes, or both.")


class Verdict(StrEnum):
    """What is decided."""

    CLEAR = "clear"
    MASKED = "masked"
    DENIED = "denied"


strawberry.enum(Verdict, name="AccessDecisionKind", description="Shown whole, through a mask, or not at all.")


@strawberry.type(description="决定 What is decided of a field or a row, and by which rule.")
class AccessDecision:
    """A decision."""

    kind: Verdict
    rule: str
    mask: Mask | None
    required_tier: Tier | None = strawberry.field(description="Of a denial: the label's tier.")


@strawberry.type(description="规则 A rule that was asked.")
class RuleTried:
    """A rule."""

    rule: str
    outcome: Outcome
    why: Why
    facts: list[Fact] = strawberry.field(description="Facts it asks for and that do not hold.")
    context: list[str] = strawberry.field(description="Context keys that are missing.")
    mask: Mask | None


@strawberry.type(description="最小授予 The smallest grant that would help.")
class GrantWanted:
    """A grant that would help."""

    category: Category
    coordinates: list[str] = strawberry.field(description="Empty: only rows were asked about.")
    purpose: str
    tier: Tier


@strawberry.type(description="补救 Changes that would permit together; none can be left out.")
class AccessRemedy:
    """A remedy."""

    purpose: str
    changes_purpose: bool
    context: list[str] = strawberry.field(description="Context keys to be stated besides.")
    consent: list[Category] = strawberry.field(description="Categories the subject's consent has to cover.")
    grants: list[GrantWanted]


@strawberry.type(description="访问解释 Why rows of one category are shown, or a field of them.")
class AccessExplanation:
    """An explanation."""

    category: Category
    tier: Tier = strawberry.field(description="The row's, all joined.")
    facts: list[Fact] = strawberry.field(description="What the asker has towards it; without a record: could have.")
    decision: AccessDecision
    row_rules: list[RuleTried] = strawberry.field(description="Why the row is listed, counted, told of or unknown.")
    field_rules: list[RuleTried] | None = strawberry.field(description="Why the field is shown; null: not asked.")
    barred_by: str | None = strawberry.field(description="Rule that no grant and no consent overcomes.")
    remedies: list[AccessRemedy] = strawberry.field(description="What would permit it, smallest first.")


@strawberry.input(description="一条记录 One record; that it exists is told to security officers only.")
class RecordReferenceInput:
    """A record."""

    subject: strawberry.ID
    kind: str
    key: str


@strawberry.input(description="查询目的 A purpose with its context.")
class PurposeInput:
    """A purpose as a question would state it."""

    code: str
    context: list["ContextInput"] = strawberry.field(default_factory=list)


@strawberry.input(description="A key of a purpose's context, and what was stated.")
class ContextInput:
    """A part of a context."""

    key: str
    value: str


@strawberry.type(description="模拟 What a change set would change: a count, and the cells page by page.")
class Simulation:
    """A run of a simulation."""

    id: strawberry.ID
    change_set: strawberry.ID
    cells: int = strawberry.field(description="Cells that were decided upon: partner, purpose, coordinate.")
    changed: int
    opens: int
    closes: int
    both: int = strawberry.field(description="Cells that open in one case and close in another.")
    partners: list[strawberry.ID] = strawberry.field(description="For whom something changes, the public aside.")
    concerns_public: bool


@strawberry.type(description="情形 Rows for which a cell changes in one way.")
class SimulatedCase:
    """A case."""

    before: AccessDecision
    after: AccessDecision
    category: Category
    tier: Tier
    facts: list[Fact]
    facts_after: list[Fact]
    context: list[str]


@strawberry.type(description="变化的单元格 A cell that a change set would change.")
class SimulatedCell:
    """A cell."""

    partner: strawberry.ID | None = strawberry.field(description="Null: the public.")
    purpose: str
    coordinate: str = strawberry.field(description="A kind alone: whether its rows are listed, counted, told of.")
    turn: Turn
    cases: list[SimulatedCase]


def shown_explanation(found: Explained) -> AccessExplanation:
    """Show an explanation."""
    return AccessExplanation(
        category=found.category,
        tier=found.tier,
        facts=sorted(found.facts),
        decision=_decision(found.decision),
        row_rules=[_tried(each) for each in found.row.tried],
        field_rules=None if found.field is None else [_tried(each) for each in found.field.tried],
        barred_by=found.advice.barred_by,
        remedies=[_remedy(each) for each in found.advice.remedies],
    )


def shown_simulation(run: Simulated) -> Simulation:
    """Show a run."""
    return Simulation(
        id=strawberry.ID(run.id),
        change_set=strawberry.ID(run.change),
        cells=run.cells,
        changed=run.changed,
        opens=run.turns[Turn.OPENS],
        closes=run.turns[Turn.CLOSES],
        both=run.turns[Turn.BOTH],
        partners=[strawberry.ID(name) for name in sorted(name for name in run.partners if name is not None)],
        concerns_public=None in run.partners,
    )


def shown_cell(change: Change) -> SimulatedCell:
    """Show a cell that changes."""
    return SimulatedCell(
        partner=None if change.partner is None else strawberry.ID(change.partner),
        purpose=change.purpose,
        coordinate=change.coordinate,
        turn=change.turn,
        cases=[_case(case) for case in change.cases],
    )


def _case(case: Case) -> SimulatedCase:
    return SimulatedCase(
        before=_decision(case.before),
        after=_decision(case.after),
        category=case.category,
        tier=case.tier,
        facts=sorted(case.facts),
        facts_after=sorted(case.facts_after),
        context=list(case.context),
    )


def _decision(decision: Decision) -> AccessDecision:
    match decision:
        case Clear(rule=rule):
            return AccessDecision(kind=Verdict.CLEAR, rule=rule, mask=None, required_tier=None)
        case Masked(rule=rule, mask=mask):
            return AccessDecision(kind=Verdict.MASKED, rule=rule, mask=mask, required_tier=None)
        case Denied(rule=rule, required_tier=tier):
            return AccessDecision(kind=Verdict.DENIED, rule=rule, mask=None, required_tier=tier)


def _tried(tried: Tried) -> RuleTried:
    return RuleTried(
        rule=tried.rule,
        outcome=tried.outcome,
        why=tried.why,
        facts=sorted(tried.facts),
        context=list(tried.context),
        mask=tried.mask,
    )


def _remedy(remedy: Remedy) -> AccessRemedy:
    return AccessRemedy(
        purpose=remedy.purpose,
        changes_purpose=remedy.changes_purpose,
        context=list(remedy.context),
        consent=sorted(remedy.consent),
        grants=[_wanted(each) for each in remedy.grants],
    )


def _wanted(grant: WantedGrant) -> GrantWanted:
    return GrantWanted(
        category=grant.category, coordinates=sorted(grant.coordinates), purpose=grant.purpose, tier=grant.tier
    )
