"""
Prepared statements sent together to PostgreSQL, and their results read together: one round trip, few system calls.

Rules:
    - Statements, parameters and results go through libpq as psycopg offers it (`psycopg.pq`), all in binary. psycopg's
      own cursors cost the ledger more than the server's whole work on a group.
    - The first fault counts; what was sent after it was not run (libpq aborts the rest of the pipeline).
    - A silent server is not waited for for ever: its own limits come first, ours is for a network that went away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from select import POLLIN, POLLOUT, poll
from struct import pack
from typing import Any, TypeAlias

import psycopg
from psycopg import errors, pq

Row: TypeAlias = tuple[bytes | None, ...]

BIGINT = psycopg.postgres.types["int8"]
BYTES = psycopg.postgres.types["bytea"]
TEXT = psycopg.postgres.types["text"]
DOUBLE = psycopg.postgres.types["float8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    A statement to prepare.

    Attributes:
        sql: With parameters $1, $2, ...
        kinds: Their type oids, in order.
    """

    sql: str
    kinds: Sequence[int] = ()


class Pipeline:
    """A connection that speaks nothing but its prepared statements. Owns the connection it is given."""

    def __init__(
        self, connection: psycopg.Connection[Any], statements: Mapping[str, Statement], *, silence_s: float
    ) -> None:
        """
        Prepare *statements* and turn to pipelining.

        Args:
            connection: Fresh, in autocommit.
            statements: By the names `run` will call them.
            silence_s: After how long without a word the server counts as gone.

        Raises:
            psycopg.Error: the server refuses one of them, e.g. because a table is missing.
        """
        self._connection, self._server, self._silence_s = connection, connection.pgconn, silence_s
        for name, statement in statements.items():
            made = self._server.prepare(name.encode(), statement.sql.encode(), statement.kinds)
            if made.status != pq.ExecStatus.COMMAND_OK:
                raise _fault_in(made)
        self._server.enter_pipeline_mode()
        self._poll = poll()

    @property
    def is_open(self) -> bool:
        """Whether the connection is not known to be dead."""
        return not self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed or not."""
        return self._server.transaction_status != pq.TransactionStatus.IDLE

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def run(self, *calls: tuple[str, Sequence[bytes]]) -> list[list[Row]]:
        """
        Run prepared statements one after the other.

        Args:
            calls: Name and parameters of each, binary.

        Returns:
            The rows of each, values binary; None is NULL.

        Raises:
            psycopg.Error: the first fault; of what came after it, nothing was run.
        """
        server = self._server
        for name, values in calls:
            server.send_query_prepared(name.encode(), values, [1] * len(values), 1)
        server.pipeline_sync()
        while server.flush():
            self._wait(POLLIN | POLLOUT)
        results = self._results()
        for result in results:
            if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise _fault_in(result)
        return [_rows(result) for result in results]

    def _results(self) -> list[pq.abc.PGresult]:
        results: list[pq.abc.PGresult] = []
        while True:
            while self._server.is_busy():
                self._wait(POLLIN)
            result = self._server.get_result()
            if result is None:  # the end of one statement's results
                if not self.is_open:
                    raise psycopg.OperationalError("the server closed the connection")
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            else:
                results.append(result)

    def _wait(self, events: int) -> None:
        """Wait until the server speaks, or listens; take in what it says."""
        self._poll.register(self._server.socket, events)
        seen = self._poll.poll(self._silence_s * 1000)
        if not seen:
            # Whatever comes later belongs to a question nobody waits for.
            self._connection.close()
            raise psycopg.OperationalError("the server is silent")
        if seen[0][1] & ~POLLOUT:
            self._server.consume_input()


def number(value: int) -> bytes:
    """Write a bigint."""
    return pack(">q", value)


def real(value: float) -> bytes:
    """Write a double precision."""
    return pack(">d", value)


def integer_of(value: bytes | None) -> int:
    """Read an integer of any width."""
    return int.from_bytes(value or b"", "big", signed=True)


def array(kind: int, values: Sequence[bytes | None]) -> bytes:
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


def _rows(result: pq.abc.PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]


def _fault_in(result: pq.abc.PGresult) -> psycopg.Error:
    """Make the exception of a failed result: its class and code, not its message, which may quote rows."""
    code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind: Callable[[str], psycopg.Error] = errors.lookup(code)
    except KeyError:
        kind = psycopg.DatabaseError
    return kind(code)
