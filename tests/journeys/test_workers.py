"""Several workers over one PostgreSQL, killed again and again: nothing is answered that is not in the log."""

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from hub.audit.verify import verify_receipt
from hub.demo.stage import TOKEN_LIFETIME_S, Stage, set_stage
from hub.gateway.workers import listen
from tests.journeys.serving import HUB, running, stop

WORKERS = 2
ROUNDS = 2
ASKERS = 6
ENOUGH = 40  # answers between two deaths
QUESTION = """query($c: ID!) { subject(code: $c) { name records(first: 20) {
    totalCount nodes { kind category day ... on Penalty { documentNo fineAmount } } } } }"""


@dataclass(kw_only=True)
class Crew:
    """A hub of several workers, and what its operator can see of it."""

    url: str
    log: Path
    environment: Mapping[str, str]

    def lines(self) -> list[dict]:
        # A line that is still being written has no end yet; who is killed may leave one for ever.
        whole = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("}\n")]
        return [json.loads(line) for line in whole if line.startswith("{")]

    def ready(self) -> list[int]:
        """Every worker that ever took requests, in the order in which they did."""
        return [line["worker"] for line in self.lines() if line["event"] == "worker ready"]

    def hub(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(HUB), *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass(kw_only=True)
class Asking:
    """Askers who ask in a loop, and try again when their connection is lost."""

    url: str
    stage: Stage
    answers: list[bytes] = field(default_factory=list)
    lost: int = 0
    refused: list[tuple[int, bytes]] = field(default_factory=list)
    done: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._ask(number) for number in range(ASKERS)))

    async def _ask(self, number: int) -> None:
        asker = self.stage.askers[number % len(self.stage.askers)]
        headers = {"accept": "application/graphql-response+json"}
        if asker.name in self.stage.tokens:
            headers["authorization"] = f"Bearer {self.stage.tokens[asker.name]}"
        turn = number
        while not self.done:
            turn += 1
            code = self.stage.subjects[turn % len(self.stage.subjects)]
            body = {"query": QUESTION, "variables": {"c": code}, "extensions": {"purpose": dict(asker.purpose)}}
            # A client of its own for a few questions: so both workers get some of everyone's.
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
                with suppress(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                    for _ in range(5):
                        async with session.post(f"{self.url}/graphql", json=body, headers=headers) as response:
                            text = await response.read()
                        if response.status == 200:
                            self.answers.append(text)
                        else:
                            self.refused.append((response.status, text))
                    continue
                self.lost += 1


@contextmanager
def several(directory: Path, environment: Mapping[str, str]) -> Iterator[Crew]:
    """Run `hub serve` with several workers until the block ends."""
    command = [str(HUB), "serve", "--port", "0", "--workers", str(WORKERS)]
    with running(command, environment, directory) as url:
        yield Crew(url=url, log=directory / "program.log", environment=environment)


def variables(database_url: str, directory: Path, issuer: str = "http://127.0.0.1:8000") -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {
        **kept,
        "HUB_DATABASE_URL": database_url,
        "HUB_KEYS": f"file:{directory}/keys",
        "HUB_LOG_ORIGIN": "localhost/credit-exchange-hub/demo",
        "HUB_TOKEN_LIFETIME_S": str(TOKEN_LIFETIME_S),
        # The stage's own hub gave the tokens.
        "HUB_ISSUER": issuer,
        "HUB_UNSAFE_BEARER_TOKENS": "true",
        "HUB_PUBLIC_REQUESTS_PER_MINUTE": "0",
        "HUB_PARTNER_REQUESTS_PER_MINUTE": "0",
        "HUB_PARTNER_SUBJECTS_PER_DAY": "0",
    }


async def until(true: Callable[[], bool], what: str) -> None:
    """Wait until *true*."""
    try:
        async with asyncio.timeout(30):
            while not true():  # noqa: ASYNC110  the condition is in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain: {what}")


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def counted(text: str) -> float:
    match = re.search(r'hub_requests_total\{method="POST",route="graphql",status="200"\} (\S+)', text)
    return float(match[1]) if match else 0.0


@pytest.fixture
async def stage(tmp_path: Path, postgres_url: str) -> AsyncIterator[Stage]:
    """The demonstration's stage; its own hub is one more that writes to the same log."""
    async with set_stage(tmp_path, say=lambda _text: None, size=12, database_url=postgres_url) as ready:
        yield ready


@pytest.mark.postgres
class TestKilledWorkers:
    async def test_no_answer_is_without_its_entry_whoever_dies(self, stage, tmp_path, postgres_url):
        """
        Workers are killed in turn, in the midst of answering. The others go on, the dead are replaced; each answer that
        anybody got verifies, and the log is sound and has no gap.
        """
        (tmp_path / "crew").mkdir()
        with several(tmp_path / "crew", variables(postgres_url, tmp_path, stage.url)) as crew:
            asking = Asking(url=crew.url, stage=stage)
            task = asyncio.create_task(asking.run())
            living = crew.ready()
            await until(lambda: len(asking.answers) >= ENOUGH, "first answers")
            for _ in range(ROUNDS):
                for pid in list(living):
                    before = len(crew.ready())
                    os.kill(pid, signal.SIGKILL)
                    await until(lambda before=before: len(crew.ready()) > before, "a new worker")
                    living.remove(pid)
                    living.append(crew.ready()[-1])
                    enough = len(asking.answers) + ENOUGH
                    await until(lambda enough=enough: len(asking.answers) >= enough, "answers after a death")
            asking.done = True
            await task
            metrics = [await _metrics(crew.url) for _ in range(6)]
            sound = crew.hub("audit", "verify")

        started = crew.ready()
        died = [line["worker"] for line in crew.lines() if line["event"] == "worker died"]
        indices = [_verified(answer, stage.vkey) for answer in asking.answers]
        size = int(sound.split()[0])
        assert "sound" in sound
        assert WORKERS + ROUNDS * WORKERS == len(set(started)) == len(started)
        assert started[: ROUNDS * WORKERS] == died
        assert len(set(indices)) == len(indices) <= size
        assert max(indices) < size
        assert [] == asking.refused
        assert asking.lost > 0
        # Of what a killed worker counted, its last second may be lost; nothing is counted that was not answered.
        assert sorted(metrics) == metrics
        assert ENOUGH <= metrics[0] <= len(asking.answers) + asking.lost * 2
        assert not any(is_alive(pid) for pid in started)

    async def test_question_to_the_last_worker_waits_for_its_successor(self, stage, tmp_path, postgres_url):
        """All workers die at once: who asks then is kept waiting for a moment, and answered."""
        (tmp_path / "crew").mkdir()
        with several(tmp_path / "crew", variables(postgres_url, tmp_path, stage.url)) as crew:
            for pid in crew.ready():
                os.kill(pid, signal.SIGKILL)
            async with (
                aiohttp.ClientSession() as session,
                session.post(f"{crew.url}/graphql", json={"query": "{ __typename }"}) as response,
            ):
                answer = await response.json(content_type=None)

        assert {"__typename": "Query"} == answer["data"]


async def _metrics(url: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as response:
        return counted(await response.text())


def _verified(answer: bytes, vkey: str) -> int:
    verdict = verify_receipt(answer.decode(), [vkey])
    assert verdict.valid, [finding.en for finding in verdict.findings]
    assert "disclosure" == verdict.kind
    assert verdict.index is not None
    return verdict.index


class TestStartAndEnd:
    def test_bad_settings_are_told_once_and_end_the_whole(self, tmp_path):
        done = subprocess.run(
            [str(HUB), "serve", "--port", "0", "--workers", "3"],
            env=variables(f"sqlite:///{tmp_path}/none.db", tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert 1 == done.returncode
        assert "" == done.stdout
        assert 1 == sum("hub migrate" in line for line in done.stderr.splitlines())
        assert "Traceback" not in done.stderr

    def test_taken_port_is_told_before_anything_starts(self, tmp_path, sqlite_url):
        with listen("127.0.0.1", 0) as taken:
            done = subprocess.run(
                [str(HUB), "serve", "--port", str(taken.getsockname()[1]), "--workers", "2"],
                env=variables(sqlite_url, tmp_path),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        assert 1 == done.returncode
        assert "in use" in done.stderr
        assert "Traceback" not in done.stderr

    async def test_sigterm_ends_all_and_the_address_is_told_once(self, tmp_path, sqlite_url):
        """On SQLite too, where workers wait for each other."""
        environment = variables(sqlite_url, tmp_path)
        with (tmp_path / "hub.log").open("w") as log:
            process = subprocess.Popen(  # noqa: ASYNC220  it is the test's subject, not on its way
                [str(HUB), "serve", "--port", "0", "--workers", "2"],
                env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        crew = Crew(url=process.stdout.readline().strip(), log=tmp_path / "hub.log", environment=environment)
        async with aiohttp.ClientSession() as session:
            async with session.post(f"{crew.url}/graphql", json={"query": "{ __typename }"}) as response:
                answered = response.status
            process.send_signal(signal.SIGTERM)
            told_more = process.stdout.read()
            code = await asyncio.to_thread(stop, process)

        assert (200, 0, "") == (answered, code, told_more)
        assert not any(is_alive(pid) for pid in crew.ready())
        assert "Traceback" not in crew.log.read_text()
        assert "sound" in crew.hub("audit", "verify")

    async def test_workers_without_a_supervisor_end(self, tmp_path, sqlite_url):
        environment = variables(sqlite_url, tmp_path)
        with (tmp_path / "hub.log").open("w") as log:
            process = subprocess.Popen(  # noqa: ASYNC220  it is the test's subject, not on its way
                [str(HUB), "serve", "--port", "0", "--workers", "2"],
                env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        crew = Crew(url=process.stdout.readline().strip(), log=tmp_path / "hub.log", environment=environment)
        workers = crew.ready()
        process.kill()
        stop(process)
        await until(lambda: not any(is_alive(pid) for pid in workers), "the end of all workers")

        assert WORKERS == len(workers)
