"""
Tables of administration: change sets, grants, consents, record labels, the journal, questions asked.

Rules:
    - A set is a JSON list of texts, sorted; an instant is `hub.clock.iso`; a day is an ISO date; category, tier,
      purpose and mask are codes.
    - `access_grant` and `consent` raise the epoch `right`, `record_label` raises the subject's version.
    - Rows are never deleted: what was taken back says so (`revoked_at`). Only a lifted record label goes; the journal
      and its change set tell of it.
"""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text
from sqlmodel import Field, SQLModel


class ChangeSet(SQLModel, table=True):
    """What an officer drafted, and what became of it. See `hub.administration.changes`."""

    __tablename__ = "change_set"

    id: str = Field(primary_key=True, description="begins with the instant, so that order of id is order of drafting")
    state: str = Field(index=True)
    revision: int = Field(default=1, description="raised by every amendment; an approval is of one revision")
    reason: str
    items: str = Field(sa_type=Text, description="JSON of hub.administration.items")
    digest: str = Field(description="sm3 over items, validity and base: what an approval is of")
    valid_from: str | None = Field(default=None, description="of the policy version it makes; None: when applied")
    valid_to: str | None = None
    base_version: int | None = Field(default=None, description="policy version it was drafted against")
    needed: int = Field(description="approvals it needs")
    weight: str = Field(description="takes | gives | opens, see hub.administration.weighing")
    drafted_by: str
    drafted_at: str
    submitted_at: str | None = None
    decided_at: str | None = None
    decided_by: str | None = None
    comment: str | None = Field(default=None, description="of whoever rejected or withdrew it")
    policy_version: int | None = Field(default=None, description="version it became")


class ChangeApproval(SQLModel, table=True):
    """One officer's approval of one revision of a change set."""

    __tablename__ = "change_approval"

    change_id: str = Field(primary_key=True)
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    officer: str = Field(primary_key=True)
    comment: str
    approved_at: str


class AccessGrant(SQLModel, table=True):
    """A permission to one partner beyond the matrix, time-boxed."""

    __tablename__ = "access_grant"

    id: str = Field(primary_key=True)
    partner: str = Field(index=True)
    category: str
    coordinates: str = Field(default="[]", description="JSON list of coordinates; empty: every field")
    source: str | None = None
    subject: str | None = Field(default=None, max_length=18)
    purpose: str
    tier: str = Field(description="the strictest label it opens")
    valid_from: str
    valid_to: str = Field(index=True, description="first instant at which it is over")
    break_glass: bool = False
    reason: str
    change_id: str | None = Field(default=None, description="None for break-glass and for a hub without officers")
    given_by: str
    given_at: str
    revoked_at: str | None = None
    revoked_by: str | None = None
    revoked_reason: str | None = None
    last_used: str | None = Field(default=None, description="day it last opened something, Asia/Shanghai")


class ConsentRow(SQLModel, table=True):
    """授权书: a subject's authority to one reader."""

    __tablename__ = "consent"

    subject_code: str = Field(primary_key=True, max_length=18)
    id: str = Field(primary_key=True)
    grantee: str = Field(index=True, max_length=18, description="USCC")
    purpose: str
    items: str = Field(description="JSON list of categories")
    valid_from: str = Field(description="first day")
    valid_to: str = Field(description="last day, inclusive")
    evidence: str = Field(description="digest of the signed authority, sm3: or sha256:")
    given_by: str = Field(description="partner whose credential gave it")
    given_at: str
    revoked_at: str | None = None
    revoked_by: str | None = None
    revoked_reason: str | None = None


class RecordLabel(SQLModel, table=True):
    """A label an officer set on one record: it joins whatever the record bears already."""

    __tablename__ = "record_label"

    subject_code: str = Field(primary_key=True, max_length=18)
    kind: str = Field(primary_key=True)
    record_key: str = Field(primary_key=True)
    tier: str
    regions: str | None = Field(default=None, description="JSON list of GB/T 2260 prefixes; None: no compartment")
    reason: str
    valid_from: str
    valid_to: str | None = Field(default=None, description="first instant at which it is over; None: until lifted")
    change_id: str | None = None


class BreakGlass(SQLModel, table=True):
    """An emergency access: asked for by one, approved by another, reviewed by an auditor."""

    __tablename__ = "break_glass"

    id: str = Field(primary_key=True)
    state: str = Field(index=True, description="requested | given | refused | lapsed | reviewed")
    partner: str
    purpose: str
    category: str
    tier: str
    subject: str | None = Field(default=None, max_length=18)
    minutes: int
    reason: str
    requested_by: str
    requested_at: str
    lapses_at: str = Field(description="a request that nobody approved by then is void")
    decided_by: str | None = None
    decided_at: str | None = None
    grant_id: str | None = None
    review_due: str | None = None
    reviewed_by: str | None = None
    reviewed_at: str | None = None
    verdict: str | None = Field(default=None, description="justified | unjustified")
    comment: str | None = None


class Alarm(SQLModel, table=True):
    """Something the auditor must look at: break-glass, or a restraint that one person put into force."""

    __tablename__ = "alarm"

    id: str = Field(primary_key=True)
    cause: str = Field(description="break_glass | at_once")
    reference: str = Field(index=True, description="id of what it is about")
    raised_by: str
    raised_at: str
    due: str
    closed_at: str | None = Field(default=None, index=True)
    closed_by: str | None = None
    comment: str | None = None


class JournalRow(SQLModel, table=True):
    """What was done, kept in the transaction that did it, until it has its entry in the log and after."""

    __tablename__ = "journal"

    id: str = Field(primary_key=True, description="begins with the instant, so that order of id is order of doing")
    kind: str
    body: str = Field(sa_type=Text, description="JSON of the entry's values; never a record's content")
    at: str
    log_index: int | None = Field(default=None, sa_type=BigInteger, index=True, description="None: not yet announced")


class AskedDocument(SQLModel, table=True):
    """The text of a document that was asked, by its digest, so that a logged question can be replayed."""

    __tablename__ = "asked_document"

    digest: str = Field(primary_key=True, description="sha256:<hex>")
    text: str = Field(sa_type=Text)


class Question(SQLModel, table=True):
    """A question as it was asked, beside its log entry."""

    __tablename__ = "question"

    log_index: int = Field(
        sa_column=Column(
            "log_index", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
        )
    )
    at: str = Field(index=True)
    document: str
    operation: str | None = None
    variables: bytes = Field(sa_column=Column(LargeBinary, nullable=False), description="msgpack")
    partner: str | None = Field(default=None, description="None: the public")
    purpose: str
    context: str = Field(default="{}", sa_type=Text, description="JSON of the purpose's context")
