"""What every part of the bench stands on: where it may write, which core is whose, the load, the peers, contestants."""

import json
import sys
import time
from collections.abc import Container, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import hubs
from bench.measure import Contestant, Load, ask
from bench.npm import Peers
from bench.processes import Cores, running
from bench.question import PROFILE, leaves, without_aliases

DENIED = "UNAUTHORIZED_FIELD_OR_TYPE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How long and how often."""

    rounds: int
    seconds: float
    warm_s: float
    connections: int = 32


QUICK = Scale(rounds=3, seconds=0.7, warm_s=1.0)
FULL = Scale(rounds=7, seconds=1.5, warm_s=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """
    The stage of a run.

    Attributes:
        directory: Where it may write; removed afterwards.
        cores: Which core is whose.
        load: The load generator.
        peers: Those of the npm registry; None: they could not be installed.
        quick: Fewer and shorter rounds.
        large: The growth part fills five million records in both stores.
        started: When, on `time.perf_counter`.
    """

    directory: Path
    cores: Cores
    load: Load
    peers: Peers | None
    quick: bool
    large: bool = False
    started: float = field(default_factory=time.perf_counter)

    @property
    def scale(self) -> Scale:
        """How long and how often."""
        return QUICK if self.quick else FULL

    def say(self, what: str) -> None:
        """Tell who waits what is being done; the table comes at the end."""
        print(f"[{time.perf_counter() - self.started:4.0f} s] {what}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """
    Questions and the one right answer to each.

    Attributes:
        variables: Of each question.
        data: `data` of each answer.
        whole: The bytes of the first answer's `data`, for a static answer of that size.
        leaves: Values it shows.
    """

    variables: Sequence[Mapping[str, Any]]
    data: Sequence[Any]
    whole: bytes
    leaves: int


def answers(hub: Contestant, variables: Sequence[Mapping[str, Any]]) -> Answered:
    """
    Ask *hub* everything.

    Raises:
        RuntimeError: its answer is not what the bench is about: whole, masked and denied values, and no other error.
    """
    told = [ask(hub, each) for each in variables]
    for each in told:
        codes = {error["extensions"]["code"] for error in each.get("errors", [])}
        if codes != {DENIED}:
            raise RuntimeError(f"{hub.name}: expected denied values and no other error, got {sorted(codes)}")
    data = [each["data"] for each in told]
    return Answered(
        variables=variables,
        data=data,
        whole=json.dumps({"data": data[0]}, ensure_ascii=False, separators=(",", ":")).encode(),
        leaves=leaves(data[0]),
    )


def entities(hub: Contestant, variables: Sequence[Mapping[str, Any]], keep: Container[str] = ()) -> Mapping[str, Any]:
    """Code -> the subject as data to serve: every field under its own name but those to *keep*, already masked."""
    plain = without_aliases(hub.document, keep)
    found = [ask(hub, each, plain)["data"]["subject"] for each in variables]
    return {each["code"]: each for each in found}


class Starting:
    """Starts contestants on the server's core; they end with the stack."""

    def __init__(self, bench: Bench, directory: Path, stack: ExitStack, document: str = PROFILE) -> None:
        self._bench = bench
        self._directory = directory
        self._stack = stack
        self._document = document

    def hub(
        self,
        name: str,
        store: hubs.Store,
        *,
        also: Sequence[int] = (),
        workers: int = 1,
        cores: frozenset[int] | None = None,
        **settings: str,
    ) -> Contestant:
        """`hub serve` over *store*, with `HUB_...` settings."""
        program = self._stack.enter_context(
            hubs.serving(
                name,
                store,
                cores=cores or self._bench.cores.server,
                directory=self._directory,
                also=also,
                workers=workers,
                settings=settings,
            )
        )
        return Contestant(program=program, document=self._document, token=store.token, ours=True)

    def without_log(self, name: str, store: hubs.Store) -> Contestant:
        """The hub without step 9."""
        program = self._stack.enter_context(
            hubs.without_log(name, store, cores=self._bench.cores.server, directory=self._directory)
        )
        return Contestant(program=program, document=self._document, token=store.token, ours=True)

    def static(self, name: str, answered: Answered, way: str) -> Contestant:
        """A static answer as large as the first of *answered*."""
        path = self._directory / "static.json"
        path.write_bytes(answered.whole)
        return self.peer(name, [sys.executable, "-m", "bench.servers.static", str(path), way])

    def peer(
        self, name: str, command: Sequence[str], path: str = "/graphql", document: str | None = None
    ) -> Contestant:
        """Another program."""
        program = self._stack.enter_context(
            running(name, command, cores=self._bench.cores.server, directory=self._directory)
        )
        return Contestant(program=program, document=document or self._document, path=path)
