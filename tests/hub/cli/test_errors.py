"""What an operator reads when something is wrong: one line that says what, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HUB = Path(sys.executable).with_name("hub")


def hub(*arguments: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return subprocess.run(
        [str(HUB), *arguments],
        cwd=folder,
        env={**kept, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "settings"),
        [
            (["migrate"], {"HUB_DATABASE_URL": "sqlite:////proc/nope/x.db"}),
            (["migrate"], {"HUB_DATABASE_URL": "mysql://x/y"}),
            (["serve", "--port", "0"], {}),
            (["serve", "--port", "0"], {"HUB_KEYS": "file:/proc/nokeys"}),
            (["serve", "--port", "0"], {"HUB_LOG_ORIGIN": "https://x y"}),
            (["partner", "list"], {}),
            (["partner", "token", "nobody"], {}),
            (["audit", "verify"], {}),
            (["quarantine"], {}),
            (["verify", "/nowhere/receipt.json"], {}),
            (["site", "validate", "/nowhere/site.toml"], {}),
        ],
    )
    def test_what_is_wrong_is_told_in_one_line(self, tmp_path, arguments, settings):
        done = hub(*arguments, folder=tmp_path, **settings)

        assert done.returncode in (1, 2)
        assert "Traceback" not in done.stderr
        assert done.stderr.strip() or done.stdout.strip()

    def test_database_password_is_not_repeated(self, tmp_path):
        done = hub("migrate", folder=tmp_path, HUB_DATABASE_URL="postgresql://u:S3cretPass@127.0.0.1:1/x")

        assert 0 != done.returncode
        assert "S3cretPass" not in done.stderr + done.stdout


class TestNewStore:
    def test_store_is_made_for_its_owner_alone_and_its_log_is_sound(self, tmp_path):
        made = hub("migrate", folder=tmp_path)
        vkey = hub("audit", "vkey", folder=tmp_path)
        walked = hub("audit", "verify", folder=tmp_path)
        listed = hub("quarantine", "--json", folder=tmp_path)

        assert (0, 0, 0, 0) == (made.returncode, vkey.returncode, walked.returncode, listed.returncode)
        assert 0o600 == (tmp_path / "var" / "hub.db").stat().st_mode & 0o777
        assert vkey.stdout.startswith("localhost/credit-exchange-hub/log+")
        assert "0 entries" in walked.stdout
        assert "" == listed.stdout
