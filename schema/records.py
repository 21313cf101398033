"""A record with everything that judging and showing it needs, wherever it came from: the archive or a live source."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

from schema.catalogue.model import Record
from schema.tiers import Tier


class PublicityState(StrEnum):
    """Stored publicity state (DOMAIN 6.4). EXPIRED is also reached by time alone: ask `schema.publicity.state_on`."""

    RECEIVED = "RECEIVED"
    CHECKED = "CHECKED"
    NOTICE_SERVED = "NOTICE_SERVED"
    WINDOW = "WINDOW"
    READY = "READY"
    PUBLISHED = "PUBLISHED"
    EXPIRED = "EXPIRED"
    REPAIRED = "REPAIRED"
    WITHDRAWN = "WITHDRAWN"
    SHIELDED = "SHIELDED"


class Severity(StrEnum):
    """Class of dishonesty information (失信信息分类)."""

    MINOR = "轻微"
    GENERAL = "一般"
    SERIOUS = "严重"


class SeverityBasis(StrEnum):
    """How the severity was found: sent by the source, by a class table, by the default for the kind, or no basis."""

    SENT = "sent"
    TABLE = "table"
    ASSUMED = "assumed"
    NONE = "none"


class Provenance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Where a record comes from.

    Attributes:
        source: Site identifier.
        batch: Batch identifier; None for a live answer.
        version: Version of the record, from 1; live answers are always version 1.
        digest: `sm3:<hex>` of the canonical content.
        as_of: The source's time of the content, UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
        received_at: When the hub took it in, same form.
        catalogue_version: Catalogue version it was checked under.
    """

    source: str
    batch: str | None
    version: int
    digest: str
    as_of: str
    received_at: str
    catalogue_version: str


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One record of a subject.

    Attributes:
        subject: Subject code.
        kind: Catalogue kind (`Penalty`).
        key: Short digest of the record key, unique within subject and kind.
        body: The catalogue class instance; fields that are sealed are None in it until they are opened.
        state: Stored publicity state.
        severity, severity_basis: Class of a penalty or list entry; None where it has none.
        list_code: `L01`..`L12`, `W01`..`W03` for a list entry, else None.
        tier: The record's own disclosure attribute; None leaves the catalogue's.
        owner: USCC of the source's owner, None if unknown.
        authority: USCC of the deciding authority, None if unknown.
        region: GB/T 2260 code the record belongs to, None if unknown.
        publicity_from, publicity_to, repairable_from, decided_on: ISO days; `publicity_to` inclusive.
        objected: An objection is being handled (异议标注).
        published: The issuer published this entry itself (public bulletin, evaluator's publication).
        link_method, link_confidence: How it was tied to the subject, 0 < confidence <= 1.
        provenance: Where it comes from.
        sealed: What is sealed of it, as stored; None: nothing is. Opened by `hub.road.unseal` alone.
    """

    subject: str
    kind: str
    key: str
    body: Record
    state: PublicityState
    severity: Severity | None = None
    severity_basis: SeverityBasis | None = None
    list_code: str | None = None
    tier: Tier | None = None
    owner: str | None = None
    authority: str | None = None
    region: str | None = None
    publicity_from: str | None = None
    publicity_to: str | None = None
    repairable_from: str | None = None
    decided_on: str | None = None
    objected: bool = False
    published: bool = False
    link_method: str
    link_confidence: float
    provenance: Provenance
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLabel:
    """
    What officers laid on one record, besides what it bears by its kind, state and source: never anything looser.

    Attributes:
        tier: Joined with the record's own.
        regions: GB/T 2260 prefixes of its compartment: whoever's regions do not hold all of them reads it only as its
            own; empty: no compartment.
        valid_from, valid_to: Days on which it holds, both inclusive, Asia/Shanghai; None: until it is lifted.
    """

    tier: Tier
    regions: tuple[str, ...]
    valid_from: date
    valid_to: date | None

    def holds_on(self, today: date) -> bool:
        """Whether it holds on *today*."""
        return self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)
