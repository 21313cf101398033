"""What the root fields of a plan need fetched: subject codes and name searches, read off their arguments."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import GraphQLError

from hub.access.budget import PUBLIC_PAGE, PUBLIC_SUBJECTS
from hub.errors import BadInputError, ForbiddenError
from schema.graph.connection import MAX_PAGE
from schema.graph.entities import reference_code
from schema.graph.ids import find_node_id
from schema.graph.root import MAX_CODES, MAX_NAME, MAX_REFERENCES
from schema.identifiers.uscc import check_uscc
from schema.plan.model import Plan, RootCall

MAX_SEARCHES = 10
"""Most name searches in one question: each reads the index of names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One name search."""

    name: str
    first: int
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What to fetch.

    Attributes:
        codes: Well-formed codes, each once, in order of mention.
        searches: Name searches with arguments in bounds, each once.
    """

    codes: tuple[str, ...]
    searches: tuple[Search, ...]

    @property
    def named(self) -> int:
        """How many subjects the question names; a search, as many as its page may hold."""
        return len(self.codes) + sum([search.first for search in self.searches])


def wanted(plan: Plan) -> Wanted:
    """
    Collect what *plan*'s roots need.

    Raises:
        BadInputError: more subjects than one question may name.
    """
    # Counted before they are looked at, with repetitions: many roots may share one long list.
    mentions = sum(map(_mentions, plan.roots))
    if mentions > MAX_REFERENCES:
        raise BadInputError(f"Expected at most {MAX_REFERENCES} mentions of subjects in one question, got {mentions}.")
    codes: dict[str, None] = {}
    searches: dict[Search, None] = {}
    for call in plan.roots:
        codes |= dict.fromkeys(_codes(call))
        search = _search(call)
        if search is not None:
            searches[search] = None
    if len(searches) > MAX_SEARCHES:
        raise BadInputError(f"Expected at most {MAX_SEARCHES} searches in one question, got {len(searches)}.")
    return Wanted(codes=tuple(codes), searches=tuple(searches))


def check_one_subject(plan: Plan, needed: Wanted) -> None:
    """
    Check that a question of the public is about one subject: one code, or one page of one search, and not both.

    A page of several hits says who was found, not what is on file about them.

    Raises:
        ForbiddenError: it is about more.

    Source: DOMAIN 13.2, PU.
    """
    longest = max(map(_list_length, plan.roots), default=0)
    if len(needed.codes) + len(needed.searches) > PUBLIC_SUBJECTS or longest > PUBLIC_SUBJECTS:
        raise ForbiddenError("public.one_subject", "The public asks about one subject at a time.")
    most = 1 if plan.kinds else PUBLIC_PAGE
    if any(search.first > most for search in needed.searches):
        raise ForbiddenError(
            "public.page",
            f"The public may ask for {PUBLIC_PAGE} hits of a search, and for one if it asks what is on file about it.",
        )


def _list_length(call: RootCall) -> int:
    return _mentions(call) if call.name in {"subjects", "_entities"} else 0


def _mentions(call: RootCall) -> int:
    match call.name:
        case "subjects":
            return len(_bounded(call, "codes", MAX_CODES))
        case "_entities":
            return len(_bounded(call, "representations", MAX_REFERENCES))
        case "searchSubjects":
            search = _search(call)
            return search.first if search else 0
        case "subject" | "node":
            return 1
        case _:
            return 0


def _codes(call: RootCall) -> list[str]:
    match call.name:
        case "subject":
            texts = [call.arguments["code"]]
        case "subjects":
            texts = _bounded(call, "codes", MAX_CODES)
        case "_entities":
            references = _bounded(call, "representations", MAX_REFERENCES)
            found = [reference_code(reference) for reference in references]
            return [code for code in found if not isinstance(code, GraphQLError)]
        case "node":
            node = find_node_id(str(call.arguments["id"]))
            texts = [node.code] if node else []
        case _:
            return []
    return [code for code in (check_uscc(str(text)).code for text in texts) if code is not None]


def _bounded(call: RootCall, name: str, most: int) -> list[object]:
    values = call.arguments[name]
    listed = list(values) if isinstance(values, list | tuple) else [values]
    if len(listed) > most:
        raise BadInputError(f"{name}: expected at most {most}, got {len(listed)}.", place=(call.key, name))
    return listed


def _search(call: RootCall) -> Search | None:
    if call.name != "searchSubjects":
        return None
    arguments: Mapping[str, object] = call.arguments
    name, first, after = str(arguments["name"]), arguments["first"], arguments.get("after")
    if not isinstance(first, int) or not 1 <= first <= MAX_PAGE or not 1 <= len(name.strip()) <= MAX_NAME:
        # The resolver tells the asker at its place.
        return None
    return Search(name=name, first=first, after=None if after is None else str(after))
