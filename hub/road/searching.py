"""
Name searches of a question, with their cursors opened and bound.

Rules:
    - A hit counts only if a name that the asker may see matches: what matched is computed anew from the views, so a
      hidden subject, or a visible one's hidden name, is neither found nor counted, nor makes a next page.
    - A purpose that reads the asker's own organisation only (SELF_QUERY) searches among its one name.
    - Hidden hits are read past in bounded rounds; a page that ends there ends the list.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import BadInputError
from hub.road.roots import Search
from hub.road.sight import Sight
from hub.store.search import Hit, Position, search
from schema.graph.asking import SearchHit, SearchPage
from schema.graph.connection import CursorError, Cursors
from schema.identifiers.names import initials, name_key
from schema.identifiers.search import Way, search_terms, way_found
from schema.plan.decider import Decider
from schema.plan.judged import JudgedSubject, Span
from schema.policy.model import Clear, Denied, Fact

MAX_ROUNDS = 5
"""How often a search reads on past hits that the asker may not see."""
_NAME = "CreditSubject.name"


class Searches:
    """Runs name searches against the store, through an asker's sight."""

    def __init__(self, engine: AsyncEngine, cursors: Cursors) -> None:
        self._engine = engine
        self._cursors = cursors

    async def run(
        self,
        searches: Sequence[Search],
        sight: Sight,
        decider: Decider,
    ) -> Mapping[tuple[str, int, str | None], SearchPage]:
        """
        Run *searches*, one after the other: (name, first, after) -> page. What they find is in *sight* afterwards.

        Raises:
            BadInputError: an `after` was not made here for its name.
        """
        return {(asked.name, asked.first, asked.after): await self._one(asked, sight, decider) for asked in searches}

    async def _one(self, asked: Search, sight: Sight, decider: Decider) -> SearchPage:
        after = self._position(asked)
        start = 0 if after is None else 1
        if isinstance(decider.static(_NAME), Denied):
            return SearchPage(hits=(), has_next=False, start=start)
        purpose = decider.policy.purposes[decider.standing.purpose]
        if Fact.OWN_SUBJECT in purpose.needs_always:
            return await self._own(asked, sight, decider.standing.organisation, after)
        found: list[SearchHit] = []
        for _ in range(MAX_ROUNDS):
            page = await search(self._engine, asked.name, asked.first + 1 - len(found), after)
            await sight.see([hit.subject.code for hit in page.hits])
            found += [seen for hit in page.hits if (seen := _seen(asked.name, hit, sight)) is not None]
            if len(found) > asked.first or not page.has_more:
                break
            after = page.hits[-1].position
        return SearchPage(hits=found[: asked.first], has_next=len(found) > asked.first, start=start)

    async def _own(self, asked: Search, sight: Sight, code: str | None, after: Position | None) -> SearchPage:
        if code is None or after is not None:
            return SearchPage(hits=(), has_next=False, start=0 if after is None else 1)
        await sight.see([code])
        way = _way(asked.name, sight.subjects.get(code))
        hits = () if way is None else (SearchHit(code=code, matched_by=way.name, position=f"{way.value}:{code}"),)
        return SearchPage(hits=hits, has_next=False, start=0)

    def _position(self, asked: Search) -> Position | None:
        if asked.after is None:
            return None
        try:
            rank, code = self._cursors.open(f"search|{asked.name}", asked.after).split(":")
        except CursorError:
            raise BadInputError("after: not a cursor of this search.", place=("searchSubjects", "after")) from None
        return Position(rank=int(rank), code=code)


def _seen(name: str, hit: Hit, sight: Sight) -> SearchHit | None:
    way = _way(name, sight.subjects.get(hit.subject.code))
    if way is None:
        return None
    position = f"{hit.position.rank}:{hit.position.code}"
    return SearchHit(code=hit.subject.code, matched_by=way.name, position=position)


def _way(name: str, view: JudgedSubject | None) -> Way | None:
    """How *name* matches what the asker may see of a subject's names, None if it does not."""
    if view is None or not isinstance(view.cells["name"], Clear) or not isinstance(view.values["name"], str):
        return None
    borne = view.values["name"]
    former = view.values["former_names"] if isinstance(view.cells["former_names"], Clear) else None
    spans = former if isinstance(former, tuple) else ()
    return way_found(
        search_terms(name),
        key=name_key(borne),
        former_keys=[name_key(span.name) for span in spans if isinstance(span, Span)],
        initials=initials(borne),
    )
