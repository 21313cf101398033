"""A world's dossiers as rows of a store: written whole, and subject by subject when one changes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec
import orjson
from sqlalchemy import Connection, Engine, delete, insert

from hub.identity.partners import Partner, _row
from hub.store import tables
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.dossiers import Dossier
from hub.store.tables import table_of
from keys.digests import digest
from schema.identifiers.names import initials, name_key
from schema.policy.model import Consent, Grant, Policy
from schema.records import StoredRecord
from tests.interference.people import Person
from tests.support.worlds import NOON

_SUBJECT, _RECORD, _NAME, _EVENT, _SOURCE, _PARTNER, _POLICY = (
    table_of(kind)
    for kind in (
        tables.Subject,
        tables.Record,
        tables.SubjectName,
        tables.SubjectEvent,
        tables.Source,
        tables.Partner,
        tables.PolicyVersion,
    )
)
_CONSENT, _GRANT, _STREAM = table_of(ConsentRow), table_of(AccessGrant), table_of(tables.Stream)
STEP = 1_000
"""Versions between two writings of a subject: more than its rows' triggers raise it by."""


class Rows:
    """Writes to one store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writings = count(1)

    def people(self, people: Sequence[Person]) -> None:
        """Write the partners and what was given to them; consents once, since they are given to an organisation."""
        consents = {
            (consent.subject, consent.id): _consent_row(consent, person.partner)
            for person in people
            for consent in person.rights.consents
        }
        grants = [_grant_row(grant, person.partner) for person in people for grant in person.rights.grants]
        with self._engine.begin() as connection:
            connection.execute(insert(_PARTNER), [_row(person.partner) for person in people])
            _insert(connection, _CONSENT, list(consents.values()))
            _insert(connection, _GRANT, grants)

    def sources(self, owners: Mapping[str, str | None]) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                insert(_SOURCE),
                [
                    {
                        "id": source,
                        "connector": "service",
                        "name_zh": f"来源{source}",
                        "name_en": f"Source {source}",
                        "owner_code": owner,
                        "region": None,
                        "rank": rank,
                        "live": False,
                        "max_age_s": 86_400,
                        "last_tried_at": NOON,
                        "last_succeeded_at": NOON,
                    }
                    for rank, (source, owner) in enumerate(owners.items())
                ],
            )

    def faults(self, faults: Mapping[str, tuple[str, str]]) -> None:
        """Source -> a kind whose last reading failed, and the code of the fault."""
        with self._engine.begin() as connection:
            _insert(
                connection,
                _STREAM,
                [
                    {"source": source, "name": kind, "kind": kind, "last_error": code}
                    for source, (kind, code) in faults.items()
                ],
            )

    def policy(self, policy: Policy, body: object) -> None:
        row = {
            "version": policy.version,
            "digest": policy.digest,
            "body": orjson.dumps(body).decode(),
            "valid_from": "2026-01-01T00:00:00.000000Z",
            "log_index": 0,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(_POLICY), [row])

    def put(self, dossiers: Iterable[Dossier], gone: Iterable[str] = ()) -> None:
        """Write *dossiers* in place of what was there under their codes; take *gone* out."""
        version = next(self._writings) * STEP
        with self._engine.begin() as connection:
            for code in gone:
                _clear(connection, code)
            for dossier in dossiers:
                _clear(connection, dossier.subject.code)
                _write(connection, dossier, version)

    def close(self) -> None:
        self._engine.dispose()


def _clear(connection: Connection, code: str) -> None:
    for table in (_RECORD, _NAME, _EVENT):
        connection.execute(delete(table).where(table.c.subject_code == code))
    connection.execute(delete(_SUBJECT).where(_SUBJECT.c.code == code))


def _write(connection: Connection, dossier: Dossier, version: int) -> None:
    facts = dossier.subject
    connection.execute(
        insert(_SUBJECT),
        [
            {
                "code": facts.code,
                "name": facts.name,
                "name_key": name_key(facts.name),
                "initials": initials(facts.name),
                "status": facts.status,
                "region": facts.region,
                "sector": facts.sector,
                "parent_code": facts.parent_code,
                "version": version,
                "first_seen_at": NOON,
                "changed_at": NOON,
            }
        ],
    )
    _insert(connection, _RECORD, [record_row(record) for record in dossier.records])
    names = {
        name_key(span.name): {
            "subject_code": facts.code,
            "name_key": name_key(span.name),
            "name": span.name,
            "initials": initials(span.name),
            "valid_from": span.valid_from,
            "valid_to": span.valid_to,
            "source": span.source,
        }
        for span in facts.former_names
    }
    _insert(connection, _NAME, list(names.values()))
    events = [
        {
            "subject_code": facts.code,
            "event_id": f"e{number}",
            "event": event.event,
            "day": event.day,
            "source": event.source,
            "recorded_at": NOON,
        }
        for number, event in enumerate(dossier.timeline)
    ]
    _insert(connection, _EVENT, events)


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _consent_row(consent: Consent, grantee: Partner) -> dict[str, Any]:
    return {
        "subject_code": consent.subject,
        "id": consent.id,
        "grantee": grantee.organisation,
        "purpose": consent.purpose,
        "items": orjson.dumps(sorted(consent.items)).decode(),
        "valid_from": consent.valid_from,
        "valid_to": consent.valid_to,
        "evidence": "sm3:00",
        "given_by": "somebody",
        "given_at": NOON,
    }


def _grant_row(grant: Grant, partner: Partner) -> dict[str, Any]:
    return {
        "id": grant.id,
        "partner": partner.id,
        "category": grant.category.value,
        "coordinates": orjson.dumps(sorted(grant.coordinates)).decode(),
        "source": grant.source,
        "subject": grant.subject,
        "purpose": grant.purpose,
        "tier": grant.tier.value,
        "valid_from": grant.valid_from,
        "valid_to": grant.valid_to,
        "break_glass": False,
        "reason": "a reason",
        "given_by": "somebody",
        "given_at": NOON,
    }


def record_row(record: StoredRecord) -> dict[str, Any]:
    origin = record.provenance
    body = msgspec.msgpack.encode(record.body)
    return {
        "subject_code": record.subject,
        "kind": record.kind,
        "record_key": record.key,
        "version": origin.version,
        "digest": digest(body),
        "source": origin.source,
        "batch_id": origin.batch,
        "as_of": origin.as_of,
        "received_at": origin.received_at,
        "state": record.state.value,
        "severity": record.severity.value if record.severity else None,
        "severity_basis": record.severity_basis.value if record.severity_basis else None,
        "list_code": record.list_code,
        "tier": record.tier.value if record.tier else None,
        "authority": record.authority,
        "region": record.region,
        "publicity_from": record.publicity_from,
        "publicity_to": record.publicity_to,
        "repairable_from": record.repairable_from,
        "decided_on": record.decided_on,
        "objected": record.objected,
        "published": record.published,
        "link_method": record.link_method,
        "link_confidence": record.link_confidence,
        "catalogue_version": origin.catalogue_version,
        "body": body,
    }
