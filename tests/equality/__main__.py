"""
Compare the executors on as many documents as one likes: `python -m tests.equality --documents 1000000`.

A run is cut into pieces of 2,000 documents. A piece is named by its first world's seed, so a run that was stopped
goes on with `--seed` of the last line printed.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.equality.runs import Tally, places_of
from tests.equality.shrink import piece

PIECE = 2_000


def main() -> int:
    """Run; 0 if no difference was found."""
    asked = _arguments()
    started = time.monotonic()
    total = Tally()
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        for seed, (tally, told) in zip(
            (seed for seed, _ in _pieces(asked.seed, asked.documents)),
            pool.map(piece, *zip(*_pieces(asked.seed, asked.documents), strict=True)),
            strict=True,
        ):
            if told is not None:
                pool.shutdown(cancel_futures=True)
                _say(f"\nDIFFERENT in the piece of seed {seed}\n{told}")
                return 1
            total.add(tally)
            rate = total.documents / (time.monotonic() - started)
            _say(f"seed {seed}: alike; {total.documents} of {asked.documents} documents, {rate:.0f} per second")
    _say(f"\n{total}")
    return 0


def _pieces(seed: int, documents: int) -> Iterator[tuple[int, int]]:
    for start in range(0, documents, PIECE):
        yield seed, min(PIECE, documents - start)
        seed += places_of(PIECE)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.equality", description=__doc__)
    parser.add_argument("--documents", type=int, default=20_000, help="how many documents to compare")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first world")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
