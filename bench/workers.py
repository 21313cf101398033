"""
What a second worker brings: `hub serve --workers 2` beside one, in both stores.

Here the hub may use both cores, and shares them with the load: on two cores a second worker cannot bring twice as much.
"""

from contextlib import ExitStack

from bench import hubs, world
from bench.archive import stores
from bench.compare import rate_row
from bench.report import Row
from bench.stage import Bench, Starting, answers

PART = "workers"
SUBJECTS = 64


def rows(bench: Bench) -> list[Row]:
    """Measure; DESIGN 10 sets no bound here."""
    directory = bench.directory / PART
    directory.mkdir()
    bench.say("workers")
    cores = bench.cores.server | bench.cores.others
    made = []
    with ExitStack() as stack:
        start = Starting(bench, directory, stack)
        server = stack.enter_context(hubs.postgres(bench.cores, wide=True))
        sqlite, postgres = stores(directory, server)
        for name, store, also in (("SQLite", sqlite, ()), ("PostgreSQL", postgres, (server.pid,))):
            with ExitStack() as pair:
                start = Starting(bench, directory, pair)
                one, two = f"1 worker, {name}", f"2 workers, {name}"
                first = start.hub(one, store, cores=cores, also=also)
                variables = [{"code": world.code_of(number)} for number in range(SUBJECTS)]
                answered = answers(first, variables)
                contestants = [first, start.hub(two, store, cores=cores, workers=2, also=also)]
                for each in contestants:
                    bench.load.prepare(each, answered.variables, answered.data)
                turns = bench.load.rounds(contestants, bench.scale, connections=bench.scale.connections)
                made.append(
                    rate_row(PART, turns, (two, one), f"2 workers ÷ 1, {name}, both cores shared with the load")
                )
    return made
