"""What one operation's resolvers may reach: everything is already fetched, judged and guarded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from schema.catalogue.model import FieldSpec
from schema.graph.connection import Cursors
from schema.graph.preview import PreviewKey
from schema.graph.views import Guard, Plain
from schema.plan.judged import JudgedSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One subject found by name."""

    code: str
    matched_by: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """
    A page of hits.

    Attributes:
        hits: In rank order.
        has_next: More follow.
        start: Whether the page begins at the first hit (0) or later (1).
    """

    hits: Sequence[SearchHit]
    has_next: bool
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """
    The context of one operation. Never shared between operations, not even of one request.

    Attributes:
        guard: Decisions and their outcome.
        subjects: Code -> subject, only those whose existence the asker may know.
        searches: (name, first, after) -> page.
        sources: Status of the sources, if it is asked for.
        me: The asker's own standing, if it is asked for.
        previews: What other questions would be shown, by document, variables and operation.
        cursors: Seals cursors.
        specs: Coordinate -> catalogue field.
        sdl: SDL served at `_service`.
    """

    guard: Guard
    subjects: Mapping[str, JudgedSubject]
    searches: Mapping[tuple[str, int, str | None], SearchPage]
    sources: Sequence[Plain]
    me: Plain | None
    cursors: Cursors
    specs: Mapping[str, FieldSpec]
    sdl: str
    previews: Mapping[PreviewKey, Plain] = field(default_factory=dict)
