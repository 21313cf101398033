"""
A source that is asked per question: its rows become records by the same checks and the same judging as harvested ones.

Rules:
    - It is asked for the fields that were granted and asked for, and for what identifies and dates a row; no others.
    - Its rows are not kept. One that fails its checks is left out of the answer and counted in the operator's log.
    - A field that was not asked for is not missed.
"""

from collections.abc import Mapping, Sequence

from structlog.typing import FilteringBoundLogger

from connectors.port import Connector, Row
from connectors.site import SiteConfig
from hub.clock import Clock, iso, legal_day
from hub.ingest.content import content_digest, record_key
from hub.ingest.judging import judge
from schema.catalogue import CATALOGUE_VERSION, kind_named
from schema.catalogue.model import Record
from schema.records import Provenance, StoredRecord
from schema.rules.book import RuleBook
from schema.validation.checker import Checker

LINK_METHOD = "uscc"
"""A live source is asked by code, so its rows are tied by code."""


class LiveSource:
    """One live site. Owned by the hub's lifespan; safe to ask concurrently."""

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
        self._clock = clock
        self._log = log

    @property
    def id(self) -> str:
        """Site identifier."""
        return self._config.id

    @property
    def serves(self) -> frozenset[str]:
        """Kinds it can answer for."""
        return frozenset(stream.kind for stream in self._config.streams.values())

    async def ask(
        self,
        codes: Sequence[str],
        kinds: frozenset[str],
        fields: Mapping[str, Sequence[str]],
        *,
        deadline_s: float,
    ) -> Mapping[str, Sequence[StoredRecord]]:
        """
        Ask for *codes*, of each of *kinds* only the named *fields*.

        Raises:
            SourceError: as the connector says.
        """
        wanted = {kind: _wanted(kind_named(kind), fields.get(kind, ())) for kind in sorted(self.serves & kinds)}
        found = await self._connector.lookup(codes, wanted, deadline_s)
        now = self._clock.now()
        refused = 0
        answers: dict[str, list[StoredRecord]] = {}
        for code in codes:
            for kind, rows in found.rows.get(code, {}).items():
                checker = self._checker(kind_named(kind), frozenset(wanted.get(kind, ())))
                for row in rows:
                    record = self._record(code, checker, row, as_of=iso(found.as_of), received_at=iso(now))
                    if record is None:
                        refused += 1
                    else:
                        answers.setdefault(code, []).append(record)
        if refused:
            self._log.warning("live_rows_refused", source=self.id, rejected=refused)
        return answers

    async def close(self) -> None:
        """Let go of the site."""
        await self._connector.close()

    def _checker(self, kind: type[Record], asked: frozenset[str]) -> Checker:
        return Checker(kind, self._book.on(legal_day(self._clock.now())), asked=asked)

    def _record(self, code: str, checker: Checker, row: Row, *, as_of: str, received_at: str) -> StoredRecord | None:
        if row.fault is not None:
            return None
        today = legal_day(self._clock.now())
        checked = checker.check(row.values, row.extra, today)
        if checked.record is None:
            return None
        judged = judge(
            self._book,
            checked.record,
            checked.extra,
            subject=code,
            today=today,
            withdrawn=row.op == "D",
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
                digest=content_digest(checked.record, checked.extra, withdrawn=row.op == "D"),
                as_of=iso(row.as_of) if row.as_of else as_of,
                received_at=received_at,
                catalogue_version=CATALOGUE_VERSION,
            ),
        )


def _wanted(kind: type[Record], granted: Sequence[str]) -> tuple[str, ...]:
    """List the fields to ask for: what identifies and dates a row, then what was granted."""
    return tuple(dict.fromkeys((*kind.KEY_FIELDS, kind.MAIN_DAY, *granted)))
