"""Health, freshness, metrics, keys and the bundled page."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.clock import iso
from hub.gateway.health import store_usable
from hub.gateway.page import CONTENT_SECURITY_POLICY
from hub.store.engine import open_engine
from hub.store.sources import Freshness, SourceState
from tests.asgi import call
from tests.hub.gateway.conftest import Client
from tests.hub.gateway.standin import NOW, Stand

SOURCE = SourceState(
    id="national", name_zh="国家平台", name_en="national", connector="national", owner_code=None, region=None, rank=1,
    live=False, max_age_s=3600, state=Freshness.FRESH, last_tried_at=iso(NOW),
    last_succeeded_at=iso(NOW - timedelta(minutes=5)), last_error=None,
)  # fmt: skip


async def get(stand: Stand, path: str, *headers: tuple[str, str]):
    return await call(stand.door, "GET", path, headers=headers)


class TestHealthz:
    async def test_alive_whatever_the_store_does(self, stand):
        stand.ready = False

        assert 200 == (await get(stand, "/healthz")).status

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/freshz", "/metrics", "/jwks.json"])
    async def test_pages_are_read_only(self, stand, path):
        assert 405 == (await call(stand.door, "POST", path)).status


class TestReadyz:
    async def test_ready(self, stand):
        response = await get(stand, "/readyz")

        assert (200, {"store": "ok"}) == (response.status, response.json["checks"])

    async def test_failed_check_is_named(self, stand):
        stand.ready = False
        response = await get(stand, "/readyz")

        assert (503, {"store": "failed"}) == (response.status, response.json["checks"])

    async def test_check_that_raises_has_failed_and_its_words_stay_here(self, stand):
        async def broken() -> bool:
            raise RuntimeError("password=secret")

        stand.health._checks = {"log": broken}
        response = await get(stand, "/readyz")

        assert 503 == response.status
        assert b"secret" not in response.body
        assert "secret" not in stand.written.getvalue()

    async def test_check_that_hangs_has_failed(self, stand, monkeypatch):
        monkeypatch.setattr("hub.gateway.health._CHECK_DEADLINE_S", 0.01)
        stand.health._checks = {"log": asyncio.Event().wait}

        assert 503 == (await get(stand, "/readyz")).status

    async def test_draining_hub_is_not_ready_but_still_answers(self, stand):
        stand.door.drain()

        assert 503 == (await get(stand, "/readyz")).status
        assert 200 == (await Client(stand).post({"query": "{ hello }"})).status

    async def test_store_without_tables_is_not_usable(self, tmp_path, sqlite_url):
        empty, full = open_engine(f"sqlite:///{tmp_path}/empty.db"), open_engine(sqlite_url)

        assert await store_usable(full)
        with pytest.raises(Exception, match="no such table"):
            await store_usable(empty)
        await empty.dispose()
        await full.dispose()


class TestFreshz:
    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({}, 200),
            ({"state": Freshness.STALE}, 503),
            ({"state": Freshness.UNREACHABLE, "last_error": "SRC_TIMEOUT"}, 503),
            ({"state": Freshness.STALE, "last_succeeded_at": None}, 503),
            ({"state": Freshness.STALE, "live": True, "last_succeeded_at": None}, 200),
            ({"state": Freshness.UNREACHABLE, "live": True, "last_error": "SRC_DOWN"}, 503),
        ],
    )
    async def test_one_source_that_is_not_fresh_is_seen(self, stand, changes, status):
        stand.sources = [SOURCE, replace(SOURCE, id="other", **changes)]

        assert status == (await get(stand, "/freshz")).status
        assert status == (await get(stand, "/freshz/other")).status
        assert 200 == (await get(stand, "/freshz/national")).status

    async def test_source_is_told_with_its_age(self, stand):
        stand.sources = [SOURCE]
        (row,) = (await get(stand, "/freshz/national")).json["sources"]

        assert ("national", "FRESH", 300, 3600) == (row["id"], row["state"], row["ageSeconds"], row["maxAgeSeconds"])

    async def test_unknown_source(self, stand):
        assert 404 == (await get(stand, "/freshz/nowhere")).status


class TestMetrics:
    async def test_questions_are_counted_by_outcome_and_kind_of_asker(self, stand):
        client = Client(stand)
        for query in ("{ hello }", "{ hello }", "{"):
            await client.post({"query": query})
        text = (await get(stand, "/metrics")).body.decode()

        assert 'hub_questions_total{actor="PU",outcome="answered"} 2.0' in text
        assert 'hub_questions_total{actor="PU",outcome="request_error"} 1.0' in text
        assert 'hub_requests_total{method="POST",route="graphql",status="200"} 3.0' in text
        assert "hub_log_entries 7.0" in text

    async def test_labels_are_bounded_whatever_is_sent(self, stand):
        """A thousand strange paths and methods make one line, not a thousand."""
        for number in range(50):
            await call(stand.door, f"M{number}", f"/p{number}")
        lines = [
            line for line in (await get(stand, "/metrics")).body.decode().splitlines() if "requests_total{" in line
        ]

        assert ['hub_requests_total{method="other",route="other",status="404"} 50.0'] == lines

    async def test_source_that_is_gone_is_forgotten(self, stand):
        stand.sources = [SOURCE, replace(SOURCE, id="gone", last_succeeded_at=None)]
        before = (await get(stand, "/metrics")).body.decode()
        stand.sources = [SOURCE]
        after = (await get(stand, "/metrics")).body.decode()

        assert 'hub_source_age_seconds{source="gone"} -1.0' in before
        assert 'hub_source_age_seconds{source="national"} 300.0' in after
        assert "gone" not in after

    async def test_metrics_are_readable_when_the_store_is_not(self, stand):
        stand.health._log_size = asyncio.Event().wait
        stand.health._sources = None

        assert 200 == (await get(stand, "/metrics")).status


class TestGraphiQL:
    async def test_unbuilt_page_says_how_to_build_it(self, tmp_path):
        response = await get(Stand(graphiql=tmp_path), "/graphiql")

        assert 404 == response.status
        assert b"python -m hub.gateway.graphiql_build" in response.body

    async def test_built_page_comes_with_its_policy(self, tmp_path):
        (tmp_path / "index.html").write_text("<!doctype html>")
        response = await get(Stand(graphiql=tmp_path), "/graphiql")

        assert (200, CONTENT_SECURITY_POLICY) == (response.status, response.headers["content-security-policy"])
        assert "script-src 'self';" in CONTENT_SECURITY_POLICY
        assert "unsafe-eval" not in CONTENT_SECURITY_POLICY

    @pytest.mark.parametrize(
        "name", ["../secret.js", "..%2fsecret.js", "%2e%2e/secret.js", ".built-from", "x.py", "..\\secret.js", "dir.js"]
    )
    async def test_only_files_of_the_bundle_by_their_bare_names(self, tmp_path, name):
        bundle = tmp_path / "bundle"
        (bundle / "dir.js").mkdir(parents=True)
        (tmp_path / "secret.js").write_text("secret")
        (bundle / "x.py").write_text("secret")
        (bundle / ".built-from").write_text("secret")
        response = await get(Stand(graphiql=bundle), f"/graphiql/{name}")

        assert 404 == response.status
        assert b"secret" not in response.body.replace(name.encode(), b"")

    async def test_file_has_its_media_type(self, tmp_path):
        (tmp_path / "a.js").write_text("1")
        response = await get(Stand(graphiql=tmp_path), "/graphiql/a.js")

        assert (200, "text/javascript; charset=utf-8") == (response.status, response.headers["content-type"])

    async def test_switched_off_there_is_no_page_and_no_redirect(self, stand):
        accept = ("accept", "text/html")

        assert 404 == (await get(stand, "/graphiql", accept)).status
        assert 406 == (await get(stand, "/graphql", accept)).status


class TestJwks:
    async def test_keys_are_public_and_may_be_kept_for_a_while(self, stand):
        response = await get(stand, "/jwks.json")

        assert {"keys": []} == json.loads(response.body)
        assert "application/jwk-set+json" == response.headers["content-type"]


class TestFaults:
    async def test_fault_of_a_page_is_500_without_its_words(self, stand):
        stand.health._sources = None
        response = await get(stand, "/freshz")

        assert 500 == response.status
        assert b"NoneType" not in response.body

    async def test_every_answer_carries_a_request_id(self, stand):
        for path in ("/healthz", "/nothing", "/graphql", "/metrics"):
            assert (await get(stand, path, ("x-request-id", "r-1"))).headers["x-request-id"] == "r-1"
