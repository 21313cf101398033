"""
The tables, one description for SQLite and PostgreSQL.

Rules:
    - A table that grows with the records leads its key with the subject's code, so that a partitioned PostgreSQL
      distributes it without a query changing.
    - `record_version` and `log_entry` are only ever appended to. `record` is the head: one row per record key,
      so that a whole dossier is two indexed reads (`subject`, then `record` by subject code).
    - Times are ISO 8601 text in UTC with microseconds and `Z` (fixed width, so text order is time order); days are
      ISO 8601 dates. Both stores then agree byte for byte.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text
from sqlmodel import Field, SQLModel

METADATA = SQLModel.metadata
"""Every table below, as the migrations must build them."""


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table behind *model*, for statements without an object per row."""
    return METADATA.tables[str(model.__tablename__)]


def _bytes(*, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable)


def _position(name: str) -> Column[int]:
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)


class Subject(SQLModel, table=True):
    """An organisation (信用主体), by its unified social credit code."""

    __tablename__ = "subject"

    code: str = Field(primary_key=True, max_length=18)
    name: str
    name_key: str = Field(
        index=True,
        # By code point, as SQLite orders, so that names that begin alike stand together in the index.
        sa_type=String().with_variant(String(collation="C"), "postgresql"),
        description="normalised name, see schema.identifiers.names",
    )
    initials: str = Field(index=True, description="pinyin initials of the name, lower case")
    organisation_code: str | None = Field(default=None, max_length=9, index=True)
    registration_no: str | None = Field(default=None, max_length=50, index=True)
    parent_code: str | None = Field(default=None, max_length=18, index=True, description="a branch's legal person")
    region: str | None = Field(default=None, max_length=6, description="GB/T 2260 code of the registered place")
    sector: str | None = None
    status: str | None = Field(default=None, description="存续, 注销, 吊销, ...")
    version: int = Field(default=1, description="raised by every change to the subject or one of its records")
    first_seen_at: str
    changed_at: str


class SubjectName(SQLModel, table=True):
    """A name a subject bears or bore (曾用名), with its dates."""

    __tablename__ = "subject_name"

    subject_code: str = Field(primary_key=True, max_length=18)
    name_key: str = Field(primary_key=True)
    name: str
    initials: str = Field(index=True)
    valid_from: str | None = None
    valid_to: str | None = Field(default=None, description="None: still borne")
    source: str


Index("ix_subject_name_name_key", table_of(SubjectName).c.name_key)


class SubjectEvent(SQLModel, table=True):
    """One step of a subject's timeline: renamed, merged, 注销, 吊销, seen first."""

    __tablename__ = "subject_event"

    subject_code: str = Field(primary_key=True, max_length=18)
    event_id: str = Field(primary_key=True)
    event: str
    day: str | None = None
    detail: str = "{}"
    source: str
    recorded_at: str


class SubjectLink(SQLModel, table=True):
    """How a record's counterparty was tied to a subject: method and confidence, or a proposal awaiting a person."""

    __tablename__ = "subject_link"

    subject_code: str = Field(primary_key=True, max_length=18)
    quarantine_id: str = Field(primary_key=True, description="the waiting row; a stored record carries its own link")
    method: str
    confidence: float
    state: str = Field(default="proposed", description="proposed | confirmed | refused")
    proposed_at: str


class Record(SQLModel, table=True):
    """The head of a record: the version in force, with what judging it needs."""

    __tablename__ = "record"

    subject_code: str = Field(primary_key=True, max_length=18)
    kind: str = Field(primary_key=True)
    record_key: str = Field(primary_key=True, max_length=32, description="short digest of the record key")
    version: int
    digest: str
    source: str
    batch_id: str
    as_of: str
    received_at: str
    state: str
    severity: str | None = None
    severity_basis: str | None = None
    list_code: str | None = None
    tier: str | None = Field(
        default=None, description="the record's own disclosure attribute, as a tier; None: the catalogue's"
    )
    authority: str | None = Field(default=None, description="USCC of the deciding authority")
    region: str | None = None
    publicity_from: str | None = None
    publicity_to: str | None = Field(default=None, description="last day shown, inclusive, Asia/Shanghai")
    repairable_from: str | None = None
    decided_on: str | None = None
    objected: bool = False
    published: bool = Field(default=False, description="the issuer published this entry itself")
    link_method: str
    link_confidence: float
    catalogue_version: str
    body: bytes = Field(sa_column=_bytes(), description="msgpack of the catalogue class, without what is sealed")
    sealed: bytes | None = Field(
        default=None, sa_column=_bytes(nullable=True), description="see hub.sealing.fields; None: nothing is sealed"
    )


class RecordVersion(SQLModel, table=True):
    """Every version of a record ever accepted; never overwritten."""

    __tablename__ = "record_version"

    subject_code: str = Field(primary_key=True, max_length=18)
    kind: str = Field(primary_key=True)
    record_key: str = Field(primary_key=True, max_length=32)
    version: int = Field(primary_key=True)
    digest: str
    source: str
    batch_id: str
    as_of: str
    received_at: str
    op: str
    state: str
    catalogue_version: str
    envelope: str = Field(description="JSON of the head's columns for this version, without the body")
    body: bytes = Field(sa_column=_bytes())
    sealed: bytes | None = Field(default=None, sa_column=_bytes(nullable=True), description="as of the head")


class Source(SQLModel, table=True):
    """A site the hub collects from."""

    __tablename__ = "source"

    id: str = Field(primary_key=True)
    connector: str
    name_zh: str
    name_en: str
    owner_code: str | None = Field(default=None, max_length=18, description="USCC of the owner")
    region: str | None = None
    rank: int = Field(default=100, description="when two sources send one record, the lower rank wins")
    live: bool = False
    max_age_s: int = 86400
    last_tried_at: str | None = None
    last_succeeded_at: str | None = None
    last_error: str | None = Field(default=None, description="SourceError.code of the last try, None if it succeeded")


class Stream(SQLModel, table=True):
    """One flow of a source, and where the next read resumes."""

    __tablename__ = "stream"

    source: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    kind: str
    cursor: str | None = None
    last_batch_id: str | None = None
    last_read_at: str | None = None
    last_error: str | None = None
    rows_received: int = Field(default=0, sa_type=BigInteger)
    rows_accepted: int = Field(default=0, sa_type=BigInteger)


class Batch(SQLModel, table=True):
    """A batch that was taken in or refused; the same id again gets the same answer."""

    __tablename__ = "batch"

    source: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    batch_id: str = Field(primary_key=True)
    received: int
    accepted: int
    rejected: int
    unchanged: int = 0
    fault: str | None = None
    received_at: str
    reported_at: str | None = Field(default=None, description="when the owner was told; None: still owed")
    answer: bytes = Field(
        sa_column=_bytes(), description="msgpack of hub.ingest.answers.Answer: findings, accepted ids"
    )


class Quarantine(SQLModel, table=True):
    """问题数据: a row or batch that was not accepted, or was accepted with a warning, kept whole."""

    __tablename__ = "quarantine"

    id: str = Field(primary_key=True)
    source: str = Field(index=True)
    stream: str
    batch_id: str
    kind: str
    code: str
    severity: str
    place: str = Field(description="JSON of connectors.port.Place")
    column: str | None = None
    row_id: str | None = None
    message_zh: str
    message_en: str
    row: bytes = Field(sa_column=_bytes(), description="msgpack of the row as received")
    state: str = Field(default="open", description="open | closed")
    opened_at: str
    due_on: str | None = None
    closed_at: str | None = None


# The answer to a batch and the board of open tickets are both read by batch, never by row.
Index(
    "ix_quarantine_batch",
    table_of(Quarantine).c.source,
    table_of(Quarantine).c.stream,
    table_of(Quarantine).c.batch_id,
)
# A row that is sent again, mended, closes its ticket.
Index(
    "ix_quarantine_open",
    table_of(Quarantine).c.source,
    table_of(Quarantine).c.stream,
    table_of(Quarantine).c.state,
    table_of(Quarantine).c.row_id,
)


class PolicyVersion(SQLModel, table=True):
    """A version of the access policy, whole."""

    __tablename__ = "policy_version"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: str
    body: str = Field(sa_type=Text, description="JSON of the policy")
    valid_from: str
    log_index: int | None = Field(default=None, sa_type=BigInteger)
    valid_to: str | None = Field(default=None, description="first instant at which it is over; None: without end")
    change_id: str | None = Field(default=None, description="change set it came from; None: a release's seed")


class Partner(SQLModel, table=True):
    """An organisation that may ask, and as what."""

    __tablename__ = "partner"

    id: str = Field(primary_key=True)
    name: str
    actor: str
    organisation: str | None = Field(default=None, max_length=18, description="its USCC")
    ceiling: str
    regions: str = Field(default="[]", description="JSON list of GB/T 2260 prefixes")
    sectors: str = "[]"
    purposes: str = "[]"
    state: str = "active"
    created_at: str
    valid_to: str | None = None
    rows_max: int | None = Field(default=None, description="rows one question may cost; None: the hub's own limit")
    bytes_max: int | None = Field(default=None, sa_type=BigInteger, description="bytes of one answer; None: the same")
    contact: str | None = Field(default=None, description="whom to call")
    valid_from: str | None = Field(default=None, description="first day it is served")
    jwks_uri: str | None = Field(default=None, description="where its public keys are read from")
    only_trusted_documents: bool = False
    requests_per_minute: int | None = None
    subjects_per_day: int | None = None
    tokens_after: str | None = Field(default=None, description="tokens issued before this instant are refused")


class Epoch(SQLModel, table=True):
    """
    A number per cause of an answer that no subject's version tells of. Triggers raise it; code only reads it.

    `policy`, `partner`, `source` (what is told of sources and streams), `owner` (whose records a source's are),
    `right` (grants and consents).
    """

    __tablename__ = "epoch"

    name: str = Field(primary_key=True)
    version: int = Field(sa_type=BigInteger)


class Document(SQLModel, table=True):
    """A registered GraphQL document (trusted document), by its SHA-256."""

    __tablename__ = "document"

    id: str = Field(primary_key=True, description="sha256:<hex>")
    body: str = Field(sa_type=Text)
    registered_at: str


class LogEntry(SQLModel, table=True):
    """A leaf of the audit log. `leaf` holds salted commitments only."""

    __tablename__ = "log_entry"

    index: int = Field(sa_column=_position("index"))
    kind: str
    leaf: bytes = Field(sa_column=_bytes())
    leaf_hash: bytes = Field(sa_column=_bytes())
    appended_at: str


class LogNode(SQLModel, table=True):
    """Hash of a complete subtree: level 0 is the leaves' own table, so levels here start at 1."""

    __tablename__ = "log_node"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    index: int = Field(sa_column=_position("index"))
    hash: bytes = Field(sa_column=_bytes())


class LogCheckpoint(SQLModel, table=True):
    """A signed checkpoint. The row with the greatest size is the head."""

    __tablename__ = "log_checkpoint"

    size: int = Field(sa_column=_position("size"))
    root: bytes = Field(sa_column=_bytes())
    note: str = Field(sa_type=Text)
    signed_at: str


class LogOpening(SQLModel, table=True):
    """The salted values behind a leaf's commitments. Erasing a row erases the link and breaks no proof."""

    __tablename__ = "log_opening"

    index: int = Field(sa_column=_position("index"))
    opening: bytes = Field(sa_column=_bytes())


class Delivery(SQLModel, table=True):
    """Who received which versions of a subject's records, by which log entry."""

    __tablename__ = "delivery"

    subject_code: str = Field(primary_key=True, max_length=18)
    log_index: int = Field(sa_column=_position("log_index"))
    partner: str | None = Field(default=None, description="None: the public")
    purpose: str
    versions: bytes = Field(sa_column=_bytes(), description="msgpack list of (kind, record_key, version)")
    delivered_at: str
