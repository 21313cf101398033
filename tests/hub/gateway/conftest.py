"""A door to knock at."""

import json
from typing import Any

import pytest

from tests.asgi import Response, call
from tests.hub.gateway.standin import Stand

JSON_HEADERS = (("content-type", "application/json"),)
STRICT = ("accept", "application/graphql-response+json")


class Client:
    """Asks a door."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand

    async def post(self, body: Any, *headers: tuple[str, str]) -> Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await call(self.stand.door, "POST", "/graphql", headers=[*JSON_HEADERS, *headers], body=data)

    async def raw(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes = b"", **rest: Any
    ) -> Response:
        return await call(self.stand.door, method, target, headers=headers, body=body, **rest)


@pytest.fixture
def stand() -> Stand:
    return Stand(documents={"sha256:" + "a" * 64: "{ hello }"})


@pytest.fixture
def client(stand: Stand) -> Client:
    return Client(stand)
