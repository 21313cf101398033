"""Runs the migrations on the connection that `hub.store.migrate` hands in; there is no other way to start them."""

from alembic import context
from sqlalchemy import Connection

from hub.store.every_table import METADATA


def run(connection: Connection) -> None:
    """Run what Alembic asked for, each migration in a transaction of its own."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        # SQLite cannot alter a column: Alembic then copies the table.
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
