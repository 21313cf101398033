"""What was granted is fetched, archive and live sources side by side, and no source holds up or fails a question."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import LogCapture

from connectors.errors import OperatorNeeded, RetryLater
from connectors.sandbox import Options, Sandbox
from connectors.templates import sandbox_variables
from hub.clock import iso
from hub.errors import UnavailableError
from hub.ingest.live import LiveSource
from hub.road.contacts import Contacts
from hub.road.fetch import Fetched, Fetcher
from hub.rulebook import load_rules
from hub.store.dossiers import Dossiers
from hub.store.engine import open_engine
from hub.store.sources import SourceState, freshness
from tests.hub.ingest.living import NOON, MovableClock, captured, described, live_source
from tests.hub.ingest.world import code_of

KINDS = frozenset({"Registration", "Penalty", "SupplierSanction", "Performance"})
FIELDS = {"SupplierSanction": ("cause",), "Performance": ("rating",), "Penalty": ("facts",)}


@dataclass
class Ground:
    """Two platforms that are asked live, and what fetching needs around them."""

    platforms: Mapping[str, Sandbox]
    sources: Sequence[LiveSource]
    clock: MovableClock
    contacts: Contacts = field(default_factory=Contacts)
    lines: LogCapture = field(default_factory=LogCapture)

    def fetcher(self, store, *, deadline_s: float = 20) -> Fetcher:
        return Fetcher(
            Dossiers(store),
            self.sources,
            self.contacts,
            deadline_s=deadline_s,
            clock=self.clock,
            log=captured(self.lines),
        )

    def questions(self) -> list[list[str]]:
        return [one.codes for platform in self.platforms.values() for one in platform.group.asked]

    @property
    def jinjiang(self) -> Sandbox:
        return self.platforms["jinjiang"]

    @property
    def code(self) -> str:
        platform = self.jinjiang
        return next(code for code in platform.world.showcase() if platform.group.records("SupplierSanction", code))


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    clock, book = MovableClock(), load_rules()
    platforms: dict[str, Sandbox] = {}
    sources: list[LiveSource] = []
    async with AsyncExitStack() as stack:
        for site in ("jinjiang", "jinjiang-2"):
            options = Options(today=NOON.date(), dirt=False)
            sandbox = Sandbox(tmp_path / site, seed=7, size=40, options=options, clock=clock.seconds)
            platforms[site] = await stack.enter_async_context(sandbox)
            config = described(('id = "jinjiang"', f'id = "{site}"'))
            sources.append(live_source(config, sandbox_variables(sandbox.sites), book, clock, LogCapture()))
            stack.push_async_callback(sources[-1].close)
        yield Ground(platforms=platforms, sources=sources, clock=clock)


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """An archive without anybody in it; what the stores differ in is tested with them."""
    engine = open_engine(sqlite_url)
    yield engine
    await engine.dispose()


def told_by(fetched: Fetched, code: str) -> list[str]:
    return [part.source for part in fetched.parts.get(code, ())]


def faults(fetched: Fetched) -> dict[str, str]:
    return {fault.source: fault.code for fault in fetched.missing}


def state_of(contacts: Contacts, source: str) -> SourceState:
    last = iso(NOON.replace(year=2025))
    state = SourceState(
        id=source, name_zh="锦江", name_en="Jinjiang", connector="group", owner_code=None, region=None, rank=30,
        live=True, max_age_s=300, state=freshness(last, None, 300, NOON), last_tried_at=last, last_succeeded_at=last,
        last_error=None,
    )  # fmt: skip
    return contacts.told(state, NOON)


class TestFetch:
    async def test_every_source_that_serves_a_granted_kind_tells_its_part_in_order(self, ground, store):
        fetched = await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert ["jinjiang", "jinjiang-2"] == told_by(fetched, ground.code)
        assert () == fetched.missing
        assert 2 * len(fetched.parts[ground.code][0].records) == len(fetched.live[ground.code])

    async def test_no_source_is_asked_for_kinds_that_were_not_granted(self, ground, store):
        fetched = await ground.fetcher(store).fetch([ground.code], frozenset({"Registration", "Penalty"}), FIELDS)

        assert {} == fetched.parts
        assert [] == ground.questions()

    async def test_no_source_is_asked_where_only_the_archive_is_wanted(self, ground, store):
        await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS, ask_live=False)

        assert [] == ground.questions()

    async def test_nothing_is_asked_about_nobody(self, ground, store):
        fetched = await ground.fetcher(store).fetch([], KINDS, FIELDS)

        assert ({}, {}, ()) == (fetched.parts, fetched.dossiers, fetched.missing)
        assert [] == ground.questions()

    async def test_a_subject_no_source_knows_has_no_part(self, ground, store):
        assert {} == (await ground.fetcher(store).fetch([code_of(1)], KINDS, FIELDS)).parts

    async def test_500_subjects_are_one_question_to_each_source_and_1000_are_two(self, ground, store):
        fetcher = ground.fetcher(store)
        await fetcher.fetch([code_of(number) for number in range(500)], KINDS, FIELDS)
        few = len(ground.questions())
        await fetcher.fetch([code_of(number) for number in range(1000)], KINDS, FIELDS)

        assert (2, 4) == (few, len(ground.questions()) - few)

    async def test_questions_of_one_moment_are_one_question_to_each_source(self, ground, store):
        fetcher, codes = ground.fetcher(store), ground.jinjiang.world.showcase()
        fetched = await asyncio.gather(*(fetcher.fetch([code], KINDS, FIELDS) for code in codes))

        assert [sorted(codes), sorted(codes)] == [sorted(asked) for asked in ground.questions()]
        assert all(
            {part.content.subject} == {code}
            for code, one in zip(codes, fetched, strict=True)
            for part in one.parts.get(code, ())
        )


class TestFaults:
    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("down", "SRC_UNREACHABLE"), ("error", "SRC_HTTP_500"), ("html", "SRC_HTML"), ("half", "SRC_TRUNCATED"),
            ("cut", "SRC_BODY"),
        ],
    )  # fmt: skip
    async def test_one_source_that_fails_is_named_and_the_other_tells_its_part(self, ground, store, fault, code):
        ground.jinjiang.group.faults.on(fault)
        fetched = await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert {"jinjiang": code} == faults(fetched)
        assert ["jinjiang-2"] == told_by(fetched, ground.code)

    async def test_a_refused_connection_is_named_as_well(self, ground, store):
        await ground.jinjiang.refuse("jinjiang")
        fetched = await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert {"jinjiang": "SRC_UNREACHABLE"} == faults(fetched)

    async def test_all_sources_may_fail_and_the_archive_answers_alone(self, ground, store):
        for platform in ground.platforms.values():
            platform.group.faults.on("error")
        fetched = await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert {"jinjiang", "jinjiang-2"} == faults(fetched).keys()
        assert {} == fetched.parts

    async def test_a_slow_source_is_missing_at_the_deadline_and_what_others_said_is_kept(self, ground, store):
        ground.jinjiang.group.faults.on("slow", seconds=60)
        async with asyncio.timeout(10):
            fetched = await ground.fetcher(store, deadline_s=0.5).fetch([ground.code], KINDS, FIELDS)

        assert {"jinjiang": "SRC_TIMEOUT"} == faults(fetched)
        assert ["jinjiang-2"] == told_by(fetched, ground.code)

    async def test_a_fault_is_logged_by_its_code_and_names_no_subject(self, ground, store):
        ground.jinjiang.group.faults.on("html")
        await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert [("source_unavailable", "jinjiang", "SRC_HTML")] == [
            (line["event"], line["source"], line["code"]) for line in ground.lines.entries
        ]
        assert ground.code not in str(ground.lines.entries)

    async def test_an_archive_that_fails_fails_the_question_and_leaves_no_call_behind(self, ground, tmp_path):
        """
        Nothing is answered from live sources alone, and nobody waits for what they would have said.
        """
        engine = open_engine(f"sqlite:///{tmp_path}/empty.db")
        waiting = Waiting()
        ground.sources = [waiting]
        with pytest.raises(UnavailableError):
            await ground.fetcher(engine).fetch([ground.code], KINDS, FIELDS)
        await engine.dispose()

        assert [True] == [call.cancelled() for call in waiting.calls]

    async def test_who_asked_and_left_does_not_take_other_askers_calls_along(self, ground, store):
        fetcher, (other, *_) = ground.fetcher(store), ground.jinjiang.world.showcase()
        ground.jinjiang.group.faults.on("slow", seconds=60)
        leaving = asyncio.create_task(fetcher.fetch([ground.code], KINDS, FIELDS))
        staying = asyncio.create_task(fetcher.fetch([other], KINDS, FIELDS))
        await ground.jinjiang.group.faults.fallen.wait()
        leaving.cancel()
        await asyncio.wait([leaving])
        ground.jinjiang.group.faults.off()

        assert () == (await staying).missing
        assert leaving.cancelled()


class TestContact:
    async def test_an_answer_and_a_fault_are_remembered_for_the_status(self, ground, store):
        ground.jinjiang.group.faults.on("html")
        await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert "SRC_HTML" == state_of(ground.contacts, "jinjiang").last_error
        assert iso(NOON) == state_of(ground.contacts, "jinjiang-2").last_succeeded_at
        assert state_of(ground.contacts, "jinjiang-2").last_error is None


@dataclass
class Waiting:
    """A source of another maker that never answers."""

    calls: list[asyncio.Future] = field(default_factory=list)
    id: str = "other"
    serves: frozenset[str] = frozenset({"Performance"})

    def ask(self, _codes, _kinds, _fields, *, deadline_s):
        self.calls.append(asyncio.get_running_loop().create_future())
        return self.calls[-1]


@dataclass
class Failing:
    """A source of another maker, whose call ends as the test says."""

    error: BaseException
    id: str = "other"
    serves: frozenset[str] = frozenset({"Performance"})

    def ask(self, _codes, _kinds, _fields, *, deadline_s):
        call = asyncio.get_running_loop().create_future()
        call.set_exception(self.error)
        return call


class TestOtherSources:
    @pytest.mark.parametrize("error", [OperatorNeeded("other", "SRC_TLS", "secret"), RetryLater("other", "SRC_IO")])
    async def test_an_error_is_known_by_its_code_alone(self, ground, store, error):
        ground.sources = [Failing(error)]
        fetched = await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)

        assert {"other": error.code} == faults(fetched)
        assert "secret" not in str(ground.lines.entries)

    async def test_a_fault_of_ours_is_not_taken_for_the_sources(self, ground, store):
        """
        What is no `SourceError` is a defect of the hub: the question fails, it is not answered without the part.
        """
        ground.sources = [Failing(ZeroDivisionError())]
        with pytest.raises(ZeroDivisionError):
            await ground.fetcher(store).fetch([ground.code], KINDS, FIELDS)
