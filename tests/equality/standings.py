"""Random askers, and policies as officers might write them tomorrow."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hub.identity.actors import defaults_of
from hub.identity.caller import Caller
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category, Mask
from schema.plan.guarded import guard_table
from schema.policy.decide import PUBLIC_LOOKUP
from schema.policy.model import ActorKind, Cell, Consent, FieldLabel, Grant, Policy, Standing
from schema.tiers import Audience, Tier
from tests.support.people import GROUP

_GUARDED = guard_table(KINDS, CATALOGUE_VERSION).by_coordinate
COORDINATES = tuple(_GUARDED)
SOURCES = ("national", "jinjiang", "wuhou", "unheard-of")
REGIONS = ("", "51", "5101", "510100", "11", "440300")


def random_asker(dice: Random, policy: Policy, codes: Sequence[str]) -> tuple[Caller, Standing]:
    """Draw a caller and its standing; *codes* are subjects of the world, some of which ask about themselves."""
    actor = dice.choice([kind for kind in ActorKind if kind not in {ActorKind.OP, ActorKind.AU}] * 4 + list(ActorKind))
    usual = defaults_of(actor)
    purpose = dice.choice(usual.purposes if usual else (PUBLIC_LOOKUP,))
    luck = dice.random()
    if luck < 0.15:
        purpose = dice.choice(sorted(policy.purposes))
    elif luck < 0.17:
        purpose = "NO_SUCH_PURPOSE"
    regions = frozenset(dice.sample(REGIONS, dice.choice((0, 1, 2))))
    caller = Caller(
        partner=None if actor is ActorKind.PU else f"{actor.value.lower()}-1",
        actor=actor,
        organisation=dice.choice((None, GROUP, *codes)),
        ceiling=dice.choice(list(Tier)) if dice.random() < 0.3 else (usual.ceiling if usual else Tier.P),
        regions=frozenset({""}) if usual and usual.whole_country else regions,
        sectors=frozenset(),
        purposes=frozenset() if dice.random() < 0.05 else frozenset({purpose}),
    )
    return caller, Standing(
        actor=actor,
        organisation=caller.organisation,
        ceiling=caller.ceiling,
        regions=caller.regions,
        sectors=caller.sectors,
        purposes=caller.purposes | {PUBLIC_LOOKUP},
        purpose=purpose,
        context=_context(dice, policy, purpose),
        consents=tuple(_consent(dice, purpose, codes) for _ in range(dice.choice((0, 0, 1, 3)))),
        grants=tuple(_grant(dice, purpose, codes) for _ in range(dice.choice((0, 0, 1, 3)))),
        policy_version=policy.version,
    )


def _context(dice: Random, policy: Policy, purpose: str) -> tuple[tuple[str, str], ...]:
    rule = policy.purposes.get(purpose)
    keys = set(rule.requires if rule else ())
    if keys and dice.random() < 0.05:
        keys.pop()
    if dice.random() < 0.2:
        keys |= {"matterCode", "caseId"}
    return tuple((key, dice.choice(("x", "T-1"))) for key in sorted(keys))


def _consent(dice: Random, purpose: str, codes: Sequence[str]) -> Consent:
    return Consent(
        subject=dice.choice(codes),
        items=frozenset(dice.sample(list(Category), dice.randint(1, 15))),
        purpose=purpose if dice.random() < 0.8 else PUBLIC_LOOKUP,
        valid_from="2026-01-01",
        valid_to="2027-01-01",
    )


def _grant(dice: Random, purpose: str, codes: Sequence[str]) -> Grant:
    return Grant(
        id=f"g-{dice.randrange(3)}",
        category=dice.choice(list(Category)),
        coordinates=frozenset(dice.sample(COORDINATES, dice.choice((0, 0, 5, 60)))),
        source=dice.choice((None, *SOURCES)),
        subject=dice.choice((None, *codes)),
        purpose=purpose,
        tier=dice.choice(list(Tier)),
        valid_from="2026-01-01",
        valid_to="2027-01-01",
    )


def random_policy(dice: Random, seed: Policy) -> Policy:
    """Draw a policy: the seed, the seed with cells taken out, moved, forbidden or masked, or one open to everybody."""
    luck = dice.random()
    if luck < 0.25:
        return seed
    if luck < 0.75:
        return _opened(dice, seed)
    cells = [_changed(dice, cell) for cell in seed.cells if dice.random() < 0.9]
    if dice.random() < 0.5:
        dice.shuffle(cells)
    tiers = dict(seed.tiers)
    for category in dice.sample(list(tiers), dice.choice((0, 0, 1, 2))):
        if dice.random() < 0.5:
            del tiers[category]
        else:
            tiers[category] = dice.choice(list(Tier))
    fields = _relabelled(dice, seed)
    return replace(seed, version=2, digest=f"sm3:{dice.random()}", cells=tuple(cells), tiers=tiers, fields=fields)


def _relabelled(dice: Random, seed: Policy) -> dict[str, FieldLabel]:
    """Some fields stricter, some masked for all but their own, some not classified at all."""
    fields = dict(seed.fields)
    for coordinate in dice.sample(sorted(fields), dice.choice((0, 0, 3, 30))):
        luck = dice.random()
        if luck < 0.4:
            del fields[coordinate]
        elif luck < 0.7:
            fields[coordinate] = FieldLabel(tier=dice.choice(list(Tier)))
        else:
            fields[coordinate] = FieldLabel(tier=fields[coordinate].tier, mask=_GUARDED[coordinate].mask)
    return fields


def _changed(dice: Random, cell: Cell) -> Cell:
    luck = dice.random()
    if luck < 0.03:
        # As the parser has it: a prohibition asks for no facts and no masks.
        return replace(cell, permit=False, needs=frozenset(), masks=frozenset(), audience=None)
    if luck < 0.2:
        return replace(cell, masks=frozenset(dice.sample(list(Mask), dice.choice((0, 1, 2, 5)))))
    if luck < 0.25:
        return replace(cell, needs=frozenset())
    return cell


def _opened(dice: Random, seed: Policy) -> Policy:
    """Every purpose reads everything, every asker as an owner would: so that values are seen, masked in places."""
    everything = frozenset(Category)
    purposes = {
        code: replace(rule, categories=everything, needs={}, needs_always=frozenset(), max_tier=None)
        for code, rule in seed.purposes.items()
    }
    cells = tuple(_open_cell(dice, category) for category in Category if dice.random() < 0.93)
    return replace(seed, version=3, digest=f"sm3:{dice.random()}", cells=cells, purposes=purposes)


def _open_cell(dice: Random, category: Category) -> Cell:
    masks: frozenset[Mask] = frozenset()
    if dice.random() < 0.4:
        masks = frozenset(dice.sample((Mask.M1, Mask.M2, Mask.M3, Mask.M4, Mask.M5), dice.choice((1, 2, 5))))
    elif dice.random() < 0.1:
        masks = frozenset({dice.choice((Mask.M6, Mask.M7))})
    return Cell(
        id=f"{category}.PU.open",
        category=category,
        reader="PU",
        permit=True,
        needs=frozenset(),
        audience=Audience.OWN,
        masks=masks,
        except_fields=frozenset(),
    )
