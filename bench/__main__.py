"""
The bench: ratios first, each pair measured in alternation in one run.

    python -m bench [--quick] [--large] [--only PART ...] [--write]

Exit code 0 if everything was measured and every bound held, 1 if a bound was missed or something was not measured,
2 if a part could not be run.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import archive, growth, hubs, live, simulation, workers
from bench.measure import Load
from bench.npm import Peers, PeersMissingError
from bench.page import write_page
from bench.processes import Cores, find_cores, running
from bench.report import Row, text
from bench.stage import Bench

RESULTS = Path(__file__).parent / "results"
PARTS: Mapping[str, Callable[[Bench], Iterable[Row]]] = {
    live.PART: live.rows,
    archive.PART: archive.rows,
    growth.PART: growth.rows,
    workers.PART: workers.rows,
    simulation.PART: simulation.rows,
}


def main() -> int:
    """Run."""
    given = _arguments()
    # A bench that is told to end unwinds, and so ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cores = find_cores()
    os.sched_setaffinity(0, cores.others)
    peers, versions = _peers()
    started = time.perf_counter()
    rows: list[Row] = []
    broken = False
    with tempfile.TemporaryDirectory(prefix="hub-bench-", dir=given.directory) as name:
        directory = Path(name)
        hubs.alone(directory)
        command = [sys.executable, "-m", "bench.load"]
        with running("load", command, cores=cores.others, directory=directory) as program:
            bench = Bench(
                directory=directory,
                cores=cores,
                load=Load(program, directory, cores.others),
                peers=peers,
                quick=given.quick,
                large=given.large,
            )
            for part in given.only or PARTS:
                try:
                    for row in PARTS[part](bench):
                        rows.append(row)  # noqa: PERF402  what was measured stays if the part ends early
                except Exception as error:  # noqa: BLE001  one part's end is not the others'
                    broken = True
                    rows.append(Row(part=part, what="this part ended early", note=f"{type(error).__name__}: {error}"))
                    traceback.print_exc()
    taken = time.perf_counter() - started
    about = _about(cores, versions, taken, quick=given.quick)
    print(text(rows))
    bounded = [row for row in rows if row.at_least is not None]
    print(f"\n{sum(row.is_good for row in bounded)} of {len(bounded)} bounds hold. {about['words']}")
    if peers is None:
        print("The peers could not be installed, so what is measured beside them is missing.")
    _keep(rows, about)
    if given.write:
        write_page(rows, about)
    if broken:
        return 2
    return 0 if peers and all(row.is_good for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 short rounds instead of 7: under 3 minutes")
    parser.add_argument("--large", action="store_true", help="lookups over 5 million records in both stores")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts")
    parser.add_argument("--write", action="store_true", help="rewrite docs/bench.svg and the table in docs/bench.md")
    parser.add_argument("--directory", type=Path, help="on the disk to measure; default: the temporary directory")
    return parser.parse_args()


def _peers() -> tuple[Peers | None, Mapping[str, str]]:
    try:
        peers = Peers()
    except PeersMissingError as error:
        print(f"bench: {error}", file=sys.stderr)
        return None, {}
    return peers, peers.versions()


def _about(cores: Cores, versions: Mapping[str, str], taken: float, *, quick: bool) -> dict[str, str]:
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    shared = " (ONE core for servers and load: ratios are not to be trusted)" if cores.shared else ""
    way = "quick run, 3 short rounds" if quick else "7 rounds"
    return {
        "at": at,
        "python": platform.python_version(),
        "packages": packages,
        "words": f"{at}; {way}, {taken / 60:.1f} minutes; server on one core, load and sources on another{shared}; "
        f"Python {platform.python_version()}; {packages or 'no peers'}.",
    }


def _keep(rows: Sequence[Row], about: Mapping[str, str]) -> None:
    RESULTS.mkdir(exist_ok=True)
    told = {"about": about, "rows": [row.as_json() for row in rows]}
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    for each in (path, RESULTS / "latest.json"):
        each.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
