"""
The full profile over three live HTTP sources, beside the gateways partners run over the same three thirds.

The hub asks three sites (each a site description of its own) and judges, masks and attests what they answer. The
gateways ask three subgraphs that serve what the hub answered: already masked, from memory, on the same core.

Two hubs take turns: one whose sites say the same of a subject whenever they are asked, and one whose sites never do
(each answer names other deciding bodies, a field nobody asked for), so that nothing it worked out can be used again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import hubs, world
from bench.compare import cpu_row, rate, rate_row
from bench.measure import Contestant, Turns
from bench.npm import Peers
from bench.processes import running
from bench.question import LIVE_KINDS, LIVE_THIRDS, live_profile
from bench.report import Row
from bench.schemas import camel, subgraphs
from bench.stage import Answered, Bench, Starting, answers, entities
from schema.identifiers.uscc import compose

PART = "live"
SUBJECTS = 64
HUB, CHANGING = "hub, sites that repeat", "hub, sites that never repeat"
APOLLO, HIVE, HIVE_RUST = "Apollo Gateway", "Hive Gateway", "Hive Gateway, Rust planner"
GATEWAYS: Mapping[str, tuple[str, ...]] = {
    APOLLO: ("apollo-gateway.mjs",),
    HIVE: ("hive.mjs", "js"),
    HIVE_RUST: ("hive.mjs", "rust"),
}
_BEST = "full profile over three live HTTP sources ÷ the best of three gateways over the same three"
_ALWAYS_NEW = "the same, sources that never say the same twice"
_BOUNDS = (4, 10)
_BODIES = 4_096
_SITE = """
spec = "creditlink.site/v1"
[site]
id = "third{number}"
connector = "group"
name = {{ zh = "基准测试来源{number}", en = "Source {number} of the bench" }}
region = "51"
live = true
max_age = "1h"
[transport]
kind = "graphql"
base_url = "{url}"
"""
_STREAM = """
[streams.{name}]
kind = "{kind}"
place = "{name}"
base = "api"
"""


def rows(bench: Bench) -> list[Row]:
    """Measure; the row of DESIGN 10 about live sources."""
    if bench.peers is None:
        # The sites are Node programs too.
        note = "the peers could not be installed"
        return [Row(part=PART, what=what, at_least=4, towards=10, note=note) for what in (_BEST, _ALWAYS_NEW)]
    directory = bench.directory / PART
    directory.mkdir()
    bench.say("live: filling and starting")
    with ExitStack() as stack:
        start = Starting(bench, directory, stack, live_profile(federated=False))
        url = hubs.sqlite_store(directory, "store")
        # The subject itself is on file; its records are not.
        hubs.run(world.store_world(url, range(SUBJECTS), {"Registration": 1}))
        store = hubs.admit(url, directory)
        folders = _sites(bench, bench.peers, directory, stack)
        hub = start.hub(HUB, store, HUB_SITES=str(folders[0]))
        variables = [{"code": world.code_of(number)} for number in range(SUBJECTS)]
        answered = answers(hub, variables)
        copy = hubs.copied(store, directory, "changing")
        changing = start.hub(CHANGING, copy, HUB_SITES=str(folders[1]))
        contestants = [hub, changing, *_gateways(bench, start, directory, stack, _served(hub, answered))]
        bench.say(f"live: {len(contestants)} contestants, comparing what they answer")
        for each in contestants:
            bench.load.prepare(each, answered.variables, answered.data)
        bench.say("live: taking turns")
        many = bench.load.rounds(contestants, bench.scale, connections=bench.scale.connections)
    return _rows(many, answered)


def _sites(bench: Bench, peers: Peers, directory: Path, stack: ExitStack) -> Sequence[Path]:
    """Start the sites on the other core; a folder of descriptions of those that repeat, and of those that do not."""
    today = datetime.now(UTC).date()
    rows = {
        world.code_of(subject): {
            name: [
                {camel(field): value for field, value in world.record(kind, subject, number, today).items()}
                for number in range(world.LIVE_PER_SUBJECT[kind])
            ]
            for name, kind in LIVE_KINDS.items()
        }
        for subject in range(SUBJECTS)
    }
    bodies = [compose("11510000", f"MC{number:06}") for number in range(_BODIES)]
    told = directory / "sites.json"
    told.write_text(json.dumps({"rows": rows, "bodies": bodies}, ensure_ascii=False))
    command = peers.command("sites.mjs", str(told), str(len(LIVE_THIRDS)))
    urls = stack.enter_context(running("sites", command, cores=bench.cores.others, directory=directory)).url.split()
    return [_described(directory / "repeating", urls[: len(LIVE_THIRDS)]), _described(directory / "changing", urls[3:])]


def _described(folder: Path, urls: Sequence[str]) -> Path:
    folder.mkdir()
    for number, (url, third) in enumerate(zip(urls, LIVE_THIRDS, strict=True)):
        streams = "".join(_STREAM.format(name=name, kind=LIVE_KINDS[name]) for name in third)
        (folder / f"third{number}.toml").write_text(_SITE.format(number=number, url=url) + streams)
    return folder


def _served(hub: Contestant, answered: Answered) -> Mapping[str, Any]:
    """Code -> what the subgraphs serve: the hub's answer, every field of a record under its own name."""
    found = entities(hub, answered.variables, keep=LIVE_KINDS)
    return {code: {**each, "__typename": "CreditSubject"} for code, each in found.items()}


def _gateways(
    bench: Bench, start: Starting, directory: Path, stack: ExitStack, served: Mapping[str, Any]
) -> Iterator[Contestant]:
    peers = bench.peers
    assert peers is not None
    described, told = directory / "subgraphs.json", directory / "served.json"
    described.write_text(json.dumps(subgraphs()))
    told.write_text(json.dumps(served, ensure_ascii=False))
    command = peers.command("subgraphs.mjs", str(described), str(told))
    program = stack.enter_context(running("subgraphs", command, cores=bench.cores.others, directory=directory))
    placed = [{**each, "url": url} for each, url in zip(subgraphs(), program.url.split(), strict=True)]
    described.write_text(json.dumps(placed))
    supergraph = directory / "supergraph.graphql"
    supergraph.write_text(peers.output("compose.mjs", str(described)))
    for name, (script, *more) in GATEWAYS.items():
        document = live_profile(federated=True)
        yield start.peer(name, peers.command(script, str(supergraph), *more), document=document)


def _rows(many: Turns, answered: Answered) -> list[Row]:
    fastest = max(GATEWAYS, key=lambda name: many.median(name, rate))
    size = f"{answered.leaves} values, {len(answered.whole) / 1000:.1f} kB"
    return [
        replace(_best(many, HUB, fastest, _BEST, size), short="three live sources ÷ best gateway"),
        replace(_best(many, CHANGING, fastest, _ALWAYS_NEW, ""), short="the same, sources never repeat themselves"),
        *(rate_row(PART, many, (CHANGING, name), f"never the same twice ÷ {name}") for name in GATEWAYS),
        cpu_row(PART, many, (CHANGING, fastest), f"never the same twice, CPU ÷ {fastest}"),
    ]


def _best(many: Turns, hub: str, fastest: str, what: str, note: str) -> Row:
    # Of each round the gateway that was fastest in it: the hardest reading.
    best = [
        ours.rate / max(many.by_name[name][place].rate for name in GATEWAYS)
        for place, ours in enumerate(many.by_name[hub])
    ]
    return replace(
        rate_row(
            PART,
            many,
            (hub, fastest),
            what,
            bounds=_BOUNDS,
            note="; ".join(part for part in (f"best: {fastest}", note) if part),
        ),
        values=best,
    )
