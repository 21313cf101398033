"""
sealed fields: keys of tiers and subjects, sealed parts of records.

A subject's key that is shredded or renewed raises the subject's version: what was opened with it is no longer so. A key
that is only wrapped anew raises nothing, or a rotation would send every answer back.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHANGED = ("subject_code", "tier", "generation", "shredded_at")
"""Columns of a subject's key that decide what can be read."""


def upgrade() -> None:
    op.create_table(
        "tier_key",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("retired_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_tier_key_tier", "tier_key", ["tier"])
    # Two processes cannot both put a key into force.
    active = sa.text("state = 'active'")
    op.create_index(
        "ix_tier_key_active", "tier_key", ["tier"], unique=True, sqlite_where=active, postgresql_where=active
    )
    op.create_table(
        "subject_key",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("shredded_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("subject_code", "tier"),
    )
    op.create_index("ix_subject_key_key_id", "subject_key", ["key_id"])
    for table in ("record", "record_version"):
        op.add_column(table, sa.Column("sealed", sa.LargeBinary(), nullable=True))
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Sealed values are lost: open them first, if they are still wanted."""
    op.drop_table("subject_key")
    op.drop_table("tier_key")
    for table in ("record_version", "record"):
        op.drop_column(table, "sealed")


def _triggers(dialect: str) -> Iterator[str]:
    old, new = (", ".join(f"{row}.{column}" for column in CHANGED) for row in ("OLD", "NEW"))
    if dialect == "postgresql":
        call = "FOR EACH ROW EXECUTE FUNCTION raise_subject()"
        yield f"CREATE TRIGGER subject_by_subject_key_delete AFTER DELETE ON subject_key {call}"
        when = f"FOR EACH ROW WHEN (ROW({old}) IS DISTINCT FROM ROW({new})) EXECUTE FUNCTION raise_subject()"
        yield f"CREATE TRIGGER subject_by_subject_key_update AFTER UPDATE ON subject_key {when}"
        call = "FOR EACH STATEMENT EXECUTE FUNCTION raise_all_subjects()"
        yield f"CREATE TRIGGER subject_by_subject_key_truncate AFTER TRUNCATE ON subject_key {call}"
        return
    call = "UPDATE subject SET version = version + 1 WHERE code IN"
    gone = f"BEGIN {call} (OLD.subject_code); END"
    yield f"CREATE TRIGGER subject_by_subject_key_delete AFTER DELETE ON subject_key {gone}"
    when = f"WHEN ({old}) IS NOT ({new})"
    codes = "(OLD.subject_code, NEW.subject_code)"
    yield f"CREATE TRIGGER subject_by_subject_key_update AFTER UPDATE ON subject_key {when} BEGIN {call} {codes}; END"
