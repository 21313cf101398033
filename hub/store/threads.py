"""
Reads in threads of their own: one change of thread for a whole read, over plain driver connections.

Rules:
    - A thread has one connection, opened when it first reads. Nothing is ever written through it: the store itself is
      told so.
    - A connection that fails is closed. If it had served before, the read is done once more on a new one: the server
      may have been started again meanwhile, and a read can be repeated.
    - The threads end, and their connections close, when the engine is disposed of; they begin again if it is used.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import UnavailableError
from hub.store.engine import open_plain_engine

T = TypeVar("T")
Rows: TypeAlias = list[tuple[Any, ...]]

_READ_ONLY = {"sqlite": "PRAGMA query_only=ON", "postgresql": "SET default_transaction_read_only = on"}


class StoreUnavailableError(UnavailableError):
    """
    The store could not be read.

    Attributes:
        reason: For the operator's log: what failed, by kind; never a value.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("the store cannot be read; nothing was disclosed")
        self.reason = reason


class Connection:
    """A plain connection that reads, every statement standing alone. Owned by one thread."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        self._driver: Any = cast("Any", self._pooled.driver_connection)
        if engine.dialect.name == "postgresql":
            self._driver.autocommit = True
        self.rows(_READ_ONLY[engine.dialect.name], {})

    def rows(self, statement: str, values: dict[str, object]) -> Rows:
        """All rows of *statement*, in the driver's own spelling of parameters by name."""
        cursor = self._driver.execute(statement, values)
        found: Rows = cursor.fetchall() if cursor.description else []
        return found

    def close(self) -> None:
        """Close it."""
        # Also the pool's: it may be unwell, and is never used by another.
        self._pooled.invalidate()


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to do with a connection, and whom to tell."""

    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    told: asyncio.Future[Any]

    def tell(self, result: object, fault: BaseException | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, result, fault)
        except RuntimeError:
            # The loop has ended, and whoever asked with it.
            return

    def _settle(self, result: object, fault: BaseException | None) -> None:
        if self.told.done():
            return
        if fault is None:
            self.told.set_result(result)
        else:
            self.told.set_exception(fault)


class ReadThreads:
    """Threads that read from one store, at most *threads* of them. Owned by the event loop."""

    def __init__(self, engine: AsyncEngine, *, threads: int = 4) -> None:
        self.dialect = engine.dialect.name
        self._url = engine.url.render_as_string(hide_password=False)
        self._most = threads
        self._threads: list[Thread] = []
        self._waiting = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        event.listen(engine.sync_engine, "engine_disposed", lambda _engine: self.close())

    async def run(self, work: Callable[[Connection], T]) -> T:
        """
        Do *work* with a connection in one of the threads. It may be done twice: see the rules.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        if self._waiting >= len(self._threads) < self._most:
            self._begin()
        loop = asyncio.get_running_loop()
        told: asyncio.Future[T] = loop.create_future()
        self._waiting += 1
        self._jobs.put(_Job(work, loop, told))
        try:
            return await told
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the threads finish what they were given, and end."""
        threads, self._threads = self._threads, []
        jobs, self._jobs = self._jobs, SimpleQueue()
        for _ in threads:
            jobs.put(None)
        for thread in threads:
            thread.join()

    def _begin(self) -> None:
        name = f"store-read-{len(self._threads) + 1}"
        thread = Thread(target=_serve, args=(self._url, self._jobs), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


def _serve(url: str, jobs: "SimpleQueue[_Job | None]") -> None:
    """One thread's life."""
    engine = open_plain_engine(url)
    connection: Connection | None = None
    while (job := jobs.get()) is not None:
        try:
            result, connection = _done(engine, connection, job.work)
        except _FailedError as failed:
            connection = None
            job.tell(None, failed.fault)
        else:
            job.tell(result, None)
        # Not kept while waiting for the next.
        result = job = None
    if connection is not None:
        connection.close()
    engine.dispose()


class _FailedError(Exception):
    """The work failed for good; the connection is closed."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__()
        self.fault = fault


def _done(engine: Engine, held: Connection | None, work: Callable[[Connection], T]) -> tuple[T, Connection]:
    """Do *work*, once more on a new connection if one that had served before fails."""
    while True:
        connection = held
        try:
            connection = connection or Connection(engine)
            return work(connection), connection
        except BaseException as fault:  # noqa: BLE001  told to whoever asked
            if connection is not None:
                connection.close()
            is_drivers = isinstance(fault, (engine.dialect.dbapi.Error, SQLAlchemyError))  # type: ignore[union-attr]
            if held is None or not is_drivers:
                raise _FailedError(StoreUnavailableError(_reason(fault)) if is_drivers else fault) from None
            held = None


def _reason(fault: BaseException) -> str:
    """Name a failure by kind and code: a driver's message may quote whole rows."""
    cause = fault.orig if isinstance(fault, DBAPIError) and fault.orig is not None else fault
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
