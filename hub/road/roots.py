"""What the root fields of a plan need fetched: subject codes and name searches, read off their arguments."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import GraphQLError

from hub.errors import BadInputError
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
