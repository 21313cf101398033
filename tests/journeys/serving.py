"""The hub as users start it: a process of its own, on loopback, told to stop by SIGTERM."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 30
HUB = Path(sys.executable).with_name("hub")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A running hub: its address, its process, and the environment it runs in."""

    url: str
    process: subprocess.Popen[str]
    environment: Mapping[str, str]

    def hub(self, *arguments: str) -> str:
        """Run a `hub` command in the same surroundings; its output."""
        done = subprocess.run(
            [str(HUB), *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def serving(directory: Path, database_url: str, *, port: int = 0, **settings: str) -> Iterator[Serving]:
    """
    Run `hub serve` over *database_url*, its keys in *directory*; settings are `HUB_…` variables.

    On a free *port* unless one is given: a hub whose proofs name its URL must know it before it starts.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment = {
        **kept,
        "HUB_DATABASE_URL": database_url,
        "HUB_KEYS": f"file:{directory}/keys",
        # `hub partner token` is how most journeys get in; those about tokens switch it off.
        "HUB_UNSAFE_BEARER_TOKENS": "true",
        # Of limits only those tell that are about them.
        "HUB_PUBLIC_REQUESTS_PER_MINUTE": "1000000",
        **settings,
    }
    with (directory / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [str(HUB), "serve", "--port", str(port)], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield Serving(url=_first_line(process, directory / "hub.log"), process=process, environment=environment)
        finally:
            stop(process)


def free_port() -> int:
    """A port of loopback that nobody listens on just now."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], environment: Mapping[str, str], directory: Path) -> Iterator[str]:
    """Run a program that prints one line when it is ready and ends when its stdin does; that line."""
    with (directory / "program.log").open("a") as log:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield _first_line(process, directory / "program.log")
        finally:
            stop(process)


def stop(process: "subprocess.Popen[str]") -> int:
    """Tell *process* to end, and wait until it has; its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def _first_line(process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    line = process.stdout.readline().strip() if ready else ""
    assert line, f"did not start: {log.read_text()[-3000:]}"
    return line
