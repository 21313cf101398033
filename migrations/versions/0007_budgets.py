"""budgets: what each asker has spent of its quota."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent",
        sa.Column("asker", sa.String(), nullable=False),
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("asker", "span"),
        # Counted up many times a second: room on the page lets PostgreSQL do so without touching an index.
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("ix_spent_expires_at", "spent", ["expires_at"])


def downgrade() -> None:
    op.drop_table("spent")
