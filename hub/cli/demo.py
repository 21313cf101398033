"""`hub demo`: the demonstration."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.session import fail
from hub.errors import HubError
from keys.errors import RingError

DEFAULT_DIRECTORY = Path("var/demo")


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Show the answers and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line when ready, for scripts.")] = False,
    size: Annotated[int, typer.Option(min=20, max=20_000, help="Invented companies.")] = 200,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the hub; 0: a free one.")] = 0,
    directory: Annotated[
        Path, typer.Option("--dir", help="Where its world, store and keys are kept.")
    ] = DEFAULT_DIRECTORY,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the last run and begin anew.")] = False,
) -> None:
    """
    Three platforms, one question, four askers, four answers, and receipts that verify.

    Everything runs on loopback. Without --once it stays up, for GraphiQL and for your own client.
    """
    from hub.demo.run import run

    try:
        code = asyncio.run(run(directory, size=size, port=port, once=once, as_json=as_json, fresh=fresh))
    except (HubError, RingError) as error:
        fail(f"{error} (--fresh begins anew)")
    except OSError as error:
        fail(f"{error.strerror or type(error).__name__}: {error.filename or directory}")
    raise typer.Exit(code)
