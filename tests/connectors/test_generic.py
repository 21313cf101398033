"""A small HTTP JSON source needs a description and no code."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.conformance import Specimen, conform
from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.port import Connector
from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from tests.connectors.conftest import drain, until_fault
from tests.connectors.servers import serving

DESCRIPTION = """
spec = "creditlink.site/v1"
[site]
id = "cn-5101"
connector = "service"
name = { zh = "小平台", en = "Small platform" }
[transport]
kind = "service"
base_url = "env:SMALL_URL"
auth = { type = "header", header = "X-Token", secret = "env:SMALL_TOKEN" }
timeout = "5s"
[streams.penalty]
kind = "Penalty"
request = { method = "POST", path = "/xzcf/page", json = { since = "{cursor}", page = "{page}", size = "{size}" } }
records = "$.data.rows[*]"
paginate = { type = "page", start = 1, size = 3, stop = "empty" }
cursor = { field = "gxsj", format = "%Y%m%d%H%M%S", lag = "1h", tz = "Asia/Shanghai", initial = "19700101000000" }
success = { path = "$.code", ok = ["00"], retry = ["96"] }
key = ["document_no"]
row_id = "id"
[streams.penalty.map]
counterparty_code = "shxym | uscc"
document_no = "wsh"
decided_on = "cfrq | date:%Y/%m/%d"
fine_amount = "fk.yuan | wan"
penalty_kinds = "lb"
[streams.penalty.extra]
severity = "cd"
[streams.penalty.tombstone]
when = "sfxf == '1'"
type = "credit.repair.v1"
"""


def record(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "wsh": f"W-{number}",
        "uscc": "91510100XNTEST0001",
        "cfrq": "2026/01/05",
        "fk": {"yuan": 12345.60},
        "lb": ["警告", "罚款"],
        "gxsj": f"202601{1 + number // 24:02}{number % 24:02}0000",
        "sfxf": "0",
        **changes,
    }


class Source:
    """A source that a test edits: its records, and what it says instead of a page."""

    def __init__(self, count: int = 8) -> None:
        self.records = [record(number) for number in range(count)]
        self.envelope: dict[str, object] = {"code": "00"}
        self.raw: str | None = None
        self.asked: list[dict[str, str]] = []
        self.tokens: list[str | None] = []

    async def __call__(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers.get("X-Token"))
        if self.raw is not None:
            return web.Response(text=self.raw, content_type="application/json")
        asked = await request.json()
        self.asked.append(asked)
        found = [each for each in self.records if str(each.get("gxsj")) >= asked["since"]]
        start, size = (int(asked["page"]) - 1) * int(asked["size"]), int(asked["size"])
        return web.json_response({**self.envelope, "data": {"rows": found[start : start + size], "total": len(found)}})


@asynccontextmanager
async def running(source: Source, *edits: tuple[str, str]) -> AsyncIterator[Connector]:
    text = DESCRIPTION
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    async with serving(source) as url:
        connector = opened(text, url)
        try:
            yield connector
        finally:
            await connector.close()


def opened(text: str, url: str) -> Connector:
    secrets = ReferredSecrets(environment={"SMALL_URL": url, "SMALL_TOKEN": "t0ken"}, folder=Path("/nowhere"))
    return open_site(parse_site(text, file="small.toml"), secrets, now=lambda: datetime.now(UTC))


class TestDescribedSource:
    async def test_passes_the_conformance_suite_without_code(self):
        async with serving(Source(20)) as url:
            found = await conform(
                Specimen(
                    open=lambda: opened(DESCRIPTION, url), broken=lambda: opened(DESCRIPTION, "http://127.0.0.1:9")
                )
            )

        assert {"penalty": 20} == found.rows
        assert {"penalty": 7} == found.batches

    async def test_rows_are_mapped_as_declared_and_otherwise_as_sent(self):
        source = Source(1)
        source.records[0] |= {"sfxf": "1", "cd": "一般"}
        async with running(source) as connector:
            (batch,) = await drain(connector, "penalty")
        (row,) = batch.rows

        assert {
            "counterparty_code": "91510100XNTEST0001",
            "document_no": "W-0",
            "decided_on": "2026-01-05",
            "fine_amount": "1.23456",
            "penalty_kinds": "警告;罚款",
        } == row.values
        assert {"severity": "一般", "repaired": "1"} == row.extra
        assert ("0", datetime(2025, 12, 31, 16, tzinfo=UTC), "I") == (row.row_id, row.as_of, row.op)
        assert ("page 1", "$['data']['rows'][0]") == (row.place.part, row.place.path)
        assert "uscc" == batch.columns["counterparty_code"]
        assert ["t0ken"] * len(source.tokens) == source.tokens

    async def test_a_withdrawal_mark_is_a_tombstone(self):
        source = Source(1)
        source.records[0]["sfxf"] = "1"
        async with running(source, ("credit.repair.v1", "credit.withdrawal.v1")) as connector:
            (batch,) = await drain(connector, "penalty")

        assert "D" == batch.rows[0].op

    async def test_the_next_run_starts_from_the_last_change_less_the_lag(self):
        source = Source(8)
        async with running(source) as connector:
            batches = await drain(connector, "penalty")
            source.records.append(record(9, wsh="new"))
            source.asked.clear()
            again = await drain(connector, "penalty", batches[-1].cursor)

        assert "20260101060000" == source.asked[0]["since"]
        assert ["W-6", "W-7", "new"] == [row.values["document_no"] for batch in again for row in batch.rows]
        assert {"inc"} == {batch.mode for batch in again}

    async def test_a_page_that_changed_is_another_batch(self):
        source = Source(2)
        async with running(source) as connector:
            (first,) = await drain(connector, "penalty")
            source.records[0]["lb"] = ["警告"]
            (second,) = await drain(connector, "penalty")

        assert first.batch_id != second.batch_id

    async def test_a_source_without_change_times_is_read_whole_each_time_as_new_batches(self):
        source = Source(2)
        text = DESCRIPTION.replace("cursor = {", "# {").replace('"{cursor}"', '"0"')
        async with serving(source) as url:
            connector = opened(text, url)
            (first,) = await drain(connector, "penalty")
            (second,) = await drain(connector, "penalty", first.cursor)
            await connector.close()

        assert first.rows == second.rows
        assert first.batch_id != second.batch_id
        assert "full" == second.mode

    @pytest.mark.parametrize("stop", ['stop = "short"', 'stop = "total", total = "$.data.total"'])
    @pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
    async def test_every_way_to_end_gives_every_row_once(self, stop: str, count: int):
        async with running(Source(count), ('stop = "empty"', stop)) as connector:
            batches = await drain(connector, "penalty")

        assert [f"W-{number}" for number in range(count)] == [
            row.values["document_no"] for batch in batches for row in batch.rows
        ]

    async def test_pages_by_token(self):
        async def handler(request: web.Request) -> web.Response:
            start = int((await request.json())["after"] or 0)
            rows = [record(number) for number in range(start, min(start + 2, 5))]
            return web.json_response(
                {"code": "00", "data": {"rows": rows}, "next": str(start + 2) if start < 4 else ""}
            )

        edits = (
            ('type = "page", start = 1, size = 3, stop = "empty"', 'type = "token", next = "$.next"'),
            ('json = { since = "{cursor}", page = "{page}", size = "{size}" }', 'json = { after = "{token}" }'),
        )
        text = DESCRIPTION
        for old, new in edits:
            text = text.replace(old, new)
        async with serving(handler) as url:
            connector = opened(text, url)
            batches = await drain(connector, "penalty")
            resumed = await drain(connector, "penalty", batches[0].cursor)
            await connector.close()

        assert [2, 2, 1] == [len(batch.rows) for batch in batches]
        assert batches[1:] == resumed

    async def test_fewer_rows_than_counted_is_retried_later_not_the_end(self):
        source = Source(8)
        source.envelope = {"code": "00", "all": 99}
        async with running(source, ('stop = "empty"', 'stop = "total", total = "$.all"')) as connector:
            taken, error = await until_fault(connector, "penalty")

        assert (RetryLater, "SRC_SHORT") == (type(error), error.code)
        assert 8 == sum(len(batch.rows) for batch in taken)

    @pytest.mark.parametrize(
        ("code", "kind"), [("96", RetryLater), ("01", StopStream), (None, StopStream), (0, StopStream)]
    )
    async def test_200_with_a_refusal_inside_is_a_refusal(self, code: object, kind: type[SourceError]):
        source = Source()
        source.envelope = {"code": code, "msg": "91510100SECRETVALUE"}
        async with running(source) as connector:
            with pytest.raises(kind, match="SRC_REFUSED") as raised:
                await drain(connector, "penalty")
            health = await connector.check()

        assert "SECRETVALUE" not in str(raised.value)
        assert (False, "SRC_REFUSED") == (health.reachable, health.code)

    @pytest.mark.parametrize(
        "raw",
        [
            '{"code": "00"}',
            '{"code": "00", "data": {"rows": null}}',
            '{"code": "00", "data": {"rows": {}}}',
            '"00"',
            "[]",
        ],
    )
    async def test_another_shape_is_never_taken_for_nothing(self, raw: str):
        source = Source()
        source.raw = raw
        async with running(source) as connector:
            with pytest.raises(SourceError):
                await drain(connector, "penalty")

    @pytest.mark.parametrize(
        "item",
        [
            "x",
            None,
            5,
            [1],
            {"wsh": {"a": {"b": {"c": {"d": {"e": {"f": "x"}}}}}}},
            {"wsh": [{"a": 1}]},
            {"wsh": ["\ud800"]},
            {"wsh": "\ud800"},
        ],
    )
    async def test_an_item_that_cannot_be_read_is_kept_at_its_place(self, item: object):
        source = Source()
        source.raw = json.dumps({"code": "00", "data": {"rows": [record(0), item, record(1)]}})
        async with running(
            source, ('type = "page", start = 1, size = 3, stop = "empty"', 'type = "none"')
        ) as connector:
            (batch,) = await drain(connector, "penalty")

        assert [None, "RW01", None] == [row.fault for row in batch.rows]
        assert "$['data']['rows'][1]" == batch.rows[1].place.path

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=12,
        )
    )
    async def test_whatever_json_arrives_the_end_is_typed(self, body: object):
        source = Source()
        source.raw = json.dumps({"code": "00", "data": {"rows": body}})
        async with running(
            source, ('type = "page", start = 1, size = 3, stop = "empty"', 'type = "none"')
        ) as connector:
            try:
                batches = await drain(connector, "penalty")
            except SourceError:
                assert not isinstance(body, list)
            else:
                assert len(body) == sum(len(batch.rows) for batch in batches)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('records = "$.data.rows[*]"\n', ""),
            ('kind = "service"\nbase_url', 'kind = "graphql"\nbase_url'),
            ('type = "header", header = "X-Token"', 'type = "exchange", rid = "r", key_service = "k"'),
            ("env:SMALL_TOKEN", "env:NOT_SET"),
        ],
    )  # fmt: skip
    def test_a_description_that_cannot_work_is_refused_when_opened(self, old: str, new: str):
        assert old in DESCRIPTION
        with pytest.raises(OperatorNeeded):
            opened(DESCRIPTION.replace(old, new), "http://127.0.0.1:9")
