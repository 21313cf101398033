"""
A group company's procurement platform, asked live: one question for many subjects and exactly the granted fields.

The far side answers `suppliers(codes:) { asOf items { code … } }`. A stream's `place` is the list of records under a
supplier; a column `supplier.name` stands at the supplier itself.

Rules:
    - A field that was not granted is not in the question. `code` always is: by it each item is held against the code
      that was asked, so that an answer to another question never lands on this subject.
    - A code that the platform does not know is present with no rows.
    - An answer that is not whole is no answer.
    - The platform is asked every time; but what it says of a supplier is read once as long as it says it in the same
      bytes to the same question. `Found.rows[code]` is then the same object again: see `Connector.lookup`.

Source: DOMAIN 14.1 for the sanctions; docs/sandbox.md 4.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from connectors.errors import OperatorNeeded, RetryLater, StopStream
from connectors.generic import auth_headers
from connectors.health import health_of
from connectors.mapping import FieldMap
from connectors.memo import Memo, Turn
from connectors.port import Capability, Found, Health, Place, Row, Stream
from connectors.registry import Now
from connectors.secrets import Secrets
from connectors.site import SiteConfig, TransportKind
from connectors.stream_config import StreamConfig
from connectors.streams import NoRead, NoReport, listed
from connectors.transport.graphql import NAME, GraphqlTransport
from connectors.transport.pace import Pace
from connectors.transport.rows import UNREADABLE, text_cells
from connectors.transport.seam import sealed
from connectors.transport.service import ServiceTransport, decoded

_PARENT: Final = "supplier."
_MOST_CODES: Final = 500
_ROWS_IN_A_TURN: Final = 50
_ROWS_REMEMBERED: Final = 10_000
_QUESTIONS_REMEMBERED: Final = 256

_ByKind = Mapping[str, Sequence[Row]]
_NOTHING: Final[_ByKind] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """What one kind asks for: the map of its asked fields, columns of the record, columns of the supplier."""

    stream: StreamConfig
    place: str
    map: FieldMap
    own: tuple[str, ...]
    parent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    """A grant as a question: worked out once, and by its identity the key of what it was answered."""

    selections: Sequence[_Selection]
    document: str
    columns: Mapping[str, Mapping[str, str]]


class _Suppliers(msgspec.Struct, rename="camel"):
    as_of: str
    items: list[msgspec.Raw]


class _Data(msgspec.Struct):
    suppliers: _Suppliers


class _Reply(msgspec.Struct):
    """An answer as it should be; its items stay bytes until somebody has to read them."""

    data: _Data
    errors: Any = None


class GroupConnector(NoRead, NoReport):
    """锦江能源集团采购平台: asked per question, never harvested."""

    def __init__(self, config: SiteConfig, secrets: Secrets, now: Now) -> None:
        transport = config.transport
        if transport.kind is not TransportKind.GRAPHQL:
            raise OperatorNeeded(config.id, "CONNECTOR_TRANSPORT", "expected transport.kind = graphql")
        self._config = config
        self._by_kind = {stream.kind: stream for stream in config.streams.values()}
        if len(self._by_kind) != len(config.streams):
            raise OperatorNeeded(config.id, "CONNECTOR_STREAM", "expected one stream per kind")
        self._places = {name: config.place(stream, secrets) for name, stream in config.streams.items()}
        for name, stream in config.streams.items():
            _check_names(config.id, self._places[name], stream)
        self._http = ServiceTransport(
            source=config.id,
            base_url=config.address("base_url", secrets),
            timeout_s=transport.timeout_s,
            max_bytes=transport.max_bytes,
            pace=Pace(source=config.id, rate_per_s=transport.rate_per_s, daily=transport.daily, now=now),
            connections=transport.connections,
        )
        self._graphql = GraphqlTransport(source=config.id, http=self._http, headers=auth_headers(config, secrets))
        self._most_codes = min(transport.lookup_max, _MOST_CODES)
        self._reply = msgspec.json.Decoder(_Reply)
        self._questions = Memo[tuple[tuple[str, tuple[str, ...]], ...], _Question](_QUESTIONS_REMEMBERED)
        self._read = Memo[tuple[_Question, str], tuple[bytes, _ByKind]](_ROWS_REMEMBERED)

    @property
    def source(self) -> str:
        """The site's identifier."""
        return self._config.id

    @property
    def capabilities(self) -> frozenset[Capability]:
        """It answers live."""
        return frozenset({Capability.LOOKUP})

    async def check(self) -> Health:
        """Ask the platform's clock."""

        async def probe() -> datetime | None:
            return _moment((await self._graphql.ask("{ now }", {})).get("now"))

        return await health_of(self.source, probe)

    async def discover(self) -> Sequence[Stream]:
        """List the described streams."""
        return listed(self._config)

    async def lookup(self, codes: Sequence[str], fields: Mapping[str, Sequence[str]], deadline_s: float) -> Found:
        """
        Ask for *codes*: one question per `lookup_max` of them, at the same time.

        Raises:
            StopStream: SRC_NO_KIND, SRC_NO_FIELD (the site maps no column to it).
            SourceError: as the transport raises; an answer to another question is `RetryLater` SRC_REPLAY.
        """
        asked = tuple(dict.fromkeys(codes))
        if not asked:
            raise StopStream(self.source, "SRC_NO_CODE", "expected at least one code")
        question = self._question(fields)
        parts = [asked[start : start + self._most_codes] for start in range(0, len(asked), self._most_codes)]
        rows: dict[str, _ByKind] = {}
        moments: list[datetime] = []
        with sealed(self.source):
            for part, answer in zip(parts, await self._ask_all(question.document, parts, deadline_s), strict=True):
                moments.append(await self._read_answer(question, part, answer, rows))
        return Found(rows=rows, as_of=min(moments), columns=question.columns)

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()

    async def _ask_all(self, document: str, parts: Sequence[Sequence[str]], deadline_s: float) -> Sequence[bytes]:
        if len(parts) == 1:
            return [await self._graphql.ask_raw(document, {"codes": parts[0]}, deadline_s=deadline_s)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._graphql.ask_raw(document, {"codes": part}, deadline_s=deadline_s))
                    for part in parts
                ]
        except ExceptionGroup as failures:
            # The first failure cancelled the others; the port knows one error, not groups.
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]

    def _question(self, fields: Mapping[str, Sequence[str]]) -> _Question:
        key = tuple((kind, tuple(names)) for kind, names in fields.items())
        question = self._questions.get(key)
        if question is None:
            selections = [self._selection(kind, names) for kind, names in fields.items()]
            columns = {each.stream.kind: _labels(each) for each in selections}
            question = _Question(selections=selections, document=_document(selections), columns=columns)
            self._questions.put(key, question)
        return question

    def _selection(self, kind: str, names: Sequence[str]) -> _Selection:
        stream = self._by_kind.get(kind)
        if stream is None:
            raise StopStream(self.source, "SRC_NO_KIND", f"described are: {', '.join(self._by_kind)}")
        # A catalogue field that the platform has no column for is simply not in its answer.
        fields = tuple(name for name in dict.fromkeys(names) if name in stream.map.entries)
        columns = dict.fromkeys(column for name in fields for column in stream.map.entries[name].columns)
        own = tuple(column for column in columns if not column.startswith(_PARENT))
        parent = tuple(column for column in columns if column.startswith(_PARENT))
        asked = FieldMap(entries={name: stream.map.entries[name] for name in fields})
        return _Selection(stream=stream, place=self._places[stream.name], map=asked, own=own, parent=parent)

    async def _read_answer(
        self, question: _Question, codes: Sequence[str], answer: bytes, rows: dict[str, _ByKind]
    ) -> datetime:
        """Read *answer* about *codes* into *rows*, and tell as of when it holds."""
        as_of, items = self._items(answer)
        moment = _moment(as_of)
        if not isinstance(items, list) or moment is None:
            raise RetryLater(self.source, "SRC_SHAPE", "expected suppliers with asOf and items")
        if len(items) != len(codes):
            raise RetryLater(self.source, "SRC_REPLAY", "another number of items than codes")
        turn = Turn(_ROWS_IN_A_TURN)
        for code, item in zip(codes, items, strict=True):
            if not isinstance(item, msgspec.Raw):
                rows[code] = self._kinds_of(question, code, item)
                continue
            said = bytes(item)
            known = self._read.get((question, code))
            if known is None or known[0] != said:
                known = (said, self._kinds_of(question, code, decoded(self.source, said)))
                weight = 1 + sum(map(len, known[1].values()))
                self._read.put((question, code), known, weight)
                await turn.passed(weight)
            rows[code] = known[1]
        return moment

    def _items(self, answer: bytes) -> tuple[object, object]:
        """
        Take *answer* apart into its time and its items, each still the platform's bytes.

        Whatever is unusual about it is read in the long way, which knows every fault by its name.
        """
        try:
            reply = self._reply.decode(answer)
        except (msgspec.MsgspecError, RecursionError):
            reply = None
        if reply is not None and not reply.errors:
            return reply.data.suppliers.as_of, reply.data.suppliers.items
        found = self._graphql.data_of(answer).get("suppliers")
        return (found.get("asOf"), found.get("items")) if isinstance(found, dict) else (None, None)

    def _kinds_of(self, question: _Question, code: str, item: object) -> _ByKind:
        if item is None:
            return _NOTHING
        if not isinstance(item, dict) or item.get("code") != code:
            raise RetryLater(self.source, "SRC_REPLAY", "an item is not about the code that was asked")
        return {each.stream.kind: self._rows(each, item) for each in question.selections}

    def _rows(self, selection: _Selection, item: Mapping[str, object]) -> Sequence[Row]:
        records = item.get(selection.place)
        if not isinstance(records, list):
            raise RetryLater(self.source, "SRC_SHAPE", f"expected a list {selection.place}")
        above = {name: item.get(name.removeprefix(_PARENT)) for name in selection.parent}
        rows: list[Row] = []
        for number, record in enumerate(records):
            if not isinstance(record, dict) or not all(name in record for name in selection.own):
                raise RetryLater(self.source, "SRC_SHAPE", f"an item of {selection.place} lacks a field that was asked")
            cells, whole = text_cells({**{name: record[name] for name in selection.own}, **above})
            # Counted within its supplier: where that stands in the answer depends on who else was asked for.
            place = Place(part=selection.place, path=f"$.{selection.place}[{number}]")
            # A live stream has a map of its columns and nothing beside it (`_check_names`), so that is the whole row.
            rows.append(Row(values=selection.map.apply(cells), place=place, fault=None if whole else UNREADABLE))
        return tuple(rows)


def _labels(selection: _Selection) -> Mapping[str, str]:
    return selection.map.columns_of((*selection.own, *selection.parent))


def _document(selections: Sequence[_Selection]) -> str:
    """Write the one question: `code`, the supplier's asked columns, and per kind exactly the asked columns."""
    above = dict.fromkeys(name.removeprefix(_PARENT) for each in selections for name in each.parent)
    inner = " ".join(f"{each.place} {{ {' '.join(each.own) or '__typename'} }}" for each in selections)
    fields = " ".join(dict.fromkeys(("code", *above)))
    return f"query($codes: [String!]!) {{ suppliers(codes: $codes) {{ asOf items {{ {fields} {inner} }} }} }}"


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _check_names(source: str, place: str, stream: StreamConfig) -> None:
    columns = (column.removeprefix(_PARENT) for column in stream.map.sources())
    if not NAME.fullmatch(place) or not all(NAME.fullmatch(column) for column in columns):
        raise OperatorNeeded(source, "CONNECTOR_STREAM", f"{stream.name}: expected GraphQL names in place and map")
    if stream.extra.entries or stream.op or stream.row_id or stream.cursor or stream.tombstone:
        raise OperatorNeeded(
            source, "CONNECTOR_STREAM", f"{stream.name}: a live stream has a map and nothing beside it"
        )
