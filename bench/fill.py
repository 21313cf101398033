"""
Fills a store with any number of records, fast: some are taken in by the hub, and copied to other subjects in the store.

Rules:
    - A copied subject has a good code and a name of its own; its records say what the first one's say.
    - Triggers rest while rows are copied and stand again afterwards, as the migrations made them.
    - The order of the copies is the order of the keys, as it is not in life: a filled store is more compact than a
      grown one, and says nothing about how fast records come in (`bench/ingest_bench.py` does).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from bench import hubs, world

SMALL, LARGE = 10_000, 5_000_000
_TEMPLATES = 50
_PER_SUBJECT = sum(world.PER_SUBJECT.values())


def codes(records: int) -> list[str]:
    """Codes of the subjects of a store with *records* records."""
    return [world.code_of(number) for number in range(subjects(records))]


def subjects(records: int) -> int:
    """How many subjects that is."""
    return records // _PER_SUBJECT


def fill(url: str, records: int) -> None:
    """Fill the migrated store at *url*."""
    hubs.run(world.store_world(url, range(_TEMPLATES), world.PER_SUBJECT))
    made = codes(records)
    rows = [(code, made[number % _TEMPLATES], number) for number, code in enumerate(made) if number >= _TEMPLATES]
    if url.startswith("sqlite"):
        _fill_sqlite(url.removeprefix("sqlite:///"), rows)
    else:
        _fill_postgres(url, rows)


def _statements(columns: dict[str, list[str]]) -> Iterator[str]:
    for table, key in (("subject", "code"), ("record", "subject_code")):
        names = columns[table]
        values = {key: "made.code", "name": "t.name || made.number", "name_key": "t.name_key || made.number"}
        chosen = ", ".join(values.get(name, f't."{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        order = "made.code" if table == "subject" else "made.code, t.kind, t.record_key"
        source = f'FROM made JOIN {table} t ON t."{key}" = made.template ORDER BY {order}'
        yield f"INSERT INTO {table} ({listed}) SELECT {chosen} {source}"


def _fill_sqlite(path: str, rows: Sequence[tuple[str, str, int]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-262144")
        columns = {
            table: [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            for table in ("subject", "record")
        }
        with _resting_sqlite(connection):
            connection.execute("BEGIN")
            connection.execute("CREATE TEMP TABLE made (code TEXT PRIMARY KEY, template TEXT, number INTEGER)")
            connection.executemany("INSERT INTO made VALUES (?, ?, ?)", rows)
            for statement in _statements(columns):
                # The rows come in the order of `made`'s key without being sorted: its index leads the loop.
                connection.execute(statement.replace("FROM made JOIN", "FROM made CROSS JOIN"))
            connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


@contextmanager
def _resting_sqlite(connection: sqlite3.Connection) -> Iterator[None]:
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in found:
        connection.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, statement in found:
        connection.execute(statement)


def _fill_postgres(url: str, rows: Sequence[tuple[str, str, int]]) -> None:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET LOCAL work_mem = '256MB'")
        columns = {
            table: [
                row[0]
                for row in connection.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY 1",
                    [table],
                )
            ]
            for table in ("subject", "record")
        }
        for table in columns:
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        connection.execute("CREATE TEMP TABLE made (code TEXT PRIMARY KEY, template TEXT, number INTEGER)")
        with connection.cursor().copy("COPY made FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("ANALYZE made")
        for statement in _statements(columns):
            connection.execute(statement.encode())
        for table in columns:
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE subject")
        connection.execute("VACUUM ANALYZE record")
        connection.execute("CHECKPOINT")
