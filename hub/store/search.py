"""
Finds organisations by name, in the ways and the order of `schema.identifiers.search`.

Rules:
    - A hit is listed once, under the first way that finds it, so (rank, code) is a stable position to page from. Who
      shows less of a subject than the store knows has it listed under every way, and keeps the one that it may tell.
    - A name proposes; what is done with a hit goes by its code.
    - NOTE: a part of a name or of initials is looked for with LIKE, which no plain index serves: the page bounds the
      answer, not the work (SQLite: 45 ms for 200,000 names of which none matches). `pg_trgm` would serve it, but is
      not on every PostgreSQL.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import tables
from hub.store.engine import Reader, reading
from hub.store.subjects import SUBJECT_COLUMNS, SubjectFacts, subject_of
from hub.store.tables import table_of
from schema.identifiers.search import SearchTerms, Way, search_terms

_S = table_of(tables.Subject).c
_N = table_of(tables.SubjectName).c
_R = table_of(tables.Record).c
_O = table_of(tables.Source).c


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """
    What a search may come upon.

    Attributes:
        every_way: A hit is listed under every way that finds it, not only under the first.
        own: USCC: only organisations of which this one supplied or decided a record; None: all.
    """

    every_way: bool = False
    own: str | None = None


ALL = Reach()
"""Every organisation, each once."""


async def search(
    engine: AsyncEngine, text: str, limit: int, after: Position | None = None, *, reach: Reach = ALL
) -> SearchPage:
    """
    Find organisations by *text*.

    Args:
        engine: The store.
        text: A name, part of one, or part of the pinyin initials, as typed.
        limit: Most hits to return, at least 1.
        after: Position of the last hit already seen.
        reach: What it may come upon.
    """
    terms = search_terms(text)
    # PostgreSQL refuses NUL and lone surrogates; no name holds either, nor any other control character.
    if not terms.key or not terms.key.isprintable():
        return SearchPage(hits=(), has_more=False)
    hits: list[Hit] = []
    async with reading(engine) as reader:
        for way, condition in _conditions(terms, reach).items():
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


def _conditions(terms: SearchTerms, reach: Reach) -> dict[Way, ColumnElement[bool]]:
    """Per way that can find anything, its condition; without what a better way already lists, unless all are wanted."""
    conditions = {
        Way.EXACT: _S.name_key == terms.key,
        # A plain IN, not EXISTS per row: both planners then start from the index on former names.
        Way.FORMER: _S.code.in_(select(_N.subject_code).where(_N.name_key == terms.key)),
    }
    if terms.part is not None:
        conditions[Way.CONTAINED] = _S.name_key.contains(terms.part, autoescape=True)
    if terms.initials is not None:
        conditions[Way.INITIALS] = _S.initials.contains(terms.initials)
    if reach.own is not None:
        conditions = {way: and_(found, _is_known_to(reach.own)) for way, found in conditions.items()}
    if reach.every_way:
        return conditions
    ways = tuple(conditions.items())
    return {way: and_(found, *(not_(better) for _, better in ways[:place])) for place, (way, found) in enumerate(ways)}


def _is_known_to(organisation: str) -> ColumnElement[bool]:
    """Whether *organisation* supplied or decided a record of the subject; a live source of its own may know anybody."""
    sources = select(_O.id).where(_O.owner_code == organisation)
    mine = or_(_R.authority == organisation, _R.source.in_(sources))
    return or_(
        exists().where(_R.subject_code == _S.code, mine),
        exists().where(_O.owner_code == organisation, _O.live),
    )
