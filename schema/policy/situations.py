"""
Which rows two askers can meet: the askers are one partner before and after a change, and the rows are the same.

A row is told apart only by what a decision can depend on: whether it is about the asker, or supplied by it, lies in its
region, bears which consents and grants, is published. What hangs together stays together: a row has one subject and
one source, so a consent of one subject and a grant about another never hold at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from schema.catalogue.model import Category
from schema.policy.decide import CONTEXT_FACTS, within
from schema.policy.model import ActorKind, Consent, Fact, Grant, Label, Policy, Standing
from schema.tiers import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """
    A partner, or the public, as decisions see it; purpose and context are the question's.

    Attributes:
        actor, organisation, ceiling, regions, sectors, purposes: See `schema.policy.model.Standing`.
        consents, grants: Valid ones, for whatever purpose.
    """

    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: frozenset[str]
    purposes: frozenset[str]
    sectors: frozenset[str] = frozenset()
    consents: tuple[Consent, ...] = ()
    grants: tuple[Grant, ...] = ()

    def asking(self, policy: Policy, purpose: str, keys: Iterable[str]) -> Standing:
        """Stand before *policy* with *purpose* and something stated under each of *keys*."""
        return Standing(
            actor=self.actor,
            organisation=self.organisation,
            ceiling=self.ceiling,
            regions=self.regions,
            sectors=self.sectors,
            purposes=self.purposes,
            purpose=purpose,
            context=tuple((key, "*") for key in sorted(keys)),
            consents=tuple(each for each in self.consents if each.purpose == purpose),
            grants=tuple(each for each in self.grants if each.purpose == purpose),
            policy_version=policy.version,
        )


@dataclass(frozen=True, slots=True)
class Leave:
    """What a grant opens: its category, its fields (none: all), and up to which label."""

    category: Category
    coordinates: frozenset[str]
    tier: Tier

    def opens(self, label: Label) -> bool:
        """Whether it covers *label*."""
        return (
            self.category is label.category
            and (label.coordinate is None or not self.coordinates or label.coordinate in self.coordinates)
            and within(label.tier, self.tier)
        )


@dataclass(frozen=True, slots=True)
class Meeting:
    """
    What one asker has towards one row.

    Attributes:
        facts: Those that hold whatever the label; never CONSENT or GRANTED.
        consented: Categories a consent of the row's subject covers.
        leave: What grants open on the row.
        is_away: Officers laid a compartment on the row that the asker's regions do not hold.
    """

    facts: frozenset[Fact]
    consented: frozenset[Category] = frozenset()
    leave: frozenset[Leave] = frozenset()
    is_away: bool = False

    def on(self, label: Label) -> frozenset[Fact]:
        """The facts that hold for *label*."""
        facts = self.facts
        if label.category in self.consented:
            facts |= {Fact.CONSENT}
        if self.leave and any(leave.opens(label) for leave in self.leave):
            facts |= {Fact.GRANTED}
        return facts

    def of(self, relevant: frozenset[Fact]) -> "Meeting":
        """Leave out what no rule asks for."""
        return Meeting(
            self.facts & relevant,
            self.consented if Fact.CONSENT in relevant else frozenset(),
            self.leave if Fact.GRANTED in relevant else frozenset(),
            self.is_away,
        )


Pair = tuple[Meeting, Meeting]
"""The same row towards the asker before and after."""


def meetings(
    before: Asker, after: Asker, purpose: str, *, named: tuple[bool, bool] = (False, False)
) -> frozenset[Pair]:
    """
    List what the two askers can have towards the same row, under *purpose*.

    COUNTERPARTY and PORTFOLIO hold or not, as for any organisation: no row tells which.

    Where *named* (before, after), a question must name one consent, and that one alone counts.
    """
    both = [(value, value) for value in (True, False)]
    parts = [_regions(before, after), *_by_organisation(before, after), both]
    facts = (Fact.IN_REGION, Fact.OWN_SOURCE, Fact.COUNTERPARTY, Fact.PORTFOLIO, Fact.PUBLISHED)
    loose = [
        tuple(frozenset(fact for fact, pair in zip(facts, held, strict=True) if pair[side]) for side in (0, 1))
        for held in product(*parts)
    ]
    return frozenset(
        (replace(own[0], facts=one[0] | own[0].facts, is_away=not within[0]),
         replace(own[1], facts=one[1] | own[1].facts, is_away=not within[1]))
        for own in _by_subject(before, after, purpose, named)
        for one in loose
        for within in _compartments(before, after)
    )  # fmt: skip


def _by_subject(before: Asker, after: Asker, purpose: str, named: tuple[bool, bool]) -> frozenset[Pair]:
    """By whom the row is about and whose it is; one subject and one source stand for all that nobody named."""
    sides = (before, after)
    subjects: set[str | None] = {None, *(side.organisation for side in sides)}
    sources: set[str | None] = {None}
    choices: set[Consent | None] = {None}
    for side, is_named in zip(sides, named, strict=True):
        given = [consent for consent in side.consents if consent.purpose == purpose]
        choices |= set(given) if is_named else set()
        subjects |= {consent.subject for consent in given}
        subjects |= {grant.subject for grant in side.grants if grant.purpose == purpose}
        sources |= {grant.source for grant in side.grants if grant.purpose == purpose}
    found = set()
    for choice in choices:
        one, other = (
            [each for each in side.consents if each.purpose == purpose and (not is_named or each == choice)]
            for side, is_named in zip(sides, named, strict=True)
        )
        for subject, source in product(subjects, sources):
            towards = (purpose, subject, source)
            found.add((_meeting(before, one, towards), _meeting(after, other, towards)))
    return frozenset(found)


def _meeting(asker: Asker, consents: Iterable[Consent], towards: tuple[str, str | None, str | None]) -> Meeting:
    purpose, subject, source = towards
    consented = frozenset(item for consent in consents if consent.subject == subject for item in consent.items)
    leave = frozenset(
        Leave(grant.category, grant.coordinates, grant.tier)
        for grant in asker.grants
        if grant.purpose == purpose and grant.subject in (None, subject) and grant.source in (None, source)
    )
    is_own = subject is not None and asker.organisation == subject
    return Meeting(frozenset({Fact.OWN_SUBJECT} if is_own else ()), consented, leave)


def _regions(before: Asker, after: Asker) -> frozenset[tuple[bool, bool]]:
    """Whether a row lies in the compartment of both, of one, of none: any region or none known, any sector or none."""
    places = {None, *before.regions, *after.regions}
    sectors = {None, *before.sectors, *after.sectors}
    return frozenset(
        (_is_home(before, place, sector), _is_home(after, place, sector)) for place in places for sector in sectors
    )


def _is_home(asker: Asker, place: str | None, sector: str | None) -> bool:
    return (not asker.sectors or sector in asker.sectors) and _lies_in(place, asker.regions)


def _compartments(before: Asker, after: Asker) -> frozenset[tuple[bool, bool]]:
    """
    Whether both, one or none hold the compartment that officers laid on a row: one or more regions, all of them.

    Where both are out of it, the row bears R for both, as it also may of its own: that is not told apart.
    """
    alone = {
        (_lies_in(place, before.regions), _lies_in(place, after.regions)) for place in before.regions | after.regions
    }
    return frozenset({(True, True), *(pair for pair in alone if pair != (False, False))})


def _lies_in(place: str | None, regions: frozenset[str]) -> bool:
    return any(prefix == "" or (place is not None and place.startswith(prefix)) for prefix in regions)


def _by_organisation(before: Asker, after: Asker) -> Iterator[frozenset[tuple[bool, bool]]]:
    """OWN_SOURCE, COUNTERPARTY, PORTFOLIO: each holds or not, and for one organisation alike before and after."""
    one, other = before.organisation, after.organisation
    values = [(a, b) for a in (False, True) for b in (False, True)]
    possible = [(a, b) for a, b in values if (one is not None or not a) and (other is not None or not b)]
    if one is not None and one == other:
        possible = [(a, b) for a, b in possible if a == b]
    for _ in range(3):
        yield frozenset(possible)


def contexts(before: Policy, after: Policy, purpose: str) -> tuple[frozenset[str], ...]:
    """
    List the sets of context keys that a question for *purpose* may fill, as far as a decision can tell them apart.

    What makes a fact is stated or not; what each version requires is stated whole or not at all.
    """
    rules = [policy.purposes.get(purpose) for policy in (before, after)]
    requires = [frozenset(rule.requires if rule else ()) - set(CONTEXT_FACTS.values()) for rule in rules]
    others = {frozenset(), requires[0], requires[1], requires[0] | requires[1]}
    facts = [frozenset(key for key, is_said in zip(CONTEXT_FACTS.values(), said, strict=True) if is_said)
             for said in product((False, True), repeat=len(CONTEXT_FACTS))]  # fmt: skip
    return tuple(sorted({one | fact for one in others for fact in facts}, key=lambda keys: (len(keys), sorted(keys))))
