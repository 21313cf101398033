"""Whoever loses a key, a token or its entry is refused from the next request on, by every worker, under load."""

import asyncio
import itertools
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from hub.identity.oauth.metadata import REVOCATION_PATH, TOKEN_PATH
from hub.identity.partner_keys import add_key
from hub.identity.partners import Partners, admit
from hub.identity.public_keys import public_key
from hub.store.engine import open_engine, writing
from tests.hub.identity.test_partners import DEPARTMENT
from tests.journeys.serving import HUB, free_port, running
from tests.support.oauth_client import OAuthClient

ASKERS = 6
ENOUGH = 20
QUESTION = json.dumps({"query": "{ me { actor } }"}).encode()
REFUSED = 401


@dataclass
class Load:
    """Askers with one bound token each, over connections of their own, so that every worker gets some."""

    url: str
    client: OAuthClient
    # When a request was sent, and its status.
    seen: list[tuple[float, int]] = field(default_factory=list)
    stop: bool = False
    nonce: str = ""
    turned: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def token(self, session: aiohttp.ClientSession) -> str:
        for _ in range(2):
            now = datetime.now(UTC)
            proof = self.client.proof(now, "POST", self.url + TOKEN_PATH, nonce=self.nonce or None)
            form = self.client.form(now)
            async with session.post(self.url + TOKEN_PATH, data=form, headers={"dpop": proof}) as answer:
                self.nonce = answer.headers.get("dpop-nonce", self.nonce)
                body = await answer.json()
                if answer.status == 200:
                    token: str = body["access_token"]
                    return token
        raise AssertionError(body)

    async def ask(self, session: aiohttp.ClientSession, token: str) -> int:
        url = f"{self.url}/graphql"
        proof = self.client.proof(datetime.now(UTC), "POST", url, nonce=self.nonce, token=token)
        headers = {"authorization": f"DPoP {token}", "dpop": proof, "content-type": "application/json"}
        sent = time.monotonic()
        async with session.post(url, data=QUESTION, headers=headers) as answer:
            self.nonce = answer.headers.get("dpop-nonce", self.nonce)
            await answer.read()
        async with self.turned:
            self.seen.append((sent, answer.status))
            self.turned.notify_all()
        return answer.status

    async def run(self, token: str) -> None:
        while not self.stop:
            # A connection of its own each time: the system hands it to whichever worker is free.
            async with aiohttp.ClientSession() as session:
                await self.ask(session, token)

    async def more(self, count: int) -> None:
        """Wait until so many more were answered."""
        enough = len(self.seen) + count
        async with self.turned:
            await self.turned.wait_for(lambda: len(self.seen) >= enough)


@pytest.fixture
async def client(postgres_url: str) -> AsyncIterator[OAuthClient]:
    """A client with an active key, at a port nobody has yet."""
    client = OAuthClient(DEPARTMENT.id, issuer=f"http://127.0.0.1:{free_port()}")
    engine = open_engine(postgres_url)
    now = datetime.now(UTC)
    await Partners(engine).add(admit(DEPARTMENT, now))
    async with writing(engine) as writer:
        await add_key(writer, client.id, public_key(client.public), now=now)
    yield client
    await engine.dispose()


def variables(database_url: str, folder: Any, issuer: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {
        **kept, "HUB_DATABASE_URL": database_url, "HUB_KEYS": f"file:{folder}/keys", "HUB_ISSUER": issuer,
        "HUB_PARTNER_REQUESTS_PER_MINUTE": "0",
    }  # fmt: skip


@pytest.mark.postgres
class TestRevocation:
    @pytest.mark.parametrize("what", ["key", "token", "partner"])
    async def test_it_holds_from_the_next_request_on_on_both_workers(self, client, postgres_url, tmp_path, what):
        environment = variables(postgres_url, tmp_path, client.issuer)
        port = client.issuer.rpartition(":")[2]
        command = [str(HUB), "serve", "--port", port, "--workers", "2"]
        with running(command, environment, tmp_path):
            load = Load(url=client.issuer, client=client)
            async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
                token = await load.token(session)
                for _ in range(ASKERS):
                    group.create_task(load.run(token))
                await load.more(ENOUGH * 2)
                await _take_back(what, client, session, token, environment)
                taken_back = time.monotonic()
                await load.more(ENOUGH * 2)
                load.stop = True

        before = [status for sent, status in load.seen if sent < taken_back]
        after = [status for sent, status in load.seen if sent >= taken_back]
        log = (tmp_path / "program.log").read_text()
        workers = {json.loads(line)["worker"] for line in log.splitlines() if '"worker ready"' in line}
        assert {200, REFUSED} >= set(before)
        assert [200] * ENOUGH == list(itertools.islice(before, ENOUGH))
        assert ENOUGH < len(after)
        assert {REFUSED} == set(after)
        assert 2 == len(workers)


async def _take_back(what, client, session, token, environment) -> None:
    if what == "token":
        form = client.form(datetime.now(UTC), grant_type=..., token=token)
        async with session.post(client.issuer + REVOCATION_PATH, data=form) as answer:
            assert 200 == answer.status, await answer.text()
        return
    words = ["key", "remove", client.id, client.jwk["kid"]] if what == "key" else ["suspend", client.id]
    process = await asyncio.create_subprocess_exec(
        str(HUB), "partner", *words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert 0 == await process.wait()
