"""Two hubs on loopback, each a process with a store of its own; the same keys, the same time, the same entropy."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hub.access.pseudonyms import Pseudonyms
from hub.identity.keys import token_key
from hub.identity.partners import Partner
from hub.identity.tokens import TokenIssuer
from hub.settings import Settings
from hub.store import migrate
from hub.store.engine import open_plain_engine
from hub.wiring import RECORD_NAME_KEY, open_ring
from schema.policy.parse import policy_json
from tests.interference.hub import settings_in
from tests.interference.moment import Moment
from tests.interference.rows import Rows
from tests.interference.scene import DAWN, Scene
from tests.interference.wire import PATIENCE_S, Answer, Connection
from tests.interference.world import FAULTS, OWNERS
from tests.journeys.serving import _first_line, stop

DAY_S = 86_000
TOKEN_S = 300
NAMES = ("a", "b")
_PASSING = re.compile(rb'"(at|duration_ms)":("[^"]*"|[0-9.e+-]+),?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One of the two: its address, its store, its log."""

    url: str
    rows: Rows
    folder: Path
    connection: Connection

    def log_lines(self) -> list[bytes]:
        """What it told its operator, but for when and how long."""
        lines = (self.folder / "hub.log").read_bytes().splitlines()
        return [_PASSING.sub(b"", line) for line in lines if b'"request_id"' in line]


class Stage:
    """
    Two hubs that are asked the same, in the same order, one question at a time.

    Attributes:
        number: Of the question asked last.
        pseudonyms: What both call records on the wire.
    """

    def __init__(self, hubs: Sequence[Hub], moment: Moment, settings: Settings) -> None:
        self.first, self.second = hubs
        self.number = 0
        self._moment = moment
        self._seconds = 0
        ring = open_ring(settings)
        self.pseudonyms = Pseudonyms(ring.secret(RECORD_NAME_KEY))
        self._issuer = TokenIssuer(private_jwk=token_key(ring), issuer=settings.issuer, audience=settings.audience)
        self._set()

    @property
    def now(self) -> datetime:
        return DAWN + timedelta(seconds=self._seconds)

    def pass_time(self, seconds: int) -> None:
        """Let time pass for both; what was minted before the day ends is good until then."""
        self._seconds = (self._seconds + seconds) % DAY_S
        self._set()

    def token(self, partner: Partner) -> str:
        """A token good for the next `TOKEN_S` seconds."""
        return self._issuer.mint(partner.id, now=self.now, lifetime_s=TOKEN_S, jti=f"t{self.number:031d}").token

    def ask(self, data: bytes) -> tuple[Answer, Answer]:
        """Ask both at once."""
        self.number += 1
        self._set()
        self.first.connection.send(data)
        self.second.connection.send(data)
        return self.first.connection.receive(), self.second.connection.receive()

    def log_lines(self) -> tuple[list[bytes], list[bytes]]:
        """What each told its operator of requests, as many as were asked; waits until all is written."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            lines = self.first.log_lines(), self.second.log_lines()
            told = [sum(b'"event":"request"' in line for line in each) for each in lines]
            if told == [self.number, self.number]:
                return lines
            time.sleep(0.05)
        raise AssertionError(f"expected {self.number} requests in each log, got {told}")

    def _set(self) -> None:
        self._moment.set(self.now, self.number)


@contextmanager
def staged(
    scene: Scene,
    *,
    leak: str = "",
    stores: Mapping[str, str] | None = None,
    **settings: str,
) -> Iterator[Stage]:
    """
    Start both hubs over the world of *scene*.

    Args:
        scene: World, policy and people of both.
        leak: Planted in both, see `leaks`.
        stores: Name (`a`, `b`) -> URL of a migrated store; None: SQLite files.
        settings: Of both hubs, by field name.
    """
    with ExitStack() as stack:
        shared = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hubs-", dir=_fast())))
        moment = Moment(shared / "moment")
        stack.callback(moment.close)
        moment.set(DAWN, 0)
        common = settings_in(shared)
        open_ring(common)
        urls = dict(stores or _stores(shared))
        hubs = []
        for name in NAMES:
            folder = shared / name
            folder.mkdir()
            rows = Rows(open_plain_engine(urls[name]))
            stack.callback(rows.close)
            rows.sources(OWNERS)
            rows.faults(FAULTS)
            rows.people(scene.people)
            for policy in {each.digest: each for each in (scene.ground.policy, scene.policy)}.values():
                rows.policy(policy, policy_json(policy))
            rows.put(scene.world.dossiers.values())
            url = stack.enter_context(_running(folder, shared, leak, {"database_url": urls[name], **settings}))
            connection = Connection(url)
            stack.callback(connection.close)
            hubs.append(Hub(url=url, rows=rows, folder=folder, connection=connection))
        yield Stage(hubs, moment, common)


def _stores(shared: Path) -> Iterator[tuple[str, str]]:
    template = shared / "template.db"
    migrate.upgrade(f"sqlite:///{template}")
    for name in NAMES:
        shutil.copyfile(template, shared / f"{name}.db")
        yield name, f"sqlite:///{shared}/{name}.db"


def _fast() -> str | None:
    """A folder in memory, if there is one: every answer waits for its entry to be durable."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  made by mkdtemp, for us alone


@contextmanager
def _running(folder: Path, shared: Path, leak: str, settings: Mapping[str, str]) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.interference.hub", "--leak", leak, str(folder), str(shared)]
    command += [f"{name}={value}" for name, value in settings.items()]
    with (folder / "program.log").open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield _first_line(process, folder / "program.log")
        finally:
            stop(process)
