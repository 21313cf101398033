"""Questions that travel together get what each would have got alone, and nobody gets anything else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.joined import OF_THE_ANSWER, JoinedCalls

SECRET = "91510100SECRETVALUE"


@dataclass
class Call:
    """One call as the far side sees it, until it is answered."""

    grant: str
    codes: tuple[str, ...]
    deadline_s: float
    ended: asyncio.Future[None]
    broken_off: bool = False


@dataclass
class FarSide:
    """A source that keeps its calls waiting until the test answers them."""

    calls: list[Call] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def look(self, grant: str, codes: tuple[str, ...], deadline_s: float) -> dict[str, str]:
        call = Call(grant, codes, deadline_s, asyncio.get_running_loop().create_future())
        self.calls.append(call)
        async with self.came:
            self.came.notify_all()
        try:
            await call.ended
        except asyncio.CancelledError:
            call.broken_off = True
            raise
        return {code: f"{grant}:{code}" for code in codes}

    async def until(self, holds: Callable[[list[Call]], bool]) -> None:
        async with self.came:
            await self.came.wait_for(lambda: holds(self.calls))

    def answer(self, *numbers: int) -> None:
        for number in numbers:
            self.calls[number].ended.set_result(None)

    def fail(self, number: int, error: Exception) -> None:
        self.calls[number].ended.set_exception(error)

    @property
    def asked(self) -> list[tuple[str, ...]]:
        return [call.codes for call in self.calls]


@pytest.fixture
def far() -> FarSide:
    return FarSide()


@pytest.fixture
async def joined(far: FarSide) -> AsyncIterator[JoinedCalls]:
    calls = JoinedCalls[str, str]("s", far.look, calls_max=1, codes_max=3)
    yield calls
    await calls.close()


def ask(joined: JoinedCalls, *codes: str, grant: str = "g", within_s: float = 60) -> asyncio.Future:
    return joined.ask(grant, codes, asyncio.get_running_loop().time() + within_s)


async def rounds() -> None:
    """Let everything that is ready run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def busy(joined: JoinedCalls, far: FarSide) -> asyncio.Future:
    """Take the one place there is, so that what is asked next waits."""
    first = ask(joined, "first", grant="other")
    await far.until(lambda calls: len(calls) == 1)
    return first


class TestAsk:
    async def test_a_lone_question_leaves_at_once_with_its_codes(self, joined, far):
        answer = ask(joined, "a", "b")
        await far.until(lambda calls: len(calls) == 1)
        far.answer(0)

        assert {"a": "g:a", "b": "g:b"} == await answer
        assert [("a", "b")] == far.asked

    async def test_questions_of_one_round_are_one_call_and_each_gets_its_own_codes_only(self, joined, far):
        one, two = ask(joined, "a"), ask(joined, "b", "a")
        await far.until(lambda calls: len(calls) == 1)
        far.answer(0)

        assert ({"a": "g:a"}, {"a": "g:a", "b": "g:b"}) == (await one, await two)
        assert [("a", "b")] == far.asked

    async def test_what_comes_while_a_call_is_under_way_leaves_as_one_when_it_ends(self, joined, far):
        await busy(joined, far)
        waiting = [ask(joined, code) for code in "abc"]
        await rounds()
        before = list(far.asked)
        far.answer(0)
        await far.until(lambda calls: len(calls) == 2)
        far.answer(1)
        await asyncio.gather(*waiting)

        assert [("first",)] == before
        assert [("first",), ("a", "b", "c")] == far.asked

    async def test_questions_under_other_grants_never_travel_together(self, joined, far):
        """
        A field that one asker was granted is never asked about another's subject.
        """
        await busy(joined, far)
        waiting = [ask(joined, "a", grant="wide"), ask(joined, "b", grant="narrow"), ask(joined, "c", grant="wide")]
        for number in range(3):
            await far.until(lambda calls, least=number + 1: len(calls) == least)
            far.answer(number)
        await asyncio.gather(*waiting)

        assert [("wide", ("a", "c")), ("narrow", ("b",))] == [(call.grant, call.codes) for call in far.calls[1:]]

    async def test_no_more_calls_are_under_way_than_there_are_connections(self, far):
        joined = JoinedCalls[str, str]("s", far.look, calls_max=2, codes_max=1)
        answers = [ask(joined, code) for code in "abcd"]
        await rounds()
        before = len(far.calls)
        far.answer(0)
        await far.until(lambda calls: len(calls) == 3)
        far.answer(1, 2)
        await far.until(lambda calls: len(calls) == 4)
        far.answer(3)
        await asyncio.gather(*answers)

        assert 2 == before

    async def test_a_call_holds_no_more_codes_than_it_may(self, joined, far):
        await busy(joined, far)
        waiting = [ask(joined, "a", "b"), ask(joined, "c", "d"), ask(joined, "c", "b")]
        for number in range(3):
            await far.until(lambda calls, least=number + 1: len(calls) == least)
            far.answer(number)
        await asyncio.gather(*waiting)

        assert [("a", "b"), ("c", "d", "b")] == far.asked[1:]

    async def test_a_question_for_more_codes_is_several_calls_and_one_answer(self, joined, far):
        answer = ask(joined, *"abcdefg")
        for number in range(3):
            await far.until(lambda calls, least=number + 1: len(calls) == least)
            far.answer(number)

        assert {code: f"g:{code}" for code in "abcdefg"} == await answer
        assert [("a", "b", "c"), ("d", "e", "f"), ("g",)] == far.asked

    async def test_what_is_known_already_goes_into_the_answer_unasked(self, joined, far):
        answer = joined.ask("g", ["a"], asyncio.get_running_loop().time() + 60, known={"b": "known"})
        await far.until(lambda calls: len(calls) == 1)
        far.answer(0)

        assert {"a": "g:a", "b": "known"} == await answer

    async def test_a_call_lasts_no_longer_than_the_most_patient_of_its_questions(self, joined, far):
        ask(joined, "a", within_s=5)
        ask(joined, "b", within_s=50)
        await far.until(lambda calls: len(calls) == 1)

        assert 5 < far.calls[0].deadline_s <= 50


class TestGivingUp:
    async def test_one_who_gives_up_does_not_take_the_others_along(self, joined, far):
        one, two = ask(joined, "a"), ask(joined, "b")
        await far.until(lambda calls: len(calls) == 1)
        one.cancel()
        await rounds()
        far.answer(0)

        assert {"b": "g:b"} == await two
        assert not far.calls[0].broken_off

    async def test_a_call_nobody_waits_for_is_broken_off_and_its_place_is_free(self, joined, far):
        one, two = ask(joined, "a"), ask(joined, "b")
        await far.until(lambda calls: len(calls) == 1)
        one.cancel()
        two.cancel()
        await rounds()
        three = ask(joined, "c")
        await far.until(lambda calls: len(calls) == 2)
        far.answer(1)

        assert far.calls[0].broken_off
        assert {"c": "g:c"} == await three

    async def test_a_question_given_up_before_it_left_is_never_asked(self, joined, far):
        await busy(joined, far)
        ask(joined, "a").cancel()
        await rounds()
        far.answer(0)
        await rounds()

        assert [("first",)] == far.asked

    async def test_codes_of_who_gave_up_while_waiting_are_not_asked_for(self, joined, far):
        await busy(joined, far)
        one, two = ask(joined, "a"), ask(joined, "b")
        one.cancel()
        far.answer(0)
        await far.until(lambda calls: len(calls) == 2)
        far.answer(1)

        assert {"b": "g:b"} == await two
        assert ("b",) == far.asked[1]

    async def test_one_given_up_in_its_first_round_frees_its_place_for_the_next(self, joined, far):
        ask(joined, "a").cancel()
        two = ask(joined, "b", grant="other")
        await far.until(lambda calls: len(calls) == 1)
        far.answer(0)

        assert {"b": "other:b"} == await two

    async def test_a_part_that_failed_breaks_off_the_rest_of_its_question(self, far):
        joined = JoinedCalls[str, str]("s", far.look, calls_max=2, codes_max=1)
        answer = ask(joined, "a", "b")
        await far.until(lambda calls: len(calls) == 2)
        far.fail(0, RetryLater("s", "SRC_HTTP_503"))
        with pytest.raises(RetryLater):
            await answer
        await rounds()

        assert far.calls[1].broken_off

    async def test_closing_cancels_who_waits_and_breaks_off_what_is_under_way(self, joined, far):
        first = await busy(joined, far)
        waiting = ask(joined, "a")
        await joined.close()

        assert (True, True) == (first.cancelled(), waiting.cancelled())
        assert far.calls[0].broken_off


class TestFaults:
    @pytest.mark.parametrize(
        "error",
        [
            RetryLater("s", "SRC_TIMEOUT"), RetryLater("s", "SRC_UNREACHABLE"), RetryLater("s", "SRC_HTTP_503"),
            RetryLater("s", "SRC_HTML"), RetryLater("s", "SRC_TRUNCATED"), RetryLater("s", "SRC_BODY"),
            RetryLater("s", "SRC_BUDGET"), OperatorNeeded("s", "SRC_UNAUTHENTICATED"),
        ],
        ids=lambda error: error.code,
    )  # fmt: skip
    async def test_a_fault_of_the_source_reaches_every_question_and_is_asked_for_once(self, joined, far, error):
        """
        A source that is ill is not asked more often because many wanted something of it.
        """
        answers = [ask(joined, code) for code in "abc"]
        await far.until(lambda calls: len(calls) == 1)
        far.fail(0, error)
        found = await asyncio.gather(*answers, return_exceptions=True)
        await rounds()

        assert [error, error, error] == found
        assert 1 == len(far.calls)

    @pytest.mark.parametrize(
        "error",
        [*(RetryLater("s", code) for code in sorted(OF_THE_ANSWER)), StopStream("s", "SRC_OVERSIZE"),
         StopStream("s", "SRC_HTTP_400")],
        ids=lambda error: error.code,
    )  # fmt: skip
    async def test_no_question_is_refused_for_another_ones_code(self, joined, far, error):
        """
        Where the fault may lie in one subject's data each question is asked again alone, and only the one it lies in
        is refused.
        """
        good, bad, also_good = (ask(joined, code) for code in ("a", "bad", "c"))
        await far.until(lambda calls: len(calls) == 1)
        far.fail(0, error)
        for number in range(1, 4):
            await far.until(lambda calls, least=number + 1: len(calls) == least)
            if far.asked[number] == ("bad",):
                far.fail(number, error)
            else:
                far.answer(number)
        found = await asyncio.gather(good, bad, also_good, return_exceptions=True)

        assert [{"a": "g:a"}, error, {"c": "g:c"}] == found
        assert {("a",), ("bad",), ("c",)} == set(far.asked[1:])

    async def test_a_question_alone_is_not_asked_again(self, joined, far):
        answer = ask(joined, "a", "b")
        await far.until(lambda calls: len(calls) == 1)
        far.fail(0, RetryLater("s", "SRC_SHAPE"))
        with pytest.raises(RetryLater, match="SRC_SHAPE"):
            await answer
        await rounds()

        assert 1 == len(far.calls)

    async def test_who_gave_up_is_not_asked_for_again(self, joined, far):
        one, two = ask(joined, "a"), ask(joined, "b")
        await far.until(lambda calls: len(calls) == 1)
        one.cancel()
        far.fail(0, RetryLater("s", "SRC_PARTIAL"))
        await far.until(lambda calls: len(calls) == 2)
        far.answer(1)

        assert {"b": "g:b"} == await two
        assert [("a", "b"), ("b",)] == far.asked

    async def test_what_waits_behind_a_failed_call_is_asked(self, joined, far):
        first = await busy(joined, far)
        waiting = ask(joined, "a")
        far.fail(0, RetryLater("s", "SRC_HTTP_503"))
        await far.until(lambda calls: len(calls) == 2)
        far.answer(1)

        assert {"a": "g:a"} == await waiting
        assert isinstance(first.exception(), RetryLater)

    async def test_a_foreign_error_gets_a_type_and_loses_its_text(self, joined, far):
        answer = ask(joined, "a")
        await far.until(lambda calls: len(calls) == 1)
        far.fail(0, ValueError(SECRET))
        with pytest.raises(SourceError) as raised:
            await answer

        assert "SRC_INTERNAL" == raised.value.code
        assert SECRET not in str(raised.value)

    async def test_an_answer_that_lacks_a_code_is_a_fault_and_not_an_empty_answer(self):
        async def look(_grant: str, codes: Sequence[str], _deadline_s: float) -> dict[str, str]:
            return dict.fromkeys(codes[1:], "x")

        joined = JoinedCalls[str, str]("s", look, calls_max=1, codes_max=10)
        with pytest.raises(SourceError):
            await ask(joined, "a", "b")

    async def test_a_look_that_is_cancelled_from_within_leaves_nobody_waiting(self):
        async def look(_grant: str, _codes: Sequence[str], _deadline_s: float) -> dict[str, str]:
            raise asyncio.CancelledError

        joined = JoinedCalls[str, str]("s", look, calls_max=1, codes_max=10)
        answer = ask(joined, "a")
        await rounds()

        assert answer.cancelled()
