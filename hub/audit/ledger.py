"""
The writing side of the log: one group of entries, one transaction, one signature.

Rules:
    - Blocking, and owned by one thread: the sequencer's. So no cancelled task can leave a transaction half way, and a
      group costs one change of thread however many statements it has.
    - Every transaction takes the log's turn first (SQLite: BEGIN IMMEDIATE; PostgreSQL: an advisory lock until its end)
      and then reads the head again. If another process moved it, its new leaves are added to ours, and the root we
      compute must be the one it signed: so no process ever signs a head that contradicts one it knows.
    - The tree is taken forward on a copy, which replaces the old one after the commit. Whatever fails before, the next
      transaction finds out from the store what is there.
    - `reads` are compared inside the turn. A change that commits later is as if the question had been asked before it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, select, tuple_
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.audit.errors import LogBrokenError, LogUnavailableError, StaleReadError
from hub.audit.receipts import Receipt
from hub.audit.statements import Statements
from hub.audit.step import Step, Waiting
from hub.store.tables import LogEntry, LogNode
from keys.checkpoints import Checkpoint, open_checkpoint
from keys.errors import NoteError, ProofError
from keys.merkle import HASH_SIZE, Frontier, Node, nodes_for_root
from keys.notes import Signer

_LEAVES_AT_ONCE = 10_000

_ENTRY = LogEntry.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_NODE = LogNode.__table__  # type: ignore[attr-defined]


class Ledger:
    """The log as its one writer in this process sees it. Not to be used from two threads at once."""

    def __init__(self, address: URL, signer: Signer, *, patience_s: float) -> None:
        """
        Prepare to write; nothing is connected yet.

        Args:
            address: Of the store, SQLite file or PostgreSQL.
            signer: Signs checkpoints; its name is the log's origin.
            patience_s: How long to wait for the turn and for any one statement.
        """
        self._signer = signer
        self._engine = _open(address, patience_s)
        self._statements = Statements.of(self._engine.dialect)
        # What this process knows to be durable; None before the first look.
        self._tree: Frontier | None = None
        self._root = b""

    def check(self) -> None:
        """
        Take the turn, look whether the head fits what we know, and give the turn back.

        Raises:
            LogBrokenError: it does not fit.
            LogUnavailableError: the store cannot be reached or written.
        """
        with self._turn() as connection:
            tree = self._caught_up(connection)
        self._keep(tree)

    def commit(self, group: Sequence[Waiting], at: str) -> list[Receipt | StaleReadError]:
        """
        Append *group* in order, durably, but for the entries whose reads are stale.

        Args:
            group: One entry or more.
            at: Instant of the group, as `hub.clock.iso` writes it.

        Returns:
            What became of each, in order.

        Raises:
            LogBrokenError: the stored log does not fit what we know. Nothing was appended.
            LogUnavailableError: the store failed. Nothing is known to be appended.
        """
        with self._turn() as connection:
            tree = self._caught_up(connection)
            stale = _stale(connection, self._statements.versions, group)
            fresh = [waiting for place, waiting in enumerate(group) if place not in stale]
            step = Step.of(tree, fresh, self._signer) if fresh else None
            if step is not None:
                step.write(connection, self._statements, at)
        self._keep(tree)
        receipts = iter(()) if step is None else step.receipts()
        return [stale[place] if place in stale else next(receipts) for place in range(len(group))]

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        """Open a transaction that no other writer of the log shares; commit it if the block does not raise."""
        try:
            with self._connect() as connection:
                yield connection
                connection.commit()
        except (SQLAlchemyError, OSError) as fault:
            # A connection opened while the store was unwell may stay unwell: begin afresh next time.
            self._engine.dispose()
            raise LogUnavailableError(_reason(fault)) from None

    def _connect(self) -> Connection:
        try:
            return self._take_turn()
        except DBAPIError as fault:
            if not fault.connection_invalidated:
                raise
        # The pooled connection had died unseen (a restarted server); nothing was asked of it yet.
        return self._take_turn()

    def _take_turn(self) -> Connection:
        connection = self._engine.connect()
        try:
            connection.exec_driver_sql(self._statements.turn)
        except BaseException:
            connection.close()
            raise
        return connection

    def _keep(self, tree: Frontier) -> None:
        self._tree, self._root = tree, tree.root()

    def _caught_up(self, connection: Connection) -> Frontier:
        """Return a copy of the tree at the stored head, having checked that the head continues what we know."""
        row = connection.exec_driver_sql(self._statements.head).one_or_none()
        size, root, note = (0, None, "") if row is None else row
        if self._tree is None:
            tree = _load(connection, size)
        elif size < self._tree.size:
            raise LogBrokenError(f"the stored log went back from {self._tree.size} entries to {size}")
        else:
            tree = self._tree.copy()
            _extend(connection, tree, size)
        if row is None:
            return tree
        if self._tree is not None and size == self._tree.size:
            if root != self._root:
                raise LogBrokenError(f"the stored head at {size} entries is not the one this process knows")
            return tree
        self._check_head(tree, note)
        return tree

    def _check_head(self, tree: Frontier, note: str) -> None:
        try:
            signed = open_checkpoint(note, (self._signer.verifier,))
        except NoteError as fault:
            raise LogBrokenError(f"the stored head is not signed by {self._signer.verifier.vkey()}: {fault}") from None
        if signed != Checkpoint(origin=self._signer.name, size=tree.size, root=tree.root()):
            raise LogBrokenError(f"the stored head is not that of the {tree.size} stored entries")


def _open(address: URL, patience_s: float) -> Engine:
    """Open an engine of one connection. It never shows parameters: an exception would carry them out."""
    milliseconds = int(patience_s * 1000)
    if address.get_backend_name() == "postgresql":
        setup = [
            f"SET lock_timeout = {milliseconds}",
            f"SET statement_timeout = {milliseconds}",
            "SET synchronous_commit = on",
        ]
        address = address.set(drivername="postgresql+psycopg")
        options: dict[str, int | None] = {"connect_timeout": max(1, int(patience_s))}
        style = {}
    else:
        setup = ["PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", f"PRAGMA busy_timeout={milliseconds}"]
        address, options = address.set(drivername="sqlite"), {"isolation_level": None}
        style = {"paramstyle": "named"}  # parameters by name on both stores
    engine = create_engine(address, pool_size=1, max_overflow=0, hide_parameters=True, connect_args=options, **style)

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for statement in setup:
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    event.listen(engine, "connect", prepare)
    return engine


def _load(connection: Connection, size: int) -> Frontier:
    """Read the right edge of the stored tree: one row per peak."""
    nodes = nodes_for_root(size)
    found: dict[Node, bytes] = {}
    inner = [node for node in nodes if node[0]]
    if inner:
        wanted = select(_NODE.c.level, _NODE.c.index, _NODE.c.hash).where(
            tuple_(_NODE.c.level, _NODE.c.index).in_(inner)
        )
        found.update({(level, index): value for level, index, value in connection.execute(wanted)})
    newest = select(_ENTRY.c.index, _ENTRY.c.leaf_hash).order_by(_ENTRY.c.index.desc()).limit(1)
    last, value = connection.execute(newest).one_or_none() or (-1, b"")
    if last != size - 1:
        raise LogBrokenError(f"the head is at {size} entries, the stored entries end elsewhere")
    found[0, last] = value
    try:
        return Frontier(size, (found[node] for node in nodes))
    except (KeyError, ProofError):
        raise LogBrokenError(f"a node under the head at {size} entries is missing or no hash") from None


def _extend(connection: Connection, tree: Frontier, size: int) -> None:
    """Add the leaves that another process appended, up to *size*."""
    while tree.size < size:
        end = min(size, tree.size + _LEAVES_AT_ONCE)
        wanted = (
            select(_ENTRY.c.index, _ENTRY.c.leaf_hash)
            .where(_ENTRY.c.index >= tree.size, _ENTRY.c.index < end)
            .order_by(_ENTRY.c.index)
        )
        for index, value in connection.execute(wanted):
            if index != tree.size or len(value) != HASH_SIZE:
                raise LogBrokenError(f"entry {tree.size} is missing from the stored log, or its hash is no hash")
            tree.append(value)
        if tree.size != end:
            raise LogBrokenError(f"entry {tree.size} is missing from the stored log")


def _stale(connection: Connection, versions_of: str, group: Sequence[Waiting]) -> dict[int, StaleReadError]:
    """Name the places in *group* whose subjects changed since they were read."""
    codes = list({code for waiting in group for code in waiting.pending.reads})
    if not codes:
        return {}
    rows = connection.exec_driver_sql(versions_of, {"codes": orjson.dumps(codes).decode()})
    versions: dict[str, int] = {code: version for code, version in rows}  # noqa: C416  rows are no pairs to mypy
    stale: dict[int, StaleReadError] = {}
    for place, waiting in enumerate(group):
        changed = [code for code, read in waiting.pending.reads.items() if versions.get(code, 0) != read]
        if changed:
            stale[place] = StaleReadError(tuple(sorted(changed)))
    return stale


def _reason(fault: Exception) -> str:
    """Name a failure by kind and code. PostgreSQL quotes whole rows in its details, so no message is passed on."""
    cause = getattr(fault, "orig", None) or fault
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    return f"{type(cause).__name__} {code}" if code else type(cause).__name__
