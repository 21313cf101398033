"""
Ties the rows of a batch to their subjects, or proposes.

Rules:
    - A good code alone ties at once; whether the name fits it is looked at only where it differs from the register's.
    - Everything else goes through `schema.identifiers.resolution`, with candidates fetched for the whole batch.
    - What is not tied waits in quarantine (SR01) with its proposals. Names never tie a negative record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.ingest.candidates import MOST_SEARCHED, candidates_for, search_for
from hub.ingest.examine import Examined
from hub.ingest.notices import finding
from hub.ingest.register import Register, region_of
from hub.store.engine import Reader
from schema.catalogue.model import Record
from schema.identifiers.names import NameTier, name_key
from schema.identifiers.resolution import (
    CONFIDENCE,
    Candidate,
    Evidence,
    Link,
    LookupKeys,
    Method,
    keys_for,
    resolve,
)
from schema.identifiers.uscc import check_uscc

_NOT_NEGATIVE = frozenset({"Registration", "Licence"})
CERTAIN = CONFIDENCE[Method.USCC]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """
    How rows were tied.

    Attributes:
        links: Place in the batch -> link, for rows that are tied by more than their good code.
        proposals: Place in the batch -> links a person may confirm.
    """

    links: Mapping[int, Link]
    proposals: Mapping[int, tuple[Link, ...]]


async def link_rows(
    reader: Reader, rows: Sequence[Examined], kind: type[Record], register: Register, *, region: str | None
) -> Linked:
    """
    Tie *rows* to subjects; a row that is not tied loses its record and gets SR01.

    Args:
        reader: The transaction of the intake.
        rows: Examined rows of one batch.
        kind: Catalogue class of the batch.
        register: Holds the subjects of the good codes already.
        region: Region of the source.
    """
    doubtful = {number: row for number, row in enumerate(rows) if _is_doubtful(row, kind, register)}
    evidence = {number: _evidence(row, kind, region) for number, row in doubtful.items()}
    keys = {number: keys_for(each) for number, each in evidence.items()}
    candidates = await candidates_for(reader, list(keys.values()))
    links: dict[int, Link] = {}
    proposals: dict[int, tuple[Link, ...]] = {}
    searched = 0
    for number, row in doubtful.items():
        found = resolve(evidence[number], [each for each in candidates if _answers(each, keys[number])])
        if found.link is None and not found.proposals and searched < MOST_SEARCHED:
            searched += 1
            found = resolve(evidence[number], await search_for(reader, keys[number]))
        if found.link is not None and row.record is not None:
            links[number] = found.link
            row.code = found.link.subject_code
            if found.link.name_tier is NameTier.NONE:
                row.findings.append(finding("SR02", "W", kind.NAME_FIELD))
            continue
        row.record = None
        row.findings.append(finding("SR01", "E", kind.CODE_FIELD))
        proposals[number] = (*((found.link,) if found.link else ()), *found.proposals)
    return Linked(links=links, proposals=proposals)


def _is_doubtful(row: Examined, kind: type[Record], register: Register) -> bool:
    if row.record is None:
        # Refused for its missing code alone: a person may still say whose it is.
        errors = [found for found in row.findings if found.severity == "E"]
        return row.row.fault is None and bool(errors) and all(found.field == kind.CODE_FIELD for found in errors)
    if row.code is None:
        return True
    known = register.find(row.code)
    # A registration says itself what the name is: there is nothing to compare it with.
    if known is None or kind.KIND == "Registration" or not row.name or row.name == known.name:
        return False
    return name_key(row.name) != known.name_key


def _answers(candidate: Candidate, keys: LookupKeys) -> bool:
    """Whether *candidate* was fetched for these *keys*, and not for another row's."""
    return (
        candidate.code in keys.codes
        or candidate.organisation_code in keys.organisation_codes
        or candidate.registration_no in keys.registration_nos
        or any(name.key in keys.name_keys for name in candidate.names)
    )


def _evidence(row: Examined, kind: type[Record], region: str | None) -> Evidence:
    values = row.row.values
    authority = check_uscc(values.get("authority_code") or "").code
    return Evidence(
        code=values.get(kind.CODE_FIELD),
        organisation_code=values.get("organisation_code"),
        registration_no=values.get("registration_no"),
        name=row.name,
        province=(region_of(authority) if authority else None) or region,
        on_day=_day(getattr(row.record, kind.MAIN_DAY) if row.record is not None else None),
        negative=kind.KIND not in _NOT_NEGATIVE,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
