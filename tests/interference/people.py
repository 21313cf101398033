"""
Who asks: every kind of asker, for its purposes and others', within its region and without, about itself and others,
with consents or grants and without.

A standing here is what the hub makes of the partner's entry and the stated purpose, by the documented rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from random import Random

from hub.access.purpose import Purpose
from hub.access.rights import NO_RIGHTS, Held
from hub.access.standing import standing_of
from hub.identity.actors import defaults_of
from hub.identity.caller import Caller, the_public
from hub.identity.partners import NewPartner, Partner, admit
from schema.catalogue.model import Category
from schema.policy.decide import PUBLIC_LOOKUP
from schema.policy.model import ActorKind, Consent, Grant, Policy, Standing
from schema.tiers import Tier

COUNTRY = ""
INSIDE, OUTSIDE = "51", "11"
"""Regions: most records of the world lie in the first, none in the second."""
OTHERS_PURPOSES = ("SELF_QUERY", "DATA_QUALITY", "AUDIT", "SUPERVISION", "FINANCING")
EXTRA = ("matterCode", "caseId")


_FROM, _TO = "2026-01-01", "2027-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A partner's entry with the rights that were given to it."""

    partner: Partner
    rights: Held = NO_RIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """
    A person (None: the public) with one purpose.

    Attributes:
        context: What it states with the purpose.
    """

    person: Person | None
    purpose: str
    context: tuple[tuple[str, str], ...] = field(default=())

    @property
    def partner(self) -> Partner | None:
        return self.person.partner if self.person else None

    @property
    def kind(self) -> str:
        return self.person.partner.actor.value if self.person else "PU"

    @property
    def name(self) -> str:
        who = self.person.partner.id if self.person else "public"
        said = "+".join(key for key, _ in self.context) or "nothing said"
        return f"{who} {self.purpose} ({said})"

    def standing(self, policy: Policy) -> Standing:
        rights = self.person.rights if self.person else NO_RIGHTS
        purpose = Purpose(code=self.purpose, context=self.context)
        return standing_of(self.caller, purpose, policy, rights=rights)

    @property
    def caller(self) -> Caller:
        if self.person is None:
            return the_public()
        partner = self.person.partner
        return Caller(
            partner=partner.id,
            actor=partner.actor,
            organisation=partner.organisation,
            ceiling=partner.ceiling,
            regions=partner.regions,
            sectors=partner.sectors,
            purposes=partner.purposes,
        )


def people_of(
    now: datetime, *, subjects: Sequence[str], owner: str, stranger: str, trusted: str, dice: Random
) -> list[Person]:
    """
    Entries of every kind of asker: as a subject of the world, as the owner of a source, as a stranger, as one to whom
    subjects gave consents, as one who was given grants; within the region and without.
    """
    made = []
    for actor in ActorKind:
        usual = defaults_of(actor)
        if usual is None:
            continue
        organisations = {
            "subject": subjects[0], "owner": owner, "stranger": stranger, "trusted": trusted, "granted": stranger,
        }  # fmt: skip
        regions: Sequence[str] = (COUNTRY,) if usual.whole_country else (INSIDE, OUTSIDE)
        for (who, code), region in product(organisations.items(), regions):
            where = {INSIDE: "inside", OUTSIDE: "outside", COUNTRY: "country"}[region]
            wish = NewPartner(
                id=f"{actor.value.lower()}-{who}-{where}",
                name=f"{actor.value} {who}",
                actor=actor,
                organisation=code,
                regions=(region,) if region else (),
                ceiling=Tier.P if who == "stranger" and region == OUTSIDE else None,
                purposes=tuple(dict.fromkeys((*usual.purposes, *OTHERS_PURPOSES))),
            )
            made.append(_person(admit(wish, now), who, subjects, dice))
    return made


def _person(partner: Partner, who: str, subjects: Sequence[str], dice: Random) -> Person:
    purposes = sorted(partner.purposes)
    if who == "trusted":
        # By organisation: whatever kind of partner it is, the same consents hold.
        return Person(partner=partner, rights=Held(consents=_consents(subjects)))
    if who == "granted":
        grants = (_grant(f"{partner.id}-{number}", purpose, subjects, dice) for number, purpose in enumerate(purposes))
        return Person(partner=partner, rights=Held(grants=tuple(grants)))
    return Person(partner=partner)


def _consents(subjects: Sequence[str]) -> tuple[Consent, ...]:
    """Two subjects consent: one to everything, one to a part."""
    everything = frozenset(Category)
    part = frozenset({Category.C01, Category.C07, Category.C15})
    given = [
        Consent(
            id="T-1" if purpose == "FINANCING" else f"{purpose}-{number}",
            subject=subject,
            items=items,
            purpose=purpose,
            valid_from=_FROM,
            valid_to=_TO,
        )
        for number, (subject, items) in enumerate(((subjects[1], everything), (subjects[-1], part)))
        for purpose in ("FINANCING", "MARKET_TRADE", "PROCUREMENT_CHECK", "RATING", "RISK_WARNING", "SUPERVISION")
    ]
    return tuple(sorted(given, key=lambda each: (each.subject, each.id)))


def _grant(name: str, purpose: str, subjects: Sequence[str], dice: Random) -> Grant:
    return Grant(
        id=name,
        category=dice.choice(list(Category)),
        source=dice.choice((None, "jinjiang", "wuhou")),
        subject=dice.choice((None, None, *subjects[:3])),
        purpose=purpose,
        tier=dice.choice(list(Tier)),
        valid_from=f"{_FROM}T00:00:00.000000Z",
        valid_to=f"{_TO}T00:00:00.000000Z",
    )


def askers_of(people: Sequence[Person], policy: Policy) -> Iterator[Asker]:
    """Every person under each of its purposes: with the context it needs, with more, and with none."""
    yield Asker(person=None, purpose=PUBLIC_LOOKUP)
    for person in people:
        for purpose in sorted(person.partner.purposes):
            rule = policy.purposes.get(purpose)
            needed = dict.fromkeys(rule.requires, "T-1") if rule else {}
            yield Asker(person=person, purpose=purpose, context=tuple(sorted(needed.items())))
            more = dict.fromkeys(EXTRA, "M-1") | needed
            if more != needed:
                yield Asker(person=person, purpose=purpose, context=tuple(sorted(more.items())))
            if needed:
                yield Asker(person=person, purpose=purpose)


def spread(askers: Sequence[Asker], dice: Random) -> list[Asker]:
    """All *askers*, so that the first few already are of every kind and purpose: each turn takes one of each pair."""
    groups: dict[tuple[str, str], list[Asker]] = {}
    for asker in askers:
        groups.setdefault((asker.kind, asker.purpose), []).append(asker)
    for group in groups.values():
        dice.shuffle(group)
    order = []
    while groups:
        turn = list(groups)
        dice.shuffle(turn)
        for key in turn:
            order.append(groups[key].pop())
            if not groups[key]:
                del groups[key]
    return order
