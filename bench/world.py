"""
The bench's world: organisations with a typical dossier each, the same on every run of one day.

Rules:
    - A typical subject has 31 records; the question of `bench.question` shows about 350 values of them.
    - Nothing is random: a value follows from the subject's number and the record's.
    - Days hang on the day of the run, since a penalty of a fixed day would one day leave its publicity.
    - Records enter the store through the hub's own intake: checked, judged and linked like any harvest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from connectors.port import Batch, Place, Row
from connectors.site import parse_site
from hub.clock import iso
from hub.ingest.intake import Intake
from hub.ingest.store import enrol_source
from hub.rulebook import load_rules
from hub.sealing.build import open_sealing
from hub.sealing.sealer import Sealing
from hub.settings import Settings
from hub.store import tables
from hub.store.engine import open_engine, writing
from hub.store.tables import table_of
from schema.identifiers.uscc import compose

Values = Mapping[str, str | None]

PER_SUBJECT: Mapping[str, int] = {
    "Registration": 1,
    "Licence": 8,
    "Penalty": 4,
    "ListEntry": 2,
    "Grade": 4,
    "Commitment": 6,
    "Arrears": 6,
}
LIVE_PER_SUBJECT: Mapping[str, int] = {"Licence": 12, "Grade": 6, "Commitment": 6, "Arrears": 8}
"""Records of a live subject; a kind with a publicity period is never asked live."""
SOURCE = "bench"
_BATCH = 2_000
_ENERGY = compose("11510000", "MB0000BA")
_RATER = compose("51510000", "MB0000BC")
_SUPPLY = compose("91510100", "MB0000BD")
_SITE = """
spec = "creditlink.site/v1"
[site]
id = "bench"
connector = "service"
name = { zh = "基准测试来源", en = "Source of the bench" }
region = "51"
max_age = "30d"
[transport]
kind = "service"
base_url = "http://127.0.0.1:9"
[streams.all]
kind = "Licence"
request = { method = "GET", path = "/" }
records = "$.rows[*]"
base = "api"
key = ["document_no"]
"""


def code_of(number: int) -> str:
    """Code of typical subject *number*, 0 to 999,999."""
    return compose("91510100", f"MB{number:06}")


def name_of(number: int) -> str:
    """Its name."""
    return f"四川锦江第{number}电力工程有限公司"


def record(kind: str, subject: int, number: int, today: date) -> Values:
    """Record *number* of *kind* of subject *subject*: catalogue field -> text."""
    return _MAKERS[kind](subject, number, today)


def dossier(subject: int, per_kind: Mapping[str, int], today: date) -> Iterator[tuple[str, Values]]:
    """All records of a subject: kind and values."""
    for kind, count in per_kind.items():
        for number in range(count):
            yield kind, record(kind, subject, number, today)


async def store_world(
    url: str, subjects: Sequence[int], per_kind: Mapping[str, int], *, aged: int = 0, batch: str = "typical"
) -> None:
    """
    Take the records of *subjects* into the store at *url* through the hub's intake.

    Args:
        url: A migrated store.
        subjects: Numbers.
        per_kind: Records of each kind per subject.
        aged: Years that penalties are older than usual: past their publicity from 4 on.
        batch: Begins the batches' identifiers; another one for other records.
    """
    engine = open_engine(url)
    config = parse_site(_SITE, file="bench.toml")
    sealing = bench_sealing()
    try:
        async with writing(engine) as writer:
            await enrol_source(writer, config)
        intake = Intake(engine, load_rules(), source=SOURCE, region="51", sealing=sealing)
        now = datetime.now(UTC)
        today = now.date()
        for kind, count in per_kind.items():
            day = today.replace(year=today.year - aged, day=1) if kind == "Penalty" and aged else today
            rows = (record(kind, subject, number, day) for subject in subjects for number in range(count))
            await _take(intake, f"{batch}-{kind}", kind, rows, now)
        await _freshen(engine, now)
    finally:
        await engine.dispose()


def bench_sealing() -> Sealing:
    """Sealing under a key that everyone knows. Nobody the bench asks as is granted a sealed field."""
    settings = Settings(sealing_keys="env:BENCH_SEALING_KEY")
    return open_sealing(settings, {"BENCH_SEALING_KEY": "A" * 43 + "="}, structlog.get_logger("bench"))


async def _take(intake: Intake, stream: str, kind: str, rows: Iterator[Values], now: datetime) -> None:
    cursor: str | None = None
    for part in range(1_000_000):
        chunk = list(islice(rows, _BATCH))
        if not chunk:
            return
        batch = Batch(
            batch_id=f"{stream}-{part}",
            stream=stream,
            kind=kind,
            rows=[Row(values=values, place=Place(part="bench", row=row)) for row, values in enumerate(chunk)],
            cursor=str(part),
            columns={},
        )
        taken = await intake.take(intake.examine(batch, now=now), after=cursor)
        if taken.answer.rejected:
            raise RuntimeError(f"the bench's own {kind} was refused: {taken.answer.findings[:3]}")
        cursor = str(part)


async def _freshen(engine: AsyncEngine, now: datetime) -> None:
    source = table_of(tables.Source)
    async with writing(engine) as writer:
        await writer.write(update(source).values(last_tried_at=iso(now), last_succeeded_at=iso(now)))


def _ago(today: date, days: int) -> str:
    return (today - timedelta(days=days)).isoformat()


def _registration(subject: int, _number: int, _today: date) -> Values:
    return {
        "name": name_of(subject),
        "code": code_of(subject),
        "registration_no": f"5101000{subject:08}",
        "status": "存续",
        "status_on": "2009-03-01",
        "enterprise_type": "有限责任公司(自然人投资或控股)",
        "legal_representative": "王建国",
        "legal_representative_id_type": "身份证",
        "legal_representative_id_no": "51010419800101001X",
        "registered_capital": f"{1_000 + subject % 9_000}.500000",
        "founded_on": "2009-03-01",
        "valid_from": "2009-03-01",
        "valid_to": "2099-12-31",
        "authority_name": "成都市市场监督管理局",
        "authority_code": _ENERGY,
        "region": "510100",
        "address": f"四川省成都市高新区天府大道{subject % 900 + 1}号",
        "sector": "电力",
        "business_scope": "电力工程施工总承包; 电力设施承装、承修、承试; 新能源发电项目的开发与运营; 电力技术咨询。",
    }


def _licence(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "counterparty_kind": "法人及非法人组织",
        "legal_representative": "王建国",
        "document_title": "电力业务许可决定书",
        "document_no": f"川能许〔2024〕{subject:06}{number:04}号",
        "licence_kind": "普通",
        "certificate_name": "承装(修、试)电力设施许可证",
        "licence_no": f"6-1-{subject:06}-{number:04}",
        "content": f"准予从事承装类{number % 5 + 1}级、承修类{number % 5 + 1}级电力设施安装、维修业务。",
        "decided_on": _ago(today, 400 + number * 37),
        "valid_from": _ago(today, 400 + number * 37),
        "valid_to": "2099-12-31",
        **_energy(),
        "state": "1",
        **_unit(),
    }


def _penalty(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "counterparty_kind": "法人及非法人组织",
        "legal_representative": "王建国",
        "document_no": f"川能罚〔2026〕{subject:06}{number:04}号",
        "violation_type": "未按规定报送安全信息",
        "facts": "经查, 该单位在年度自查中未在规定期限内报送电力安全信息, 且未按照整改通知书的要求完成整改, 事实清楚。",
        "legal_basis": "《电力监管条例》第三十四条; 《电力安全事故应急处置和调查处理条例》第二十七条",
        "penalty_kinds": "罚款;没收违法所得",
        "content": f"罚款人民币{(number % 9 + 1) * 10_000}元, 没收违法所得, 自收到决定书之日起十五日内缴至指定银行。",
        "fine_amount": f"{number % 9 + 1}.000000",
        "confiscated_amount": "1.500000",
        "decided_on": _ago(today, 30 + number % 40),
        "valid_until": "2099-12-31",
        **_energy(),
        **_unit(),
    }


def _list_entry(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "list_code": "W01",
        "list_name": "经营异常名录",
        "reason": "通过登记的住所或者经营场所无法联系",
        "document_no": f"蓉市监异〔2026〕{subject:06}{number:04}号",
        **_energy(),
        "listed_on": _ago(today, 90 + number),
        "entry_state": "在列",
        **_unit(),
    }


def _grade(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "scheme": "CEC",
        "grade": ("AAA", "AA", "A")[number % 3],
        "score": f"{80 + number % 20}.5",
        "authority_name": "中国电力企业联合会",
        "authority_code": _RATER,
        "evaluation_centre": "四川省电力行业协会",
        "certificate_no": f"CEC-{subject:06}-{number:04}",
        "period": f"{today.year - 1}",
        "computed_on": _ago(today, 120 + number),
        "issued_on": _ago(today, 100 + number),
        "valid_to": (today + timedelta(days=900)).isoformat(),
        "grade_state": "有效",
    }


def _commitment(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "commitment_no": f"XYCN-{subject:06}-{number:04}",
        "commitment_type": "主动",
        "matter": "保证安全生产、诚信经营",
        "content": "本单位承诺依法依规从事电力建设与运行活动, 如实报送安全与信用信息, 接受监管与社会监督。",
        "committed_on": _ago(today, 200 + number),
        "due_on": (today + timedelta(days=200)).isoformat(),
        **_energy(),
        "fulfilment": "履行中",
        **_unit(),
    }


def _arrears(subject: int, number: int, today: date) -> Values:
    return {
        **_counterparty(subject),
        "account_no": f"51{subject:07}{number:03}",
        "billing_period": f"2026-{number % 12 + 1:02}",
        "authority_name": "国网四川省电力公司成都供电公司",
        "authority_code": _SUPPLY,
        "amount_due": f"{20 + number}.340000",
        "amount_unpaid": f"{5 + number}.120000",
        "late_fee": "0.120000",
        "due_on": _ago(today, 20 + number),
        "urged_on": _ago(today, 15 + number),
        "payment_state": "部分缴纳",
    }


def _counterparty(subject: int) -> Values:
    return {"counterparty_name": name_of(subject), "counterparty_code": code_of(subject)}


def _energy() -> Values:
    return {"authority_name": "四川省能源局", "authority_code": _ENERGY}


def _unit() -> Values:
    return {"source_unit_name": "四川省发展和改革委员会", "source_unit_code": _ENERGY}


_MAKERS: Mapping[str, Callable[[int, int, date], Values]] = {
    "Registration": _registration,
    "Licence": _licence,
    "Penalty": _penalty,
    "ListEntry": _list_entry,
    "Grade": _grade,
    "Commitment": _commitment,
    "Arrears": _arrears,
}
