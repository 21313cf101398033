"""
Reads dossiers: everything kept about some organisations, in two indexed reads however many they are.

Rules:
    - A subject's version is read before its records. If a record changes in between, the dossier carries the older
      version, and the disclosure's check at commit (`subject.version`) sends it back: never the other way round.
    - Nothing here decides who may see what; callers ask for the kinds that were granted and no others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store import tables
from hub.store.engine import Reader, glancing
from hub.store.search import Position, SearchPage, search
from hub.store.sources import SourceState, read_sources
from hub.store.subjects import SUBJECTS, SubjectFacts, subject_of, with_names
from hub.store.tables import table_of
from schema.catalogue import KINDS
from schema.catalogue.model import Record
from schema.identifiers.uscc import USCC_LENGTH
from schema.records import Provenance, PublicityState, Severity, SeverityBasis, StoredRecord
from schema.tiers import Tier

_CHUNK = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A subject with the heads of its records of the kinds asked for, ordered by kind and record key."""

    subject: SubjectFacts
    records: tuple[StoredRecord, ...]


_R = table_of(tables.Record).c
_O = table_of(tables.Source).c


def records_statement() -> Select[Any]:
    """The one read of records: by subject and kind, along the primary key. Parameters `codes` and `kinds`."""
    return (
        select(
            _R.subject_code,
            _R.kind,
            _R.record_key,
            _R.body,
            _R.state,
            _R.severity,
            _R.severity_basis,
            _R.list_code,
            _R.tier,
            _O.owner_code,
            _R.authority,
            _R.region,
            _R.publicity_from,
            _R.publicity_to,
            _R.repairable_from,
            _R.decided_on,
            _R.objected,
            _R.published,
            _R.link_method,
            _R.link_confidence,
            _R.source,
            _R.batch_id,
            _R.version,
            _R.digest,
            _R.as_of,
            _R.received_at,
            _R.catalogue_version,
        )
        .outerjoin(tables.Source, _O.id == _R.source)
        .where(
            _R.subject_code.in_(bindparam("codes", expanding=True)),
            _R.kind.in_(bindparam("kinds", expanding=True)),
        )
        .order_by(_R.subject_code, _R.kind, _R.record_key)
    )


class Dossiers:
    """Reads dossiers from one store."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._bodies: dict[str, msgspec.msgpack.Decoder[Record]] = {
            name: msgspec.msgpack.Decoder(kind) for name, kind in KINDS.items()
        }
        self._records = records_statement()

    async def read(self, codes: Sequence[str], kinds: frozenset[str], *, names: bool = False) -> Mapping[str, Dossier]:
        """
        Read the dossiers of *codes*, with records of *kinds* only.

        Args:
            codes: Subject codes, any number, any text; what is no code is simply not there.
            kinds: Catalogue kinds; none reads subjects alone.
            names: Also read former names, at the price of one more read.

        Returns:
            Code -> dossier, for the codes that are known. No order is promised.
        """
        dossiers: dict[str, Dossier] = {}
        async with glancing(self._engine) as reader:
            for chunk in _chunks(_askable(codes)):
                subjects = {row.code: subject_of(row) for row in await reader.rows(SUBJECTS, {"codes": chunk})}
                known = sorted(subjects)
                if names and known:
                    subjects = await with_names(reader, subjects)
                records = await self._records_of(reader, known, kinds) if kinds and known else {}
                for code, subject in subjects.items():
                    dossiers[code] = Dossier(subject=subject, records=tuple(records.get(code, ())))
        return dossiers

    async def find(self, code: str, *, names: bool = False) -> SubjectFacts | None:
        """Find the organisation with *code*; None if it is not known."""
        found = (await self.read([code], frozenset(), names=names)).get(code)
        return found.subject if found else None

    async def search(self, text: str, limit: int, after: Position | None = None) -> SearchPage:
        """Find organisations by name: see `hub.store.search.search`."""
        return await search(self._engine, text, limit, after)

    async def sources(self, now: datetime) -> Sequence[SourceState]:
        """All sources by rank and id, with their state at *now* (aware)."""
        return await read_sources(self._engine, now)

    async def _records_of(
        self, reader: Reader, codes: Sequence[str], kinds: frozenset[str]
    ) -> dict[str, list[StoredRecord]]:
        found: dict[str, list[StoredRecord]] = {}
        for row in await reader.rows(self._records, {"codes": codes, "kinds": sorted(kinds & self._bodies.keys())}):
            found.setdefault(row[0], []).append(self._stored(row))
        return found

    def _stored(self, row: Row[*tuple[Any, ...]]) -> StoredRecord:
        # By position: one unpacking costs a fifth of twenty-seven look-ups by name, and this runs per record.
        subject, kind, key, body, state, severity, basis, list_code, tier, owner, authority, region, *rest = row
        opens, closes, repairable, decided, objected, published, method, confidence, source, batch, *history = rest
        version, digest, as_of, received_at, catalogue_version = history
        return StoredRecord(
            subject=subject,
            kind=kind,
            key=key,
            body=self._bodies[kind].decode(body),
            state=PublicityState(state),
            severity=Severity(severity) if severity else None,
            severity_basis=SeverityBasis(basis) if basis else None,
            list_code=list_code,
            tier=Tier(tier) if tier else None,
            owner=owner,
            authority=authority,
            region=region,
            publicity_from=opens,
            publicity_to=closes,
            repairable_from=repairable,
            decided_on=decided,
            objected=objected,
            published=published,
            link_method=method,
            link_confidence=confidence,
            provenance=Provenance(
                source=source,
                batch=batch,
                version=version,
                digest=digest,
                as_of=as_of,
                received_at=received_at,
                catalogue_version=catalogue_version,
            ),
        )


def _askable(codes: Iterable[str]) -> list[str]:
    """Codes the store can be asked for: PostgreSQL refuses some texts (NUL, lone surrogates) that are no codes."""
    return [code for code in dict.fromkeys(codes) if len(code) == USCC_LENGTH and code.isascii() and code.isalnum()]


def _chunks(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), _CHUNK):
        yield codes[start : start + _CHUNK]
