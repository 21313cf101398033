"""Planted leaks: what the suite must find. Each changes the code of both hubs alike, so only the data can differ."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

LEAKS: dict[str, Callable[[], None]] = {}


def plant(name: str) -> None:
    """Change the code of this process."""
    LEAKS[name]()


def _leak(make: Callable[[], None]) -> Callable[[], None]:
    LEAKS[make.__name__.replace("_", "-")] = make
    return make


@_leak
def sort_by_hidden() -> None:
    """Filters and sorts read a field whatever the decision on the row."""
    from schema.plan.judged import JudgedRecord

    def readable(self: JudgedRecord, name: str) -> str | None:
        value = getattr(self.stored.body, name)
        return None if value is None else str(value)

    JudgedRecord.readable = readable  # type: ignore[method-assign]


@_leak
def count_hidden() -> None:
    """Rows that may not be known of are counted in holdings."""
    from hub.road.views import Judge
    from schema.plan.judge import row_class

    def classify(self: Any, record: Any, placement: Any) -> Any:
        return row_class(self._decider.policy, self._decider.standing, record, placement)

    Judge._classify = classify  # type: ignore[method-assign]


@_leak
def name_hidden_subject() -> None:
    """A search finds a subject by the store's name, without asking who may see it."""
    from hub.road import searching
    from schema.graph.asking import SearchHit

    async def one(self: Any, asked: Any, sight: Any, _decider: Any, _after: Any) -> Any:
        page = await searching.search(self._engine, asked.name, asked.first)
        await sight.see([hit.subject.code for hit in page.hits])
        hits = [SearchHit(code=hit.subject.code, matched_by=hit.match.name, position="1:x") for hit in page.hits]
        return searching.SearchPage(hits=hits, has_next=page.has_more, start=0)

    searching.Searches._one = one  # type: ignore[method-assign]


@_leak
def tell_in_error() -> None:
    """An error says how many of the subjects that were asked for are not for the asker."""
    from hub import exchange

    living = exchange.source_errors
    _watch_sight(lambda sight: sum(code not in sight.subjects for code, read in sight.versions.items() if read))

    def source_errors(*given: Any, **more: Any) -> Any:
        told = {"message": f"{_SEEN[0]} are not for you.", "extensions": {"code": "NOT_FOR_YOU"}}
        return [*living(*given, **more), told]

    exchange.source_errors = source_errors


@_leak
def version_of_subject() -> None:
    """The provenance tells the subject's version, which every change raises, for the record's."""
    from msgspec.structs import replace as changed

    from hub.road.views import Judge

    living = Judge.subject

    def subject(self: Any, dossier: Any, records: Any, contents: Any = ()) -> Any:
        number = dossier.subject.version
        told = [changed(each, provenance=changed(each.provenance, version=number)) for each in records]
        return living(self, dossier, told, contents)

    Judge.subject = subject  # type: ignore[method-assign]


@_leak
def image_of_a_name() -> None:
    """A masked name has as many asterisks as it has letters."""
    from schema.policy import masks

    masks.family_name_only = lambda name: name[:1] + "*" * len(name[1:])


@_leak
def cursor_of_whole_list() -> None:
    """A cursor says where the record stands among all records of the subject, hidden ones too."""
    from hub.road.views import Judge

    living = Judge.subject

    def subject(self: Any, dossier: Any, records: Any, contents: Any = ()) -> Any:
        every = tuple(records)
        found = living(self, dossier, every, contents)
        places = {(each.kind, each.key): str(place) for place, each in enumerate(every)}
        if found is None:
            return None
        rows = [replace(row, name=f"{row.name}{places[row.stored.kind, row.stored.key]}") for row in found.records]
        return replace(found, records=rows)

    Judge.subject = subject  # type: ignore[method-assign]


@_leak
def receipt_names_all() -> None:
    """The receipt's entry lists the subjects that were read, not those that were shown."""
    from hub import exchange

    living = exchange.disclosure_of

    def disclosure_of(asked: Any, plan: Any, sight: Any, rendered: Any) -> Any:
        pending = living(asked, plan, sight, rendered)
        values = {**pending.entry.values, "subjects": sorted(code for code, read in sight.versions.items() if read)}
        return replace(pending, entry=replace(pending.entry, values=values))

    exchange.disclosure_of = disclosure_of


@_leak
def size_of_answer() -> None:
    """The answer is padded by the number of subjects that were read."""
    from hub import exchange

    living = exchange.answered
    _watch_sight(_read)

    def answered(data: bytes, *given: Any, **more: Any) -> Any:
        return living(data + b" " * _SEEN[0], *given, **more)

    exchange.answered = answered


@_leak
def tell_the_operator() -> None:
    """The operator's access log counts the subjects that were read."""
    from hub import exchange

    living = exchange.answered
    _watch_sight(_read)

    def answered(*given: Any, **more: Any) -> Any:
        return living(*given, **{**more, "denials": more["denials"] + _SEEN[0]})

    exchange.answered = answered


_SEEN = [0]


def _read(sight: Any) -> int:
    return sum(version > 0 for version in sight.versions.values())


def _watch_sight(count: Callable[[Any], int]) -> None:
    """Keep in `_SEEN` what *count* says of what the question being answered has seen."""
    from hub.road.sight import Sight

    living = Sight.see

    async def see(self: Any, codes: Any) -> None:
        await living(self, codes)
        _SEEN[0] = count(self)

    Sight.see = see  # type: ignore[method-assign]
