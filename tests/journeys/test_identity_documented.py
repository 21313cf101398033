"""The programs in docs/identity.md work as they stand there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.test_openid_client import hub, npm
from tests.npm_tools import NpmProject

__all__ = ["hub", "npm"]

DOCS = Path(__file__).parents[2] / "docs" / "identity.md"
ME = {"data": {"me": {"actor": "LD", "partner": "sc", "regions": ["51"]}}}


def program(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None
    return match[1]


@pytest.fixture
def key(hub, tmp_path) -> Path:
    """A key made and registered as the page says."""
    shown = hub.hub("partner", "key", "make", str(tmp_path / "client.jwk"))
    (tmp_path / "public.json").write_text(shown)
    hub.hub("partner", "key", "add", "sc", str(tmp_path / "public.json"))
    return tmp_path / "client.jwk"


class TestPrograms:
    def test_python(self, hub, key, tmp_path):
        (tmp_path / "ask.py").write_text(program("python"))
        done = subprocess.run(
            [sys.executable, "-W", "ignore", str(tmp_path / "ask.py"), hub.url, "sc", str(key)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        assert "" == done.stderr
        assert ME == json.loads(done.stdout)

    @pytest.mark.npm
    def test_node(self, hub, key, npm: NpmProject):
        script = npm.directory / "documented.mjs"
        script.write_text(program("js"))

        assert ME == npm.run("documented.mjs", hub.url, "sc", str(key))
