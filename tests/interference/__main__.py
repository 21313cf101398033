"""
Non-interference, in any number: `python -m tests.interference --requests 100000`; `--timing` for the Welch test.

A run is cut into pieces of 2,500 pairs, each in a scene of its own, named by its seed: so a run that was stopped goes
on with `--seed` of the last line printed.
"""

import argparse
import sys
import time

from tests.interference.runs import DifferentError, run
from tests.interference.shrink import explained, shrunk
from tests.interference.tally import Tally
from tests.interference.timing import REACH, compare
from tests.support.worlds import build_ground

PIECE = 2_500


def main() -> int:
    """Run; 0 if nobody could tell two hubs apart."""
    asked = _arguments()
    return _time(asked) if asked.timing else _compare(asked)


def _compare(asked: argparse.Namespace) -> int:
    started, total, ground = time.monotonic(), Tally(), build_ground()
    seed = asked.seed
    while total.requests < asked.requests:
        count = min(PIECE, asked.requests - total.requests)
        try:
            total.add(run(ground, seed, count, leak=asked.leak))
        except DifferentError as found:
            _say(f"\nDIFFERENT in the scene of seed {seed}: {found}\nlooking for less that differs ...")
            _say(f"\n{explained(shrunk(found.difference, asked.leak))}")
            return 1
        rate = total.requests / (time.monotonic() - started)
        _say(f"seed {seed}: alike; {total.requests} of {asked.requests} pairs, {rate:.0f} per second")
        seed += 1
    _say(f"\n{total}")
    return 0


def _time(asked: argparse.Namespace) -> int:
    found = compare(build_ground(), asked.seed, asked.samples, say=_say)
    return 1 if any(abs(t) >= REACH for t in found.values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.interference", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="pairs to compare, at least")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first scene")
    parser.add_argument("--leak", default="", help="plant a leak in both hubs, see tests/interference/leaks.py")
    parser.add_argument("--timing", action="store_true", help="measure denied against absent instead")
    parser.add_argument("--samples", type=int, default=20_000, help="of each kind, with --timing")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
