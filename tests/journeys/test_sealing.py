"""Keys are rotated, killed half way and rotated again, and a subject is shredded, while a real hub is asked."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hub.demo.stage import Stage, set_stage
from tests.journeys.serving import HUB, Serving, serving

QUESTION = """query($c: ID!) { subject(code: $c) { name records(first: 50) { totalCount nodes {
    ... on Registration { legalRepresentativeIdNo } ... on Arrears { accountNo } } } } }"""
ASKERS = 4
SETTINGS = {
    "HUB_LOG_ORIGIN": "localhost/credit-exchange-hub/demo",
    # No request may fail, whatever for.
    "HUB_PARTNER_REQUESTS_PER_MINUTE": "0",
    "HUB_PARTNER_SUBJECTS_PER_DAY": "0",
}


@dataclass
class Asking:
    """A subject that asks for its own, again and again; what it was answered."""

    url: str
    token: str
    code: str
    seen: list[tuple[int, list[Any]]] = field(default_factory=list)
    done: bool = False

    async def run(self) -> None:
        async with aiohttp.ClientSession() as session:
            while not self.done:
                self.seen.append(await self.ask(session))

    async def ask(self, session: aiohttp.ClientSession) -> tuple[int, list[Any]]:
        body = {
            "query": QUESTION,
            "variables": {"c": self.code},
            "extensions": {"purpose": {"code": "SELF_QUERY"}},
        }
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/graphql-response+json"}
        async with session.post(f"{self.url}/graphql", json=body, headers=headers) as response:
            told = await response.json(content_type=None)
            subject = (told.get("data") or {}).get("subject") or {"records": {"nodes": []}}
            values = [value for node in subject["records"]["nodes"] for value in node.values() if value is not None]
            faults = [error["extensions"]["code"] for error in told.get("errors", ())]
            return response.status, faults or values


@dataclass
class Ready:
    """A hub with sealed fields, and a subject that may read its own."""

    hub: Serving
    asking: Asking


async def held(stage: Stage, hub: Serving) -> Asking:
    """A subject with something sealed, its token, and its question."""
    for number, code in enumerate(stage.subjects):
        name = f"self-{number}"
        hub.hub("partner", "add", name, "--name", "本企业", "--actor", "SU", "--organisation", code)
        token = hub.hub("partner", "token", name).strip().splitlines()[-1]
        asking = Asking(url=hub.url, token=token, code=code)
        async with aiohttp.ClientSession() as session:
            status, values = await asking.ask(session)
        assert 200 == status
        if values:
            return asking
    pytest.fail("nobody has anything sealed")


@pytest.fixture
async def ready(tmp_path: Path, store_url: str) -> AsyncIterator[Ready]:
    async with set_stage(tmp_path, say=lambda _text: None, size=40, database_url=store_url) as stage:
        with serving(tmp_path, store_url, **SETTINGS) as hub:
            yield Ready(hub=hub, asking=await held(stage, hub))


async def typed(environment: Mapping[str, str], *words: str) -> str:
    """Run `hub keys …` beside the questions; its output."""
    process = await asyncio.create_subprocess_exec(
        str(HUB), "keys", *words, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return told.decode()


async def killed(environment: Mapping[str, str], tier: str) -> None:
    """Begin a rotation, one key a transaction, and kill -9 it after the first."""
    process = await asyncio.create_subprocess_exec(
        str(HUB), "keys", "rotate", "--tier", tier, "--batch", "1",
        env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    await process.stderr.readline()
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()


class TestSealing:
    @pytest.mark.timeout(240)
    async def test_rotation_killed_and_run_again_fails_no_request_and_shredding_ends_every_value(self, ready):
        environment, asking = ready.hub.environment, ready.asking
        async with asyncio.TaskGroup() as askers:
            for _ in range(ASKERS):
                askers.create_task(asking.run())
            for tier in ("R", "A", "R"):
                await killed(environment, tier)
                told = await typed(environment, "rotate", "--tier", tier)
                assert "retired: " in told
            asking.done = True
        rotated = list(asking.seen)
        shown = rotated[0][1]
        log = (Path(ready.hub.environment["HUB_KEYS"].removeprefix("file:")).parent / "hub.log").read_text()
        await typed(environment, "check")
        await typed(environment, "shred", "--subject", asking.code, "--reason", "个人信息保护法47条")
        async with aiohttp.ClientSession() as session:
            after = await asking.ask(session)

        assert len(rotated) > 3 * ASKERS
        assert [(200, shown)] == [*{str(answer): answer for answer in rotated}.values()]
        assert shown
        assert (200, []) == after
        assert "sealed_field_refused" not in log
        assert "subject_key_refused" not in log

    @pytest.mark.timeout(120)
    async def test_metrics_count_what_was_opened_and_nothing_for_the_public(self, ready):
        async with aiohttp.ClientSession() as session:
            before = await _counted(session, ready.hub.url)
            public = {"query": QUESTION, "variables": {"c": ready.asking.code}}
            async with session.post(f"{ready.hub.url}/graphql", json=public) as response:
                assert 200 == response.status
            between = await _counted(session, ready.hub.url)
            await ready.asking.ask(session)
            after = await _counted(session, ready.hub.url)

        assert before == between
        assert after >= before > 0


async def _counted(session: aiohttp.ClientSession, url: str) -> float:
    async with session.get(f"{url}/metrics") as response:
        lines = (await response.text()).splitlines()
    (line,) = [each for each in lines if each.startswith('hub_sealed_total{event="opened"}')]
    return float(line.rpartition(" ")[2])
