"""What the running hub does for administration by itself: announce what was done, write down what was used, asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import DBAPIError
from structlog.typing import FilteringBoundLogger

from hub.administration.grants import Grants
from hub.administration.journal import Journal
from hub.administration.questions import Questions
from hub.audit.errors import AuditError

EVERY_S = 5.0
"""Seconds between two rounds: what the command line did is in the log so much later at most."""


@asynccontextmanager
async def upkeep(
    journal: Journal, grants: Grants, questions: Questions, log: FilteringBoundLogger
) -> AsyncIterator[None]:
    """Keep up while the block runs, and once more when it ends."""
    stopped = asyncio.Event()
    task = asyncio.create_task(_rounds(journal, grants, questions, log, stopped))
    try:
        yield
    finally:
        stopped.set()
        await task


async def _rounds(
    journal: Journal, grants: Grants, questions: Questions, log: FilteringBoundLogger, stopped: asyncio.Event
) -> None:
    while True:
        last = stopped.is_set()
        try:
            await journal.announce()
            await grants.flush()
            await questions.flush()
        except (AuditError, DBAPIError) as error:
            # Passing, or told by the health check; what is left is done in a later round.
            log.warning("upkeep", error=type(error).__name__)
        if last:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await stopped.wait()
