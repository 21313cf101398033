"""
Finds organisations by name: the name itself, a former name, a part of it, its pinyin initials, in that order.

Rules:
    - A hit is listed once, under the first way it matches, so (rank, code) is a stable position to page from.
    - A name proposes; what is done with a hit goes by its code.
    - NOTE: a part of a name is looked for with LIKE, which no plain index serves: the page bounds the answer, not the
      work. `pg_trgm` would serve it, but is not on every PostgreSQL.
"""

from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import ColumnElement, and_, false, not_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import tables
from hub.store.engine import Reader, reading
from hub.store.subjects import SUBJECT_COLUMNS, SubjectFacts, subject_of
from hub.store.tables import table_of
from schema.identifiers.names import name_key

_S = table_of(tables.Subject).c
_N = table_of(tables.SubjectName).c
_LAST = "\U0010ffff"


class Match(IntEnum):
    """How a hit matched; its value is its rank, lower first."""

    EXACT = 0
    FORMER = 1
    CONTAINED = 2
    INITIALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a hit stands in the order of all hits. Plain: callers hide it in an encrypted cursor."""

    rank: int
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An organisation that was found, and how."""

    subject: SubjectFacts
    match: Match

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
        text: A name, part of one, or pinyin initials; compared as `name_key`, initials by their beginning.
        limit: Most hits to return, at least 1.
        after: Position of the last hit already seen.
    """
    key = name_key(text)
    # PostgreSQL refuses NUL and lone surrogates; no name holds either, nor any other control character.
    if not key or not key.isprintable():
        return SearchPage(hits=(), has_more=False)
    hits: list[Hit] = []
    async with reading(engine) as reader:
        for match, condition in _conditions(key, reader.dialect).items():
            if after is not None and match < after.rank:
                continue
            behind = after.code if after is not None and match == after.rank else ""
            hits += await _hits(reader, match, condition, behind, limit + 1 - len(hits))
            if len(hits) > limit:
                break
    return SearchPage(hits=tuple(hits[:limit]), has_more=len(hits) > limit)


async def _hits(reader: Reader, match: Match, condition: ColumnElement[bool], behind: str, limit: int) -> list[Hit]:
    statement = select(*SUBJECT_COLUMNS).where(condition, _S.code > behind).order_by(_S.code).limit(limit)
    return [Hit(subject=subject_of(row), match=match) for row in await reader.rows(statement)]


def _conditions(key: str, dialect: str) -> dict[Match, ColumnElement[bool]]:
    """Per way of matching, its condition without what a better way already lists."""
    exact = _S.name_key == key
    # A plain IN, not EXISTS per row: both planners then start from the index on former names.
    former = _S.code.in_(select(_N.subject_code).where(_N.name_key == key))
    contained = _S.name_key.contains(key, autoescape=True)
    ways = (exact, former, contained, _initials(key, dialect))
    return {
        match: and_(way, *(not_(better) for better in ways[:rank]))
        for rank, (match, way) in enumerate(zip(Match, ways, strict=True))
    }


def _initials(key: str, dialect: str) -> ColumnElement[bool]:
    letters = key.lower()
    if not (letters.isascii() and letters.isalnum()):
        return false()
    if dialect == "postgresql":
        # Served by the index of operator class `text_pattern_ops`, whatever the database's collation.
        return _S.initials.like(letters + "%")
    # SQLite compares bytes: a prefix is a range, and the plain index serves it.
    return and_(_S.initials >= letters, _S.initials < letters + _LAST)
