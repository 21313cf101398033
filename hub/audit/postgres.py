"""
The log's book on PostgreSQL.

Rules:
    - A group is two round trips: one that takes the turn and reads, one that writes everything and commits. Each
      statement of the first sees what was committed when it begins to run, which is after the turn was granted.
    - Rows go as arrays in binary, written here: the driver's own way of writing arrays costs more than the server's
      work on them.
    - The server drops a holder of the turn that is silent for as long as others would wait for it, e.g. a process that
      was stopped or a machine that is gone. What it had not committed is then not in the log, and it learns so.
"""

import contextlib
from collections.abc import Sequence
from struct import pack
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format, TransactionStatus
from sqlalchemy import URL

from hub.audit.book import Head, Stored
from hub.audit.step import Step

_TURN = "SELECT pg_advisory_xact_lock(hashtext('hub audit log'))"
_HEAD = "SELECT size, root, note FROM log_checkpoint ORDER BY size DESC LIMIT 1"
# Codes are letters and digits, so any number of them is one text.
_VERSIONS = "SELECT code, version FROM subject WHERE code = ANY (string_to_array(%s, ','))"
_EPOCHS = "SELECT name, version FROM epoch"
_LEAVES = 'SELECT "index", leaf_hash FROM log_entry WHERE "index" >= %s AND "index" < %s ORDER BY "index"'
_NODE = 'SELECT hash FROM log_node WHERE level = %s AND "index" = %s'
_NEWEST = 'SELECT "index", leaf_hash FROM log_entry ORDER BY "index" DESC LIMIT 1'
_WRITE = """
WITH entry AS (
    INSERT INTO log_entry ("index", kind, leaf, leaf_hash, appended_at)
    SELECT %(first)s::bigint + place - 1, kind, leaf, leaf_hash, %(at)s::text
    FROM unnest(%(kinds)s, %(leaves)s, %(leaf_hashes)s) WITH ORDINALITY AS row (kind, leaf, leaf_hash, place)
), opening AS (
    INSERT INTO log_opening ("index", opening)
    SELECT %(first)s::bigint + place - 1, opening
    FROM unnest(%(openings)s) WITH ORDINALITY AS row (opening, place)
), delivered AS (
    INSERT INTO delivery (subject_code, log_index, partner, purpose, versions, delivered_at)
    SELECT code, "index", partner, purpose, versions, %(at)s::text
    FROM unnest(%(codes)s, %(places)s, %(partners)s, %(purposes)s, %(versions)s)
        AS row (code, "index", partner, purpose, versions)
), node AS (
    INSERT INTO log_node (level, "index", hash)
    SELECT level, "index", hash
    FROM unnest(%(levels)s, %(indices)s, %(hashes)s) AS row (level, "index", hash)
)
INSERT INTO log_checkpoint (size, root, note, signed_at)
VALUES (%(size)s::bigint, %(root)s::bytea, %(note)s::text, %(at)s::text)
"""


class _Array(bytes):
    """A whole array parameter as the server reads it, binary."""

    __slots__ = ()


class _Bytes(_Array):
    __slots__ = ()


class _Texts(_Array):
    __slots__ = ()


class _Numbers(_Array):
    __slots__ = ()


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj


class _BytesDumper(_ArrayDumper):
    oid = psycopg.postgres.types["bytea"].array_oid


class _TextsDumper(_ArrayDumper):
    oid = psycopg.postgres.types["text"].array_oid


class _NumbersDumper(_ArrayDumper):
    oid = psycopg.postgres.types["int8"].array_oid


class PostgresBook:
    """One connection to a PostgreSQL. See `hub.audit.book.Book`."""

    faults: ClassVar[tuple[type[Exception], ...]] = (psycopg.Error, OSError)

    def __init__(self, address: URL, patience_s: float) -> None:
        """
        Prepare to connect to *address*.

        Args:
            address: Of the store.
            patience_s: How long to wait for the turn and for any one statement, and how long one may hold the turn
                without a word.
        """
        dialect = address.set(drivername="postgresql+psycopg").get_dialect()()
        self._place, self._options = dialect.create_connect_args(address)
        self._patience_s = patience_s
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to be dead."""
        return self._connection is not None and not self._connection.closed

    def begin(self, codes: Sequence[str], *, epochs: bool) -> Stored:
        """Take the advisory lock, then read; one round trip."""
        connection = self._opened()
        versions = known = None
        with connection.pipeline():
            connection.execute("BEGIN", prepare=True)
            connection.execute(_TURN, prepare=True)
            head = connection.execute(_HEAD, prepare=True)
            if codes:
                versions = connection.execute(_VERSIONS, (",".join(codes),), prepare=True)
            if epochs:
                known = connection.execute(_EPOCHS, prepare=True)
        row = head.fetchone()
        return Stored(
            head=None if row is None else Head(size=row[0], root=row[1], note=row[2]),
            versions={} if versions is None else dict(versions.fetchall()),
            epochs={} if known is None else dict(known.fetchall()),
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
        return self._opened().execute(_NEWEST).fetchone()

    def write(self, step: Step) -> None:
        """Write all rows of *step* and commit; one round trip."""
        connection = self._opened()
        rows, nodes = [row for _, row in step.deliveries], step.growth.inner_nodes()
        values = {
            "first": step.growth.first,
            "at": step.at,
            "kinds": _texts([sealed.kind for sealed in step.fresh]),
            "leaves": _blobs([sealed.leaf for sealed in step.fresh]),
            "leaf_hashes": _blobs([sealed.leaf_hash for sealed in step.fresh]),
            "openings": _blobs([sealed.opening for sealed in step.fresh]),
            "codes": _texts([row.subject_code for row in rows]),
            "places": _numbers([index for index, _ in step.deliveries]),
            "partners": _texts([row.partner for row in rows]),
            "purposes": _texts([row.purpose for row in rows]),
            "versions": _blobs([row.packed_versions() for row in rows]),
            "levels": _numbers([level for level, _, _ in nodes]),
            "indices": _numbers([index for _, index, _ in nodes]),
            "hashes": _blobs([value for _, _, value in nodes]),
            "size": step.growth.size,
            "root": step.growth.root,
            "note": step.note,
        }
        with connection.pipeline():
            connection.execute(_WRITE, values, prepare=True)
            connection.execute("COMMIT", prepare=True)

    def end(self) -> None:
        """Give the lock back without writing; after `write` do nothing."""
        connection = self._connection
        if connection is not None and connection.info.transaction_status != TransactionStatus.IDLE:
            connection.execute("ROLLBACK", prepare=True)

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            options: dict[str, Any] = {"connect_timeout": max(1, int(self._patience_s)), **self._options}
            connection = psycopg.connect(*self._place, autocommit=True, **options)
            try:
                _prepare(connection, int(self._patience_s * 1000))
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _prepare(connection: psycopg.Connection[Any], patience_ms: int) -> None:
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute("SELECT set_config(%s, %s, false)", (name, str(patience_ms)))
    connection.execute("SET synchronous_commit = on")
    for kind, dumper in ((_Bytes, _BytesDumper), (_Texts, _TextsDumper), (_Numbers, _NumbersDumper)):
        connection.adapters.register_dumper(kind, dumper)


def _blobs(values: Sequence[bytes]) -> _Bytes:
    return _Bytes(_array(psycopg.postgres.types["bytea"].oid, values))


def _texts(values: Sequence[str | None]) -> _Texts:
    encoded = [None if value is None else value.encode() for value in values]
    return _Texts(_array(psycopg.postgres.types["text"].oid, encoded))


def _numbers(values: Sequence[int]) -> _Numbers:
    return _Numbers(_array(psycopg.postgres.types["int8"].oid, [pack(">q", value) for value in values]))


def _array(kind: int, values: Sequence[bytes | None]) -> bytes:
    """
    Write a one-dimensional array of elements with oid *kind*, each in its own binary form; None is NULL.

    Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv.
    """
    if not values:
        return pack(">iiI", 0, 0, kind)
    parts = [pack(">iiIii", 1, None in values, kind, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(len(value).to_bytes(4, "big"))
            parts.append(value)
    return b"".join(parts)
