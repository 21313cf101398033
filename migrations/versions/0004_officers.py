"""
officers: accounts, credentials, sessions.

Triggers keep an officer's id, person and role as they were written, and every officer on file: also against a hand at
the database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REFUSAL = "an officer is kept for ever, with id, person and role"
KEEP_OFFICER = f"""
CREATE FUNCTION keep_officer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{REFUSAL}';
END
$$
"""
CHANGED = "OLD.id <> NEW.id OR OLD.person <> NEW.person OR OLD.role <> NEW.role"
TABLES = (
    "officer_attempt", "officer_challenge", "officer_session", "officer_totp", "officer_credential",
    "officer_invitation", "officer",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "officer",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("suspended_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person"),
        sa.UniqueConstraint("handle"),
    )
    op.create_table(
        "officer_invitation",
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("second", sa.LargeBinary(), nullable=True),
        sa.Column("opened_by", sa.String(), nullable=True),
        sa.Column("countersigned_by", sa.String(), nullable=True),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("officer"),
    )
    op.create_table(
        "officer_credential",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("used_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_officer_credential_officer", "officer_credential", ["officer"])
    op.create_table(
        "officer_totp",
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("officer"),
    )
    _create_passing()
    for statement in _on_postgresql() if op.get_bind().dialect.name == "postgresql" else _on_sqlite():
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION keep_officer()")


def _create_passing() -> None:
    """What comes and goes: sessions, challenges, attempts."""
    op.create_table(
        "officer_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("officer", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("seen_at", sa.String(), nullable=False),
        sa.Column("proved_at", sa.String(), nullable=False),
        sa.Column("ends_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_officer_session_officer", "officer_session", ["officer"])
    op.create_table(
        "officer_challenge",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("officer", sa.String(), nullable=True),
        sa.Column("session", sa.String(), nullable=True),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_officer_challenge_expires_at", "officer_challenge", ["expires_at"])
    op.create_table(
        "officer_attempt",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("blocked_until", sa.String(), nullable=True),
        sa.Column("forget_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_officer_attempt_forget_at", "officer_attempt", ["forget_at"])


def _on_sqlite() -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    return (
        f"CREATE TRIGGER officer_unchanged BEFORE UPDATE ON officer WHEN {CHANGED} {refuse}",
        f"CREATE TRIGGER officer_kept BEFORE DELETE ON officer {refuse}",
    )


def _on_postgresql() -> tuple[str, ...]:
    call = "EXECUTE FUNCTION keep_officer()"
    return (
        KEEP_OFFICER,
        f"CREATE TRIGGER officer_unchanged BEFORE UPDATE ON officer FOR EACH ROW WHEN ({CHANGED}) {call}",
        f"CREATE TRIGGER officer_kept BEFORE DELETE ON officer FOR EACH ROW {call}",
        f"CREATE TRIGGER officer_all_kept BEFORE TRUNCATE ON officer FOR EACH STATEMENT {call}",
    )
