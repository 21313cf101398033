"""A record that is retracted while it is asked for: no answer attested after its retraction shows it."""

import asyncio
import json
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.demo.stage import Stage, set_stage
from hub.store.engine import open_engine, writing
from tests.journeys.serving import HUB, running
from tests.journeys.test_workers import variables

READERS = 8
TURNS = 60
QUESTION = """query($c: ID!) { subject(code: $c) { records(kinds: [LICENCE]) { totalCount nodes { id } } } }"""


@dataclass
class Reading:
    """What readers saw: place in the log and number of records."""

    url: str
    code: str
    seen: list[tuple[int, int]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    done: bool = False

    async def read(self) -> None:
        while not self.done:
            # A few questions on one connection each: so both workers get their share.
            async with aiohttp.ClientSession() as session:
                for _ in range(5):
                    await self.ask(session)

    async def ask(self, session: aiohttp.ClientSession) -> None:
        body = {"query": QUESTION, "variables": {"c": self.code}}
        async with session.post(f"{self.url}/graphql", json=body) as response:
            told = json.loads(await response.read())
        if response.status == 503:
            # Changing faster than it can be answered: refused, and nothing shown.
            self.refused.append(told["errors"][0]["message"])
            return
        subject = told["data"]["subject"]
        self.seen.append((told["extensions"]["receipt"]["index"], subject["records"]["totalCount"] if subject else 0))


@pytest.fixture
async def stage(tmp_path: Path, postgres_url: str) -> AsyncIterator[Stage]:
    async with set_stage(tmp_path, say=lambda _text: None, size=12, database_url=postgres_url) as ready:
        yield ready


async def turn_over(engine: AsyncEngine, code: str, state: str) -> int:
    """Set the state of the subject's licences; the size of the log at the very moment at which that was committed."""
    async with writing(engine) as writer:
        # Under the log's own turn, so that no entry can slip in between the size that is read and the commit.
        await writer.take_turn("hub audit log")
        await writer.write(
            text("UPDATE record SET state = :state WHERE subject_code = :code AND kind = 'Licence'"),
            [{"state": state, "code": code}],
        )
        row = await writer.first(text("SELECT coalesce(max(size), 0) FROM log_checkpoint"))
        assert row is not None
        return int(row[0])


async def readable(url: str, codes: Sequence[str]) -> tuple[str, int]:
    """A subject of which the public reads a licence, and how many."""
    async with aiohttp.ClientSession() as session:
        for code in codes:
            reading = Reading(url=url, code=code)
            await reading.ask(session)
            if reading.seen[0][1]:
                return code, reading.seen[0][1]
    pytest.fail("nobody has a licence")


@pytest.mark.postgres
class TestRetraction:
    async def test_no_answer_attested_after_a_retraction_shows_the_record(self, stage, tmp_path, postgres_url):
        """
        Two workers with everything kept in memory, readers in a loop, a writer that retracts and restores in a tight
        loop: whatever an answer shows is what the store said at the answer's place in the log, exactly.
        """
        engine = open_engine(postgres_url)
        command = [str(HUB), "serve", "--port", "0", "--workers", "2"]
        with running(command, variables(postgres_url, tmp_path), tmp_path) as url:
            code, count = await readable(url, stage.subjects)
            states = [(0, count)]
            reading = Reading(url=url, code=code)
            async with asyncio.TaskGroup() as readers:
                for _ in range(READERS):
                    readers.create_task(reading.read())
                for turn in range(TURNS):
                    state, shown = ("WITHDRAWN", 0) if turn % 2 == 0 else ("PUBLISHED", count)
                    answered = len(reading.seen)
                    states.append((await turn_over(engine, code, state), shown))
                    # Every other pair of turns at once; else when somebody has read in between.
                    while turn % 4 > 1 and len(reading.seen) < answered + READERS:  # noqa: ASYNC110  readers must get their turn
                        await asyncio.sleep(0)
                reading.done = True
        await engine.dispose()

        sizes = [size for size, _ in states]
        wrong = [
            (index, found, shown)
            for index, found in reading.seen
            if found != (shown := states[bisect_right(sizes, index) - 1][1])
        ]
        assert [] == wrong
        assert {0, count} == {found for _, found in reading.seen}
        assert len(reading.seen) > TURNS
