"""
The programs of a run: started on their core, counted, and ended by their own process id, whatever happens.

Rules:
    - A program prints one line when it is ready: its address, or JSON with `url`.
    - It dies with the bench (PR_SET_PDEATHSIG), so that nothing is left running behind a bench that was killed.
    - CPU time is that of the program and all its descendants.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_S = 60.0
_END_S = 10.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PDEATHSIG = 1


class StartError(RuntimeError):
    """A program did not come up; says which, and its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Which core is whose."""

    server: frozenset[int]
    others: frozenset[int]

    @property
    def shared(self) -> bool:
        """Whether there is only one core for all."""
        return self.server == self.others


def find_cores() -> Cores:
    """The first usable core for the server that is measured, the second for load and sources."""
    usable = sorted(os.sched_getaffinity(0))
    return Cores(server=frozenset(usable[:1]), others=frozenset(usable[1:2] or usable[:1]))


@dataclass(slots=True, kw_only=True)
class Program:
    """
    A running program.

    Attributes:
        name: For the table.
        url: Address it listens at, `http://host:port[/path]`.
        process: Itself.
        also: Further processes whose work counts as its own (a database's).
    """

    name: str
    url: str
    process: "subprocess.Popen[str]"
    also: Sequence[int] = field(default_factory=tuple)

    def cpu_s(self) -> float:
        """CPU seconds used so far."""
        return sum(tree_cpu_s(pid) for pid in (self.process.pid, *self.also))

    def memory_mb(self) -> float:
        """Resident memory of the program and its descendants now, MB."""
        return sum(_resident_kb(pid) for pid in tree(self.process.pid)) / 1024


def environment(**more: str) -> dict[str, str]:
    """The environment of a program: ours without settings of the hub, and telling third parties not to call home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    quiet = {"APOLLO_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1", "NO_UPDATE_NOTIFIER": "1"}
    return {**kept, **quiet, "NODE_ENV": "production", **more}


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    cores: frozenset[int],
    directory: Path,
    env: Mapping[str, str] | None = None,
    also: Sequence[int] = (),
) -> Iterator[Program]:
    """
    Run *command* on *cores* until the block ends.

    Raises:
        StartError: it ended, or said nothing for `START_S`.
    """
    log = directory / f"{name.replace(' ', '-').replace('/', '-')}.log"
    with log.open("w") as words:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env=dict(env) if env is not None else environment(),
            preexec_fn=_bound_to(cores),  # noqa: PLW1509  the bench starts programs from one thread
        )
        try:
            yield Program(name=name, url=_address(name, process, log), process=process, also=also)
        finally:
            end(process)


def end(process: "subprocess.Popen[str]") -> None:
    """Tell *process* to end, and wait until it has."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def tree(pid: int) -> list[int]:
    """*pid* and all its descendants that live."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of *pid* and its descendants, and of those of them that ended."""
    return sum(_cpu_s(one) for one in tree(pid))


def core_times(cores: frozenset[int]) -> tuple[int, int]:
    """Idle and whole time of *cores* so far, in ticks."""
    idle = whole = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            idle += int(ticks[3]) + int(ticks[4])
            whole += sum(int(tick) for tick in ticks[:8])
    return idle, whole


def _cpu_s(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) * _TICK_S


def _resident_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)


def _bound_to(cores: frozenset[int]) -> Callable[[], None]:
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        os.sched_setaffinity(0, cores)
        libc.prctl(_PDEATHSIG, signal.SIGTERM)

    return prepare


def _address(name: str, process: "subprocess.Popen[str]", log: Path) -> str:
    assert process.stdout is not None
    until = time.monotonic() + START_S
    ready, _, _ = select.select([process.stdout], [], [], until - time.monotonic())
    line = process.stdout.readline().strip() if ready else ""
    if not line:
        raise StartError(f"{name} did not start: {log.read_text()[-1500:] or 'it said nothing'}")
    return str(json.loads(line)["url"]) if line.startswith("{") else line
