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
from urllib.request import Request, urlopen

from bench.processes import Program
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
    """

    program: Program
    document: str
    path: str = "/graphql"
    token: str | None = None
    ours: bool = False

    @property
    def name(self) -> str:
        """The program's."""
        return self.program.name


@dataclass(slots=True, kw_only=True)
class Turn:
    """What one turn gave: answers per second, milliseconds, and CPU microseconds of the server per answer."""

    rate: float
    median_ms: float
    cpu_us: float


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
    """One request; the JSON of its answer, whatever its status."""
    asked = Request(url, data, {"content-type": "application/json", "accept": "application/json", **headers})  # noqa: S310  loopback
    with urlopen(asked, timeout=_ASK_S) as response:  # noqa: S310  loopback
        return json.load(response)


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

    def __init__(self, program: Program, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self._jobs: dict[str, str] = {}

    def prepare(self, contestant: Contestant, variables: Sequence[Mapping[str, Any]], answers: Sequence[Any]) -> None:
        """
        Write what *contestant* will be asked, having checked that it answers as expected.

        Raises:
            DifferentAnswerError: it does not.
        """
        for each, expected in zip(variables, answers, strict=True):
            found = ask(contestant, each)
            if found.get("data") != expected:
                raise DifferentAnswerError(
                    f"{contestant.name}: {difference(expected, found.get('data'))}; {found.get('errors', '')!s:.300}"
                )
        host = address(contestant).split("/")[2]
        told = {
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
            "data": list(answers),
            "lengths": [len(json.dumps(each, ensure_ascii=False, separators=(",", ":")).encode()) for each in answers],
        }
        path = self._directory / f"job-{len(self._jobs)}.json"
        path.write_text(json.dumps(told))
        self._jobs[contestant.name] = str(path)

    def turn(self, contestant: Contestant, *, connections: int, seconds: float) -> Turn:
        """Load *contestant* for *seconds*."""
        before = contestant.program.cpu_s()
        found = self._command(contestant, connections, seconds)
        spent = contestant.program.cpu_s() - before
        return Turn(
            rate=found["answers"] / found["seconds"],
            median_ms=found["median_ms"],
            cpu_us=spent / found["answers"] * 1e6,
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
    """Median milliseconds of one append and fsync of *size* bytes on the disk of *directory*."""
    data = os.urandom(size)
    file = os.open(directory / "floor", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        took = []
        for _ in range(times):
            started = time.perf_counter()
            os.write(file, data)
            os.fsync(file)
            took.append(time.perf_counter() - started)
    finally:
        os.close(file)
    return statistics.median(took) * 1e3
