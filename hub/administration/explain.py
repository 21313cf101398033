"""
Why somebody is shown a coordinate, or is not: every rule that is asked, the one that wins, and what would change it.

Rules:
    - Without a record it is told what holds for rows of the kind in general, category by category, as open as any row
      could be for the asker, or with the facts the officer thinks of. That follows from rules and rights alone.
    - With a record its metadata is told as well: kind, category, tier, facts. Never a value. That there is such a
      record is told to security officers only (and to the operator of a hub without officers); for anybody else no
      record is looked up, so that nothing they see can depend on one.
    - Every explanation is journalled, before it is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hub.access.policies import PolicyMissingError
from hub.access.purpose import Purpose
from hub.access.rights import Held
from hub.access.standing import standing_of
from hub.administration.acting import Agent
from hub.administration.askers import read_register
from hub.administration.desk import Desk
from hub.administration.timeline import read_policy, read_timeline
from hub.clock import legal_day
from hub.errors import BadInputError, ForbiddenError
from hub.identity.actors import defaults_of
from hub.identity.caller import Caller, the_public
from hub.identity.officers.duties import Duty
from hub.identity.officers.model import Acting, Role
from hub.store.dossiers import Dossier
from hub.store.engine import Reader
from keys.canonical import Json
from schema.catalogue.model import Category
from schema.plan.decider import RowClass, facts_on, is_listed
from schema.plan.guarded import Guarded
from schema.plan.judge import labelled, row_class
from schema.policy.decide import possible_facts
from schema.policy.explain import Explanation, explain
from schema.policy.model import ActorKind, Decision, Denied, Fact, Label, Policy, Standing
from schema.policy.remedies import Advice, Asked, smallest_grant
from schema.policy.slices import told_of
from schema.publicity.placement import place_record
from schema.rules.book import RuleBook
from schema.tiers import Tier, join

_SUBJECT_OF_ANYBODY = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReference:
    """One record, by the code of its subject, its kind and its key."""

    subject: str
    kind: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToExplain:
    """
    What is to be explained.

    Attributes:
        partner: Who asks; None: an asker of *actor* without rights, or the public.
        actor: Kind of asker, where there is no partner; None: the public.
        purpose, context: As a question would state them.
        coordinate: `Penalty.facts`; a kind alone (`Penalty`) means its rows.
        record: One record of that kind; None: rows of the kind in general.
        facts: What the asker is to have towards such rows, of what it could have; None: all.
    """

    partner: str | None = None
    actor: ActorKind | None = None
    purpose: str
    context: Mapping[str, str]
    coordinate: str
    record: RecordReference | None = None
    facts: frozenset[Fact] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """
    An explanation for rows of one category.

    Attributes:
        category: Of the row.
        tier: The row's, all joined.
        facts: What the asker has towards it; without a record, all it could have.
        row: Why the row is listed, counted, told of or unknown.
        field: Why the field is shown or not, once the row is listed; None if only rows were asked about, or the field
            is not classified.
        decision: What comes of both.
        advice: The smallest changes that would permit it.
    """

    category: Category
    tier: Tier
    facts: frozenset[Fact]
    row: Explanation
    field: Explanation | None
    decision: Decision
    advice: Advice


class Records(Protocol):
    """Where dossiers are read (`hub.store.dossiers.Dossiers`)."""

    async def read(self, codes: Sequence[str], kinds: frozenset[str]) -> Mapping[str, Dossier]:
        """Read the dossiers of *codes* that are on file."""


class Explanations:
    """Explains access to officers."""

    def __init__(self, desk: Desk, records: Records, rules: RuleBook) -> None:
        self._desk = desk
        self._records = records
        self._rules = rules

    async def explain(self, agent: Agent, wish: ToExplain) -> Sequence[Explained]:
        """
        Explain *wish* under the policy in force: one explanation for the record, or one for each category of the kind.

        Raises:
            ForbiddenError: not a duty of the role, or a record was named by another than a security officer
                (`explain.record`).
            BadInputError: no such partner, coordinate or record; names the place.
        """
        kind, entry = self._coordinate(wish)
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, Duty.EXPLAIN)
            if wish.record is not None:
                _check_sees_records(agent)
            policy = await _in_force(writer, self._desk.now())
            standing = await self._standing(writer, wish, policy)
            await self._desk.note(
                writer,
                "simulation",
                agent,
                "explained",
                {
                    "partner": wish.partner,
                    "actor": standing.actor.value,
                    "purpose": wish.purpose,
                    "coordinate": wish.coordinate,
                    "record": None if wish.record is None else _named(wish.record),
                    "policy": policy.version,
                },
            )
        if wish.record is None:
            return [
                _explained(policy, standing, row, entry) for row in self._possible(policy, standing, kind, wish.facts)
            ]
        return [_explained(policy, standing, await self._of_record(policy, standing, wish.record), entry)]

    def _coordinate(self, wish: ToExplain) -> tuple[str, Guarded | None]:
        table = self._desk.table
        if wish.coordinate in table.kinds:
            kind, entry = wish.coordinate, None
        elif (entry := table.by_coordinate.get(wish.coordinate)) is not None:
            kind = entry.kind
        else:
            raise _wrong("explain.coordinate", "no such coordinate", "coordinate")
        if wish.record is not None and (wish.record.kind != kind or kind not in table.record_kinds):
            raise _wrong("explain.kind", "the record is of another kind than the coordinate", "record")
        return kind, entry

    async def _standing(self, reader: Reader, wish: ToExplain, policy: Policy) -> Standing:
        purpose = Purpose(code=wish.purpose, context=tuple(sorted(wish.context.items())))
        if wish.partner is None:
            return standing_of(_someone(wish.actor), purpose, policy)
        register = await read_register(reader, self._desk.clock.now())
        caller = register.caller(wish.partner)
        if caller is None:
            raise _wrong("explain.partner", "no such partner is served", "partner")
        if wish.actor not in (None, caller.actor):
            raise _wrong("explain.actor", "the partner is of another kind", "actor")
        held = register.rights(wish.partner)
        return standing_of(caller, purpose, policy, rights=Held(consents=held.consents, grants=held.grants))

    def _possible(
        self, policy: Policy, standing: Standing, kind: str, wanted: frozenset[Fact] | None
    ) -> list[RowClass]:
        """The loosest row of each category that rows of *kind* can be in, with *wanted* facts or all there could be."""
        facts = possible_facts(policy, standing)
        if wanted is not None:
            facts &= wanted
        everything = frozenset(Category)
        return [
            RowClass(
                kind=kind,
                category=category,
                tier=policy.tiers.get(category, Tier.R),
                facts=facts - {Fact.CONSENT, Fact.GRANTED},
                consented=everything if Fact.CONSENT in facts else frozenset(),
                granted=standing.grants if Fact.GRANTED in facts else (),
            )
            for category in self._desk.table.categories[kind]
        ]

    async def _of_record(self, policy: Policy, standing: Standing, reference: RecordReference) -> RowClass:
        found = await self._records.read([reference.subject], frozenset({reference.kind}))
        dossier = found.get(reference.subject)
        records = () if dossier is None else dossier.records
        record = next((each for each in records if (each.kind, each.key) == (reference.kind, reference.key)), None)
        if dossier is None or record is None:
            raise _wrong("explain.record_unknown", "no such record", "record")
        today = legal_day(self._desk.clock.now())
        placement = place_record(record, today, self._rules.on(today))
        label = dossier.labels.get((record.kind, record.key))
        if label is not None and label.holds_on(today):
            placement = labelled(placement, label, standing)
        classified = (
            policy if placement.category in policy.tiers else replace(policy, tiers={placement.category: Tier.R})
        )
        return row_class(classified, standing, record, placement, dossier.subject.sector)


def _explained(policy: Policy, standing: Standing, row: RowClass, entry: Guarded | None) -> Explained:
    label = Label(category=row.category, tier=row.tier)
    asked = [Asked(label=label, facts=facts_on(row, label))]
    existence = explain(policy, standing, label, asked[0].facts)
    told = None if entry is None else told_of(policy, entry)
    decision, field = existence.decision, None
    if row.category not in policy.tiers or (entry is not None and told is None):
        decision = Denied(rule="catalogue.unclassified", required_tier=Tier.R)
    elif entry is not None and told is not None:
        of_field = Label(
            category=entry.category or row.category,
            tier=join((row.tier, told.tier)),
            coordinate=entry.coordinate,
            mask=told.mask,
            masked=told.masked,
        )
        asked.append(Asked(label=of_field, facts=facts_on(row, of_field)))
        field = explain(policy, standing, of_field, asked[1].facts)
        decision = field.decision
        if isinstance(existence.decision, Denied):
            decision = existence.decision
        elif not is_listed(existence.decision):
            decision = Denied(rule=existence.decision.rule, required_tier=row.tier)
    unclassified = isinstance(decision, Denied) and decision.rule == "catalogue.unclassified"
    return Explained(
        category=row.category,
        tier=row.tier,
        facts=asked[-1].facts,
        row=existence,
        field=field,
        decision=decision,
        advice=_BEYOND if unclassified else smallest_grant(policy, standing, asked),
    )


def _named(record: RecordReference) -> dict[str, Json]:
    return {"subject": record.subject, "kind": record.kind, "key": record.key}


_BEYOND = Advice(is_permitted=False, barred_by="catalogue.unclassified", remedies=())


def _someone(actor: ActorKind | None) -> Caller:
    """An asker of a kind, as a new entry of that kind would be."""
    usual = None if actor is None else defaults_of(actor)
    if actor is None or usual is None:
        return the_public()
    return Caller(
        partner=None,
        actor=actor,
        # Somebody's code that is nobody's: so that what is an organisation's own is told too.
        organisation=_SUBJECT_OF_ANYBODY if usual.needs_organisation else None,
        ceiling=usual.ceiling,
        regions=frozenset({""}) if usual.whole_country or usual.needs_region else frozenset(),
        sectors=frozenset(),
        purposes=frozenset(usual.purposes),
    )


def _check_sees_records(agent: Agent) -> None:
    if isinstance(agent, Acting) and agent.officer.role is not Role.SECURITY_OFFICER:
        raise ForbiddenError("explain.record", "That a record exists is told to security officers only")


async def _in_force(reader: Reader, now: str) -> Policy:
    head = (await read_timeline(reader)).in_force(now)
    if head is None:
        raise PolicyMissingError("policy: no version is in force")
    return await read_policy(reader, head)


def _wrong(rule: str, text: str, place: str) -> BadInputError:
    return BadInputError(text, place=(place,), extensions={"rule": rule})
