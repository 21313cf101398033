"""
How fast records come in: signed file packages of a province, through the whole harvest, into SQLite.

    python -m bench.ingest_bench [--rows 100000] [--subjects 20000] [--package 10000]

Prints rows per second, the ratio to a bare executemany of the same bytes into the same tables with the same commits,
and the peak memory for a quarter of the rows and for all of them: it must not grow with the rows.
Run it on an otherwise idle machine; the numbers are of one process.
"""

import argparse
import asyncio
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench.world import bench_sealing
from connectors.registry import open_site
from connectors.sandbox.packages import FORMS, Package, sealed
from connectors.sandbox.rows import SHANGHAI, Platform, WorldRow
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from hub.ingest.aside import Aside
from hub.ingest.examine import collect_rarely
from hub.ingest.harvest import Harvester
from hub.rulebook import load_rules
from hub.store import migrate
from hub.store.engine import open_engine
from schema.catalogue import Penalty
from schema.catalogue.model import fields_of
from schema.identifiers.uscc import compose

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SENDER = compose("12510000", "MB000000")
AUTHORITIES = [compose("11510000", f"MB0000{number:02}") for number in range(1, 22)]
CODES = {spec.name: spec.field.code for spec in fields_of(Penalty) if spec.field.code}
KINDS = ["罚款", "警告", "罚款;没收违法所得", "吊销许可证件"]
TABLES = ("record", "record_version")


def row(number: int, subjects: int, dice: random.Random) -> WorldRow:
    """One believable penalty; about one in fifty has a fault."""
    subject, kinds = dice.randrange(subjects), KINDS[number % len(KINDS)]
    fine = dice.randrange(1, 500) * 1000
    decided = datetime(2026, 11, 18, tzinfo=UTC) - timedelta(days=dice.randrange(700))
    values = {
        "counterparty_name": f"四川锦江第{subject}电力工程有限公司",
        "counterparty_kind": "法人及非法人组织",
        "counterparty_code": compose("91510100", f"MA{subject:06}"),
        "legal_representative": "王建国",
        "document_no": f"川能罚〔{decided.year}〕{number}号",
        "violation_type": "未按规定报送安全信息",
        "facts": "经查, 该单位在年度自查中未在规定期限内报送电力安全信息, 且未按照整改通知书的要求完成整改, 事实清楚。",
        "legal_basis": "《电力监管条例》第三十四条; 《电力安全事故应急处置和调查处理条例》第二十七条",
        "penalty_kinds": kinds,
        "content": f"{kinds}; 罚款人民币{fine}元, 自收到决定书之日起十五日内缴至指定银行。",
        "fine_amount": f"{fine / 10000:.6f}" if "罚款" in kinds else None,
        "confiscated_amount": "1.500000" if "没收" in kinds else None,
        "licence_suspended": "电力业务许可证 1041510-00012" if "吊销" in kinds else None,
        "decided_on": f"{decided:%Y-%m-%d}",
        "valid_until": "2099-12-31",
        "authority_name": "四川省能源局",
        "authority_code": dice.choice(AUTHORITIES),
        "source_unit_name": "四川省发展和改革委员会",
        "source_unit_code": AUTHORITIES[0],
    }
    if number % 50 == 7:
        values["counterparty_code"] = values["counterparty_code"][:-1]
    extra = {"public_date": f"{decided + timedelta(days=4):%Y-%m-%d}", "publicstatus": "公示中"}
    columns = {CODES[name]: value for name, value in values.items() if value is not None}
    return WorldRow(
        platform=Platform.FILES,
        kind="Penalty",
        row_id=f"CF-{number:09}",
        code=values["counterparty_code"],
        values=columns | extra,
        updated=datetime(2026, 11, 19, 12, 0, tzinfo=SHANGHAI),
    )


def write_packages(folder: Path, rows: int, subjects: int, per_package: int) -> dict[str, str]:
    """Lay the packages out; return what the site description refers to."""
    dice, key = random.Random(7), Ed25519PrivateKey.generate()  # noqa: S311  a bench's dice
    outbox, inbox = folder / "outbox", folder / "inbox"
    outbox.mkdir(parents=True)
    inbox.mkdir()
    for number, first in enumerate(range(0, rows, per_package), start=1):
        chunk = range(first, min(first + per_package, rows))
        package = Package(
            source=SENDER,
            kind="Penalty",
            created=datetime(2026, 11, 19, 20, 0, tzinfo=SHANGHAI) + timedelta(seconds=number),
            number=number,
            mode="full",
            form=FORMS[number % 2],
        )
        data = sealed(package, [row(each, subjects, dice) for each in chunk], key)
        (outbox / package.file_name).write_bytes(data)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {
        "CN51_PACKAGES": str(outbox),
        "CN51_ANSWERS": str(inbox),
        "CN51_PUBLIC_KEY": public,
        "CN51_SOURCE_CODE": SENDER,
    }


async def harvest(folder: Path, environment: dict[str, str], *, aside: bool) -> dict[str, float]:
    """Harvest everything once; wall and CPU seconds, rows."""
    url = f"sqlite:///{folder / 'hub.db'}"
    migrate.upgrade(url)
    text = (files("connectors.provincial") / "site-files.toml").read_text(encoding="utf-8")
    config = parse_site(text, file="site-files.toml")
    engine = open_engine(url)
    connector = open_site(config, ReferredSecrets(environment=environment, folder=folder), now=lambda: NOW)
    collect_rarely()
    started, spent = time.perf_counter(), time.process_time()
    async with AsyncExitStack() as stack:
        # As `hub harvest` does: a process aside where there is a core for it. Its start counts.
        process = await stack.enter_async_context(Aside()) if aside else None
        harvester = Harvester(engine, load_rules(), lambda: NOW, sealing=bench_sealing(), aside=process)
        report = await harvester.run(connector, config)
    wall, cpu = time.perf_counter() - started, time.process_time() - spent
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    await connector.close()
    await engine.dispose()
    assert report.is_whole, report
    (stream,) = [each for each in report.streams if each.received]
    return {
        "rows": stream.received,
        "accepted": stream.accepted,
        "batches": stream.batches,
        "wall_s": wall,
        "cpu_s": cpu + children.ru_utime + children.ru_stime,
        "peak_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + children.ru_maxrss) / 1024,
    }


def floor_s(folder: Path, batches: int) -> float:
    """Seconds that SQLite alone needs for the same bytes in the same tables, with as many commits."""
    url = f"sqlite:///{folder / 'floor.db'}"
    migrate.upgrade(url)
    source, target = sqlite3.connect(folder / "hub.db"), sqlite3.connect(folder / "floor.db", isolation_level=None)
    kept = {table: source.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall() for table in TABLES}  # noqa: S608  our own names
    target.execute("PRAGMA synchronous=FULL")
    size = len(kept["record"]) // batches + 1
    started = time.perf_counter()
    for start in range(0, len(kept["record"]), size):
        target.execute("BEGIN IMMEDIATE")
        for table, rows in kept.items():
            marks = ",".join("?" * len(rows[0]))
            target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[start : start + size])  # noqa: S608  our own names
        target.execute("COMMIT")
    spent = time.perf_counter() - started
    source.close()
    target.close()
    return spent


def measure(rows: int, subjects: int, per_package: int, *, alone: bool) -> dict[str, float]:
    """One harvest in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        folder = Path(name)
        environment = write_packages(folder, rows, subjects, per_package)
        command = [sys.executable, "-m", "bench.ingest_bench", "--inside", name, *(["--alone"] if alone else [])]
        done = subprocess.run(command, input=json.dumps(environment), capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(done.stdout)
        return found | {"floor_s": floor_s(folder, int(found["batches"]))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--subjects", type=int, default=20_000)
    parser.add_argument("--package", type=int, default=10_000)
    parser.add_argument("--alone", action="store_true", help="examine in the same process, as on one core")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.inside:
        found = asyncio.run(harvest(options.inside, json.load(sys.stdin), aside=not options.alone))
        print(orjson.dumps(found).decode())
        return
    quarter = measure(options.rows // 4, options.subjects, options.package, alone=options.alone)
    whole = measure(options.rows, options.subjects, options.package, alone=options.alone)
    rate, ratio = whole["rows"] / whole["wall_s"], whole["wall_s"] / whole["floor_s"]
    summary = {
        "rows": whole["rows"],
        "accepted": whole["accepted"],
        "rows_per_s": round(rate),
        "rows_per_cpu_s": round(whole["rows"] / whole["cpu_s"]),
        "times_bare_sqlite": round(ratio, 1),
        "peak_mb_quarter": round(quarter["peak_mb"]),
        "peak_mb_whole": round(whole["peak_mb"]),
    }
    if options.json:
        print(orjson.dumps(summary).decode())
        return
    print(f"{summary['rows']:,.0f} rows in {whole['wall_s']:.1f} s: {rate:,.0f} rows/s (goal: 5,000)")
    print(f"CPU: {whole['cpu_s'] / whole['rows'] * 1e6:.0f} µs a row; accepted {summary['accepted']:,.0f}")
    print(f"bare SQLite, same bytes, same commits: {whole['floor_s']:.1f} s; ours takes {ratio:.1f} times as long")
    print(f"peak memory: {quarter['peak_mb']:.0f} MB for a quarter of the rows, {whole['peak_mb']:.0f} MB for all")


if __name__ == "__main__":
    main()
