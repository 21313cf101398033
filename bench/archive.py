"""
The full profile from the archive, beside peers that hold the same answer in memory, and beside static answers.

All of them are bound to the server's core and take turns; the load and the bench itself are on the other core.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import hubs, world
from bench.compare import cpu_row, latency, rate_row
from bench.measure import Contestant, Turns, fsync_ms
from bench.report import Row
from bench.schemas import plain_sdl
from bench.stage import Answered, Bench, Starting, answers, entities

PART = "archive"
SUBJECTS = 64
HUB, NO_LOG, COLD, POSTGRES = "hub", "hub without log", "hub without dossier cache", "hub on PostgreSQL"
STRAWBERRY, MERCURIUS, APOLLO = "Strawberry", "mercurius-jit", "Apollo Server"
STARLETTE, BARE = "static, Starlette", "static, bare ASGI"
_STRAWBERRY = "full profile from the archive ÷ Strawberry, permission classes, both caches"


def rows(bench: Bench) -> list[Row]:
    """Measure; the rows of DESIGN 10 about the archive."""
    directory = bench.directory / PART
    directory.mkdir()
    bench.say("archive: filling and starting")
    with ExitStack() as stack:
        start = Starting(bench, directory, stack)
        server = stack.enter_context(hubs.postgres(bench.cores))
        store, postgres = stores(directory, server)
        copies = [hubs.copied(store, directory, name) for name in ("without-log", "without-cache")]
        hub = start.hub(HUB, store)
        variables = [{"code": world.code_of(number)} for number in range(SUBJECTS)]
        answered = answers(hub, variables)
        # Stands before the hub without log starts: a store that never served announces its policy in the log first.
        floors = [start.static(STARLETTE, answered, "starlette"), start.static(BARE, answered, "bare")]
        contestants = [
            hub,
            start.without_log(NO_LOG, copies[0]),
            start.hub(COLD, copies[1], HUB_DOSSIER_CACHE_RECORDS="0"),
            start.hub(POSTGRES, postgres, also=(server.pid,)),
            *_peers(bench, start, directory, entities(hub, variables)),
        ]
        bench.say(f"archive: {len(contestants)} contestants, comparing what they answer")
        for each in contestants:
            bench.load.prepare(each, answered.variables, answered.data)
        bench.say("archive: taking turns")
        for each in floors:
            bench.load.prepare(each, answered.variables[:1], answered.data[:1])
        scale = bench.scale
        many = bench.load.rounds([*contestants, *floors], scale, connections=scale.connections)
        single, fsync = Turns(), []
        for _ in range(scale.rounds):
            before = fsync_ms(directory)
            for each in (hub, floors[0]):
                single.add(each.name, bench.load.turn(each, connections=1, seconds=scale.seconds / 2))
            fsync.append((before + fsync_ms(directory)) / 2)
        memory = hub.program.memory_mb()
    return _rows(many, single, fsync, answered, memory)


def stores(directory: Path, server: hubs.Postgres) -> tuple[hubs.Store, hubs.Store]:
    """The typical subjects, in SQLite and in PostgreSQL."""
    made = []
    for url, name in ((hubs.sqlite_store(directory, "store"), "sqlite"), (server.migrated(PART), "postgres")):
        hubs.run(world.store_world(url, range(SUBJECTS), world.PER_SUBJECT))
        keys = directory / name
        keys.mkdir()
        made.append(hubs.admit(url, keys))
    return made[0], made[1]


def _peers(bench: Bench, start: Starting, directory: Path, subjects: Mapping[str, Any]) -> Iterator[Contestant]:
    told = directory / "subjects.json"
    told.write_text(json.dumps(subjects, ensure_ascii=False))
    yield start.peer(STRAWBERRY, [sys.executable, "-m", "bench.servers.strawberry_peer", str(told)], "/graphql/")
    if bench.peers is None:
        return
    sdl = directory / "plain.graphql"
    sdl.write_text(plain_sdl())
    for name, script in ((MERCURIUS, "mercurius.mjs"), (APOLLO, "apollo.mjs")):
        yield start.peer(name, bench.peers.command(script, str(sdl), str(told)))


def _rows(many: Turns, single: Turns, fsync: Sequence[float], answered: Answered, memory: float) -> list[Row]:
    size = f"{answered.leaves} values, {len(answered.whole) / 1000:.1f} kB"
    static = "full profile, CPU ÷ a static answer of its size"
    return [
        rate_row(
            PART, many, (HUB, STRAWBERRY), _STRAWBERRY, bounds=(20, 45), note=size, short="archive profile ÷ Strawberry"
        ),
        rate_row(
            PART,
            many,
            (HUB, MERCURIUS),
            "the same ÷ mercurius-jit in memory",
            bounds=(0.7, 1.5),
            short="archive profile ÷ mercurius-jit",
        ),
        rate_row(PART, many, (HUB, APOLLO), "the same ÷ Apollo Server in memory"),
        cpu_row(
            PART,
            many,
            (HUB, STARLETTE),
            f"{static}, Starlette on uvicorn",
            bounds=(2.5, 1.2),
            short="archive profile, CPU ÷ static answer",
        ),
        cpu_row(PART, many, (HUB, BARE), f"{static}, bare ASGI on uvicorn"),
        _alone(single, fsync),
        cpu_row(PART, many, (HUB, NO_LOG), "durable audit on ÷ off, CPU", bounds=(1.4, 1.15)),
        rate_row(PART, many, (COLD, HUB), "without dossier cache, every dossier read anew ÷ with it"),
        rate_row(PART, many, (POSTGRES, HUB), "store on PostgreSQL, its CPU on the same core ÷ on SQLite"),
        Row(part=PART, what="memory of the hub after the run", values=[memory], unit="MB"),
    ]


def _alone(single: Turns, fsync: Sequence[float]) -> Row:
    pairs = zip(single.by_name[HUB], single.by_name[STARLETTE], fsync, strict=True)
    return Row(
        part=PART,
        what="one client, median ÷ (one fsync on this disk + that static answer)",
        short="one client's median ÷ fsync + static answer",
        values=[ours.median_ms / (floor.median_ms + disk) for ours, floor, disk in pairs],
        at_least=3,
        towards=1.3,
        sense="<=",
        figures=f"{single.median(HUB, latency):.2f} ms ÷ ({sorted(fsync)[len(fsync) // 2]:.2f} + "
        f"{single.median(STARLETTE, latency):.2f} ms)",
    )
