"""
Finds organisations by name, in the ways and the order of `schema.identifiers.search`.

Rules:
    - A hit is listed once, under the first way that finds it, so (rank, code) is a stable position to page from.
    - A name proposes; what is done with a hit goes by its code.
    - NOTE: a part of a name or of initials is looked for with LIKE, which no plain index serves: the page bounds the
      answer, not the work (SQLite: 45 ms for 200,000 names of which none matches). `pg_trgm` would serve it, but is
      not on every PostgreSQL.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, not_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import tables
from hub.store.engine import Reader, reading
from hub.store.subjects import SUBJECT_COLUMNS, SubjectFacts, subject_of
from hub.store.tables import table_of
from schema.identifiers.search import SearchTerms, Way, search_terms

_S = table_of(tables.Subject).c
_N = table_of(tables.SubjectName).c


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a hit stands in the order of all hits. Plain: callers hide it in an encrypted cursor."""

    rank: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An organisation that was found, and by which way; its value is the hit's rank."""

    subject: SubjectFacts
    match: Way

    @property
    def position(self) -> Position:
        """Pass it as `after` to go on behind this hit."""
        return Position(rank=self.match.value, code=self.subject.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """Some hits in order, and whether there are more behind them."""

    hits: tuple[Hit, ...]
    has_more: bool


async def search(engine: AsyncEngine, text: str, limit: int, after: Position | None = None) -> SearchPage:
    """
    Find organisations by *text*.

    Args:
        engine: The store.
        text: A name, part of one, or part of the pinyin initials, as typed.
        limit: Most hits to return, at least 1.
        after: Position of the last hit already seen.
    """
    terms = search_terms(text)
    # PostgreSQL refuses NUL and lone surrogates; no name holds either, nor any other control character.
    if not terms.key or not terms.key.isprintable():
        return SearchPage(hits=(), has_more=False)
    hits: list[Hit] = []
    async with reading(engine) as reader:
        for way, condition in _conditions(terms).items():
            if after is not None and way < after.rank:
                continue
            behind = after.code if after is not None and way == after.rank else ""
            hits += await _hits(reader, way, condition, behind, limit + 1 - len(hits))
            if len(hits) > limit:
                break
    return SearchPage(hits=tuple(hits[:limit]), has_more=len(hits) > limit)


async def _hits(reader: Reader, way: Way, condition: ColumnElement[bool], behind: str, limit: int) -> list[Hit]:
    statement = select(*SUBJECT_COLUMNS).where(condition, _S.code > behind).order_by(_S.code).limit(limit)
    return [Hit(subject=subject_of(row), match=way) for row in await reader.rows(statement)]


def _conditions(terms: SearchTerms) -> dict[Way, ColumnElement[bool]]:
    """Per way that can find anything, its condition, without what a better way already lists."""
    conditions = {
        Way.EXACT: _S.name_key == terms.key,
        # A plain IN, not EXISTS per row: both planners then start from the index on former names.
        Way.FORMER: _S.code.in_(select(_N.subject_code).where(_N.name_key == terms.key)),
    }
    if terms.part is not None:
        conditions[Way.CONTAINED] = _S.name_key.contains(terms.part, autoescape=True)
    if terms.initials is not None:
        conditions[Way.INITIALS] = _S.initials.contains(terms.initials)
    ways = tuple(conditions.items())
    return {way: and_(found, *(not_(better) for _, better in ways[:place])) for place, (way, found) in enumerate(ways)}
