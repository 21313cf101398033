"""
Step 6 of the road: fetch what was granted, and only that; archive and live sources side by side.

Rules:
    - A live source is asked for kinds and fields that the plan granted; if it was granted nothing it is not asked.
    - One source that fails never fails the question: its part is absent, and the source is named.
    - Every call has a deadline, and no source's message goes further than the operator's log.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import FilteringBoundLogger

from connectors.errors import SourceError
from hub.clock import Clock
from hub.road.contacts import Contacts
from hub.store.dossiers import Dossier, Dossiers
from hub.store.timeline import TimelineEvent, read_timelines
from schema.records import StoredRecord


class Live(Protocol):
    """A source that is asked per question."""

    @property
    def id(self) -> str:
        """Site identifier."""

    @property
    def serves(self) -> frozenset[str]:
        """Kinds it can answer for."""

    async def ask(
        self,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
        *,
        deadline_s: float,
    ) -> Mapping[str, Sequence[StoredRecord]]:
        """Ask for *codes*, of each of *kinds* only the named *fields*. Raises `SourceError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A source that could not be asked: its id and the stable code of the fault."""

    source: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """
    What was fetched.

    Attributes:
        codes: The codes that were asked for.
        dossiers: Code -> dossier, for codes on file.
        live: Code -> records of live sources.
        timelines: Code -> timeline, only if names were asked for.
        missing: Live sources that did not answer.
    """

    codes: tuple[str, ...]
    dossiers: Mapping[str, Dossier]
    live: Mapping[str, Sequence[StoredRecord]]
    timelines: Mapping[str, Sequence[TimelineEvent]]
    missing: tuple[Missing, ...]


class Fetcher:
    """Fetches from the archive and from live sources."""

    def __init__(
        self,
        engine: AsyncEngine,
        live: Sequence[Live],
        contacts: Contacts,
        *,
        deadline_s: float,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._engine = engine
        self._dossiers = Dossiers(engine)
        self._live = tuple(live)
        self._contacts = contacts
        self._deadline_s = deadline_s
        self._clock = clock
        self._log = log

    async def fetch(
        self,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
        *,
        names: bool,
        ask_live: bool = True,
    ) -> Fetched:
        """
        Fetch the dossiers of *codes*.

        Args:
            codes: Well-formed subject codes, each once.
            kinds: Kinds whose rows may be listed or counted for the asker.
            fields: Kind -> attributes granted and asked for.
            names: Former names and timeline are asked for as well.
            ask_live: Ask live sources too, not only the archive.
        """
        if not codes:
            return Fetched(codes=(), dossiers={}, live={}, timelines={}, missing=())
        asked = [source for source in self._live if ask_live and source.serves & kinds]
        async with asyncio.TaskGroup() as group:
            archive = group.create_task(self._dossiers.read(codes, kinds, names=names))
            history = group.create_task(read_timelines(self._engine, codes)) if names else None
            answers = [group.create_task(self._ask(source, codes, kinds, fields)) for source in asked]
        live: dict[str, list[StoredRecord]] = {}
        missing: list[Missing] = []
        for answer in (task.result() for task in answers):
            if isinstance(answer, Missing):
                missing.append(answer)
                continue
            for code, records in answer.items():
                live.setdefault(code, []).extend(records)
        return Fetched(
            codes=tuple(codes),
            dossiers=archive.result(),
            live=live,
            timelines=history.result() if history else {},
            missing=tuple(missing),
        )

    async def _ask(
        self,
        source: Live,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
    ) -> Mapping[str, Sequence[StoredRecord]] | Missing:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await source.ask(codes, kinds, fields, deadline_s=self._deadline_s)
        except TimeoutError:
            fault = Missing(source=source.id, code="SRC_TIMEOUT")
        except SourceError as error:
            fault = Missing(source=source.id, code=error.code)
        else:
            self._contacts.note(source.id, self._clock.now(), None)
            return answer
        self._contacts.note(source.id, self._clock.now(), fault.code)
        self._log.warning("source_unavailable", source=fault.source, code=fault.code)
        return fault
