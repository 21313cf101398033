"""What is no request, or cannot be sent, in its turn among the questions on a connection: nothing of ours stays."""

import asyncio

import pytest

from tests.hub.gateway.conftest import JSON_HEADERS
from tests.hub.gateway.test_lane import GET, HELLO, POST
from tests.hub.gateway.wire import Wire, parse, request

NONSENSE = b"\x00\r\n\r\n"
BIG_HEAD = b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n"
UNENDED = request("POST", "/graphql", (*JSON_HEADERS, ("transfer-encoding", "chunked")), b"zz\r\n")
EXPECTING = request(
    "POST", "/graphql", (*JSON_HEADERS, ("transfer-encoding", "chunked"), ("expect", "100-continue")), b"zz\r\n"
)


def statuses(data: bytes) -> list[int]:
    found = []
    while data:
        response, data = parse(data)
        found.append(response.status)
    return found


class TestNonsenseBehindQuestions:
    """What is no request is refused in its turn: the questions before it are answered, and nothing of ours stays."""

    @pytest.mark.parametrize("before", [(POST,), (POST, POST), (POST, GET), (GET, POST), (GET, GET), (POST, POST, GET)])
    @pytest.mark.parametrize("refused", [(NONSENSE, 400), (BIG_HEAD, 431), (UNENDED, 400), (EXPECTING, 400)])
    @pytest.mark.parametrize("held_up", [False, True])
    async def test_answers_go_out_first_and_no_task_stays(self, stand, wire, before, refused, held_up):
        """Else each such connection would hold one of the places that `connections_max` counts, for ever."""
        on, (nonsense, status) = wire(), refused
        if held_up:
            stand.road.pause = asyncio.Event()
            on.send(b"".join(before) + nonsense)
            await stand.road.arrived.wait()
            assert b"" == bytes(on.pipe.written)
            stand.road.pause.set()
        else:
            on.send(b"".join(before) + nonsense)
        written = await on.settle()

        assert [*([200] * len(before)), status] == statuses(written)
        assert (set(), 0) == (on.state.tasks, stand.metrics._counts.under_way)
        assert len(before) == len(stand.road.asked)
        assert on.pipe.ended
        assert '"failed"' not in stand.written.getvalue()

    @pytest.mark.parametrize("before", [(), (POST,), (GET, POST)])
    @pytest.mark.parametrize("unended", [UNENDED, EXPECTING])
    async def test_body_that_breaks_off_later_is_refused_in_place_of_its_question(self, stand, wire, before, unended):
        on = wire()
        start = unended.removesuffix(b"zz\r\n")
        if before:
            stand.road.pause = asyncio.Event()
            on.send(b"".join(before) + start)
            await stand.road.arrived.wait()
            on.send(b"zz\r\n")
            stand.road.pause.set()
        else:
            on.send(start)
            await asyncio.sleep(0)  # its task begins to read
            on.send(b"zz\r\n")
        written = (await on.settle()).replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")

        assert [*([200] * len(before)), 400] == statuses(written)
        assert (set(), 0) == (on.state.tasks, stand.metrics._counts.under_way)
        assert '"failed"' not in stand.written.getvalue()

    async def test_body_that_breaks_off_behind_its_own_answer_is_not_answered_twice(self, stand, wire):
        """A second answer could be taken for the next question's."""
        on = wire()
        await on.ask(request("PUT", "/graphql", (("transfer-encoding", "chunked"),)))
        written = await on.ask(b"zz\r\n")

        assert [405] == statuses(written)
        assert on.pipe.ended
        assert set() == on.state.tasks

    async def test_client_that_leaves_before_its_answers_leaves_nothing(self, stand, wire):
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST + POST + NONSENSE)
        await stand.road.arrived.wait()
        on.hang_up()
        stand.road.pause.set()

        assert b"" == await on.settle()
        assert (set(), 0) == (on.state.tasks, stand.metrics._counts.under_way)
        assert '"failed"' not in stand.written.getvalue()

    async def test_answer_whose_head_is_out_goes_out_whole(self, wire, monkeypatch):
        """By ASGI head and body are two messages, and a client that does not read may come between them."""
        on = wire()
        write, begun = on.pipe.write, asyncio.Event()

        def write_and_be_full(data):
            write(data)
            on.protocol.pause_writing()
            begun.set()

        monkeypatch.setattr(on.pipe, "write", write_and_be_full)
        on.send(request("PUT", "/graphql", (("transfer-encoding", "chunked"),)))
        await begun.wait()
        on.send(b"zz\r\n")
        on.protocol.resume_writing()
        response, more = parse(await on.settle())

        assert (405, "BAD_USER_INPUT", b"") == (response.status, response.code, more)
        assert on.pipe.ended
        assert set() == on.state.tasks

    @pytest.mark.parametrize("questions", [POST, POST + POST])
    async def test_answer_that_takes_longer_than_a_head_may_is_still_sent(self, stand, wire, monkeypatch, questions):
        monkeypatch.setattr("hub.gateway.protocol.HEAD_DEADLINE_S", 0.01)
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(questions + NONSENSE)
        await stand.road.arrived.wait()
        rung = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, rung.set)
        await rung.wait()
        stand.road.pause.set()

        assert 400 == statuses(await on.settle())[-1]
        assert questions.count(b"POST") == on.pipe.written.count(b"200 OK")

    async def test_refused_connection_is_closed_in_time(self, wire, monkeypatch):
        monkeypatch.setattr("hub.gateway.protocol.LINGER_S", 0.01)
        on = wire()
        await on.ask(POST + NONSENSE)

        assert await asyncio.wait_for(on.pipe.closed.wait(), 10)

    async def test_server_that_ends_does_not_wait_for_a_refusal(self, stand, wire):
        """The answers are the last that is said."""
        stand.road.pause = asyncio.Event()
        on = wire()
        on.send(POST + POST + NONSENSE)
        await stand.road.arrived.wait()
        on.protocol.shutdown()
        stand.road.pause.set()

        assert [200, 200] == statuses(await on.settle())
        assert on.pipe.is_closing()


class TestBrokenTransport:
    """Whatever breaks while an answer is sent, its place is given back."""

    async def test_write_that_fails_is_told_and_leaves_nothing(self, stand, wire):
        on = wire()
        stand.road.pause = asyncio.Event()
        on.send(POST)
        await stand.road.arrived.wait()
        on.pipe.write_eof()
        stand.road.pause.set()

        assert b"" == await on.settle()
        assert (set(), 0) == (on.state.tasks, stand.metrics._counts.under_way)
        assert '"event":"failed"' in stand.written.getvalue()
        assert on.pipe.is_closing()

    @pytest.mark.parametrize("breaks", ["close", "on_response", "end"])
    async def test_each_step_of_the_end_is_taken_whatever_the_others_do(self, stand, monkeypatch, breaks):
        on = Wire(stand.door)
        reported = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

        def fail(*_):
            raise RuntimeError("broken")

        if breaks == "close":
            monkeypatch.setattr(on.pipe, "close", fail)
        elif breaks == "on_response":
            monkeypatch.setattr(on.protocol, "on_response_complete", fail)
        else:
            monkeypatch.setattr(stand.door.lane.watch, "end", fail)
        asked = on.protocol.server_state.total_requests
        closing = request("POST", "/graphql", (*JSON_HEADERS, ("connection", "close")), HELLO)
        on.send(closing if breaks == "close" else POST)
        (task,) = on.state.tasks
        await asyncio.wait([task])

        assert set() == on.state.tasks
        assert isinstance(task.exception(), RuntimeError)
        assert (breaks == "end") == (1 == stand.metrics._counts.under_way)
        assert (breaks != "on_response") == (asked + 1 == on.state.total_requests)
