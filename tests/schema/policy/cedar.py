"""
Another engine's opinion of `decide`: Cedar, under the rules of `cedar_rules`, over random worlds.

    python -m tests.schema.policy.cedar --worlds 1000000 [--seed TEXT]

Labels, compartments, consents and grants are handed to Cedar as they stand; it is not told what we make of them.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import cedarpy

from schema.policy.model import Clear, Decision, Denied, Masked, Policy
from schema.tiers import Tier
from tests.schema.policy.cedar_rules import LABELS, READERS, RIGHTS, Translated, translate
from tests.schema.policy.cedar_worlds import World, random_policies, random_world, said_by_us

_WAYS = {True: ("list", "count", "tell"), False: ("whole", "masked")}


def _region(code: str | None) -> dict[str, object]:
    return {"__entity": {"type": "Region", "id": "nowhere" if code is None else code or "country"}}


def _regions(codes: Iterable[str]) -> list[dict[str, object]]:
    """Every region with the one it lies in: 510100 in 5101 in 51 in the country; what is not known, only in that."""
    whole = {"uid": {"type": "Region", "id": "country"}, "attrs": {}, "parents": []}
    found = {"country": whole, "nowhere": _child("nowhere", "country")}
    for code in codes:
        for end in range(2, len(code) + 1, 2):
            found[code[:end]] = _child(code[:end], code[: end - 2] or "country")
    return list(found.values())


def _child(code: str, parent: str) -> dict[str, object]:
    return {
        "uid": {"type": "Region", "id": code},
        "attrs": {},
        "parents": [{"type": "Region", "id": parent}],
    }


def _asker(name: str, world: World) -> dict[str, object]:
    attrs: dict[str, object] = {
        "actor": world.actor.value,
        # A ceiling says nothing of the consent route.
        "ceiling": [each for each in READERS[world.ceiling] if each != "CON"],
        "regions": [_region(code) for code in world.regions],
        "sectors": list(world.sectors),
        "purposes": list(world.purposes),
    }
    if world.organisation is not None:
        attrs["organisation"] = world.organisation
    return {"uid": {"type": "Asker", "id": name}, "attrs": attrs, "parents": []}


def _value(name: str, policy: Policy, world: World) -> dict[str, object]:
    entry = world.entry
    tiers = {"category": policy.tiers.get(world.category), "own": world.own}
    if entry is not None:
        told = policy.fields.get(entry.coordinate)
        tiers |= {"field": told and told.tier, "floor": entry.tier}
        if entry.category is not None:
            tiers["fieldCategory"] = policy.tiers.get(entry.category)
    told = entry and policy.fields.get(entry.coordinate)
    mask = (entry and entry.mask) or (told and told.mask) or ""
    attrs: dict[str, object] = {
        **{label: list(READERS[tiers.get(label, Tier.P) or Tier.R]) for label in LABELS},
        "classified": None not in tiers.values(),
        "about": ((entry and entry.category) or world.category).value,
        "coordinate": entry.coordinate if entry else "",
        "mask": str(mask),
        "masked": bool(told and told.mask),
        "subject": world.subject,
        "source": world.source,
        "owners": [each for each in world.owners if each is not None],
        "region": _region(world.region),
        "published": world.published,
    }
    if world.sector is not None:
        attrs["sector"] = world.sector
    attrs |= dict(zip(("first", "second"), map(_region, world.compartment), strict=False))
    return {"uid": {"type": "Value", "id": name}, "attrs": attrs, "parents": []}


def _context(world: World) -> dict[str, object]:
    none = {
        "id": "",
        "subject": "",
        "items": [],
        "purpose": "",
        "category": "",
        "coordinates": [],
        "source": "",
        "readers": [],
    }
    found: dict[str, object] = {
        "purpose": world.purpose,
        "stated": sorted(key for key, value in world.context if value.strip()),
        "named": dict(world.context).get("consent", ""),
        "dealings": sorted(world.dealings),
    }
    consents = [{**none, "id": each.id, "subject": each.subject, "items": sorted(each.items), "purpose": each.purpose}
                for each in world.consents]  # fmt: skip
    grants = [
        {
            **none,
            "category": each.category.value,
            "coordinates": sorted(each.coordinates),
            "source": each.source or "",
            "subject": each.subject or "",
            "purpose": each.purpose,
            "readers": [reader for reader in READERS[each.tier] if reader != "CON"],
        }
        for each in world.grants
    ]
    for i in range(RIGHTS):
        found[f"consent{i}"] = consents[i] if i < len(consents) else none
        found[f"grant{i}"] = grants[i] if i < len(grants) else none
    return found


@dataclass(frozen=True)
class Opinion:
    """What Cedar says: `m0`, a mask, or `x` with the rule; the rules that a permission may name."""

    word: str
    rules: frozenset[str]


def opinions(policy: Policy, worlds: Sequence[World]) -> list[Opinion]:
    """Ask Cedar about every one of *worlds*."""
    cedar = translate(policy)
    codes = {code for world in worlds for code in (*world.regions, *world.compartment, world.region) if code}
    entities = cedarpy.Entities.from_json_str(
        json.dumps(
            [
                *_regions(codes),
                *(_asker(str(number), world) for number, world in enumerate(worlds)),
                *(_value(str(number), policy, world) for number, world in enumerate(worlds)),
            ]
        )
    )
    contexts = [json.dumps(_context(world)) for world in worlds]
    asked = [(number, way) for number, world in enumerate(worlds) for way in _WAYS[world.entry is None]]
    told = _ask(cedar.showing, entities, contexts, asked)
    denied = [number for number, world in enumerate(worlds) if not _allowed(told, number, world)]
    bare = [number for number in denied if not told[number, _WAYS[worlds[number].entry is None][0]].reasons]
    nearing = _ask(
        cedar.nearing, entities, contexts, [(number, way) for number in bare for way in ("applies", "reads", "reaches")]
    )
    return [_opinion(cedar, world, number, told, nearing) for number, world in enumerate(worlds)]


@dataclass(frozen=True)
class _Told:
    allowed: bool
    reasons: frozenset[str]


_Answers = dict[tuple[int, str], _Told]


def _ask(
    policies: cedarpy.PolicySet, entities: cedarpy.Entities, contexts: Sequence[str], asked: Sequence[tuple[int, str]]
) -> _Answers:
    requests = [
        {
            "principal": {"type": "Asker", "id": str(number)},
            "action": {"type": "Action", "id": way},
            "resource": {"type": "Value", "id": str(number)},
            "context": contexts[number],
        }
        for number, way in asked
    ]
    found: _Answers = {}
    for key, result in zip(asked, cedarpy.is_authorized_batch(requests, policies, entities), strict=True):
        # A policy that fails is skipped by Cedar, which would let a prohibition go unseen.
        assert result.diagnostics.errors == []
        names = result.diagnostics.id_annotations_by_reason
        reasons = frozenset(names.get(reason, reason) for reason in result.diagnostics.reasons)
        found[key] = _Told(allowed=result.allowed, reasons=reasons)
    return found


def _allowed(told: _Answers, number: int, world: World) -> str | None:
    return next((way for way in _WAYS[world.entry is None] if told[number, way].allowed), None)


def _opinion(cedar: Translated, world: World, number: int, told: _Answers, nearing: _Answers) -> Opinion:
    way = _allowed(told, number, world)
    if way is not None:
        words = {"list": "m0", "whole": "m0", "count": "m6", "tell": "m7"}
        return Opinion(words.get(way, "masked"), told[number, way].reasons)
    forbidden = told[number, _WAYS[world.entry is None][0]].reasons
    if forbidden:
        return Opinion("x", frozenset({min(forbidden, key=cedar.order.index)}))
    steps = (("applies", "matrix.none"), ("reads", "tier.audience"), ("reaches", "tier.ceiling"))
    rule = next((rule for step, rule in steps if not nearing[number, step].allowed), "matrix.count_only")
    return Opinion("x", frozenset({rule}))


def differs(world: World, ours: Decision, theirs: Opinion) -> bool:
    """Whether Cedar's opinion is another than our decision: in what is shown, or by which rule."""
    match ours:
        case Clear():
            word = "m0"
        case Masked():
            word = ours.mask.value if world.entry is None else "masked"
        case Denied():
            word = "x"
    return word != theirs.word or ours.rule not in theirs.rules


def disagreements(policy: Policy, worlds: Sequence[World]) -> Iterator[tuple[World, Decision, Opinion]]:
    """Compare Cedar's opinion with ours, world by world."""
    for world, theirs in zip(worlds, opinions(policy, worlds), strict=True):
        ours = said_by_us(policy, world)
        if differs(world, ours, theirs):
            yield world, ours, theirs


def compare(dice: Random, *, policies: int, each: int) -> Iterator[tuple[Policy, World, Decision, Opinion]]:
    """Compare over *policies* random policies and *each* worlds under every one of them."""
    for policy in random_policies(dice, policies):
        worlds = [random_world(dice, policy) for _ in range(each)]
        yield from ((policy, *found) for found in disagreements(policy, worlds))


def main() -> int:
    """Run the comparison from the command line; 1 if there is a disagreement."""
    parser = argparse.ArgumentParser(prog="python -m tests.schema.policy.cedar")
    parser.add_argument("--worlds", type=int, default=1_000_000)
    parser.add_argument("--seed", default="cedar")
    given = parser.parse_args()
    found = 0
    for _, world, ours, theirs in compare(Random(given.seed), policies=given.worlds // 100, each=100):  # noqa: S311
        found += 1
        sys.stdout.write(f"{world}\n  {ours}\n  {theirs}\n")
    sys.stdout.write(f"{given.worlds} worlds, {found} disagreements\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
