"""
The hub with step 9 left out: what the audit log costs is the difference.

For the bench only. No setting does this, and none should: an answer without its durable entry must not leave.
"""

import os
import sys
from typing import Any

from hub import wiring
from hub.audit.receipts import Receipt
from hub.clock import SystemClock
from hub.gateway.logs import make_log
from hub.gateway.server import HubServer, configure, take_library_logs
from hub.settings import load_settings
from hub.wiring import Surroundings, build_door


class UnsafeNoLog:
    """In the sequencer's place; keeps nothing and gives no receipt."""

    usable = True

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def check(self) -> None:
        """Do nothing."""

    async def append(self, pending: Any) -> Receipt:
        """Keep nothing, count nothing; the receipt is empty."""
        kind, used = pending.entry.kind, tuple(0 for _ in pending.spend)
        return Receipt(index=0, size=1, origin="nowhere", kind=kind, proof="", opening=b"{}", used=used)

    async def settle(self, terms: Any) -> tuple[int, ...]:
        """Use nothing up."""
        return tuple(0 for _ in terms.spend)


def main() -> None:
    """Serve until SIGTERM."""
    wiring.Sequencer = UnsafeNoLog  # type: ignore[assignment,misc]
    settings = load_settings()
    log = make_log(sys.stderr, settings.log_level)
    take_library_logs(log)
    door = build_door(settings, Surroundings(clock=SystemClock(), log=log, environment=dict(os.environ)))
    server = HubServer(configure(door, settings, port=0), ready=lambda address: print(address, flush=True))
    server.run()


if __name__ == "__main__":
    main()
