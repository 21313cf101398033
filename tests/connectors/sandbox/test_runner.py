import asyncio
import signal
import sys
from datetime import date
from pathlib import Path

import aiohttp
import orjson
import pytest

from connectors.sandbox import Options, Platform, Sandbox

ROOT = Path(__file__).parents[3]


class TestSandbox:
    async def test_sites_are_reachable_and_on_loopback(self, sandbox, http):
        for site in ("national", "jinjiang"):
            url = sandbox.sites[site]["base_url"]
            assert url.startswith("http://127.0.0.1:")
            async with http.get(f"{url}/_faults") as response:
                assert 401 == response.status

    async def test_stopped_it_leaves_no_task_and_no_listener(self, tmp_path):
        before = asyncio.all_tasks()
        async with Sandbox(tmp_path, size=20, options=Options(today=date(2026, 11, 20))) as running:
            url = running.sites["national"]["base_url"]

        assert before == asyncio.all_tasks()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(url)

    async def test_it_stops_while_a_slow_answer_is_under_way(self, tmp_path):
        async with aiohttp.ClientSession() as session:
            async with Sandbox(tmp_path, size=20) as running:
                running.group.faults.on("slow", seconds=60)
                headers = {"Authorization": f"Bearer {running.group.key}"}
                asking = asyncio.create_task(
                    session.post(running.sites["jinjiang"]["graphql"], json={"query": "{now}"}, headers=headers),
                )
                await running.group.faults.fallen.wait()

            assert 200 == (await asking).status

    async def test_the_same_world_is_served_as_it_stands(self, tmp_path):
        options = Options(today=date(2026, 11, 20))
        async with Sandbox(tmp_path, size=20, options=options) as running:
            before = {path.name: path.stat().st_mtime_ns for path in running.province.outbox.iterdir()}
        async with Sandbox(tmp_path, size=20, clock=lambda: 1_900_000_000.0) as running:
            after = {path.name: path.stat().st_mtime_ns for path in running.province.outbox.iterdir()}

            assert before == after
            assert date(2026, 11, 20) == running.world.today

    async def test_another_world_takes_the_place_of_the_one_before(self, tmp_path):
        async with Sandbox(tmp_path, seed=1, size=20) as running:
            (running.province.inbox / "ack_x.json").write_bytes(b"{}")
        async with Sandbox(tmp_path, seed=2, size=20) as running:
            front = running.front.flags("Licence")

            assert {} == running.province.answers()
            assert len(front) == running.world.count(Platform.FRONT, "Licence")

    async def test_edits_are_published_to_files_and_front(self, sandbox):
        code = sandbox.world.showcase()[0]
        packages = len(list(sandbox.province.outbox.iterdir()))
        rows = len(sandbox.front.flags("Arrears"))
        sandbox.world.put(Platform.FILES, "Penalty", code)
        sandbox.world.put(Platform.FRONT, "Arrears", code)
        sandbox.publish()

        assert packages + 1 == len(list(sandbox.province.outbox.iterdir()))
        assert rows + 1 == len(sandbox.front.flags("Arrears"))

    async def test_only_http_platforms_refuse(self, sandbox):
        with pytest.raises(KeyError):
            await sandbox.refuse("cn-51-files")


class TestCommand:
    async def test_it_prints_one_json_line_and_stops_when_told(self, tmp_path):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-m",
            "connectors.sandbox",
            "--size",
            "20",
            "--dir",
            str(tmp_path),
            "--today",
            "2026-11-20",
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        ready = orjson.loads(await process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        rest, errors = await process.communicate()

        assert (0, b"", b"") == (process.returncode, rest, errors)
        assert {"national", "cn-51-files", "cn-51-db", "jinjiang"} == set(ready["sites"])
        assert 8 == len(ready["showcase"])
        assert "2026-11-20" == ready["today"]
