"""
Step 6 of the road: fetch what was granted, and only that; archive and live sources side by side.

Rules:
    - A live source is asked for kinds and fields that the plan granted; if it was granted nothing it is not asked.
    - One source that fails never fails the question: its part is absent, and the source is named.
    - Every question has a deadline for its sources; who has not answered by then is missing, and not waited for.
    - No source's message goes further than the operator's log.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from structlog.typing import FilteringBoundLogger

from connectors.errors import SourceError
from hub.clock import Clock
from hub.ingest.live_content import LivePart
from hub.road.contacts import Contacts
from hub.road.unseal import Unsealer
from hub.store.dossiers import Dossier, Dossiers
from schema.records import StoredRecord


class Live(Protocol):
    """A source that is asked per question."""

    @property
    def id(self) -> str:
        """Site identifier."""

    @property
    def serves(self) -> frozenset[str]:
        """Kinds it can answer for."""

    def ask(
        self,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
        *,
        deadline_s: float,
    ) -> asyncio.Future[Mapping[str, LivePart]]:
        """Ask for *codes*, of each of *kinds* only the named *fields*: every code's part, or a `SourceError`."""


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
        dossiers: Code -> dossier; an empty one of version 0 for a code that is not on file.
        parts: Code -> what live sources said of it, in the order of the sources; codes without any record are absent.
        missing: Live sources that did not answer.
    """

    codes: tuple[str, ...]
    dossiers: Mapping[str, Dossier]
    parts: Mapping[str, tuple[LivePart, ...]]
    missing: tuple[Missing, ...]

    @property
    def live(self) -> Mapping[str, Sequence[StoredRecord]]:
        """Code -> records of live sources with the times of these answers; made at each reading."""
        return {code: [record for part in parts for record in part.records] for code, parts in self.parts.items()}


_NOTHING: Final[Mapping[str, tuple[LivePart, ...]]] = MappingProxyType({})


class Fetcher:
    """
    Fetches from the archive and from live sources.

    Attributes:
        unsealer: Opens what is sealed of it; None: nothing is ever opened.
    """

    def __init__(
        self,
        dossiers: Dossiers,
        live: Sequence[Live],
        contacts: Contacts,
        *,
        deadline_s: float,
        clock: Clock,
        log: FilteringBoundLogger,
        unsealer: Unsealer | None = None,
    ) -> None:
        self.unsealer = unsealer
        self._dossiers = dossiers
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
        stored: frozenset[str] | None = None,
        ask_live: bool = True,
    ) -> Fetched:
        """
        Fetch the dossiers of *codes*.

        Args:
            codes: Well-formed subject codes, each once.
            kinds: Kinds whose rows may be listed or counted for the asker, as far as they were asked for.
            fields: Kind -> attributes granted and asked for.
            stored: Kinds to read from the archive; None: *kinds*.
            ask_live: Ask live sources too, not only the archive.
        """
        if not codes:
            return Fetched(codes=(), dossiers={}, parts={}, missing=())
        loop = asyncio.get_running_loop()
        until = loop.time() + self._deadline_s
        calls = [
            (source, source.ask(codes, kinds, fields, deadline_s=self._deadline_s))
            for source in self._live
            if ask_live and source.serves & kinds
        ]
        try:
            dossiers = await self._dossiers.read(codes, kinds if stored is None else stored, names=True, absent=True)
            if calls:
                await _settled([call for _, call in calls if not call.done()], until)
        finally:
            for _, call in calls:
                _give_up(call)
        parts, missing = self._collected(calls, codes) if calls else (_NOTHING, ())
        return Fetched(codes=tuple(codes), dossiers=dossiers, parts=parts, missing=tuple(missing))

    def of_the_archive(self) -> "Fetcher":
        """The same without live sources: they are asked for answers only."""
        return Fetcher(
            self._dossiers,
            (),
            self._contacts,
            deadline_s=self._deadline_s,
            clock=self._clock,
            log=self._log,
            unsealer=self.unsealer,
        )

    def asked(self, kinds: frozenset[str]) -> list[str]:
        """Identifiers of the live sources that a question about *kinds* asks."""
        return [source.id for source in self._live if source.serves & kinds]

    @property
    def counts(self) -> Mapping[str, int]:
        """How often a dossier was found in memory; see `Dossiers.counts`."""
        return self._dossiers.counts

    def forget(self, codes: Iterable[str]) -> None:
        """Forget what is kept of *codes*: they have changed."""
        self._dossiers.forget(codes)

    def _collected(
        self, calls: Sequence[tuple[Live, "asyncio.Future[Mapping[str, LivePart]]"]], codes: Sequence[str]
    ) -> tuple[Mapping[str, tuple[LivePart, ...]], Sequence[Missing]]:
        parts: dict[str, tuple[LivePart, ...]] = {}
        missing: list[Missing] = []
        for source, call in calls:
            answer = _answer_of(call)
            if isinstance(answer, str):
                missing.append(self._noted(Missing(source=source.id, code=answer)))
                continue
            for code, part in answer.items():
                if part.content.records:
                    parts[code] = (*parts.get(code, ()), part)
            self._contacts.note(source.id, answer[codes[0]].at, None)
        return parts, missing

    def _noted(self, fault: Missing) -> Missing:
        self._contacts.note(fault.source, self._clock.now(), fault.code)
        self._log.warning("source_unavailable", source=fault.source, code=fault.code)
        return fault


async def _settled(calls: Sequence["asyncio.Future[Mapping[str, LivePart]]"], until: float) -> None:
    """Wait until every one of *calls* has ended, but not beyond the loop's time *until*."""
    if not calls:
        return
    # One future and one timer for all of them: `asyncio.wait` does the same at three times the price.
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    left = len(calls)

    def ended(_call: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            _wake(over)

    for call in calls:
        call.add_done_callback(ended)
    timer = loop.call_at(until, _wake, over)
    try:
        await over
    finally:
        timer.cancel()


def _wake(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)


def _give_up(call: "asyncio.Future[Mapping[str, LivePart]]") -> None:
    """Wait no more for *call*; if it failed, nobody is left who had to be told."""
    if not call.cancel() and not call.cancelled():
        call.exception()


def _answer_of(call: "asyncio.Future[Mapping[str, LivePart]]") -> Mapping[str, LivePart] | str:
    """What came of *call*: the parts, or the code of the fault."""
    if call.cancelled():
        return "SRC_TIMEOUT"
    error = call.exception()
    if error is None:
        return call.result()
    if isinstance(error, SourceError):
        return error.code
    raise error
