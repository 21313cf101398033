"""
Takes a record out of sight when its withdrawal or repair arrives with other columns at fault.

Why: a record that must vanish may not stay for a missing column (DOMAIN 7.3). The version in force keeps its content;
the new version only changes its state; what is sealed is sealed anew for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select

from hub.ingest.content import hiding_digest
from hub.ingest.examine import Examined
from hub.ingest.judging import Judged
from hub.ingest.ledger import Entry, Ledger
from hub.ingest.notices import finding
from hub.ingest.register import Register
from hub.sealing.sealer import Sealer, place_of_row
from hub.store import tables
from hub.store.engine import Reader
from hub.store.tables import table_of
from schema.records import PublicityState

_RECORD = table_of(tables.Record)


Heads = Mapping[tuple[str, str], Row[*tuple[Any, ...]]]
"""Subject code and record key -> the row of `record`."""


async def heads_to_hide(reader: Reader, rows: Iterable[Examined], kind: str, ledger: Ledger) -> Heads:
    """Read the records in force that refused *rows* would take out of sight."""
    heads: dict[tuple[str, str], Row[*tuple[Any, ...]]] = {}
    for row in rows:
        if row.record is not None or not row.key or row.code is None or not ledger.is_stored(row.code, row.key):
            continue
        place = (_RECORD.c.subject_code == row.code) & (_RECORD.c.kind == kind) & (_RECORD.c.record_key == row.key)
        head = await reader.first(select(_RECORD).where(place))
        if head is not None:
            heads[row.code, row.key] = head
    return heads


def hide(row: Examined, heads: Heads, ledger: Ledger, register: Register, sealer: Sealer) -> None:
    """
    Enter the withdrawal or repair of a refused *row*, if it names a record of *heads*; else leave it refused.

    The row is then accepted: its faults become warnings, and WD01 says what was done.
    """
    head = heads.get((row.code or "", row.key))
    if head is None:
        return
    withdrawn = row.row.op == "D" or row.row.extra.get("case_withdrawn", "").strip() == "1"
    state = PublicityState.WITHDRAWN if withdrawn else PublicityState.REPAIRED
    columns = head._asdict()
    secret = sealer.reopened(place_of_row(_RECORD.name, head), head.sealed)
    entry = Entry(
        subject=head.subject_code,
        key=row.key,
        digest=hiding_digest(head.digest, row.row.extra, withdrawn=row.row.op == "D"),
        body=head.body,
        sealed=sealer.columns_of(head.subject_code, head.kind, row.key, secret),
        as_of=row.as_of,
        op=row.row.op,
        judged={name: columns[name] for name in Judged(state=state).columns()} | {"state": state.value},
        link_method=head.link_method,
        link_confidence=head.link_confidence,
    )
    ledger.enter(entry)
    register.touch(head.subject_code)
    row.findings = [replace(found, severity="W") for found in row.findings]
    row.findings.append(finding("WD01", "W"))
