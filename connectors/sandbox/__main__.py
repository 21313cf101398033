"""`python -m connectors.sandbox`: run the platforms until told to stop, and print one JSON line when they are ready."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import orjson

from connectors.sandbox.runner import Options, Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox as *arguments* say; return the exit status."""
    chosen = _parser().parse_args(arguments)
    asyncio.run(_run(chosen))
    return 0


async def _run(chosen: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    options = Options(today=chosen.today, dirt=not chosen.clean, rows_per_package=chosen.rows_per_package)
    async with Sandbox(chosen.dir, chosen.seed, chosen.size, options=options) as sandbox:
        ready = {"sites": sandbox.sites, "showcase": sandbox.world.showcase(), "today": sandbox.world.today}
        sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
        sys.stdout.buffer.flush()
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.sandbox", description="Simulated platforms on loopback."
    )
    parser.add_argument("--dir", type=Path, required=True, help="where files and front database are written")
    parser.add_argument("--seed", type=int, default=7, help="what the world follows from (default 7)")
    parser.add_argument("--size", type=int, default=200, help="subjects in the world (default 200)")
    parser.add_argument("--today", type=date.fromisoformat, help="the world's day, YYYY-MM-DD (default: today)")
    parser.add_argument("--clean", action="store_true", help="no dirt on the rows")
    parser.add_argument("--rows-per-package", type=int, default=5000, help="most rows in a file package (default 5000)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
