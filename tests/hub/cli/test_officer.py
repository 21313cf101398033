"""`hub officer`, `hub session`: founding, one's own session, and what officers do to each other's accounts."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.commands import build
from hub.cli.officer_session import acting_of
from hub.errors import SettingsError
from hub.identity.officers.errors import NotSignedInError
from hub.settings import Environment, Settings
from hub.store.engine import open_engine
from tests.hub.identity.officers.bureau import STEP, Bureau, new_bureau

FOUND = [
    *("officer", "found", "--administrator", "guan:管一:E-1001", "--administrator", "li:李二:E-1002"),
    *("--security-officer", "bao:鲍一", "--security-officer", "mi:米二", "--security-officer", "an:安三"),
    *("--auditor", "shen:沈一"),
]


class Terminal:
    """Types commands, and the codes they ask for."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.file = folder / "state" / "officer-session"
        self.codes: dict[str, str] = {}

    def type(self, *words: str, answers: str = "", **environment: str) -> Result:
        return CliRunner().invoke(build(), list(words), input=answers, env=environment)

    def done(self, *words: str, answers: str = "") -> str:
        result = self.type(*words, answers=answers)
        assert 0 == result.exit_code, result.output
        return result.stdout

    def refused(self, *words: str, answers: str = "") -> str:
        result = self.type(*words, answers=answers)
        assert 1 == result.exit_code, result.output
        return result.stderr

    def found(self) -> list[dict[str, str]]:
        told: list[dict[str, str]] = json.loads(self.done(*FOUND, "--json"))
        self.codes = {each["id"]: each["invitation"] for each in told}
        return told

    def sign_in(self, officer: str) -> None:
        """Open the session of an officer who has a code, as the clock on the wall says."""

        async def code(bureau: Bureau) -> str:
            bureau.codes = self.codes
            # Of the step before: the one of now is left for the command.
            bureau.clock.at = datetime.now(UTC) - STEP
            await bureau.enrol_totp(officer)
            return bureau.totps[officer].at(datetime.now(UTC))

        self.done("session", "open", officer, answers=asyncio.run(self.over(code)) + "\n")

    async def over(self, work):
        engine = open_engine(self.url)
        try:
            return await work(new_bureau(engine, self.folder))
        finally:
            await engine.dispose()


@pytest.fixture
def terminal(monkeypatch, tmp_path, sqlite_url) -> Terminal:
    made = Terminal(tmp_path, sqlite_url)
    monkeypatch.setenv("HUB_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("HUB_KEYS", f"file:{tmp_path}/keys")
    monkeypatch.setenv("HUB_OFFICER_SESSION_FILE", str(made.file))
    return made


class TestFound:
    def test_each_founder_gets_a_code_and_it_is_shown_once(self, terminal):
        told = terminal.found()

        assert [
            ("guan", "administrator"), ("li", "administrator"), ("bao", "security_officer"),
            ("mi", "security_officer"), ("an", "security_officer"), ("shen", "auditor"),
        ] == [(each["id"], each["role"]) for each in told]  # fmt: skip
        assert 6 == len({each["invitation"] for each in told})
        assert "There are officers already" in terminal.refused(*FOUND)

    def test_people_read_a_table(self, terminal):
        shown = terminal.done(*FOUND)

        assert "安全保密管理员" in shown
        assert "hub session open ID --invitation" in shown

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (FOUND[:4] + FOUND[6:], "at least 2"),
            (FOUND[:8] + FOUND[10:], "at least 3"),
            ([*FOUND, "--auditor", "nameless"], "expected ID:NAME"),
            ([*FOUND, "--auditor", "guan2:管一:e-1001"], "one person, one role"),
            ([*FOUND, "--auditor", "Guan:管"], "officer id"),
        ],
    )
    def test_a_bad_founding_founds_nobody(self, terminal, words, says):
        assert says in terminal.refused(*words)
        assert 6 == len(terminal.found())


class TestSession:
    def test_an_officer_opens_shows_lists_and_closes_one(self, terminal):
        terminal.found()
        terminal.sign_in("bao")
        shown = json.loads(terminal.done("session", "show", "--json"))

        assert ("bao", "security_officer", True) == (shown["officer"], shown["role"], shown["steppedUp"])
        assert shown["session"] in {each["id"] for each in json.loads(terminal.done("session", "list", "--json"))}
        assert "鲍一" in terminal.done("session", "show")
        assert "ended" in terminal.done("session", "close")
        assert not terminal.file.exists()
        assert "No officer session here" in terminal.refused("session", "show")

    def test_its_secret_is_in_a_file_for_its_owner_alone(self, terminal):
        terminal.found()
        terminal.sign_in("bao")

        assert 0o600 == terminal.file.stat().st_mode & 0o777
        assert terminal.file.read_text().startswith("hos_")

    def test_a_file_that_others_may_read_is_not_used(self, terminal):
        terminal.found()
        terminal.sign_in("bao")
        terminal.file.chmod(0o640)

        assert "open to others" in terminal.refused("session", "show")

    def test_a_link_is_not_followed(self, terminal, tmp_path):
        terminal.found()
        terminal.sign_in("bao")
        terminal.file.rename(tmp_path / "elsewhere")
        terminal.file.symlink_to(tmp_path / "elsewhere")

        assert "No officer session here" in terminal.refused("session", "show")

    def test_the_environment_comes_before_the_file(self, terminal):
        terminal.found()
        terminal.sign_in("bao")

        refused = terminal.type("session", "show", HUB_OFFICER_SESSION="hos_" + "A" * 43)

        assert 1 == refused.exit_code
        assert "No live officer session" in refused.stderr

    @pytest.mark.parametrize("answers", ["000000\n", "\n", ""])
    def test_a_wrong_code_opens_none(self, terminal, answers):
        terminal.found()

        assert "not accepted" in terminal.refused("session", "open", "bao", answers=answers)
        assert not terminal.file.exists()

    def test_an_invitation_of_another_enrols_nobody(self, terminal):
        terminal.found()

        refused = terminal.refused("session", "open", "bao", "--invitation", answers=terminal.codes["mi"] + "\n")

        assert "not for bao" in refused
        assert "otpauth" not in refused

    def test_everybodys_sessions_are_a_table(self, terminal):
        terminal.found()
        terminal.sign_in("shen")

        assert "shen" in terminal.done("session", "list", "--everybody")

    def test_a_step_up_needs_a_session(self, terminal):
        terminal.found()

        assert "hub session open" in terminal.refused("session", "step-up", answers="123456\n")


class TestOfficers:
    def test_two_invite_anew_and_each_sees_a_half(self, terminal):
        terminal.found()
        terminal.sign_in("guan")
        first = terminal.done("officer", "invite", "mi").strip()
        terminal.sign_in("bao")
        second = terminal.done("officer", "countersign", "mi").strip()

        assert (19, 19) == (len(first), len(second))
        assert first != second

    def test_one_alone_does_not(self, terminal):
        terminal.found()
        terminal.sign_in("guan")
        terminal.done("officer", "invite", "mi")

        assert "duty.countersign_invitation" in terminal.refused("officer", "countersign", "mi")

    def test_an_administrator_suspends(self, terminal):
        terminal.found()
        terminal.sign_in("guan")

        assert "mi: suspended" in terminal.done("officer", "suspend", "mi", "--reason", "left")
        states = {each["id"]: each["state"] for each in json.loads(terminal.done("officer", "list", "--json"))}
        assert ("suspended", "active") == (states["mi"], states["bao"])

    def test_the_auditor_suspends_nobody(self, terminal):
        terminal.found()
        terminal.sign_in("shen")

        assert "duty.suspend_officer" in terminal.refused("officer", "suspend", "mi", "--reason", "left")

    def test_officers_are_a_table(self, terminal):
        terminal.found()
        terminal.sign_in("shen")

        assert "米二" in terminal.done("officer", "list")

    @pytest.mark.parametrize("words", [["list"], ["invite", "mi"], ["suspend", "mi", "--reason", "x"]])
    def test_without_a_session_nobody_does_anything(self, terminal, words):
        terminal.found()

        assert "hub session open" in terminal.refused("officer", *words)

    def test_without_officers_there_is_nothing_to_do(self, terminal):
        assert "hub officer found" in terminal.refused("officer", "list")


class TestActingOf:
    def test_a_hub_without_officers_is_unattended(self, terminal):
        assert asyncio.run(acting(terminal)) is None

    def test_not_in_production(self, terminal, tmp_path):
        (tmp_path / "keys").mkdir(mode=0o700)

        with pytest.raises(SettingsError, match="hub officer found"):
            asyncio.run(acting(terminal, env=Environment.PRODUCTION))

    def test_with_officers_it_is_one_of_them_or_nobody(self, terminal):
        terminal.found()
        with pytest.raises(NotSignedInError):
            asyncio.run(acting(terminal))
        terminal.sign_in("bao")

        found = asyncio.run(acting(terminal))

        assert found is not None
        assert "bao" == found.officer.id


async def acting(terminal: Terminal, **settings):
    engine = open_engine(terminal.url)
    known = {
        "database_url": terminal.url,
        "keys": f"file:{terminal.folder}/keys",
        "log_origin": "hub.example.cn/log",
        "issuer": "https://hub.example.cn",
        "sealing_keys": f"file:{terminal.folder}/keys",
        "officer_session_file": terminal.file,
    }
    try:
        return await acting_of(Settings(**known, **settings), engine)
    finally:
        await engine.dispose()
