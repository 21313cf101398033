"""`hub serve`: the hub, as users start it."""

import sys
from contextlib import suppress
from typing import Annotated

import typer
from uvicorn.supervisors import Multiprocess

from hub.cli.session import fail
from hub.errors import HubError
from hub.gateway.door import Door
from hub.gateway.logs import make_log
from hub.gateway.server import HubServer, configure, take_library_logs
from hub.settings import load_settings
from keys.errors import NoteError, RingError

_FACTORY = "hub.cli.serve:application"
_STARTUP_FAILED = 3


def application() -> Door:
    """Make the hub from the environment; each worker process calls it once."""
    from hub.app import create_app

    settings = load_settings()
    take_library_logs(make_log(sys.stderr, settings.log_level))
    return create_app(settings)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default HUB_HOST (127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; default HUB_PORT (8000); 0: a free one.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the store.")] = 1,
) -> None:
    """
    Serve GraphQL at /graphql until SIGTERM; questions under way are finished first.

    Prints its address on stdout once it takes requests. Logs are JSON lines on stderr.
    """
    try:
        settings = load_settings()
        take_library_logs(make_log(sys.stderr, settings.log_level))
        if workers == 1:
            door = application()
            server = HubServer(configure(door, settings, host=host, port=port), ready=_say)
            # uvicorn raises the signal anew when its work is done, and SystemExit if it could not start.
            with suppress(KeyboardInterrupt, SystemExit):
                server.run()
            started = server.started
            if door.fault is not None:
                raise door.fault
        else:
            config = configure(_FACTORY, settings, host=host, port=port, workers=workers)
            listener = config.bind_socket()
            _say("http://{}:{}".format(*listener.getsockname()[:2]))
            Multiprocess(config, sockets=[listener]).run()
            started = True
    except (HubError, RingError, NoteError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or type(error).__name__}: {error.filename or f'{host or settings.host}:{port}'}")
    if not started:
        sys.stderr.write(f"hub: could not listen at {host or settings.host}:{port or settings.port}: is it taken?\n")
        raise typer.Exit(code=_STARTUP_FAILED)


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
