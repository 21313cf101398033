"""
Relay connections for officers' lists.

Rules:
    - A page has 1 to `PAGE_MAX` entries.
    - A cursor is the position of an entry (its key), sealed and bound to the list and its arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import strawberry

from hub.administration.model import PAGE_MAX, Page
from hub.errors import BadInputError
from schema.graph.connection import CursorError, Cursors

T = TypeVar("T")
Row = TypeVar("Row")


@strawberry.type(description="Relay page information.")
class PageInfo:
    """
    Relay's PageInfo.

    Not the exchange's own: a schema writes into its types how their fields are resolved, and the one that is built
    last would decide for both.
    """

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An edge of a connection.")
class Edge(Generic[T]):
    """Relay's edge."""

    cursor: str
    node: T


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's connection."""

    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """
    Which page of which list is asked for.

    Attributes:
        scope: Names the list with its arguments; a cursor of one opens in no other.
        first: Entries of the page.
        after: Position behind which it begins; None: at the start.
        cursors: Seals positions.
    """

    scope: str
    first: int
    after: str | None
    cursors: Cursors

    def page(self, found: Page[Row], position: Callable[[Row], str], show: Callable[[Row], T]) -> Connection[T]:
        """Make the page of what a service *found*; *position* is what it takes as `after` to go on behind a row."""
        edges = [Edge(cursor=self.cursors.seal(self.scope, position(row)), node=show(row)) for row in found.rows]
        return Connection(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo(
                has_next_page=found.end is not None,
                has_previous_page=self.after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
        )


def cut(cursors: Cursors, scope: str, first: int, after: str | None) -> Cut:
    """
    Read the arguments of a page of the list *scope*.

    Raises:
        BadInputError: *first* is out of bounds, or *after* was not made here for this list.
    """
    if not 1 <= first <= PAGE_MAX:
        raise BadInputError(f"first: expected 1 to {PAGE_MAX}", place=("first",), extensions={"rule": "page.first"})
    try:
        position = None if after is None else cursors.open(scope, after)
    except CursorError:
        raise BadInputError(
            "after: not a cursor of this list", place=("after",), extensions={"rule": "page.after"}
        ) from None
    return Cut(scope=scope, first=first, after=position, cursors=cursors)
