"""Every request pays once, whatever becomes of it: its proof is used up, and it counts in its asker's budgets."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hub.access.budget import Allowances
from hub.access.visitors import VISITORS_KEY_SIZE, Visitors
from hub.audit.entries import Entry, Pending
from hub.audit.errors import LogUnavailableError, StaleReadError
from hub.errors import BadInputError, RateLimitedError, UnauthenticatedError
from hub.gateway.port import Answer, CallerChangedError, Question
from hub.identity.caller import Proof, the_public
from hub.road.toll import Tollgate
from tests.hub.audit.conftest import counted, sequencer_on, shown

AT = datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC)
PARTNER = replace(the_public(), partner="gc")


@pytest.fixture
async def sequencer(store):
    sequencer = sequencer_on(store)
    await sequencer.start()
    yield sequencer
    await sequencer.stop()


class Clock:
    def __init__(self):
        self.at = AT

    def now(self):
        return self.at


class OneStepRoad:
    """A road of one step: it fails, refuses, or answers with or without an entry in the real log."""

    def __init__(self, log):
        self._log = log
        self.asked = 0
        self.reached = 0
        self.subjects = 0
        self.trouble = None
        self.pause = None
        self.with_entry = True

    async def answer(self, question, caller, toll):
        self.asked += 1
        toll.name(self.subjects)
        self.reached += 1
        if self.pause is not None:
            await self.pause.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.with_entry:
            entry = Entry(kind="disclosure", values={"asker": caller.partner})
            receipt = await self._log.append(
                Pending(entry=entry, once=toll.once, once_until=toll.once_until, spend=toll.spend)
            )
            toll.pay(receipt.used)
        return Answer(body=b"{}", is_request_error=False, headers={"hub-receipt": "0@log"})


class Gate:
    """A gate before a road of one step, over a real log."""

    def __init__(self, log, *, requests=10, subjects=100, public=2):
        self.road = OneStepRoad(log)
        self.clock = Clock()
        self.gate = Tollgate(
            self.road,
            log=log,
            allowances=Allowances(
                requests_per_minute=requests, subjects_per_day=subjects, public_requests_per_minute=public
            ),
            visitors=Visitors(public, key=bytes(VISITORS_KEY_SIZE)),
            clock=self.clock,
        )

    async def ask(self, proof=None, *, caller=PARTNER, peer="192.0.2.1"):
        return await self.gate.answer(question(proof, peer), caller)

    async def refusal(self, proof=None, **more):
        with pytest.raises((RateLimitedError, UnauthenticatedError)) as refusal:
            await self.ask(proof, **more)
        return refusal.value


def proof_of(name):
    return Proof(digest=shown(name)["once"], expires_at=2e9)


def question(proof, peer):
    return Question(
        document="{me{actor}}", operation_name=None, variables={}, extensions={}, purpose_header=None, method="POST",
        request_id="r", traceparent="t", proof=None if proof is None else proof_of(proof), peer=peer,
    )  # fmt: skip


async def used(store):
    """Budget -> units used, as the store has it."""
    async with store.connect() as connection:
        rows = (await connection.execute(text("SELECT span, used FROM spent WHERE used > 0"))).all()
    return {span.partition(" ")[0]: level for span, level in rows}


REQUESTS, SUBJECTS = "requests-per-minute", "subjects-per-day"


class TestPays:
    @pytest.fixture
    def gate(self, sequencer):
        return Gate(sequencer)

    async def test_with_the_entry_of_its_answer(self, store, gate):
        gate.road.subjects = 3
        answer = await gate.ask("a")

        assert {REQUESTS: 1, SUBJECTS: 3} == await used(store)
        assert (1, 1) == (await counted(store, "seen"), await counted(store, "log_entry"))
        assert '"requests-per-minute";r=9;t=45, "subjects-per-day";r=97;t=26985' == answer.headers["ratelimit"]
        assert "0@log" == answer.headers["hub-receipt"]

    async def test_by_itself_if_nothing_is_disclosed(self, store, gate):
        gate.road.with_entry = False
        answer = await gate.ask("a")

        assert {REQUESTS: 1} == await used(store)
        assert (1, 0) == (await counted(store, "seen"), await counted(store, "log_entry"))
        assert answer.headers["ratelimit"].startswith('"requests-per-minute";r=9;')

    async def test_by_itself_if_it_is_refused_and_the_refusal_tells_what_is_left(self, store, gate):
        gate.road.trouble = BadInputError("no", headers={"allow": "POST"})
        with pytest.raises(BadInputError) as refusal:
            await gate.ask("a")

        assert {REQUESTS: 1} == await used(store)
        assert 1 == await counted(store, "seen")
        assert "POST" == refusal.value.headers["allow"]
        assert '"requests-per-minute";r=9' in refusal.value.headers["ratelimit"]

    async def test_before_it_became_a_question(self, store, gate):
        headers = await gate.gate.count(PARTNER, proof_of("a"), None)

        assert {REQUESTS: 1} == await used(store)
        assert 1 == await counted(store, "seen")
        assert '"requests-per-minute";q=10;w=60' in headers["ratelimit-policy"]

    async def test_after_it_failed_on_our_side(self, store, gate):
        gate.road.trouble = RuntimeError("a fault of ours")
        with pytest.raises(RuntimeError):
            await gate.ask("a")
        await gate.gate.drain()
        gate.road.trouble = None

        assert {REQUESTS: 1} == await used(store)
        assert "invalid_dpop_proof" == (await gate.refusal("a")).error

    async def test_after_its_time_was_up(self, store, gate):
        gate.road.pause = asyncio.Event()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gate.ask("a"), 0.05)
        await gate.gate.drain()

        assert {REQUESTS: 1} == await used(store)
        assert 1 == await counted(store, "seen")

    async def test_once_however_often_it_is_made_again(self, store, gate):
        """The asker's entry changed under the answer: the door asks again, with the same proof."""
        gate.road.trouble = CallerChangedError()
        for _ in range(3):
            with pytest.raises(CallerChangedError):
                await gate.ask("a")
        before = await counted(store, "seen")
        gate.road.trouble = None
        await gate.ask("a")

        assert 0 == before
        assert {REQUESTS: 1} == await used(store)

    async def test_nothing_where_nothing_is_owed(self, store, sequencer):
        """No budget, no proof: no statement, no header."""
        gate = Gate(sequencer, requests=0, subjects=0)
        gate.road.with_entry = False
        answer = await gate.ask()

        assert {"hub-receipt"} == answer.headers.keys()
        assert (0, 0) == (await counted(store, "seen"), await counted(store, "spent"))

    async def test_not_at_all_if_the_log_cannot_take_it_and_then_nothing_leaves(self, gate, sequencer):
        gate.road.with_entry = False
        await sequencer.stop()

        with pytest.raises(LogUnavailableError):
            await gate.ask("a")
        with pytest.raises(LogUnavailableError):
            await gate.gate.count(PARTNER, proof_of("a"), None)
        await gate.gate.drain()


class TestReplay:
    @pytest.mark.parametrize("with_entry", [True, False])
    async def test_a_proof_is_good_for_one_request(self, store, sequencer, with_entry):
        gate = Gate(sequencer)
        gate.road.with_entry = with_entry
        await gate.ask("a")
        refusal = await gate.refusal("a")

        assert (401, "invalid_dpop_proof") == (refusal.status, refusal.error)
        assert 'error="invalid_dpop_proof"' in refusal.headers["www-authenticate"]
        assert int(with_entry) == await counted(store, "log_entry")

    async def test_of_many_at_once_one_is_answered(self, store, sequencer):
        gate = Gate(sequencer, requests=100)
        outcomes = await asyncio.gather(*(gate.ask("a") for _ in range(20)), return_exceptions=True)

        assert 1 == sum(isinstance(outcome, Answer) for outcome in outcomes)
        assert 19 == sum(isinstance(outcome, UnauthenticatedError) for outcome in outcomes)
        assert {REQUESTS: 1} == await used(store)

    async def test_a_proof_used_by_a_refused_request_is_used(self, sequencer):
        gate = Gate(sequencer)
        gate.road.trouble = BadInputError("no")
        with pytest.raises(BadInputError):
            await gate.ask("a")
        gate.road.trouble = None

        assert 401 == (await gate.refusal("a")).status

    async def test_a_refused_request_with_a_used_proof_is_a_replay_first(self, sequencer):
        gate = Gate(sequencer)
        await gate.ask("a")
        gate.road.trouble = BadInputError("no")

        assert 401 == (await gate.refusal("a")).status
        with pytest.raises(UnauthenticatedError):
            await gate.gate.count(PARTNER, proof_of("a"), None)

    async def test_a_replay_uses_nothing_of_its_owners_budget(self, store, sequencer):
        gate = Gate(sequencer)
        await gate.ask("a")
        for _ in range(5):
            await gate.refusal("a")

        assert {REQUESTS: 1} == await used(store)

    async def test_over_its_budget_a_proof_is_used_up_all_the_same(self, store, sequencer):
        gate = Gate(sequencer, requests=1)
        await gate.ask("a")
        first, second = await gate.refusal("b"), await gate.refusal("b")

        assert [429, 401] == [first.status, second.status]
        assert 2 == await counted(store, "seen")


class TestOverBudget:
    async def test_requests_beyond_the_limit_are_refused_with_the_rule_and_when_to_come_again(self, store, sequencer):
        gate = Gate(sequencer, requests=2)
        for _ in range(2):
            await gate.ask()
        refusal = await gate.refusal()

        assert (429, "RATE_LIMITED", "quota.requests-per-minute") == (refusal.status, refusal.code, refusal.rule)
        assert "45" == refusal.headers["retry-after"]
        assert {"rule": "quota.requests-per-minute", "limit": 2, "freeAt": "2026-11-20T08:31:00.000000Z"} == dict(
            refusal.extensions
        )
        assert '"requests-per-minute";r=0;t=45' in refusal.headers["ratelimit"]
        assert {REQUESTS: 2} == await used(store)

    async def test_who_is_known_to_have_nothing_left_is_not_taken_to_the_road(self, sequencer):
        gate = Gate(sequencer, requests=1)
        await gate.ask()
        for _ in range(3):
            await gate.refusal()

        assert 1 == gate.road.asked

    async def test_subjects_beyond_the_limit_are_refused_and_the_request_counts(self, store, sequencer):
        gate = Gate(sequencer, subjects=5)
        gate.road.subjects = 3
        await gate.ask("a")
        refusal = await gate.refusal("b")

        assert (429, "quota.subjects-per-day") == (refusal.status, refusal.rule)
        assert "26985" == refusal.headers["retry-after"]
        assert {REQUESTS: 2, SUBJECTS: 3} == await used(store)
        assert 1 == gate.road.reached, "known here: refused before anything is fetched"
        assert 401 == (await gate.refusal("b")).status

    async def test_what_another_process_used_counts_here(self, store, sequencer):
        """It is found out in the commit: no entry, no answer."""
        ours, theirs = Gate(sequencer, requests=3), Gate(sequencer, requests=3)
        for _ in range(3):
            await theirs.ask()
        refusal = await ours.refusal()

        assert 429 == refusal.status
        assert 1 == ours.road.reached
        assert 3 == await counted(store, "log_entry")

    async def test_smaller_questions_are_still_answered(self, sequencer):
        gate = Gate(sequencer, subjects=5)
        gate.road.subjects = 3
        await gate.ask()
        await gate.refusal()
        gate.road.subjects = 2

        assert '"subjects-per-day";r=0' in (await gate.ask()).headers["ratelimit"]

    async def test_questions_that_name_nobody_are_still_answered(self, sequencer):
        gate = Gate(sequencer, subjects=5)
        gate.road.subjects = 5
        await gate.ask()
        await gate.refusal()
        gate.road.subjects = 0

        assert (await gate.ask()).headers["ratelimit"].endswith('"subjects-per-day";r=0;t=26985')

    async def test_the_next_minute_is_another_budget(self, sequencer):
        gate = Gate(sequencer, requests=1)
        await gate.ask()
        await gate.refusal()
        gate.clock.at = AT + timedelta(seconds=45)

        assert '"requests-per-minute";r=0;t=60' in (await gate.ask()).headers["ratelimit"]

    async def test_a_raised_limit_holds_at_once_and_a_lowered_one_too(self, sequencer):
        gate = Gate(sequencer, requests=2)
        for _ in range(2):
            await gate.ask()
        await gate.refusal()
        raised = replace(PARTNER, requests_per_minute=5)

        assert '"requests-per-minute";r=2' in (await gate.ask(caller=raised)).headers["ratelimit"]
        assert 429 == (await gate.refusal(caller=replace(PARTNER, requests_per_minute=1))).status

    async def test_one_partners_end_is_not_anothers(self, sequencer):
        gate = Gate(sequencer, requests=1)
        await gate.ask()
        await gate.refusal()

        assert isinstance(await gate.ask(caller=replace(PARTNER, partner="fi")), Answer)

    async def test_at_once_no_more_are_answered_than_allowed_over_two_processes(self, store, sequencer):
        gates = [Gate(sequencer, requests=7) for _ in range(2)]
        outcomes = await asyncio.gather(
            *(gates[number % 2].ask(f"p{number}") for number in range(40)), return_exceptions=True
        )

        assert 7 == sum(isinstance(outcome, Answer) for outcome in outcomes)
        assert 33 == sum(isinstance(outcome, RateLimitedError) for outcome in outcomes)
        assert {REQUESTS: 7} == await used(store)
        assert 40 == await counted(store, "seen"), "each proof is used up, refused or not"

    async def test_requests_that_never_became_questions_use_the_budget_up(self, sequencer):
        gate = Gate(sequencer, requests=2)
        for _ in range(2):
            await gate.gate.count(PARTNER, None, None)

        with pytest.raises(RateLimitedError):
            await gate.gate.count(PARTNER, None, None)
        assert 429 == (await gate.refusal()).status
        assert 0 == gate.road.asked


class TestPublic:
    async def test_it_is_counted_by_address_and_not_in_the_store(self, store, sequencer):
        gate = Gate(sequencer)
        gate.road.with_entry = False
        answers = [await gate.ask(caller=the_public()) for _ in range(2)]
        refusal = await gate.refusal(caller=the_public())
        other = await gate.ask(caller=the_public(), peer="192.0.2.2")

        assert [1, 0] == [int(answer.headers["ratelimit"].partition("r=")[2].partition(";")[0]) for answer in answers]
        assert (429, "quota.requests-per-minute") == (refusal.status, refusal.rule)
        assert "192.0.2" not in str(refusal.as_graphql())
        assert isinstance(other, Answer)
        assert (0, 0) == (await counted(store, "seen"), await counted(store, "spent"))

    async def test_requests_refused_before_the_road_count_as_well(self, sequencer):
        gate = Gate(sequencer)
        for _ in range(2):
            await gate.gate.count(the_public(), None, "192.0.2.1")

        with pytest.raises(RateLimitedError):
            await gate.gate.count(the_public(), None, "192.0.2.1")
        assert 429 == (await gate.refusal(caller=the_public())).status
        assert 0 == gate.road.asked

    async def test_a_failed_question_is_counted_once(self, sequencer):
        gate = Gate(sequencer)
        gate.road.trouble = StaleReadError(())
        with pytest.raises(StaleReadError):
            await gate.ask(caller=the_public())
        await gate.gate.drain()
        gate.road.trouble = None

        assert "r=0" in (await gate.ask(caller=the_public())).headers["ratelimit"]
