"""The migrations build what the tables say, on both stores, and can be taken back."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import inspect

from hub.store import migrate
from hub.store.engine import StoreAddressError, open_plain_engine

OURS = {"hub", "schema", "connectors", "keys", "migrations"}


def tables(url: str) -> set[str]:
    engine = open_plain_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


class TestUpgrade:
    def test_a_new_store_is_built_to_the_newest_revision_without_drift(self, empty_url):
        assert migrate.current(empty_url) is None

        migrate.upgrade(empty_url)

        assert migrate.latest() == migrate.current(empty_url)
        assert () == migrate.drift(empty_url)

    def test_upgrading_twice_changes_nothing(self, store_url):
        migrate.upgrade(store_url)

        assert () == migrate.drift(store_url)

    def test_a_sqlite_store_in_a_folder_that_is_not_there_yet_is_made(self, tmp_path):
        migrate.upgrade(f"sqlite:///{tmp_path / 'var' / 'deep' / 'hub.db'}")

        assert (tmp_path / "var" / "deep" / "hub.db").is_file()

    def test_an_unknown_kind_of_store_is_refused_and_no_password_is_repeated(self):
        with pytest.raises(StoreAddressError) as refusal:
            migrate.upgrade("mysql://root:hunter2@localhost/hub")

        assert "mysql" in str(refusal.value)
        assert "hunter2" not in str(refusal.value)


class TestDowngrade:
    def test_every_migration_can_be_taken_back_and_made_again(self, store_url):
        migrate.downgrade(store_url)
        left = tables(store_url)
        migrate.upgrade(store_url)

        assert {"alembic_version"} == left
        assert () == migrate.drift(store_url)


class TestDrift:
    def test_a_store_that_lacks_the_tables_is_told(self, empty_url):
        assert any("add_table" in line for line in migrate.drift(empty_url))


class TestVersions:
    def test_no_version_imports_our_packages(self):
        """A migration must mean the same years later, whatever became of our code."""
        versions = sorted((migrate.scripts() / "versions").glob("*.py"))

        assert versions
        for version in versions:
            assert not OURS & set(imported(version)), version.name


def imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append((node.module or "").partition(".")[0])
    return names
