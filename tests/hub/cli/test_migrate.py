"""`hub migrate` as an operator runs it."""

import os
import sqlite3

from typer.testing import CliRunner

from hub.cli.commands import build


def hub(url: str, *arguments: str):
    return CliRunner().invoke(build(), ["migrate", *arguments], env={**os.environ, "HUB_DATABASE_URL": url})


class TestMigrate:
    def test_a_new_store_is_made_and_then_found_as_expected(self, empty_url):
        before = hub(empty_url, "--check")
        made = hub(empty_url)
        after = hub(empty_url, "--check")
        again = hub(empty_url)

        assert (1, 0, 0, 0) == (before.exit_code, made.exit_code, after.exit_code, again.exit_code)
        assert "as this release expects" in after.stdout
        assert "was" not in again.stdout

    def test_looking_makes_no_file(self, tmp_path):
        looked = hub(f"sqlite:///{tmp_path / 'hub.db'}", "--check")

        assert 1 == looked.exit_code
        assert "hub migrate" in looked.stderr
        assert not (tmp_path / "hub.db").exists()

    def test_a_store_changed_by_hand_is_told(self, sqlite_url):
        connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
        connection.execute("DROP TABLE quarantine")
        connection.close()
        looked = hub(sqlite_url, "--check")

        assert 1 == looked.exit_code
        assert "differences" in looked.stderr

    def test_a_store_we_do_not_know_is_refused_without_its_password(self):
        refused = hub("mysql://root:hunter2@localhost/hub")

        assert 1 == refused.exit_code
        assert "mysql" in refused.stderr
        assert "hunter2" not in refused.stderr

    def test_a_server_that_is_not_there_is_one_line(self):
        refused = hub("postgresql://hub:hunter2@127.0.0.1:1/hub")

        assert 1 == refused.exit_code
        assert 1 == len(refused.stderr.strip().splitlines())
        assert "hunter2" not in refused.stderr
