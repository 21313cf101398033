"""What commands of administration share: who acts, and the services of the domain over the configured store."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.acting import Agent, Operator, check_may
from hub.administration.desk import Desk
from hub.administration.journal import Journal
from hub.administration.services import Services, services_of
from hub.cli.officer_session import acting_of, parts_of
from hub.cli.session import opened_store, run
from hub.clock import SystemClock
from hub.identity.officers.duties import Duty
from hub.rulebook import load_rules
from hub.settings import Settings
from hub.store.dossiers import Dossiers
from hub.store.engine import reading
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.plan.guarded import guard_table

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """
    What a command works with.

    Attributes:
        agent: The officer of the session, or the operator of a hub without officers.
        services: Of the domain. What they do is announced in the log by the running hub, or when it next starts.
        engine: The store.
        now: When the command began.
    """

    agent: Agent
    services: Services
    engine: AsyncEngine
    now: datetime

    @property
    def is_attended(self) -> bool:
        """Whether the hub has officers: then what gives is drafted, not done."""
        return not isinstance(self.agent, Operator)

    async def check(self, duty: Duty) -> None:
        """
        Check that whoever runs the command may do *duty*.

        Raises:
            ForbiddenError: names the rule.
        """
        async with reading(self.engine) as reader:
            await check_may(reader, self.agent, duty)


def administer(work: Callable[[At], Awaitable[T]]) -> T:
    """Run *work* as whoever has a session here; a refusal becomes one line on stderr, with its rule."""

    async def whole(settings: Settings) -> T:
        clock = SystemClock()
        async with opened_store(settings) as engine:
            acting = await acting_of(settings, engine)
            parts = parts_of(settings, engine)
            desk = Desk(
                engine=engine,
                journal=Journal(engine, clock, secrets.token_bytes),
                sessions=parts.sessions,
                table=guard_table(KINDS, CATALOGUE_VERSION),
                clock=clock,
                entropy=secrets.token_bytes,
            )
            at = At(
                agent=Operator() if acting is None else acting,
                services=services_of(
                    desk, parts.officers, parts.sessions, records=Dossiers(engine), rules=load_rules()
                ),
                engine=engine,
                now=clock.now(),
            )
            return await work(at)

    return run(whole)
