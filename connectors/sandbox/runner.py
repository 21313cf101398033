"""
The sandbox as one thing to start and stop: two HTTP platforms, a directory of files, a front database.

Everything runs in the event loop that runs already, on loopback ports the system picks.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson

from connectors.sandbox.faults import FaultyPlatform
from connectors.sandbox.front import FrontMachine
from connectors.sandbox.group import GroupPlatform
from connectors.sandbox.national import NationalPlatform
from connectors.sandbox.province import DEFAULT_ROWS, ProvinceFiles
from connectors.sandbox.rows import SHANGHAI, Platform
from connectors.sandbox.serving import Serving
from connectors.sandbox.world import World

FRONT_FILE: Final = "front.db"

Site = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    How a sandbox is made beyond directory, seed and size.

    Attributes:
        today: The world's day; None takes the clock's, in Shanghai.
        dirt: Whether dirt falls on the rows.
        key_life_s: Life of the national platform's signing keys, seconds.
        rows_per_package: Most rows in a file package.
        front_url: SQLAlchemy URL of the front database; None makes a SQLite file in the directory.
    """

    today: date | None = None
    dirt: bool = True
    key_life_s: int = 600
    rows_per_package: int = DEFAULT_ROWS
    front_url: str | None = None


class Sandbox:
    """
    The platforms of one world, running between `__aenter__` and `__aexit__`.

    A directory that holds the same world already is served as it stands, on the day it was made for unless
    `options.today` says another; another world's files in it are removed.

    Attributes:
        world: The world they show; edit it, then `publish`.
        national, group: The HTTP platforms: credentials, faults, what they were asked.
        province, front: The files and the front database.
    """

    def __init__(
        self,
        directory: Path | str,
        seed: int = 7,
        size: int = 200,
        *,
        options: Options | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        options = options or Options()
        self._note = Path(directory).absolute() / "world.json"
        directory = self._note.parent / "cn-51"
        directory.mkdir(parents=True, exist_ok=True)
        self._delivered = _read(self._note)
        today = options.today or _day_of(self._delivered, seed, size, options)
        today = today or datetime.fromtimestamp(clock(), SHANGHAI).date()
        self._made_of = _made_of(seed, size, options, today)
        self.world = World(seed, size, today=today, dirt=options.dirt)
        self.national = NationalPlatform(self.world, clock, key_life_s=options.key_life_s)
        self.group = GroupPlatform(self.world, clock)
        self.province = ProvinceFiles(self.world, directory, rows_per_package=options.rows_per_package)
        self.front = FrontMachine(self.world, options.front_url or f"sqlite:///{directory / FRONT_FILE}")
        self._serving = {
            Platform.NATIONAL: _serving(self.national),
            Platform.GROUP: _serving(self.group),
        }

    async def __aenter__(self) -> Self:
        """Write files and database, then listen."""
        await asyncio.to_thread(self._deliver)
        try:
            for serving in self._serving.values():
                await serving.start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, let go of the database; the files stay."""
        await self._stop()

    @property
    def sites(self) -> Mapping[str, Site]:
        """What each site's configuration needs; see docs/sandbox.md."""
        national, group = self._serving[Platform.NATIONAL], self._serving[Platform.GROUP]
        return {
            Platform.NATIONAL.value: {
                "base_url": national.base_url,
                "rid": self.national.rid,
                "app_key": self.national.app_key,
                "key_service": self.national.key_service,
                "services": dict(self.national.services),
                "admin_token": self.national.admin_token,
            },
            Platform.FILES.value: {
                "outbox": str(self.province.outbox),
                "inbox": str(self.province.inbox),
                "source_code": self.province.source_code,
                "public_key": self.province.public_key,
                "public_key_file": str(self.province.public_key_file),
            },
            Platform.FRONT.value: {"url": self.front.url},
            Platform.GROUP.value: {
                "base_url": group.base_url,
                "graphql": f"{group.base_url}/graphql",
                "key": self.group.key,
                "admin_token": self.group.admin_token,
            },
        }

    def publish(self) -> None:
        """Deliver what was edited in the world to the files and the front database; over HTTP it shows already."""
        self.province.flush()
        self.front.flush()

    async def refuse(self, site: str) -> None:
        """
        Close the listening socket of the HTTP platform *site*: connection refused.

        Raises:
            KeyError: *site* is no HTTP platform.
        """
        await self._serving[Platform(site)].stop()

    async def accept(self, site: str) -> None:
        """Listen again, on the same port."""
        await self._serving[Platform(site)].start()

    def _deliver(self) -> None:
        if self._delivered == self._made_of:
            self.province.resume()
            return
        # Whatever an earlier world left here is no part of this one; the note comes last, so that a start that
        # was broken off is made again.
        self._note.unlink(missing_ok=True)
        self.province.clear()
        self.front.clear()
        self.province.deliver()
        self.front.deliver()
        self._note.write_bytes(orjson.dumps(self._made_of))

    async def _stop(self) -> None:
        for platform in (self.national, self.group):
            platform.faults.off()
        await asyncio.gather(*(serving.stop() for serving in self._serving.values()))
        self.front.close()


def _serving(platform: NationalPlatform | GroupPlatform) -> Serving:
    return Serving(FaultyPlatform(platform.app(), platform.faults, platform.admin_token))


def _made_of(seed: int, size: int, options: Options, today: date) -> dict[str, object]:
    made: dict[str, object] = {"seed": seed, "size": size, "today": today.isoformat(), "dirt": options.dirt}
    return made | {"rows_per_package": options.rows_per_package, "front_url": options.front_url}


def _day_of(noted: Mapping[str, object] | None, seed: int, size: int, options: Options) -> date | None:
    """Give the day of the world that was delivered here, if it is the same world but for the day."""
    if noted is None:
        return None
    day = date.fromisoformat(str(noted["today"]))
    return day if noted == _made_of(seed, size, options, day) else None


def _read(note: Path) -> dict[str, object] | None:
    return orjson.loads(note.read_bytes()) if note.exists() else None
