"""
Builds the hub from its settings: the one place where parts meet.

Rules:
    - Nothing here decides anything; it opens, passes and closes.
    - A part that weakens safety is built nowhere: `settings` refuses it in production.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.typing import FilteringBoundLogger

from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import SiteConfig, load_sites
from hub.access import cursors, pseudonyms
from hub.access.budget import Allowances
from hub.access.policies import Policies
from hub.access.rights import Rights
from hub.access.visitors import VISITORS_KEY_SIZE, Visitors
from hub.administration.desk import Desk
from hub.administration.graph.windows import WindowParts, windows
from hub.administration.journal import Journal
from hub.administration.questions import Questions
from hub.administration.replay import Replays
from hub.administration.services import Services, services_of
from hub.administration.upkeep import upkeep
from hub.afterwards import Afterwards
from hub.audit.log import Log
from hub.audit.sequencer import Sequencer
from hub.clock import Clock
from hub.errors import SettingsError
from hub.exchange import CostLimits, ExchangeRoad, Ground, RightsShelf
from hub.gateway.documents import DocumentDesk, Remembered, TrustedDocuments
from hub.gateway.door import Door, DoorParts
from hub.gateway.health import Health, store_usable
from hub.gateway.http import Limits
from hub.gateway.metrics import Metrics
from hub.gateway.page import bundle_directory
from hub.gateway.peers import Proxies
from hub.identity import nonces
from hub.identity.assembly import NONCE_KEY, Basis, assemble
from hub.identity.certificates import networks_of
from hub.identity.keys import token_key
from hub.identity.officers import seal
from hub.identity.officers.office import Office
from hub.identity.officers.parts import OfficerParts, officer_parts
from hub.identity.officers.routes import officer_routes
from hub.ingest.live import LiveSource
from hub.rehearsal import Rehearsals
from hub.road.contacts import Contacts
from hub.road.documents import Documents
from hub.road.fetch import Fetcher
from hub.road.plans import Plans
from hub.road.searching import Searches
from hub.road.status import Status
from hub.road.strokes import Strokes
from hub.road.toll import Tollgate
from hub.road.unseal import Unsealer
from hub.rulebook import load_rules
from hub.sealing.build import open_sealing
from hub.sealing.sealer import Sealing
from hub.settings import Settings
from hub.store import migrate
from hub.store.dossiers import Dossiers
from hub.store.engine import glancing, open_engine
from hub.store.epochs import Epochs
from hub.store.officers_tables import Officer
from hub.store.sources import Sources
from hub.store.tables import table_of
from keys import envelope
from keys.ring import KeyRing, KeyUse
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.graph.build import Exchange, build_exchange
from schema.plan.guarded import guard_table
from schema.plan.sizes import Profile
from schema.policy.model import Policy

CURSOR_KEY = "cursors"
RECORD_NAME_KEY = "record-names"
QUESTION_KEY = "questions"
_SECRETS = {
    CURSOR_KEY: cursors.KEY_SIZE,
    RECORD_NAME_KEY: pseudonyms.KEY_SIZE,
    seal.KEY_NAME: seal.KEY_SIZE,
    NONCE_KEY: nonces.KEY_SIZE,
    QUESTION_KEY: envelope.KEY_SIZE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """
    What the hub takes from outside itself.

    Attributes:
        clock: The time.
        log: Where it reports.
        environment: Variables that site descriptions may refer to (`env:NAME`).
        entropy: Gives n random bytes, fit for secrets: salts of the log's entries.
    """

    clock: Clock
    log: FilteringBoundLogger
    environment: Mapping[str, str]
    entropy: Callable[[int], bytes] = token_bytes


def open_ring(settings: Settings) -> KeyRing:
    """
    Open the key ring, making what it lacks outside production.

    Raises:
        RingError: it cannot be opened, or a key is absent in production.
    """
    if not settings.in_production:
        prepare_ring(settings)
    return KeyRing.open(settings.keys)


def prepare_ring(settings: Settings) -> list[str]:
    """
    Make what the ring lacks of what the hub needs, and tell what that was.

    In production the operator calls it (`hub keys prepare`): a hub that made keys where it finds none would go on
    under another name.

    Raises:
        RingError: it cannot be opened or written.
    """
    ring = KeyRing.open(settings.keys, create=True)
    made = []
    if settings.log_origin not in ring.names(KeyUse.NOTE):
        ring.create_note_key(settings.log_origin)
        made.append(settings.log_origin)
    if not ring.names(KeyUse.TOKEN):
        made.append(token_key(ring)["kid"])
    for name, size in _SECRETS.items():
        if name not in ring.names(KeyUse.SECRET):
            ring.create_secret(name, size)
            made.append(name)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The parts that hold something open: store, keys, log, live sources; and the schema, which is dear to build."""

    engine: AsyncEngine
    ring: KeyRing
    exchange: Exchange
    sequencer: Sequencer
    live: "LiveSources"
    status: Status
    contacts: Contacts
    epochs: Epochs
    strokes: Strokes
    sealing: Sealing


def _open(settings: Settings, around: Surroundings) -> Opened:
    engine = open_engine(settings.database_url)
    ring = open_ring(settings)
    epochs, contacts = Epochs(engine), Contacts()
    return Opened(
        engine=engine,
        ring=ring,
        exchange=build_exchange(KINDS),
        sequencer=Sequencer(
            engine,
            ring.signer(settings.log_origin),
            settings.log_origin,
            now=around.clock.now,
            entropy=around.entropy,
        ),
        live=LiveSources(settings, around),
        status=Status(Sources(engine, epochs), contacts),
        contacts=contacts,
        epochs=epochs,
        strokes=Strokes(settings.stroke_s),
        sealing=open_sealing(settings, around.environment, around.log),
    )


def build_door(settings: Settings, around: Surroundings) -> Door:
    """
    Build the hub's ASGI application. Nothing is connected until its lifespan begins.

    Raises:
        SettingsError: the settings contradict what they name.
        RingError: a key cannot be read.
        SiteConfigError: a site description is wrong.
    """
    opened = _open(settings, around)
    engine, ring, sequencer = opened.engine, opened.ring, opened.sequencer
    metrics = Metrics()
    ground = _ground(opened, settings, around)
    metrics.watch(partial(_memories, ground))
    metrics.watch_sealing(opened.sealing.keys.tally.events)
    questions = _questions(opened, settings, around)

    async def log_size() -> int:
        head = await Log(engine).checkpoint()
        return 0 if head is None else head.size

    async def log_usable() -> bool:
        await sequencer.check()
        return sequencer.usable

    officers = _officers(opened, settings, around)
    who = assemble(settings, _basis(opened, around, officers))
    services = _administration(opened, officers, around, _replays(ground, questions))
    gate = _gate(opened, ground, settings, around, Afterwards(questions, services.grants))

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(engine.dispose)
            stack.callback(opened.strokes.close)
            check_migrated(settings)
            await sequencer.start()
            stack.push_async_callback(sequencer.stop)
            stack.push_async_callback(gate.drain)
            stack.push_async_callback(opened.live.close)
            await settle_policy(engine, services.journal, around.clock.now())
            await stack.enter_async_context(upkeep(services.journal, services.grants, questions, around.log))
            if services.replays is not None:
                stack.push_async_callback(services.replays.close)
            yield

    limits = Limits(
        body_max_bytes=settings.body_max_bytes,
        url_max_bytes=settings.url_max_bytes,
        body_deadline_s=settings.body_deadline_s,
        deadline_s=settings.deadline_s,
    )
    certificate_header = settings.client_certificate_header.lower().encode()
    return Door(
        DoorParts(
            road=gate,
            proxies=_proxies(settings),
            doorkeeper=who.identity,
            certificate_header=certificate_header,
            desk=DocumentDesk(
                TrustedDocuments(engine, _remembered(settings)),
                _remembered(settings),
            ),
            limits=limits,
            health=Health(
                checks={"store": lambda: store_usable(engine), "log": log_usable},
                sources=opened.status.all,
                log_size=log_size,
                metrics=metrics,
                clock=around.clock,
                log=around.log,
            ),
            metrics=metrics,
            log=around.log,
            jwks=ring.jwks,
            graphiql=bundle_directory() if settings.graphiql else None,
            lifespan=lifespan,
            more=[
                *who.routes,
                _sdl_route("/schema.graphql", opened.exchange.plain_sdl),
                _sdl_route("/schema/secured.graphql", opened.exchange.secured_sdl),
                *officer_routes(officers),
                *windows(
                    WindowParts(
                        engine=engine,
                        services=services,
                        doorkeeper=who.identity,
                        cursors=ground.cursors,
                        limits=limits,
                        clock=around.clock,
                        log=around.log,
                        certificate_header=certificate_header,
                    )
                ),
            ],
        ),
    )


def _ground(opened: Opened, settings: Settings, around: Surroundings) -> Ground:
    exchange = opened.exchange
    table = guard_table(KINDS, CATALOGUE_VERSION)
    sealed = cursors.SealedCursors(opened.ring.secret(CURSOR_KEY))
    return Ground(
        exchange=exchange,
        sdl=exchange.secured_sdl if settings.sdl_profile == "secured" else exchange.plain_sdl,
        table=table,
        documents=Documents(exchange.schema, size=settings.plans_max),
        plans=Plans(exchange, table, plans_max=settings.plans_max, profile=_profile(settings)),
        policies=Policies(opened.engine, opened.epochs),
        rights=Rights(opened.engine, opened.epochs),
        epochs=opened.epochs,
        fetcher=Fetcher(
            Dossiers(opened.engine, opened.epochs, cache_records=settings.dossier_cache_records),
            opened.live.sources,
            opened.contacts,
            deadline_s=settings.source_deadline_s,
            clock=around.clock,
            log=around.log,
            unsealer=Unsealer(opened.engine, opened.sealing),
        ),
        searches=Searches(opened.engine),
        status=opened.status,
        log=opened.sequencer,
        cursors=sealed,
        pseudonyms=pseudonyms.Pseudonyms(opened.ring.secret(RECORD_NAME_KEY)),
        rules=load_rules(),
        limits=CostLimits(rows_max=settings.cost_rows_max, bytes_max=settings.cost_bytes_max),
        clock=around.clock,
        report=around.log,
    )


def _questions(opened: Opened, settings: Settings, around: Surroundings) -> Questions:
    secret = opened.ring.secret(QUESTION_KEY)
    key_id = sha256(b"questions" + secret).digest()[: envelope.KEY_ID_SIZE]
    cipher = envelope.LocalKey.of(key_id, secret)
    return Questions(opened.engine, cipher, around.clock, around.entropy, days=settings.replay_days)


def _replays(ground: Ground, questions: Questions) -> Callable[[Desk], Replays]:
    def stage(policy: Policy, rights: RightsShelf, now: datetime) -> Rehearsals:
        return Rehearsals(ground, policy, rights, now)

    return lambda desk: Replays(desk, questions, stage)


def _gate(opened: Opened, ground: Ground, settings: Settings, around: Surroundings, afterwards: Afterwards) -> Tollgate:
    return Tollgate(
        ExchangeRoad(ground, opened.strokes, afterwards),
        log=opened.sequencer,
        allowances=Allowances(
            requests_per_minute=settings.partner_requests_per_minute,
            subjects_per_day=settings.partner_subjects_per_day,
            public_requests_per_minute=settings.public_requests_per_minute,
        ),
        visitors=Visitors(settings.public_requests_per_minute or None, key=around.entropy(VISITORS_KEY_SIZE)),
        clock=around.clock,
    )


def _officers(opened: Opened, settings: Settings, around: Surroundings) -> OfficerParts:
    journal = Journal(opened.engine, around.clock, around.entropy, log=opened.sequencer)
    office = Office(engine=opened.engine, journal=journal, clock=around.clock, entropy=around.entropy)
    return officer_parts(settings, office, opened.ring, around.environment)


def _administration(
    opened: Opened, officers: OfficerParts, around: Surroundings, replays: Callable[[Desk], Replays]
) -> Services:
    desk = Desk(
        engine=opened.engine,
        journal=Journal(opened.engine, around.clock, around.entropy, log=opened.sequencer),
        sessions=officers.sessions,
        table=guard_table(KINDS, CATALOGUE_VERSION),
        clock=around.clock,
        entropy=around.entropy,
    )
    # Read for explanations alone, and nothing is kept of it.
    records = Dossiers(opened.engine)
    return services_of(
        desk, officers.officers, officers.sessions, records=records, rules=load_rules(), replays=replays(desk)
    )


def _basis(opened: Opened, around: Surroundings, officers: OfficerParts) -> Basis:
    return Basis(
        engine=opened.engine,
        epochs=opened.epochs,
        ring=opened.ring,
        clock=around.clock,
        log=around.log,
        entropy=around.entropy,
        sessions=officers.sessions,
    )


def _proxies(settings: Settings) -> Proxies:
    return Proxies(
        trusted=networks_of(settings.trusted_proxies), header=settings.client_address_header.lower().encode()
    )


def _memories(ground: Ground) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
    plans = ground.plans
    kept = {
        "document": ground.documents.valid.counts,
        "standing": plans.standings.counts,
        "ruling": plans.rulings.counts,
        "plan": plans.plans.counts,
        # Not the dossiers': anybody may read the counters, and would count the hidden subjects that a search read past.
    }
    events = {(name, event): count for name, counts in kept.items() for event, count in counts.items()}
    return events, dict(plans.handovers)


def _profile(settings: Settings) -> Profile:
    try:
        return Profile.of(settings.cost_records)
    except ValueError as error:
        raise SettingsError(f"HUB_COST_RECORDS: {error}") from None


def _remembered(settings: Settings) -> Remembered:
    return Remembered(entries_max=settings.persisted_max, document_max_bytes=settings.document_max_bytes)


def _sdl_route(path: str, sdl: str) -> Route:
    async def read(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(sdl, headers={"cache-control": "public, max-age=300"})

    return Route(path, read)


def check_migrated(settings: Settings) -> None:
    """
    Check that the store has the tables this code was written for.

    Raises:
        SettingsError: it has not; names the command that mends it.
    """
    found, expected = migrate.current(settings.database_url), migrate.latest()
    if found != expected:
        raise SettingsError(f"store: got migration {found}, expected {expected}; run: hub migrate")


async def settle_policy(engine: AsyncEngine, journal: Journal, now: datetime) -> None:
    """
    Put the seed policy into force if the store never held one; what the log does not hold yet is announced.

    A hub without officers takes a later release's seed too; officers adopt it themselves.
    """
    policies = Policies(engine)
    async with glancing(engine) as reader:
        (officers,) = await reader.rows(select(func.count()).select_from(table_of(Officer)))
    await policies.settle(now, adopt=officers[0] == 0)
    await journal.announce()


class LiveSources:
    """The sites that are asked per question, opened on first use and closed with the hub."""

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self.sources: Sequence[LiveSource] = tuple(
            LiveSource(
                config=config,
                connector=open_site(config, _secrets(settings, around), now=around.clock.now),
                book=load_rules(),
                clock=around.clock,
                log=around.log,
            )
            for config in configured_sites(settings)
            if config.live
        )

    async def close(self) -> None:
        """Let go of every site."""
        for source in self.sources:
            await source.close()


def configured_sites(settings: Settings) -> tuple[SiteConfig, ...]:
    """Read the site descriptions the settings point to; none without a folder."""
    return () if settings.sites is None else load_sites(settings.sites)


def _secrets(settings: Settings, around: Surroundings) -> ReferredSecrets:
    return ReferredSecrets(environment=around.environment, folder=settings.sites or Path())
