"""
The province's front-machine database (前置库): the pusher's side of it.

Rules:
    - A correction or a withdrawal is a new row with its own ROW_ID; the hub writes flags only, we never reset them.
    - SQLite keeps its rollback journal, so that a lock really shuts readers out.

Source: DOMAIN 11.3; wire contract in docs/sandbox.md 3.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Engine, Index, MetaData, String, Table, Text, create_engine, insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from connectors.sandbox.columns import FRONT_KINDS, TABLES
from connectors.sandbox.history import first_deliveries, later_changes
from connectors.sandbox.packages import TIME_FORMAT
from connectors.sandbox.rows import Platform, WorldRow
from connectors.sandbox.world import World

_CHUNK: Final = 1000


def tables(metadata: MetaData) -> Mapping[str, Table]:
    """Describe the front machine's tables in *metadata*: catalogue kind to table."""
    return MappingProxyType({kind: _table(metadata, kind) for kind in FRONT_KINDS})


def _table(metadata: MetaData, kind: str) -> Table:
    known = TABLES[kind]
    table = Table(
        known.catalog,
        metadata,
        Column("ROW_ID", String(36), primary_key=True),
        Column("BATCH_ID", String(64), nullable=False),
        Column("OP", String(1), nullable=False),
        Column("SRC_UPDATE_TIME", String(19), nullable=False),
        Column("PUSH_TIME", String(19), nullable=False),
        *(Column(code, Text) for code in known.codes),
        Column("READ_FLAG", String(1), nullable=False, default="0", server_default="0"),
        Column("CHECK_FLAG", String(1)),
        Column("ERR_CODE", String(16)),
        Column("ERR_MSG", Text),
        Column("FEEDBACK_TIME", String(19)),
    )
    Index(f"ix_{known.catalog}_increment", table.c.SRC_UPDATE_TIME, table.c.ROW_ID)
    return table


class FrontMachine:
    """
    The front database on a world.

    Attributes:
        url: SQLAlchemy URL without a driver's name for SQLite.
        tables: Catalogue kind to table.
    """

    def __init__(self, world: World, url: str) -> None:
        self._world = world
        self._flushed = 0
        self._lock: sqlite3.Connection | None = None
        self.url = url
        self.metadata = MetaData()
        self.tables = tables(self.metadata)
        # No pool: nothing of ours keeps the file open between two calls, so that it can be hidden.
        self._engine: Engine = create_engine(url, poolclass=NullPool)

    def deliver(self) -> int:
        """Create the tables and push the history of every kind; tells how many rows."""
        self.metadata.create_all(self._engine)
        pushed = 0
        for kind in FRONT_KINDS:
            pushed += self._push(kind, first_deliveries(self._world, Platform.FRONT, kind))
            pushed += self._push(kind, later_changes(self._world, Platform.FRONT, kind))
        return pushed

    def clear(self) -> None:
        """Drop the tables with everything in them."""
        self.metadata.drop_all(self._engine)

    def flush(self) -> int:
        """Push what was edited in the world since the last flush; tells how many rows."""
        journal = self._world.edits.journal
        edited = [row for row in journal[self._flushed :] if row.platform is Platform.FRONT]
        self._flushed = len(journal)
        return sum(self._push(kind, [row for row in edited if row.kind == kind]) for kind in FRONT_KINDS)

    def flags(self, kind: str) -> Mapping[str, tuple[str, str | None, str | None]]:
        """Read what the hub wrote back: ROW_ID to (READ_FLAG, CHECK_FLAG, ERR_CODE)."""
        columns = self.tables[kind].c
        asked = select(columns.ROW_ID, columns.READ_FLAG, columns.CHECK_FLAG, columns.ERR_CODE)
        with self._engine.connect() as connection:
            return {row_id: (read, check, code) for row_id, read, check, code in connection.execute(asked)}

    def lock(self) -> None:
        """Hold the database so that nobody reads or writes it (SQLite)."""
        if self._lock is None:
            self._lock = sqlite3.connect(self._path(), isolation_level=None)
            self._lock.execute("BEGIN EXCLUSIVE")

    def unlock(self) -> None:
        """Let go of the database."""
        if self._lock is not None:
            self._lock.rollback()
            self._lock.close()
            self._lock = None

    def hide(self) -> None:
        """Make the database unreachable: a directory stands where its file was (SQLite)."""
        path, away = self._path(), self._away()
        if not away.exists():
            path.rename(away)
            path.mkdir()

    def show(self) -> None:
        """Put the database back where it was."""
        path, away = self._path(), self._away()
        if away.exists():
            path.rmdir()
            away.rename(path)

    def close(self) -> None:
        """Let go of everything."""
        self.unlock()
        self._engine.dispose()

    def _push(self, kind: str, rows: Iterable[WorldRow]) -> int:
        statement = insert(self.tables[kind])
        pushed = 0
        with self._engine.begin() as connection:
            for chunk in _chunks(rows):
                connection.execute(statement, [self._columns(row) for row in chunk])
                pushed += len(chunk)
        return pushed

    def _columns(self, row: WorldRow) -> dict[str, str | None]:
        updated = row.updated.strftime(TIME_FORMAT)
        name = f"{self._world.seed}/{row.platform}/{row.row_id}/{row.op}/{updated}"
        return {
            "ROW_ID": str(UUID(bytes=blake2b(name.encode(), digest_size=16).digest())),
            "BATCH_ID": f"{TABLES[row.kind].catalog}-{row.updated:%Y%m%d}",
            "OP": row.op,
            "SRC_UPDATE_TIME": updated,
            "PUSH_TIME": updated,
            "READ_FLAG": "0",
            **{code: row.text(code) for code in TABLES[row.kind].codes},
        }

    def _path(self) -> Path:
        url = make_url(self.url)
        if url.get_backend_name() != "sqlite" or not url.database:
            raise ValueError(f"this fault needs a SQLite file, got {url.get_backend_name()}")
        return Path(url.database)

    def _away(self) -> Path:
        path = self._path()
        return path.with_name(f"{path.name}.hidden")


def _chunks(rows: Iterable[WorldRow]) -> Iterator[Sequence[WorldRow]]:
    turn = iter(rows)
    while chunk := list(islice(turn, _CHUNK)):
        yield chunk
