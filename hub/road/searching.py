"""Name searches of a question, with their cursors opened and bound."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.errors import BadInputError
from hub.road.roots import Search
from hub.store.search import Position, search
from schema.graph.asking import SearchHit, SearchPage
from schema.graph.connection import CursorError, Cursors


class Searches:
    """Runs name searches against the store."""

    def __init__(self, engine: AsyncEngine, cursors: Cursors) -> None:
        self._engine = engine
        self._cursors = cursors

    async def run(self, searches: Sequence[Search]) -> Mapping[tuple[str, int, str | None], SearchPage]:
        """
        Run *searches*, one after the other: (name, first, after) -> page.

        Raises:
            BadInputError: an `after` was not made here for its name.
        """
        return {(asked.name, asked.first, asked.after): await self._one(asked) for asked in searches}

    async def _one(self, asked: Search) -> SearchPage:
        found = await search(self._engine, asked.name, asked.first, self._position(asked))
        return SearchPage(
            hits=[
                SearchHit(
                    code=hit.subject.code,
                    matched_by=hit.match.name,
                    position=f"{hit.position.rank}:{hit.position.code}",
                )
                for hit in found.hits
            ],
            has_next=found.has_more,
            start=0 if asked.after is None else 1,
        )

    def _position(self, asked: Search) -> Position | None:
        if asked.after is None:
            return None
        try:
            rank, code = self._cursors.open(f"search|{asked.name}", asked.after).split(":")
        except CursorError:
            raise BadInputError("after: not a cursor of this search.", place=("searchSubjects", "after")) from None
        return Position(rank=int(rank), code=code)
