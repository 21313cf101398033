"""
The seam of every connector: what crosses it is a `SourceError` and nothing else, and it carries no record's values.

Rules:
    - A foreign exception's text may quote a record (a driver quotes parameters, a parser quotes the line), so only
      its class name crosses.
    - The iteration is wrapped, not its making: a `try` around a generator catches nothing.
    - Every await on someone else's machine has a deadline.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

import aiohttp

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream

_T = TypeVar("_T")


_TYPED: tuple[tuple[type[Exception], type[SourceError], str], ...] = (
    (TimeoutError, RetryLater, "SRC_TIMEOUT"),
    (aiohttp.ClientConnectorCertificateError, OperatorNeeded, "SRC_TLS"),
    (aiohttp.ClientConnectorSSLError, OperatorNeeded, "SRC_TLS"),
    (aiohttp.ClientPayloadError, RetryLater, "SRC_TRUNCATED"),
    (aiohttp.ClientConnectionError, RetryLater, "SRC_UNREACHABLE"),
    (aiohttp.InvalidURL, OperatorNeeded, "SRC_ADDRESS"),
    (aiohttp.ClientError, RetryLater, "SRC_PROTOCOL"),
    (PermissionError, OperatorNeeded, "SRC_PERMISSION"),
    (OSError, RetryLater, "SRC_IO"),
)


def typed(source: str, error: Exception) -> SourceError:
    """Give *error* its type of the port; the result quotes the class of *error* and nothing of its text."""
    if isinstance(error, SourceError):
        return error
    name = type(error).__name__
    for known, kind, code in _TYPED:
        if isinstance(error, known):
            return kind(source, code, name)
    return StopStream(source, "SRC_INTERNAL", name)


@contextmanager
def sealed(source: str) -> Iterator[None]:
    """Let only `SourceError` out of the block."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001  the seam is where everything foreign gets its type
        raise typed(source, error) from None


async def sealed_iteration(source: str, batches: AsyncGenerator[_T, None]) -> AsyncGenerator[_T, None]:
    """Yield from *batches*, letting only `SourceError` out of each step; closes them when the reader stops."""
    try:
        while True:
            with sealed(source):
                try:
                    item = await anext(batches)
                except StopAsyncIteration:
                    return
            yield item
    finally:
        await batches.aclose()


async def within(source: str, seconds: float, work: Awaitable[_T]) -> _T:
    """Await *work* for at most *seconds*. Raises `RetryLater` SRC_TIMEOUT."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise RetryLater(source, "SRC_TIMEOUT", f"deadline {seconds:g} s") from None


class Step(Protocol):
    """Runs one step of blocking work."""

    async def __call__(self, work: Callable[[], _T]) -> _T:
        """Run *work*. Raises what it raises, or `RetryLater` SRC_TIMEOUT."""


@contextmanager
def own_thread(source: str, seconds: float) -> Iterator[Step]:
    """
    Run the steps of one long piece of blocking work in a thread of its own, each for at most *seconds*.

    Always the same thread: libxml2 keeps a parser's names per thread, and a parser that goes on in another one aborts
    the process.
    """
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=source)

    async def step(work: Callable[[], _T]) -> _T:
        return await within(source, seconds, asyncio.get_running_loop().run_in_executor(thread, work))

    try:
        yield step
    finally:
        thread.shutdown(wait=False)


async def in_thread(source: str, seconds: float, work: Callable[..., _T], *args: object) -> _T:
    """
    Run blocking *work* in a thread for at most *seconds*.

    A thread cannot be stopped: *work* itself must end (statement timeouts, bounded pieces); the caller only stops
    waiting for it.
    """
    return await within(source, seconds, asyncio.to_thread(functools.partial(work, *args)))
