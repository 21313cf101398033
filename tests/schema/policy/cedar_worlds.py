"""Random worlds for the Cedar oracle: policies as officers might write them, askers and rows; and what we say."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random
from types import SimpleNamespace

from hub.access.policies import seed_policy
from hub.access.purpose import Purpose
from hub.access.rights import Held
from hub.access.standing import standing_of
from hub.identity.caller import Caller
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.decider import Decider
from schema.plan.guarded import Guarded, GuardTable, guard_table
from schema.plan.judge import labelled, row_class
from schema.policy.model import (
    ActorKind,
    Cell,
    Consent,
    Decision,
    Denied,
    Fact,
    FieldLabel,
    Grant,
    Policy,
    PurposeRule,
    Reader,
)
from schema.publicity.placement import Placement
from schema.records import PublicityState, RecordLabel
from schema.tiers import Audience, Tier
from tests.equality.standings import random_policy

ORGANISATIONS = ("ORG-1", "ORG-2")
SUBJECTS = (*ORGANISATIONS, "SUBJECT")
SOURCES = ("SOURCE-1", "SOURCE-2")
REGIONS = ("51", "5101", "510100", "11")
SECTORS = ("power", "coal")
CONSENTS = ("K-1", "K-2", "K-3")
_ALWAYS = date(2026, 1, 1)
_MASKS = [frozenset(), frozenset({Mask.M6}), frozenset({Mask.M7}), frozenset({Mask.M1, Mask.M4, Mask.M5})]
_ACTORS = [kind for kind in ActorKind if kind not in {ActorKind.OP, ActorKind.AU}] * 5 + list(ActorKind)


@dataclass(frozen=True, kw_only=True)
class World:
    """One asker before one row, or one field of it."""

    actor: ActorKind
    organisation: str | None
    ceiling: Tier
    regions: tuple[str, ...]
    sectors: tuple[str, ...]
    purposes: tuple[str, ...]
    purpose: str
    context: tuple[tuple[str, str], ...]
    consents: tuple[Consent, ...]
    grants: tuple[Grant, ...]
    dealings: frozenset[Fact]
    kind: str
    entry: Guarded | None
    category: Category
    own: Tier
    subject: str
    source: str
    owners: tuple[str | None, str | None]
    region: str | None
    sector: str | None
    published: bool
    compartment: tuple[str, ...]


@cache
def coordinates() -> GuardTable:
    return guard_table(KINDS, CATALOGUE_VERSION)


def said_by_us(policy: Policy, world: World) -> Decision:
    """What the hub says: the standing it makes, the class it gives the row, and its decision."""
    caller = Caller(
        partner="someone",
        actor=world.actor,
        organisation=world.organisation,
        ceiling=world.ceiling,
        regions=frozenset(world.regions),
        sectors=frozenset(world.sectors),
        purposes=frozenset(world.purposes),
    )
    rights = Held(consents=world.consents, grants=world.grants)
    standing = standing_of(caller, Purpose(code=world.purpose, context=world.context), policy, rights=rights)
    if world.category not in policy.tiers:
        return Denied(rule="catalogue.unclassified", required_tier=Tier.R)
    record = SimpleNamespace(
        kind=world.kind,
        subject=world.subject,
        region=world.region,
        owner=world.owners[0],
        authority=world.owners[1],
        published=world.published,
        provenance=SimpleNamespace(source=world.source),
    )
    placement = Placement(state=PublicityState.PUBLISHED, category=world.category, tier=world.own)
    label = RecordLabel(tier=Tier.P, regions=world.compartment, valid_from=_ALWAYS, valid_to=None)
    row = row_class(policy, standing, record, labelled(placement, label, standing), world.sector)  # type: ignore[arg-type]
    row = replace(row, facts=row.facts | world.dealings)
    decider = Decider(policy, standing, coordinates())
    return decider.row(row) if world.entry is None else decider.cells(row)[world.entry.name]


def random_policies(dice: Random, count: int) -> Iterator[Policy]:
    """Draw policies: the seed first, then the seed changed in many places at once."""
    seed = seed_policy()
    yield seed
    for _ in range(count - 1):
        yield _changed(dice, random_policy(dice, seed))


def _some(dice: Random, values: list, most: int) -> frozenset:  # type: ignore[type-arg]
    return frozenset(dice.sample(values, dice.randint(0, min(most, len(values)))))


def _changed(dice: Random, policy: Policy) -> Policy:
    readers = {code: _reader(dice, reader, policy) for code, reader in policy.readers.items()}
    purposes = {code: _purpose(dice, rule) for code, rule in policy.purposes.items()}
    fields = {name: _label(dice, label) for name, label in policy.fields.items() if dice.random() < 0.97}
    cells = tuple(_cell(dice, cell) for cell in policy.cells)
    added = tuple(_new_cell(dice, number, sorted(readers)) for number in range(dice.choice((0, 3, 12))))
    return replace(policy, readers=readers, purposes=purposes, fields=fields, cells=(*cells, *added))


def _reader(dice: Random, reader: Reader, policy: Policy) -> Reader:
    luck = dice.random()
    if luck < 0.04:
        return replace(reader, audience=dice.choice(list(Audience)))
    if luck < 0.08:
        return replace(reader, needs=_some(dice, list(Fact), 2))
    if luck < 0.12:
        return replace(reader, actors=reader.actors | _some(dice, list(ActorKind), 4))
    if luck < 0.16:
        return replace(reader, purposes=_some(dice, sorted(policy.purposes), 6))
    return reader


def _purpose(dice: Random, rule: PurposeRule) -> PurposeRule:
    luck = dice.random()
    if luck < 0.04:
        return replace(rule, max_tier=dice.choice(list(Tier)))
    if luck < 0.08:
        return replace(rule, needs_always=_some(dice, list(Fact), 1))
    if luck < 0.16:
        return replace(rule, needs={dice.choice(sorted(rule.categories or Category)): _some(dice, list(Fact), 2)})
    if luck < 0.2:
        return replace(rule, requires=(*rule.requires, dice.choice(("caseId", "consent"))))
    if luck < 0.4:
        return replace(rule, categories=frozenset(Category))
    return rule


def _label(dice: Random, label: FieldLabel) -> FieldLabel:
    luck = dice.random()
    if luck < 0.05:
        return replace(label, tier=dice.choice(list(Tier)))
    if luck < 0.15:
        return replace(label, mask=dice.choice((Mask.M1, Mask.M4, Mask.M5)))
    return label


def _cell(dice: Random, cell: Cell) -> Cell:
    luck = dice.random()
    if not cell.permit or luck > 0.2:
        return cell
    if luck < 0.07:
        return replace(cell, masks=frozenset(dice.sample((Mask.M6, Mask.M7), dice.choice((1, 1, 2)))))
    if luck < 0.1:
        return replace(cell, except_fields=_names(dice))
    return replace(cell, audience=dice.choice((None, *Audience)), needs=_some(dice, list(Fact), 1))


def _new_cell(dice: Random, number: int, readers: list[str]) -> Cell:
    category = dice.choice(list(Category))
    permit = dice.random() < 0.5
    return Cell(
        id=f"{category}.new{number}",
        category=category,
        reader=dice.choice(readers),
        permit=permit,
        needs=_some(dice, list(Fact), 1) if permit else frozenset(),
        audience=dice.choice((None, *Audience)) if permit else None,
        masks=dice.choice(_MASKS) if permit else frozenset(),
        except_fields=_names(dice),
    )


def _names(dice: Random) -> frozenset[str]:
    """Half of all coordinates, or none."""
    names = sorted(coordinates().by_coordinate)
    return frozenset(dice.sample(names, dice.choice((0, len(names) // 2))))


def random_world(dice: Random, policy: Policy) -> World:
    """Draw an asker and a row, likely enough to be shown something."""
    table = coordinates()
    kind = dice.choice(sorted(table.kinds))
    category = dice.choice(table.categories[kind]) if dice.random() < 0.5 else table.categories[kind][0]
    entry = None if dice.random() < 0.35 else dice.choice(list(table.kinds[kind].values()))
    purpose = dice.choice(sorted(policy.purposes)) if dice.random() < 0.97 else "NO_SUCH_PURPOSE"
    rule = policy.purposes.get(purpose)
    purposes = set(dice.sample(sorted(policy.purposes), 3)) | ({purpose} if dice.random() < 0.95 else set())
    about = (entry and entry.category) or category
    return World(
        actor=dice.choice(_ACTORS),
        organisation=dice.choice((None, *ORGANISATIONS, *ORGANISATIONS)),
        ceiling=dice.choice((Tier.P, Tier.I, Tier.G, Tier.I, Tier.G, *Tier)),
        regions=tuple(dice.sample(("", *REGIONS), dice.choice((0, 1, 1, 2)))),
        sectors=tuple(dice.sample(SECTORS, dice.choice((0, 0, 0, 1, 2)))),
        purposes=tuple(sorted(purposes)),
        purpose=purpose,
        context=_context(dice, rule),
        consents=tuple(_consent(dice, name, about, purpose) for name in CONSENTS[: dice.choice((0, 1, 3))]),
        grants=tuple(_grant(dice, number, about, purpose, entry) for number in range(dice.choice((0, 0, 1, 3)))),
        # What a purpose's context alone can make true is claimed of the row now and then: it must not count.
        dealings=_some(dice, [Fact.COUNTERPARTY, Fact.PORTFOLIO, Fact.MATTER_CODE, Fact.CASE_ID], 4),
        kind=kind,
        entry=entry,
        category=category,
        own=Tier.P if dice.random() < 0.5 else dice.choice(list(Tier)),
        subject=dice.choice(SUBJECTS),
        source=dice.choice(SOURCES),
        owners=(dice.choice((None, *ORGANISATIONS)), dice.choice((None, *ORGANISATIONS))),
        region=dice.choice((None, "510100", "510700", "110000")),
        sector=dice.choice((None, *SECTORS)),
        published=dice.random() < 0.5,
        compartment=() if dice.random() < 0.8 else tuple(dice.sample(REGIONS, dice.choice((1, 2)))),
    )


def _context(dice: Random, rule: PurposeRule | None) -> tuple[tuple[str, str], ...]:
    keys = set(rule.requires if rule else ())
    if keys and dice.random() < 0.07:
        keys.remove(dice.choice(sorted(keys)))
    keys |= _some(dice, ["matterCode", "caseId"], 2) if dice.random() < 0.5 else set()
    values = {
        key: dice.choice((*CONSENTS, "K-9") if key == "consent" else ("x", *"x" * 30, " ")) for key in sorted(keys)
    }
    return tuple(sorted(values.items()))


def _consent(dice: Random, name: str, about: Category, purpose: str) -> Consent:
    return Consent(
        id=name,
        subject=dice.choice(SUBJECTS),
        items=frozenset({about} if dice.random() < 0.7 else {Category.C15, Category.C16}),
        purpose=purpose if dice.random() < 0.8 else "SUPERVISION",
        valid_from="2026-01-01",
        valid_to="2026-12-31",
    )


def _grant(dice: Random, number: int, about: Category, purpose: str, entry: Guarded | None) -> Grant:
    named = frozenset({entry.coordinate if entry and dice.random() < 0.6 else "Penalty.facts"})
    return Grant(
        id=f"G-{number}",
        category=about if dice.random() < 0.8 else dice.choice(list(Category)),
        coordinates=named if dice.random() < 0.4 else frozenset(),
        source=dice.choice((None, None, *SOURCES)),
        subject=dice.choice((None, None, *SUBJECTS)),
        purpose=purpose if dice.random() < 0.8 else "SUPERVISION",
        tier=dice.choice((Tier.R, *Tier)),
        valid_from="2026-01-01T00:00:00.000000Z",
        valid_to="2026-12-31T00:00:00.000000Z",
    )
