"""
Whole dossiers out of the store: one statement per chunk of codes, one row per subject, and how a row is read.

Rules:
    - One statement sees one state of the store, so a dossier's version is that of its records, names and timeline.
    - The store hands a dossier over as JSON arrays. That is one row to fetch per subject, not one per record, and one
      pass of a compiled decoder; on SQLite a thread then waits once for its turn among the others, not once per row.
    - Order is made here, by code point: collations differ between stores.
    - NOTE: SQLite writes a float into JSON with 15 digits; `link_confidence` is written with all 17.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from sys import intern
from typing import Any, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Dialect,
    Select,
    String,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub.clock import from_iso, legal_day
from hub.store import tables
from hub.store.administration_tables import RecordLabel as RecordLabelRow
from hub.store.subjects import SUBJECT_COLUMNS, FormerName, SubjectFacts, subject_of
from hub.store.tables import table_of
from hub.store.timeline import TimelineEvent
from schema.catalogue import KINDS
from schema.records import Provenance, PublicityState, RecordLabel, Severity, SeverityBasis, StoredRecord
from schema.tiers import Tier

_S = table_of(tables.Subject).c
_R = table_of(tables.Record).c
_O = table_of(tables.Source).c
_N = table_of(tables.SubjectName).c
_E = table_of(tables.SubjectEvent).c
_L = table_of(RecordLabelRow).c


class _Row(msgspec.Struct, array_like=True, gc=False):
    """A record as the statement writes it: the order is that of `_record_columns`."""

    kind: str
    key: str
    body: str
    sealed: str | None
    state: PublicityState
    severity: Severity | None
    severity_basis: SeverityBasis | None
    list_code: str | None
    tier: Tier | None
    owner: str | None
    authority: str | None
    region: str | None
    publicity_from: str | None
    publicity_to: str | None
    repairable_from: str | None
    decided_on: str | None
    objected: bool
    published: bool
    link_method: str
    link_confidence: float
    source: str
    batch: str
    version: int
    digest: str
    as_of: str
    received_at: str
    catalogue_version: str


# Not strict: SQLite's booleans are 0 and 1.
_RECORDS = msgspec.json.Decoder(list[_Row], strict=False)
_NAMES = msgspec.json.Decoder(list[tuple[str, str, str | None, str | None, str]])
_LABELS = msgspec.json.Decoder(list[tuple[str, str, Tier, str | None, str, str | None]])
_EVENTS = msgspec.json.Decoder(list[tuple[str, str | None, str, str, str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    What of a dossier is read besides the subject.

    Attributes:
        records: Its records.
        kinds: Only those of the kinds in the parameter `kinds`.
        history: Former names and timeline.
    """

    records: bool = True
    kinds: bool = False
    history: bool = True


def dossiers_statement(dialect: str, part: Part) -> Select[Any]:
    """The statement on *dialect* (`sqlite`, `postgresql`). Parameters: `codes`, and `kinds` if *part* has it."""
    json = _Sqlite() if dialect == "sqlite" else _Postgres()
    columns: list[ColumnElement[Any]] = list(SUBJECT_COLUMNS)
    if part.records:
        records = json.arrays(*_record_columns(json))
        mine = select(records).select_from(
            table_of(tables.Record).outerjoin(table_of(tables.Source), _O.id == _R.source)
        )
        mine = mine.where(_R.subject_code == _S.code)
        if part.kinds:
            mine = mine.where(json.among(_R.kind, "kinds"))
        labels = select(json.arrays(_L.kind, _L.record_key, _L.tier, _L.regions, _L.valid_from, _L.valid_to))
        labels = labels.where(_L.subject_code == _S.code)
        columns += [each.correlate(table_of(tables.Subject)).scalar_subquery() for each in (mine, labels)]
    if part.history:
        names = select(json.arrays(_N.name_key, _N.name, _N.valid_from, _N.valid_to, _N.source))
        names = names.where(_N.subject_code == _S.code, _N.name_key != _S.name_key)
        events = select(json.arrays(_E.event, _E.day, _E.source, _E.recorded_at, _E.event_id))
        events = events.where(_E.subject_code == _S.code)
        columns += [each.correlate(table_of(tables.Subject)).scalar_subquery() for each in (names, events)]
    return select(*columns).where(json.among(_S.code, "codes"))


def written(statement: Select[Any], dialect: str) -> str:
    """Write *statement* for the driver, with its parameters by name."""
    spelling: Dialect = sqlite.dialect(paramstyle="named") if dialect == "sqlite" else postgresql.psycopg.dialect()  # type: ignore[no-untyped-call]
    return str(statement.compile(dialect=spelling))


def _record_columns(json: "_Sqlite | _Postgres") -> Sequence[ColumnElement[Any]]:
    """In the order of `_Row`."""
    return (
        _R.kind, _R.record_key, json.hex(_R.body), json.hex(_R.sealed), _R.state, _R.severity, _R.severity_basis,
        _R.list_code, _R.tier,
        _O.owner_code, _R.authority, _R.region, _R.publicity_from, _R.publicity_to, _R.repairable_from, _R.decided_on,
        _R.objected, _R.published, _R.link_method, json.exact(_R.link_confidence), _R.source, _R.batch_id, _R.version,
        _R.digest, _R.as_of, _R.received_at, _R.catalogue_version,
    )  # fmt: skip


class _Sqlite:
    """SQLite's words for JSON."""

    def arrays(self, *columns: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.json_group_array(func.json_array(*columns))

    def hex(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.hex(column)

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.json(func.printf(literal_column("'%!.17g'"), column))

    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        return column.in_(select(func.json_each(bindparam(parameter)).table_valued("value").c.value))

    def bound(self, texts: Sequence[str]) -> object:
        return msgspec.json.encode(texts).decode()


class _Postgres:
    """PostgreSQL's words for JSON."""

    def arrays(self, *columns: ColumnElement[Any]) -> ColumnElement[Any]:
        return cast(func.coalesce(func.json_agg(func.json_build_array(*columns)), literal_column("'[]'")), Text)

    def hex(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.encode(column, literal_column("'hex'"))

    def exact(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return column

    def among(self, column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
        return column == any_(bindparam(parameter, type_=ARRAY(String)))

    def bound(self, texts: Sequence[str]) -> object:
        return list(texts)


def bound(dialect: str, texts: Sequence[str]) -> object:
    """*texts* as the statement of *dialect* takes them for `codes` or `kinds`."""
    return (_Sqlite() if dialect == "sqlite" else _Postgres()).bound(texts)


Labels: TypeAlias = Mapping[tuple[str, str], RecordLabel]
"""(kind, record key) -> label."""


class Whole(NamedTuple):
    """A subject with its former names, its records by kind and key, their labels, its timeline."""

    subject: SubjectFacts
    records: tuple[StoredRecord, ...]
    labels: Labels
    timeline: tuple[TimelineEvent, ...]


class Reading:
    """What the rows of one statement say."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._bodies = {name: msgspec.msgpack.Decoder(kind) for name, kind in KINDS.items()}

    def of(self, row: Sequence[Any]) -> "Whole":
        """Read one row."""
        subject = subject_of(row)
        rest = row[len(SUBJECT_COLUMNS) :]
        records: tuple[StoredRecord, ...] = ()
        labels: Labels = {}
        if self._part.records:
            code = subject.code
            found = _RECORDS.decode(rest[0])
            labels = _labels(rest[1])
            found.sort(key=_BY_KEY)
            # What a catalogue of another release brought cannot be read by this one, nor may it be shown.
            records = tuple([self._record(code, each) for each in found if each.kind in self._bodies])
        if not self._part.history:
            return Whole(subject, records, labels, ())
        return Whole(replace(subject, former_names=_former(rest[-2])), records, labels, _timeline(rest[-1]))

    def _record(self, code: str, row: _Row) -> StoredRecord:
        return StoredRecord(
            subject=code,
            # The same few texts stand on every record: they are kept once.
            kind=intern(row.kind),
            key=row.key,
            body=self._bodies[row.kind].decode(bytes.fromhex(row.body)),
            state=row.state,
            severity=row.severity,
            severity_basis=row.severity_basis,
            list_code=row.list_code,
            tier=row.tier,
            owner=row.owner,
            authority=row.authority,
            region=row.region,
            publicity_from=row.publicity_from,
            publicity_to=row.publicity_to,
            repairable_from=row.repairable_from,
            decided_on=row.decided_on,
            objected=row.objected,
            published=row.published,
            link_method=intern(row.link_method),
            link_confidence=row.link_confidence,
            provenance=Provenance(
                source=intern(row.source),
                batch=intern(row.batch),
                version=row.version,
                digest=row.digest,
                as_of=row.as_of,
                received_at=intern(row.received_at),
                catalogue_version=intern(row.catalogue_version),
            ),
            # Not opened here: who may see it is not known yet. SQLite writes nothing as an empty text.
            sealed=bytes.fromhex(row.sealed) if row.sealed else None,
        )


_BY_KEY = attrgetter("kind", "key")


def _former(text: str) -> tuple[FormerName, ...]:
    """Newest first; those without an end last."""
    rows = sorted(_NAMES.decode(text), key=itemgetter(0))
    rows.sort(key=lambda row: row[3] or "", reverse=True)
    return tuple(FormerName(name=name, valid_from=begin, valid_to=end, source=by) for _, name, begin, end, by in rows)


def _labels(text: str) -> Labels:
    if text == "[]":
        return {}
    return {
        (kind, key): RecordLabel(
            tier=tier,
            regions=() if regions is None else tuple(msgspec.json.decode(regions, type=list[str])),
            valid_from=legal_day(from_iso(begin)),
            valid_to=None if end is None else legal_day(from_iso(end)),
        )
        for kind, key, tier, regions, begin, end in _LABELS.decode(text)
    }


def _timeline(text: str) -> tuple[TimelineEvent, ...]:
    """Oldest step first; those without a day before all others."""
    rows = sorted(_EVENTS.decode(text), key=lambda row: (row[1] or "", *row[3:]))
    return tuple(TimelineEvent(event=event, day=day, source=source) for event, day, source, _, _ in rows)
