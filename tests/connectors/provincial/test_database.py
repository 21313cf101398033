"""A front machine: increments, late rows, and the five columns the hub may write."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from connectors.conformance import Specimen, conform
from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.port import Batch, Outcome, Rejection
from connectors.registry import open_site
from connectors.sandbox import Options, Platform, Sandbox
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from connectors.templates import sandbox_variables, template
from tests.connectors.conftest import Open, drain, now, until_fault

SMALL = ("size = 1000", "size = 7")
QUICK = ('timeout = "10s"', 'timeout = "1s"')
AT = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def front(sandbox: Sandbox):
    """The front machine as its own administrator sees it."""
    connection = sqlite3.connect(sandbox.front.url.removeprefix("sqlite:///"), isolation_level=None)
    yield connection
    connection.close()


def outcome(batch: Batch, *findings: Rejection) -> Outcome:
    refused = {finding.row_id for finding in findings if finding.severity == "E"}
    accepted = [row.row_id for row in batch.rows if row.row_id and row.row_id not in refused]
    return Outcome(
        batch_id=batch.batch_id, stream=batch.stream, received=len(batch.rows), accepted=len(accepted),
        rejected=len(refused), fault=None, findings=findings, accepted_row_ids=accepted, at=AT,
    )  # fmt: skip


def finding(batch: Batch, index: int, code: str, severity: str = "E") -> Rejection:
    row = batch.rows[index]
    return Rejection(
        code=code, severity=severity, place=row.place, column="x", row_id=row.row_id, message_zh=f"{code}说明",
        message_en=code,
    )  # fmt: skip


class TestRead:
    async def test_pages_cover_every_row_once_in_order(self, front: sqlite3.Connection, opener: Open):
        connector = opener("cn-51-db", SMALL)
        batches = await drain(connector, "licence")
        await connector.close()
        expected = [row[0] for row in front.execute("SELECT ROW_ID FROM XZXK ORDER BY SRC_UPDATE_TIME, ROW_ID")]

        assert expected == [row.row_id for batch in batches for row in batch.rows]
        assert all(len(batch.rows) <= 7 for batch in batches)

    async def test_rows_of_one_second_are_told_apart_by_their_id(self, front: sqlite3.Connection, opener: Open):
        front.execute("UPDATE XZXK SET SRC_UPDATE_TIME = '2026-01-01 00:00:00'")
        connector = opener("cn-51-db", SMALL)
        rows = [row.row_id for batch in await drain(connector, "licence") for row in batch.rows]
        await connector.close()

        assert len(set(rows)) == len(rows) == front.execute("SELECT count(*) FROM XZXK").fetchone()[0]

    async def test_times_are_of_the_declared_zone(self, front: sqlite3.Connection, opener: Open):
        front.execute("UPDATE QF SET SRC_UPDATE_TIME = '2026-01-01 08:00:00'")
        connector = opener("cn-51-db")
        row = (await drain(connector, "arrears"))[0].rows[0]
        await connector.close()

        assert datetime(2026, 1, 1, tzinfo=UTC) == row.as_of

    async def test_a_row_pushed_late_with_an_earlier_time_is_found(
        self, front: sqlite3.Connection, sandbox: Sandbox, opener: Open
    ):
        """The pusher's clock or a slow commit may put a row before the last one read; it is not lost."""
        connector = opener("cn-51-db")
        (batch,) = await drain(connector, "licence")
        await connector.report(outcome(batch))
        assert [] == await drain(connector, "licence", batch.cursor)
        last = front.execute("SELECT max(SRC_UPDATE_TIME) FROM XZXK").fetchone()[0]
        early = (datetime.fromisoformat(last) - timedelta(minutes=30)).strftime("%Y-%m-%d %H:%M:%S")
        columns = ",".join(row[1] for row in front.execute("PRAGMA table_info(XZXK)") if row[1] not in FLAGGED)
        front.execute(
            f"INSERT INTO XZXK ({columns}, ROW_ID, SRC_UPDATE_TIME, READ_FLAG) "  # noqa: S608  names of the schema
            f"SELECT {columns}, 'late', ?, '0' FROM XZXK LIMIT 1",
            (early,),
        )
        found = [row.row_id for each in await drain(connector, "licence", batch.cursor) for row in each.rows]
        await connector.close()

        assert "late" in found

    async def test_a_change_is_a_later_row(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-db")
        last = (await drain(connector, "licence"))[-1]
        await connector.report(outcome(last))
        row = next(iter(sandbox.world.rows(Platform.FRONT, "Licence")))
        sandbox.world.advance(timedelta(days=1))
        sandbox.world.withdraw(row)
        sandbox.publish()
        (batch,) = await drain(connector, "licence", last.cursor)
        await connector.close()

        assert ["D"] == [each.op for each in batch.rows]

    async def test_rows_without_a_change_time_stop_the_stream_after_all_others(
        self, front: sqlite3.Connection, opener: Open
    ):
        front.execute("PRAGMA writable_schema = 1")
        front.execute("UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'QF'")
        front.execute("PRAGMA writable_schema = RESET")
        front.execute("UPDATE QF SET SRC_UPDATE_TIME = NULL WHERE ROW_ID = (SELECT min(ROW_ID) FROM QF)")
        connector = opener("cn-51-db")
        taken, error = await until_fault(connector, "arrears")
        await connector.close()

        assert isinstance(error, StopStream)
        assert "1 rows without" in error.detail
        assert sum(len(batch.rows) for batch in taken) == front.execute("SELECT count(*) FROM QF").fetchone()[0] - 1

    async def test_an_operation_that_is_none_is_unreadable_not_an_insert(self, front: sqlite3.Connection, opener: Open):
        front.execute("UPDATE QF SET OP = 'X'")
        connector = opener("cn-51-db")
        rows = (await drain(connector, "arrears"))[0].rows
        await connector.close()

        assert {"RW01"} == {row.fault for row in rows}

    async def test_a_blob_is_unreadable_at_its_place(self, front: sqlite3.Connection, opener: Open):
        front.execute("UPDATE QF SET BZ = x'ff00'")
        connector = opener("cn-51-db")
        row = (await drain(connector, "arrears"))[0].rows[0]
        await connector.close()

        assert ("RW01", "QF", f"ROW_ID={row.row_id}") == (row.fault, row.place.part, row.place.path)

    async def test_a_table_that_is_gone_stops_its_stream_only(self, front: sqlite3.Connection, opener: Open):
        front.execute("DROP TABLE QF")
        connector = opener("cn-51-db")
        with pytest.raises(StopStream, match="SRC_SCHEMA"):
            await drain(connector, "arrears")
        licences = await drain(connector, "licence")
        await connector.close()

        assert licences

    async def test_a_key_column_that_is_gone_stops_the_stream(self, front: sqlite3.Connection, opener: Open):
        front.execute("ALTER TABLE QF RENAME COLUMN YDHH TO HH")
        connector = opener("cn-51-db")
        with pytest.raises(StopStream, match="account_no"):
            await drain(connector, "arrears")
        await connector.close()

    async def test_a_locked_database_is_retried_later_within_the_deadline(self, sandbox: Sandbox, opener: Open):
        sandbox.front.lock()
        connector = opener("cn-51-db", QUICK)
        with pytest.raises(RetryLater, match="SRC_DATABASE"):
            await drain(connector, "licence")
        sandbox.front.unlock()
        batches = await drain(connector, "licence")
        await connector.close()

        assert batches

    async def test_a_database_that_is_away_is_never_created(self, sandbox: Sandbox, opener: Open, tmp_path: Path):
        sandbox.front.hide()
        connector = opener("cn-51-db")
        with pytest.raises(RetryLater):
            await drain(connector, "licence")
        await connector.close()
        sandbox.front.show()
        away = tmp_path / "none.db"
        connector = opener("cn-51-db", CN51_DATABASE_URL=f"sqlite:///{away}")
        with pytest.raises(SourceError):
            await drain(connector, "licence")
        await connector.close()

        assert not away.exists()


FLAGGED = {"ROW_ID", "SRC_UPDATE_TIME", "READ_FLAG", "CHECK_FLAG", "ERR_CODE", "ERR_MSG", "FEEDBACK_TIME"}


class TestReport:
    async def test_flags_say_what_was_accepted_and_why_not(self, front: sqlite3.Connection, opener: Open):
        connector = opener("cn-51-db")
        batch = (await drain(connector, "licence"))[0]
        await connector.report(
            outcome(
                batch,
                finding(batch, 0, "ID02"),
                finding(batch, 1, "DG16", "W"),
                finding(batch, 1, "DG01"),
                finding(batch, 2, "RW01"),
                finding(batch, 3, "DG07", "W"),
            )
        )
        await connector.close()
        flags = {
            row[0]: row[1:]
            for row in front.execute("SELECT ROW_ID, READ_FLAG, CHECK_FLAG, ERR_CODE, ERR_MSG, FEEDBACK_TIME FROM XZXK")
        }
        at = "2026-11-20 09:02:03"

        assert ("1", "2", "ID02", "ID02说明", at) == flags[batch.rows[0].row_id]
        assert ("1", "2", "DG01", "DG01说明", at) == flags[batch.rows[1].row_id]
        assert ("2", "2", "RW01", "RW01说明", at) == flags[batch.rows[2].row_id]
        assert ("1", "1", "DG07", "DG07说明", at) == flags[batch.rows[3].row_id]
        assert ("1", "1", None, None, at) == flags[batch.rows[4].row_id]

    async def test_business_columns_are_never_written(self, front: sqlite3.Connection, opener: Open):
        columns = ",".join(row[1] for row in front.execute("PRAGMA table_info(XZXK)") if row[1] not in FLAGGED)
        query = f"SELECT ROW_ID, SRC_UPDATE_TIME, {columns} FROM XZXK ORDER BY ROW_ID"  # noqa: S608  names of the schema
        before = front.execute(query).fetchall()
        connector = opener("cn-51-db")
        batch = (await drain(connector, "licence"))[0]
        await connector.report(outcome(batch, finding(batch, 0, "ID02")))
        await connector.close()

        assert before == front.execute(query).fetchall()

    async def test_the_same_answer_twice_changes_nothing(self, front: sqlite3.Connection, opener: Open):
        connector = opener("cn-51-db")
        batch = (await drain(connector, "licence"))[0]
        told = outcome(batch, finding(batch, 0, "ID02"))
        await connector.report(told)
        before = front.execute("SELECT * FROM XZXK").fetchall()
        await connector.report(told)
        await connector.close()

        assert before == front.execute("SELECT * FROM XZXK").fetchall()

    async def test_row_ids_are_values_not_sql(self, front: sqlite3.Connection, opener: Open):
        connector = opener("cn-51-db")
        batch = (await drain(connector, "licence"))[0]
        evil = replace(outcome(batch), accepted_row_ids=["'; DROP TABLE XZXK; --"])
        await connector.report(evil)
        await connector.close()

        assert front.execute("SELECT count(*) FROM XZXK WHERE READ_FLAG = '1'").fetchone() == (0,)

    async def test_a_locked_database_is_retried_later(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-db", QUICK)
        batch = (await drain(connector, "licence"))[0]
        sandbox.front.lock()
        with pytest.raises(RetryLater):
            await connector.report(outcome(batch))
        sandbox.front.unlock()
        await connector.close()


class TestOpen:
    @pytest.mark.parametrize("url", ["nonsense", "nosuchdialect://x/y", "mysql+nosuchdriver://x/y"])
    async def test_an_address_without_a_driver_needs_an_operator(self, opener: Open, url: str):
        with pytest.raises(OperatorNeeded, match="SRC_ADDRESS"):
            opener("cn-51-db", CN51_DATABASE_URL=url)


@pytest.mark.postgres
class TestPostgres:
    """The same connector on a front machine that is PostgreSQL, with the pusher's own column types."""

    async def test_reads_resumes_and_writes_back(self, postgres_url: str, tmp_path: Path):
        options = Options(front_url=_sqlalchemy(postgres_url))
        async with Sandbox(tmp_path, seed=7, size=200, options=options) as sandbox:
            text = template("cn-51-db").replace("size = 1000", "size = 7")
            secrets = ReferredSecrets(environment=sandbox_variables(sandbox.sites), folder=tmp_path)

            def opened():
                return open_site(parse_site(text, file="db"), secrets, now=now)

            found = await conform(Specimen(open=opened))
            connector = opened()
            batch = (await drain(connector, "licence"))[0]
            await connector.report(outcome(batch, finding(batch, 0, "ID02")))
            await connector.close()
            flags = sandbox.front.flags("Licence")

        assert found.rows["licence"] > 7
        assert ("1", "2", "ID02") == flags[batch.rows[0].row_id]

    async def test_times_and_numbers_of_their_own_types_become_text(self, postgres_url: str, tmp_path: Path):
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute(
                """CREATE TABLE "XZCF" ("ROW_ID" text, "OP" text, "SRC_UPDATE_TIME" timestamp, "READ_FLAG" text,
                "CF_XDR_SHXYM" text, "CF_WSH" text, "CF_CFJGDM" text, "CF_NR_FK" numeric(13,6), "CF_JDRQ" date)"""
            )
            for number in range(5):
                admin.execute(
                    """INSERT INTO "XZCF"
                    VALUES (%s, 'I', '2026-01-01 08:00:00.123456', '0', 'c', 'w', 'a', 1.5, '2026-01-02')""",
                    (f"r{number}",),
                )
        text = template("cn-51-db").replace("size = 1000", "size = 2")
        secrets = ReferredSecrets(environment={"CN51_DATABASE_URL": _sqlalchemy(postgres_url)}, folder=tmp_path)
        connector = open_site(parse_site(text, file="db"), secrets, now=now)
        batches = await drain(connector, "penalty")
        again = await drain(connector, "penalty", batches[0].cursor)
        overlap = await drain(connector, "penalty", batches[-1].cursor)
        with pytest.raises(StopStream, match="SRC_SCHEMA"):
            await drain(connector, "licence")
        await connector.close()
        row = batches[0].rows[0]

        assert ("1.500000", "2026-01-02") == (row.values["fine_amount"], row.values["decided_on"])
        assert datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC) == row.as_of
        assert ["r0", "r1", "r2", "r3", "r4"] == [each.row_id for batch in batches for each in batch.rows]
        assert batches[1:] == again
        assert 5 == sum(len(batch.rows) for batch in overlap)

    async def test_a_password_that_is_wrong_or_a_server_that_is_away_is_typed_and_not_quoted(self, tmp_path: Path):
        environment = {"CN51_DATABASE_URL": "postgresql+psycopg://u:hunter2@127.0.0.1:9/x"}
        secrets = ReferredSecrets(environment=environment, folder=tmp_path)
        connector = open_site(parse_site(template("cn-51-db"), file="db"), secrets, now=now)
        with pytest.raises(RetryLater) as raised:
            await drain(connector, "penalty")
        await connector.close()

        assert "hunter2" not in str(raised.value)


def _sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
