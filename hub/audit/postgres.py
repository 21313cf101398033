"""
The log's book on PostgreSQL.

Rules:
    - A group is two round trips: one that takes the turn and reads, one that writes everything and commits. Each
      statement of the first sees what was committed when it begins to run, which is after the turn was granted.
    - The server drops a holder of the turn that is silent for as long as others would wait for it, e.g. a process that
      was stopped or a machine that is gone. What it had not committed is then not in the log, and it learns so.
"""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeAlias

import psycopg
from sqlalchemy import URL

from hub.audit.book import Causes, Head, Redress, Wants
from hub.audit.pipeline import BIGINT, BYTES, DOUBLE, TEXT, Pipeline, Row, Statement, array, integer_of, number, real
from hub.audit.step import Step

_INT, _BYTES, _TEXT = BIGINT.oid, BYTES.oid, TEXT.oid
_INTS, _BLOBS, _TEXTS, _REALS = BIGINT.array_oid, BYTES.array_oid, TEXT.array_oid, DOUBLE.array_oid
_REAL = DOUBLE.oid

_STATEMENTS = {
    "begin": Statement(sql="BEGIN"),
    "turn": Statement(sql="SELECT pg_advisory_xact_lock(hashtext('hub audit log'))"),
    "head": Statement(sql="SELECT size, root, note FROM log_checkpoint ORDER BY size DESC LIMIT 1"),
    # Codes are letters and digits, so any number of them is one text.
    "versions": Statement(
        sql="SELECT code, version FROM subject WHERE code = ANY (string_to_array($1, ','))", kinds=(_TEXT,)
    ),
    "epochs": Statement(sql="SELECT name, version FROM epoch"),
    # Rows are taken in one order by all, so that no two wait for each other.
    "once": Statement(
        sql="""
            INSERT INTO seen (digest, expires_at)
            SELECT digest, until FROM unnest($1, $2) AS row (digest, until) ORDER BY digest
            ON CONFLICT (digest) DO NOTHING RETURNING digest
        """,
        kinds=(_BLOBS, _REALS),
    ),
    "spend": Statement(
        sql="""
            INSERT INTO spent (asker, span, used, expires_at)
            SELECT asker, span, amount, until FROM unnest($1, $2, $3, $4) AS row (asker, span, amount, until)
            ORDER BY asker, span
            ON CONFLICT (asker, span) DO UPDATE SET used = spent.used + excluded.used RETURNING asker, span, used
        """,
        kinds=(_TEXTS, _TEXTS, _INTS, _REALS),
    ),
    "unsee": Statement(sql="DELETE FROM seen WHERE digest = ANY ($1)", kinds=(_BLOBS,)),
    "refund": Statement(
        sql="""
            UPDATE spent SET used = used - amount FROM unnest($1, $2, $3) AS row (who, what, amount)
            WHERE asker = who AND span = what
        """,
        kinds=(_TEXTS, _TEXTS, _INTS),
    ),
    # What another deletes at this moment needs not be waited for.
    "forget seen": Statement(
        sql="""
            DELETE FROM seen WHERE digest IN (
                SELECT digest FROM seen WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
            )
        """,
        kinds=(_REAL, _INT),
    ),
    "forget spent": Statement(
        sql="""
            DELETE FROM spent WHERE (asker, span) IN (
                SELECT asker, span FROM spent WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
            )
        """,
        kinds=(_REAL, _INT),
    ),
    "leaves": Statement(
        sql='SELECT "index", leaf_hash FROM log_entry WHERE "index" >= $1 AND "index" < $2 ORDER BY "index"',
        kinds=(_INT, _INT),
    ),
    "node": Statement(sql='SELECT hash FROM log_node WHERE level = $1 AND "index" = $2', kinds=(_INT, _INT)),
    "newest": Statement(sql='SELECT "index", leaf_hash FROM log_entry ORDER BY "index" DESC LIMIT 1'),
    "write": Statement(
        sql="""
            WITH entry AS (
                INSERT INTO log_entry ("index", kind, leaf, leaf_hash, appended_at)
                SELECT $1 + place - 1, kind, leaf, leaf_hash, $2
                FROM unnest($3, $4, $5) WITH ORDINALITY AS row (kind, leaf, leaf_hash, place)
            ), opening AS (
                INSERT INTO log_opening ("index", opening)
                SELECT $1 + place - 1, opening FROM unnest($6) WITH ORDINALITY AS row (opening, place)
            ), delivered AS (
                INSERT INTO delivery (log_index, subject_code, partner, purpose, versions, delivered_at)
                SELECT place, code, partner, purpose, versions, $2
                FROM unnest($7, $8, $9, $10, $11) AS row (place, code, partner, purpose, versions)
            ), node AS (
                INSERT INTO log_node (level, "index", hash)
                SELECT level, "index", hash FROM unnest($12, $13, $14) AS row (level, "index", hash)
            )
            INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($15, $16, $17, $2)
        """,
        kinds=(
            *(_INT, _TEXT),
            *(_TEXTS, _BLOBS, _BLOBS),
            _BLOBS,
            *(_INTS, _TEXTS, _TEXTS, _TEXTS, _BLOBS),
            *(_INTS, _INTS, _BLOBS),
            *(_INT, _BYTES, _TEXT),
        ),
    ),
    "commit": Statement(sql="COMMIT"),
    "rollback": Statement(sql="ROLLBACK"),
}

_Call: TypeAlias = tuple[str, Sequence[bytes]]


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
        self._pipeline: Pipeline | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not known to be dead."""
        return self._pipeline is not None and self._pipeline.is_open

    def begin(self, wants: Wants) -> tuple[Head | None, Causes]:
        """Take the advisory lock, then read and take; one round trip."""
        _, _, head, *rest = self._opened().run(("begin", ()), ("turn", ()), ("head", ()), *_asking(wants))
        return _head(head), _causes(rest, wants)

    def take(self, wants: Wants) -> Causes:
        """Read and take what *wants* names."""
        return _causes(self._opened().run(*_asking(wants)), wants)

    def leaves(self, start: int, end: int) -> Sequence[tuple[int, bytes]]:
        """Read (index, leaf hash) of the entries *start* <= index < *end*, in order."""
        (rows,) = self._opened().run(("leaves", (number(start), number(end))))
        return [(integer_of(index), leaf or b"") for index, leaf in rows]

    def node(self, level: int, index: int) -> bytes | None:
        """Read the hash of an inner node; None if it is not stored."""
        (rows,) = self._opened().run(("node", (number(level), number(index))))
        return rows[0][0] if rows else None

    def newest(self) -> tuple[int, bytes] | None:
        """Read (index, leaf hash) of the entry with the highest index."""
        (rows,) = self._opened().run(("newest", ()))
        return (integer_of(rows[0][0]), rows[0][1] or b"") if rows else None

    def write(self, step: Step | None, redress: Redress) -> None:
        """Write all rows of *step*, put right what *redress* names, and commit; one round trip."""
        written = [] if step is None else [("write", _values(step))]
        self._opened().run(*written, *_redressing(redress), ("commit", ()))

    def end(self) -> None:
        """Give the lock back without writing; after `write` do nothing."""
        if self._pipeline is not None and self._pipeline.in_transaction:
            self._pipeline.run(("rollback", ()))

    def close(self) -> None:
        """Let go of the connection."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            with contextlib.suppress(psycopg.Error):
                pipeline.close()

    def _opened(self) -> Pipeline:
        if self._pipeline is None:
            options: dict[str, Any] = {"connect_timeout": max(1, int(self._patience_s)), **self._options}
            connection = psycopg.connect(*self._place, autocommit=True, **options)
            try:
                self._pipeline = _prepared(connection, self._patience_s)
            except psycopg.Error:
                connection.close()
                raise
        return self._pipeline


def _prepared(connection: psycopg.Connection[Any], patience_s: float) -> Pipeline:
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute("SELECT set_config(%s, %s, false)", (name, str(int(patience_s * 1000))))
    connection.execute("SET synchronous_commit = on")
    # Twice the patience: the server's own limit for a statement, and the way there and back.
    return Pipeline(connection, _STATEMENTS, silence_s=2 * patience_s)


def _values(step: Step) -> Sequence[bytes]:
    growth, fresh = step.growth, step.fresh
    rows, nodes = [row for _, row in step.deliveries], growth.inner_nodes()
    return (
        number(growth.first),
        step.at.encode(),
        _texts([sealed.kind for sealed in fresh]),
        _blobs([sealed.leaf for sealed in fresh]),
        _blobs([sealed.leaf_hash for sealed in fresh]),
        _blobs([sealed.opening for sealed in fresh]),
        _numbers([index for index, _ in step.deliveries]),
        _texts([row.subject_code for row in rows]),
        _texts([row.partner for row in rows]),
        _texts([row.purpose for row in rows]),
        _blobs([row.packed_versions() for row in rows]),
        _numbers([level for level, _, _ in nodes]),
        _numbers([index for _, index, _ in nodes]),
        _blobs([value for _, _, value in nodes]),
        number(growth.size),
        growth.root,
        step.note.encode(),
    )


def _asking(wants: Wants) -> list[_Call]:
    calls: list[_Call] = []
    if wants.codes:
        calls.append(("versions", (",".join(wants.codes).encode(),)))
    if wants.epochs:
        calls.append(("epochs", ()))
    if wants.once:
        calls.append(("once", (_blobs(list(wants.once)), _reals(wants.once.values()))))
    if wants.spend:
        askers, spans = zip(*wants.spend, strict=True)
        amounts, ends = zip(*wants.spend.values(), strict=True)
        calls.append(("spend", (_texts(askers), _texts(spans), _numbers(amounts), _reals(ends))))
    return calls


def _causes(results: Sequence[Sequence[Row]], wants: Wants) -> Causes:
    left = list(results)
    return Causes(
        versions=_named(left.pop(0)) if wants.codes else {},
        epochs=_named(left.pop(0)) if wants.epochs else {},
        taken={digest or b"" for (digest,) in left.pop(0)} if wants.once else frozenset(),
        used={((asker or b"").decode(), (span or b"").decode()): integer_of(used) for asker, span, used in left.pop(0)}
        if wants.spend
        else {},
    )


def _redressing(redress: Redress) -> list[_Call]:
    calls: list[_Call] = []
    if redress.digests:
        calls.append(("unsee", (_blobs(redress.digests),)))
    if redress.amounts:
        askers, spans = zip(*redress.amounts, strict=True)
        calls.append(("refund", (_texts(askers), _texts(spans), _numbers(list(redress.amounts.values())))))
    if redress.ended is not None:
        bounds = (real(redress.ended), number(redress.most))
        calls += [("forget seen", bounds), ("forget spent", bounds)]
    return calls


def _named(rows: Sequence[Row]) -> dict[str, int]:
    return {(name or b"").decode(): integer_of(value) for name, value in rows}


def _head(rows: Sequence[Row]) -> Head | None:
    if not rows:
        return None
    size, root, note = rows[0]
    return Head(size=integer_of(size), root=root or b"", note=(note or b"").decode())


def _blobs(values: Sequence[bytes]) -> bytes:
    return array(_BYTES, values)


def _texts(values: Sequence[str | None]) -> bytes:
    return array(_TEXT, [None if value is None else value.encode() for value in values])


def _numbers(values: Sequence[int]) -> bytes:
    return array(_INT, [number(value) for value in values])


def _reals(values: Iterable[float]) -> bytes:
    return array(_REAL, [real(value) for value in values])
