"""Brings a store to the schema of this release, from the wheel's copy of `migrations/` or from the checkout's."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hub.store.engine import address_of, open_plain_engine
from hub.store.every_table import METADATA

T = TypeVar("T")


def scripts() -> Path:
    """Find the migrations: `hub/_migrations` in a wheel, `migrations/` in a checkout."""
    package = Path(str(resources.files("hub")))
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """
    Bring the store at *url* up to *revision*; a SQLite file and its folder are made if missing.

    Raises:
        StoreAddressError: *url* names no store we know.
    """
    file = file_of(url)
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Readable by its owner alone: it holds records whole, and the openings of the log.
        file.touch(mode=0o600)
    _run(url, lambda config: command.upgrade(config, revision))


def file_of(url: str) -> Path | None:
    """The file of a SQLite store, None for a PostgreSQL one; raises `StoreAddressError` as `address_of` does."""
    address = address_of(url)
    return Path(str(address.database)) if address.drivername.startswith("sqlite") else None


def downgrade(url: str, revision: str = "base") -> None:
    """Take the store at *url* back to *revision*. What the newer tables held is lost."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Revision of the store at *url*, None if it was never migrated."""
    return _ask(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


def latest() -> str | None:
    """Revision this release expects."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def drift(url: str) -> tuple[str, ...]:
    """Differences between the store at *url* and `hub.store.tables`, one line each; empty when they agree."""
    return _ask(
        url,
        lambda connection: tuple(
            str(difference)
            for difference in compare_metadata(
                MigrationContext.configure(connection, opts={"compare_type": True}), METADATA
            )
        ),
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _run(url: str, step: Callable[[Config], None]) -> None:
    def with_connection(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        step(config)

    _ask(url, with_connection)


def _ask(url: str, question: Callable[[Connection], T]) -> T:
    engine = open_plain_engine(url)
    try:
        with engine.connect() as connection:
            answer = question(connection)
            connection.commit()
            return answer
    finally:
        engine.dispose()
