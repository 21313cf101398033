"""
What one attempt at an answer has fetched and judged so far: steps 6 and 7 of the road, subject by subject.

Rules:
    - A subject is known through its rows. Where none of those that were asked for may be shown, the others are judged
      as well, only to tell whether the asker may know that the subject exists.
    - A subject that is not on file and one that the asker may not know of are looked for in the same way: one reading,
      one judgement, kept the same way. Nobody can tell them apart by what it costs.
    - What was judged is kept with the dossier, for the next asker of the same standing on the same day. The dossier
      itself is believed only because the answer's commit compares its version.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hub.ingest.live_content import LiveContent
from hub.road.fetch import Fetched, Fetcher, Missing
from hub.road.plans import Ruling
from hub.road.unseal import NAMES_ONLY, Opening, opening_of
from hub.road.views import REGISTRATION, Judge, Setting
from hub.store.dossiers import Dossier
from schema.plan.judged import JudgedSubject
from schema.plan.model import Plan

INLINE_ROWS = 400
"""Rows that are judged at once; more are judged in a thread, so that other askers do not wait."""
_KEPT = 8
_UNKNOWN = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What is read of every subject.

    Attributes:
        kinds: Kinds that were asked for and may be listed or counted.
        all_kinds: Every kind that may be listed or counted for this standing.
        fields: Kind -> attributes granted and asked for.
        opening: Tells what may be opened of sealed rows; asked only if there are any.
    """

    kinds: frozenset[str]
    all_kinds: frozenset[str]
    fields: Mapping[str, Sequence[str]]
    opening: Callable[[], Opening]


def wish_of(plan: Plan, all_kinds: frozenset[str]) -> Wish:
    """Say what *plan* reads of every subject; a registration is always read, since it tells who the subject is."""
    return Wish(
        kinds=plan.kinds | ({REGISTRATION} & all_kinds),
        all_kinds=all_kinds,
        fields=plan.fields,
        opening=partial(opening_of, plan),
    )


@dataclass(slots=True, kw_only=True)
class Sight:
    """
    The subjects seen so far.

    Attributes:
        subjects: Code -> subject, for those the asker may know of.
        versions: Code -> version it was read at; 0: not on file.
        glimpsed: The same for those that were only judged, see `glimpse`.
        moments: (live source, code) -> when it answered by its own time, and when that was received.
        missing: Live sources that did not answer.
    """

    fetcher: Fetcher
    ruling: Ruling
    setting: Setting
    wish: Wish
    subjects: dict[str, JudgedSubject] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    glimpsed: dict[str, int] = field(default_factory=dict)
    moments: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)

    @property
    def reads(self) -> Mapping[str, int]:
        """Code -> version, of all that decided the answer; of two readings the older counts."""
        both = self.versions.keys() & self.glimpsed.keys()
        return {
            **self.glimpsed,
            **self.versions,
            **{code: min(self.glimpsed[code], self.versions[code]) for code in both},
        }

    async def see(self, codes: Sequence[str]) -> None:
        """Fetch and judge the subjects with *codes* that were not seen yet."""
        new = [code for code in dict.fromkeys(codes) if code not in self.versions]
        if not new:
            return
        wish = self.wish
        fetched = await self.fetcher.fetch(new, wish.kinds, wish.fields, stored=wish.all_kinds)
        for code in new:
            self.versions[code] = _version(fetched, code)
        for parts in fetched.parts.values():
            self.moments |= {(part.source, part.content.subject): (part.as_of, part.received_at) for part in parts}
        self.missing |= {fault.source: fault for fault in fetched.missing}
        self.subjects |= await self._opened(fetched, await self._judged(fetched), wish.opening)

    async def glimpse(self, codes: Sequence[str]) -> Mapping[str, JudgedSubject]:
        """
        Judge the subjects with *codes* by what the archive says of them; nothing of them is shown yet.

        Returns:
            Code -> subject, for those the asker may know of.
        """
        wish = self.wish
        fetched = await self.fetcher.fetch(codes, wish.kinds, wish.fields, stored=wish.all_kinds, ask_live=False)
        for code in codes:
            self.glimpsed.setdefault(code, _version(fetched, code))
        return await self._opened(fetched, await self._judged(fetched), lambda: NAMES_ONLY)

    async def _opened(
        self, fetched: Fetched, judged: Mapping[str, JudgedSubject | None], opening: Callable[[], Opening]
    ) -> dict[str, JudgedSubject]:
        """Leave out whom the asker may not know of, and open what was granted of the others."""
        subjects = {code: subject for code, subject in judged.items() if subject is not None}
        unsealer = self.fetcher.unsealer
        if unsealer is None or not any(subject.is_sealed for subject in subjects.values()):
            return subjects
        return await unsealer.opened(subjects, fetched.dossiers, opening())

    async def _judged(self, fetched: Fetched) -> dict[str, JudgedSubject | None]:
        judged: dict[str, JudgedSubject | None] = {}
        new: list[tuple[Dossier, tuple[LiveContent, ...]]] = []
        rows = 0
        for code, dossier in fetched.dossiers.items():
            # What a live source says of a code that is not on file is said of nobody.
            contents = tuple(part.content for part in fetched.parts.get(code, ())) if dossier.is_on_file else ()
            kept = dossier.memo.get((self.ruling, self.setting.today, self.wish.kinds, contents), _UNKNOWN)
            if kept is _UNKNOWN:
                new.append((dossier, contents))
                rows += len(dossier.records)
            else:
                judged[code] = kept
        if rows <= INLINE_ROWS:
            judged |= self._judge(new)
        else:
            judged |= await asyncio.to_thread(self._judge, new)
        return judged

    def _judge(self, dossiers: Iterable[tuple[Dossier, tuple[LiveContent, ...]]]) -> dict[str, JudgedSubject | None]:
        judge = Judge(self.ruling.decider, self.setting)
        wish = self.wish
        judged: dict[str, JudgedSubject | None] = {}
        for dossier, contents in dossiers:
            records = [record for record in dossier.records if record.kind in wish.kinds]
            subject = judge.subject(dossier, records, contents)
            if subject is None:
                others = [record for record in dossier.records if record.kind in wish.all_kinds]
                subject = judge.subject(dossier, others, ())
            if len(dossier.memo) >= _KEPT:
                dossier.memo.clear()
            dossier.memo[self.ruling, self.setting.today, wish.kinds, contents] = subject
            judged[dossier.subject.code] = subject
        return judged


def _version(fetched: Fetched, code: str) -> int:
    found = fetched.dossiers.get(code)
    return found.subject.version if found else 0
