"""What every part of administration stands on, and how an act is done: one transaction, one journal, one at a time."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.acting import Agent, check_may, name_of, session_of
from hub.administration.journal import Journal, new_id
from hub.audit.entries import Kind
from hub.clock import Clock, iso
from hub.errors import BadInputError
from hub.identity.officers.duties import Duty
from hub.identity.officers.model import Acting
from hub.store.engine import Writer, writing
from keys.canonical import Json
from schema.plan.guarded import GuardTable

REASON_MAX = 500
"""Characters of a reason or a comment."""


class Sessions(Protocol):
    """The officers' sessions (`hub.identity.officers.sessions.OfficerSessions`)."""

    async def confirm(self, writer: Writer, acting: Acting) -> Acting:
        """Tell anew, inside a transaction, who acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    The common ground.

    Attributes:
        engine: The store.
        journal: Told of every act.
        sessions: Confirms in the act's transaction that the officer's session still lives.
        table: The coordinates there are, with the catalogue's floor.
        clock: The time.
        entropy: Gives n random bytes, fit for secrets.
    """

    engine: AsyncEngine
    journal: Journal
    sessions: Sessions
    table: GuardTable
    clock: Clock
    entropy: Callable[[int], bytes]

    @asynccontextmanager
    async def act(self) -> AsyncIterator[Writer]:
        """
        Open the unit of work of one act; when it is durable, it is announced.

        Acts of administration take turns, so that each sees all that came before: no approval is lost, none counts
        twice, and what was checked is still so when it is written.
        """
        async with writing(self.engine) as writer:
            await writer.take_turn("administration")
            yield writer
        await self.journal.announce_quietly()

    async def admit(self, writer: Writer, agent: Agent, duty: Duty) -> Agent:
        """
        Tell who acts, once more and in this transaction, and check that they may do *duty*.

        Raises:
            UnauthenticatedError: the session has ended, or an approval needs a fresh proof of presence.
            ForbiddenError: see `hub.administration.acting.check_may`.
        """
        if isinstance(agent, Acting):
            agent = await self.sessions.confirm(writer, agent)
        await check_may(writer, agent, duty)
        return agent

    async def note(self, writer: Writer, kind: Kind, agent: Agent, action: str, values: Mapping[str, Json]) -> None:
        """Write into the journal that *agent* did *action*; values that are None are left out."""
        said = {"action": action, "by": name_of(agent), "session": session_of(agent), **values}
        await self.journal.record(writer, kind, {name: value for name, value in said.items() if value is not None})

    def new_id(self) -> str:
        """Name something new. Text order is the order of making."""
        return new_id(self.clock.now(), self.entropy)

    def now(self) -> str:
        """The present instant, as it is stored."""
        return iso(self.clock.now())


def check_reason(text: str, *, member: str = "reason", at_least: int = 1) -> str:
    """
    Check a reason or a comment, and tell it without the white space around it.

    Raises:
        BadInputError: empty or too short, too long, or not printable: rule `text.<member>`.
    """
    text = text.strip()
    if not at_least <= len(text) <= REASON_MAX or not text.replace("\n", " ").isprintable():
        raise BadInputError(
            f"{member}: expected {at_least} to {REASON_MAX} printable characters",
            place=(member,),
            extensions={"rule": f"text.{member}"},
        )
    return text
