"""A province's packages: what is read, what is refused, and what the province is told."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.port import Batch, Outcome, Rejection
from connectors.provincial import files
from connectors.sandbox import Platform, Sandbox
from tests.connectors.conftest import Open, drain, until_fault

AT = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)


def outcome(batch: Batch, *findings: Rejection) -> Outcome:
    return Outcome(
        batch_id=batch.batch_id,
        stream=batch.stream,
        received=len(batch.rows),
        accepted=len(batch.rows) - len(findings),
        rejected=len(findings),
        fault=batch.fault,
        findings=findings,
        accepted_row_ids=(),
        at=AT,
    )


def rejection(batch: Batch) -> Rejection:
    return Rejection(
        code="ID02",
        severity="E",
        place=batch.rows[0].place,
        column="CF_XDR_SHXYM",
        row_id=batch.rows[0].row_id,
        message_zh="校验码错误",
        message_en="wrong check character",
    )


@pytest.fixture
def outbox(sandbox: Sandbox) -> Path:
    return sandbox.province.outbox


def first_package(outbox: Path, catalog: str) -> Path:
    return min(outbox.glob(f"*_{catalog}_*"))


class TestRead:
    async def test_all_three_formats_and_both_encodings_give_rows_with_places(self, outbox: Path, opener: Open):
        connector = opener("cn-51-files")
        places = set()
        for stream in ("licence", "penalty", "list_entry", "commitment"):
            for batch in await drain(connector, stream):
                places |= {(row.place.part, row.place.row is None, row.place.path is None) for row in batch.rows}
                assert all(row.row_id and row.as_of for row in batch.rows if row.fault is None)

        assert {
            ("data.csv", False, True),
            ("data.xlsx", False, True),
            ("data.xml", True, False),
        } == places

    async def test_rows_are_counted_as_a_person_counts_them(self, opener: Open):
        connector = opener("cn-51-files")
        batch = next(
            batch
            for batch in await drain(connector, "licence")
            if batch.rows[0].place.part in {"data.csv", "data.xlsx"}
        )

        assert list(range(2, len(batch.rows) + 2)) == [row.place.row for row in batch.rows]

    async def test_a_large_package_is_several_batches_that_share_their_packages_name(
        self, opener: Open, monkeypatch: pytest.MonkeyPatch
    ):
        connector = opener("cn-51-files")
        whole = await drain(connector, "licence")
        monkeypatch.setattr(files, "CHUNK_ROWS", 7)
        parts = await drain(connector, "licence")

        assert [row for batch in whole for row in batch.rows] == [row for batch in parts for row in batch.rows]
        assert {batch.batch_id for batch in whole} == {batch.batch_id.split("#")[0] for batch in parts}
        assert all(len(batch.rows) <= 7 for batch in parts)

    async def test_a_read_killed_within_a_package_resumes_at_its_next_row(
        self, opener: Open, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(files, "CHUNK_ROWS", 7)
        connector = opener("cn-51-files")
        whole = await drain(connector, "licence")
        for index, batch in enumerate(whole):
            rest = await drain(opener("cn-51-files"), "licence", batch.cursor)
            assert whole[index + 1 :] == rest

    async def test_a_package_that_arrives_late_is_read_though_its_time_is_past(
        self, sandbox: Sandbox, outbox: Path, opener: Open
    ):
        connector = opener("cn-51-files")
        first = first_package(outbox, "XZXK")
        body = first.read_bytes()
        first.unlink()
        before = await drain(connector, "licence")
        first.write_bytes(body)
        late = await drain(connector, "licence", before[-1].cursor)

        assert late
        assert not {batch.batch_id for batch in before} & {batch.batch_id for batch in late}
        assert [] == await drain(connector, "licence", late[-1].cursor)

    async def test_uploads_in_progress_are_left_alone(self, outbox: Path, opener: Open):
        connector = opener("cn-51-files")
        known = await drain(connector, "licence")
        (outbox / f"{first_package(outbox, 'XZXK').stem}9.zip.tmp").write_bytes(b"half")

        assert known == await drain(connector, "licence")

    async def test_corrections_come_as_the_next_package(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-files")
        last = (await drain(connector, "penalty"))[-1]
        row = next(iter(sandbox.world.rows(Platform.FILES, "Penalty")))
        sandbox.world.advance(timedelta(days=1))
        sandbox.world.withdraw(row)
        sandbox.publish()
        (batch,) = await drain(connector, "penalty", last.cursor)

        assert ["D"] == [each.op for each in batch.rows]
        assert "inc" == batch.mode


class TestBrokenPackages:
    @pytest.mark.parametrize("fault", ["digest", "count", "header"])
    async def test_a_body_that_is_not_as_announced_is_one_refused_batch(
        self, sandbox: Sandbox, opener: Open, fault: str
    ):
        connector = opener("cn-51-files")
        good = await drain(connector, "penalty")
        sandbox.province.spoil(fault)
        (bad,) = await drain(connector, "penalty", good[-1].cursor)

        assert ("DG17", 0) == (bad.fault, len(bad.rows))
        assert [] == await drain(connector, "penalty", bad.cursor)

    @pytest.mark.parametrize(("fault", "code"), [("signature", "FILE_SIGNATURE"), ("truncated", "FILE_DAMAGED")])
    async def test_what_cannot_be_believed_stops_its_stream_until_replaced(
        self, sandbox: Sandbox, opener: Open, fault: str, code: str
    ):
        """Nothing is skipped: every read stops at the same package, other streams go on, and a good copy mends it."""
        connector = opener("cn-51-files")
        good = await drain(connector, "penalty")
        path = sandbox.province.spoil(fault)
        for _ in range(2):
            with pytest.raises(StopStream, match=code):
                await drain(connector, "penalty", good[-1].cursor)

        assert await drain(connector, "licence")
        path.unlink()
        assert [] == await drain(connector, "penalty", good[-1].cursor)

    async def test_an_old_package_under_a_new_name_is_the_same_batch(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-files")
        good = await drain(connector, "penalty")
        sandbox.province.spoil("replay")
        again = await drain(connector, "penalty", good[-1].cursor)

        assert {batch.batch_id for batch in again} <= {batch.batch_id for batch in good}

    async def test_another_senders_key_is_no_signature(self, opener: Open):
        connector = opener("cn-51-files", CN51_PUBLIC_KEY="Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
        with pytest.raises(SourceError, match="FILE_SIGNATURE"):
            await drain(connector, "penalty")

    @pytest.mark.parametrize(
        "name", ["notes.txt", "UP_x.zip", "..zip", "UP_12510000XNKU7WLW9A_XZCF_20261120000000_000001_inc.zip"]
    )
    async def test_a_stray_file_stops_the_stream_after_everything_else_was_read(
        self, outbox: Path, opener: Open, name: str
    ):
        name = name if not name.startswith(".") else "x" + name
        (outbox / name).write_bytes(b"")
        connector = opener("cn-51-files")
        taken, error = await until_fault(connector, "licence")

        assert (StopStream, "FILE_NAME") == (type(error), error.code)
        assert len(taken) > 2

    async def test_a_link_is_not_followed(self, outbox: Path, tmp_path: Path, opener: Open):
        first = first_package(outbox, "XZCF")
        moved = tmp_path / "elsewhere.zip"
        first.rename(moved)
        first.symlink_to(moved)
        with pytest.raises(StopStream, match="FILE_SHAPE"):
            await drain(opener("cn-51-files"), "penalty")

    async def test_a_package_half_read_and_gone_stops_the_stream(
        self, outbox: Path, opener: Open, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(files, "CHUNK_ROWS", 3)
        connector = opener("cn-51-files")
        first = (await drain(connector, "licence"))[0]
        first_package(outbox, "XZXK").unlink()
        with pytest.raises(StopStream, match="FILE_VANISHED"):
            await drain(connector, "licence", first.cursor)

    async def test_a_file_over_the_cap_is_refused_unopened(self, outbox: Path, opener: Open):
        first = first_package(outbox, "XZCF")
        with first.open("r+b") as file:
            os.truncate(file.fileno(), 2 << 20)
        connector = opener("cn-51-files", ('max_bytes = "1GB"', 'max_bytes = "1MB"'))
        with pytest.raises(StopStream, match="FILE_OVERSIZE"):
            await drain(connector, "penalty")

    async def test_a_directory_that_is_away_is_retried_later(self, opener: Open):
        with pytest.raises(RetryLater, match="SRC_UNREACHABLE"):
            await drain(opener("cn-51-files", CN51_PACKAGES="/nowhere/at/all"), "penalty")


class TestReport:
    async def test_the_province_reads_what_was_not_accepted_and_why(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-files")
        batch = (await drain(connector, "penalty"))[0]
        await connector.report(outcome(batch, rejection(batch)))
        answers = sandbox.province.answers()
        ack = answers[f"ack_{batch.batch_id}.json"]
        count = len(batch.rows)

        assert (count, count - 1, 1, None, "XZCF", "2026-11-20T01:02:03Z") == tuple(
            ack[name] for name in ("received", "accepted", "rejected", "fault", "catalog", "at")
        )
        assert ("ID02", "E", "CF_XDR_SHXYM", batch.rows[0].row_id) == tuple(
            ack["errors"][0][name] for name in ("code", "severity", "column", "row_id")
        )
        assert {"ID02": 1} == answers[f"quality_{batch.batch_id}.json"]["by_code"]

    async def test_batches_of_one_package_share_one_answer_written_with_the_last(
        self, sandbox: Sandbox, opener: Open, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(files, "CHUNK_ROWS", 7)
        connector = opener("cn-51-files")
        batches = [each for each in await drain(connector, "licence") if "#" in each.batch_id]
        package = batches[0].batch_id.split("#")[0]
        mine = [each for each in batches if each.batch_id.startswith(package + "#")]
        for batch in reversed(mine[1:]):
            await connector.report(outcome(batch))
        assert {} == sandbox.province.answers()
        await opener("cn-51-files").report(outcome(mine[0], rejection(mine[0])))
        ack = sandbox.province.answers()[f"ack_{package}.json"]

        assert (sum(len(each.rows) for each in mine), 1) == (ack["received"], ack["rejected"])
        assert not list((sandbox.province.inbox / ".pending").iterdir())

    async def test_the_same_batch_twice_has_the_same_answer(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-files")
        batch = (await drain(connector, "penalty"))[0]
        await connector.report(outcome(batch))
        first = sandbox.province.answers()
        await connector.report(replace(outcome(batch, rejection(batch)), at=AT + timedelta(days=1)))

        assert first == sandbox.province.answers()

    async def test_a_refused_package_is_answered_with_its_fault(self, sandbox: Sandbox, opener: Open):
        connector = opener("cn-51-files")
        sandbox.province.spoil("digest")
        batch = (await drain(connector, "penalty"))[-1]
        await connector.report(outcome(batch))
        answers = sandbox.province.answers()

        assert "DG17" == answers[f"ack_{batch.batch_id}.json"]["fault"]
        assert "0.00" == answers[f"quality_{batch.batch_id}.json"]["accepted_percent"]

    @pytest.mark.parametrize("batch_id", ["../../etc/x", "a/b", "", "x#0.1", "x#3.2", "x#1.1/..", "x y"])
    async def test_an_identifier_that_is_not_ours_writes_nothing(self, sandbox: Sandbox, opener: Open, batch_id: str):
        connector = opener("cn-51-files")
        batch = (await drain(connector, "penalty"))[0]
        with pytest.raises(StopStream, match="SRC_BATCH"):
            await connector.report(outcome(replace(batch, batch_id=batch_id)))

        assert {} == sandbox.province.answers()

    async def test_an_answer_that_cannot_be_written_is_typed(self, opener: Open, tmp_path: Path):
        (tmp_path / "file").write_text("")
        connector = opener("cn-51-files")
        batch = (await drain(connector, "penalty"))[0]
        blocked = opener("cn-51-files", CN51_ANSWERS=str(tmp_path / "file" / "x"))
        with pytest.raises(SourceError):
            await blocked.report(outcome(batch))


class TestOpen:
    @pytest.mark.parametrize("key", ["", "not base64!", "AAAA", json.dumps({})])
    async def test_a_key_that_is_none_needs_an_operator(self, opener: Open, key: str):
        with pytest.raises(OperatorNeeded):
            opener("cn-51-files", CN51_PUBLIC_KEY=key)

    async def test_the_key_may_be_a_pem_file(self, sandbox: Sandbox, opener: Open):
        path = sandbox.province.public_key_file
        connector = opener("cn-51-files", ("env:CN51_PUBLIC_KEY", f"file:{path}"))

        assert await drain(connector, "penalty")
