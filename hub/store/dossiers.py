"""
Reads dossiers: everything kept about some organisations, in one indexed statement per chunk of codes.

Rules:
    - A dossier never carries a newer version than its records: one statement sees one state of the store. If a record
      changes later, the disclosure's check at commit (`subject.version`) sends the answer back.
    - What is kept in memory is whole: all kinds, former names, timeline. It is believed because that check is made for
      every answer; who is told of a stale subject calls `forget`. Whose records a source's are (`StoredRecord.owner`)
      stands in no subject's version: everything is let go of when the epoch `owner` changes.
    - Nothing here decides who may see what: callers leave out what was not granted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import sleep
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store.epochs import Epochs
from hub.store.search import Position, SearchPage, search
from hub.store.shelf import Shelf
from hub.store.sources import SourceState, read_sources
from hub.store.subjects import SubjectFacts, no_subject
from hub.store.threads import Connection, ReadThreads
from hub.store.timeline import TimelineEvent
from hub.store.whole import Labels, Part, Reading, bound, dossiers_statement, written
from schema.identifiers.uscc import USCC_LENGTH
from schema.records import StoredRecord

_CHUNK = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """
    A subject with the heads of its records.

    While it is kept in memory every read gives the same object, so that others may keep beside it what they made of it.

    Attributes:
        subject: The subject; its former names if they were asked for or the dossier is kept in memory.
        records: By kind and record key. Of the kinds asked for at least; of all kinds if it is kept in memory.
        timeline: Oldest step first; there under the same condition as the former names.
        labels: What officers laid on some of the records; there whenever records are.
        memo: Where the road keeps what it derived; it goes with the dossier. Owned by the event loop.
    """

    subject: SubjectFacts
    records: tuple[StoredRecord, ...]
    timeline: tuple[TimelineEvent, ...] = ()
    labels: Labels = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_on_file(self) -> bool:
        """Whether there is such a subject; if not, this stands for the knowledge that there is none."""
        return self.subject.version > 0


class Dossiers:
    """
    Reads dossiers from one store.

    Args:
        engine: The store. Its disposal ends the threads that read.
        epochs: Needed to keep anything in memory.
        cache_records: Records kept in memory in all, a subject counting as one more; 0 keeps none. A subject with more
            than a tenth of it is not kept.
    """

    def __init__(self, engine: AsyncEngine, epochs: Epochs | None = None, *, cache_records: int = 0) -> None:
        self._engine = engine
        self._epochs = epochs
        self._threads = ReadThreads(engine)
        self._shelf: Shelf[Dossier] | None = Shelf(cache_records) if epochs is not None and cache_records else None
        # Of `owner`, when what is on the shelf was read.
        self._epoch: int | None = None
        self._asked: dict[Part, _Asked] = {}

    async def read(
        self, codes: Sequence[str], kinds: frozenset[str], *, names: bool = False, absent: bool = False
    ) -> Mapping[str, Dossier]:
        """
        Read the dossiers of *codes*, with at least the records of *kinds*: callers leave out the others.

        Args:
            codes: Subject codes, any number, any text; what is no code is simply not there.
            kinds: Catalogue kinds.
            names: Also former names and timeline.
            absent: Also tell of codes that are not on file, by an empty dossier of version 0. For callers whose commit
                compares that version, as it does every other: it may be kept in memory like any dossier.

        Returns:
            Code -> dossier, for the codes that are known. No order is promised.

        Raises:
            StoreUnavailableError: the store cannot be read.
        """
        if self._shelf is None or self._epochs is None:
            part = Part(records=bool(kinds), kinds=bool(kinds), history=names)
            read = await self._fetch(_askable(codes), kinds, part)
            return {**dict(_nothing(codes, read)), **read} if absent else read
        epoch = await self._epochs.tag("owner")
        if epoch != self._epoch:
            self._shelf.clear()
            self._epoch = epoch
        found: dict[str, Dossier] = {}
        missing: list[str] = []
        for code in codes:
            kept = self._shelf.find(code)
            # That a code is not on file is believed only by those who have it checked.
            if kept is None or not (absent or kept.is_on_file):
                missing.append(code)
            else:
                found[code] = kept
        if missing:
            fresh = await self._fetch(_askable(missing), kinds, Part())
            # That a code is not on file is kept like a dossier: the second question for it costs what one for a
            # subject costs that the asker may not know of.
            fresh.update(_nothing(_askable(missing), fresh))
            found.update(fresh if epoch != self._epoch else self._keep(self._shelf, fresh))
        return found if absent else {code: dossier for code, dossier in found.items() if dossier.is_on_file}

    @property
    def counts(self) -> Mapping[str, int]:
        """How often a dossier was found in memory, was not, and had to leave; nothing if none is kept."""
        return {} if self._shelf is None else self._shelf.counts

    def forget(self, codes: Iterable[str]) -> None:
        """Let go of *codes*: a commit told that they are stale."""
        if self._shelf is not None:
            self._shelf.drop(codes)

    async def find(self, code: str, *, names: bool = False) -> SubjectFacts | None:
        """Find the organisation with *code*; None if it is not known."""
        found = (await self.read([code], frozenset(), names=names)).get(code)
        return found.subject if found else None

    async def search(self, text: str, limit: int, after: Position | None = None) -> SearchPage:
        """Find organisations by name: see `hub.store.search.search`."""
        return await search(self._engine, text, limit, after)

    async def sources(self, now: datetime) -> Sequence[SourceState]:
        """All sources by rank and id, with their state at *now* (aware), from the store."""
        return await read_sources(self._engine, now)

    @staticmethod
    def _keep(shelf: Shelf[Dossier], fresh: Mapping[str, Dossier]) -> Mapping[str, Dossier]:
        """Keep *fresh*, and tell for each what is kept: another read may have come first, with as new a version."""
        kept: dict[str, Dossier] = {}
        for code, dossier in fresh.items():
            there = shelf.find(code)
            if there is not None and there.subject.version >= dossier.subject.version:
                kept[code] = there
                continue
            shelf.put(code, dossier, 1 + len(dossier.records))
            kept[code] = dossier
        return kept

    async def _fetch(self, codes: Sequence[str], kinds: frozenset[str], part: Part) -> dict[str, Dossier]:
        if part not in self._asked:
            self._asked[part] = _Asked(self._threads.dialect, part)
        asked = self._asked[part]
        dossiers: dict[str, Dossier] = {}
        for chunk in _chunks(codes):
            dossiers.update(await self._threads.run(partial(asked.read, asked.values(chunk, kinds))))
        return dossiers


class _Asked:
    """A statement, written once, and how its rows are read. Used by all threads: it changes nothing of itself."""

    def __init__(self, dialect: str, part: Part) -> None:
        self._dialect = dialect
        self._part = part
        self._statement = written(dossiers_statement(dialect, part), dialect)
        self._reading = Reading(part)

    def values(self, codes: Sequence[str], kinds: frozenset[str]) -> dict[str, object]:
        """Its parameters."""
        values = {"codes": bound(self._dialect, codes)}
        return {**values, "kinds": bound(self._dialect, sorted(kinds))} if self._part.kinds else values

    def read(self, values: dict[str, object], connection: Connection) -> dict[str, Dossier]:
        """The dossiers of one chunk."""
        dossiers: dict[str, Dossier] = {}
        for row in connection.rows(self._statement, values):
            if dossiers:
                # Gives the turn to the event loop, which would else get it every five milliseconds only.
                sleep(0)
            subject, records, labels, timeline = self._reading.of(row)
            dossiers[subject.code] = Dossier(subject=subject, records=records, labels=labels, timeline=timeline)
        return dossiers


def _askable(codes: Iterable[str]) -> list[str]:
    """Codes the store can be asked for: PostgreSQL refuses some texts (NUL, lone surrogates) that are no codes."""
    return [code for code in dict.fromkeys(codes) if len(code) == USCC_LENGTH and code.isascii() and code.isalnum()]


def _chunks(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), _CHUNK):
        yield codes[start : start + _CHUNK]


def _nothing(codes: Iterable[str], found: Mapping[str, Dossier]) -> Iterator[tuple[str, Dossier]]:
    """Empty dossiers for those of *codes* that were not *found*."""
    for code in codes:
        if code not in found:
            yield code, Dossier(subject=no_subject(code), records=())
