"""
Floors: one answer, always the same, through Starlette and uvicorn or through uvicorn alone.

    python -m bench.servers.static FILE (starlette | bare)
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def starlette_app(data: bytes) -> Any:
    """A route that reads the body and answers."""

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(data, media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])


def bare_app(data: bytes) -> Any:
    """ASGI without a frame."""
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())],
    }
    body = {"type": "http.response.body", "body": data}

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send(start)
        await send(body)

    return app


class Telling(uvicorn.Server):
    """Prints its address once it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets=sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        print(f"http://{host}:{port}", flush=True)


def serve(app: Any) -> None:
    """Serve *app* on a free port as uvicorn's documentation recommends: uvloop, httptools, no access log."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )
    Telling(config).run()


def main() -> None:
    """Serve."""
    data = Path(sys.argv[1]).read_bytes()
    serve({"starlette": starlette_app, "bare": bare_app}[sys.argv[2]](data))


if __name__ == "__main__":
    main()
