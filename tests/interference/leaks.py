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

    async def one(self: Any, asked: Any, sight: Any, _decider: Any) -> Any:
        page = await searching.search(self._engine, asked.name, asked.first)
        await sight.see([hit.subject.code for hit in page.hits])
        hits = [SearchHit(code=hit.subject.code, matched_by=hit.match.name, position="1:x") for hit in page.hits]
        return searching.SearchPage(hits=hits, has_next=page.has_more, start=0)

    searching.Searches._one = one  # type: ignore[method-assign]


@_leak
def tell_in_error() -> None:
    """The error for a bad cursor says how many rows the subject has."""
    from schema.graph import connection, subject
    from schema.render import runtime

    living = connection.cut

    def cut(rows: Any, **more: Any) -> Any:
        try:
            return living(rows, **more)
        except Exception as error:
            error.message += f" ({len(rows)})"  # type: ignore[attr-defined]
            raise

    connection.cut = cut
    for module in (subject, runtime):
        if hasattr(module, "cut"):
            module.cut = cut  # type: ignore[attr-defined]
    sort_by_hidden()


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
def unmasked_image() -> None:
    """A masked amount is rounded instead of banded."""
    from schema.graph import views
    from schema.policy import masks
    from schema.render import runtime

    living = masks.apply_mask

    def apply_mask(mask: Any, value: str) -> str | None:
        return f"{value[:1]}{'*' * len(value[1:])}" if mask == "m1" else living(mask, value)

    for module in (masks, views, runtime):
        if hasattr(module, "apply_mask"):
            module.apply_mask = apply_mask  # type: ignore[attr-defined]


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
    """The receipt's entry lists subjects that were read, not those that were shown."""
    from hub.road import attest

    living = attest._disclosure

    def disclosure(asked: Any, **answered: Any) -> Any:
        return living(asked, **answered)

    def of(asked: Any, plan: Any, sight: Any, rendered: Any) -> Any:
        pending = attest_of(asked, plan, sight, rendered)
        values = {**pending.entry.values, "subjects": sorted(code for code, read in sight.versions.items() if read)}
        return replace(pending, entry=replace(pending.entry, values=values))

    attest_of = attest.disclosure_of
    attest.disclosure_of = of
    attest._disclosure = disclosure
    from hub import exchange

    exchange.disclosure_of = of


@_leak
def size_of_answer() -> None:
    """The answer is padded by the number of records that were read."""
    from hub import exchange

    living = exchange.answered
    rows: list[int] = [0]
    see = exchange.Sight._take

    async def take(self: Any, *given: Any, **more: Any) -> None:
        await see(self, *given, **more)
        rows[0] = sum(self.versions.values())

    def answered(data: bytes, *given: Any, **more: Any) -> Any:
        return living(data + b" " * (rows[0] % 7), *given, **more)

    exchange.Sight._take = take  # type: ignore[method-assign]
    exchange.answered = answered


@_leak
def tell_the_operator() -> None:
    """The operator's access log gets the number of subjects that were read."""
    from hub import exchange

    living = exchange.answered

    def answered(*given: Any, **more: Any) -> Any:
        answer = living(*given, **more)
        return type(answer)(
            body=answer.body,
            is_request_error=answer.is_request_error,
            headers=answer.headers,
            public=answer.public,
            denials=answer.denials + _READ[0],
        )

    see = exchange.Sight._take

    async def take(self: Any, *given: Any, **more: Any) -> None:
        await see(self, *given, **more)
        _READ[0] = sum(version > 0 for version in self.versions.values())

    exchange.Sight._take = take  # type: ignore[method-assign]
    exchange.answered = answered


_READ = [0]
