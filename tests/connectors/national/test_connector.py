"""The national platform's faults and refusals, against the sandbox that speaks its protocol."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.port import Batch
from connectors.sandbox import Platform, Sandbox
from tests.connectors.conftest import Open, drain, now, until_fault

FAST = ('rate = "50/s"\n', "")
SMALL = ("size = 1000", "size = 20")
PATIENT = ('timeout = "10s"', 'timeout = "1s"')


class TestRead:
    async def test_every_row_once_in_order_of_change(self, sandbox: Sandbox, opener: Open):
        connector = opener("national", FAST, SMALL)
        batches = await drain(connector, "grade")
        await connector.close()
        rows = [row for batch in batches for row in batch.rows]

        assert len({row.row_id for row in rows}) == len(rows) == batches[0].total
        assert [(row.as_of, row.row_id) for row in rows] == sorted((row.as_of, row.row_id) for row in rows)
        assert {"full"} == {batch.mode for batch in batches[:1]}
        assert {"inc"} == {batch.mode for batch in batches[1:]}

    async def test_labels_are_the_platforms_own(self, opener: Open):
        connector = opener("national", FAST)
        batch = (await drain(connector, "penalty"))[0]
        await connector.close()

        assert "行政处罚决定书文号" == batch.columns["document_no"]

    async def test_the_next_run_brings_what_changed_and_only_overlaps_by_the_lag(self, sandbox: Sandbox, opener: Open):
        connector = opener("national", FAST)
        first = (await drain(connector, "penalty"))[-1]
        changed = next(iter(sandbox.world.rows(Platform.NATIONAL, "Penalty")))
        sandbox.world.advance(timedelta(days=1))
        sandbox.world.correct(changed, {"BZ": "更正"})
        second = await drain(connector, "penalty", first.cursor)
        await connector.close()

        assert any(row.values["remark"] == "更正" and row.op == "U" for batch in second for row in batch.rows)
        assert sum(len(batch.rows) for batch in second) < len(first.rows)

    async def test_a_withdrawal_is_a_tombstone(self, sandbox: Sandbox, opener: Open):
        row = next(iter(sandbox.world.rows(Platform.NATIONAL, "Penalty")))
        sandbox.world.advance(timedelta(days=1))
        sandbox.world.withdraw(row)
        connector = opener("national", FAST)
        last = (await drain(connector, "penalty"))[-1].rows[-1]
        await connector.close()

        assert "D" == last.op
        assert last.extra["withdrawal_reason"]

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("down", "SRC_UNREACHABLE"),
            ("error", "SRC_HTTP_500"),
            ("html", "SRC_HTML"),
            ("half", "SRC_TRUNCATED"),
            ("cut", "SRC_BODY"),
            ("skew", "SRC_CLOCK"),
        ],
    )
    async def test_a_passing_fault_is_retried_later(self, sandbox: Sandbox, opener: Open, fault: str, code: str):
        sandbox.national.faults.on(fault)
        connector = opener("national", FAST)
        with pytest.raises(RetryLater) as raised:
            await drain(connector, "penalty")
        health = await connector.check()
        await connector.close()

        assert ("national", code) == (raised.value.source, raised.value.code)
        assert not health.reachable

    async def test_slow_is_a_timeout(self, sandbox: Sandbox, opener: Open):
        sandbox.national.faults.on("slow", seconds=5)
        connector = opener("national", FAST, PATIENT)
        with pytest.raises(RetryLater, match="SRC_TIMEOUT"):
            await drain(connector, "penalty")
        await connector.close()

    async def test_refused_connection_is_unreachable(self, sandbox: Sandbox, opener: Open):
        await sandbox.refuse("national")
        connector = opener("national", FAST)
        with pytest.raises(RetryLater, match="SRC_UNREACHABLE"):
            await drain(connector, "penalty")
        await connector.close()

    async def test_a_replayed_page_is_never_taken_for_the_next(self, sandbox: Sandbox, opener: Open):
        """A page sent again instead of the next one stops the read; no row comes twice, none is left out."""
        connector = opener("national", FAST, SMALL)
        taken, error = await until_fault(connector, "grade", lambda _taken: sandbox.national.faults.on("replay"))
        sandbox.national.faults.off()
        rest = await drain(connector, "grade", taken[-1].cursor)
        await connector.close()
        rows = [row.row_id for batch in taken + rest for row in batch.rows]

        assert (RetryLater, "SRC_REPLAY") == (type(error), error.code)
        assert len(set(rows)) == len(rows) == taken[0].total

    async def test_a_fault_in_the_middle_resumes_from_the_last_cursor(self, sandbox: Sandbox, opener: Open):
        connector = opener("national", FAST, SMALL)
        whole = await drain(connector, "grade")

        def break_off(taken: list[Batch]) -> None:
            if len(taken) == 3:
                sandbox.national.faults.on("half")

        taken, _error = await until_fault(connector, "grade", break_off)
        sandbox.national.faults.off()
        rest = await drain(connector, "grade", taken[-1].cursor)
        await connector.close()

        assert [batch.batch_id for batch in whole] == [batch.batch_id for batch in taken + rest]


class TestKeys:
    async def test_a_revoked_key_is_fetched_again_once(self, sandbox: Sandbox, opener: Open):
        connector = opener("national", FAST, SMALL)
        batches = []
        async for batch in connector.read("grade", None):
            batches.append(batch)
            if len(batches) == 1:
                sandbox.national.keys.revoke()
        await connector.close()

        assert len(batches) > 2

    async def test_the_key_is_fetched_once_for_many_calls(self, sandbox: Sandbox, opener: Open):
        """With an admission that hands out keys rarely, a read of many pages needs one key."""
        connector = opener("national", FAST, SMALL)
        await drain(connector, "grade")
        held = connector._keys._key
        await drain(connector, "penalty")
        await connector.close()

        assert held is connector._keys._key

    async def test_an_ended_key_is_fetched_again(self, sandbox: Sandbox, opener: Open):
        moment = [now()]
        connector = opener("national", FAST, clock=lambda: moment[0])
        await drain(connector, "penalty")
        first = connector._keys._key
        moment[0] = first.until - timedelta(milliseconds=1)
        assert first is await connector._keys.get()
        moment[0] = first.until
        with pytest.raises(SourceError):
            await drain(connector, "penalty")
        await connector.close()

    async def test_a_wrong_application_key_needs_an_operator(self, opener: Open):
        connector = opener("national", FAST, NATIONAL_APP_KEY="0123456789abcdef")
        with pytest.raises(OperatorNeeded, match="SRC_SIGNATURE"):
            await drain(connector, "penalty")
        await connector.close()

    async def test_an_unknown_requester_stops_the_site(self, opener: Open):
        connector = opener("national", FAST, NATIONAL_RID="nobody")
        with pytest.raises(StopSite, match="SRC_NOT_GRANTED"):
            await drain(connector, "penalty")
        await connector.close()

    async def test_a_service_that_is_not_there_stops_its_stream_only(self, opener: Open):
        connector = opener("national", FAST, NATIONAL_SID_PENALTY="s_none")
        with pytest.raises(StopStream):
            await drain(connector, "penalty")
        grades = await drain(connector, "grade")
        await connector.close()

        assert grades

    async def test_a_missing_secret_needs_an_operator_and_names_the_reference(self, opener: Open):
        with pytest.raises(OperatorNeeded, match="env:NATIONAL_APP_KEY"):
            opener("national", NATIONAL_APP_KEY="")


class TestCheck:
    async def test_tells_the_platforms_clock(self, sandbox: Sandbox, opener: Open):
        sandbox.national.faults.on("skew", seconds=120)
        connector = opener("national", FAST)
        health = await connector.check()
        await connector.close()

        assert health.reachable
        assert health.site_time is not None
        assert timedelta(seconds=100) < health.site_time - datetime.now(UTC) < timedelta(seconds=140)
