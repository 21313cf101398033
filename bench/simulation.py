"""
What a simulated change of policy costs: cells a second, beside deciding on every cell row by row.

Rules:
    - A cell is partner x purpose x coordinate: the whole catalogue, the seed's purposes, partners of every kind.
    - Beside it stands the obvious way, over a sample of the same cells: every category, tier and set of facts of every
      cell decided by `decide`, before and after. It shares nothing, and finds the same (tests/schema/policy).
"""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from random import Random

from bench.report import Row
from bench.stage import Bench
from hub.access.policies import seed_policy
from hub.identity.actors import defaults_of
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.catalogue.model import Category
from schema.plan.decider import Decider, RowClass, is_listed
from schema.plan.guarded import guard_table
from schema.policy.decide import possible_facts
from schema.policy.model import ActorKind, Consent, Fact, Grant, Policy
from schema.policy.simulate import Side, simulate
from schema.policy.situations import Asker
from schema.tiers import Tier, join

PART = "simulation"
PARTNERS = 100
SAMPLE = 60
_PER = 100_000


def rows(bench: Bench) -> Iterator[Row]:
    """Measure; the figure of the issue: less than a second per 100,000 cells."""
    seed = seed_policy()
    table = guard_table(KINDS, CATALOGUE_VERSION)
    before = Side(policy=seed, askers=askers(PARTNERS))
    changes = {
        "one category stricter": replace(seed, tiers={**seed.tiers, Category.C05: Tier.S}),
        "every category stricter": replace(seed, tiers=dict.fromkeys(seed.tiers, Tier.A)),
    }
    for what, policy in changes.items():
        bench.say(f"simulation: {what}")
        after = replace(before, policy=policy)
        seconds, ratios, cells = [], [], 0
        for number in range(3 if bench.quick else 7):
            started = time.perf_counter()
            cells = simulate(table, before, after).cells
            taken = time.perf_counter() - started
            seconds.append(taken / cells * _PER)
            ratios.append((cells / taken) * _seconds_each(before, after, Random(number)))  # noqa: S311
        figures = f"{cells:,} cells, {PARTNERS} partners"
        yield Row(
            part=PART, what=f"{what}: seconds per 100,000 cells", values=seconds, at_least=1, sense="<=", unit="s",
            figures=figures,
        )  # fmt: skip
        yield Row(part=PART, what=f"{what}: cells a second ÷ deciding row by row", values=ratios, figures=figures)


def askers(count: int) -> dict[str | None, Asker]:
    """Partners of every kind, a quarter with consents, a quarter with grants; always the same."""
    dice = Random(1)  # noqa: S311
    kinds = [kind for kind in ActorKind if defaults_of(kind)]
    found: dict[str | None, Asker] = {}
    for number in range(count):
        kind = kinds[number % len(kinds)]
        usual = defaults_of(kind)
        assert usual is not None
        regions = {""} if usual.whole_country else {dice.choice(("51", "11", "4403"))} if usual.needs_region else set()
        consents = [
            Consent(
                subject=f"S{dice.randrange(1_000)}",
                items=frozenset({Category.C15, Category.C16}),
                purpose=dice.choice(usual.purposes),
                valid_from="2026-01-01",
                valid_to="2026-12-31",
            )
            for _ in range(dice.choice((0, 0, 0, 5)))
        ]
        grants = [
            Grant(
                id=f"G{number}",
                category=Category.C07,
                purpose=dice.choice(usual.purposes),
                tier=Tier.G,
                valid_from="2026-01-01T00:00:00.000000Z",
                valid_to="2026-12-31T00:00:00.000000Z",
            )
            for _ in range(dice.choice((0, 0, 0, 1)))
        ]
        found[f"p{number}"] = Asker(
            actor=kind,
            organisation=f"O{number}",
            ceiling=usual.ceiling,
            regions=frozenset(regions),
            purposes=frozenset(usual.purposes),
            consents=tuple(consents),
            grants=tuple(grants),
        )
    return found


def _seconds_each(before: Side, after: Side, dice: Random) -> float:
    """Seconds a cell takes, decided row by row; mean over a sample."""
    table = guard_table(KINDS, CATALOGUE_VERSION)
    names = sorted(name for name in before.askers if name is not None)
    cells = [
        (dice.choice(names), dice.choice(sorted(before.policy.purposes)), dice.choice(sorted(table.by_coordinate)))
        for _ in range(SAMPLE)
    ]
    started = time.perf_counter()
    for name, purpose, coordinate in cells:
        for side in (before, after):
            rule = side.policy.purposes[purpose]
            standing = side.askers[name].asking(side.policy, purpose, rule.requires)
            entry = table.by_coordinate[coordinate]
            # One decider a cell: nothing is shared with the next.
            decider = Decider(side.policy, standing, replace(table, kinds={entry.kind: {entry.name: entry}}))
            for row in _rows(side.policy, decider, entry.kind):
                if is_listed(decider.row(row)):
                    decider.cells(row)
    return (time.perf_counter() - started) / SAMPLE


def _rows(policy: Policy, decider: Decider, kind: str) -> Iterator[RowClass]:
    facts = sorted(possible_facts(policy, decider.standing))
    for category in decider.table.categories[kind]:
        for tier in Tier:
            for size in range(len(facts) + 1):
                for some in combinations(facts, size):
                    yield RowClass(
                        kind=kind,
                        category=category,
                        tier=join((policy.tiers[category], tier)),
                        facts=frozenset(some) - {Fact.CONSENT, Fact.GRANTED},
                        consented=frozenset(Category) if Fact.CONSENT in some else frozenset(),
                        granted=decider.standing.grants if Fact.GRANTED in some else (),
                    )
