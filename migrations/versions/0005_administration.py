"""administration: change sets, grants, consents, record labels, journal, questions asked."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

GRANT = (
    "id", "partner", "category", "coordinates", "source", "subject", "purpose", "tier", "valid_from", "valid_to",
    "break_glass", "revoked_at",
)  # fmt: skip
CONSENT = ("subject_code", "id", "grantee", "purpose", "items", "valid_from", "valid_to", "revoked_at")
POLICY_BEFORE = ("version", "digest", "body", "valid_from")
POLICY = (*POLICY_BEFORE, "valid_to")
CAUSES = (
    # Not what explains a grant or tells when it was last used: a note of use would send every answer back.
    ("right", "access_grant", GRANT),
    ("right", "consent", CONSENT),
)
"""Epoch, table, and the columns of it that an answer may depend on. As in 0001."""


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("policy_version", sa.Column("valid_to", sa.String(), nullable=True))
    op.add_column("policy_version", sa.Column("change_id", sa.String(), nullable=True))
    _watch_policy(dialect, POLICY)
    _create_tables()
    op.execute("INSERT INTO epoch (name, version) VALUES ('right', 1)")
    for statement in (*_epoch_triggers(dialect), *_label_triggers(dialect)):
        op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in (
        "record_label",
        "question",
        "journal",
        "consent",
        "change_set",
        "change_approval",
        "break_glass",
        "asked_document",
        "alarm",
        "access_grant",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM epoch WHERE name = 'right'")
    _watch_policy(dialect, POLICY_BEFORE)
    op.drop_column("policy_version", "change_id")
    op.drop_column("policy_version", "valid_to")


def _watch_policy(dialect: str, columns: Sequence[str]) -> None:
    on_postgresql = dialect == "postgresql"
    op.execute("DROP TRIGGER epoch_policy_" + ("set ON policy_version" if on_postgresql else "policy_version_set"))
    op.execute(_setting(dialect, "policy", "policy_version", columns))


def _setting(dialect: str, name: str, table: str, columns: Sequence[str]) -> str:
    watched = ", ".join(f'"{column}"' for column in columns)
    old, new = (", ".join(f'{row}."{column}"' for column in columns) for row in ("OLD", "NEW"))
    if dialect == "postgresql":
        call = f"EXECUTE FUNCTION raise_epoch('{name}')"
        when = f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}))"
        return f"CREATE TRIGGER epoch_{name}_set AFTER UPDATE OF {watched} ON {table} FOR EACH ROW {when} {call}"
    call = f"BEGIN UPDATE epoch SET version = version + 1 WHERE name = '{name}'; END"  # noqa: S608  names of ours
    when = f"WHEN ({old}) IS NOT ({new})"
    return f"CREATE TRIGGER epoch_{name}_{table}_set AFTER UPDATE OF {watched} ON {table} {when} {call}"


def _epoch_triggers(dialect: str) -> Iterator[str]:
    for name, table, columns in CAUSES:
        yield _setting(dialect, name, table, columns)
        if dialect == "postgresql":
            call = f"EXECUTE FUNCTION raise_epoch('{name}')"
            yield f"CREATE TRIGGER epoch_{name}_put AFTER INSERT OR DELETE ON {table} FOR EACH ROW {call}"
            yield f"CREATE TRIGGER epoch_{name}_empty AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}"
            continue
        call = f"BEGIN UPDATE epoch SET version = version + 1 WHERE name = '{name}'; END"  # noqa: S608  names of ours
        yield f"CREATE TRIGGER epoch_{name}_{table}_put AFTER INSERT ON {table} {call}"
        yield f"CREATE TRIGGER epoch_{name}_{table}_drop AFTER DELETE ON {table} {call}"


def _label_triggers(dialect: str) -> Iterator[str]:
    """A record's label decides who sees it: it raises the version of the record's subject, as in 0002."""
    table = "record_label"
    for event, codes in (
        ("INSERT", "NEW.subject_code"),
        ("DELETE", "OLD.subject_code"),
        ("UPDATE", "OLD.subject_code, NEW.subject_code"),
    ):
        name = f"subject_by_{table}_{event.lower()}"
        if dialect == "postgresql":
            yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION raise_subject()"
            continue
        call = f"UPDATE subject SET version = version + 1 WHERE code IN ({codes})"  # noqa: S608  names of ours
        yield f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {call}; END"
    if dialect == "postgresql":
        name = f"subject_by_{table}_truncate"
        call = "EXECUTE FUNCTION raise_all_subjects()"
        yield f"CREATE TRIGGER {name} AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}"


def _create_tables() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("coordinates", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("subject", sa.String(length=18), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=False),
        sa.Column("break_glass", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("change_id", sa.String(), nullable=True),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.String(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=True),
        sa.Column("last_used", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_access_grant_partner", "access_grant", ["partner"])
    op.create_index("ix_access_grant_valid_to", "access_grant", ["valid_to"])
    op.create_table(
        "alarm",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("raised_at", sa.String(), nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("closed_at", sa.String(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alarm_closed_at", "alarm", ["closed_at"])
    op.create_index("ix_alarm_reference", "alarm", ["reference"])
    op.create_table(
        "asked_document",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "break_glass",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("subject", sa.String(length=18), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.String(), nullable=False),
        sa.Column("lapses_at", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.String(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("review_due", sa.String(), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=True),
        sa.Column("reviewed_at", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_break_glass_state", "break_glass", ["state"])
    op.create_table(
        "change_approval",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("approved_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("change_id", "revision", "officer"),
    )
    op.create_table(
        "change_set",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("weight", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.String(), nullable=True),
        sa.Column("decided_at", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_change_set_state", "change_set", ["state"])
    op.create_table(
        "consent",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("grantee", sa.String(length=18), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("items", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("given_by", sa.String(), nullable=False),
        sa.Column("given_at", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.String(), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.Column("revoked_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject_code", "id"),
    )
    op.create_index("ix_consent_grantee", "consent", ["grantee"])
    op.create_table(
        "journal",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_journal_log_index", "journal", ["log_index"])
    op.create_table(
        "question",
        sa.Column("log_index", POSITION, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=True),
        sa.Column("variables", sa.LargeBinary(), nullable=False),
        sa.Column("partner", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_index"),
    )
    op.create_index("ix_question_at", "question", ["at"])
    op.create_table(
        "record_label",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_key", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("regions", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("change_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject_code", "kind", "record_key"),
    )
