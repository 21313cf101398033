"""
Measuring: contestants take turns under the same load, round by round; medians of ratios within a round are kept.

Rules:
    - Before anything is counted, every contestant answers every question once and all `data` must be equal.
    - A round gives each contestant the same time; what drifts in the machine drifts for all of them.
"""

import json
import os
import select
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.processes import Program, core_times
from bench.question import base64_of, body, request

_ASK_S = 60


class DifferentAnswerError(RuntimeError):
    """Two that are compared do not answer the same: nothing is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """
    One that takes turns.

    Attributes:
        program: What is loaded.
        path: Of its GraphQL endpoint.
        document: The question, in its words.
        token: Sent with each request; None: none is.
        ours: Whether it is told a purpose.
        label: Its name where one program is asked several questions.
    """

    program: Program
    document: str
    path: str = "/graphql"
    token: str | None = None
    ours: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """For the table."""
        return self.label or self.program.name


@dataclass(slots=True, kw_only=True)
class Turn:
    """
    What one turn gave.

    Attributes:
        rate: Answers per second.
        median_ms: Median latency.
        cpu_us: CPU microseconds of the server per answer.
        others_busy: How busy the core of load and sources was, 0 to 1; near 1 it was they who set the pace.
    """

    rate: float
    median_ms: float
    cpu_us: float
    others_busy: float


@dataclass(slots=True)
class Turns:
    """All turns of all contestants, in rounds."""

    by_name: dict[str, list[Turn]] = field(default_factory=dict)

    def add(self, name: str, turn: Turn) -> None:
        """Note a turn."""
        self.by_name.setdefault(name, []).append(turn)

    def ratios(self, of: str, to: str, what: Callable[[Turn], float]) -> list[float]:
        """Per round, *what* of one ÷ *what* of the other."""
        return [what(a) / what(b) for a, b in zip(self.by_name[of], self.by_name[to], strict=True)]

    def median(self, name: str, what: Callable[[Turn], float]) -> float:
        """Median of *what*."""
        return statistics.median(what(turn) for turn in self.by_name[name])


def post(url: str, data: bytes, headers: Mapping[str, str]) -> Any:
    """
    Make one request; the JSON of its answer.

    Raises:
        DifferentAnswerError: the status is not 200.
    """
    asked = Request(url, data, {"content-type": "application/json", "accept": "application/json", **headers})  # noqa: S310  loopback
    try:
        with urlopen(asked, timeout=_ASK_S) as response:  # noqa: S310  loopback
            return json.load(response)
    except HTTPError as error:
        raise DifferentAnswerError(f"{url}: HTTP {error.code} {error.read(500)!r}") from None


def ask(contestant: Contestant, variables: Mapping[str, Any], document: str | None = None) -> Any:
    """Ask one question; the whole response."""
    headers = {"authorization": f"Bearer {contestant.token}"} if contestant.token else {}
    data = body(document or contestant.document, variables, ours=contestant.ours)
    return post(address(contestant), data, headers)


def address(contestant: Contestant) -> str:
    """Where it is asked."""
    root = contestant.program.url.split("/", 3)
    return "/".join(root[:3]) + contestant.path


class Pace(Protocol):
    """How long and how often."""

    @property
    def rounds(self) -> int:
        """Turns of each."""

    @property
    def seconds(self) -> float:
        """Of one turn."""

    @property
    def warm_s(self) -> float:
        """Of warming up."""


class Load:
    """The load generator's process, and the files it reads."""

    def __init__(self, program: Program, directory: Path, cores: frozenset[int]) -> None:
        self._program = program
        self._cores = cores
        self._directory = directory
        self._jobs: dict[str, str] = {}

    def prepare(
        self, contestant: Contestant, variables: Sequence[Mapping[str, Any]], answers: Sequence[Any] | None
    ) -> None:
        """
        Write what *contestant* will be asked, having checked that it answers as expected.

        Args:
            contestant: Who is asked.
            variables: Of each question.
            answers: `data` of each answer; None: it is compared with nobody, and its own first answers stand.

        Raises:
            DifferentAnswerError: it does not answer as expected, or not at all.
        """
        found = [ask(contestant, each) for each in variables]
        told = [each.get("data") for each in found] if answers is None else answers
        for each, expected in zip(found, told, strict=True):
            data = each.get("data")
            if not data or data != expected:
                where = difference(expected, data)
                raise DifferentAnswerError(f"{contestant.name}: {where}; errors: {each.get('errors', 'none')!s:.300}")
        host = address(contestant).split("/")[2]
        job = {
            "requests": [
                base64_of(
                    request(
                        body(contestant.document, each, ours=contestant.ours),
                        host=host,
                        path=contestant.path,
                        token=contestant.token,
                    )
                )
                for each in variables
            ],
            "data": list(told),
            "lengths": [len(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode()) for each in told],
        }
        path = self._directory / f"job-{len(self._jobs)}.json"
        path.write_text(json.dumps(job))
        self._jobs[contestant.name] = str(path)

    def turn(self, contestant: Contestant, *, connections: int, seconds: float) -> Turn:
        """Load *contestant* for *seconds*."""
        before, idle, whole = contestant.program.cpu_s(), *core_times(self._cores)
        found = self._command(contestant, connections, seconds)
        spent = contestant.program.cpu_s() - before
        idle_after, whole_after = core_times(self._cores)
        return Turn(
            rate=found["answers"] / found["seconds"],
            median_ms=found["median_ms"],
            cpu_us=spent / found["answers"] * 1e6,
            others_busy=1 - (idle_after - idle) / max(whole_after - whole, 1),
        )

    def rounds(self, contestants: Sequence[Contestant], scale: Pace, *, connections: int) -> Turns:
        """Let *contestants* take turns, each warmed up before."""
        turns = Turns()
        for each in contestants:
            self.turn(each, connections=connections, seconds=scale.warm_s)
        for _ in range(scale.rounds):
            for each in contestants:
                turns.add(each.name, self.turn(each, connections=connections, seconds=scale.seconds))
        return turns

    def _command(self, contestant: Contestant, connections: int, seconds: float) -> Mapping[str, float]:
        process = self._program.process
        assert process.stdin is not None
        assert process.stdout is not None
        command = {
            "job": self._jobs[contestant.name],
            "url": address(contestant),
            "connections": connections,
            "seconds": seconds,
        }
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], seconds + 60)
        line = process.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError("the load generator does not answer")
        found: Mapping[str, Any] = json.loads(line)
        if "error" in found:
            raise DifferentAnswerError(f"{contestant.name}: {found['error']}")
        return found


def difference(expected: Any, found: Any, path: str = "data") -> str:
    """Name the first place where two answers differ, without their values."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in expected:
            if name not in found:
                return f"{path}.{name} is missing"
            if expected[name] != found[name]:
                return difference(expected[name], found[name], f"{path}.{name}")
        return f"{path} has more fields than expected"
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            if one != other:
                return difference(one, other, f"{path}[{index}]")
    return f"{path}: expected {expected!s:.80}, got {found!s:.80}"


def fsync_ms(directory: Path, times: int = 50, size: int = 8_192) -> float:
    """
    Median milliseconds of one write and fsync of *size* bytes on the disk of *directory*.

    Into a file that has its size already, as the log of a database has: a growing file's fsync costs more.
    """
    data, took = os.urandom(size), []
    file = os.open(directory / "floor", os.O_CREAT | os.O_WRONLY)
    try:
        os.write(file, data * times)
        os.fsync(file)
        for place in range(times):
            started = time.perf_counter()
            os.pwrite(file, data, place * size)
            os.fsync(file)
            took.append(time.perf_counter() - started)
    finally:
        os.close(file)
    return statistics.median(took) * 1e3
