"""`hub serve`: the hub, as users start it."""

import asyncio
import gc
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from hub.cli.session import fail
from hub.errors import HubError
from hub.gateway.door import Door
from hub.gateway.logs import make_log
from hub.gateway.server import HubServer, configure, take_library_logs
from hub.gateway.workers import READY, Workers, address_of, listen
from hub.settings import Settings, load_settings
from keys.errors import NoteError, RingError

_STARTUP_FAILED = 3
_FAULTS = (HubError, RingError, NoteError, OSError, SQLAlchemyError)


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; default HUB_HOST (127.0.0.1).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; default HUB_PORT (8000); 0: a free one.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Processes that share the store and the address, one per core. Meant for PostgreSQL: on SQLite they"
            " wait for each other to write.",
        ),
    ] = 1,
) -> None:
    """
    Serve GraphQL at /graphql until SIGTERM; questions under way are finished first.

    Prints its address on stdout once it takes requests. Logs are JSON lines on stderr.

    With several workers, one that dies is replaced, and one that cannot start ends them all. /metrics counts for all of
    them; /healthz, /readyz and /freshz speak for the worker that happens to answer.
    """
    try:
        settings = load_settings()
        take_library_logs(make_log(sys.stderr, settings.log_level))
        where = host if host is not None else settings.host, port if port is not None else settings.port
        if workers > 1:
            _serve_by_many(settings, *where, workers=workers)
            return
        started = _run(_door(settings), settings, _say, host=where[0], port=where[1])
    except _FAULTS as error:
        fail(_told(error, f"{host or settings.host}:{port}"))
    if not started:
        sys.stderr.write(f"hub: could not listen at {where[0]}:{where[1]}: is it taken?\n")
        raise typer.Exit(code=_STARTUP_FAILED)


def _serve_by_many(settings: Settings, host: str, port: int, *, workers: int) -> None:
    with listen(host, port) as listener, tempfile.TemporaryDirectory(prefix="hub-counts-") as common:
        fault = Workers(
            count=workers,
            work=work,
            preload=("hub.app", "hub.cli.serve"),
            listener=listener,
            common=Path(common),
            shutdown_s=settings.shutdown_s,
            log=make_log(sys.stderr, settings.log_level),
            ready=lambda: _say(address_of(listener)),
        ).run()
    if fault is not None:
        fail(fault)


def work(post: Connection, listener: socket.socket, common: Path) -> None:
    """Be one of several workers, in a process of its own."""
    try:
        settings = load_settings()
        take_library_logs(make_log(sys.stderr, settings.log_level))
        door = _door(settings)
        door.metrics.share(common, os.getpid())

        def ready(_address: str) -> None:
            loop = asyncio.get_running_loop()

            def alone() -> None:
                loop.remove_reader(post.fileno())
                os.kill(os.getpid(), signal.SIGTERM)

            # The supervisor sends nothing: what can be read of it is its end.
            loop.add_reader(post.fileno(), alone)
            post.send(READY)

        _run(door, settings, ready, listener=listener)
    except _FAULTS as error:
        with suppress(OSError):
            post.send(_told(error, "a file or address of the settings"))
        raise SystemExit(1) from None


def _door(settings: Settings) -> Door:
    from hub.app import create_app

    return create_app(settings)


def _run(
    door: Door,
    settings: Settings,
    ready: Callable[[str], None],
    *,
    host: str | None = None,
    port: int | None = None,
    listener: socket.socket | None = None,
) -> bool:
    """Serve until told to end; whether it ever could. Raises what kept the hub from starting."""

    def settled(address: str) -> None:
        # What was made until now stays until the end: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        # A thread that reads or renders gives way to the loop after this long; by default it is ten times as long.
        sys.setswitchinterval(0.0005)
        ready(address)

    server = HubServer(configure(door, settings, host=host, port=port), ready=settled)
    # uvicorn raises the signal anew when its work is done, and SystemExit if it could not start.
    with suppress(KeyboardInterrupt, SystemExit):
        server.run(None if listener is None else [listener])
    if door.fault is not None:
        raise door.fault
    return server.started


def _told(error: Exception, address: str) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or address}"
    if isinstance(error, SQLAlchemyError):
        # A driver's text may quote a row; the kind of its fault does not.
        return f"the store cannot be used ({type(getattr(error, 'orig', error)).__name__})"
    return str(error)


def _say(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()
