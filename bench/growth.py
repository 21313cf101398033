"""
How cost grows: with subjects in a question, with records in the store, with denials; what one asker costs another.

Rules:
    - Sizes take turns like contestants do; a ratio is of one round.
    - A lookup is the store's own read of a whole dossier, nothing kept in memory: `bench/servers/lookups.py`.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import fill, hubs, world
from bench.compare import cpu, latency
from bench.measure import Contestant, Turns
from bench.neighbours import neighbour_row
from bench.processes import running
from bench.question import BATCH
from bench.report import Row
from bench.stage import Bench, Starting

PART = "growth"
SIZES = (1, 10, 100, 1_000)
KNOWN = 1_000
MANY_ROWS = 5_000
# A page holds at most 200 records.
PER_SUBJECT = 200
_LIMITS = {"HUB_COST_ROWS_MAX": "1000000", "HUB_COST_BYTES_MAX": "1000000000"}
"""A question about a thousand subjects is larger than what is answered by default."""
_FIELDS = """query Rows($references: [_Any!]!) { _entities(representations: $references) { ... on CreditSubject {
  code records(kinds: [LICENCE], first: 200) { nodes { kind day ... on Licence { %s } } } } } }"""
_ROWS = """query Rows($code: ID!) { subject(code: $code) {
  code records(kinds: [PENALTY], first: 200) { totalCount nodes { kind day ... on Penalty { content } } } } }"""
# Numbers of subjects beyond the typical ones.
_LICENSED, _ALLOWED, _HIDDEN = 10_000, 20_000, 20_001


def rows(bench: Bench) -> Iterator[Row]:
    """Measure; the rows of DESIGN 10 about growth."""
    directory = bench.directory / PART
    directory.mkdir()
    with ExitStack() as stack:
        start = Starting(bench, directory, stack, BATCH)
        bench.say("growth: filling")
        url = hubs.sqlite_store(directory, "store")
        hubs.run(_store(url))
        store = hubs.admit(url, directory)
        hub = start.hub("hub, larger limits", store, **_LIMITS)
        bench.say("growth: subjects")
        yield from _subjects(bench, hub)
        bench.say("growth: denials")
        yield from _denials(bench, hub)
        yield Row(part=PART, what="memory of the hub after both", values=[hub.program.memory_mb()], unit="MB")
        bench.say("growth: neighbours")
        codes = [world.code_of(number) for number in range(KNOWN)]
        yield neighbour_row(PART, start.hub("hub", store).program.url, codes, quick=bench.quick)
    yield from _lookups(bench, directory)


async def _store(url: str) -> None:
    licensed = range(_LICENSED, _LICENSED + MANY_ROWS // PER_SUBJECT)
    await world.store_world(url, range(KNOWN), world.PER_SUBJECT)
    await world.store_world(url, licensed, {"Registration": 1, "Licence": PER_SUBJECT}, batch="licensed")
    await world.store_world(url, [_ALLOWED], {"Registration": 1, "Penalty": MANY_ROWS}, batch="allowed")
    await world.store_world(url, [_HIDDEN], {"Registration": 1, "Penalty": MANY_ROWS}, batch="hidden", aged=6)


def _subjects(bench: Bench, hub: Contestant) -> Iterator[Row]:
    """One question about 1, 10, 100 and 1,000 subjects."""
    sizes = SIZES[:3] if bench.quick else SIZES
    contestants = {size: replace(hub, label=f"{size} subjects") for size in sizes}
    for size, each in contestants.items():
        asked = [_references(range(first, first + size)) for first in range(0, min(KNOWN, size * 20), size)]
        # Its own answers: the sizes are held against each other by the number of subjects only.
        bench.load.prepare(each, asked, None)
    turns = Turns()
    for place in range(-1, bench.scale.rounds):
        for each in contestants.values():
            turn = bench.load.turn(each, connections=1, seconds=bench.scale.seconds / 2)
            if place >= 0:
                turns.add(each.name, turn)
    for size in sizes:
        if size == 10:  # what the others are held against
            continue
        named = contestants[size].name, contestants[10].name
        values = [value * 10 / size for value in turns.ratios(*named, latency)]
        bounds = (2.0, 1.0) if size == SIZES[-1] else (None, None)
        yield Row(
            part=PART,
            what=f"cost per subject, {size:,} in one question ÷ 10",
            values=values,
            at_least=bounds[0],
            towards=bounds[1],
            sense="<=",
            figures=f"{turns.median(named[0], latency) * 1e3 / size:,.0f} ÷ "
            f"{turns.median(named[1], latency) * 100:,.0f} µs, "
            f"CPU {turns.median(named[0], cpu) / size:,.0f} and {turns.median(named[1], cpu) / 10:,.0f} µs",
        )


def _references(numbers: Sequence[int]) -> Mapping[str, Any]:
    return {"references": [{"__typename": "CreditSubject", "code": world.code_of(number)} for number in numbers]}


def _denials(bench: Bench, hub: Contestant) -> Iterator[Row]:
    """5,000 rows that are denied beside 5,000 that are not: by their fields, and as rows."""
    licensed = _references(range(_LICENSED, _LICENSED + MANY_ROWS // PER_SUBJECT))
    pairs = {
        "5,000 rows with a denied field ÷ with an allowed one, time": (
            (_FIELDS % "legalRepresentativeIdNo", licensed),
            (_FIELDS % "licenceNo", licensed),
        ),
        "5,000 rows that may not be listed ÷ that may, time": (
            (_ROWS, {"code": world.code_of(_HIDDEN)}),
            (_ROWS, {"code": world.code_of(_ALLOWED)}),
        ),
    }
    for what, asked in pairs.items():
        contestants = [
            replace(hub, label=f"{what} {place}", document=document) for place, (document, _) in enumerate(asked)
        ]
        for each, (_, variables) in zip(contestants, asked, strict=True):
            bench.load.prepare(each, [variables], None)
        turns = Turns()
        for place in range(-1, bench.scale.rounds):
            for each in contestants:
                turn = bench.load.turn(each, connections=1, seconds=bench.scale.seconds / 2)
                if place >= 0:
                    turns.add(each.name, turn)
        denied, allowed = (each.name for each in contestants)
        yield Row(
            part=PART,
            what=what,
            short=what.partition(" ÷")[0]
            .replace("with a denied field", "denied by field ÷ shown")
            .replace("that may not be listed", "not listed ÷ listed"),
            values=turns.ratios(denied, allowed, latency),
            at_least=1.2,
            towards=1.0,
            sense="<=",
            figures=f"{turns.median(denied, latency):.1f} ÷ {turns.median(allowed, latency):.1f} ms",
        )


def _lookups(bench: Bench, directory: Path) -> Iterator[Row]:
    """Reads of one dossier over few and over many records, in both stores."""
    small = fill.SMALL
    with ExitStack() as stack:
        server = stack.enter_context(hubs.postgres(bench.cores))
        for store, sizes in (("SQLite", _sizes(bench, sqlite=True)), ("PostgreSQL", _sizes(bench, sqlite=False))):
            places: dict[int, str] = {}
            for records in (small, *sizes):
                name = f"fill{records}"
                bench.say(f"growth: {records:,} records in {store}")
                url = hubs.sqlite_store(directory, name) if store == "SQLite" else server.migrated(name)
                fill.fill(url, records)
                places[records] = url
            told = directory / f"{store}.json"
            told.write_text(
                json.dumps({url: fill.codes(records)[:: max(1, records // 200_000)] for records, url in places.items()})
            )
            yield from _looked_up(bench, directory, store, places, told)
            for records, url in places.items():
                if records != small and store == "SQLite":
                    Path(url.removeprefix("sqlite:///")).unlink()


def _sizes(bench: Bench, *, sqlite: bool) -> Sequence[int]:
    if bench.quick:
        return (200_000,)
    if bench.large:
        return (1_000_000, 5_000_000)
    return (1_000_000, 5_000_000) if sqlite else (1_000_000,)


def _looked_up(bench: Bench, directory: Path, store: str, places: Mapping[int, str], told: Path) -> Iterator[Row]:
    command = [sys.executable, "-m", "bench.servers.lookups", str(told), str(bench.scale.rounds)]
    with running(f"lookups {store}", command, cores=bench.cores.server, directory=directory) as program:
        found: Mapping[str, Sequence[float]] = json.loads(Path(program.url).read_text())
    few = found[places[fill.SMALL]]
    for records, url in places.items():
        if records == fill.SMALL:
            continue
        largest = records == fill.LARGE
        yield Row(
            part=PART,
            what=f"median lookup of a dossier with {records:,} records in {store} ÷ with {fill.SMALL:,}",
            short=f"lookup, {records:,} records ÷ {fill.SMALL:,}, {store}",
            values=[many / one for many, one in zip(found[url], few, strict=True)],
            at_least=1.5 if largest else None,
            towards=1.1 if largest else None,
            sense="<=",
            figures=f"{sorted(found[url])[len(few) // 2]:,.0f} ÷ {sorted(few)[len(few) // 2]:,.0f} µs",
        )
