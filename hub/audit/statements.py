"""
The statements of the writing side, written out once per store.

A group runs seven of them; building each anew from its parts costs more than the store takes to run it.
"""

from dataclasses import dataclass

from sqlalchemy import Dialect, insert, select
from sqlalchemy.sql import ClauseElement

from hub.store.tables import Delivery, LogCheckpoint, LogEntry, LogNode, LogOpening

_CHECKPOINT = LogCheckpoint.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every table
_VERSIONS = {
    # Any number of codes is one parameter of one statement.
    "sqlite": "SELECT code, version FROM subject WHERE code IN (SELECT value FROM json_each(:codes))",
    "postgresql": "SELECT code, version FROM subject WHERE code IN (SELECT json_array_elements_text(%(codes)s::json))",
}
_TURN = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('hub audit log'))",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """
    SQL for one dialect, parameters by name.

    Attributes:
        turn: Waits until no other process writes the log; given back when the transaction ends.
        head: (size, root, note) of the newest checkpoint.
        versions: (code, version) of the subjects in `codes`, a JSON array.
        entry: Inserts, one row per parameter set; so the others.
    """

    turn: str
    head: str
    versions: str
    entry: str
    opening: str
    delivery: str
    node: str
    checkpoint: str

    @staticmethod
    def of(dialect: Dialect) -> "Statements":
        """Write the statements for *dialect*, which takes parameters by name."""

        def written(statement: ClauseElement) -> str:
            return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

        def insertion(table: type) -> str:
            return str(insert(table).compile(dialect=dialect))

        head = select(_CHECKPOINT.c.size, _CHECKPOINT.c.root, _CHECKPOINT.c.note)
        return Statements(
            turn=_TURN[dialect.name],
            head=written(head.order_by(_CHECKPOINT.c.size.desc()).limit(1)),
            versions=_VERSIONS[dialect.name],
            entry=insertion(LogEntry),
            opening=insertion(LogOpening),
            delivery=insertion(Delivery),
            node=insertion(LogNode),
            checkpoint=insertion(LogCheckpoint),
        )
