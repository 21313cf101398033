"""
Engines and units of work: how a transaction is begun, on SQLite and on PostgreSQL, and who may write in it.

Rules:
    - Reading and writing sessions have different types: what takes a `Reader` cannot write.
    - Stores never commit. The unit of work does, once, when its block ends without an exception.
    - A writing transaction takes SQLite's write lock at its start (BEGIN IMMEDIATE): a reader that turns writer half
      way would fail with SQLITE_BUSY instead of waiting.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Executable, Row, Table, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from hub.errors import SettingsError

_BEGIN = "hub_begin"
_BUSY_MS = 15_000
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # FULL, not NORMAL: an answer leaves only when its log entry would survive a power cut.
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    # A harvest touches pages all over: checkpointing every 4 MB, the default, would write each of them many times.
    "PRAGMA wal_autocheckpoint=16384",
)


class StoreAddressError(SettingsError):
    """A database URL that names no store we know. The text carries the scheme only, never a password."""


def address_of(url: str) -> URL:
    """
    Read *url* as the address of a store.

    Accepts `sqlite:///PATH`, `sqlite+aiosqlite:///PATH`, `postgresql://…`, `postgres://…`, `postgresql+psycopg://…`.

    Raises:
        StoreAddressError: another scheme, or SQLite without a file (an in-memory store would differ per connection).
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreAddressError("database URL: not a URL, expected sqlite:///PATH or postgresql://…") from error
    match parsed.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StoreAddressError("database URL: sqlite without a file, expected sqlite:///PATH")
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise StoreAddressError(f"database URL: got scheme {other!r}, expected sqlite or postgresql")


def open_engine(url: str, *, pool_size: int = 5) -> AsyncEngine:
    """
    Open the store at *url*; nothing is connected yet. The caller disposes of the engine.

    Raises:
        StoreAddressError: see `address_of`.
    """
    address = address_of(url)
    sqlite = address.drivername.startswith("sqlite")
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"isolation_level": None} if sqlite else {},
        # SQLite's driver is always told not to begin by itself, which SQLAlchemy would take for autocommit.
        skip_autocommit_rollback=not sqlite,
    )
    if sqlite:
        _tend_sqlite(engine.sync_engine)
    return engine


def open_plain_engine(url: str) -> Engine:
    """Open the store at *url* without asyncio, for migrations only. The caller disposes of the engine."""
    address = address_of(url)
    if not address.drivername.startswith("sqlite"):
        return create_engine(address)
    engine = create_engine(address.set(drivername="sqlite"), connect_args={"isolation_level": None})
    _tend_sqlite(engine)
    return engine


def _tend_sqlite(engine: Engine) -> None:
    def set_pragmas(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    def begin(connection: Connection) -> None:
        # The driver would begin by itself only before a write, so that two reads would see two states.
        words = connection.get_execution_options().get(_BEGIN, "BEGIN")
        if words:
            connection.exec_driver_sql(words)

    event.listen(engine, "connect", set_pragmas)
    event.listen(engine, "begin", begin)


class Reader:
    """A session that reads. Rows come back as SQLAlchemy rows, by position or by name."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    async def rows(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """All rows of *statement*; callers bound it by key or LIMIT."""
        return (await self._connection.execute(statement, values)).fetchall()

    async def first(
        self, statement: Executable, values: Mapping[str, object] | None = None
    ) -> Row[*tuple[Any, ...]] | None:
        """The first row of *statement*, None if there is none."""
        return (await self._connection.execute(statement, values)).first()


class Writer(Reader):
    """A session that also writes, inside the one transaction of its unit of work."""

    async def write(self, statement: Executable, values: Sequence[Mapping[str, object]] | None = None) -> int:
        """
        Run *statement*, once per mapping of *values* (executemany) if given; an empty sequence runs nothing.

        Returns:
            Rows touched, where the driver tells (-1 where it does not).
        """
        if values is not None and not values:
            return 0
        result = await self._connection.execute(statement, values)
        return int(result.rowcount)

    async def insert(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """
        Insert *rows*, each with a value for every column of *table* and none but what the driver itself understands.

        The rows go to the driver as they are, without SQLAlchemy's work per row.
        """
        if not rows:
            return
        compiled = table.insert().compile(dialect=self._connection.dialect)
        names = compiled.positiontup
        values = [dict(row) for row in rows] if names is None else list(map(itemgetter(*names), rows))
        await self._connection.exec_driver_sql(str(compiled), values)

    async def take_turn(self, name: str) -> None:
        """
        Wait until no other writer holds the turn *name*; it is given back when the transaction ends.

        SQLite has one writer anyway; on PostgreSQL it is a transaction-level advisory lock.
        """
        if self.dialect == "postgresql":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[Reader]:
    """Open a session that sees one state of the store throughout, and changes nothing."""
    options: dict[str, object] = {_BEGIN: "BEGIN"}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    async with engine.execution_options(**options).connect() as connection:
        yield Reader(connection)


@asynccontextmanager
async def glancing(engine: AsyncEngine) -> AsyncIterator[Reader]:
    """
    Open a session in which every statement stands alone: the cheapest read, without BEGIN and ROLLBACK.

    For callers whose statements need not see one state, or who read the guard (`subject.version`) first.
    """
    async with engine.execution_options(isolation_level="AUTOCOMMIT", **{_BEGIN: ""}).connect() as connection:
        yield Reader(connection)


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[Writer]:
    """Open a unit of work: all of it is durable when the block ends, or none of it if the block raises."""
    async with engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"}).begin() as connection:
        yield Writer(connection)
