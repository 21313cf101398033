"""
The records a batch speaks of: the versions in force loaded once, each claim ruled upon in memory, all written once.

Rules:
    - `record_version` is only ever inserted into; `record` holds what is in force.
    - An objection mark (`objected`) belongs to the record, not to a version: a new version keeps it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, text, update

from hub.ingest.claims import Claim, Known, Ruling, Verdict, rule
from hub.store import tables
from hub.store.engine import Reader, Writer
from hub.store.tables import table_of

_RECORD = table_of(tables.Record)
_VERSION = table_of(tables.RecordVersion)

Place = tuple[str, str]
"""Subject code and record key; the kind is the batch's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    A claim with everything its row needs.

    Attributes:
        subject: Subject code.
        key: Record key.
        digest: Content digest.
        body: Stored bytes.
        sealed: Makes the column `sealed` of this content, for a table and a version.
        as_of: UTC text.
        op: `I`, `U` or `D`, as sent.
        judged: The head's columns that follow from content and rules (state, severity, publicity, …).
        link_method, link_confidence: How it was tied to the subject.
    """

    subject: str
    key: str
    digest: str
    body: bytes
    sealed: Callable[[str, int], bytes | None]
    as_of: str
    op: str
    judged: Mapping[str, object]
    link_method: str
    link_confidence: float


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The records of one batch of one kind. Owned by one intake, inside its transaction."""

    kind: str
    source: str
    ranks: Mapping[str, int]
    batch_id: str
    at: str
    catalogue_version: str
    _heads: dict[Place, tuple[int, Claim]] = field(default_factory=dict)
    _known: dict[Place, list[Known]] = field(default_factory=dict)
    _stored: set[Place] = field(default_factory=set)
    _changed: dict[Place, dict[str, object]] = field(default_factory=dict)
    _confirmed: dict[Place, str] = field(default_factory=dict)
    _versions: list[dict[str, object]] = field(default_factory=list)

    async def load(self, reader: Reader, places: Iterable[Place]) -> None:
        """Load what is kept of this kind at *places*."""
        for code, key, version, *said in await self._rows_at(reader, _HEADS, places):
            self._heads[code, key] = version, self._claim(*said)
            self._stored.add((code, key))
        for code, key, version, source, as_of, digest in await self._rows_at(reader, _KNOWN, self._stored):
            known = Known(version=version, source=source, as_of=as_of, digest=digest)
            self._known.setdefault((code, key), []).append(known)

    async def _rows_at(
        self, reader: Reader, statement: str, places: Iterable[Place]
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        wanted = sorted(set(places))
        if not wanted:
            return ()
        # As one JSON text: a list of pairs would be a new statement for every length, and SQLite would scan the table.
        values = {"wanted": orjson.dumps(wanted).decode(), "kind": self.kind}
        return await reader.rows(text(statement.format(wanted=_WANTED[reader.dialect])), values)

    def has_head(self, subject: str, key: str) -> bool:
        """Whether some version of the record is in force."""
        return (subject, key) in self._heads

    def is_stored(self, subject: str, key: str) -> bool:
        """Whether the record was in force before this batch."""
        return (subject, key) in self._stored

    def enter(self, entry: Entry) -> Verdict:
        """Rule upon *entry* and note what has to be written."""
        place = entry.subject, entry.key
        claim = self._claim(self.source, entry.as_of, entry.digest)
        version, head = self._heads.get(place, (0, None))
        ruling = rule(claim, head, version, self._known.get(place, ()))
        if ruling.verdict in {Verdict.NEW_HEAD, Verdict.NEW_VERSION}:
            self._keep(entry, ruling)
        if ruling.verdict in {Verdict.NEW_HEAD, Verdict.RESTORED}:
            self._heads[place] = ruling.version, claim
            self._changed[place] = self._row(entry, ruling.version)
            self._confirmed.pop(place, None)
        if ruling.verdict is Verdict.CONFIRMED:
            self._heads[place] = version, claim
            self._confirm(place, claim.as_of)
        return ruling.verdict

    async def write(self, writer: Writer) -> None:
        """Write versions, then what is in force."""
        await writer.insert(_VERSION, self._versions)
        new = [row for place, row in self._changed.items() if place not in self._stored]
        await writer.insert(_RECORD, new)
        await writer.write(_REPLACE, [_renamed(self._changed[place]) for place in self._replaced()])
        await writer.write(
            _CONFIRM,
            [
                {"the_subject": code, "the_kind": self.kind, "the_key": key, "as_of": as_of}
                for (code, key), as_of in sorted(self._confirmed.items())
            ],
        )

    def _replaced(self) -> Sequence[Place]:
        return sorted(place for place in self._changed if place in self._stored)

    def _confirm(self, place: Place, as_of: str) -> None:
        if place in self._changed:
            self._changed[place]["as_of"] = as_of
        else:
            self._confirmed[place] = as_of

    def _claim(self, source: str, as_of: str, digest: str) -> Claim:
        return Claim(source=source, rank=self.ranks[source], as_of=as_of, digest=digest)

    def _keep(self, entry: Entry, ruling: Ruling) -> None:
        known = Known(version=ruling.version, source=self.source, as_of=entry.as_of, digest=entry.digest)
        self._known.setdefault((entry.subject, entry.key), []).append(known)
        envelope = {**entry.judged, "link_method": entry.link_method, "link_confidence": entry.link_confidence}
        self._versions.append(
            {
                "subject_code": entry.subject,
                "kind": self.kind,
                "record_key": entry.key,
                "version": ruling.version,
                "digest": entry.digest,
                "source": self.source,
                "batch_id": self.batch_id,
                "as_of": entry.as_of,
                "received_at": self.at,
                "op": entry.op,
                "state": entry.judged["state"],
                "catalogue_version": self.catalogue_version,
                "envelope": orjson.dumps(envelope).decode(),
                "body": entry.body,
                "sealed": entry.sealed(_VERSION.name, ruling.version),
            }
        )

    def _row(self, entry: Entry, version: int) -> dict[str, object]:
        return {
            "subject_code": entry.subject,
            "kind": self.kind,
            "record_key": entry.key,
            "version": version,
            "digest": entry.digest,
            "source": self.source,
            "batch_id": self.batch_id,
            "as_of": entry.as_of,
            "received_at": self.at,
            **entry.judged,
            "objected": False,
            "link_method": entry.link_method,
            "link_confidence": entry.link_confidence,
            "catalogue_version": self.catalogue_version,
            "body": entry.body,
            "sealed": entry.sealed(_RECORD.name, version),
        }


_WANTED: Mapping[str, str] = {
    "sqlite": "(SELECT json_extract(value,'$[0]') AS code, json_extract(value,'$[1]') AS key FROM json_each(:wanted))",
    "postgresql": "(SELECT e->>0 AS code, e->>1 AS key FROM json_array_elements(CAST(:wanted AS json)) AS e)",
}
# CROSS JOIN tells SQLite to begin with the wanted keys; each is then one step down the primary key.
_AT = "FROM {wanted} AS w CROSS JOIN %s AS r WHERE r.subject_code = w.code AND r.kind = :kind AND r.record_key = w.key"
_SAID = "SELECT r.subject_code, r.record_key, r.version, r.source, r.as_of, r.digest "
_HEADS = _SAID + _AT % _RECORD.name
_KNOWN = _SAID + _AT % _VERSION.name

_KEY = {"subject_code": "the_subject", "kind": "the_kind", "record_key": "the_key"}
_AT_PLACE = update(_RECORD).where(
    _RECORD.c.subject_code == bindparam("the_subject"),
    _RECORD.c.kind == bindparam("the_kind"),
    _RECORD.c.record_key == bindparam("the_key"),
)
_CONFIRM = _AT_PLACE.values(as_of=bindparam("as_of"))
_REPLACE = _AT_PLACE.values(
    {column.name: bindparam(column.name) for column in _RECORD.c if column.name not in {*_KEY, "objected"}}
)


def _renamed(row: Mapping[str, object]) -> dict[str, object]:
    """Give the key columns the names under which `_REPLACE` looks for them."""
    return {_KEY.get(name, name): value for name, value in row.items() if name != "objected"}
