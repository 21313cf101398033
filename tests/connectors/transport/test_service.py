"""One HTTP call has a typed end, whatever the far side does."""

import asyncio
import gzip
from datetime import UTC, datetime

import pytest
from aiohttp import web

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.transport.pace import Pace
from connectors.transport.service import Call, ServiceTransport
from tests.connectors.servers import Handler, serving

SECRET = "91510100SECRETVALUE"


def opened(base_url: str, *, timeout_s: float = 2, max_bytes: int = 1 << 16, **pace) -> ServiceTransport:
    terms = {"rate_per_s": None, "daily": None, **pace}
    return ServiceTransport(
        source="s",
        base_url=base_url,
        timeout_s=timeout_s,
        max_bytes=max_bytes,
        pace=Pace(source="s", now=lambda: datetime(2026, 1, 1, tzinfo=UTC), **terms),
    )


async def ask(handler: Handler, *, deadline_s: float | None = None, **terms):
    async with serving(handler) as base_url:
        transport = opened(base_url, **terms)
        try:
            call = Call(method="GET", path="/x", query={}, headers={})
            return await transport.ask(call, deadline_s=deadline_s)
        finally:
            await transport.close()


def answering(status: int = 200, body: str | bytes = "{}", **headers: str) -> Handler:
    async def handler(_request: web.Request) -> web.Response:
        text = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=text, headers={"Content-Type": "application/json", **named})

    return handler


class TestAsk:
    async def test_numbers_stay_text_exactly_as_written(self):
        answer = await ask(answering(body='{"a": 1.10, "b": 12345678901234567890, "c": 1e5, "d": true, "e": null}'))

        assert {"a": "1.10", "b": "12345678901234567890", "c": "1e5", "d": True, "e": None} == answer.body

    async def test_tells_the_servers_time(self):
        answer = await ask(answering(Date="Fri, 20 Nov 2026 00:00:00 GMT"))

        assert datetime(2026, 11, 20, tzinfo=UTC) == answer.date

    @pytest.mark.parametrize(
        ("status", "kind", "code"),
        [
            (301, StopSite, "SRC_REDIRECT"), (302, StopSite, "SRC_REDIRECT"), (307, StopSite, "SRC_REDIRECT"),
            (400, StopStream, "SRC_HTTP_400"), (401, OperatorNeeded, "SRC_UNAUTHENTICATED"),
            (403, StopSite, "SRC_FORBIDDEN"), (404, StopStream, "SRC_HTTP_404"), (408, RetryLater, "SRC_HTTP_408"),
            (412, StopStream, "SRC_HTTP_412"), (425, RetryLater, "SRC_HTTP_425"), (429, RetryLater, "SRC_HTTP_429"),
            (500, RetryLater, "SRC_HTTP_500"), (502, RetryLater, "SRC_HTTP_502"), (503, RetryLater, "SRC_HTTP_503"),
            (599, RetryLater, "SRC_HTTP_599"), (201, StopStream, "SRC_HTTP_201"),
        ],
    )  # fmt: skip
    async def test_every_status_but_200_has_its_type(self, status: int, kind: type[SourceError], code: str):
        with pytest.raises(kind) as raised:
            await ask(answering(status, body=SECRET, Location="http://127.0.0.1:9/"))

        assert code == raised.value.code
        assert SECRET not in str(raised.value)

    async def test_a_redirect_is_not_followed(self):
        seen: list[str] = []

        async def handler(request: web.Request) -> web.Response:
            seen.append(request.path)
            return web.Response(status=302, headers={"Location": "/elsewhere"})

        with pytest.raises(StopSite):
            await ask(handler)

        assert ["/x"] == seen

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({"Retry_After": "7"}, 7.0),
            ({"Retry_After": "Fri, 20 Nov 2026 00:01:00 GMT", "Date": "Fri, 20 Nov 2026 00:00:00 GMT"}, 60.0),
            ({"Retry_After": "Fri, 20 Nov 2026 00:00:00 GMT", "Date": "Fri, 20 Nov 2026 00:01:00 GMT"}, 0.0),
            ({"Retry_After": "99999999"}, 7 * 86400.0),
            ({"Retry_After": "9" * 400}, None),
            ({"Retry_After": "soon"}, None),
            ({"Retry_After": "-5"}, None),
            ({}, None),
        ],
    )
    async def test_retry_after_is_handed_on(self, headers: dict[str, str], wait: float | None):
        with pytest.raises(RetryLater) as raised:
            await ask(answering(503, **headers))

        assert wait == raised.value.retry_after_s

    @pytest.mark.parametrize(
        ("content_type", "kind", "code"),
        [
            ("text/html", RetryLater, "SRC_HTML"),
            ("text/html; charset=gbk", RetryLater, "SRC_HTML"),
            ("text/plain", StopStream, "SRC_CONTENT_TYPE"),
            ("application/xml", StopStream, "SRC_CONTENT_TYPE"),
            ("application/octet-stream", StopStream, "SRC_CONTENT_TYPE"),
        ],
    )
    async def test_another_content_type_is_no_answer(self, content_type: str, kind: type[SourceError], code: str):
        with pytest.raises(kind, match=code):
            await ask(answering(Content_Type=content_type))

    @pytest.mark.parametrize(
        "body",
        [
            "", "{", '{"a": NaN}', '{"a": Infinity}', "<html>", b"\xff\xfe{", '{"a": 1} x', "[" * 100_000,
            '{"name": "' + SECRET,
        ],
    )  # fmt: skip
    async def test_what_is_no_json_is_retried_later_and_not_quoted(self, body: str | bytes):
        with pytest.raises(RetryLater, match="SRC_BODY") as raised:
            await ask(answering(body=body), max_bytes=1 << 20)

        assert SECRET not in str(raised.value)

    async def test_a_body_over_the_cap_is_refused_though_no_length_is_told(self):
        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.enable_chunked_encoding()
            await response.prepare(request)
            for _ in range(40):
                await response.write(b" " * 4096)
            return response

        with pytest.raises(StopStream, match="SRC_OVERSIZE"):
            await ask(handler)

    async def test_a_body_over_the_cap_is_refused_by_its_length(self):
        with pytest.raises(StopStream, match="SRC_OVERSIZE"):
            await ask(answering(body=" " * 100_000))

    async def test_a_body_that_unpacks_over_the_cap_is_refused(self):
        packed = gzip.compress(b" " * (8 << 20))
        with pytest.raises(SourceError) as raised:
            await ask(answering(body=packed, Content_Encoding="gzip"))

        assert raised.value.code in {"SRC_OVERSIZE", "SRC_TRUNCATED"}

    async def test_half_a_body_is_truncated(self):
        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
            await response.prepare(request)
            await response.write(b'{"a":')
            request.transport.close()
            return response

        with pytest.raises(RetryLater, match="SRC_TRUNCATED"):
            await ask(handler)

    @pytest.mark.parametrize("terms", [{"timeout_s": 0.1}, {"deadline_s": 0.1}])
    async def test_a_silent_server_is_left_at_the_shorter_deadline(self, terms: dict[str, float]):
        async def handler(_request: web.Request) -> web.Response:
            await asyncio.Event().wait()
            return web.Response()

        with pytest.raises(RetryLater, match="SRC_TIMEOUT"):
            await asyncio.wait_for(ask(handler, **terms), 5)

    async def test_a_body_that_drips_is_left_at_the_deadline(self):
        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.01)

        with pytest.raises(RetryLater, match="SRC_TIMEOUT"):
            await asyncio.wait_for(ask(handler, timeout_s=0.2), 5)

    async def test_nobody_listening_is_unreachable(self):
        transport = opened("http://127.0.0.1:9")
        with pytest.raises(RetryLater, match="SRC_UNREACHABLE"):
            await transport.ask(Call(method="GET", path="/", query={}, headers={}))
        await transport.close()

    async def test_a_header_with_a_line_break_never_leaves(self):
        async with serving(answering()) as base_url:
            transport = opened(base_url)
            with pytest.raises(SourceError):
                await transport.ask(Call(method="GET", path="/", query={}, headers={"X": "a\r\nY: b"}))
            await transport.close()

    @pytest.mark.parametrize("address", ["ftp://x/", "http://", "nonsense", "http://user:pw@x/", "http://x/?a=b"])
    async def test_an_address_that_is_none_needs_an_operator(self, address: str):
        with pytest.raises(OperatorNeeded, match="SRC_ADDRESS") as raised:
            opened(address)

        assert "pw" not in str(raised.value)

    async def test_close_may_be_called_again_and_the_transport_used_again(self):
        async with serving(answering()) as base_url:
            transport = opened(base_url)
            await transport.close()
            await transport.ask(Call(method="GET", path="/", query={}, headers={}))
            await transport.close()
            await transport.close()


class TestPace:
    async def test_calls_wait_for_their_turn(self):
        transport_pace = Pace(source="s", rate_per_s=50, daily=None, now=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        start = asyncio.get_running_loop().time()
        await asyncio.gather(*(transport_pace.turn() for _ in range(6)))

        assert asyncio.get_running_loop().time() - start >= 5 / 50 * 0.95

    async def test_a_wait_counts_against_the_deadline(self):
        async with serving(answering()) as base_url:
            transport = opened(base_url, rate_per_s=0.1)
            call = Call(method="GET", path="/", query={}, headers={})
            await transport.ask(call)
            with pytest.raises(RetryLater, match="SRC_TIMEOUT"):
                await transport.ask(call, deadline_s=0.05)
            await transport.close()

    async def test_a_spent_budget_refuses_until_the_next_day(self):
        moments = [datetime(2026, 1, 1, 23, tzinfo=UTC)] * 3 + [datetime(2026, 1, 2, tzinfo=UTC)]
        pace = Pace(source="s", rate_per_s=None, daily=2, now=lambda: moments.pop(0))
        await pace.turn()
        await pace.turn()
        with pytest.raises(RetryLater, match="SRC_BUDGET"):
            await pace.turn()
        await pace.turn()
