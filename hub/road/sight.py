"""
What one attempt at an answer has fetched and judged so far: steps 6 and 7 of the road, subject by subject.

A subject is known through its rows. Where none of those that were asked for may be shown, the others are read as well,
only to tell whether the asker may know that the subject exists.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.road.fetch import Fetched, Fetcher, Missing
from hub.road.views import REGISTRATION, Judge
from schema.plan.judged import JudgedSubject
from schema.plan.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What is read of every subject.

    Attributes:
        kinds: Kinds that were asked for and may be listed or counted.
        all_kinds: Every kind that may be listed or counted for this standing.
        fields: Kind -> attributes granted and asked for.
        names: Former names and timeline as well.
    """

    kinds: frozenset[str]
    all_kinds: frozenset[str]
    fields: Mapping[str, Sequence[str]]
    names: bool


def wish_of(plan: Plan, all_kinds: frozenset[str], *, names: bool) -> Wish:
    """Say what *plan* reads of every subject; a registration is always read, since it tells who the subject is."""
    return Wish(
        kinds=plan.kinds | ({REGISTRATION} & all_kinds),
        all_kinds=all_kinds,
        fields=plan.fields,
        names=names or plan.selects("CreditSubject.formerNames") or plan.selects("CreditSubject.timeline"),
    )


@dataclass(slots=True)
class Sight:
    """
    The subjects seen so far.

    Attributes:
        views: Code -> view, for subjects the asker may know of.
        versions: Code -> version it was read at; 0: not on file.
        missing: Live sources that did not answer.
    """

    fetcher: Fetcher
    judge: Judge
    wish: Wish
    views: dict[str, JudgedSubject] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    missing: dict[str, Missing] = field(default_factory=dict)

    async def see(self, codes: Sequence[str]) -> None:
        """Fetch and judge the subjects with *codes* that were not seen yet."""
        new = [code for code in dict.fromkeys(codes) if code not in self.versions]
        if not new:
            return
        await self._take(new, self.wish.kinds, ask_live=True)
        hidden = [code for code in new if code not in self.views and self.versions[code]]
        if hidden and self.wish.all_kinds - self.wish.kinds:
            await self._take(hidden, self.wish.all_kinds, ask_live=False)

    async def _take(self, codes: Sequence[str], kinds: frozenset[str], *, ask_live: bool) -> None:
        wish = self.wish
        fetched = await self.fetcher.fetch(codes, kinds, wish.fields, names=wish.names, ask_live=ask_live)
        # In a thread: judging many rows takes long enough that other askers would notice.
        self.views |= await asyncio.to_thread(self._judged, fetched)
        for code in codes:
            found = fetched.dossiers.get(code)
            version = found.subject.version if found else 0
            # Read twice: the older reading counts, so that a change in between sends the answer back.
            self.versions[code] = min(version, self.versions.get(code, version))
        self.missing |= {fault.source: fault for fault in fetched.missing}

    def _judged(self, fetched: Fetched) -> dict[str, JudgedSubject]:
        views: dict[str, JudgedSubject] = {}
        for code, dossier in fetched.dossiers.items():
            view = self.judge.subject(dossier, fetched.live.get(code, ()), fetched.timelines.get(code, ()))
            if view is not None:
                views[code] = view
        return views
