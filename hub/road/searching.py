"""
Name searches of a question, with their cursors opened and bound.

Rules:
    - A hit counts only if a name that the asker may see matches: what matched is computed anew from the views, so a
      hidden subject, or a visible one's hidden name, is neither found nor counted, nor makes a next page.
    - A hit stands where its visible name puts it: the store lists it under every way that finds it, and it is taken
      from the one that the asker may be told.
    - Hidden hits are read past until the page is full or the names are at their end: how many there are must not
      decide what is found. The question's deadline bounds it.
    - A purpose that reads the asker's own organisation only (SELF_QUERY) searches among its one name; one that reads
      its own rows only (DATA_QUALITY), among the subjects it has rows of.
    - Who may be told of a hit is judged by the archive alone; live sources are asked about the hits of the page.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import BadInputError
from hub.road.roots import Search
from hub.road.sight import Sight
from hub.store.search import Hit, Position, Reach, search
from schema.graph.asking import SearchHit, SearchPage
from schema.graph.connection import CursorError, Cursors
from schema.identifiers.names import initials, name_key
from schema.identifiers.search import Way, search_terms, ways_found
from schema.plan.decider import Decider
from schema.plan.judged import JudgedSubject, Span
from schema.policy.model import Clear, Denied, Fact

MOST_AT_ONCE = 200
"""Hits that are read at a time; the first time as many as the page needs, then twice as many each time."""
_NAME = "CreditSubject.name"


class Searches:
    """Runs name searches against the store, through an asker's sight."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(
        self,
        searches: Sequence[Search],
        sight: Sight,
        decider: Decider,
        cursors: Cursors,
    ) -> Mapping[tuple[str, int, str | None], SearchPage]:
        """
        Run *searches*, one after the other: (name, first, after) -> page. What they find is in *sight* afterwards.

        Raises:
            BadInputError: an `after` was not made here for its name.
        """
        return {
            (asked.name, asked.first, asked.after): await self._one(asked, sight, decider, _position(asked, cursors))
            for asked in searches
        }

    async def _one(self, asked: Search, sight: Sight, decider: Decider, after: Position | None) -> SearchPage:
        start = 0 if after is None else 1
        if isinstance(decider.static(_NAME), Denied):
            return SearchPage(hits=(), has_next=False, start=start)
        purpose = decider.policy.purposes[decider.standing.purpose]
        if Fact.OWN_SUBJECT in purpose.needs_always:
            return await self._own(asked, sight, decider.standing.organisation, after)
        own = decider.standing.organisation if Fact.OWN_SOURCE in purpose.needs_always else None
        found = await self._found(asked, sight, Reach(every_way=True, own=own), after)
        hits = found[: asked.first]
        await sight.see([hit.code for hit in hits])
        # A live source may have changed by what name, if any, the asker knows a hit: it is on the page all the same.
        return SearchPage(hits=hits, has_next=len(found) > asked.first, start=start)

    async def _found(self, asked: Search, sight: Sight, reach: Reach, after: Position | None) -> list[SearchHit]:
        """Read on until one more than the page takes was found, or there are no more."""
        found: list[SearchHit] = []
        size = asked.first + 1
        while True:
            page = await search(self._engine, asked.name, size, after, reach=reach)
            judged = await sight.glimpse([hit.subject.code for hit in page.hits])
            found += [seen for hit in page.hits if (seen := _seen(asked.name, hit, judged)) is not None]
            if len(found) > asked.first or not page.has_more:
                return found
            after = page.hits[-1].position
            size = min(2 * size, MOST_AT_ONCE)

    async def _own(self, asked: Search, sight: Sight, code: str | None, after: Position | None) -> SearchPage:
        if code is None or after is not None:
            return SearchPage(hits=(), has_next=False, start=0 if after is None else 1)
        await sight.see([code])
        way = next(iter(_ways(asked.name, sight.subjects.get(code))), None)
        hits = () if way is None else (SearchHit(code=code, matched_by=way.name, position=f"{way.value}:{code}"),)
        return SearchPage(hits=hits, has_next=False, start=0)


def _position(asked: Search, cursors: Cursors) -> Position | None:
    if asked.after is None:
        return None
    try:
        rank, code = cursors.open(f"search|{asked.name}", asked.after).split(":")
    except CursorError:
        raise BadInputError("after: not a cursor of this search.", place=("searchSubjects", "after")) from None
    return Position(rank=int(rank), code=code)


def _seen(name: str, hit: Hit, judged: Mapping[str, JudgedSubject]) -> SearchHit | None:
    """Take *hit* if this is the way under which the asker may be told of it."""
    view = judged.get(hit.subject.code)
    # The store knows a subject by one present name. Where the asker may see another, both must match: or the order
    # would tell of the one that is hidden.
    known = _ways(name, view, hit.subject.name)
    way = next((way for way in _ways(name, view) if way in known), None)
    if way is not hit.match:
        return None
    position = f"{hit.position.rank}:{hit.position.code}"
    return SearchHit(code=hit.subject.code, matched_by=way.name, position=position)


def _ways(name: str, view: JudgedSubject | None, borne: str | None = None) -> tuple[Way, ...]:
    """
    List how *name* matches the names of a subject that the asker may see.

    Args:
        name: As it was asked for.
        view: The subject as the asker may see it, None if it may not know of it.
        borne: Its present name, if not the one that the asker may see.
    """
    if view is None or not isinstance(view.cells["name"], Clear) or not isinstance(view.values["name"], str):
        return ()
    borne = borne or view.values["name"]
    former = view.values["former_names"] if isinstance(view.cells["former_names"], Clear) else None
    spans = former if isinstance(former, tuple) else ()
    return ways_found(
        search_terms(name),
        key=name_key(borne),
        former_keys=[name_key(span.name) for span in spans if isinstance(span, Span)],
        initials=initials(borne),
    )
