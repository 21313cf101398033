"""
The database transport: a front machine (前置库) read by increments, written back by flags only.

Rules:
    - Increments are read by (change time, row id), a keyset: nothing is skipped or doubled between pages.
    - Only read and check columns are ever written, in one transaction per answer.
    - Drivers block, so they run in a thread, each call with a deadline of the driver and one of ours.
    - An SQLite file that is away is away: it is never created.

Source: DOMAIN 11.3; GB/T 39443 (数据库对接).
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import exc

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.transport.seam import in_thread

_T = TypeVar("_T")
_GRACE_S: Final = 2.0
FLAGS: Final = ("READ_FLAG", "CHECK_FLAG", "ERR_CODE", "ERR_MSG", "FEEDBACK_TIME")
"""The columns the hub may write."""


class FrontDatabase:
    """A front machine's tables. Connections open with the first call."""

    def __init__(self, *, source: str, url: str, timeout_s: float) -> None:
        self._source = source
        self._timeout_s = timeout_s
        try:
            parsed = sa.make_url(url)
            self._engine = sa.create_engine(_own_terms(parsed), **_driver_deadline(parsed, timeout_s))
        except (exc.ArgumentError, exc.NoSuchModuleError, ImportError):
            raise OperatorNeeded(
                source, "SRC_ADDRESS", "expected a database address with an installed driver"
            ) from None

    async def run(self, work: Callable[[sa.Connection], _T]) -> _T:
        """
        Run *work* in one transaction, in a thread.

        Raises:
            RetryLater: SRC_DATABASE (locked, away, broken off), SRC_TIMEOUT.
            StopStream: SRC_SCHEMA (no such table or column), SRC_DATABASE_VALUE.
            OperatorNeeded: SRC_PERMISSION.
        """
        return await in_thread(self._source, self._timeout_s + _GRACE_S, self._run, work)

    def _run(self, work: Callable[[sa.Connection], _T]) -> _T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except exc.SQLAlchemyError as error:
            raise _typed(self._source, error) from None

    def columns(self, connection: sa.Connection, table: str) -> frozenset[str]:
        """Names of the columns of *table*. Raises `StopStream` SRC_SCHEMA when there is no such table."""
        try:
            return frozenset(column["name"] for column in sa.inspect(connection).get_columns(table))
        except exc.NoSuchTableError:
            raise StopStream(self._source, "SRC_SCHEMA", f"no table {table}") from None

    async def close(self) -> None:
        """Close the connections; may be called again."""
        self._engine.dispose()


def cell_text(value: object) -> tuple[str | None, bool]:
    """
    Write a column's value as text.

    Returns:
        The text, and whether the value could be written: a blob could not.
    """
    if value is None or isinstance(value, str):
        return value, True
    if isinstance(value, bool):
        return ("1" if value else "0"), True
    if isinstance(value, Decimal):
        return format(value, "f"), True
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" "), True
    if isinstance(value, int | float | dt.date):
        return str(value), True
    return None, False


def _column(name: str) -> sa.ColumnClause[object]:
    return sa.column(name)


def named(keys: tuple[str, str]) -> tuple[sa.ColumnClause[object], sa.ColumnClause[object]]:
    """Columns of the change time and the row id."""
    return _column(keys[0]), _column(keys[1])


def increments(
    table: str, columns: Sequence[str], keys: tuple[str, str], after: tuple[object, str] | None, limit: int
) -> sa.Select[*tuple[object, ...]]:
    """
    Select the next rows of *table* by (change time, row id).

    Args:
        table: Table name.
        columns: Columns to select, both keys among them.
        keys: Names of the change time and the row id.
        after: Rows after this pair, exclusive; None: from the beginning.
        limit: Rows at most.
    """
    moment, row_id = named(keys)
    query: sa.Select[*tuple[object, ...]] = sa.select(*(_column(name) for name in columns)).select_from(sa.table(table))
    query = query.where(moment.is_not(None), row_id.is_not(None))
    if after is not None:
        query = query.where(sa.or_(moment > after[0], sa.and_(moment == after[0], row_id > after[1])))
    return query.order_by(moment, row_id).limit(limit)


def without_place(table: str, keys: tuple[str, str]) -> sa.Select[int]:
    """Count rows that no increment can reach, because their change time or row id is null."""
    moment, row_id = named(keys)
    return sa.select(sa.func.count()).select_from(sa.table(table)).where(sa.or_(moment.is_(None), row_id.is_(None)))


def write_flags(table: str, row_id: str) -> sa.Update:
    """Update the flags of one row; parameters: `row` and one per flag, named after it in lower case."""
    named = sa.table(table, sa.column(row_id), *(sa.column(flag) for flag in FLAGS))
    return (
        sa.update(named)
        .where(named.c[row_id] == sa.bindparam("row"))
        .values({flag: sa.bindparam(flag.lower()) for flag in FLAGS})
    )


def _own_terms(url: sa.URL) -> sa.URL:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    path = url.database if url.database.startswith("file:") else f"file:{quote(url.database)}"
    return url.set(database=path, query={"mode": "rw", "uri": "true"})


def _driver_deadline(url: sa.URL, timeout_s: float) -> Mapping[str, dict[str, object]]:
    match url.get_backend_name():
        case "sqlite":
            return {"connect_args": {"timeout": timeout_s}}
        case "postgresql":
            limit = f"-c statement_timeout={int(timeout_s * 1000)} -c lock_timeout={int(timeout_s * 1000)}"
            return {"connect_args": {"connect_timeout": max(1, int(timeout_s)), "options": limit}}
        case _:
            return {}


def _typed(source: str, error: exc.SQLAlchemyError) -> SourceError:
    origin = getattr(error, "orig", None)
    name = type(origin or error).__name__
    text = str(origin).lower()
    if "no such table" in text or "no such column" in text or name in {"UndefinedTable", "UndefinedColumn"}:
        return StopStream(source, "SRC_SCHEMA", name)
    if "readonly" in text or name == "InsufficientPrivilege":
        return OperatorNeeded(source, "SRC_PERMISSION", name)
    if isinstance(error, exc.DataError | exc.StatementError) and not isinstance(error, exc.DBAPIError):
        return StopStream(source, "SRC_DATABASE_VALUE", name)
    return RetryLater(source, "SRC_DATABASE", name)
