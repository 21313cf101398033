"""Third-party programs of the npm registry, installed by the tests that need them, outside the tree's sources."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hub.gateway.graphiql_build import Node, find_node, install

HERE = Path(__file__).parent / "npm"
# Ignored by git; kept between runs. A run without network succeeds once this or npm's own cache is filled.
WORK = Path(__file__).parent.parent / "var" / "npm"


class NpmProject:
    """One folder of `tests/npm`, copied to where its packages may be installed."""

    def __init__(self, name: str) -> None:
        self.node: Node = find_node()
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        with (WORK / f".{name}.lock").open("w") as lock:
            # Test processes (pytest-xdist) share the installation; one at a time makes it.
            fcntl.flock(lock, fcntl.LOCK_EX)
            for path in (HERE / name).iterdir():
                copy = self.directory / path.name
                # Never over a file that another test process may just be running.
                if path.is_file() and not (copy.is_file() and copy.read_bytes() == path.read_bytes()):
                    shutil.copyfile(path, copy)
            install(self.node, self.directory)

    def command(self, script: str, *arguments: str) -> list[str]:
        """The command line that runs *script* of this folder."""
        return [*self.node.node, str(self.directory / script), *arguments]

    def run(self, script: str, *arguments: str, timeout_s: float = 120) -> Any:
        """Run *script* to its end and read the JSON it prints."""
        done = subprocess.run(
            self.command(script, *arguments),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=environment(),
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)


def environment() -> dict[str, str]:
    """The environment of a third-party program: ours, without our settings, and told not to call home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**kept, "APOLLO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "NO_UPDATE_NOTIFIER": "1"}
