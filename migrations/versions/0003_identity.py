"""who asks: partners' keys, revoked tokens, what was seen once."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PARTNER_BEFORE = (
    "id", "name", "actor", "organisation", "ceiling", "regions", "sectors", "purposes", "state", "created_at",
    "valid_to", "rows_max", "bytes_max",
)  # fmt: skip
PARTNER_KEY = ("partner", "thumbprint", "kid", "jwk", "origin", "added_at", "valid_to", "state")
REVOKED_TOKEN = ("jti", "partner", "expires_at")


def _added() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("contact", sa.String(), nullable=True),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("jwks_uri", sa.String(), nullable=True),
        sa.Column("only_trusted_documents", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("requests_per_minute", sa.Integer(), nullable=True),
        sa.Column("subjects_per_day", sa.Integer(), nullable=True),
        sa.Column("tokens_after", sa.String(), nullable=True),
    )


def upgrade() -> None:
    for column in _added():
        op.add_column("partner", column)
    op.create_table(
        "partner_key",
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("thumbprint", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("jwk", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("partner", "thumbprint"),
    )
    op.create_table(
        "revoked_token",
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("partner", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("jti"),
    )
    op.create_table(
        "seen",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_seen_expires_at", "seen", ["expires_at"])
    dialect = op.get_bind().dialect.name
    _drop_set(dialect, "partner")
    op.execute(_set(dialect, "partner", (*PARTNER_BEFORE, *(column.name for column in _added()))))
    for table, columns in (("partner_key", PARTNER_KEY), ("revoked_token", REVOKED_TOKEN)):
        op.execute(_set(dialect, table, columns))
        for statement in _put(dialect, table):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.drop_table("seen")
    op.drop_table("revoked_token")
    op.drop_table("partner_key")
    _drop_set(dialect, "partner")
    for column in _added():
        op.drop_column("partner", column.name)
    op.execute(_set(dialect, "partner", PARTNER_BEFORE))


def _put(dialect: str, table: str) -> Iterator[str]:
    """Rows that come or go raise the epoch `partner`; see 0001."""
    if dialect == "postgresql":
        call = "EXECUTE FUNCTION raise_epoch('partner')"
        yield f"CREATE TRIGGER epoch_partner_put AFTER INSERT OR DELETE ON {table} FOR EACH ROW {call}"
        yield f"CREATE TRIGGER epoch_partner_empty AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}"
        return
    call = "BEGIN UPDATE epoch SET version = version + 1 WHERE name = 'partner'; END"
    yield f"CREATE TRIGGER epoch_partner_{table}_put AFTER INSERT ON {table} {call}"
    yield f"CREATE TRIGGER epoch_partner_{table}_drop AFTER DELETE ON {table} {call}"


def _set(dialect: str, table: str, columns: Sequence[str]) -> str:
    watched = ", ".join(f'"{column}"' for column in columns)
    old, new = (", ".join(f'{row}."{column}"' for column in columns) for row in ("OLD", "NEW"))
    if dialect == "postgresql":
        when = f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}))"
        call = "EXECUTE FUNCTION raise_epoch('partner')"
        return f"CREATE TRIGGER epoch_partner_set AFTER UPDATE OF {watched} ON {table} FOR EACH ROW {when} {call}"
    call = "BEGIN UPDATE epoch SET version = version + 1 WHERE name = 'partner'; END"
    when = f"WHEN ({old}) IS NOT ({new})"
    return f"CREATE TRIGGER epoch_partner_{table}_set AFTER UPDATE OF {watched} ON {table} {when} {call}"


def _drop_set(dialect: str, table: str) -> None:
    op.execute(
        f"DROP TRIGGER epoch_partner_set ON {table}"
        if dialect == "postgresql"
        else f"DROP TRIGGER epoch_partner_{table}_set"
    )
