"""
Tables of sealing: the keys of tiers, by reference, and the keys of subjects, wrapped.

Rules:
    - No key stands here in the open: `tier_key` names where one is kept, `subject_key` holds keys wrapped by those.
    - A tier has at most one `active` key. A `retiring` one still opens what it wrapped; a `retired` one opens nothing.
    - A subject's key that was shredded leaves its row, without the key, so that what it sealed is known to be gone and
      not damaged. Losing a key, or a new generation of it, raises the subject's version; wrapping it anew does not.
"""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from hub.store.tables import table_of


class TierKey(SQLModel, table=True):
    """A key that wraps the keys of subjects (KEK), for one tier. The key itself is elsewhere."""

    __tablename__ = "tier_key"

    id: str = Field(primary_key=True, max_length=16, description="16 hex digits; every key it wraps names it")
    tier: str = Field(index=True)
    reference: str = Field(description="file:NAME, env:NAME or pkcs11:…, looked up where HUB_SEALING_KEYS says")
    state: str = Field(description="active | retiring | retired")
    created_at: str
    retired_at: str | None = None


_ACTIVE = text("state = 'active'")
# Two processes cannot both put a key into force.
Index("ix_tier_key_active", table_of(TierKey).c.tier, unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)


class SubjectKey(SQLModel, table=True):
    """The key that seals one subject's fields of one tier (DEK), wrapped by the tier's key."""

    __tablename__ = "subject_key"

    subject_code: str = Field(primary_key=True, max_length=18, description="`quarantine`: rows without a subject")
    tier: str = Field(primary_key=True)
    generation: int = Field(description="from 1; everything sealed names it")
    key_id: str = Field(max_length=16, index=True, description="of the tier's key that wraps it")
    wrapped: bytes | None = Field(
        default=None, sa_column=Column(LargeBinary, nullable=True), description="None: shredded"
    )
    uses: int = Field(default=0, sa_type=BigInteger, description="values sealed with it")
    created_at: str
    shredded_at: str | None = None
