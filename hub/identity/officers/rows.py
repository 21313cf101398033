"""The officers' tables, and how a row becomes an officer."""

from typing import Any

from sqlalchemy import Row, bindparam, select

from hub.identity.officers.model import Officer, OfficerState, Role
from hub.store import officers_tables
from hub.store.tables import table_of

OFFICER = table_of(officers_tables.Officer)
INVITATION = table_of(officers_tables.OfficerInvitation)
CREDENTIAL = table_of(officers_tables.OfficerCredential)
TOTP = table_of(officers_tables.OfficerTotp)
SESSION = table_of(officers_tables.OfficerSession)

FIND_OFFICER = select(OFFICER).where(OFFICER.c.id == bindparam("officer"))


def officer_of(row: Row[*tuple[Any, ...]]) -> Officer:
    """The officer that *row* of `officer` tells of."""
    return Officer(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        state=OfficerState(row.state),
        created_at=row.created_at,
    )
