"""Sets the demonstration's stage: platforms, store, harvest, partners, a running hub. All under one directory."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from connectors.registry import open_site
from connectors.sandbox import Sandbox
from connectors.secrets import ReferredSecrets
from connectors.site import SiteConfig, load_sites
from connectors.templates import SITES, sandbox_variables, template
from hub.clock import Clock, SystemClock
from hub.demo.people import admit_all
from hub.demo.question import QUESTION, Asker, askers
from hub.errors import SettingsError
from hub.gateway.logs import make_log
from hub.gateway.server import HubServer, configure
from hub.gateway.workers import address_of, listen
from hub.ingest.harvest import Harvester, HarvestReport, Patience
from hub.rulebook import load_rules
from hub.sealing.build import open_sealing
from hub.settings import Settings
from hub.store import migrate
from hub.store.engine import open_engine
from hub.wiring import Surroundings, build_door, open_ring

TOKEN_LIFETIME_S = 3600
_ASK_TIMEOUT_S = 30

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """
    A stage that is set.

    Attributes:
        url: The hub's address.
        vkey: Verifier key of its log.
        subject: Code of the organisation asked about.
        subjects: Codes worth asking about.
        askers: Who asks.
        tokens: Asker's name -> bearer token; the public has none.
        client_keys: Asker's name -> file of its private key, for tokens bound to a key; the public has none.
        sandbox: The platforms.
        collecting: Collects from them again.
    """

    url: str
    vkey: str
    subject: str
    subjects: Sequence[str]
    askers: Sequence[Asker]
    tokens: Mapping[str, str]
    client_keys: Mapping[str, Path]
    sandbox: Sandbox
    collecting: "Collecting"

    async def ask(
        self,
        asker: Asker,
        question: str = QUESTION,
        variables: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Ask *question* over HTTP as *asker*, about the subject unless *variables* say otherwise; the response."""
        headers = {"accept": "application/graphql-response+json"}
        if asker.name in self.tokens:
            headers["authorization"] = f"Bearer {self.tokens[asker.name]}"
        body = {
            "query": question,
            "variables": {"code": self.subject} if variables is None else dict(variables),
            "extensions": {"purpose": dict(asker.purpose)},
        }
        timeout = aiohttp.ClientTimeout(total=_ASK_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{self.url}/graphql", json=body, headers=headers) as response,
        ):
            answer: dict[str, Any] = await response.json(content_type=None)
            return answer


@asynccontextmanager
async def set_stage(
    directory: Path,
    *,
    say: Say,
    size: int = 200,
    port: int = 0,
    database_url: str | None = None,
) -> AsyncIterator[Stage]:
    """
    Set the stage in *directory*, which is kept for the next time.

    Args:
        directory: For the platforms' files, the store, the keys.
        say: Told what is being done.
        size: Subjects of the invented world.
        port: Of the hub; 0 takes a free one.
        database_url: The store; None: a SQLite file in *directory*.
    """
    clock = SystemClock()
    say(f"三个平台，{size} 家虚构企业 three platforms, {size} invented companies")
    # Taken before the settings are made: proofs and metadata name the hub's address.
    with closing(listen("127.0.0.1", port)) as listener:
        async with Sandbox(directory / "sandbox", size=size) as sandbox:
            environment = sandbox_variables(sandbox.sites)
            folder = _write_sites(directory / "sites")
            settings = Settings(
                database_url=database_url or f"sqlite:///{directory / 'hub.db'}",
                keys=f"file:{directory / 'keys'}",
                log_origin="localhost/credit-exchange-hub/demo",
                sites=folder,
                issuer=address_of(listener),
                token_lifetime_s=TOKEN_LIFETIME_S,
                # So that a newcomer can paste a token into curl or GraphiQL; on loopback only.
                unsafe_bearer_tokens=True,
                log_level="error",
                # Whoever plays with it comes from one address; nothing here is worth rationing.
                public_requests_per_minute=1_000_000,
                partner_requests_per_minute=1_000_000,
                partner_subjects_per_day=1_000_000_000,
            )
            await asyncio.to_thread(migrate.upgrade, settings.database_url)
            sites = load_sites(folder)
            collecting = Collecting(settings=settings, sites=sites, environment=environment, clock=clock)
            for report in await collecting.run():
                say(_told(report))
            subjects = sandbox.world.showcase()
            group = next(site.owner for site in sites if site.id == "jinjiang") or ""
            chosen = askers(subjects[0], group)
            ring = open_ring(settings)
            admitted = await admit_all(settings, ring, chosen, clock, directory)
            around = Surroundings(clock=clock, log=make_log(sys.stderr, settings.log_level), environment=environment)
            async with _served(settings, around, listener) as url:
                yield Stage(
                    url=url,
                    vkey=ring.signer(settings.log_origin).verifier.vkey(),
                    subject=subjects[0],
                    subjects=subjects,
                    askers=chosen,
                    tokens={name: each.token for name, each in admitted.items()},
                    client_keys={name: each.key for name, each in admitted.items()},
                    sandbox=sandbox,
                    collecting=collecting,
                )


def _write_sites(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for site in SITES:
        (folder / f"{site}.toml").write_text(template(site), encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """Collects from the platforms into the store, as `hub harvest` does."""

    settings: Settings
    sites: Sequence[SiteConfig]
    environment: Mapping[str, str]
    clock: Clock

    async def run(self) -> Sequence[HarvestReport]:
        """Read everything new from every site; one report each."""
        engine = open_engine(self.settings.database_url)
        secrets = ReferredSecrets(environment=self.environment, folder=self.settings.sites or Path())
        sealing = open_sealing(self.settings, self.environment, structlog.get_logger("hub.sealing"))
        harvester = Harvester(
            engine, load_rules(), self.clock.now, sealing=sealing, patience=Patience(attempts=2, wait_s=0.1)
        )
        reports = []
        try:
            for site in self.sites:
                connector = open_site(site, secrets, now=self.clock.now)
                try:
                    reports.append(await harvester.run(connector, site))
                finally:
                    await connector.close()
        finally:
            await engine.dispose()
        return reports


def _told(report: HarvestReport) -> str:
    if report.error:
        return f"  {report.source}: {report.error}"
    if not report.streams:
        return f"  {report.source}: 在线查询 asked live, per question"
    received = sum(stream.received for stream in report.streams)
    accepted = sum(stream.accepted for stream in report.streams)
    rejected = sum(stream.rejected for stream in report.streams)
    return f"  {report.source}: 收到 received {received}, 接受 accepted {accepted}, 问题数据 quarantined {rejected}"


@asynccontextmanager
async def _served(settings: Settings, around: Surroundings, listener: socket.socket) -> AsyncIterator[str]:
    """Run the hub in this loop, at *listener*, until the block ends; its address."""
    ready = asyncio.Event()
    server = _Server(configure(build_door(settings, around), settings), ready=lambda _address: ready.set())
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="hub")
    # A server that cannot start ends: then nobody waits for it.
    serving.add_done_callback(lambda _task: ready.set())
    try:
        await ready.wait()
        if not server.started:
            await serving
            raise SettingsError("the hub did not start")
        yield server.address
    finally:
        server.should_exit = True
        await serving


class _Server(HubServer):
    """A server that leaves signals to the demonstration."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them."""
        yield
