import time

import pytest

from connectors.sandbox import Platform
from connectors.sandbox.columns import NATIONAL_KINDS, TABLES
from connectors.sandbox.national import signature


class TestSignature:
    def test_the_vector_of_the_domain_notes(self):
        """Four independent code bases compute it so: DOMAIN 11.5 (1)."""
        assert "CQBE6b3KYOEKUdDzmYcFx1iafQtFytNJO0+zCukiDQ8=" == signature(
            "k3y-demo", "s_demo_0001", "r_demo_0001", "1700000000000"
        )


class TestKeyService:
    async def test_a_key_is_good_until_its_end(self, hub, sandbox):
        answer = await hub.get(hub.site["key_service"], hub.site["app_key"])

        assert "0" == answer["code"]
        assert 0 < int(answer["data"]["secretEndTime"]) / 1000 - time.time() <= 600
        assert 16 == len(hub.site["app_key"])

    async def test_the_same_key_is_handed_out_while_half_its_life_is_left(self, hub):
        assert await hub.key() == await hub.key()

    async def test_a_new_key_comes_and_the_old_one_stays_good_to_its_end(self, hub, sandbox):
        """A client that keeps its key until secretEndTime is never refused."""
        old = await hub.key()
        sandbox.national.keys.life_s = 10_000
        new = await hub.key()

        assert old != new
        for key in (old, new):
            assert "0" == (await hub.get(hub.site["services"]["Grade"], key))["code"]

    async def test_a_revoked_key_is_refused(self, hub, sandbox):
        old = await hub.key()
        sandbox.national.keys.revoke()

        assert "E-102" == (await hub.get(hub.site["services"]["Grade"], old))["code"]

    async def test_the_key_service_wants_the_application_key(self, hub):
        assert "E-102" == (await hub.get(hub.site["key_service"], "0123456789abcdef"))["code"]


class TestRefusals:
    async def code(self, hub, key=None, **changes):
        sid = hub.site["services"]["Penalty"]
        headers = hub.headers(sid, key or await hub.key(), **changes)
        answer = await hub.get(sid, "", headers=headers)
        assert answer["data"] is None or answer["code"] == "0"
        return answer["code"]

    async def test_a_call_in_order_is_let_in(self, hub):
        assert "0" == await self.code(hub)

    async def test_a_wrong_signature(self, hub):
        assert "E-102" == await self.code(hub, key="wrong")

    async def test_the_application_key_signs_no_records(self, hub):
        assert "E-102" == await self.code(hub, key=hub.site["app_key"])

    @pytest.mark.parametrize("off", [-301_000, 301_000])
    async def test_a_stale_or_early_time(self, hub, off):
        assert "E-103" == await self.code(hub, gjgxjhpt_rtime=str(int(time.time() * 1000) + off))

    @pytest.mark.parametrize("off", [-290_000, 290_000])
    async def test_a_time_a_little_off_is_let_in(self, hub, off):
        assert "0" == await self.code(hub, gjgxjhpt_rtime=str(int(time.time() * 1000) + off))

    async def test_an_unknown_requester(self, hub):
        assert "E-106" == await self.code(hub, gjgxjhpt_rid="r_other")

    @pytest.mark.parametrize("name", ["gjgxjhpt_rid", "gjgxjhpt_sid", "gjgxjhpt_rtime", "gjgxjhpt_sign"])
    async def test_a_missing_header(self, hub, name):
        assert "E-101" == await self.code(hub, **{name: ""})

    @pytest.mark.parametrize("rtime", ["now", "-1", "1.5", "1" * 5000])
    async def test_a_malformed_time(self, hub, rtime):
        assert "E-101" == await self.code(hub, gjgxjhpt_rtime=rtime)

    async def test_a_service_id_that_is_not_the_paths(self, hub):
        assert "E-101" == await self.code(hub, gjgxjhpt_sid=hub.site["services"]["Grade"])

    async def test_a_kind_that_is_not_granted(self, hub, sandbox):
        sandbox.national.granted.discard("Penalty")

        assert "-1" == await self.code(hub)

    async def test_a_service_that_does_not_exist(self, hub):
        assert "E-404" == (await hub.get("s_none", await hub.key()))["code"]

    @pytest.mark.parametrize(
        "query",
        [
            {"page": 0},
            {"page": "x"},
            {"page": "9" * 5000},
            {"pageSize": 0},
            {"pageSize": 1001},
            {"since": "2026"},
            {"since": "20261399000000"},
            {"since": "２０２６１１０１００００００"},
            {"after": "CF-1"},
        ],
    )
    async def test_a_malformed_parameter(self, hub, query):
        assert "E-104" == (await hub.get(hub.site["services"]["Penalty"], await hub.key(), **query))["code"]


class TestPages:
    @pytest.mark.parametrize("kind", NATIONAL_KINDS)
    async def test_pages_together_are_all_rows_once(self, hub, sandbox, kind):
        expected = [row.row_id for row in sandbox.world.rows(Platform.NATIONAL, kind)]
        seen, page = [], 1
        while True:
            data = await hub.page(kind, page=page, pageSize=7)
            assert len(expected) == data["total"]
            if not data["list"]:
                break
            seen += [row["entity"]["SJBS"] for row in data["list"]]
            page += 1

        assert expected == seen

    async def test_the_watermark_resumes_exactly(self, hub):
        whole = (await hub.page("Licence", pageSize=1000))["list"]
        at = whole[4]["entity"]

        inclusive = await hub.page("Licence", since=at["GXSJ"], pageSize=1000)
        exact = await hub.page("Licence", since=at["GXSJ"], after=at["SJBS"], pageSize=1000)

        assert whole[4]["entity"] == next(row["entity"] for row in inclusive["list"] if row == whole[4])
        assert whole[5:] == exact["list"]
        assert len(whole) - 5 == exact["total"]

    async def test_a_change_comes_after_the_watermark(self, hub, sandbox):
        last = (await hub.page("Penalty", pageSize=1000))["list"][-1]["entity"]
        row = sandbox.world.of(Platform.NATIONAL, "Penalty", sandbox.world.showcase()[0])[0]
        sandbox.world.withdraw(row)

        after = await hub.page("Penalty", since=last["GXSJ"], after=last["SJBS"])

        assert [(row.row_id, "D")] == [(one["entity"]["SJBS"], one["entity"]["CZBZ"]) for one in after["list"]]

    @pytest.mark.parametrize("kind", NATIONAL_KINDS)
    async def test_rows_describe_themselves(self, hub, kind):
        row = (await hub.page(kind, pageSize=1))["list"][0]
        table = TABLES[kind]

        assert table.name == row["table_name"]
        assert [*table.codes, "SJBS", "GXSJ", "CZBZ"] == row["columnList"] == list(row["entity"])
        assert set(row["sencesMap"]) == set(row["columnList"])
        assert all(value is None or isinstance(value, str) for value in row["entity"].values())
