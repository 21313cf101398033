"""
Fetches the subjects a record without a usable code might be about, for `schema.identifiers.resolution`.

Rules:
    - What can tie a record (numbers, exact names) is looked up for a whole batch at once, along indexes.
    - What can only propose (like names) is looked up row by row, for the first `MOST_SEARCHED` rows of a batch.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from hub.store import tables
from hub.store.engine import Reader
from hub.store.tables import table_of
from schema.identifiers.resolution import BorneName, Candidate, LookupKeys

MOST_SEARCHED = 50
_MOST_FOUND = 20
_LAST = "\U0010ffff"
_CHUNK = 300
_S = table_of(tables.Subject).c
_N = table_of(tables.SubjectName).c
_COLUMNS = (_S.code, _S.name_key, _S.organisation_code, _S.registration_no, _S.region)


async def candidates_for(reader: Reader, keys: Sequence[LookupKeys]) -> tuple[Candidate, ...]:
    """Every subject that one of *keys* finds by a number or an exact name, each once."""
    rows: dict[str, Any] = {}
    for column, wanted in (
        (_S.code, _all(each.codes for each in keys)),
        (_S.organisation_code, _all(each.organisation_codes for each in keys)),
        (_S.registration_no, _all(each.registration_nos for each in keys)),
        (_S.name_key, _all(each.name_keys for each in keys)),
    ):
        for chunk in _chunks(wanted):
            rows |= {row.code: row for row in await reader.rows(select(*_COLUMNS).where(column.in_(chunk)))}
    for chunk in _chunks(_all(each.name_keys for each in keys)):
        bearers = select(_N.subject_code).where(_N.name_key.in_(chunk))
        rows |= {row.code: row for row in await reader.rows(select(*_COLUMNS).where(_S.code.in_(bearers)))}
    return await _with_names(reader, rows)


async def search_for(reader: Reader, keys: LookupKeys) -> tuple[Candidate, ...]:
    """
    Some subjects whose name begins like the one sent without its legal form, or sounds like it.

    By indexes alone: looking for the part anywhere in a name would read the whole register for every such row.
    """
    conditions: list[ColumnElement[bool]] = [
        and_(_S.name_key >= part, _S.name_key < part + _LAST) for part in keys.name_parts
    ]
    if keys.initials:
        conditions.append(_S.initials.in_(keys.initials))
    if not conditions:
        return ()
    statement = select(*_COLUMNS).where(or_(*conditions)).order_by(_S.code).limit(_MOST_FOUND)
    return await _with_names(reader, {row.code: row for row in await reader.rows(statement)})


async def _with_names(reader: Reader, rows: dict[str, Any]) -> tuple[Candidate, ...]:
    former: dict[str, list[BorneName]] = {}
    for chunk in _chunks(sorted(rows)):
        statement = select(_N.subject_code, _N.name_key, _N.valid_from, _N.valid_to).where(_N.subject_code.in_(chunk))
        for code, key, opens, closes in await reader.rows(statement):
            name = BorneName(key=key, valid_from=_day(opens), valid_to=_day(closes), former=True)
            former.setdefault(code, []).append(name)
    return tuple(
        Candidate(
            code=code,
            names=(
                BorneName(key=row.name_key),
                *(name for name in former.get(code, ()) if name.key != row.name_key),
            ),
            organisation_code=row.organisation_code,
            registration_no=row.registration_no,
            province=row.region,
        )
        for code, row in rows.items()
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _all(groups: Iterable[Sequence[str]]) -> list[str]:
    return sorted({key for group in groups for key in group})


def _chunks(wanted: Sequence[str]) -> Iterable[Sequence[str]]:
    return (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))
