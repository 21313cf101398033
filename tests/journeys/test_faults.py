"""Every fault of platforms, store and log: the question is answered from what is reachable, or not at all."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from sqlalchemy import text

from hub.audit.verify import verify_receipt
from hub.store.engine import open_engine, writing
from tests.journeys.test_exchange import nodes, of, post

LIVE_FAULTS = ("slow", "down", "error", "html", "half", "cut")
GROUPS = """query($code: ID!) { subject(code: $code) { name
    records(first: 50) { nodes { kind ... on SupplierSanction { cause } } } } }"""


def unavailable(answer):
    return {
        error["extensions"]["source"]: error["extensions"]
        for error in answer.get("errors", [])
        if error["extensions"]["code"] == "SOURCE_UNAVAILABLE"
    }


class TestLiveSource:
    @pytest.mark.parametrize("fault", LIVE_FAULTS)
    async def test_rest_is_answered_and_the_source_is_named(self, stage, fault):
        """
        One platform that fails never fails the question: its part is absent, and it is named with its freshness.
        """
        stage.sandbox.group.faults.on(fault, seconds=30 if fault == "slow" else None)
        answer = await stage.ask(of(stage, "procurement"), GROUPS)
        stage.sandbox.group.faults.off()
        again = await stage.ask(of(stage, "procurement"), GROUPS)

        assert nodes(answer, "Penalty")
        assert [] == nodes(answer, "SupplierSanction")
        assert {"jinjiang"} == set(unavailable(answer))
        assert unavailable(answer)["jinjiang"]["servedFrom"] is None
        assert "lastSucceededAt" in unavailable(answer)["jinjiang"]
        assert verify_receipt(answer, [stage.vkey]).valid
        assert 1 == len(nodes(again, "SupplierSanction"))
        assert {} == unavailable(again)

    async def test_refused_connection_is_named_as_well(self, stage):
        await stage.sandbox.refuse("jinjiang")
        answer = await stage.ask(of(stage, "procurement"), GROUPS)
        await stage.sandbox.accept("jinjiang")

        assert {"jinjiang"} == set(unavailable(answer))

    async def test_asker_whose_answer_needs_no_live_source_is_not_troubled(self, stage):
        stage.sandbox.group.faults.on("down")

        answer = await stage.ask(of(stage, "public"), GROUPS)

        assert {} == unavailable(answer)

    async def test_slow_source_delays_an_answer_no_longer_than_its_deadline(self, stage):
        stage.sandbox.group.faults.on("slow", seconds=60)

        async with asyncio.timeout(stage.collecting.settings.source_deadline_s + 5):
            answer = await stage.ask(of(stage, "procurement"), GROUPS)

        assert {"jinjiang"} == set(unavailable(answer))


class TestHarvestedSource:
    @pytest.mark.parametrize("fault", ["down", "error", "html", "half", "cut", "skew"])
    async def test_archive_answers_and_nothing_is_lost(self, stage, fault):
        """
        While the national platform fails, what was collected is answered and the platform is named with the time of its
        last success; when it is well again, what came in between is collected.
        """
        before = await stage.ask(of(stage, "subject"), GROUPS)
        row = stage.sandbox.world.put("national", "Penalty", stage.subject)
        stage.sandbox.national.faults.on(fault, seconds=7200 if fault == "skew" else None)
        reports = {report.source: report for report in await stage.collecting.run()}
        during = await stage.ask(of(stage, "subject"), GROUPS)
        stage.sandbox.national.faults.off()
        await stage.collecting.run()
        after = await stage.ask(of(stage, "subject"), GROUPS)

        assert not reports["national"].is_whole
        assert len(nodes(before, "Penalty")) == len(nodes(during, "Penalty"))
        assert {"national"} == set(unavailable(during))
        assert "archive" == unavailable(during)["national"]["servedFrom"]
        assert unavailable(during)["national"]["lastSucceededAt"]
        assert len(nodes(before, "Penalty")) + 1 == len(nodes(after, "Penalty")), row
        assert {} == unavailable(after)

    async def test_withdrawn_record_leaves_every_later_answer(self, stage):
        world = stage.sandbox.world
        before = await stage.ask(of(stage, "public"), GROUPS)
        shown = [row for row in world.of("national", "Penalty", stage.subject) if world.is_shown(row)]
        world.withdraw(shown[0])
        world.advance(timedelta(hours=1))
        await stage.collecting.run()
        after = await stage.ask(of(stage, "public"), GROUPS)

        assert len(nodes(after, "Penalty")) < len(nodes(before, "Penalty"))
        assert verify_receipt(before, [stage.vkey]).valid


class TestProvince:
    @pytest.mark.parametrize("fault", ["digest", "count", "header", "replay", "signature", "truncated"])
    async def test_spoiled_package_loses_and_doubles_nothing(self, stage, fault):
        """
        A package that is not what its manifest says is refused whole and its owner is told; one nobody can vouch for
        stops its stream until it is replaced. What comes behind it arrives in the end, once.
        """
        before = await stage.ask(of(stage, "subject"), GROUPS)
        spoiled = stage.sandbox.province.spoil(fault)
        stage.sandbox.world.put("cn-51-files", "Penalty", stage.subject)
        stage.sandbox.publish()
        reports = {report.source: report for report in await stage.collecting.run()}
        during = await stage.ask(of(stage, "subject"), GROUPS)
        if fault in ("signature", "truncated"):
            assert not reports["cn-51-files"].is_whole
            assert {"cn-51-files"} == set(unavailable(during))
            spoiled.unlink()
            await stage.collecting.run()
        after = await stage.ask(of(stage, "subject"), GROUPS)

        assert {} == unavailable(after)
        assert len(nodes(before, "Penalty")) + 1 == len(nodes(after, "Penalty"))
        if fault in ("digest", "count", "header"):
            told = stage.sandbox.province.answers()
            assert any(answer.get("fault") == "DG17" for answer in told.values()), told.keys()

    async def test_front_machine_that_fails_is_named_and_read_later(self, stage):
        front = stage.sandbox.front
        before = await stage.ask(of(stage, "subject"), GROUPS)
        stage.sandbox.world.put("cn-51-db", "Penalty", stage.subject)
        stage.sandbox.publish()
        front.hide()
        await stage.collecting.run()
        during = await stage.ask(of(stage, "subject"), GROUPS)
        front.show()
        await stage.collecting.run()
        after = await stage.ask(of(stage, "subject"), GROUPS)

        assert {"cn-51-db"} == set(unavailable(during))
        assert len(nodes(before, "Penalty")) == len(nodes(during, "Penalty"))
        assert len(nodes(before, "Penalty")) + 1 == len(nodes(after, "Penalty"))
        assert {} == unavailable(after)


class TestLog:
    async def test_no_log_no_answer(self, stage):
        """
        If the log cannot be written the answer is an error and no data leaves; when it can again, service goes on.
        """
        engine = open_engine(stage.collecting.settings.database_url)
        async with writing(engine) as writer:
            await writer.write(text("ALTER TABLE log_checkpoint RENAME TO log_checkpoint_gone"))
        status, answer, _ = await post(stage, {"query": GROUPS, "variables": {"code": stage.subject}})
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{stage.url}/readyz") as response:
                ready = response.status
            async with session.get(f"{stage.url}/healthz") as response:
                alive = response.status
        async with writing(engine) as writer:
            await writer.write(text("ALTER TABLE log_checkpoint_gone RENAME TO log_checkpoint"))
        again, good, _ = await post(stage, {"query": GROUPS, "variables": {"code": stage.subject}})
        await engine.dispose()

        assert 503 == status
        assert "data" not in answer
        assert "subject" not in repr(answer)
        assert (503, 200) == (ready, alive)
        assert 200 == again
        assert verify_receipt(good, [stage.vkey]).valid

    async def test_concurrent_askers_each_get_their_own_entry(self, stage):
        answers = await asyncio.gather(*(stage.ask(of(stage, "public"), GROUPS) for _ in range(24)))

        indices = {answer["extensions"]["receipt"]["index"] for answer in answers}
        assert 24 == len(indices)
        assert all(verify_receipt(answer, [stage.vkey]).valid for answer in answers)
