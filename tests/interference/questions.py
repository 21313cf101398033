"""
What is asked of both hubs: every way in, every argument, systematically and at random.

Rules:
    - A document is the same for all; what varies goes by variables, so that a plan is made once for a standing.
    - Values come from both worlds: what only one of them has is asked of both.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from graphql import GraphQLEnumType

from hub.access.pseudonyms import Pseudonyms
from schema.catalogue import KINDS, Registration
from schema.catalogue.model import FieldSpec, FieldType, fields_of
from schema.graph.build import Exchange
from schema.graph.connection import NUMBER, NUMBERS
from schema.graph.ids import NodeId
from schema.identifiers.names import initials
from schema.plan.guarded import SUBJECT_KIND
from schema.records import PublicityState, Severity, StoredRecord
from tests.equality.values import DAYS
from tests.interference.people import Asker
from tests.interference.twin import Change, Twin
from tests.interference.wire import request
from tests.interference.world import NO_CODE, World

JSON, GRAPHQL = "application/json", "application/graphql-response+json"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OPEN = (
    "__typename id kind category subjectCode publicityState severity severityBasis day publicityFrom publicityTo "
    "repairableFrom objected provenance { source batch version asOf receivedAt catalogueVersion freshness linkMethod "
    "linkConfidence }"
)
_PAGE = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


def _fields(name: str) -> str:
    """All fields of a kind, under names that no other kind's are."""
    return " ".join(f"{name}_{spec.api_name}: {spec.api_name}" for spec in fields_of(KINDS[name]))


_FIELDS = " ".join(f"... on {name} {{ {_fields(name)} }}" for name in KINDS)
_REGISTRATION = " ".join(spec.api_name for spec in fields_of(Registration))
_SUBJECT = (
    "__typename id code name status region sector parentCode formerNames { name validFrom validTo source } "
    f"timeline {{ event day source }} registration {{ id {_REGISTRATION} }} holdings {{ kind category exists count }}"
)
_LIST = (
    "($code: ID!, $kinds: [RecordKind!], $where: RecordFilter, $order: RecordOrder, $first: Int! = 20, $after: String)"
)
_ARGUMENTS = "(kinds: $kinds, where: $where, orderBy: $order, first: $first, after: $after)"
EVERYTHING = (
    f"query{_LIST} {{ subject(code: $code) {{ {_SUBJECT} records{_ARGUMENTS} "
    f"{{ totalCount {_PAGE} edges {{ cursor }} nodes {{ {OPEN} {_FIELDS} }} }} }} }}"
)
LISTED = (
    f"query{_LIST} {{ subject(code: $code) {{ code records{_ARGUMENTS} "
    f"{{ totalCount {_PAGE} edges {{ cursor node {{ id kind day }} }} }} }} }}"
)
SEVERAL = (
    "query($codes: [ID!]!, $where: RecordFilter) { subjects(codes: $codes) { id code name "
    "holdings { kind category exists count } records(where: $where, first: 2) { totalCount nodes { id } } } }"
)
SEARCH = (
    "query($name: String!, $first: Int! = 20, $after: String) "
    "{ searchSubjects(name: $name, first: $first, after: $after) "
    f"{{ {_PAGE} edges {{ cursor matchedBy node {{ code name formerNames {{ name }} }} }} nodes {{ id }} }} }}"
)
NODE = (
    f"query($id: ID!) {{ node(id: $id) {{ __typename id ... on {SUBJECT_KIND} {{ code name }} "
    "... on CreditRecord { kind subjectCode day } } }"
)
ENTITIES = (
    "query($of: [_Any!]!) { _entities(representations: $of) "
    f"{{ __typename ... on {SUBJECT_KIND} "
    "{ code name holdings { kind category count } records { totalCount } } } }"
)
MIXED = (
    "query($a: ID!, $b: ID!, $name: String!) { me { actor purpose policyVersion } sources { id state lastSucceededAt } "
    "one: subject(code: $a) { name } two: subject(code: $b) { name } "
    "found: searchSubjects(name: $name) { nodes { code } } __schema { queryType { name } } }"
)
"""Introspection beside data: this one the reference executor answers."""
ME = "{ me { actor organisation regions purposes } _service { __typename } }"
WAYS = ("lane", "asgi", "query-string", "get", "persisted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    One request, before it is bytes.

    Attributes:
        label: What it looks at, for reports.
        way: How it is sent, see `WAYS`.
        media: What is accepted.
        in_header: The purpose goes in the header.
        raw: The body as it is sent, instead of what the other members say.
    """

    label: str
    document: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    way: str = "lane"
    media: str = JSON
    in_header: bool = False
    raw: bytes | None = None

    def __str__(self) -> str:
        asked = orjson.dumps(dict(self.variables), default=str).decode()
        return f"{self.label} by {self.way} as {self.media}\n{self.document[:4000]}\nvariables {asked[:4000]}"


def written(question: Question, asker: Asker, token: str | None, number: int) -> bytes:
    """Write *question* as *asker* sends it."""
    headers = [("accept", question.media), ("x-request-id", f"n{number}"), ("traceparent", TRACE)]
    if token is not None:
        headers.append(("authorization", f"Bearer {token}"))
    extensions = dict(question.extensions)
    context = dict(asker.context)
    if question.in_header:
        parts = "".join(f';{_kebab(key)}="{value}"' for key, value in context.items())
        headers.append(("purpose", f"{asker.purpose}{parts}"))
    elif asker.person is not None or question.extensions.get("purpose"):
        extensions.setdefault("purpose", {"code": asker.purpose, "context": context})
    members: dict[str, Any] = {"variables": dict(question.variables), "extensions": extensions}
    if question.operation is not None:
        members["operationName"] = question.operation
    if question.way == "persisted":
        digest = hashlib.sha256(question.document.encode()).hexdigest()
        extensions["persistedQuery"] = {"version": 1, "sha256Hash": digest}
        if question.label != "known":
            members["query"] = question.document
    else:
        members["query"] = question.document
    if question.way == "get":
        texts = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in members.items()
        }
        return request("GET", f"/graphql?{urlencode(texts, quote_via=quote)}", headers)
    body = orjson.dumps(members) if question.raw is None else question.raw
    headers.append(("content-type", JSON))
    if question.way == "asgi":
        half = len(body) // 2
        return request("POST", "/graphql", headers, [body[:half], body[half:]])
    return request("POST", "/graphql?x=1" if question.way == "query-string" else "/graphql", headers, body)


def _kebab(key: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key)


class Examiner:
    """Makes questions for one standing about one world and its twin."""

    def __init__(self, exchange: Exchange, pseudonyms: Pseudonyms, world: World, twin: Twin, dice: Random) -> None:
        self._exchange = exchange
        self._pseudonyms = pseudonyms
        self._world = world
        self._twin = twin
        self._dice = dice
        self._touched = [*twin.dossiers, *twin.gone] or list(world.dossiers)
        self._members = {
            str(getattr(value.value, "value", value.value)): name
            for kind in ("FilterableField", "SortableField")
            for name, value in _enum(exchange, kind).values.items()
        }

    def systematic(self, allowed: Sequence[FieldSpec], refused: Sequence[FieldSpec]) -> Iterator[Question]:
        """
        Ask about every touched subject by every root, filter, order and page.

        Args:
            allowed: Fields the standing may filter or sort by.
            refused: Fields it may not.
        """
        dice = self._dice
        for code in dice.sample(self._touched, min(8, len(self._touched))):
            yield Question(label="everything", document=EVERYTHING, variables={"code": code, "first": 100})
        yield from self._filters(allowed)
        for spec in dice.sample(list(refused), min(2, len(refused))):
            yield self._listed("refused filter", where={"fields": [self._condition(spec)]})
        yield from self._orders(allowed, refused)
        yield from self._nodes()
        yield from self._searches()
        yield from self._lists()
        yield from self._forms()

    def _code(self) -> str:
        return self._dice.choice(self._touched)

    def _listed(self, label: str, code: str | None = None, **arguments: Any) -> Question:
        return Question(label=label, document=LISTED, variables={"code": code or self._code(), **arguments})

    def _filters(self, allowed: Sequence[FieldSpec]) -> Iterator[Question]:
        """By every touched field that may stand in a filter, with the values of both worlds; by what is open."""
        dice = self._dice
        by_coordinate = {spec.coordinate: spec for spec in allowed if spec.field.filterable}
        hidden = [change for change in self._twin.changes if change.what in by_coordinate]
        dice.shuffle(hidden)
        # A row that is not listed matches nothing; where one is, its hidden value must match nothing either.
        hidden.sort(key=lambda change: not change.listed)
        for change in hidden[:5]:
            spec = by_coordinate[change.what]
            for value in (change.before, change.after):
                where = {"fields": [self._condition(spec, value)]}
                yield self._listed("hidden value", change.code, where=where)
        for spec in dice.sample(list(by_coordinate.values()), min(4, len(by_coordinate))):
            yield self._listed("filter", where={"fields": [self._condition(spec)]})
        yield self._listed("days", where={"dayFrom": dice.choice(DAYS), "dayTo": dice.choice(DAYS)})
        yield self._listed("states", where={"state": [dice.choice(list(PublicityState)).name for _ in range(3)]})
        yield self._listed("severity", where={"severity": [dice.choice(list(Severity)).name]})
        yield self._listed("kinds", kinds=[self._kind() for _ in range(2)])

    def _kind(self) -> str:
        return self._dice.choice(list(_enum(self._exchange, "RecordKind").values))

    def _condition(self, spec: FieldSpec, value: object = None) -> dict[str, Any]:
        dice = self._dice
        if isinstance(value, tuple):
            value = value[0] if value else None
        if value is None:
            value = dice.choice(self._values(spec) or ["1"])
        text = str(value)
        if spec.field.type in NUMBERS and not NUMBER.fullmatch(text):
            text = "10"
        how = dice.choice(("equals", "equals", "atLeast", "atMost"))
        return {"field": self._members[spec.coordinate], how: text}

    def _values(self, spec: FieldSpec) -> list[object]:
        """What the field holds on touched subjects, in either world."""
        found = [
            getattr(record.body, spec.name)
            for record in self._records()
            if record.kind == spec.kind and getattr(record.body, spec.name) is not None
        ]
        flat = [part for value in found for part in (value if isinstance(value, tuple) else (value,))]
        return [value for value in flat if spec.field.type is not FieldType.BOOLEAN]

    def _records(self) -> Iterator[StoredRecord]:
        for code in self._touched:
            for held in (self._world.dossiers.get(code), self._twin.dossiers.get(code)):
                yield from held.records if held else ()

    def _orders(self, allowed: Sequence[FieldSpec], refused: Sequence[FieldSpec]) -> Iterator[Question]:
        dice = self._dice
        sortable = [spec for spec in allowed if spec.field.sortable]
        listed = {change.what: change.code for change in self._twin.changes if change.listed}
        dice.shuffle(sortable)
        sortable.sort(key=lambda spec: spec.coordinate not in listed)
        for spec in sortable[:4]:
            order = {"field": self._members[spec.coordinate], "direction": dice.choice(("ASC", "DESC"))}
            yield self._listed("order", listed.get(spec.coordinate), order=order, first=dice.choice((1, 3, 50)))
        for spec in [spec for spec in refused if spec.field.sortable][:1]:
            yield self._listed("refused order", order={"field": self._members[spec.coordinate]})
        yield self._listed("default order", order={"direction": "ASC"})

    def _nodes(self) -> Iterator[Question]:
        """Every touched row by its global identifier, and some that are nowhere."""
        dice = self._dice
        rows = sorted({(change.row, change.code) for change in self._twin.changes if change.row})
        chosen = dice.sample(rows, min(8, len(rows)))
        ids = [
            NodeId(kind=row[0], code=code, name=self._pseudonyms.of(row[0], code, row[1]))
            for row, code in chosen
            if row
        ]
        ids += [NodeId(kind=SUBJECT_KIND, code=code) for code in dice.sample(self._touched, min(3, len(self._touched)))]
        ids += [NodeId(kind="Penalty", code=self._code(), name="0" * 30), NodeId(kind=SUBJECT_KIND, code=NO_CODE)]
        for each in ids:
            yield Question(label="node", document=NODE, variables={"id": str(each)})

    def _searches(self) -> Iterator[Question]:
        """Names that only one world has, their parts and initials; pages of each size."""
        dice = self._dice
        names = [name for change in self._twin.changes for name in _names(change)]
        names += [held.subject.name for held in self._world.dossiers.values()]
        for name in [*dice.sample(names, min(4, len(names))), "电力", "锦江"]:
            way = dice.choice(("whole", "whole", "part", "initials"))
            text = {"whole": name, "part": name[:3], "initials": initials(name)[:4]}[way] or name
            yield Question(
                label=f"search {way}",
                document=SEARCH,
                variables={"name": text, "first": dice.choice((1, 2, 5, 20, 200))},
            )

    def _lists(self) -> Iterator[Question]:
        dice = self._dice
        codes = [*dice.sample(self._touched, min(5, len(self._touched))), NO_CODE]
        dice.shuffle(codes)
        yield Question(label="subjects", document=SEVERAL, variables={"codes": codes})
        of = [{"__typename": SUBJECT_KIND, "code": code} for code in codes]
        yield Question(label="entities", document=ENTITIES, variables={"of": of})
        yield Question(
            label="bad entities",
            document=ENTITIES,
            variables={"of": [*of, {"__typename": "Penalty"}, {"code": codes[0]}]},
        )
        name = dice.choice([name for change in self._twin.changes for name in _names(change)] or ["电力"])
        yield Question(label="mixed", document=MIXED, variables={"a": codes[0], "b": codes[-1], "name": name})

    def _forms(self) -> Iterator[Question]:
        """Refusals of every step: what is refused must not depend on what is on file."""
        code = self._code()
        bad = self._listed("bad cursor", code, after="x")
        yield bad
        yield replace(bad, label="bad page", variables={"code": code, "first": 201})
        yield replace(bad, label="bad variable", variables={"code": code, "first": "many"})
        yield Question(label="too many", document=SEVERAL, variables={"codes": [code] * 501})
        yield Question(label="too dear", document=_DEAR, variables={"codes": (self._touched * 480)[:480]})
        yield Question(label="too many entities", document=ENTITIES, variables={"of": [{}] * 1001})
        yield Question(label="syntax", document=f'{{ subject(code: "{code}") {{ name }}')
        yield Question(label="unknown field", document=f'{{ subject(code: "{code}") {{ nothing }} }}')
        everything = {"code": code, "first": 5}
        yield Question(
            label="reject", document=EVERYTHING, variables=everything, extensions={"onDenied": "reject"}, media=GRAPHQL
        )
        for name in ("accessPreview", "dryRun"):
            yield Question(label=name, document=LISTED, variables=everything, extensions={name: True})
        yield Question(label="not JSON", document="", raw=b'{"query":')
        yield Question(
            label="service", document="{ me { actor organisation regions purposes } _service { __typename } }"
        )


def ways_of(question: Question, dice: Random) -> Question:
    """Send *question* by any way and media type, its purpose in the body or the header."""
    if question.raw is not None or question.way != "lane":
        return question
    luck = dice.random()
    way = "lane" if luck < 0.6 else dice.choice(WAYS)
    if way == "get" and len(orjson.dumps(dict(question.variables))) + len(question.document) > 3_000:
        way = "asgi"
    media = GRAPHQL if dice.random() < 0.3 else question.media
    return replace(question, way=way, media=media, in_header=dice.random() < 0.3)


def paged(question: Question, cursors: Sequence[str], dice: Random) -> Question | None:
    """Ask *question* again from one of *cursors*, if it has pages."""
    if question.document not in {LISTED, EVERYTHING, SEARCH} or not cursors:
        return None
    variables = {**question.variables, "after": dice.choice(list(cursors))}
    return replace(question, label=f"{question.label} after", variables=variables)


def _names(change: Change) -> Iterator[str]:
    if change.what in {"subject", "subject.name"}:
        yield from (str(each) for each in (change.before, change.after) if each)
    elif change.what == "formerNames":
        for spans in (change.before, change.after):
            assert isinstance(spans, tuple)
            yield from (span.name for span in spans)


def _enum(exchange: Exchange, name: str) -> GraphQLEnumType:
    kind = exchange.schema.type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    return kind


_DEAR = (
    "query($codes: [ID!]!) { subjects(codes: $codes) { "
    + " ".join(f"list{number}: records(first: 200) {{ nodes {{ id }} }}" for number in range(40))
    + " } }"
)
