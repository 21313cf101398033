"""
What generated code calls: the few things that are not a look-up.

Rules:
    - Nothing here decides. Decisions are in the generated code, made when it was written.
    - What does not fit raises `HandOverError`: the reference executor answers the question instead, from the start.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple, NoReturn

import orjson
from graphql import GraphQLError

from schema.catalogue.model import Mask
from schema.graph.asking import Asking, SearchHit
from schema.graph.connection import Page, Selection, cut, ordered, scope_of
from schema.graph.entities import reference_code
from schema.graph.preview import preview_key
from schema.graph.root import find_node, find_page, find_subject, search_cursor
from schema.plan.judged import JudgedRecord, JudgedSubject
from schema.policy.masks import apply_mask

Judged = JudgedRecord | JudgedSubject
Emit = Callable[[Judged, "Running"], Mapping[str, object]]

_INT_MAX = 2**31 - 1
_INT_MIN = -(2**31)
# Below it, orjson and RFC 8785 write a number in different forms.
_SMALLEST = 1e-4
_MASKED_KEPT = 16_384


class HandOverError(Exception):
    """The compiled executor does not serve this; *reason* is a word for the metrics, never a value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotWrittenError(Exception):
    """Code is missing that this run may not write; nothing was shown. Run again where writing holds nobody up."""


ONLY_WRITTEN: ContextVar[bool] = ContextVar("only_written", default=False)
"""Whether the run under way must do with the code there is."""


class Part(NamedTuple):
    """JSON of a value: as it is sent, and in canonical form (RFC 8785)."""

    plain: bytes
    canonical: bytes


NULL = Part(b"null", b"null")


class Site(dict[int, Emit]):
    """A selection on guarded objects: manner of a row -> the code that shows it, written when it is first met."""

    def __init__(self, number: int, write: Callable[["Site", int], Emit]) -> None:
        super().__init__()
        self.number = number
        self._write = write

    def __missing__(self, manner: int) -> Emit:
        """Write the code for rows shown in *manner*."""
        made = self[manner] = self._write(self, manner)
        return made


@dataclass(slots=True, kw_only=True)
class Running:
    """
    One question being answered.

    Attributes:
        asking: What was fetched and judged.
        arguments: Response key -> arguments of the root field.
        list_at: Tells the arguments of the `records` selection at a place of the plan: which, how many, after what.
        seen: What was shown: a site and the rows that went through it.
        errors: Errors with their paths, in the order of the document.
    """

    asking: Asking
    arguments: Mapping[str, Mapping[str, object]]
    list_at: Callable[[int], tuple[Selection, int, str | None]]
    seen: list[tuple[Site, Sequence[Judged]]] = field(default_factory=list)
    errors: list[GraphQLError] = field(default_factory=list)
    _lists: dict[int, tuple[Selection, int, str | None]] = field(default_factory=dict)

    def page(self, place: int, subject: JudgedSubject) -> Page:
        """Cut the page of *subject* that the list at *place* asks for."""
        found = self._lists.get(place)
        if found is None:
            found = self._lists[place] = self.list_at(place)
        selection, first, after = found
        try:
            return cut(
                ordered(subject, selection),
                first=first,
                after=after,
                scope=scope_of(subject.code, selection),
                cursors=self.asking.cursors,
            )
        except GraphQLError:
            # It nulls the subject around it, and what was shown before it counts as shown.
            raise HandOverError("argument") from None


def shown_one(site: Site, row: Judged, run: Running) -> Mapping[str, object]:
    """Show one object."""
    run.seen.append((site, (row,)))
    return site[row.manner](row, run)


def shown_all(site: Site, rows: Sequence[Judged], run: Running) -> list[Mapping[str, object]]:
    """Show a list of objects."""
    run.seen.append((site, rows))
    return [site[row.manner](row, run) for row in rows]


def both(tree: object) -> Part:
    """Write *tree*."""
    try:
        return Part(orjson.dumps(tree), orjson.dumps(tree, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        raise HandOverError("encoding") from None


def one(run: Running, key: str, site: Site, found: Judged | GraphQLError | None) -> Part:
    """Write one nullable object."""
    if found is None:
        return NULL
    if isinstance(found, GraphQLError):
        run.errors.append(_at(found, key))
        return NULL
    run.seen.append((site, (found,)))
    return both(site[found.manner](found, run))


def many(run: Running, key: str, site: Site, found: Iterable[JudgedSubject | GraphQLError | None]) -> Part:
    """Write a list of nullable objects, each by itself: one large tree would hold up everybody else."""
    parts: list[Part] = []
    shown: list[JudgedSubject] = []
    for place, each in enumerate(found):
        if isinstance(each, JudgedSubject):
            shown.append(each)
            parts.append(both(site[each.manner](each, run)))
            continue
        if each is not None:
            run.errors.append(_at(each, key, place))
        parts.append(NULL)
    run.seen.append((site, shown))
    return Part(
        b"[%b]" % b",".join(part.plain for part in parts), b"[%b]" % b",".join(part.canonical for part in parts)
    )


def _at(error: GraphQLError, *path: str | int) -> GraphQLError:
    return GraphQLError(error.message, path=path, extensions=error.extensions)


def subject(run: Running, code: object) -> JudgedSubject | GraphQLError | None:
    """Find one subject."""
    return find_subject(run.asking, str(code))


def subjects(run: Running, codes: object) -> list[JudgedSubject | GraphQLError | None]:
    """Find several subjects, in order."""
    return [find_subject(run.asking, str(code)) for code in _listed(codes)]


def entities(run: Running, references: object) -> list[JudgedSubject | GraphQLError | None]:
    """Find what federation's representations name, in order."""
    found = [reference_code(reference) for reference in _listed(references)]
    return [code if isinstance(code, GraphQLError) else run.asking.subjects.get(code) for code in found]


def node(run: Running, node_id: object) -> Judged | GraphQLError | None:
    """Find what a global identifier names."""
    return find_node(run.asking, str(node_id))


def _listed(values: object) -> Iterable[object]:
    return values if isinstance(values, list | tuple) else [values]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    A page of a name search.

    Attributes:
        hits: What was found, with the subject.
        cursors: Of the hits, in order.
    """

    hits: Sequence[tuple[SearchHit, JudgedSubject]]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool

    @property
    def subjects(self) -> list[JudgedSubject]:
        """The subjects, in order."""
        return [each for _, each in self.hits]

    @property
    def first_cursor(self) -> str | None:
        """Cursor of the first hit."""
        return self.cursors[0] if self.cursors else None

    @property
    def last_cursor(self) -> str | None:
        """Cursor of the last hit."""
        return self.cursors[-1] if self.cursors else None


def preview(run: Running, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Find what another question would be shown."""
    return run.asking.previews[preview_key(arguments)].values


def search(run: Running, arguments: Mapping[str, object]) -> Found:
    """Find the page of a name search."""
    name, first, after = str(arguments["name"]), arguments["first"], arguments.get("after")
    if not isinstance(first, int):
        raise HandOverError("argument")
    asking = run.asking
    try:
        page = find_page(asking, name, first, None if after is None else str(after))
    except GraphQLError:
        # The field is non-null: its error leaves no data at all.
        raise HandOverError("argument") from None
    hits = [(hit, asking.subjects[hit.code]) for hit in page.hits if hit.code in asking.subjects]
    return Found(
        hits=hits,
        cursors=[search_cursor(asking, name, hit) for hit, _ in hits],
        has_next=page.has_next,
        has_previous=page.start > 0,
    )


def whole(value: int | None) -> int | None:
    """Check that *value* is an Int of GraphQL (32 bits)."""
    if value is None or _INT_MIN <= value <= _INT_MAX:
        return value
    raise HandOverError("integer")


def number(value: float) -> float:
    """Write a Float of GraphQL as RFC 8785 does: without a fraction if it has none."""
    if value == int(value):
        return int(value)
    if abs(value) < _SMALLEST:
        raise HandOverError("float")
    return value


def unproved() -> NoReturn:
    """Refuse a value whose type is not proved."""
    raise HandOverError("type")


def mask_of(mask: Mask) -> Callable[[str], str | None]:
    """Return the function that shows a text under *mask*; what it showed lately it remembers."""
    return _MASKS[mask]


def masked_all(mask: Callable[[str], str | None], values: Sequence[str] | None) -> list[str] | None:
    """Show a list of texts, each under *mask*."""
    if values is None:
        return None
    shown: list[str] = []
    for value in values:
        text = mask(value)
        if text is None:
            # An item may not be null: the list is null and an error is told.
            raise HandOverError("mask")
        shown.append(text)
    return shown


_MASKS: Mapping[Mask, Callable[[str], str | None]] = {
    mask: lru_cache(_MASKED_KEPT)(partial(apply_mask, mask)) for mask in Mask
}
