"""A store with sealed fields, and askers that go the road's way from reading to the rendered answer."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import LogCapture

from hub.ingest import store as memory
from hub.ingest.intake import Intake
from hub.road.contacts import Contacts
from hub.road.fetch import Fetcher
from hub.road.plans import Ruling
from hub.road.render import render, render_compiled
from hub.road.roots import wanted
from hub.road.sight import Sight, wish_of
from hub.road.unseal import Unsealer
from hub.sealing.sealer import Sealing
from hub.store.dossiers import Dossiers
from hub.store.engine import reading, writing
from hub.store.epochs import Epochs
from schema.graph.asking import Asking
from schema.graph.views import Guard, Outcome, Plain
from schema.plan.compile import compile_plan
from schema.plan.decider import Decider
from schema.policy.model import ActorKind, Standing
from schema.render.compiled import Compiled
from tests.hub.ingest.living import MovableClock, captured
from tests.hub.ingest.world import AUTHORITY, NOW, batch, code_of, name_of, penalty, registration, row, site
from tests.support.people import standing
from tests.support.sealing import sealing_in
from tests.support.worlds import FRESHNESS, Ground, setting_of

AT = "2026-11-20T04:00:00.000000Z"
PASSPORT = "E12345678"
CONTRACT = "HT-2026-0815"
AMOUNT = "1234.500000"
ACCOUNT = "5100012345678"
GROUP_CODE = code_of(77)
SECRETS = (PASSPORT, CONTRACT, AMOUNT, ACCOUNT, "第三变电站改造", "延期交付十日")
"""Texts that may stand nowhere in the store."""

OWN = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=code_of(1))
PUBLIC = standing()
GROUP = standing(ActorKind.GC, purpose="PROCUREMENT_CHECK", context=(("lot", "2"), ("stage", "S5"), ("tender", "T-1")))
OTHER = standing(ActorKind.SU, purpose="SELF_QUERY", organisation=code_of(2))

QUESTION = """
query ($c: ID!) { subject(code: $c) { name records(first: 50) { totalCount nodes { __typename day
  ... on Registration { legalRepresentativeIdNo legalRepresentative }
  ... on Performance { contractNo contractAmount rating breached projectName }
  ... on Arrears { accountNo amountDue }
  ... on Penalty { documentNo } } } } }
"""


def performance(number: int = 1, contract: str = CONTRACT, **changes: str | None) -> dict[str, str | None]:
    return {
        "counterparty_name": name_of(number),
        "counterparty_code": code_of(number),
        "contract_no": contract,
        "project_name": "第三变电站改造",
        "authority_name": "锦江能源集团",
        "authority_code": GROUP_CODE,
        "contract_amount": AMOUNT,
        "evaluation_period": "2026Q2",
        "evaluated_on": "2026-07-01",
        "rating": "良好",
        "breached": "是",
        "breach_detail": "延期交付十日",
    } | changes


def arrears(number: int = 1, **changes: str | None) -> dict[str, str | None]:
    return {
        "counterparty_name": name_of(number),
        "counterparty_code": code_of(number),
        "account_no": ACCOUNT,
        "billing_period": "2026-09",
        "authority_name": "四川供电",
        "authority_code": AUTHORITY,
        "amount_due": "10.000000",
        "amount_unpaid": "10.000000",
        "payment_state": "欠费中",
        "due_on": "2026-10-15",
    } | changes


def owner(number: int = 1, **changes: str | None) -> dict[str, str | None]:
    given = {"legal_representative": "张三", "legal_representative_id_type": "护照"}
    return registration(number, **given, legal_representative_id_no=PASSPORT, **changes)


@dataclass
class World:
    """A store, its sealing, and a hub's memory over it."""

    engine: AsyncEngine
    folder: Path
    ground: Ground
    sealing: Sealing = None  # type: ignore[assignment]  # made from the folder
    lines: LogCapture = field(default_factory=LogCapture)

    def __post_init__(self) -> None:
        self.sealing = self.sealing or sealing_in(self.folder / "sealing", log=captured(self.lines))
        self._fetcher: Fetcher | None = None

    @property
    def tally(self) -> dict[str, int]:
        return self.sealing.keys.tally.events

    def another(self, **more: Any) -> "World":
        """Another process over the same store and keys."""
        return World(self.engine, self.folder, self.ground, **more)

    async def take(self, kind: str, *rows: dict[str, str | None], batch_id: str = "B-1", source: str = "cn-51", **more):
        async with writing(self.engine) as writer:
            await memory.enrol_source(writer, site(source))
            after = await memory.find_cursor(writer, source, kind.lower())
        intake = Intake(self.engine, self.ground.book, source=source, region="51", sealing=self.sealing)
        as_of = more.pop("as_of", NOW - timedelta(days=1))
        made = [row(values, number, as_of=as_of, **more) for number, values in enumerate(rows, 2)]
        examined = intake.examine(batch(made, batch_id, kind=kind), now=NOW)
        return (await intake.take(examined, after=after)).answer

    async def fill(self) -> "World":
        """One organisation with something of every tier, and another with nothing sealed."""
        for kind, rows in {
            "Registration": [owner(1), registration(2)],
            "Performance": [performance(1), performance(1, "HT-2026-0816", contract_amount="7.000000")],
            "Arrears": [arrears(1)],
            "Penalty": [penalty(1), penalty(2, "2号")],
        }.items():
            answer = await self.take(kind, *rows, batch_id=f"fill-{kind}")
            assert not answer.rejected, answer.findings
        return self

    def fetcher(self) -> Fetcher:
        """Kept: so is its memory."""
        if self._fetcher is None:
            epochs = Epochs(self.engine)
            self._fetcher = Fetcher(
                Dossiers(self.engine, epochs, cache_records=1000),
                (),
                Contacts(),
                deadline_s=5,
                clock=MovableClock(),
                log=captured(self.lines),
                unsealer=Unsealer(self.engine, self.sealing),
            )
        return self._fetcher

    async def ask(
        self, who: Standing, document: str = QUESTION, *, code: str | None = None, forget: bool = True, **variables: Any
    ) -> Any:
        """Ask as *who*: `data`, the same from both executors."""
        ground = self.ground
        given = {"c": code or code_of(1), **variables}
        prepared = ground.documents.prepare(document, None, {k: v for k, v in given.items() if f"${k}" in document})
        decider = Decider(ground.policy, who, ground.table)
        plan = compile_plan(ground.exchange.schema, prepared.document, prepared.operation, prepared.variables, decider)
        countable = frozenset(kind for kind in ground.table.record_kinds if decider.is_countable(kind))
        fetcher = self.fetcher()
        codes = wanted(plan).codes
        if forget:
            # As a stale commit would tell.
            fetcher.forget(codes)
        sight = Sight(
            fetcher=fetcher,
            ruling=Ruling(decider=decider, countable=countable),
            setting=setting_of(ground),
            wish=wish_of(plan, countable),
        )
        await sight.see(codes)
        told = [
            orjson.loads(self._rendered(prepared, plan, decider, sight, compiled=compiled).data.plain)
            for compiled in (False, True)
        ]
        assert told[0] == told[1]
        return told[0]["data"] if "data" in told[0] else told[0]

    def _rendered(self, prepared: Any, plan: Any, decider: Decider, sight: Sight, *, compiled: bool) -> Any:
        ground = self.ground
        asking = Asking(
            guard=Guard(decider=decider, outcome=Outcome(), freshness=FRESHNESS, moments=sight.moments),
            subjects=sight.subjects,
            searches={},
            sources=[],
            me=Plain(type_name="Me", values={}),
            cursors=ground.cursors,
            specs=ground.exchange.specs,
            sdl=ground.exchange.plain_sdl,
        )
        if not compiled:
            return render(ground.exchange.schema, prepared, asking)
        code = Compiled(
            ground.exchange.schema, prepared.document, prepared.operation, prepared.variables,
            decider=decider, specs=ground.exchange.specs,
        )  # fmt: skip
        return render_compiled(code, asking, plan, prepared.variables)

    async def rows(self, sql: str, **values: object) -> list[Any]:
        async with reading(self.engine) as reader:
            return list(await reader.rows(text(sql), values))

    async def write(self, sql: str, **values: object) -> None:
        async with writing(self.engine) as writer:
            await writer.write(text(sql), [values] if values else None)

    async def everything(self) -> bytes:
        """Every byte of every table that holds what sources sent, as one text."""
        told = b""
        for table in ("record", "record_version", "quarantine", "subject", "batch", "subject_key", "tier_key"):
            for found in await self.rows(f"SELECT * FROM {table}"):  # noqa: S608  names of ours
                told += b"|".join(
                    bytes(part) if isinstance(part, bytes | memoryview) else str(part).encode() for part in found
                )
        return told


def nodes(data: Any, kind: str) -> list[dict[str, Any]]:
    """The records of *kind* in an answer."""
    return [node for node in data["subject"]["records"]["nodes"] if node["__typename"] == kind]
