"""
no change unseen: a subject's version is raised by every change, also by a hand at the database.

An intake raises the version itself, once per batch, before it writes what changed, and its rows carry the instant it
left on the subject. Nothing here raises it a second time for them, but for former names, which come seldom.
"""

from collections.abc import Iterator

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUBJECT = (
    "code", "name", "name_key", "initials", "organisation_code", "registration_no", "parent_code", "region", "sector",
    "status", "first_seen_at", "changed_at",
)  # fmt: skip
TABLES = {"record": "received_at", "subject_event": "recorded_at", "subject_name": None}
"""Tables of what hangs on a subject, and the column that says when a row was written."""

RAISE_SUBJECT = """
CREATE FUNCTION raise_subject() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    written text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE subject SET version = version + 1 WHERE code = OLD.subject_code;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF TG_TABLE_NAME = 'record' THEN
            written := NEW.received_at;
        ELSIF TG_TABLE_NAME = 'subject_event' THEN
            written := NEW.recorded_at;
        END IF;
        UPDATE subject SET version = version + 1
        WHERE code = NEW.subject_code AND (written IS NULL OR changed_at <> written);
    ELSIF TG_OP = 'UPDATE' AND OLD.subject_code <> NEW.subject_code THEN
        UPDATE subject SET version = version + 1 WHERE code = NEW.subject_code;
    END IF;
    RETURN NULL;
END
$$
"""
RAISE_ITSELF = """
CREATE FUNCTION raise_itself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END
$$
"""
RAISE_ALL = """
CREATE FUNCTION raise_all_subjects() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE subject SET version = version + 1;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    statements = _on_postgresql() if op.get_bind().dialect.name == "postgresql" else _on_sqlite()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    events = ("insert", "update", "delete", "truncate") if on_postgresql else ("insert", "update", "delete")
    for table, event in (*((table, event) for table in TABLES for event in events), ("subject", "update")):
        op.execute(f"DROP TRIGGER subject_by_{table}_{event}" + (f" ON {table}" if on_postgresql else ""))
    if on_postgresql:
        for name in ("raise_subject", "raise_itself", "raise_all_subjects"):
            op.execute(f"DROP FUNCTION {name}()")


def _condition(table: str, event: str) -> str:
    # A new version of a record comes from an intake, which has raised the subject's.
    return " WHEN (OLD.version = NEW.version)" if (table, event) == ("record", "UPDATE") else ""


def _itself(dialect: str) -> str:
    old, new = (", ".join(f"{row}.{column}" for column in SUBJECT) for row in ("OLD", "NEW"))
    differs = f"({old}) IS NOT ({new})" if dialect == "sqlite" else f"ROW({old}) IS DISTINCT FROM ROW({new})"
    return f"WHEN (OLD.version = NEW.version AND {differs})"


def _on_sqlite() -> Iterator[str]:
    rows = {"INSERT": "NEW.subject_code", "DELETE": "OLD.subject_code", "UPDATE": "OLD.subject_code, NEW.subject_code"}
    for table, written in TABLES.items():
        for event, codes in rows.items():
            unless = f" AND changed_at <> NEW.{written}" if written and event == "INSERT" else ""
            call = f"UPDATE subject SET version = version + 1 WHERE code IN ({codes}){unless}"  # noqa: S608  names of ours
            name = f"subject_by_{table}_{event.lower()}"
            yield f"CREATE TRIGGER {name} AFTER {event} ON {table}{_condition(table, event)} BEGIN {call}; END"
    call = "UPDATE subject SET version = version + 1 WHERE code = NEW.code"
    yield f"CREATE TRIGGER subject_by_subject_update AFTER UPDATE ON subject {_itself('sqlite')} BEGIN {call}; END"


def _on_postgresql() -> Iterator[str]:
    yield from (RAISE_SUBJECT, RAISE_ITSELF, RAISE_ALL)
    for table in TABLES:
        for event in ("INSERT", "UPDATE", "DELETE"):
            name = f"subject_by_{table}_{event.lower()} AFTER {event} ON {table} FOR EACH ROW"
            yield f"CREATE TRIGGER {name}{_condition(table, event)} EXECUTE FUNCTION raise_subject()"
        name = f"subject_by_{table}_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT"
        yield f"CREATE TRIGGER {name} EXECUTE FUNCTION raise_all_subjects()"
    name = "subject_by_subject_update BEFORE UPDATE ON subject FOR EACH ROW"
    yield f"CREATE TRIGGER {name} {_itself('postgresql')} EXECUTE FUNCTION raise_itself()"
