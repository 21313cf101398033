"""The head of a request is bounded in time, as the journeys show that it is in size."""

import asyncio

import pytest
from uvicorn.server import ServerState

from hub.gateway.protocol import BoundedProtocol
from hub.gateway.server import configure
from hub.settings import Settings
from tests.hub.gateway.standin import Stand


@pytest.fixture
async def address(monkeypatch):
    monkeypatch.setattr("hub.gateway.protocol.HEAD_DEADLINE_S", 0.05)
    config = configure(Stand().door, Settings())
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()


class TestBoundedProtocol:
    @pytest.mark.parametrize("data", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nhost: x\r\nx"])
    async def test_head_that_does_not_come_closes_the_connection(self, address, data):
        """A client that sends a byte a minute holds nothing of ours."""
        reader, writer = await asyncio.open_connection(*address)
        writer.write(data)

        assert b"" == await asyncio.wait_for(reader.read(), 10)
        writer.close()

    async def test_next_head_on_the_same_connection_is_timed_anew(self, address):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /heal")

        assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 200 OK")
        writer.close()
