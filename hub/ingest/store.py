"""Reads and writes what a harvest remembers: sources, streams and their cursors, batches and their answers, tickets."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, insert, select, update

from connectors.site import SiteConfig
from hub.ingest.answers import Answer, pack, unpack
from hub.store import tables
from hub.store.engine import Reader, Writer
from hub.store.tables import table_of

_SOURCE = table_of(tables.Source)
_STREAM = table_of(tables.Stream)
_BATCH = table_of(tables.Batch)
_TICKET = table_of(tables.Quarantine)
_LINK = table_of(tables.SubjectLink)
_CHUNK = 500
_MOST_OWED = 1000


async def enrol_source(writer: Writer, config: SiteConfig) -> None:
    """Make the source's row what its site description says; what was noted of it stays."""
    said = {
        "connector": config.connector,
        "name_zh": config.name_zh,
        "name_en": config.name_en,
        "owner_code": config.owner,
        "region": config.region,
        "rank": config.rank,
        "live": config.live,
        "max_age_s": config.max_age_s,
    }
    if await writer.write(update(_SOURCE).where(_SOURCE.c.id == config.id).values(**said)) == 0:
        await writer.write(insert(_SOURCE).values(id=config.id, **said))


async def ranks(reader: Reader) -> Mapping[str, int]:
    """Rank of every source."""
    return {row.id: row.rank for row in await reader.rows(select(_SOURCE.c.id, _SOURCE.c.rank))}


async def find_cursor(reader: Reader, source: str, stream: str) -> str | None:
    """Where the next read of *stream* resumes; None: from the beginning."""
    row = await reader.first(select(_STREAM.c.cursor).where(_STREAM.c.source == source, _STREAM.c.name == stream))
    return row.cursor if row is not None else None


async def put_stream(writer: Writer, source: str, stream: str, kind: str, values: Mapping[str, object]) -> None:
    """Set *values* on the stream's row, which is made if it is not there."""
    place = (_STREAM.c.source == source) & (_STREAM.c.name == stream)
    if await writer.write(update(_STREAM).where(place).values(kind=kind, **values)) == 0:
        row = {"rows_received": 0, "rows_accepted": 0, **values}
        await writer.write(insert(_STREAM).values(source=source, name=stream, kind=kind, **row))


async def advance(writer: Writer, source: str, kind: str, answer: Answer, cursor: str) -> None:
    """Move the stream behind the answered batch, and count its rows."""
    row = await writer.first(
        select(_STREAM.c.rows_received, _STREAM.c.rows_accepted).where(
            _STREAM.c.source == source, _STREAM.c.name == answer.stream
        )
    )
    received, accepted = (row.rows_received, row.rows_accepted) if row is not None else (0, 0)
    values = {
        "cursor": cursor,
        "last_batch_id": answer.batch_id,
        "last_read_at": answer.at,
        "last_error": None,
        "rows_received": received + answer.received,
        "rows_accepted": accepted + answer.accepted,
    }
    await put_stream(writer, source, answer.stream, kind, values)


async def find_answer(reader: Reader, source: str, stream: str, batch_id: str) -> Answer | None:
    """The recorded answer to a batch, None if it was never taken in."""
    row = await reader.first(
        select(_BATCH.c.answer).where(
            _BATCH.c.source == source, _BATCH.c.stream == stream, _BATCH.c.batch_id == batch_id
        )
    )
    return unpack(row.answer) if row is not None else None


async def add_batch(writer: Writer, source: str, answer: Answer) -> None:
    """Record a batch with its answer; its report is owed from now on."""
    await writer.write(
        insert(_BATCH).values(
            source=source,
            stream=answer.stream,
            batch_id=answer.batch_id,
            received=answer.received,
            accepted=answer.accepted,
            rejected=answer.rejected,
            unchanged=answer.unchanged,
            fault=answer.fault,
            received_at=answer.at,
            reported_at=None,
            answer=pack(answer),
        )
    )


async def owed(reader: Reader, source: str) -> Sequence[Answer]:
    """Answers the owner of *source* was not told yet, oldest first, at most a thousand."""
    rows = await reader.rows(
        select(_BATCH.c.answer)
        .where(_BATCH.c.source == source, _BATCH.c.reported_at.is_(None))
        .order_by(_BATCH.c.received_at, _BATCH.c.batch_id)
        .limit(_MOST_OWED)
    )
    return tuple(unpack(row.answer) for row in rows)


async def note_reported(writer: Writer, source: str, answer: Answer, at: str) -> None:
    """Record that the owner was told."""
    await writer.write(
        update(_BATCH)
        .where(_BATCH.c.source == source, _BATCH.c.stream == answer.stream, _BATCH.c.batch_id == answer.batch_id)
        .values(reported_at=at)
    )


async def add_tickets(
    writer: Writer, tickets: Sequence[Mapping[str, object]], proposals: Sequence[Mapping[str, object]]
) -> None:
    """Keep rows with findings, and the links proposed for them."""
    await writer.insert(_TICKET, tickets)
    await writer.insert(_LINK, proposals)


async def close_tickets(writer: Writer, source: str, stream: str, row_ids: Sequence[str], at: str) -> None:
    """Close what was open about rows that came again and were accepted."""
    open_ones = (_TICKET.c.source == source) & (_TICKET.c.stream == stream) & (_TICKET.c.state == "open")
    statement = select(_TICKET.c.id).where(open_ones, _TICKET.c.row_id.in_(bindparam("row_ids", expanding=True)))
    for start in range(0, len(row_ids), _CHUNK):
        found = await writer.rows(statement, {"row_ids": list(row_ids[start : start + _CHUNK])})
        await writer.write(
            update(_TICKET).where(_TICKET.c.id == bindparam("ticket")).values(state="closed", closed_at=at),
            [{"ticket": row.id} for row in found],
        )
