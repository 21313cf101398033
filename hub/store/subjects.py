"""What is kept of an organisation besides its records, and how it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.store import tables
from hub.store.tables import table_of

_S = table_of(tables.Subject).c


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerName:
    """A name an organisation bore (曾用名); days ISO, None where not known. `source` told of it."""

    name: str
    valid_from: str | None
    valid_to: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFacts:
    """
    What is kept of an organisation besides its records.

    Attributes:
        code: USCC.
        name: As the best source writes it.
        status: 存续, 注销, 吊销, …; None until a register told.
        region: GB/T 2260 code of the registered place.
        sector: Energy sector.
        parent_code: USCC of a branch's legal person.
        organisation_code, registration_no: Older identifiers.
        version: Raised by every change to the subject or one of its records.
        first_seen_at, changed_at: UTC text.
        former_names: Newest first; empty unless they were asked for.
    """

    code: str
    name: str
    status: str | None
    region: str | None
    sector: str | None
    parent_code: str | None
    organisation_code: str | None
    registration_no: str | None
    version: int
    first_seen_at: str
    changed_at: str
    former_names: tuple[FormerName, ...] = ()


SUBJECT_COLUMNS = (
    _S.code,
    _S.name,
    _S.status,
    _S.region,
    _S.sector,
    _S.parent_code,
    _S.organisation_code,
    _S.registration_no,
    _S.version,
    _S.first_seen_at,
    _S.changed_at,
)
"""In the order `subject_of` reads them."""


def subject_of(row: Sequence[Any]) -> SubjectFacts:
    """Read a row that starts with `SUBJECT_COLUMNS`."""
    code, name, status, region, sector, parent, organisation, registration, version, first_seen, changed = row[:11]
    return SubjectFacts(
        code=code,
        name=name,
        status=status,
        region=region,
        sector=sector,
        parent_code=parent,
        organisation_code=organisation,
        registration_no=registration,
        version=version,
        first_seen_at=first_seen,
        changed_at=changed,
    )


def no_subject(code: str) -> SubjectFacts:
    """Say that no organisation with *code* is on file: its version is 0."""
    return SubjectFacts(
        code=code,
        name="",
        status=None,
        region=None,
        sector=None,
        parent_code=None,
        organisation_code=None,
        registration_no=None,
        version=0,
        first_seen_at="",
        changed_at="",
    )
