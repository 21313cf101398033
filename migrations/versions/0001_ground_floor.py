"""ground floor."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

POSITION = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BY_CODE_POINT = sa.String().with_variant(sa.String(collation="C"), "postgresql")

PARTNER = (
    "id", "name", "actor", "organisation", "ceiling", "regions", "sectors", "purposes", "state", "created_at",
    "valid_to", "rows_max", "bytes_max",
)  # fmt: skip
SOURCE = (
    "id", "connector", "name_zh", "name_en", "owner_code", "region", "rank", "live", "max_age_s", "last_tried_at",
    "last_succeeded_at", "last_error",
)  # fmt: skip
CAUSES = (
    # Not `log_index`: it is noted after a version is announced, and decides nothing.
    ("policy", "policy_version", ("version", "digest", "body", "valid_from")),
    ("partner", "partner", PARTNER),
    ("source", "source", SOURCE),
    # Not the cursor and the counts: a harvest would raise the epoch, and hold its row, for every batch.
    ("source", "stream", ("source", "name", "kind", "last_error")),
    # Whose records a source's are decides who may see them, and stands in no subject's version.
    ("owner", "source", ("id", "owner_code")),
)
"""Epoch, table, and the columns of it that an answer may depend on."""

RAISE_EPOCH = """
CREATE FUNCTION raise_epoch() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE epoch SET version = version + 1 WHERE name = TG_ARGV[0];
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.Column("reported_at", sa.String(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", "stream", "batch_id"),
    )
    op.create_table(
        "delivery",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("log_index", POSITION, autoincrement=False, nullable=False),
        sa.Column("partner", sa.String(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("versions", sa.LargeBinary(), nullable=False),
        sa.Column("delivered_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "log_index"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    epoch = op.create_table(
        "epoch",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.bulk_insert(epoch, [{"name": name, "version": 1} for name in dict.fromkeys(name for name, *_ in CAUSES)])
    op.create_table(
        "log_checkpoint",
        sa.Column("size", POSITION, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_entry",
        sa.Column("index", POSITION, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("appended_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("index"),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("index", POSITION, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index"),
    )
    op.create_table(
        "log_opening",
        sa.Column("index", POSITION, autoincrement=False, nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index"),
    )
    op.create_table(
        "partner",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(length=18), nullable=True),
        sa.Column("ceiling", sa.String(), nullable=False),
        sa.Column("regions", sa.String(), nullable=False),
        sa.Column("sectors", sa.String(), nullable=False),
        sa.Column("purposes", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("rows_max", sa.Integer(), nullable=True),
        sa.Column("bytes_max", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("row_id", sa.String(), nullable=True),
        sa.Column("message_zh", sa.String(), nullable=False),
        sa.Column("message_en", sa.String(), nullable=False),
        sa.Column("row", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.Column("due_on", sa.String(), nullable=True),
        sa.Column("closed_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_quarantine_batch", "quarantine", ["source", "stream", "batch_id"])
    op.create_index("ix_quarantine_open", "quarantine", ["source", "stream", "state", "row_id"])
    op.create_index("ix_quarantine_source", "quarantine", ["source"])
    op.create_table(
        "record",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_key", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("severity_basis", sa.String(), nullable=True),
        sa.Column("list_code", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("authority", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("publicity_from", sa.String(), nullable=True),
        sa.Column("publicity_to", sa.String(), nullable=True),
        sa.Column("repairable_from", sa.String(), nullable=True),
        sa.Column("decided_on", sa.String(), nullable=True),
        sa.Column("objected", sa.Boolean(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("link_method", sa.String(), nullable=False),
        sa.Column("link_confidence", sa.Float(), nullable=False),
        sa.Column("catalogue_version", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "kind", "record_key"),
    )
    op.create_table(
        "record_version",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("record_key", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("catalogue_version", sa.String(), nullable=False),
        sa.Column("envelope", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "kind", "record_key", "version"),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("connector", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("owner_code", sa.String(length=18), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("max_age_s", sa.Integer(), nullable=False),
        sa.Column("last_tried_at", sa.String(), nullable=True),
        sa.Column("last_succeeded_at", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "stream",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("last_batch_id", sa.String(), nullable=True),
        sa.Column("last_read_at", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("rows_received", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name"),
    )
    op.create_table(
        "subject",
        sa.Column("code", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", BY_CODE_POINT, nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("organisation_code", sa.String(length=9), nullable=True),
        sa.Column("registration_no", sa.String(length=50), nullable=True),
        sa.Column("parent_code", sa.String(length=18), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=True),
        sa.Column("sector", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("ix_subject_initials", "subject", ["initials"])
    op.create_index("ix_subject_name_key", "subject", ["name_key"])
    op.create_index("ix_subject_organisation_code", "subject", ["organisation_code"])
    op.create_index("ix_subject_parent_code", "subject", ["parent_code"])
    op.create_index("ix_subject_registration_no", "subject", ["registration_no"])
    op.create_table(
        "subject_event",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "event_id"),
    )
    op.create_table(
        "subject_link",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("quarantine_id", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "quarantine_id"),
    )
    op.create_table(
        "subject_name",
        sa.Column("subject_code", sa.String(length=18), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("initials", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=True),
        sa.Column("valid_to", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_code", "name_key"),
    )
    op.create_index("ix_subject_name_initials", "subject_name", ["initials"])
    op.create_index("ix_subject_name_name_key", "subject_name", ["name_key"])
    for statement in _triggers(op.get_bind().dialect.name):
        op.execute(statement)


def _triggers(dialect: str) -> Iterator[str]:
    """
    What raises an epoch: in the change's own transaction, whoever makes it and by whatever means.

    NOTE: on SQLite, changing a table by copying it (Alembic's batch mode) loses its triggers; make them again.
    """
    if dialect == "postgresql":
        yield RAISE_EPOCH
    for name, table, columns in CAUSES:
        watched = ", ".join(f'"{column}"' for column in columns)
        old, new = (", ".join(f'{row}."{column}"' for column in columns) for row in ("OLD", "NEW"))
        if dialect == "postgresql":
            call = f"EXECUTE FUNCTION raise_epoch('{name}')"
            yield f"CREATE TRIGGER epoch_{name}_put AFTER INSERT OR DELETE ON {table} FOR EACH ROW {call}"
            yield f"CREATE TRIGGER epoch_{name}_empty AFTER TRUNCATE ON {table} FOR EACH STATEMENT {call}"
            when = f"WHEN (ROW({old}) IS DISTINCT FROM ROW({new}))"
            yield f"CREATE TRIGGER epoch_{name}_set AFTER UPDATE OF {watched} ON {table} FOR EACH ROW {when} {call}"
            continue
        call = f"BEGIN UPDATE epoch SET version = version + 1 WHERE name = '{name}'; END"  # noqa: S608  names of ours
        yield f"CREATE TRIGGER epoch_{name}_{table}_put AFTER INSERT ON {table} {call}"
        yield f"CREATE TRIGGER epoch_{name}_{table}_drop AFTER DELETE ON {table} {call}"
        when = f"WHEN ({old}) IS NOT ({new})"
        yield f"CREATE TRIGGER epoch_{name}_{table}_set AFTER UPDATE OF {watched} ON {table} {when} {call}"


def downgrade() -> None:
    op.drop_table("subject_name")
    op.drop_table("subject_link")
    op.drop_table("subject_event")
    op.drop_table("subject")
    op.drop_table("stream")
    op.drop_table("source")
    op.drop_table("record_version")
    op.drop_table("record")
    op.drop_table("quarantine")
    op.drop_table("policy_version")
    op.drop_table("partner")
    op.drop_table("log_opening")
    op.drop_table("log_node")
    op.drop_table("log_entry")
    op.drop_table("log_checkpoint")
    op.drop_table("epoch")
    op.drop_table("document")
    op.drop_table("delivery")
    op.drop_table("batch")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION raise_epoch()")
