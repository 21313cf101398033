"""
`hub harvest`: collect what is new from the described sites.

On a terminal it draws a line per stream; elsewhere it prints one line per stream and site when they end. It can be
stopped at any time, also by kill -9: what was committed stays, and the next run goes on behind it.

Exit status:
    0  every chosen site was read whole
    1  something failed; what could be read was read, and the lines say what could not
    2  the command line was wrong
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

import structlog
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from connectors.errors import SourceError
from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import SiteConfig, SiteConfigError, load_sites
from hub.cli.session import opened_store, run
from hub.clock import SystemClock
from hub.errors import SettingsError
from hub.ingest.aside import Aside
from hub.ingest.examine import collect_rarely
from hub.ingest.harvest import Harvester, HarvestReport, StreamReport
from hub.rulebook import load_rules
from hub.sealing.build import open_sealing
from hub.settings import Settings


def harvest(
    site: Annotated[
        str | None, typer.Argument(help="Identifier of one site; all without it.", metavar="[SITE]")
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Read what is there, then end.")] = False,
    every_s: Annotated[float, typer.Option("--every", min=1.0, help="Seconds between two runs.")] = 60.0,
) -> None:
    """Collect what is new from the described sites: once, or again and again until stopped."""

    async def work(settings: Settings) -> bool:
        chosen = _chosen(settings, site)
        secrets = ReferredSecrets(environment=dict(os.environ), folder=settings.sites or Path())
        stopped = _stop_event()
        collect_rarely()
        async with opened_store(settings) as engine, _examiner() as aside:
            sealing = open_sealing(settings, dict(os.environ), structlog.get_logger("hub.sealing"))
            harvester = Harvester(engine, load_rules(), SystemClock().now, sealing=sealing, aside=aside)
            while True:
                whole = await _unless(stopped, _round(harvester, chosen, secrets, SystemClock().now))
                if whole is None:
                    typer.echo("stopped; what was taken in stays, the next run goes on behind it")
                    return not once
                if once or await _is_set_within(stopped, every_s):
                    return whole

    if not run(work):
        raise typer.Exit(code=1)


def _chosen(settings: Settings, site: str | None) -> Sequence[SiteConfig]:
    if settings.sites is None:
        raise SettingsError("HUB_SITES is not set: it names the directory of site descriptions")
    try:
        chosen = [each for each in load_sites(settings.sites) if site in {None, each.id}]
    except SiteConfigError as error:
        raise SettingsError(str(error)) from error
    if not chosen:
        raise SettingsError("site: no such site is described" if site else "no site is described in HUB_SITES")
    return chosen


@asynccontextmanager
async def _examiner() -> AsyncIterator[Aside | None]:
    """A process that examines, where there is a core for it."""
    if len(os.sched_getaffinity(0)) == 1:
        yield None
        return
    async with Aside() as aside:
        yield aside


async def _round(
    harvester: Harvester, sites: Sequence[SiteConfig], secrets: ReferredSecrets, now: Callable[[], datetime]
) -> bool:
    """Harvest every site once, side by side: a slow one holds up no other. Whether all were read whole."""
    with _Watch(Console()) as watch:
        try:
            async with asyncio.TaskGroup() as group:
                runs = [group.create_task(_one(harvester, each, secrets, now, watch)) for each in sites]
        except ExceptionGroup as failed:
            # No site's fault is raised, so it is the store's, which they share: one says it for all.
            raise failed.exceptions[0] from failed
    return all(each.result() for each in runs)


async def _one(
    harvester: Harvester,
    config: SiteConfig,
    secrets: ReferredSecrets,
    now: Callable[[], datetime],
    watch: "_Watch",
) -> bool:
    try:
        connector = open_site(config, secrets, now=now)
    except SourceError as error:
        watch.ended(HarvestReport(source=config.id, error=error.code))
        return False
    try:
        report = await harvester.run(connector, config, progress=watch.moved)
    finally:
        await connector.close()
    watch.ended(report)
    return report.is_whole


class _Watch:
    """Shows how a run goes: bars on a terminal, plain lines elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[found]}"),
                TimeElapsedColumn(),
                console=console,
            )
            if console.is_terminal
            else None
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def moved(self, source: str, stream: StreamReport) -> None:
        """A batch of *stream* was taken in."""
        if self._bars is None:
            return
        place = (source, stream.name)
        if place not in self._tasks:
            self._tasks[place] = self._bars.add_task(f"{source} {stream.name}", total=None, found="")
        found = f"{stream.rejected} refused" if stream.rejected else ""
        self._bars.update(
            self._tasks[place], completed=stream.received, total=stream.total, found=stream.error or found
        )

    def ended(self, report: HarvestReport) -> None:
        """A site was read."""
        for stream in report.streams:
            self._say(f"{report.source} {stream.name}: {_told(stream)}")
        owed = f", {report.owed} answers still owed to the owner" if report.owed else ""
        self._say(f"{report.source}: {report.error or ('read whole' if report.is_whole else 'read in part')}{owed}")

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _told(stream: StreamReport) -> str:
    counts = f"{stream.received} received, {stream.accepted} accepted, {stream.rejected} refused"
    unchanged = f", {stream.unchanged} unchanged" if stream.unchanged else ""
    return counts + unchanged + (f"; stopped: {stream.error}" if stream.error else "")


def _stop_event() -> asyncio.Event:
    """An event set by SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    return stopped


async def _unless(stopped: asyncio.Event, work: Coroutine[None, None, bool]) -> bool | None:
    """Do *work*; None if it was stopped. A batch that was being written is then not in, and comes again next time."""
    doing, waiting = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    await asyncio.wait([doing, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if doing.done():
        return doing.result()
    doing.cancel()
    await asyncio.wait([doing])
    return None


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
