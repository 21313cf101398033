"""`hub site`: what an operator is told of the sources."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from connectors.sandbox import Sandbox
from connectors.templates import SITES, sandbox_variables, template
from hub.cli.site import build


def typed(*words: str):
    app = typer.Typer()
    app.add_typer(build(), name="site")
    return CliRunner().invoke(app, ["site", *words])


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "sites"
    folder.mkdir()
    for site in SITES:
        (folder / f"{site}.toml").write_text(template(site))
    monkeypatch.setenv("HUB_SITES", str(folder))
    return folder


class TestList:
    def test_names_every_described_site(self, sites: Path):
        done = typed("list", "--json")

        assert sorted(SITES) == [site["id"] for site in json.loads(done.stdout)]
        assert "jinjiang" in typed("list").stdout

    def test_no_folder_is_said(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.delenv("HUB_SITES", raising=False)
        done = typed("list")

        assert 1 == done.exit_code
        assert "HUB_SITES" in done.stderr

    def test_a_wrong_description_is_said_with_its_key(self, sites: Path):
        path = sites / "national.toml"
        path.write_text(path.read_text().replace("rank = 10", 'rank = "first"'))
        done = typed("list")

        assert 1 == done.exit_code
        assert "national.toml: site.rank" in done.stderr


class TestCheck:
    def test_a_missing_variable_is_a_code_not_a_crash(self, sites: Path):
        done = typed("check", "jinjiang", "--json")

        assert 1 == done.exit_code
        assert [("jinjiang", "SECRET_MISSING")] == [(one["id"], one["code"]) for one in json.loads(done.stdout)]

    def test_an_unknown_site_is_refused(self, sites: Path):
        assert 1 == typed("check", "nowhere").exit_code

    async def test_running_platforms_answer(self, sites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        import asyncio

        async with Sandbox(tmp_path / "sandbox", seed=7, size=200) as sandbox:
            for name, value in sandbox_variables(sandbox.sites).items():
                monkeypatch.setenv(name, value)
            done = await asyncio.to_thread(typed, "check", "--json")

        assert 0 == done.exit_code, done.output
        assert {"OK"} == {one["code"] for one in json.loads(done.stdout)}


class TestValidate:
    @pytest.mark.parametrize("site", SITES)
    def test_shipped_descriptions_are_valid(self, sites: Path, site: str):
        assert 0 == typed("validate", str(sites / f"{site}.toml")).exit_code

    def test_the_first_mistake_is_told_in_both_languages_without_the_value(self, sites: Path):
        path = sites / "jinjiang.toml"
        path.write_text(path.read_text().replace("env:JINJIANG_KEY", "hunter2"))
        done = typed("validate", str(path), "--json")
        error = json.loads(done.stdout)["error"]

        assert (1, "transport.auth.secret") == (done.exit_code, error["key"])
        assert "引用" in error["zh"]
        assert "hunter2" not in done.output

    def test_a_file_that_is_not_there_is_said(self, tmp_path: Path):
        done = typed("validate", str(tmp_path / "none.toml"))

        assert 1 == done.exit_code
        assert "readable" in done.stderr
