"""
A source that is asked per question: its rows become records by the same checks and the same judging as harvested ones.

Rules:
    - It is asked for the fields that were granted and asked for, and for what identifies and dates a row; no others.
    - It is asked every time, unless its description allows `live_cache`: then what it said is given again to the very
      same grant for that long, counted from when it was asked, and not a moment longer. A failure is never kept.
    - Questions under one grant travel together (`connectors.joined`); nothing passes from one grant to another.
    - What it says again need not be checked and judged again: a content stays until the source says something else, or
      the legal day changes. The rules are the process's own and do not change while it runs.
    - Nothing is written down. A row that fails its checks is left out and, once per content, counted in the operator's
      log. A field that was not asked for is not missed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from structlog.typing import FilteringBoundLogger

from connectors.errors import RetryLater
from connectors.joined import JoinedCalls
from connectors.memo import Memo, Turn
from connectors.port import Connector, Row
from connectors.site import SiteConfig
from hub.clock import Clock, iso, legal_day
from hub.ingest.content import content_digest, record_key
from hub.ingest.judging import Judge
from hub.ingest.live_content import LiveContent, LivePart
from schema.catalogue import CATALOGUE_VERSION, kind_named
from schema.catalogue.model import Record
from schema.records import Provenance, StoredRecord
from schema.rules.book import RuleBook
from schema.validation.checker import Checker

LINK_METHOD: Final = "uscc"
"""A live source is asked by code, so its rows are tied by code."""

ROWS_REMEMBERED: Final = 10_000
_GRANTS_REMEMBERED: Final = 1024
_ROWS_IN_A_TURN: Final = 20

_Rows = Mapping[str, Sequence[Row]]


@dataclass(slots=True, kw_only=True, eq=False)
class _Grant:
    """What may be asked: kind -> fields, sorted. Equal only to itself; one object per content."""

    wanted: Mapping[str, tuple[str, ...]]
    day: date | None = None
    checkers: dict[str, Checker] = field(default_factory=dict)

    def checker(self, kind: str, book: RuleBook, today: date) -> Checker:
        """The checker of *kind* for what was asked, by the rules of *today*."""
        if self.day != today:
            self.day, self.checkers = today, {}
        checker = self.checkers.get(kind)
        if checker is None:
            checker = Checker(kind_named(kind), book.on(today), asked=frozenset(self.wanted[kind]))
            self.checkers[kind] = checker
        return checker


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The times of one answer, as records bear them."""

    as_of: str
    received_at: str
    today: date


class LiveSource:
    """One live site. Owned by the hub's lifespan and its event loop; safe to ask concurrently."""

    def __init__(
        self,
        *,
        config: SiteConfig,
        connector: Connector,
        book: RuleBook,
        clock: Clock,
        log: FilteringBoundLogger,
    ) -> None:
        self._config = config
        self._connector = connector
        self._book = book
        self._judge = Judge(book)
        self._clock = clock
        self._log = log
        self._serves = frozenset(stream.kind for stream in config.streams.values())
        self._calls = JoinedCalls[_Grant, LivePart](
            config.id, self._look, calls_max=config.transport.connections, codes_max=config.transport.lookup_max
        )
        self._granted = Memo[tuple[tuple[str, tuple[str, ...]], ...], _Grant](_GRANTS_REMEMBERED)
        self._grants = Memo[tuple[tuple[str, tuple[str, ...]], ...], _Grant](_GRANTS_REMEMBERED)
        self._contents = Memo[tuple[_Grant, str], tuple[_Rows, LiveContent]](ROWS_REMEMBERED)
        self._cache_for = timedelta(seconds=config.live_cache_s)
        self._cached = Memo[tuple[_Grant, str], tuple[LivePart, datetime]](ROWS_REMEMBERED)

    @property
    def id(self) -> str:
        """Site identifier."""
        return self._config.id

    @property
    def serves(self) -> frozenset[str]:
        """Kinds it can answer for."""
        return self._serves

    def ask(
        self,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
        *,
        deadline_s: float,
    ) -> asyncio.Future[Mapping[str, LivePart]]:
        """
        Ask for *codes*, of each of *kinds* only the named *fields*.

        Args:
            codes: Subject codes, each once.
            kinds: At least one of `serves` is among them.
            fields: Kind -> granted fields.
            deadline_s: How long the asker means to wait. That it is over is for the asker to notice.

        Returns:
            Every code with its part, without records if the source has none; a `SourceError` if it could not be asked.
            Cancel it to give up; others who wait for the same call are not touched.
        """
        grant = self._grant(kinds, fields)
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline_s
        if not self._cache_for:
            return self._calls.ask(grant, codes, until)
        held = self._held(grant, codes)
        missing = [code for code in codes if code not in held]
        if not missing:
            told = loop.create_future()
            told.set_result(held)
            return told
        # What is held already is not asked for, but it goes into the one answer.
        return self._calls.ask(grant, missing, until, known=held)

    async def close(self) -> None:
        """Break off what is under way, and let go of the site."""
        await self._calls.close()
        await self._connector.close()

    def _grant(self, kinds: frozenset[str], fields: Mapping[str, Sequence[str]]) -> _Grant:
        asked = tuple((kind, tuple(fields.get(kind, ()))) for kind in self._serves & kinds)
        grant = self._granted.get(asked)
        if grant is None:
            # However a document orders its fields and a set its kinds, the same grant is the same object.
            wanted = tuple(sorted((kind, _wanted(kind_named(kind), names)) for kind, names in asked))
            grant = self._grants.get(wanted) or _Grant(wanted=dict(wanted))
            self._grants.put(wanted, grant)
            self._granted.put(asked, grant)
        return grant

    def _held(self, grant: _Grant, codes: Sequence[str]) -> dict[str, LivePart]:
        now = self._clock.now()
        today = legal_day(now)
        held: dict[str, LivePart] = {}
        for code in codes:
            part, asked_at = self._cached.get((grant, code)) or (None, now)
            # A clock that was set back makes nothing younger than it is.
            is_young = timedelta() <= now - asked_at < self._cache_for
            if part is not None and is_young and part.content.day == today:
                held[code] = part
        return held

    async def _look(self, grant: _Grant, codes: tuple[str, ...], deadline_s: float) -> Mapping[str, LivePart]:
        asked_at = self._clock.now()
        found = await self._connector.lookup(codes, grant.wanted, deadline_s)
        now = self._clock.now()
        answer = _Answer(as_of=iso(found.as_of), received_at=iso(now), today=legal_day(now))
        turn = Turn(_ROWS_IN_A_TURN)
        parts: dict[str, LivePart] = {}
        for code in codes:
            rows = found.rows.get(code)
            if rows is None:
                raise RetryLater(self.id, "SRC_SHAPE", "an asked code is not in the answer")
            known = self._contents.get((grant, code))
            is_first = known is None or known[1].day != answer.today or not _is_same(known[0], rows)
            if known is None or is_first:
                known = (rows, self._content(grant, code, rows, answer))
                weight = 1 + sum(map(len, rows.values()))
                self._contents.put((grant, code), known, weight)
                await turn.passed(weight)
            parts[code] = part = LivePart(
                content=known[1],
                as_of=answer.as_of,
                received_at=answer.received_at,
                at=now,
                is_first=is_first,
            )
            if self._cache_for:
                self._cached.put((grant, code), (part, asked_at), 1 + len(known[1].records))
        return parts

    def _content(self, grant: _Grant, code: str, rows: _Rows, answer: _Answer) -> LiveContent:
        records: list[StoredRecord] = []
        undated: list[bool] = []
        refused = 0
        for kind, told in rows.items():
            if kind not in grant.wanted:
                # Nobody asked for it, so nobody was granted it.
                continue
            checker = grant.checker(kind, self._book, answer.today)
            for row in told:
                record = self._record(code, checker, row, answer)
                if record is None:
                    refused += 1
                else:
                    records.append(record)
                    undated.append(row.as_of is None)
        if refused:
            self._log.warning("live_rows_refused", source=self.id, rejected=refused)
        return LiveContent(
            source=self.id, subject=code, day=answer.today, records=tuple(records), undated=tuple(undated)
        )

    def _record(self, code: str, checker: Checker, row: Row, answer: _Answer) -> StoredRecord | None:
        if row.fault is not None:
            return None
        checked = checker.check(row.values, row.extra, answer.today)
        if checked.record is None:
            return None
        withdrawn = row.op == "D"
        judged = self._judge.judge(
            checked.record,
            checked.extra,
            subject=code,
            today=answer.today,
            withdrawn=withdrawn,
            source_region=self._config.region,
        )
        return StoredRecord(
            subject=code,
            kind=checked.record.KIND,
            key=record_key(checked.record, checked.extra),
            body=checked.record,
            state=judged.state,
            severity=judged.severity,
            severity_basis=judged.severity_basis,
            list_code=judged.list_code,
            tier=judged.tier,
            owner=self._config.owner,
            authority=judged.authority,
            region=judged.region,
            publicity_from=judged.publicity_from,
            publicity_to=judged.publicity_to,
            repairable_from=judged.repairable_from,
            decided_on=judged.decided_on,
            published=judged.published,
            link_method=LINK_METHOD,
            link_confidence=1.0,
            provenance=Provenance(
                source=self.id,
                batch=None,
                version=1,
                digest=content_digest(checked.record, checked.extra, withdrawn=withdrawn),
                as_of=iso(row.as_of) if row.as_of else answer.as_of,
                received_at=answer.received_at,
                catalogue_version=CATALOGUE_VERSION,
            ),
        )


def _wanted(kind: type[Record], granted: Sequence[str]) -> tuple[str, ...]:
    """List the fields to ask for: what identifies and dates a row, and what was granted."""
    return tuple(sorted({*kind.KEY_FIELDS, kind.MAIN_DAY, *granted}))


def _is_same(before: _Rows, now: _Rows) -> bool:
    """
    Whether a source says the same again, wherever in its answer it stands.

    The rows themselves are compared, not digests of them: that is cheaper, and nothing can collide.
    """
    if before is now:
        return True
    return before.keys() == now.keys() and all(
        len(before[kind]) == len(rows) and all(map(_says_same, before[kind], rows)) for kind, rows in now.items()
    )


def _says_same(one: Row, other: Row) -> bool:
    return (one.op, one.as_of, one.fault, one.extra, one.values) == (
        other.op,
        other.as_of,
        other.fault,
        other.extra,
        other.values,
    )
