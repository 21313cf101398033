"""`hub harvest` as an operator runs it, over real file packages of a province."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.sandbox.packages import FORMS, Package, sealed
from connectors.sandbox.rows import SHANGHAI, Platform, WorldRow
from hub.store import tables
from hub.store.engine import open_engine
from schema.catalogue import Penalty
from schema.catalogue.model import fields_of
from schema.identifiers.uscc import compose
from tests.hub.ingest.world import count_of, penalty, rows_of

SENDER = compose("12510000", "MB000000")
CODES = {spec.name: spec.field.code for spec in fields_of(Penalty) if spec.field.code}


@pytest.fixture
def province(tmp_path, sqlite_url):
    """A province with one package of penalties, a hub that knows it, and the environment of its operator."""
    key = Ed25519PrivateKey.generate()
    for folder in ("outbox", "inbox", "sites"):
        (tmp_path / folder).mkdir()
    lay(tmp_path / "outbox", key, 1, range(40))
    text = (files("connectors.provincial") / "site-files.toml").read_text(encoding="utf-8")
    (tmp_path / "sites" / "cn-51-files.toml").write_text(text, encoding="utf-8")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return tmp_path, {
        **os.environ,
        "HUB_DATABASE_URL": sqlite_url,
        "HUB_SITES": str(tmp_path / "sites"),
        "CN51_PACKAGES": str(tmp_path / "outbox"),
        "CN51_ANSWERS": str(tmp_path / "inbox"),
        "CN51_PUBLIC_KEY": public,
        "CN51_SOURCE_CODE": SENDER,
    }


def lay(outbox, key, number, numbers):
    created = datetime.now(UTC).astimezone(SHANGHAI) - timedelta(days=1)
    package = Package(source=SENDER, kind="Penalty", created=created, number=number, mode="inc", form=FORMS[0])
    rows = [world_row(each, created) for each in numbers]
    (outbox / package.file_name).write_bytes(sealed(package, rows, key))


def world_row(number: int, created: datetime) -> WorldRow:
    decided = f"{created - timedelta(days=1):%Y-%m-%d}"
    sent = penalty(number, f"川能罚〔2026〕{number}号", decided_on=decided)
    if number == 7:
        sent["fine_amount"] = None
    return WorldRow(
        platform=Platform.FILES,
        kind="Penalty",
        row_id=f"CF-{number:05}",
        code=sent["counterparty_code"],
        values={CODES[name]: value for name, value in sent.items() if value is not None},
        updated=created,
    )


def hub(environment, *arguments):
    command = [sys.executable, "-c", "from hub.cli import main; main()", "harvest", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def stopped_after_a_round(environment, number):
    command = [sys.executable, "-c", "from hub.cli import main; main()", "harvest"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        for line in process.stdout:
            if "read whole" in line:
                break
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    return process.returncode, errors


class TestHarvest:
    async def test_one_round_reads_everything_answers_the_owner_and_ends(self, province):
        folder, environment = province
        done = hub(environment, "--once")
        engine = open_engine(environment["HUB_DATABASE_URL"])
        records, answers = await count_of(engine, tables.Record), sorted((folder / "inbox").glob("*.json"))
        await engine.dispose()

        assert 0 == done.returncode, done.stderr
        assert 39 == records
        assert "penalty: 40 received, 39 accepted, 1 refused" in done.stdout
        assert "cn-51-files: read whole" in done.stdout
        assert ["ack", "quality"] == [answer.name.partition("_")[0] for answer in answers]

    def test_a_second_round_finds_nothing_new(self, province):
        _, environment = province
        hub(environment, "--once", "cn-51-files")
        done = hub(environment, "--once", "cn-51-files")

        assert 0 == done.returncode
        assert "penalty: 0 received" in done.stdout

    def test_what_failed_is_said_by_code_and_the_exit_status_tells(self, province):
        folder, environment = province
        (package,) = (folder / "outbox").glob("*.zip")
        package.write_bytes(package.read_bytes()[:-200])
        done = hub(environment, "--once")

        assert 1 == done.returncode
        assert "penalty: 0 received" in done.stdout
        assert "stopped: " in done.stdout
        assert "read in part" in done.stdout
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"HUB_SITES": ""}, "HUB_SITES"),
            ({"CN51_PUBLIC_KEY": ""}, "SECRET_MISSING"),
            ({"HUB_DATABASE_URL": "sqlite:///./nowhere/hub.db"}, "hub migrate"),
            ({"HUB_DATABASE_URL": "mysql://root:hunter2@x/y"}, "mysql"),
        ],
    )
    def test_what_the_operator_must_mend_is_one_line(self, province, tmp_path, changes, says):
        _, environment = province
        done = hub({**environment, **changes}, "--once")

        assert 1 == done.returncode
        assert says in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr

    def test_a_site_nobody_described_is_refused(self, province):
        _, environment = province

        assert 1 == hub(environment, "--once", "cn-99").returncode

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    async def test_it_keeps_collecting_until_it_is_stopped(self, province, number):
        _, environment = province
        status, errors = stopped_after_a_round(environment, number)
        engine = open_engine(environment["HUB_DATABASE_URL"])
        (batch,) = await rows_of(engine, tables.Batch)
        await engine.dispose()

        assert 0 == status, errors
        assert "Traceback" not in errors
        assert batch["reported_at"]
