"""`hub keys prepare`: a ring fit for production, made once and never made again."""

import pytest
from typer.testing import CliRunner, Result

from hub.cli.commands import build
from hub.settings import load_settings
from hub.wiring import open_ring
from keys.errors import RingError
from keys.ring import KeyRing, KeyUse


@pytest.fixture
def production(monkeypatch, tmp_path):
    """The settings of a production hub, its ring not there yet."""
    for name, value in {
        "HUB_ENV": "production",
        "HUB_DATABASE_URL": f"sqlite:///{tmp_path}/hub.db",
        "HUB_KEYS": f"file:{tmp_path}/keys",
        "HUB_SEALING_KEYS": f"file:{tmp_path}/keys",
        "HUB_LOG_ORIGIN": "hub.example/log",
        "HUB_ISSUER": "https://hub.example",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "keys"


def prepare() -> Result:
    return CliRunner().invoke(build(), ["keys", "prepare"])


class TestPrepare:
    def test_production_does_not_make_its_keys_by_itself(self, production):
        with pytest.raises(RingError):
            open_ring(load_settings())

        assert not production.exists()

    def test_ring_has_all_that_the_hub_needs(self, production):
        done = prepare()
        ring = open_ring(load_settings())

        assert 0 == done.exit_code, done.output
        assert ("hub.example/log",) == tuple(ring.names(KeyUse.NOTE))
        assert 1 == len(ring.names(KeyUse.TOKEN))
        assert {"cursors", "record-names", "proof-nonces", "questions"} <= set(ring.names(KeyUse.SECRET))
        assert [] == [path for path in production.iterdir() if path.stat().st_mode & 0o077]

    def test_what_is_there_stays_as_it_is(self, production):
        prepare()
        before = {path.name: path.read_bytes() for path in production.iterdir()}
        again = prepare()

        assert "the ring lacks nothing" in again.output
        assert before == {path.name: path.read_bytes() for path in production.iterdir()}

    def test_what_was_lost_is_made_anew_and_named(self, production):
        prepare()
        (lost,) = [path for path in production.iterdir() if "questions" in path.name]
        lost.unlink()

        assert "made: questions" == prepare().output.strip()
        assert "questions" in KeyRing.open(f"file:{production}").names(KeyUse.SECRET)

    def test_secret_is_printed_nowhere(self, production):
        shown = prepare().output

        assert not any(path.read_text()[10:40] in shown for path in production.iterdir())
