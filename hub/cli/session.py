"""What commands share: settings read once, a store opened and closed, errors told in one line."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import typer
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import HubError, RefusalError
from hub.settings import Settings, load_settings
from hub.store.engine import StoreAddressError, open_engine
from keys.errors import NoteError, RingError

_PATIENCE_S = 2.0

T = TypeVar("T")


def run(work: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    """Run *work* with the settings; an expected error becomes one line on stderr and exit code 1."""
    try:
        return asyncio.run(work(load_settings()))
    except RefusalError as error:
        fail(told(error))
    except (HubError, RingError, NoteError, StoreAddressError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or type(error).__name__}: {error.filename or 'a file or address of the settings'}")
    except DBAPIError as error:
        # A driver's text may quote a row; its kind and the advice do.
        fail(f"the store cannot be used ({type(error.orig).__name__}); has `hub migrate` been run?")
    except SQLAlchemyError as error:
        fail(f"the store cannot be used ({type(error).__name__})")


def told(error: RefusalError) -> str:
    """Write a refusal as one line: what, and by which rule where one is named."""
    rule = error.extensions.get("rule")
    return error.message if rule is None else f"{error.message} (rule {rule})"


def fail(message: str) -> NoReturn:
    """Say why on stderr, and leave with exit code 1."""
    sys.stderr.write(f"hub: {message}\n")
    raise typer.Exit(code=1)


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The store, closed when the command is done."""
    engine = open_engine(settings.database_url)
    try:
        yield engine
    finally:
        await engine.dispose()
        await _let_go()


async def _let_go() -> None:
    """
    Wait for the threads of SQLite's driver that have been told to stop.

    After an error the driver does not wait for them itself; one that reports to a closed loop prints a traceback.
    """
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            await asyncio.to_thread(thread.join, _PATIENCE_S)
