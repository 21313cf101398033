"""A door to knock at, by every way there is to it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.settings import Settings
from tests.asgi import Response, call
from tests.hub.gateway.standin import Stand
from tests.hub.gateway.wire import Wire, parse, request

JSON_HEADERS = (("content-type", "application/json"),)
STRICT = ("accept", "application/graphql-response+json")
WAYS = ["application", "server", "short-lane"]


class Client:
    """
    Asks a door.

    Its ways: `application` calls it by ASGI; `server` sends bytes to the server's protocol, the short lane being shut;
    `short-lane` does with it open, so that what the lane takes goes by it.
    """

    def __init__(self, stand: Stand, way: str = "application") -> None:
        self.stand = stand
        self.way = way
        self.wires: list[Wire] = []

    async def post(self, body: Any, *headers: tuple[str, str]) -> Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.raw("POST", "/graphql", *JSON_HEADERS, *headers, body=data)

    async def raw(
        self, method: str, target: str, *headers: tuple[str, str], body: bytes = b"", **rest: Any
    ) -> Response:
        if self.way == "application" or rest:
            return await call(self.stand.door, method, target, headers=headers, body=body, **rest)
        wire = Wire(self.stand.door, short=self.way == "short-lane")
        self.wires.append(wire)
        answer = await wire.ask(request(method, target, headers, body))
        response, more = parse(answer, head_only=method == "HEAD")
        assert b"" == more
        return response


@pytest.fixture
def stand() -> Stand:
    return Stand(documents={"sha256:" + "a" * 64: "{ hello }"})


@pytest.fixture(params=WAYS)
def client(stand: Stand, request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(stand, request.param)
    yield client
    for wire in client.wires:
        wire.hang_up()


@pytest.fixture(params=["short-lane", "asgi"])
def wire(stand: Stand, request: pytest.FixtureRequest) -> Iterator[Callable[..., Wire]]:
    """A connection of either lane; made inside the test's loop by calling it."""
    made: list[Wire] = []

    def make(**settings: Any) -> Wire:
        made.append(Wire(stand.door, short=request.param == "short-lane", settings=Settings(**settings)))
        return made[-1]

    yield make
    for each in made:
        each.hang_up()
