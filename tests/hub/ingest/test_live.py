"""A source asked per question: asked every time, for what was granted; what it says again is judged once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopStream
from connectors.port import Capability, Found, Place, Row
from connectors.sandbox import Options, Sandbox
from connectors.site import SiteConfig
from connectors.streams import NoRead, NoReport, listed
from connectors.templates import sandbox_variables
from hub.clock import iso
from hub.ingest.live import LiveSource
from hub.ingest.live_content import LivePart
from tests.hub.ingest.living import NOON, MovableClock, caching, captured, described, live_source, parted
from tests.hub.ingest.world import code_of

KINDS = frozenset({"SupplierSanction", "Performance"})
CAUSES = {"SupplierSanction": ["sanction_kind", "cause"], "Performance": ["rating"]}
BARE = {"SupplierSanction": ["sanction_kind"], "Performance": ["rating"]}
SECRET = "不得外传的原因"

Source = Callable[..., LiveSource]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def lines() -> LogCapture:
    return LogCapture()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Sandbox]:
    options = Options(today=NOON.date(), dirt=False)
    async with Sandbox(tmp_path, seed=7, size=40, options=options, clock=clock.seconds) as running:
        yield running


@pytest.fixture
async def source(sandbox: Sandbox, clock: MovableClock, book, lines: LogCapture):
    """Open the platform as a live source; edits are replacements in its description, `JINJIANG_…` override."""
    opened: list[LiveSource] = []

    def open_one(*edits: tuple[str, str], **variables: str) -> LiveSource:
        variables = {**sandbox_variables(sandbox.sites), **variables}
        opened.append(live_source(described(*edits), variables, book, clock, lines))
        return opened[-1]

    yield open_one
    for each in opened:
        await each.close()


def ask(
    source: LiveSource,
    *codes: str,
    fields: Mapping[str, Sequence[str]] = CAUSES,
    kinds: frozenset[str] = KINDS,
    within_s: float = 20,
) -> asyncio.Future[Mapping[str, LivePart]]:
    return source.ask(codes, kinds, fields, deadline_s=within_s)


def questions(sandbox: Sandbox) -> list[list[str]]:
    return [one.codes for one in sandbox.group.asked]


def causes(part: LivePart) -> list[str | None]:
    return [record.body.cause for record in part.records if record.kind == "SupplierSanction"]


@pytest.fixture
def code(sandbox: Sandbox) -> str:
    return next(code for code in sandbox.world.showcase() if sandbox.group.records("SupplierSanction", code))


@pytest.fixture
def others(sandbox: Sandbox, code: str) -> list[str]:
    return [other for other in sandbox.world.showcase() if other != code]


class TestAsk:
    async def test_only_granted_fields_and_what_identifies_and_dates_a_row_are_asked(
        self, source: Source, sandbox, code
    ):
        """
        A field that was not granted never reaches the platform, and nothing of it comes back.
        """
        part = (await ask(source(), code, fields=BARE))[code]

        assert {
            "Query.suppliers", "SupplierAnswer.asOf", "SupplierAnswer.items", "Supplier.code", "Supplier.sanctions",
            "Supplier.performance", "Sanction.authorityCode", "Sanction.sanctionNo", "Sanction.sanctionKind",
            "Sanction.startsOn", "Performance.authorityCode", "Performance.contractNo",
            "Performance.evaluationPeriod", "Performance.evaluatedOn", "Performance.rating",
        } == set(sandbox.group.asked[0].fields)  # fmt: skip
        assert part.records
        assert {None} == set(causes(part))

    async def test_it_is_asked_every_time_though_it_says_the_same(self, source: Source, sandbox, code):
        one = source()
        first = (await ask(one, code))[code]
        again = (await ask(one, code))[code]

        assert [[code], [code]] == questions(sandbox)
        assert first.content is again.content

    async def test_what_it_says_otherwise_is_in_the_next_answer(self, source: Source, sandbox, code):
        one = source()
        before = (await ask(one, code))[code]
        sandbox.world.put("jinjiang", "SupplierSanction", code, {"cause": "新的原因"})
        after = (await ask(one, code))[code]

        assert before.content is not after.content
        assert "新的原因" not in causes(before)
        assert "新的原因" in causes(after)

    async def test_what_it_takes_back_is_gone_from_the_next_answer(self, source: Source, sandbox, code):
        row = sandbox.world.put("jinjiang", "SupplierSanction", code, {"cause": "新的原因"})
        one = source()
        before = (await ask(one, code))[code]
        sandbox.world.withdraw(row)
        after = (await ask(one, code))[code]

        assert "新的原因" in causes(before)
        assert "新的原因" not in causes(after)

    async def test_what_one_grant_brought_is_never_given_to_another(self, source: Source, code):
        """
        Though the wider answer was there first, who may see less is answered from a question for less.
        """
        one = source(caching("1h"))
        wide = (await ask(one, code))[code]
        narrow = (await ask(one, code, fields=BARE))[code]
        performance = (await ask(one, code, kinds=frozenset({"Performance"})))[code]

        assert any(causes(wide))
        assert {None} == set(causes(narrow))
        assert "SupplierSanction" not in {record.kind for record in performance.records}

    async def test_one_grant_is_one_however_a_document_orders_its_fields(self, source: Source, code):
        one = source()
        first = (await ask(one, code, fields={"SupplierSanction": ["cause", "sanction_kind"]}))[code]
        again = (await ask(one, code, fields={"SupplierSanction": ["sanction_kind", "cause", "cause"]}))[code]

        assert first.content is again.content

    async def test_a_new_legal_day_judges_anew(self, source: Source, clock, code):
        """
        Publicity is counted in days: what was judged yesterday is not shown today as it was.
        """
        one = source(caching("1h"))
        clock.at = datetime(2026, 11, 20, 15, 59, tzinfo=UTC)
        before = (await ask(one, code))[code]
        clock.pass_by(minutes=2)
        after = (await ask(one, code))[code]

        assert before.content is not after.content
        assert clock.at.date() < after.content.day

    async def test_times_are_those_of_the_answer_though_the_content_is_older(self, source: Source, clock, code):
        one = source()
        first = (await ask(one, code))[code]
        clock.pass_by(minutes=7)
        again = (await ask(one, code))[code]

        assert first.content is again.content
        assert {iso(NOON)} == {record.provenance.as_of for record in first.records}
        assert {iso(clock.at)} == {record.provenance.as_of for record in again.records}
        assert {iso(clock.at)} == {record.provenance.received_at for record in again.records}
        assert {record.provenance.digest for record in first.records} == {
            record.provenance.digest for record in again.records
        }

    async def test_a_code_it_does_not_know_has_a_part_without_records(self, source: Source):
        assert () == (await ask(source(), code_of(7)))[code_of(7)].records

    async def test_a_row_that_fails_its_checks_is_left_out_and_its_values_are_not_told(
        self, source: Source, sandbox, lines, code
    ):
        one = source()
        good = len((await ask(one, code))[code].records)
        sandbox.world.put("jinjiang", "SupplierSanction", code, {"startsOn": "someday", "cause": SECRET})
        part = (await ask(one, code))[code]
        await ask(one, code)

        assert good == len(part.records)
        assert [("live_rows_refused", 1)] == [(line["event"], line["rejected"]) for line in lines.entries]
        assert SECRET not in str(lines.entries)
        assert code not in str(lines.entries)


class TestJoined:
    async def test_questions_of_one_moment_are_one_question_and_each_gets_its_own(
        self, source: Source, sandbox, code, others
    ):
        one = source()
        codes = [code, *others]
        found = await asyncio.gather(*(ask(one, each) for each in codes))

        assert [codes] == questions(sandbox)
        assert [[each] for each in codes] == [list(answer) for answer in found]
        assert all(answer[each].content.subject == each for each, answer in zip(codes, found, strict=True))

    async def test_alone_or_together_the_answer_is_the_same(self, source: Source, sandbox, code, others):
        together = await asyncio.gather(*(ask(source(), each) for each in [code, *others]))
        joined = source()
        travelled = await asyncio.gather(*(ask(joined, each) for each in [code, *others]))

        assert [next(iter(answer.values())).records for answer in together] == [
            next(iter(answer.values())).records for answer in travelled
        ]

    async def test_500_codes_are_one_question_and_1000_are_two(self, source: Source, sandbox):
        codes = [code_of(number) for number in range(1000)]
        one = source()
        await ask(one, *codes[:500])
        few = len(questions(sandbox))
        found = await ask(one, *codes)

        assert 1 == few
        assert [500, 500] == [len(asked) for asked in questions(sandbox)[1:]]
        assert codes == sorted(found)

    async def test_the_sites_own_limit_parts_a_question(self, source: Source, sandbox):
        codes = [code_of(number) for number in range(250)]
        found = await ask(source(parted(100)), *codes)

        assert [50, 100, 100] == sorted(len(asked) for asked in questions(sandbox))
        assert codes == sorted(found)

    @pytest.mark.parametrize(
        "fault",
        [
            ("down", "SRC_UNREACHABLE"), ("error", "SRC_HTTP_500"), ("html", "SRC_HTML"), ("half", "SRC_TRUNCATED"),
            ("cut", "SRC_BODY"),
        ],
    )  # fmt: skip
    async def test_a_fault_reaches_every_question_of_the_call_and_leaves_no_trace(
        self, source: Source, sandbox, code, fault: tuple[str, str]
    ):
        one, codes = source(caching("1h")), sandbox.world.showcase()
        sandbox.group.faults.on(fault[0])
        found = await asyncio.gather(*(ask(one, each) for each in codes), return_exceptions=True)
        sandbox.group.faults.off()
        after = (await ask(one, code))[code]

        assert [fault[1]] * len(codes) == [error.code for error in found]
        assert not any(each in str(error) for error in found for each in codes)
        assert after.records

    async def test_a_replayed_answer_lands_on_nobody(self, source: Source, sandbox, code, others):
        """
        The platform sends again what it told of another subject: refused, whether asked together or alone.
        """
        one = source()
        await ask(one, others[0])
        sandbox.group.faults.on("replay")
        found = await asyncio.gather(ask(one, code), ask(one, others[1]), return_exceptions=True)

        assert ["SRC_REPLAY", "SRC_REPLAY"] == [error.code for error in found]

    async def test_one_who_gives_up_on_a_slow_source_leaves_the_others_their_answer(
        self, source: Source, sandbox, code, others
    ):
        one = source()
        sandbox.group.faults.on("slow", seconds=60)
        impatient, patient = ask(one, code), ask(one, others[0])
        await sandbox.group.faults.fallen.wait()
        impatient.cancel()
        sandbox.group.faults.off()

        assert others[0] in await patient
        assert impatient.cancelled()
        assert 1 == len(questions(sandbox))

    async def test_a_slow_source_is_left_at_the_deadline_of_the_most_patient(
        self, source: Source, sandbox, code, others
    ):
        one = source()
        sandbox.group.faults.on("slow", seconds=60)
        found = await asyncio.wait_for(
            asyncio.gather(ask(one, code, within_s=0.05), ask(one, others[0], within_s=0.2), return_exceptions=True),
            10,
        )

        assert ["SRC_TIMEOUT", "SRC_TIMEOUT"] == [error.code for error in found]

    async def test_a_wrong_key_reaches_every_question_and_is_not_told(self, source: Source, sandbox, code, others):
        one = source(JINJIANG_KEY="hunter2")
        found = await asyncio.gather(ask(one, code), ask(one, others[0]), return_exceptions=True)

        assert all(isinstance(error, OperatorNeeded) for error in found)
        assert "hunter2" not in str(found)

    async def test_closing_leaves_nobody_waiting(self, source: Source, sandbox, code):
        one = source()
        sandbox.group.faults.on("slow", seconds=60)
        waiting = ask(one, code)
        await sandbox.group.faults.fallen.wait()
        await one.close()

        assert waiting.cancelled()


class TestLiveCache:
    async def test_within_its_time_the_same_is_told_without_asking_and_with_its_own_times(
        self, source: Source, sandbox, clock, code
    ):
        one = source(caching("60s"))
        first = (await ask(one, code))[code]
        clock.pass_by(seconds=59.9)
        again = (await ask(one, code))[code]

        assert first is again
        assert iso(NOON) == again.as_of
        assert [[code]] == questions(sandbox)

    async def test_at_its_end_it_is_asked_again(self, source: Source, sandbox, clock, code):
        one = source(caching("60s"))
        await ask(one, code)
        sandbox.world.put("jinjiang", "SupplierSanction", code, {"cause": "新的原因"})
        clock.pass_by(seconds=60)
        after = (await ask(one, code))[code]

        assert "新的原因" in causes(after)
        assert [[code], [code]] == questions(sandbox)

    async def test_being_told_does_not_make_it_younger(self, source: Source, sandbox, clock, code):
        one = source(caching("60s"))
        await ask(one, code)
        for _ in range(3):
            clock.pass_by(seconds=25)
            await ask(one, code)

        assert 2 == len(questions(sandbox))

    async def test_a_clock_set_back_makes_nothing_last_longer(self, source: Source, sandbox, clock, code):
        one = source(caching("60s"))
        await ask(one, code)
        clock.pass_by(hours=-1)
        await ask(one, code)

        assert 2 == len(questions(sandbox))

    async def test_another_grant_asks_for_itself(self, source: Source, sandbox, code):
        one = source(caching("60s"))
        await ask(one, code)
        await ask(one, code, fields=BARE)

        assert 2 == len(questions(sandbox))

    async def test_only_the_codes_that_are_not_held_are_asked_for(self, source: Source, sandbox, code, others):
        one = source(caching("60s"))
        await ask(one, code)
        found = await ask(one, others[0], code, others[1])

        assert [[code], others[:2]] == questions(sandbox)
        assert {code, *others[:2]} == set(found)

    async def test_a_failure_is_not_kept(self, source: Source, sandbox, code):
        one = source(caching("60s"))
        sandbox.group.faults.on("error", times=1)
        with pytest.raises(RetryLater, match="SRC_HTTP_500"):
            await ask(one, code)

        assert (await ask(one, code))[code].records

    async def test_a_failure_after_its_time_is_not_covered_by_what_was_said_before(
        self, source: Source, sandbox, clock, code
    ):
        one = source(caching("60s"))
        await ask(one, code)
        clock.pass_by(seconds=61)
        sandbox.group.faults.on("error")
        with pytest.raises(RetryLater, match="SRC_HTTP_500"):
            await ask(one, code)

    async def test_a_code_that_is_held_does_not_hide_that_another_could_not_be_asked(
        self, source: Source, sandbox, code, others
    ):
        one = source(caching("60s"))
        await ask(one, code)
        sandbox.group.faults.on("error")
        with pytest.raises(RetryLater, match="SRC_HTTP_500"):
            await ask(one, code, others[0])


@dataclass
class Parrot(NoRead, NoReport):
    """A connector of another maker: new rows each time, which may or may not say the same."""

    config: SiteConfig
    answers: list[Found] = field(default_factory=list)
    source = "jinjiang"
    capabilities = frozenset({Capability.LOOKUP})

    async def check(self):
        raise AssertionError("not part of this test")

    async def discover(self):
        return listed(self.config)

    async def lookup(self, codes, fields, deadline_s):
        return self.answers.pop(0)

    async def close(self) -> None:
        self.answers.clear()


def rating(text: str, *, index: int = 0, **more) -> Row:
    values = {
        "authority_code": None, "contract_no": "JJ-1", "evaluation_period": "2026Q1", "evaluated_on": "2026-05-01",
        "rating": text,
    }  # fmt: skip
    return Row(values=values, place=Place(part="performance", path=f"$[{index}]"), **more)


def told(*rows: Row, kind: str = "Performance", code: str | None = None) -> Found:
    return Found(rows={code or code_of(1): {kind: rows}}, as_of=NOON)


class TestOtherConnectors:
    @pytest.fixture
    def parrot(self, clock, book, lines):
        def make(*answers: Found) -> LiveSource:
            config = described()
            parrot = Parrot(config, list(answers))
            return LiveSource(config=config, connector=parrot, book=book, clock=clock, log=captured(lines))

        return make

    async def ask(self, source: LiveSource) -> LivePart:
        fields = {"Performance": ["rating"]}
        return (await ask(source, code_of(1), fields=fields, kinds=frozenset({"Performance"})))[code_of(1)]

    async def test_the_same_said_in_new_rows_at_another_place_is_the_same(self, parrot):
        source = parrot(told(rating("良好")), told(rating("良好", index=9)))

        assert (await self.ask(source)).content is (await self.ask(source)).content

    @pytest.mark.parametrize(
        "changed",
        [
            told(rating("优秀")), told(rating("良好", op="D")), told(rating("良好", as_of=NOON)),
            told(rating("良好", extra={"publicity_state": "已撤销"})), told(rating("良好", fault="RW01")), told(),
            told(rating("良好"), rating("良好")),
        ],
    )  # fmt: skip
    async def test_whatever_is_said_otherwise_is_another_content(self, parrot, changed: Found):
        source = parrot(told(rating("良好")), changed)
        before, after = await self.ask(source), await self.ask(source)

        assert before.content is not after.content
        assert 1 == len(before.records)

    async def test_a_row_with_a_time_of_its_own_keeps_it(self, parrot, clock):
        dated = NOON - timedelta(days=3)
        source = parrot(told(rating("良好", as_of=dated)), told(rating("良好", as_of=dated)))
        await self.ask(source)
        clock.pass_by(minutes=5)
        (record,) = (await self.ask(source)).records

        assert iso(dated) == record.provenance.as_of
        assert iso(clock.at) == record.provenance.received_at

    async def test_a_kind_nobody_asked_for_is_not_taken(self, parrot):
        assert () == (await self.ask(parrot(told(rating("良好"), kind="Grade")))).records

    async def test_a_field_nobody_asked_for_is_not_taken(self, parrot):
        row = rating("良好")
        more = Row(values={**row.values, "remark": SECRET}, place=row.place)
        (record,) = (await self.ask(parrot(told(more)))).records

        assert record.body.remark is None

    async def test_an_answer_that_lacks_the_code_is_a_fault_and_not_an_empty_answer(self, parrot):
        with pytest.raises(RetryLater, match="SRC_SHAPE"):
            await self.ask(parrot(told(code=code_of(2))))

    async def test_a_connector_that_fails_otherwise_than_the_port_says_is_typed_and_not_quoted(self, parrot):
        with pytest.raises(SourceError) as raised:
            await self.ask(parrot())

        assert ("SRC_INTERNAL", StopStream) == (raised.value.code, type(raised.value))
