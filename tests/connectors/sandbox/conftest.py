import time
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.sandbox import Options, Sandbox
from connectors.sandbox.national import signature

DAY = date(2026, 11, 20)


@pytest.fixture
async def sandbox(tmp_path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path, size=60, options=Options(today=DAY)) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield session


class Hub:
    """A client written from docs/sandbox.md: what a connector would do by hand."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self.site: dict[str, Any] = dict(sandbox.sites["national"])
        self.buyer: dict[str, Any] = dict(sandbox.sites["jinjiang"])
        self.http = http

    def headers(self, sid: str, key: str, **changes: str) -> dict[str, str]:
        rtime = changes.pop("gjgxjhpt_rtime", str(int(time.time() * 1000)))
        return {
            "gjgxjhpt_rid": self.site["rid"],
            "gjgxjhpt_sid": sid,
            "gjgxjhpt_rtime": rtime,
            "gjgxjhpt_sign": signature(key, sid, self.site["rid"], rtime),
        } | changes

    async def get(self, sid: str, key: str, *, headers: dict[str, str] | None = None, **query: object) -> Any:
        url = f"{self.site['base_url']}/gateway/{sid}?{urlencode(query)}"
        async with self.http.get(url, headers=headers or self.headers(sid, key)) as response:
            return await response.json()

    async def key(self) -> str:
        answer = await self.get(self.site["key_service"], self.site["app_key"])
        return opened(answer["data"]["secret"], self.site["app_key"])

    async def page(self, kind: str, **query: object) -> Any:
        return (await self.get(self.site["services"][kind], await self.key(), **query))["data"]

    async def ask(self, query: str, **variables: object) -> Any:
        headers = {"Authorization": f"Bearer {self.buyer['key']}"}
        body = {"query": query, "variables": variables}
        async with self.http.post(self.buyer["graphql"], json=body, headers=headers) as response:
            return await response.json()

    async def fault(self, site: str, **order: object) -> int:
        place = {"national": self.site, "jinjiang": self.buyer}[site]
        headers = {"Authorization": f"Bearer {place['admin_token']}"}
        async with self.http.post(f"{place['base_url']}/_faults", json=order, headers=headers) as response:
            return response.status


def opened(secret: str, app_key: str) -> str:
    decryptor = Cipher(algorithms.AES(app_key.encode()), modes.ECB()).decryptor()  # noqa: S305  the platform prescribes it
    padded = decryptor.update(b64decode(secret)) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


@pytest.fixture
async def hub(sandbox, http) -> Hub:
    return Hub(sandbox, http)
