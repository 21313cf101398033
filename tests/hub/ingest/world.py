"""Rows, batches and a site for ingest tests: invented organisations, valid codes, one record by default faultless."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.port import Batch, Capability, Found, Health, Outcome, Place, Row, Stream
from connectors.site import AuthConfig, AuthKind, SiteConfig, TransportConfig, TransportKind
from hub.store.engine import reading
from hub.store.tables import table_of
from schema.identifiers.uscc import compose

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
AUTHORITY = compose("11510000", "MB000001")


def code_of(number: int) -> str:
    """Code of the invented organisation *number*."""
    return compose("91510100", f"MA{number:06}")


def name_of(number: int) -> str:
    return f"四川锦江第{number}电力工程有限公司"


def penalty(number: int = 1, document: str = "川能罚〔2026〕1号", **changes: str | None) -> dict[str, str | None]:
    return {
        "counterparty_name": name_of(number),
        "counterparty_kind": "法人及非法人组织",
        "counterparty_code": code_of(number),
        "legal_representative": "张三",
        "document_no": document,
        "violation_type": "未按规定报送信息",
        "facts": "未在规定期限内报送年度自查报告",
        "legal_basis": "电力监管条例第三十四条",
        "penalty_kinds": "罚款",
        "content": "罚款人民币50000元",
        "fine_amount": "5.000000",
        "decided_on": "2026-11-18",
        "valid_until": "2099-12-31",
        "authority_name": "四川省能源局",
        "authority_code": AUTHORITY,
        "source_unit_name": "四川省能源局",
        "source_unit_code": AUTHORITY,
    } | changes


def registration(number: int = 1, **changes: str | None) -> dict[str, str | None]:
    return {
        "name": name_of(number),
        "code": code_of(number),
        "status": "存续",
        "founded_on": "2015-03-01",
        "region": "510107",
        "sector": "电力",
    } | changes


def list_entry(number: int = 1, **changes: str | None) -> dict[str, str | None]:
    return {
        "counterparty_name": name_of(number),
        "counterparty_code": code_of(number),
        "list_code": "L06",
        "list_name": "安全生产严重失信主体名单",
        "reason": "发生较大生产安全事故",
        "document_no": "川应急〔2026〕8号",
        "authority_name": "四川省应急管理厅",
        "authority_code": AUTHORITY,
        "listed_on": "2026-10-01",
    } | changes


def row(values: Mapping[str, str | None], number: int = 2, **rest) -> Row:
    rest.setdefault("as_of", NOW - timedelta(days=1))
    rest.setdefault("row_id", f"R-{number}")
    return Row(values=dict(values), place=Place(part="data.csv", row=number), **rest)


def batch(rows: Sequence[Row], batch_id: str = "B-1", kind: str = "Penalty", **rest) -> Batch:
    rest.setdefault("cursor", batch_id)
    rest.setdefault("stream", kind.lower())
    rest.setdefault(
        "columns", {"counterparty_code": "CF_XDR_SHXYM", "document_no": "CF_WSH", "fine_amount": "CF_NR_FK"}
    )
    return Batch(batch_id=batch_id, kind=kind, rows=rows, **rest)


def site(site_id: str = "cn-51", *, rank: int = 100, max_age_s: int = 86400) -> SiteConfig:
    return SiteConfig(
        id=site_id,
        connector="service",
        name_zh="四川省信用平台(模拟)",
        name_en="Sichuan credit platform (simulated)",
        owner=AUTHORITY,
        owner_contact=None,
        region="51",
        rank=rank,
        live=False,
        max_age_s=max_age_s,
        transport=TransportConfig(
            kind=TransportKind.SERVICE,
            addresses={},
            auth=AuthConfig(kind=AuthKind.NONE, plain={}, secrets={}),
            rate_per_s=None,
            timeout_s=10,
            daily=None,
            max_bytes=1 << 20,
        ),
        streams={},
        file=f"{site_id}.toml",
    )


@dataclass
class Flow:
    """One stream of the site: its batches in order. An exception among them is raised once, then passed."""

    kind: str
    steps: list[Batch | Exception] = field(default_factory=list)


@dataclass
class Site:
    """A site in memory: what a test puts in is what it sends; what it is told is kept."""

    flows: dict[str, Flow]
    source: str = "cn-51"
    capabilities: frozenset[Capability] = frozenset({Capability.READ, Capability.REPORT})
    told: list[Outcome] = field(default_factory=list)
    deaf: Exception | None = None
    discovery: list[Exception] = field(default_factory=list)
    health: Health = field(default_factory=lambda: Health(reachable=True, code="OK", latency_s=0.01))
    reads: list[tuple[str, str | None]] = field(default_factory=list)

    async def check(self) -> Health:
        return self.health

    async def discover(self) -> Sequence[Stream]:
        if self.discovery:
            raise self.discovery.pop(0)
        return [Stream(name=name, kind=flow.kind, label_zh=name, label_en=name) for name, flow in self.flows.items()]

    async def read(self, stream: str, cursor: str | None) -> AsyncIterator[Batch]:
        self.reads.append((stream, cursor))
        steps = self.flows[stream].steps
        cursors = [step.cursor for step in steps if isinstance(step, Batch)]
        passed = cursors.index(cursor) + 1 if cursor in cursors else 0
        for step in list(steps):
            if isinstance(step, Exception):
                steps.remove(step)
                raise step
            if passed:
                passed -= 1
                continue
            yield step

    async def lookup(self, codes: Sequence[str], fields: Mapping[str, Sequence[str]], deadline_s: float) -> Found:
        return Found(rows={}, as_of=NOW)

    async def report(self, outcome: Outcome) -> None:
        if self.deaf is not None:
            raise self.deaf
        self.told.append(outcome)

    async def close(self) -> None:
        """Nothing is open."""


async def rows_of(engine: AsyncEngine, model: type, **where: object) -> list[dict[str, object]]:
    """All rows of a table, as plain mappings, by primary key."""
    table = table_of(model)
    statement = select(table).order_by(*table.primary_key.columns)
    for name, value in where.items():
        statement = statement.where(table.c[name] == value)
    async with reading(engine) as reader:
        return [found._asdict() for found in await reader.rows(statement)]


async def count_of(engine: AsyncEngine, model: type) -> int:
    async with reading(engine) as reader:
        found = await reader.first(select(func.count()).select_from(table_of(model)))
    return int(found[0])
