"""
The log's book on SQLite.

Rules:
    - `synchronous` is FULL: in WAL mode each commit is synced before it returns, whatever other connections chose.
    - Rows are inserted many to a statement: each statement gives up the interpreter once, and each time it is given up
      the ledger waits until a busy event loop lets it back in.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, ClassVar, TypeAlias

from sqlalchemy import URL

from hub.audit.book import Account, Causes, Head, Redress, Wants
from hub.audit.step import Step

_HEAD = "SELECT size, root, note FROM log_checkpoint ORDER BY size DESC LIMIT 1"
# Any number of codes is one parameter of one statement.
_VERSIONS = "SELECT code, version FROM subject WHERE code IN (SELECT value FROM json_each(?))"
_EPOCHS = "SELECT name, version FROM epoch"
_LEAVES = 'SELECT "index", leaf_hash FROM log_entry WHERE "index" >= ? AND "index" < ? ORDER BY "index"'
_NODE = 'SELECT hash FROM log_node WHERE level = ? AND "index" = ?'
_NEWEST = 'SELECT "index", leaf_hash FROM log_entry ORDER BY "index" DESC LIMIT 1'

# Name, columns, and how its insertion ends.
_Table: TypeAlias = tuple[str, tuple[str, ...], str]
_ENTRY = ("log_entry", ("index", "kind", "leaf", "leaf_hash", "appended_at"), "")
_OPENING = ("log_opening", ("index", "opening"), "")
_DELIVERY = ("delivery", ("subject_code", "log_index", "partner", "purpose", "versions", "delivered_at"), "")
_INNER = ("log_node", ("level", "index", "hash"), "")
_CHECKPOINT = ("log_checkpoint", ("size", "root", "note", "signed_at"), "")
_SEEN = ("seen", ("digest", "expires_at"), "ON CONFLICT DO NOTHING RETURNING digest")
_SPENT = (
    "spent",
    ("asker", "span", "used", "expires_at"),
    "ON CONFLICT (asker, span) DO UPDATE SET used = used + excluded.used RETURNING asker, span, used",
)
_UNSEE = "DELETE FROM seen WHERE digest = ?"
_REFUND = "UPDATE spent SET used = used - ? WHERE asker = ? AND span = ?"
_FORGET = tuple(
    f"DELETE FROM {table} WHERE rowid IN"  # noqa: S608  names of ours alone
    f" (SELECT rowid FROM {table} WHERE expires_at < ? ORDER BY expires_at LIMIT ?)"
    for table in ("seen", "spent")
)
# Rows per statement, so that a handful of statements, kept prepared, serves groups of every size.
_MOST_ROWS = 512
_KEPT_STATEMENTS = 96


class SqliteBook:
    """One connection to a SQLite file. See `hub.audit.book.Book`."""

    faults: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error, OSError)

    def __init__(self, address: URL, patience_s: float) -> None:
        """
        Prepare to open the file at *address*.

        Args:
            address: Of the store.
            patience_s: How long to wait for another writer.
        """
        dialect = address.set(drivername="sqlite").get_dialect()()
        self._place, self._options = dialect.create_connect_args(address)
        self._patience_s = patience_s
        self._connection: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; a file's does not die."""
        return self._connection is not None

    def begin(self, wants: Wants) -> tuple[Head | None, Causes]:
        """Take SQLite's write lock, then read and take."""
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        row = connection.execute(_HEAD).fetchone()
        head = None if row is None else Head(size=row[0], root=row[1], note=row[2])
        return head, self.take(wants)

    def take(self, wants: Wants) -> Causes:
        """Read and take what *wants* names."""
        connection = self._opened()
        return Causes(
            versions=dict(connection.execute(_VERSIONS, (json.dumps(wants.codes),))) if wants.codes else {},
            epochs=dict(connection.execute(_EPOCHS)) if wants.epochs else {},
            taken=_taken(connection, wants.once),
            used=_used(connection, wants.spend),
        )

    def leaves(self, start: int, end: int) -> Sequence[tuple[int, bytes]]:
        """Read (index, leaf hash) of the entries *start* <= index < *end*, in order."""
        return self._opened().execute(_LEAVES, (start, end)).fetchall()

    def node(self, level: int, index: int) -> bytes | None:
        """Read the hash of an inner node; None if it is not stored."""
        row = self._opened().execute(_NODE, (level, index)).fetchone()
        return None if row is None else row[0]

    def newest(self) -> tuple[int, bytes] | None:
        """Read (index, leaf hash) of the entry with the highest index."""
        row: tuple[int, bytes] | None = self._opened().execute(_NEWEST).fetchone()
        return row

    def write(self, step: Step | None, redress: Redress) -> None:
        """Write all rows of *step*, put right what *redress* names, and commit."""
        connection = self._opened()
        if step is not None:
            _write(connection, step)
        for digest in redress.digests:
            connection.execute(_UNSEE, (digest,))
        for (asker, span), amount in redress.amounts.items():
            connection.execute(_REFUND, (amount, asker, span))
        if redress.ended is not None:
            for statement in _FORGET:
                connection.execute(statement, (redress.ended, redress.most))
        connection.execute("COMMIT")

    def end(self) -> None:
        """Give the write lock back without writing; after `write` do nothing."""
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            options: dict[str, Any] = {
                **self._options,
                "isolation_level": None,
                "timeout": self._patience_s,
                "cached_statements": _KEPT_STATEMENTS,
            }
            connection = sqlite3.connect(self._place[0], **options)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _write(connection: sqlite3.Connection, step: Step) -> None:
    first, at = step.growth.first, step.at
    places = range(first, step.growth.size)
    _insert(
        connection,
        _ENTRY,
        [(index, one.kind, one.leaf, one.leaf_hash, at) for index, one in zip(places, step.fresh, strict=True)],
    )
    _insert(connection, _OPENING, [(index, one.opening) for index, one in zip(places, step.fresh, strict=True)])
    _insert(
        connection,
        _DELIVERY,
        [
            (row.subject_code, index, row.partner, row.purpose, row.packed_versions(), at)
            for index, row in step.deliveries
        ],
    )
    _insert(connection, _INNER, step.growth.inner_nodes())
    _insert(connection, _CHECKPOINT, [(step.growth.size, step.growth.root, step.note, at)])


def _taken(connection: sqlite3.Connection, once: Mapping[bytes, float]) -> frozenset[bytes]:
    return frozenset(digest for (digest,) in _insert(connection, _SEEN, list(once.items()))) if once else frozenset()


def _used(connection: sqlite3.Connection, spend: Mapping[Account, tuple[int, float]]) -> dict[Account, int]:
    if not spend:
        return {}
    rows = [(asker, span, amount, until) for (asker, span), (amount, until) in spend.items()]
    return {(asker, span): used for asker, span, used in _insert(connection, _SPENT, rows)}


def _insert(connection: sqlite3.Connection, table: _Table, rows: Sequence[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """
    Insert *rows*, in as few statements as there are ones in the binary number of rows.

    Returns:
        What the statements return, if the table says that they do.
    """
    returned: list[tuple[Any, ...]] = []
    start = 0
    while left := len(rows) - start:
        count = min(_MOST_ROWS, 1 << (left.bit_length() - 1))
        some = rows if count == len(rows) else rows[start : start + count]
        returned += connection.execute(_insertion(table, count), list(chain.from_iterable(some))).fetchall()
        start += count
    return returned


@lru_cache(maxsize=_KEPT_STATEMENTS)
def _insertion(table: _Table, rows: int) -> str:
    name, columns, ending = table
    row = "(" + ", ".join("?" * len(columns)) + ")"
    names = ", ".join(f'"{column}"' for column in columns)
    return f'INSERT INTO "{name}" ({names}) VALUES {", ".join([row] * rows)} {ending}'  # noqa: S608  names of ours alone
