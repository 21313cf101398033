"""The end of a server: what is under way is answered, what comes after is not taken."""

import asyncio
import json
import signal
from urllib.parse import urlsplit

from hub.gateway.server import HubServer, configure
from hub.settings import Settings
from tests.hub.gateway.standin import Stand


class TestGracefulEnd:
    async def test_question_under_way_is_answered_after_sigterm(self):
        """A deployment loses no question: the answer whose entry is in the log is also delivered."""
        stand = Stand()
        stand.road.pause = asyncio.Event()
        started = asyncio.Event()
        server = HubServer(configure(stand.door, Settings(), port=0), ready=lambda _address: started.set())
        running = asyncio.create_task(server._serve())
        await started.wait()
        where = urlsplit(server.address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        body = json.dumps({"query": "{ hello }"}).encode()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%s" % (len(body), body)
        )
        await stand.road.arrived.wait()
        server.handle_exit(signal.SIGTERM, None)
        stand.road.pause.set()
        answer = await asyncio.wait_for(reader.read(), 10)
        await asyncio.wait_for(running, 10)
        writer.close()

        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'{"data":{"hello":"hello "}}')
        assert stand.health._draining
