"""The short lane: the same answers as by ASGI, byte for byte, and the same manners on the connection."""

import asyncio
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import BadInputError, RateLimitedError, UnavailableError
from hub.gateway.lane import DirectCycle
from tests.hub.gateway.conftest import JSON_HEADERS
from tests.hub.gateway.standin import Stand
from tests.hub.gateway.wire import Wire, parse, request

HELLO = json.dumps({"query": "{ hello }"}).encode()
POST = request("POST", "/graphql", JSON_HEADERS, HELLO)
GET = request("GET", "/graphql?query={hello}")


def goes_short(wire: Wire) -> bool:
    return isinstance(wire.protocol.cycle, DirectCycle)


class TestTakes:
    async def test_common_request_goes_by_the_short_lane(self, stand):
        wire = Wire(stand.door)
        response, _ = parse(await wire.ask(POST))

        assert goes_short(wire)
        assert (200, {"data": {"hello": "hello "}}) == (response.status, response.json)
        wire.hang_up()

    @pytest.mark.parametrize(
        "pieces",
        [
            (GET,),
            (request("POST", "/graphql?x=1", JSON_HEADERS, HELLO),),
            (request("POST", "/graphql/", JSON_HEADERS, HELLO),),
            (request("POST", "/graphql", JSON_HEADERS, HELLO, version="1.0"),),
            (request("POST", "/graphql", (), HELLO),),
            (request("POST", "/graphql", (("content-type", "text/plain"),), HELLO),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("expect", "100-continue")), HELLO),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("content-encoding", "gzip")), HELLO),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("upgrade", "h2c"), ("connection", "upgrade")), HELLO),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("transfer-encoding", "chunked")), b"0\r\n\r\n"),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("content-length", "0"))),),
            (request("POST", "/graphql", (*JSON_HEADERS, ("content-length", "99999")), HELLO),),
            (POST[:-1], POST[-1:]),
            (POST[: -len(HELLO)], HELLO),
        ],
    )
    async def test_whatever_is_not_common_goes_by_asgi(self, stand, pieces):
        wire = Wire(stand.door)
        wire.send(*pieces)

        assert not goes_short(wire)
        wire.hang_up()
        await wire.settle()

    async def test_head_in_pieces_may_still_be_common(self, stand):
        wire = Wire(stand.door)
        await wire.ask(*(POST[i : i + 1] for i in range(40)), POST[40:])

        assert goes_short(wire)
        wire.hang_up()


HEADERS = st.lists(
    st.sampled_from(
        [
            ("accept", "application/graphql-response+json"),
            ("accept", "text/html"),
            ("accept", "*/*"),
            ("Authorization", "Bearer t"),
            ("authorization", "Bearer u"),
            ("purpose", "SUPERVISION"),
            ("connection", "close"),
            ("connection", "keep-alive"),
            ("content-type", "application/json; charset=gbk"),
            ("content-encoding", "identity"),
            ("content-encoding", "gzip"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
            ("X-Request-ID", "req-7"),
            ("x-request-id", "110105194912310021"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("expect", "100-continue"),
            ("user-agent", "张三".encode().decode("latin-1")),
        ]
    ),
    max_size=2,
)
BODIES = st.one_of(
    st.sampled_from(
        ["{ hello }", "{", "{ nothing }", "mutation { change }", "query($n: Int!) { hello(times: $n) }"]
    ).map(lambda query: json.dumps({"query": query}).encode()),
    st.dictionaries(
        st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "access_token"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    ).map(lambda value: json.dumps(value, ensure_ascii=True).encode()),
    st.binary(max_size=30),
    st.just(b'{"query": "{ hello }", "x": "' + b"a" * 5000 + b'"}'),
)
TROUBLES = st.sampled_from(
    [
        None,
        None,
        BadInputError("no"),
        RateLimitedError("Too often", retry_after_s=7),
        UnavailableError("The log cannot be written"),
        RuntimeError("x"),
        RecursionError(),
        TimeoutError(),
    ]
)


def _mostly(usual, *others):
    return st.integers(0, 7).flatmap(lambda number: st.just(usual) if number else st.sampled_from(others))


@st.composite
def _conversations(draw: st.DrawFn) -> tuple[bytes, ...]:
    """One to three requests, cut into up to three pieces anywhere."""
    data = b""
    for _ in range(draw(st.integers(1, 3))):
        method = draw(_mostly("POST", "GET", "HEAD", "PUT"))
        target = draw(_mostly("/graphql", "/graphql?x=1", "/healthz", "/nothing"))
        headers = [*draw(_mostly(JSON_HEADERS, ())), *draw(HEADERS)]
        body = draw(BODIES) if method in {"POST", "PUT"} else b""
        version = draw(_mostly("1.1", "1.0"))
        data += request(method, target, headers, body, version=version)
    data += draw(_mostly(b"", b"\r\n", b"nonsense\r\n\r\n", b"GET /half"))
    cuts = sorted(draw(_mostly([], [draw(st.integers(0, len(data))) for _ in range(2)])))
    return tuple(data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True))


def _without_made_names(data: bytes) -> bytes:
    return re.sub(rb"x-request-id: [0-9a-f]{32}\r", b"x-request-id: made\r", data)


class TestEqualLanes:
    @settings(max_examples=300, deadline=None)
    @given(_conversations(), TROUBLES)
    async def test_both_lanes_send_the_same_bytes_and_tell_the_same(self, pieces, trouble):
        """Whatever a client sends, however it is cut: nobody can tell which lane answered."""
        told = []
        for short in (True, False):
            stand = Stand()
            stand.road.trouble = trouble
            wire = Wire(stand.door, short=short)
            written = await wire.ask(*pieces)
            wire.hang_up()
            lines = [json.loads(each) for each in stand.written.getvalue().splitlines()]
            for line in lines:
                for name in ("at", "duration_ms", "trace_id", "request_id", "places"):
                    line.pop(name, None)
            told.append(
                (_without_made_names(written), wire.pipe.closed.is_set(), lines, stand.metrics._counts.requests)
            )

        assert told[0] == told[1]


class TestManners:
    """What holds on a connection, by either lane."""

    async def test_pipelined_questions_are_answered_in_their_order_one_by_one(self, stand, wire):
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST + GET + POST + POST)
        await stand.road.arrived.wait()

        assert 1 == len(stand.road.asked)
        assert b"" == bytes(on.pipe.written)

        stand.road.pause.set()
        answers = await on.settle()
        found = []
        while answers:
            response, answers = parse(answers)
            found.append(response.status)
        assert [200] * 4 == found
        assert ["POST", "GET", "POST", "POST"] == [question.method for question, _ in stand.road.asked]

    async def test_short_lane_reads_no_further_while_questions_wait(self, stand):
        """What a client sends ahead of its answers stays in its own connection."""
        stand.road.pause = asyncio.Event()
        on = Wire(stand.door)
        on.send(POST + POST)
        await stand.road.arrived.wait()

        assert on.pipe.paused

        stand.road.pause.set()
        await on.settle()
        assert not on.pipe.paused
        on.hang_up()

    async def test_answer_waits_until_the_client_reads(self, stand, wire):
        """A client that asks and does not read fills its own connection, not our memory."""
        on = wire()
        on.protocol.pause_writing()
        on.send(POST + POST)
        await stand.road.arrived.wait()
        for _ in range(10):
            await asyncio.sleep(0)

        assert b"" == bytes(on.pipe.written)
        assert 1 == len(stand.road.asked)

        on.protocol.resume_writing()
        assert 2 == (await on.settle()).count(b"HTTP/1.1 200 OK")

    async def test_client_that_leaves_does_not_undo_its_question(self, stand, wire):
        """Its entry is in the log; that nobody took the answer changes nothing."""
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST + POST)
        await stand.road.arrived.wait()
        on.hang_up()
        stand.road.pause.set()

        assert b"" == await on.settle()
        assert '"outcome":"answered"' in stand.written.getvalue()
        assert 0 == stand.metrics._counts.under_way

    async def test_client_that_does_not_read_and_leaves_is_let_go(self, stand, wire):
        on = wire()
        on.protocol.pause_writing()
        on.send(POST)
        await stand.road.arrived.wait()
        on.hang_up()

        assert b"" == await on.settle()

    async def test_connection_is_kept_unless_the_client_says_otherwise(self, wire):
        keeps, closes = wire(), wire()
        kept = await keeps.ask(POST)
        closed = await closes.ask(request("POST", "/graphql", (*JSON_HEADERS, ("connection", "close")), HELLO))

        assert not keeps.pipe.is_closing()
        assert b"connection:" not in kept
        assert closes.pipe.is_closing()
        assert "close" == parse(closed)[0].headers["connection"]

    async def test_question_under_way_is_answered_when_the_server_ends(self, stand, wire):
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST)
        await stand.road.arrived.wait()
        on.protocol.shutdown()

        assert not on.pipe.is_closing()

        stand.road.pause.set()
        response, _ = parse(await on.settle())
        assert (200, "close") == (response.status, response.headers["connection"])
        assert on.pipe.is_closing()

    async def test_idle_connection_is_closed_when_the_server_ends(self, wire):
        on = wire()
        await on.ask(POST)
        on.protocol.shutdown()

        assert on.pipe.is_closing()

    async def test_cancelled_by_the_ending_server_says_that_it_failed(self, stand, wire):
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST)
        await stand.road.arrived.wait()
        for task in on.state.tasks:
            task.cancel()
        response, _ = parse(await on.settle())

        assert (500, "INTERNAL") == (response.status, response.code)
        assert 0 == stand.metrics._counts.under_way

    async def test_one_too_many_is_503(self, wire):
        on = wire(connections_max=1)
        response, _ = parse(await on.ask(POST))

        assert (503, "close") == (response.status, response.headers["connection"])

    async def test_idle_connection_is_closed_in_time(self, stand, wire):
        on = wire(keep_alive_s=1)
        on.protocol.timeout_keep_alive = 0.01
        await on.ask(POST + POST)
        await asyncio.wait_for(on.pipe.closed.wait(), 10)

        assert 2 == len(stand.road.asked)

    async def test_question_that_takes_longer_than_an_idle_connection_lives_is_answered(self, stand, wire):
        on = wire()
        on.protocol.timeout_keep_alive = 0.01
        await on.ask(POST)
        stand.road.pause = asyncio.Event()
        on.send(POST)
        rung = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, rung.set)
        await rung.wait()

        assert not on.pipe.is_closing()

        stand.road.pause.set()
        assert 2 == (await on.settle()).count(b"HTTP/1.1 200 OK")

    async def test_line_ends_alone_keep_no_connection(self, wire):
        """Else a client could hold one for ever with two bytes a minute."""
        on = wire()
        on.protocol.timeout_keep_alive = 0.01
        await on.ask(POST)
        on.send(b"\r\n", b"\r\n")

        assert await asyncio.wait_for(on.pipe.closed.wait(), 10)

    async def test_next_head_is_not_timed_while_it_is_we_who_do_not_read(self, stand, wire, monkeypatch):
        monkeypatch.setattr("hub.gateway.protocol.HEAD_DEADLINE_S", 0.01)
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST + POST + b"POST /gra")
        await stand.road.arrived.wait()
        on.protocol.flow.pause_reading()
        rung = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, rung.set)
        await rung.wait()

        assert not on.pipe.is_closing()

        stand.road.pause.set()
        await on.settle()
        await asyncio.wait_for(on.pipe.closed.wait(), 10)

    async def test_refused_client_that_goes_on_sending_is_hung_up_on(self, wire):
        on = wire()
        on.send(b"nonsense\r\n\r\n")

        assert not on.pipe.is_closing()

        on.send(*[b"x" * 300_000] * 4)
        assert on.pipe.is_closing()

    async def test_fault_of_the_endpoint_itself_is_told_as_ours(self, stand, wire, monkeypatch):
        async def fail(*_):
            raise RuntimeError("secret")

        monkeypatch.setattr(stand.door.lane.endpoint, "reply", fail)
        response, _ = parse(await wire().ask(POST))

        assert (500, "INTERNAL") == (response.status, response.code)
        assert '"error":"RuntimeError"' in stand.written.getvalue()
        assert "secret" not in stand.written.getvalue()

    async def test_refusal_that_ends_the_connection_ends_it(self, stand, wire):
        stand.road.trouble = BadInputError("no", status=413, headers={"connection": "close"})
        on = wire()
        response, _ = parse(await on.ask(POST))

        assert (413, "close") == (response.status, response.headers["connection"])
        assert on.pipe.is_closing()

    async def test_a_road_cannot_break_a_line_of_the_head(self, stand, wire, monkeypatch):
        """A header of the road's that holds a line's end is left out, whoever put it there."""
        answer = stand.road.answer

        async def with_bad_headers(question, caller):
            given = await answer(question, caller)
            return type(given)(
                body=given.body,
                is_request_error=False,
                headers={"hub-receipt": "7\r\nset-cookie: a=b", "b ad": "x", "hub-fine": "张"},
            )

        monkeypatch.setattr(stand.road, "answer", with_bad_headers)
        response, _ = parse(await wire().ask(POST))

        assert not {"set-cookie", "hub-receipt", "b ad"} & set(response.headers)
        assert "?" == response.headers["hub-fine"]
