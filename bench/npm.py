"""
The peers of the npm registry: installed by the bench itself from the lock file beside their programs.

Rules:
    - Everything comes from the npm registry through npm, by the lock file's hashes, without install scripts.
    - Node is npm's own package of the newest release, not the system's; npm itself runs on whatever node is there.
    - Installed once under `var/bench/peers`; a second run needs no network.
"""

import json
import platform
import shutil
import subprocess
from pathlib import Path

from bench.processes import environment
from hub.gateway.graphiql_build import NodeMissingError, find_node, install

HERE = Path(__file__).parent / "peers"
WORK = Path(__file__).parent.parent / "var" / "bench" / "peers"
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


class PeersMissingError(RuntimeError):
    """The peers cannot be installed; says why."""


class Peers:
    """The installed peers."""

    def __init__(self) -> None:
        WORK.mkdir(parents=True, exist_ok=True)
        for path in HERE.iterdir():
            if path.is_file():
                shutil.copyfile(path, WORK / path.name)
        try:
            install(find_node(), WORK)
        except NodeMissingError as error:
            raise PeersMissingError(str(error)) from error
        except subprocess.CalledProcessError as error:
            raise PeersMissingError("npm could not install the peers: is the npm registry reachable?") from error
        self.node = WORK / "node_modules" / f"node-linux-{_MACHINES.get(platform.machine(), '')}" / "bin" / "node"
        if not self.node.is_file():
            raise PeersMissingError(f"no node of npm's for this machine ({platform.machine()})")

    def command(self, script: str, *arguments: str) -> list[str]:
        """The command line that runs *script*."""
        return [str(self.node), str(WORK / script), *arguments]

    def output(self, script: str, *arguments: str) -> str:
        """What *script* prints."""
        done = subprocess.run(
            self.command(script, *arguments),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment(),
        )
        if done.returncode:
            raise PeersMissingError(f"{script}: {done.stderr[-1500:]}")
        return done.stdout

    def versions(self) -> dict[str, str]:
        """Name -> version of the packages that are measured, and of node."""
        wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
        node = subprocess.run([self.node, "--version"], capture_output=True, text=True, timeout=20, check=True)
        return {"node": node.stdout.strip(), **wanted}
