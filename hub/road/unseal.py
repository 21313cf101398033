"""
Step 7 of the road, its end: open the sealed fields that were granted and asked for, and no others.

Rules:
    - A field is opened if its row is listed for the asker, its decision is to show it whole or masked, and the plan
      reads it; besides, the main day of rows that may be ordered by it, and what tells the subject's name. Where
      nothing of that is sealed, no key is looked for.
    - What is gone (a shredded key) is as if it had never been sent. What is damaged is not shown either, and told to
      the operator: one field never fails a dossier.
    - What was opened is kept beside the dossier, for the next question that reads the same of it, and goes with it.

Source: DESIGN 7.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.road.views import REGISTRATION, TOLD
from hub.sealing.fields import Need, Place, SubjectKey, names_in
from hub.sealing.sealer import Sealing
from hub.store.dossiers import Dossier
from keys.errors import SealError
from schema.catalogue import KINDS
from schema.graph.views import shown
from schema.plan.judged import JudgedRecord, JudgedSubject
from schema.plan.model import Plan
from schema.policy.model import Denied
from schema.records import StoredRecord
from schema.tiers import Tier

_INLINE: Final = 400
"""Fields that are opened at once; more are opened in a thread, so that other askers do not wait."""
_KEPT: Final = 16
_TABLE: Final = "record"
_MEMO: Final = "opening"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opening:
    """
    What a plan reads of sealed rows. Equal only to itself: one object per plan.

    Attributes:
        fields: Kind -> attributes.
    """

    fields: Mapping[str, frozenset[str]]


NAMES_ONLY: Final = Opening(fields={})
"""Opens what tells a subject's name, and nothing else."""


def opening_of(plan: Plan) -> Opening:
    """Say what *plan* reads: the fields that were granted and asked for, and the main day, which orders its lists."""
    kept = plan.memo.get(_MEMO)
    if isinstance(kept, tuple) and kept[0] == (plan.kinds, plan.fields):
        found: Opening = kept[1]
        return found
    fields = {kind: frozenset((*plan.fields.get(kind, ()), KINDS[kind].MAIN_DAY)) for kind in plan.kinds}
    opening = Opening(fields=fields)
    # The plans of one document differ by their variables: the last one's is kept.
    plan.memo[_MEMO] = (plan.kinds, plan.fields), opening
    return opening


class _Envelope(NamedTuple):
    """One field to open."""

    name: str
    tier: Tier
    sealed: bytes


_Wanted = Mapping[int, Sequence[_Envelope]]
"""Place of a record in its subject's list -> what to open of it."""


class Unsealer:
    """
    Opens what was granted. One per process.

    Args:
        engine: The store, for keys.
        sealing: Keys, and how columns are read.
    """

    def __init__(self, engine: AsyncEngine, sealing: Sealing) -> None:
        self._engine = engine
        self._sealing = sealing

    async def opened(
        self, subjects: Mapping[str, JudgedSubject], dossiers: Mapping[str, Dossier], opening: Opening
    ) -> dict[str, JudgedSubject]:
        """
        Open what *opening* reads of *subjects*: code -> subject, as judged from *dossiers*.

        Returns:
            Code -> subject, the same object where nothing was to be opened.

        Raises:
            UnavailableError: the keeper of a key does not answer.
        """
        found = dict(subjects)
        wanted: dict[str, _Wanted] = {}
        for code, subject in subjects.items():
            if not subject.is_sealed:
                continue
            kept = dossiers[code].memo.get((subject, opening))
            if kept is not None:
                found[code] = kept
            elif parts := self._wanted(subject, opening):
                wanted[code] = parts
            else:
                _keep(dossiers[code], subject, opening, subject)
        if not wanted:
            return found
        needs = {
            (code, part.tier): dossiers[code].subject.version
            for code, parts in wanted.items()
            for envelopes in parts.values()
            for part in envelopes
        }
        keys = await self._sealing.keys.for_opening(self._engine, needs)
        fields = sum(len(envelopes) for parts in wanted.values() for envelopes in parts.values())
        pairs = [(subjects[code], parts) for code, parts in wanted.items()]
        done = self._open(pairs, keys) if fields <= _INLINE else await asyncio.to_thread(self._open, pairs, keys)
        for subject in done:
            _keep(dossiers[subject.code], subjects[subject.code], opening, subject)
            found[subject.code] = subject
        return found

    def _wanted(self, subject: JudgedSubject, opening: Opening) -> _Wanted:
        witness = _witness(subject)
        wanted: dict[int, Sequence[_Envelope]] = {}
        for place, row in enumerate(subject.records):
            if row.stored.sealed is None:
                continue
            names = opening.fields.get(row.stored.kind, frozenset())
            if row is witness:
                names |= _names_told(row)
            granted = {name for name in names if not isinstance(row.cells[name], Denied)}
            envelopes = [part for part in self._envelopes(row.stored) if part.name in granted] if granted else []
            if envelopes:
                wanted[place] = envelopes
        return wanted

    def _envelopes(self, record: StoredRecord) -> Iterable[_Envelope]:
        try:
            return [_Envelope(*part) for part in names_in(self._sealing.columns.read(record.sealed or b""))]
        except SealError as error:
            self._refused(record, error)
            return ()

    def _open(
        self, subjects: Sequence[tuple[JudgedSubject, _Wanted]], keys: Mapping[Need, SubjectKey]
    ) -> list[JudgedSubject]:
        return [self._subject(subject, wanted, keys) for subject, wanted in subjects]

    def _subject(self, subject: JudgedSubject, wanted: _Wanted, keys: Mapping[Need, SubjectKey]) -> JudgedSubject:
        witness, values = _witness(subject), dict(subject.values)
        records = list(subject.records)
        for place, envelopes in wanted.items():
            row = records[place]
            records[place] = opened = self._record(row, envelopes, keys)
            if row is witness:
                values |= _told(opened)
        # The memories of the old one are of lists without these values.
        return replace(subject, records=records, values=values, is_sealed=False, orders={}, packed={})

    def _record(
        self, row: JudgedRecord, envelopes: Sequence[_Envelope], keys: Mapping[Need, SubjectKey]
    ) -> JudgedRecord:
        record = row.stored
        values: dict[str, object] = {}
        for part in envelopes:
            try:
                value = self._value(record, part, keys.get((record.subject, part.tier)))
            except SealError as error:
                self._refused(record, error, part)
            else:
                self._sealing.keys.tally.add("shredded" if value is None else "opened")
                values[part.name] = value
        body = msgspec.structs.replace(record.body, **values)
        day = KINDS[record.kind].MAIN_DAY
        return replace(
            row,
            stored=msgspec.structs.replace(record, body=body, sealed=None),
            open={**row.open, "day": shown(row.cells[day], getattr(body, day))},
        )

    def _value(self, record: StoredRecord, part: _Envelope, key: SubjectKey | None) -> object:
        if key is None:
            return None
        place = Place(_TABLE, record.subject, record.kind, record.key, record.provenance.version)
        data = key.opened(part.sealed, place.of(part.name, part.tier))
        return None if data is None else self._sealing.columns.value(record.kind, part.name, data)

    def _refused(self, record: StoredRecord, error: SealError, part: _Envelope | None = None) -> None:
        self._sealing.keys.tally.add("refused")
        self._sealing.log.error(
            "sealed_field_refused",
            kind=record.kind,
            field=part.name if part else None,
            tier=part.tier.value if part else None,
            error=type(error).__name__,
        )


def _keep(dossier: Dossier, judged: JudgedSubject, opening: Opening, opened: JudgedSubject) -> None:
    if len(dossier.memo) >= _KEPT:
        dossier.memo.clear()
    dossier.memo[judged, opening] = opened


def _witness(subject: JudgedSubject) -> JudgedRecord | None:
    """The record that tells the subject's name, see `hub.road.views`."""
    registration = subject.values.get("registration")
    if isinstance(registration, JudgedRecord):
        return registration
    return subject.records[0] if subject.records else None


def _names_told(witness: JudgedRecord) -> frozenset[str]:
    kind = witness.stored.kind
    return frozenset(TOLD) if kind == REGISTRATION else frozenset({KINDS[kind].NAME_FIELD})


def _told(witness: JudgedRecord) -> dict[str, object]:
    if witness.stored.kind == REGISTRATION:
        return {"registration": witness, **{name: witness.readable(name) for name in TOLD}}
    return {"name": witness.readable(KINDS[witness.stored.kind].NAME_FIELD)}
