"""
Collects from one site: every stream, batch by batch, each durable before the next is asked for.

Rules:
    - A stream resumes from its stored cursor, which moves in the same transaction as the rows.
    - One dead stream never stops another. What a fault stops is said by its type: see `connectors.errors`.
    - The owner is told what became of a batch after it is durable; a report that cannot be sent is owed, and sent again
      at the start of the next run.
    - What a connector raises beyond `SourceError` is its bug: the stream stops, the error is logged by type alone.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import stamina
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.port import Batch, Capability, Connector, Stream
from connectors.site import SiteConfig
from hub.clock import iso
from hub.ingest import store
from hub.ingest.answers import Answer, outcome_of
from hub.ingest.aside import Aside, read_answer
from hub.ingest.content import storable
from hub.ingest.intake import Examination, Intake, StreamMovedError
from hub.ingest.reports import HarvestReport, Progress, StreamReport, Tally
from hub.sealing.sealer import Sealing
from hub.store.engine import glancing, writing
from hub.store.sources import note_failure, note_success
from schema.catalogue import KINDS
from schema.rules.book import RuleBook

__all__ = ["HarvestReport", "Harvester", "Patience", "Progress", "StreamReport"]

T = TypeVar("T")
_CONNECTOR_FAULT = "CONNECTOR_FAULT"
_UNKNOWN_KIND = "UNKNOWN_KIND"
_WRONG_KIND = "WRONG_KIND"
_WRONG_BATCH = "WRONG_BATCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a passing fault is borne: tries in all, and seconds between them when the source names none."""

    attempts: int = 5
    wait_s: float = 1.0
    longest_wait_s: float = 30.0


class _Stopped(Exception):
    """The site cannot go on; carries the code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Harvester:
    """
    Collects from sites into one store. Holds no state between runs: everything it must remember is in the store.

    Args:
        engine: The store, migrated.
        rules: Every version of the rules.
        now: The clock.
        sealing: Seals what may not stand openly in the store.
        patience: With passing faults.
        aside: A process that examines; only with the rules that ship with the package. None: examine here.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        rules: RuleBook,
        now: Callable[[], datetime],
        *,
        sealing: Sealing,
        patience: Patience | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._engine = engine
        self._sealing = sealing
        self._rules = rules
        self._now = now
        self._patience = patience or Patience()
        self._aside = aside
        self._log = structlog.get_logger("hub.ingest")

    async def run(self, connector: Connector, config: SiteConfig, *, progress: Progress | None = None) -> HarvestReport:
        """
        Read everything new from one site.

        Args:
            connector: The opened site; the caller closes it.
            config: Its description, from which its row is made.
            progress: Told after every batch.

        Returns:
            What was brought and what failed: no fault of the site is raised.

        Raises:
            SQLAlchemyError: the store cannot be used; what was committed stays.
            SealingError: a value cannot be sealed; the same.
        """
        async with writing(self._engine) as writer:
            await store.enrol_source(writer, config)
        streams: list[StreamReport] = []
        error: str | None = None
        try:
            if Capability.READ in connector.capabilities:
                await self._send_owed(connector)
                for stream in await self._discover(connector):
                    read = await self._read(connector, config, stream, progress or _silent)
                    streams.append(read)
            else:
                await self._look(connector)
        except _Stopped as stop:
            error = stop.code
        report = HarvestReport(source=config.id, streams=tuple(streams), error=error)
        await self._note(report)
        async with glancing(self._engine) as reader:
            left = await store.owed(reader, config.id) if Capability.REPORT in connector.capabilities else ()
        return replace(report, owed=len(left))

    async def _look(self, connector: Connector) -> None:
        health = await connector.check()
        if not health.reachable:
            raise _Stopped(health.code)

    async def _discover(self, connector: Connector) -> Sequence[Stream]:
        """List the streams, registrations first, so that other records meet subjects by their registered name."""
        order = {kind: place for place, kind in enumerate(KINDS)}
        try:
            with _seam(connector.source):
                streams = await self._patiently(connector.discover)
        except SourceError as error:
            raise _Stopped(error.code) from error
        return sorted(streams, key=lambda stream: (order.get(stream.kind, len(order)), stream.name))

    async def _read(self, connector: Connector, config: SiteConfig, stream: Stream, progress: Progress) -> StreamReport:
        tally = Tally(StreamReport(name=stream.name, kind=stream.kind), config.id, progress)
        try:
            if stream.kind not in KINDS:
                raise StopStream(config.id, _UNKNOWN_KIND, stream.kind)
            await self._patiently(lambda: self._drain(connector, config, stream, tally))
        except (StopSite, OperatorNeeded) as error:
            await self._fail(config.id, stream, tally, error)
            raise _Stopped(error.code) from error
        except SourceError as error:
            await self._fail(config.id, stream, tally, error)
        tally.tell()
        return tally.report

    async def _drain(self, connector: Connector, config: SiteConfig, stream: Stream, tally: Tally) -> None:
        """Read the stream from its stored cursor to its end."""
        intake = Intake(self._engine, self._rules, source=config.id, region=config.region, sealing=self._sealing)
        async with glancing(self._engine) as reader:
            cursor = await store.find_cursor(reader, config.id, stream.name)
        batches = connector.read(stream.name, cursor)
        try:
            async with aclosing(self._examined(batches, stream, intake)) as examined_batches:
                async for examined in examined_batches:
                    taken = await intake.take(examined, after=cursor)
                    cursor = examined.batch.cursor
                    tally.add(taken.answer, examined.batch.total, repeated=taken.repeated)
                    await self._tell(connector, taken.answer)
        except StreamMovedError as error:
            raise RetryLater(config.id, "STREAM_MOVED", retry_after_s=0.0) from error
        finally:
            if isinstance(batches, AsyncGenerator):
                await batches.aclose()

    async def _examined(
        self, batches: AsyncIterator[Batch], stream: Stream, intake: Intake
    ) -> AsyncGenerator[Examination, None]:
        """
        The stream's batches, examined.

        With a process aside, one batch is read ahead and examined there while the one before is written. The connector
        is still asked one thing at a time: nothing is read while a batch is taken in and reported.
        """
        ahead: _Asked | None = None
        fault: SourceError | None = None
        while fault is None:
            try:
                batch = await _next(batches, stream, intake.source)
            except SourceError as error:
                # What was read before counts all the same.
                batch, fault = None, error
            ready = await self._answered(ahead, intake) if ahead is not None else None
            ahead = await self._ask(batch, intake) if batch is not None else None
            if ready is not None:
                yield ready
            if ahead is not None and self._aside is None:
                yield await self._answered(ahead, intake)
                ahead = None
            if batch is None and fault is None:
                return
        raise fault

    async def _ask(self, batch: Batch, intake: Intake) -> "_Asked":
        now = self._now()
        answer = None
        if self._aside is not None and not batch.fault:
            answer = await self._aside.ask(batch, region=intake.region, now=iso(now))
        return _Asked(batch=batch, now=now, answer=answer)

    async def _answered(self, asked: "_Asked", intake: Intake) -> Examination:
        if asked.answer is not None:
            await asyncio.wait([asked.answer])
            if not asked.answer.cancelled():
                return read_answer(asked.answer.result(), asked.batch, iso(asked.now))
        # In a thread, so that the loop serves others meanwhile.
        return await asyncio.to_thread(intake.examine, asked.batch, now=asked.now)

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run *step*, again and again while its fault is a passing one and patience lasts."""

        def hook(error: Exception) -> bool | timedelta:
            if not isinstance(error, RetryLater):
                return False
            if error.retry_after_s is None:
                return True
            return timedelta(seconds=min(error.retry_after_s, self._patience.longest_wait_s))

        async for attempt in stamina.retry_context(
            on=hook,
            attempts=self._patience.attempts,
            timeout=None,
            wait_initial=self._patience.wait_s,
            wait_max=self._patience.longest_wait_s,
            wait_jitter=self._patience.wait_s,
        ):
            with attempt:
                return await step()
        raise AssertionError("stamina ends with a result or an error")

    async def _send_owed(self, connector: Connector) -> None:
        if Capability.REPORT not in connector.capabilities:
            return
        async with glancing(self._engine) as reader:
            answers = await store.owed(reader, connector.source)
        for answer in answers:
            if not await self._tell(connector, answer):
                return

    async def _tell(self, connector: Connector, answer: Answer) -> bool:
        """Report *answer* to the owner. What cannot be sent now stays owed: the rows are safe either way."""
        if Capability.REPORT not in connector.capabilities:
            return True
        try:
            with _seam(connector.source):
                await connector.report(outcome_of(answer))
        except SourceError as error:
            self._log.warning("report owed", source=connector.source, stream=answer.stream, code=error.code)
            return False
        async with writing(self._engine) as writer:
            await store.note_reported(writer, connector.source, answer, iso(self._now()))
        return True

    async def _fail(self, source: str, stream: Stream, tally: Tally, error: SourceError) -> None:
        tally.fail(error.code)
        self._log.warning("stream stopped", source=source, stream=stream.name, code=error.code, detail=error.detail)
        async with writing(self._engine) as writer:
            await store.put_stream(writer, source, stream.name, stream.kind, {"last_error": error.code})

    async def _note(self, report: HarvestReport) -> None:
        async with writing(self._engine) as writer:
            # Also of a stream that had nothing new: what stopped it once no longer does.
            for stream in report.streams:
                if stream.error is None:
                    await store.put_stream(writer, report.source, stream.name, stream.kind, {"last_error": None})
            if report.is_whole:
                await note_success(writer, report.source, self._now())
            else:
                await note_failure(writer, report.source, self._now(), report.standing_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A batch on its way to be examined: aside if `answer` is set, else here when its turn comes."""

    batch: Batch
    now: datetime
    answer: asyncio.Future[bytes] | None


async def _next(batches: AsyncIterator[Batch], stream: Stream, source: str) -> Batch | None:
    """The next batch, None at the end. The seam is around the iteration: around the call it would catch nothing."""
    with _seam(source):
        batch = await anext(batches, None)
    if batch is None:
        return None
    if (batch.stream, batch.kind) != (stream.name, stream.kind):
        raise StopStream(source, _WRONG_KIND, f"{batch.kind} of {batch.stream}")
    if any(storable(text) != text for text in (batch.batch_id, batch.cursor)):
        raise StopStream(source, _WRONG_BATCH, "an identifier no store can hold")
    return batch


@contextmanager
def _seam(source: str) -> Iterator[None]:
    """Let any exception of a connector leave as a `SourceError`."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        # Its text may quote a record, so only its type is kept.
        raise StopStream(source, _CONNECTOR_FAULT, type(error).__name__) from error


def _silent(_source: str, _report: StreamReport) -> None:
    """Nobody watches."""
