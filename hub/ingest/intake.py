"""
Takes in one batch: checked outside, then written in one transaction with its answer and its stream's cursor.

Rules:
    - The same batch again gets the same answer, and nothing but the cursor moves.
    - A bad row is kept in quarantine and never stops the good rest; a batch whose digest is wrong is refused whole.
    - Nothing is overwritten: what is said anew is a new version.
    - Killed at any point, a batch is either wholly in, with its cursor, or not at all.

Source: DOMAIN 2.3, 2.5, 11.6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.port import Batch
from hub.clock import from_iso, iso, legal_day
from hub.ingest import answers, store
from hub.ingest.answers import Answer
from hub.ingest.claims import Verdict
from hub.ingest.content import storable
from hub.ingest.examine import Examined, Examiner, uncollected
from hub.ingest.hiding import Heads, heads_to_hide, hide
from hub.ingest.ledger import Entry, Ledger
from hub.ingest.linking import CERTAIN, Linked, link_rows
from hub.ingest.notices import answer_finding, finding, kept_row, ticket
from hub.ingest.register import Register
from hub.sealing.fields import HOLDER, Need
from hub.sealing.sealer import Sealer, Sealing
from hub.store.engine import Writer, writing
from schema.catalogue import CATALOGUE_VERSION, KINDS, Registration
from schema.catalogue.model import Record
from schema.identifiers.resolution import Link, Method
from schema.identifiers.uscc import check_uscc
from schema.publicity import add_working_days
from schema.rules.book import RuleBook
from schema.tiers import Tier

TURN = "ingest"
"""One intake writes at a time: two that met the same new subject would each make it. See `Writer.take_turn`."""
_MENDING = "T14"
_UNTIED = "SR01"


class StreamMovedError(Exception):
    """Someone else moved the stream's cursor since it was read: what was read may have a gap, so read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A batch as it was received at `now`, its rows examined (none, if the whole batch is refused)."""

    batch: Batch
    rows: list[Examined]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The answer to a batch; `repeated` if it was recorded before."""

    answer: Answer
    repeated: bool


class Intake:
    """
    Takes in the batches of one source.

    Args:
        engine: The store; the source's row must be there (`store.enrol_source`).
        book: Every version of the rules.
        source: Site identifier.
        region: Region of the source, None for the whole country.
        sealing: Seals what may not stand openly in the store.
    """

    def __init__(
        self, engine: AsyncEngine, book: RuleBook, *, source: str, region: str | None, sealing: Sealing
    ) -> None:
        self._engine = engine
        self._sealing = sealing
        self._book = book
        self._source = source
        self._region = region
        self._examiner = Examiner(book, region=region)

    @property
    def source(self) -> str:
        """Site identifier."""
        return self._source

    @property
    def region(self) -> str | None:
        """Region of the source."""
        return self._region

    def examine(self, batch: Batch, *, now: datetime) -> Examination:
        """
        Examine *batch*, of a kind of the catalogue, as received at *now* (aware). Most of the work of taking it in.

        Needs no store and changes nothing: it may run in another thread, ahead of the batch before.
        """
        # A refused batch is not looked into.
        rows = [] if batch.fault else self._examiner.examine(batch, now)
        return Examination(batch=batch, rows=rows, now=now)

    async def take(self, examined: Examination, *, after: str | None) -> Taken:
        """
        Take in an examined batch.

        Args:
            examined: From `examine` of this intake; used up.
            after: The cursor behind which the batch was read.

        Raises:
            StreamMovedError: the stored cursor is no longer *after*; nothing was written.
            SQLAlchemyError: the store cannot be used; nothing was written.
        """
        batch, now = examined.batch, examined.now
        async with writing(self._engine) as writer:
            await writer.take_turn(TURN)
            # 1 where the stream stands, and whether the batch is known.
            stands = await store.find_cursor(writer, self._source, batch.stream)
            if stands != after:
                raise StreamMovedError(batch.stream)
            known = await store.find_answer(writer, self._source, batch.stream, batch.batch_id)
            if known is not None:
                values = {"cursor": batch.cursor, "last_read_at": iso(now), "last_error": None}
                await store.put_stream(writer, self._source, batch.stream, batch.kind, values)
                return Taken(answer=known, repeated=True)
            # 2 subjects, records, tickets; then the answer and the cursor, all or nothing.
            if batch.fault:
                answer = self._refuse(batch, now)
                await self._add_refusal(writer, batch, answer)
            else:
                answer = await self._write(writer, batch, examined.rows, now)
            await store.add_batch(writer, self._source, answer)
            await store.advance(writer, self._source, batch.kind, answer, batch.cursor)
        return Taken(answer=answer, repeated=False)

    async def _write(self, writer: Writer, batch: Batch, rows: Sequence[Examined], now: datetime) -> Answer:
        at, kind = iso(now), KINDS[batch.kind]
        register = Register(source=self._source, at=at)
        await register.load(writer, [row.code for row in rows if row.code is not None])
        linked = await link_rows(writer, rows, kind, register, region=self._region)
        await register.load_missing(writer, [link.subject_code for link in linked.links.values()])
        ledger = Ledger(
            kind=batch.kind,
            source=self._source,
            ranks=await store.ranks(writer),
            batch_id=batch.batch_id,
            at=at,
            catalogue_version=CATALOGUE_VERSION,
        )
        await ledger.load(writer, [(row.code, row.key) for row in rows if row.code is not None and row.key])
        hidden = await heads_to_hide(writer, rows, batch.kind, ledger)
        sealer = await self._sealing.begin(writer, self._needs(rows, kind, hidden, now), at)
        unchanged = 0
        with uncollected():
            for number, row in enumerate(rows):
                if row.record is None:
                    hide(row, hidden, ledger, register, sealer)
                elif not self._enter(row, linked.links.get(number), ledger, register, sealer):
                    unchanged += 1
        await register.write(writer)
        await ledger.write(writer)
        answer = self._answer(batch, rows, now, unchanged=unchanged)
        await store.add_tickets(writer, *self._tickets(batch, rows, linked, answer, sealer))
        await sealer.end(writer)
        await store.close_tickets(writer, self._source, batch.stream, answer.accepted_row_ids, at)
        return answer

    def _needs(self, rows: Sequence[Examined], kind: type[Record], hidden: Heads, now: datetime) -> set[Need]:
        """Whose keys seal what *rows* bring, judging those that were tied just now."""
        needs: set[Need] = set()
        for row in rows:
            if row.record is not None:
                judged = self._examiner.judge(row, row.get_code(), legal_day(now))
                needs |= self._sealing.needs(row.get_code(), row.record, judged.tier)
            if row.findings:
                needs.add((_holder(row, kind), Tier.R))
        for (code, _), head in hidden.items():
            needs |= self._sealing.needs_of(code, head.sealed)
        return needs

    def _enter(self, row: Examined, link: Link | None, ledger: Ledger, register: Register, sealer: Sealer) -> bool:
        """Enter an accepted row; say whether it told anything new."""
        code, record = row.get_code(), row.get_record()
        registered_before = ledger.has_head(code, row.key)
        register.meet(code, row.name)
        judged = row.get_judged()
        content = sealer.content(code, row, judged.tier)
        entry = Entry(
            subject=code,
            key=row.key,
            digest=content.digest,
            body=content.body,
            sealed=sealer.columns_of(code, record.KIND, row.key, content.secret),
            as_of=row.as_of,
            op=row.row.op,
            judged=judged.columns() | ({"decided_on": None} if content.is_day_sealed else {}),
            link_method=(link.method if link else Method.USCC).value,
            link_confidence=link.confidence if link else CERTAIN,
        )
        verdict = ledger.enter(entry)
        in_force = verdict in {Verdict.NEW_HEAD, Verdict.RESTORED}
        if in_force:
            register.touch(code)
        if isinstance(record, Registration) and row.row.op != "D":
            if in_force:
                register.enrol(code, record, registered_before=registered_before, day=row.as_of[:10])
            elif verdict is Verdict.NEW_VERSION:
                register.recall(code, record, day=row.as_of[:10])
        return in_force or verdict is Verdict.NEW_VERSION

    def _answer(self, batch: Batch, rows: Sequence[Examined], now: datetime, *, unchanged: int) -> Answer:
        accepted = [row for row in rows if row.is_accepted]
        return Answer(
            batch_id=batch.batch_id,
            stream=batch.stream,
            received=len(rows),
            accepted=len(accepted),
            rejected=len(rows) - len(accepted),
            unchanged=unchanged,
            at=iso(now),
            findings=tuple(answer_finding(batch, row.row, found) for row in rows for found in row.findings),
            accepted_row_ids=tuple(storable(row.row.row_id) for row in accepted if row.row.row_id is not None),
        )

    def _refuse(self, batch: Batch, now: datetime) -> Answer:
        fault = finding(batch.fault or "", "E")
        part = storable(batch.rows[0].place.part) if batch.rows else batch.batch_id
        return Answer(
            batch_id=batch.batch_id,
            stream=batch.stream,
            received=len(batch.rows),
            accepted=0,
            rejected=len(batch.rows),
            fault=batch.fault,
            at=iso(now),
            findings=(
                answers.Finding(
                    code=fault.code,
                    severity=fault.severity,
                    part=part,
                    message_zh=fault.message_zh,
                    message_en=fault.message_en,
                ),
            ),
        )

    async def _add_refusal(self, writer: Writer, batch: Batch, answer: Answer) -> None:
        """One ticket for the whole batch; its rows come again when the owner sends it whole."""
        kept = msgspec.msgpack.encode({"batch_id": batch.batch_id, "rows": len(batch.rows), "mode": batch.mode})
        due_on = self._due(answer)
        sealer = await self._sealing.begin(writer, [(HOLDER, Tier.R)], answer.at)
        opened = [
            ticket(batch, found, source=self._source, number=number, at=answer.at, due_on=due_on)
            for number, found in enumerate(answer.findings)
        ]
        for each in opened:
            each["row"] = sealer.row(HOLDER, str(each["id"]), kept)
        await store.add_tickets(writer, opened, [])
        await sealer.end(writer)

    def _tickets(
        self, batch: Batch, rows: Sequence[Examined], linked: Linked, answer: Answer, sealer: Sealer
    ) -> tuple[list[dict[str, object]], list[Mapping[str, object]]]:
        """The tickets of an answer's findings, each with its row sealed for it, and the links proposed for them."""
        tickets: list[dict[str, object]] = []
        proposals: list[Mapping[str, object]] = []
        if not answer.findings:
            return tickets, proposals
        findings, due_on = iter(enumerate(answer.findings)), self._due(answer)
        for place, row in enumerate(rows):
            kept = kept_row(row.row) if row.findings else b""
            for _ in row.findings:
                number, found = next(findings)
                opened = ticket(batch, found, source=self._source, number=number, at=answer.at, due_on=due_on)
                opened["row"] = sealer.row(_holder(row, KINDS[batch.kind]), str(opened["id"]), kept)
                tickets.append(opened)
                if found.code == _UNTIED:
                    proposals += [_proposal(link, opened["id"], answer.at) for link in linked.proposals[place]]
        return tickets, proposals

    def _due(self, answer: Answer) -> str | None:
        """Day by which the owner should have mended what is found today (T14); None if the rules set none."""
        today = legal_day(from_iso(answer.at))
        rules = self._book.on(today)
        limit = rules.time_limits.get(_MENDING)
        return add_working_days(today, limit.value, rules.calendar).day.isoformat() if limit else None


def _holder(row: Examined, kind: type[Record]) -> str:
    """Whose key seals *row* if it is set aside: the subject it speaks of, if that is known."""
    return row.code or check_uscc(row.row.values.get(kind.CODE_FIELD) or "").code or HOLDER


def _proposal(link: Link, ticket_id: object, at: str) -> Mapping[str, object]:
    return {
        "subject_code": link.subject_code,
        "quarantine_id": ticket_id,
        "method": link.method.value,
        "confidence": link.confidence,
        "state": "proposed",
        "proposed_at": at,
    }
