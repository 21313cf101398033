"""What the national platform may never say to us and be believed: its protocol, spoken by a test."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.port import Connector
from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from tests.connectors.conftest import drain
from tests.connectors.national.test_signature import APP_KEY, seal
from tests.connectors.servers import serving

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SECRET = "91510100SECRETVALUE"
DESCRIPTION = """
spec = "creditlink.site/v1"
[site]
id = "national"
connector = "national"
name = { zh = "国家", en = "National" }
[transport]
kind = "service"
base_url = "env:URL"
auth = { type = "exchange", rid = "me", key_service = "keys", secret = "env:APP_KEY" }
[streams.penalty]
kind = "Penalty"
place = "s1"
table = "t"
paginate = { type = "none", size = 3 }
cursor = { field = "GXSJ", format = "%Y%m%d%H%M%S", lag = "1h", tz = "Asia/Shanghai" }
row_id = "SJBS"
op = "CZBZ"
key = ["document_no"]
[streams.penalty.map]
document_no = "CF_WSH"
"""

NO_KEY = {"GXSJ": "20260101000000", "SJBS": "a", "CZBZ": "I"}


def item(number: int, **changes: object) -> dict[str, object]:
    entity = {"CF_WSH": f"W{number}", "SJBS": f"r{number}", "GXSJ": f"2026010100000{number}", "CZBZ": "I"}
    return {
        "table_name": "t",
        "entity": entity,
        "columnList": list(entity),
        "sencesMap": {"CF_WSH": "文号"},
        **changes,
    }


def page(*items: object, **changes: object) -> dict[str, object]:
    return {"total": len(items), "page": 1, "pageSize": 3, "list": list(items), **changes}


def _total(data: object) -> object:
    total = data.get("total") if isinstance(data, dict) else None
    return total if isinstance(total, int) and total > 0 else 1


class Platform:
    """Hands out a key, and answers `data` or `body` to everything else."""

    def __init__(self) -> None:
        self.key: object = {"secret": seal(b"signing-key"), "secretEndTime": "9999999999999"}
        self.data: object = page()
        self.body: object = None
        self.key_body: object = None
        self.counted: object = None

    async def __call__(self, request: web.Request) -> web.Response:
        if request.path.endswith("/keys"):
            return web.json_response(self.key_body or {"code": "0", "data": self.key})
        if request.path.endswith("/time"):
            return web.json_response({"code": "0", "data": {"now": "9" * 30}})
        body = {"code": "0", "data": self.data} if self.body is None else self.body
        asked = request.query["page"]
        if asked != "1" and self.body is None:
            counted = self.counted if self.counted is not None else _total(self.data)
            body = {"code": "0", "data": {"total": counted, "page": int(asked), "pageSize": 1, "list": []}}
        return web.Response(text=json.dumps(body), content_type="application/json")


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
async def connector(platform: Platform) -> AsyncIterator[Connector]:
    async with serving(platform) as url:
        opened = at(url)
        yield opened
        await opened.close()


def at(url: str, text: str = DESCRIPTION) -> Connector:
    secrets = ReferredSecrets(environment={"URL": url, "APP_KEY": APP_KEY}, folder=Path("/nowhere"))
    return open_site(parse_site(text, file="n.toml"), secrets, now=lambda: NOW)


class TestAnswers:
    async def test_a_page_is_read(self, platform: Platform, connector: Connector):
        platform.data = page(item(1), item(2))
        (batch,) = await drain(connector, "penalty")

        assert ["W1", "W2"] == [row.values["document_no"] for row in batch.rows]
        assert {"document_no": "文号"} == batch.columns
        assert '{"since":"20251231230002"}' == batch.cursor

    @pytest.mark.parametrize(
        ("data", "kind", "code"),
        [
            (None, StopStream, "SRC_SHAPE"),
            ([], StopStream, "SRC_SHAPE"),
            ({"total": 0}, StopStream, "SRC_SHAPE"),
            (page(list=None), StopStream, "SRC_SHAPE"),
            (page(list={}), StopStream, "SRC_SHAPE"),
            (page(item(1), total=None), StopStream, "SRC_SHAPE"),
            (page(item(1), total="many"), StopStream, "SRC_SHAPE"),
            (page(item(1), total=-1), StopStream, "SRC_SHAPE"),
            (page(item(1), page=2), RetryLater, "SRC_REPLAY"),
            (page(item(1), pageSize=200), RetryLater, "SRC_REPLAY"),
            (page(item(1), item(2), item(3), item(4)), RetryLater, "SRC_REPLAY"),
            (page(item(2), item(1)), RetryLater, "SRC_REPLAY"),
            (page(item(1), item(1)), RetryLater, "SRC_REPLAY"),
            (page(item(1), total=2), RetryLater, "SRC_SHORT"),
            (page(total=5), RetryLater, "SRC_SHORT"),
            (page("x", None), StopStream, "SRC_SCHEMA"),
            (page(item(1, entity=NO_KEY, columnList=list(NO_KEY))), StopStream, "SRC_SCHEMA"),
        ],
    )  # fmt: skip
    async def test_a_page_that_cannot_be_believed(
        self, platform: Platform, connector: Connector, data: object, kind: type[SourceError], code: str
    ):
        platform.data = data
        with pytest.raises(kind) as raised:
            await drain(connector, "penalty")

        assert code == raised.value.code

    @pytest.mark.parametrize("counted", [2, 100])
    async def test_a_page_that_counts_fewer_rows_than_there_are_is_an_old_one(
        self, platform: Platform, connector: Connector, counted: int
    ):
        """A replayed last page must not end a run that has hardly begun."""
        platform.data, platform.counted = page(item(1)), counted
        with pytest.raises(RetryLater, match="SRC_REPLAY"):
            await drain(connector, "penalty")

    async def test_nothing_new_costs_one_small_question(self, platform: Platform, connector: Connector):
        platform.data, platform.counted = "not asked for", 0

        assert [] == await drain(connector, "penalty")

    @pytest.mark.parametrize(
        "odd",
        [
            "x",
            None,
            {},
            item(2, columnList=["CF_WSH"]),
            item(2, columnList=None),
            item(2, table_name="another"),
            item(2, entity="x"),
            item(2, entity={"CF_WSH": {"a": [{}]}, "SJBS": "r2", "GXSJ": "20260101000002", "CZBZ": "I"}),
            item(2, entity={"CF_WSH": "W2", "SJBS": "r2", "GXSJ": "20260101000002", "CZBZ": "Z"}),
            item(2, entity={"CF_WSH": "\ud800", "SJBS": "r2", "GXSJ": "20260101000002", "CZBZ": "I"}),
        ],
    )
    async def test_one_odd_row_is_kept_at_its_place_and_the_rest_is_read(
        self, platform: Platform, connector: Connector, odd: object
    ):
        platform.data = page(item(1), odd, item(3))
        (batch,) = await drain(connector, "penalty")

        assert [None, "RW01", None] == [row.fault for row in batch.rows]
        assert ("t", "$.data.list[1].entity") == (batch.rows[1].place.part, batch.rows[1].place.path)

    @pytest.mark.parametrize("labels", [None, [], {"CF_WSH": [5]}])
    async def test_labels_are_a_help_and_no_condition(self, platform: Platform, connector: Connector, labels: object):
        platform.data = page(item(1, sencesMap=labels))
        (batch,) = await drain(connector, "penalty")

        assert {"document_no": "CF_WSH"} == batch.columns


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "kind", "code"),
        [
            ({"code": "E-101"}, StopStream, "SRC_PROTOCOL"),
            ({"code": "E-102"}, OperatorNeeded, "SRC_SIGNATURE"),
            ({"code": "E-103"}, RetryLater, "SRC_CLOCK"),
            ({"code": "E-104"}, StopStream, "SRC_PROTOCOL"),
            ({"code": "-1"}, StopStream, "SRC_NOT_GRANTED"),
            ({"code": "E-106"}, StopSite, "SRC_NOT_GRANTED"),
            ({"code": "E-404"}, StopStream, "SRC_PROTOCOL"),
            ({"code": SECRET}, RetryLater, "SRC_REFUSED"),
            ({"code": 0}, StopStream, "SRC_SHAPE"),
            ({"code": None}, RetryLater, "SRC_REFUSED"),
            ({"code": ["0"]}, RetryLater, "SRC_REFUSED"),
            ([], RetryLater, "SRC_REFUSED"),
            ("x", RetryLater, "SRC_REFUSED"),
        ],
    )
    async def test_each_code_has_its_type_and_no_text_of_theirs_passes(
        self, platform: Platform, connector: Connector, body: Mapping[str, object], kind: type[SourceError], code: str
    ):
        platform.body = {**body, "msg": SECRET} if isinstance(body, dict) else body
        with pytest.raises(kind) as raised:
            await drain(connector, "penalty")

        assert code == raised.value.code
        assert SECRET not in str(raised.value)

    @pytest.mark.parametrize(
        ("body", "kind"),
        [({"code": "E-102"}, OperatorNeeded), ({"code": "0", "data": {}}, RetryLater), ({"code": "E-106"}, StopSite)],
    )
    async def test_the_key_service_is_held_to_the_same(
        self, platform: Platform, connector: Connector, body: Mapping[str, object], kind: type[SourceError]
    ):
        platform.key_body = body
        with pytest.raises(kind):
            await drain(connector, "penalty")

    async def test_a_clock_that_cannot_be_is_no_clock(self, connector: Connector):
        health = await connector.check()

        assert (True, None) == (health.reachable, health.site_time)


class TestOpen:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('place = "s1"\n', ""),
            ('row_id = "SJBS"\n', ""),
            ("size = 3", "size = 1001"),
            ('type = "exchange", rid = "me", key_service = "keys"', 'type = "bearer"'),
            ("env:APP_KEY", "env:NOT_SET"),
        ],
    )
    def test_a_description_that_cannot_work_is_refused_when_opened(self, old: str, new: str):
        assert old in DESCRIPTION
        with pytest.raises(OperatorNeeded):
            at("http://127.0.0.1:9", DESCRIPTION.replace(old, new))
