"""`hub partner`, `hub settings`, `hub --version`: what an operator types and reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.commands import build

CODE = "91510100MA6CTE400T"
ADD = ["partner", "add", "jinjiang", "--name", "锦江能源集团(模拟)", "--actor", "GC", "--organisation", CODE]


class Operator:
    """Types commands."""

    def type(self, *words: str) -> Result:
        return CliRunner().invoke(build(), list(words))

    def json(self, *words: str):
        done = self.type(*words, "--json")
        assert 0 == done.exit_code, done.output
        return json.loads(done.stdout)


@pytest.fixture
def operator(monkeypatch, tmp_path, sqlite_url) -> Operator:
    monkeypatch.setenv("HUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("HUB_KEYS", f"file:{tmp_path}/keys")
    monkeypatch.setenv("HUB_UNSAFE_BEARER_TOKENS", "true")
    return Operator()


class TestAdd:
    def test_added_partner_is_listed(self, operator):
        (added,) = operator.json(*ADD)
        (listed,) = operator.json("partner", "list")

        assert added == listed
        assert ("jinjiang", "GC", "I", "active") == (
            listed["id"], listed["actor"], listed["ceiling"], listed["state"],
        )  # fmt: skip

    def test_people_read_a_table(self, operator):
        operator.type(*ADD)

        assert "jinjiang" in operator.type("partner", "list").stdout

    def test_empty_list_says_what_to_do(self, operator):
        assert "hub partner add" in operator.type("partner", "list").stdout

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            ([*ADD, "--ceiling", "G"], "partner ceiling"),
            ([*ADD[:-1], "91510100MA6CTE4000"], "partner organisation"),
            ([*ADD[:-2]], "partner organisation"),
            ([*ADD, "--region", "x"], "partner regions"),
            ([*ADD, "--purpose", "x"], "partner purposes"),
            ([*ADD, "--valid-to", "2020-01-01"], "partner valid_to"),
            ([*ADD, "--rows-max", "9999999999"], "partner rows_max"),
            (["partner", "add", "A B", *ADD[3:]], "partner id"),
        ],
    )
    def test_wrong_entry_is_one_line_and_exit_code_1(self, operator, words, says):
        done = operator.type(*words)

        assert 1 == done.exit_code
        assert says in done.stderr
        assert 1 == len(done.stderr.splitlines())
        assert "" == done.stdout

    @pytest.mark.parametrize(
        "words",
        [["--actor", "XX"], ["--ceiling", "Z"], ["--valid-to", "soon"], ["--rows-max", "0"], ["--bytes-max", "-1"]],
    )
    def test_wrong_command_line_is_exit_code_2(self, operator, words):
        assert 2 == operator.type(*ADD, *words).exit_code

    def test_same_id_again(self, operator):
        operator.type(*ADD)

        assert "taken" in operator.type(*ADD).stderr


class TestSet:
    def test_limits_are_set_one_by_one_and_lifted_by_zero(self, operator):
        (added,) = operator.json(*ADD, "--rows-max", "500")
        (both,) = operator.json("partner", "set", "jinjiang", "--bytes-max", "100000")
        (lifted,) = operator.json("partner", "set", "jinjiang", "--rows-max", "0")

        assert (500, None) == (added["rowsMax"], added["bytesMax"])
        assert (500, 100_000) == (both["rowsMax"], both["bytesMax"])
        assert (None, 100_000) == (lifted["rowsMax"], lifted["bytesMax"])

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["nobody", "--rows-max", "5"], "no such partner"),
            (["jinjiang"], "nothing to set"),
            (["jinjiang", "--rows-max", "9999999999"], "partner rows_max"),
            (["jinjiang", "--bytes-max", "9999999999"], "partner bytes_max"),
        ],
    )
    def test_refused(self, operator, words, says):
        operator.type(*ADD)
        done = operator.type("partner", "set", *words)

        assert (1, "") == (done.exit_code, done.stdout)
        assert says in done.stderr

    @pytest.mark.parametrize("words", [["--rows-max", "-1"], ["--bytes-max", "many"], ["--state", "active"]])
    def test_wrong_command_line_is_exit_code_2(self, operator, words):
        operator.type(*ADD)

        assert 2 == operator.type("partner", "set", "jinjiang", *words).exit_code


class TestToken:
    def test_token_alone_is_printed(self, operator):
        """So that $(hub partner token ID) is the token."""
        operator.type(*ADD)
        printed = operator.type("partner", "token", "jinjiang").stdout

        assert 3 == len(printed.strip().split("."))
        assert 1 == len(printed.splitlines())

    def test_json_says_until_when(self, operator):
        operator.type(*ADD)

        assert {"token", "jti", "expiresAt"} == set(operator.json("partner", "token", "jinjiang", "--lifetime", "60"))

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["nobody"], "no such partner"),
            (["jinjiang", "--lifetime", "301"], "at most 300"),
        ],
    )
    def test_refused(self, operator, words, says):
        operator.type(*ADD)
        done = operator.type("partner", "token", *words)

        assert (1, "") == (done.exit_code, done.stdout)
        assert says in done.stderr

    def test_suspended_partner_gets_none(self, operator):
        operator.type(*ADD)
        operator.type("partner", "suspend", "jinjiang")

        assert "suspended" in operator.type("partner", "token", "jinjiang").stderr
        operator.type("partner", "resume", "jinjiang")
        assert 0 == operator.type("partner", "token", "jinjiang").exit_code

    @pytest.mark.parametrize("command", ["suspend", "resume"])
    def test_nobody_cannot_be_suspended(self, operator, command):
        assert "no such partner" in operator.type("partner", command, "nobody").stderr.lower()


class TestSurroundings:
    def test_store_that_was_never_migrated(self, operator, monkeypatch, tmp_path):
        monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
        done = operator.type("partner", "list")

        assert 1 == done.exit_code
        assert "hub migrate" in done.stderr

    @pytest.mark.parametrize(
        ("name", "value"), [("HUB_DATABASE_URL", "mysql://hub:hunter2@db/hub"), ("HUB_PORT", "x"), ("HUB_ENV", "x")]
    )
    def test_wrong_setting_is_told_without_its_value(self, operator, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        done = operator.type("partner", "list")

        assert 1 == done.exit_code
        assert "hunter2" not in done.stderr

    def test_keys_open_to_others_are_refused(self, operator, tmp_path):
        operator.type(*ADD)
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys").chmod(0o777)

        assert "others may write" in operator.type("partner", "token", "jinjiang").stderr


class TestHelp:
    def test_settings_are_listed_with_their_meaning(self, operator):
        assert {"HUB_DATABASE_URL", "HUB_ENV"} <= {row["name"] for row in operator.json("settings")}
        assert "HUB_PORT" in operator.type("settings").stdout

    @pytest.mark.parametrize("words", [[], ["partner"], ["partner", "add"], ["serve"], ["settings"]])
    def test_help_everywhere(self, operator, words):
        assert 0 == operator.type(*words, "--help").exit_code

    def test_installed_command_knows_its_version(self):
        done = subprocess.run(
            [str(Path(sys.executable).with_name("hub")), "--version"], capture_output=True, text=True, check=True
        )

        assert done.stdout.startswith("hub ")
