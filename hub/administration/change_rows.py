"""The tables `change_set` and `change_approval`: rows to values and back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, select, update

from hub.administration.items import packed, unpacked
from hub.administration.model import Approval, Change, ChangeState
from hub.errors import BadInputError, ConflictError
from hub.identity.officers.model import OfficerState
from hub.identity.officers.rows import OFFICER
from hub.store.administration_tables import ChangeApproval, ChangeSet
from hub.store.engine import Reader, Writer
from hub.store.tables import table_of
from schema.policy.weighing import Weight

CHANGE = table_of(ChangeSet)
APPROVAL = table_of(ChangeApproval)


async def get_change(reader: Reader, change_id: str) -> Change:
    """
    Read one change set.

    Raises:
        BadInputError: there is none: rule `change.unknown`.
    """
    row = await reader.first(select(CHANGE).where(CHANGE.c.id == change_id))
    if row is None:
        raise BadInputError("No such change set", place=("id",), extensions={"rule": "change.unknown"})
    return (await with_approvals(reader, [row]))[0]


async def with_approvals(reader: Reader, rows: Sequence[Row[Any]]) -> list[Change]:
    """Read the approvals of change sets, and make values of both."""
    ids = [row.id for row in rows]
    query = select(APPROVAL).where(APPROVAL.c.change_id.in_(ids)).order_by(APPROVAL.c.approved_at, APPROVAL.c.officer)
    given = await reader.rows(query) if ids else ()
    return [
        _change(row, [each for each in given if each.change_id == row.id and each.revision == row.revision])
        for row in rows
    ]


async def add_change(writer: Writer, change: Change) -> None:
    """Keep a new change set."""
    await writer.write(insert(CHANGE), [_row(change)])


async def put_change(writer: Writer, change: Change, *, before: Change) -> None:
    """
    Keep *change* in the place of *before*.

    Raises:
        ConflictError: it is not as *before* says any more: rule `change.moved`.
    """
    there = (CHANGE.c.id == before.id, CHANGE.c.state == before.state.value, CHANGE.c.revision == before.revision)
    if await writer.write(update(CHANGE).where(*there).values(**_row(change))) != 1:
        raise ConflictError("change.moved", "The change set is not as it was: look again")


async def add_approval(writer: Writer, change: Change, approval: Approval) -> None:
    """Keep an approval of the revision that stands."""
    row = {
        "change_id": change.id,
        "revision": change.revision,
        "officer": approval.officer,
        "comment": approval.comment,
        "approved_at": approval.approved_at,
    }
    await writer.write(insert(APPROVAL), [row])


async def count_of_active(reader: Reader, approvals: Sequence[Approval]) -> int:
    """Count those approvals whose officers have not been suspended since."""
    names = [approval.officer for approval in approvals]
    found = select(OFFICER.c.id).where(OFFICER.c.id.in_(names), OFFICER.c.state == OfficerState.ACTIVE.value)
    return len(await reader.rows(found)) if names else 0


async def supersede_others(writer: Writer, change: Change, at: str, by: str) -> list[str]:
    """Supersede what was submitted against an earlier policy than *change* has just made; tell their ids."""
    others = (
        CHANGE.c.state == ChangeState.SUBMITTED.value,
        CHANGE.c.base_version.is_not(None),
        CHANGE.c.id != change.id,
    )
    ids = [str(row.id) for row in await writer.rows(select(CHANGE.c.id).where(*others).order_by(CHANGE.c.id))]
    values = {"state": ChangeState.SUPERSEDED.value, "decided_at": at, "decided_by": by, "comment": change.id}
    await writer.write(update(CHANGE).where(*others).values(**values))
    return ids


def _change(row: Row[Any], given: Sequence[Row[Any]]) -> Change:
    return Change(
        id=row.id,
        state=ChangeState(row.state),
        revision=row.revision,
        reason=row.reason,
        # Not row.items: every row has a method of that name.
        items=unpacked(row._mapping["items"]),  # noqa: SLF001  SQLAlchemy's public name for it
        digest=row.digest,
        weight=Weight[row.weight.upper()],
        needed=row.needed,
        approvals=tuple(
            Approval(officer=each.officer, comment=each.comment, approved_at=each.approved_at) for each in given
        ),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        base_version=row.base_version,
        policy_version=row.policy_version,
        drafted_by=row.drafted_by,
        drafted_at=row.drafted_at,
        submitted_at=row.submitted_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        comment=row.comment,
    )


def _row(change: Change) -> dict[str, object]:
    return {
        "id": change.id,
        "state": change.state.value,
        "revision": change.revision,
        "reason": change.reason,
        "items": packed(change.items),
        "digest": change.digest,
        "valid_from": change.valid_from,
        "valid_to": change.valid_to,
        "base_version": change.base_version,
        "needed": change.needed,
        "weight": change.weight.label,
        "drafted_by": change.drafted_by,
        "drafted_at": change.drafted_at,
        "submitted_at": change.submitted_at,
        "decided_at": change.decided_at,
        "decided_by": change.decided_by,
        "comment": change.comment,
        "policy_version": change.policy_version,
    }
