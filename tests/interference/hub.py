"""
One of two hubs, in a process of its own.

    python -m tests.interference.hub [--leak NAME] FOLDER SHARED [NAME=VALUE ...]

It is the hub as `hub serve` builds it, but for its clock and its entropy, which it shares with the other one. Its log
goes to FOLDER/hub.log. It ends when its stdin does.
"""

import argparse
import asyncio
import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from hub.gateway.logs import make_log
from hub.gateway.server import HubServer, configure, take_library_logs
from hub.settings import Settings
from hub.wiring import Surroundings, build_door
from tests.interference.leaks import plant
from tests.interference.moment import Moment

SEED = b"interference"


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", type=Path)
    asked.add_argument("shared", type=Path)
    asked.add_argument("--leak", default="")
    asked.add_argument("settings", nargs="*")
    chosen = asked.parse_args()
    if chosen.leak:
        plant(chosen.leak)
    with (chosen.folder / "hub.log").open("a") as stream:
        log = make_log(stream, "info")
        take_library_logs(log)
        moment = Moment(chosen.shared / "moment")
        settings = settings_in(chosen.shared, **dict(each.split("=", 1) for each in chosen.settings))
        around = Surroundings(clock=moment, log=log, environment={}, entropy=moment.entropy(SEED))
        server = HubServer(configure(build_door(settings, around), settings), ready=_ready)
        _end_with_stdin(server)
        with suppress(KeyboardInterrupt, SystemExit):
            server.run()


def settings_in(shared: Path, **more: Any) -> Settings:
    """Settings of both hubs: the same keys, the same name."""
    return Settings(
        **{
            "keys": f"file:{shared}/keys",
            "log_origin": "hub.test/log",
            "issuer": "http://127.0.0.1:8000",
            "port": 0,
            "graphiql": False,
            "unsafe_bearer_tokens": True,
            "deadline_s": 60.0,
            # Time stands still: all requests fall into one minute. They are counted, and told, but not refused.
            "partner_requests_per_minute": 1_000_000_000,
            "partner_subjects_per_day": 1_000_000_000,
            "public_requests_per_minute": 1_000_000_000,
            **more,
        }
    )


def _ready(address: str) -> None:
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.0005)
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


def _end_with_stdin(server: HubServer) -> None:
    startup = server.startup

    async def started(sockets: Any = None) -> None:
        def end() -> None:
            asyncio.get_running_loop().remove_reader(sys.stdin)
            server.should_exit = True

        await startup(sockets=sockets)
        asyncio.get_running_loop().add_reader(sys.stdin, end)

    server.startup = started  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
