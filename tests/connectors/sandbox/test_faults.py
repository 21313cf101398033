import time

import aiohttp
import pytest

from connectors.sandbox.faults import KINDS

SITES = ["national", "jinjiang"]


class Caller:
    """Asks a platform something it would answer, and hands over what came."""

    def __init__(self, hub, http, site):
        self.hub, self.http, self.site = hub, http, site

    def request(self, number=1):
        if self.site == "jinjiang":
            headers = {"Authorization": f"Bearer {self.hub.buyer['key']}"}
            code = f"9151{number:014d}"
            query = {"query": "query ($c: [String!]!) { suppliers(codes: $c) { asOf items { code } } }"}
            return self.http.post(self.hub.buyer["graphql"], json=query | {"variables": {"c": [code]}}, headers=headers)
        sid = self.hub.site["key_service"]
        headers = self.hub.headers(sid, self.hub.site["app_key"])
        return self.http.get(f"{self.hub.site['base_url']}/gateway/{sid}", headers=headers)

    async def __call__(self, number=1):
        async with self.request(number) as response:
            return response.status, response.content_type, await response.read()


@pytest.fixture(params=SITES)
def call(request, hub, http):
    return Caller(hub, http, request.param)


class TestFaults:
    async def test_well_again_when_switched_off(self, call, hub):
        for fault in KINDS:
            assert 200 == await hub.fault(call.site, fault=fault)
        assert 200 == await hub.fault(call.site, fault=None)

        assert (200, "application/json") == (await call())[:2]

    async def test_slow(self, call, hub):
        await hub.fault(call.site, fault="slow", seconds=0.2)
        before = time.monotonic()
        status, *_ = await call()

        assert 200 == status
        assert time.monotonic() - before >= 0.2

    async def test_down(self, call, hub):
        await hub.fault(call.site, fault="down")

        with pytest.raises(aiohttp.ClientConnectionError):
            await call()

    async def test_error(self, call, hub):
        await hub.fault(call.site, fault="error")

        assert (500, "text/plain") == (await call())[:2]

    async def test_html_with_200(self, call, hub):
        await hub.fault(call.site, fault="html")
        status, kind, body = await call()

        assert (200, "text/html") == (status, kind)
        assert body.startswith(b"<!DOCTYPE html>")

    async def test_half_a_page(self, call, hub):
        await hub.fault(call.site, fault="half")

        with pytest.raises(aiohttp.ClientPayloadError):
            await call()

    async def test_a_body_cut_within_sound_http(self, call, hub):
        whole = (await call())[2]
        await hub.fault(call.site, fault="cut")
        status, kind, body = await call()

        assert (200, "application/json") == (status, kind)
        assert 0.4 <= len(body) / len(whole) <= 0.6
        assert not body.endswith(b"}")

    async def test_replay(self, call, hub):
        first = await call(1)
        await hub.fault(call.site, fault="replay")

        assert first == await call(2)

    async def test_a_fault_for_some_requests_only(self, call, hub):
        await hub.fault(call.site, fault="error", times=2)

        assert [500, 500, 200] == [(await call())[0] for _ in range(3)]

    async def test_connection_refused(self, call, sandbox):
        await sandbox.refuse(call.site)
        with pytest.raises(aiohttp.ClientConnectorError):
            await call()
        await sandbox.accept(call.site)

        assert 200 == (await call())[0]


class TestSkew:
    async def test_the_national_clock_is_off_and_honest_calls_are_refused(self, hub, http):
        await hub.fault("national", fault="skew", seconds=-4000)

        assert "E-103" == (await hub.get(hub.site["key_service"], hub.site["app_key"]))["code"]
        async with http.get(f"{hub.site['base_url']}/gateway/time") as response:
            told = int((await response.json())["data"]["now"]) / 1000
        assert -4010 <= told - time.time() <= -3990

    async def test_the_groups_time_of_answer_is_off(self, hub):
        straight = (await hub.ask("{ now }"))["data"]["now"]
        await hub.fault("jinjiang", fault="skew", seconds=7200)

        assert straight[:13] != (await hub.ask("{ now }"))["data"]["now"][:13]


class TestReplay:
    async def test_an_old_page_comes_again(self, hub):
        key = await hub.key()
        sid = hub.site["services"]["Registration"]
        first = await hub.get(sid, key, page=1, pageSize=5)
        await hub.fault("national", fault="replay")

        assert first == await hub.get(sid, key, page=2, pageSize=5)


class TestSwitch:
    @pytest.mark.parametrize("site", SITES)
    async def test_only_the_admin_switches(self, hub, http, site):
        place = hub.site if site == "national" else hub.buyer
        async with http.post(f"{place['base_url']}/_faults", json={"fault": "down"}) as response:
            assert 401 == response.status

    @pytest.mark.parametrize(
        "order",
        [{}, {"fault": "flood"}, {"fault": "slow", "seconds": -1}, {"fault": "error", "times": 0}, {"fault": 7}, [], 1],
    )
    async def test_an_order_without_sense_changes_nothing(self, hub, sandbox, http, order):
        headers = {"Authorization": f"Bearer {hub.site['admin_token']}"}
        async with http.post(f"{hub.site['base_url']}/_faults", json=order, headers=headers) as response:
            assert 400 == response.status
        assert sandbox.national.faults.current is None

    async def test_it_tells_what_is_on_whatever_is_on(self, hub, sandbox, http):
        sandbox.national.faults.on("down", times=3)
        headers = {"Authorization": f"Bearer {hub.site['admin_token']}"}
        async with http.get(f"{hub.site['base_url']}/_faults", headers=headers) as response:
            assert {"fault": "down", "seconds": 0.0, "times": 3} == await response.json()
