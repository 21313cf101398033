"""`hub demo` as scripts and people run it: a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from hub.audit.verify import verify_receipt
from keys.checkpoints import open_checkpoint
from keys.notes import Verifier

HUB = Path(sys.executable).with_name("hub")


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(HUB), "demo", "--dir", str(folder), "--size", "40", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


class TestOnce:
    def test_answers_are_shown_verified_and_kept_and_the_second_run_goes_on(self, tmp_path):
        """
        A stranger types one command and sees the main job work; a second run starts where the first one ended.
        """
        first, second = run("--once", folder=tmp_path), run("--once", folder=tmp_path)

        assert 0 == first.returncode, first.stderr
        assert 4 == first.stdout.count("verified") - first.stdout.count("not verified")
        assert 0 == second.returncode, second.stderr
        vkey = (tmp_path / "receipts" / "log.vkey").read_text().strip()
        for name in ("public", "procurement", "department", "subject"):
            answer = (tmp_path / "receipts" / f"{name}.json").read_text()
            assert verify_receipt(answer, [vkey]).valid

    def test_directory_that_cannot_be_made_is_told_in_one_line(self, tmp_path):
        (tmp_path / "file").write_text("")

        done = run("--once", folder=tmp_path / "file" / "x")

        assert 1 == done.returncode
        assert "Traceback" not in done.stderr


class TestJson:
    def test_one_line_on_stdout_says_where_everything_is(self, tmp_path):
        command = [str(HUB), "demo", "--json", "--dir", str(tmp_path), "--size", "40"]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=30)

        assert 0 == process.returncode
        assert "" == rest
        assert {"public", "procurement", "department", "subject"} == set(ready["actors"])
        assert ready["actors"]["public"]["token"] is None
        assert ready["subjects"]
        assert f"{ready['issuer']}/oauth/token" == ready["token_endpoint"]
        assert "procurement" == ready["actors"]["procurement"]["client_id"]
        assert 0o600 == Path(ready["actors"]["procurement"]["key"]).stat().st_mode & 0o777
        assert ready["actors"]["public"]["key"] is None
        verifier = Verifier.parse(ready["log"]["vkey"])
        assert 5 <= open_checkpoint(ready["log"]["checkpoint"], [verifier]).size
