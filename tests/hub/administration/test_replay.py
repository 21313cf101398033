"""A replay asks the questions of the last days again under a drafted policy: whose answers differ, and where."""

import asyncio
import json
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select

from bench import world
from hub.administration.items import SetPartner
from hub.administration.questions import Asked, Questions
from hub.administration.replay import Replays, ReplayState
from hub.clock import iso
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.rehearsal import Rehearsals
from hub.settings import Settings
from hub.store.administration_tables import JournalRow
from hub.store.engine import reading
from hub.store.tables import LogEntry, table_of
from hub.wiring import Surroundings, _ground, _open
from keys.envelope import LocalKey
from tests.hub.administration.hall import ADMINISTRATOR, AUDITOR, DRAFTER, GIVES, STRICTER

ROWS = table_of(JournalRow)
KEY = LocalKey.of(b"question", bytes(32))
CODE = world.code_of(0)
FACTS = "query($code: ID!) { subject(code: $code) { records { nodes { ... on Penalty { facts } } } } }"
NAME = "query($code: ID!) { subject(code: $code) { name } }"


@pytest.fixture
async def questions(hall):
    numbers = iter(range(1_000_000))
    return Questions(hall.engine, KEY, hall.clock, lambda size: next(numbers).to_bytes(size, "big"), days=30)


@pytest.fixture
async def replays(hall, store_url, tmp_path, questions):
    settings = Settings(
        database_url=store_url,
        keys=f"file:{tmp_path}/replay-keys",
        sealing_keys="env:BENCH_SEALING_KEY",
        unsafe_bearer_tokens=True,
    )
    environment = {"BENCH_SEALING_KEY": "A" * 43 + "="}
    around = Surroundings(clock=hall.clock, log=structlog.get_logger("test"), environment=environment)
    await world.store_world(store_url, [0], {"Registration": 1, "Penalty": 2})
    opened = _open(settings, around)
    ground = _ground(opened, settings, around)
    service = Replays(hall.desk, questions, lambda policy, rights, now: Rehearsals(ground, policy, rights, now))
    yield service
    await service.close()
    await opened.live.close()
    await opened.engine.dispose()


def asked(index, text=FACTS, **more):
    usual = {
        "log_index": index,
        "digest": f"sha256:{len(text):02x}",
        "text": text,
        "operation": None,
        "variables": {"code": CODE},
        "partner": None,
        "purpose": "PUBLIC_LOOKUP",
        "context": (),
    }
    return Asked(**{**usual, **more})


async def keep(hall, questions, *some):
    for each in some:
        questions.note(each)
    await questions.flush()


def now(hall):
    return iso(hall.clock.now())


async def ended(service, acting, progress):
    while progress.state is ReplayState.RUNNING:
        await asyncio.sleep(0)
        progress = await service.progress(acting, progress.id)
    return progress


async def replayed(hall, replays, change, *, days=30):
    acting = await hall.officer(DRAFTER)
    progress = await ended(replays, acting, await replays.begin(acting, change.id, days=days))
    return progress, (await replays.page(acting, progress.id, first=100)).rows


async def journal(hall):
    async with reading(hall.engine) as reader:
        rows = await reader.rows(select(ROWS.c.body).where(ROWS.c.kind == "simulation").order_by(ROWS.c.id))
    return [json.loads(row.body) for row in rows]


class TestReplay:
    async def test_tells_whose_answers_would_have_differed_and_where(self, hall, questions, replays):
        """Penalty.facts becomes S: the public, who asked twice for it, would have been refused it."""
        at = now(hall)
        await keep(hall, questions, asked(1, at=at), asked(2, at=at), asked(3, NAME, at=at))
        progress, rows = await replayed(hall, replays, await hall.draft(STRICTER))

        assert (ReplayState.DONE, 3, 2, 2, 0) == (
            progress.state,
            progress.asked,
            progress.rehearsed,
            progress.differing,
            progress.left_out,
        )
        (row,) = rows
        assert (None, "PUBLIC_LOOKUP", asked(1, at=at).digest, 2) == (row.partner, row.purpose, row.document, row.count)
        assert "purpose.tier" == row.coordinates["Penalty.facts"][1]

    async def test_tells_nothing_where_nothing_changes(self, hall, questions, replays):
        await keep(hall, questions, asked(1, at=now(hall)), asked(2, NAME, at=now(hall)))
        progress, rows = await replayed(hall, replays, await hall.draft(GIVES))

        assert (2, 0, []) == (progress.asked, progress.differing, list(rows))

    async def test_a_partner_that_would_not_be_served_is_told(self, hall, questions, replays):
        context = (("lot", "2"), ("stage", "S5"), ("tender", "T-1"))
        one = asked(1, NAME, at=now(hall), partner="buyer", purpose="PROCUREMENT_CHECK", context=context)
        await keep(hall, questions, one)
        change = await hall.draft(SetPartner(id="buyer", state="suspended"), by=ADMINISTRATOR)
        _, (row,) = await replayed(hall, replays, change)

        assert ("buyer", (None, "UNAUTHENTICATED")) == (row.partner, row.refused)

    async def test_whoever_is_served_no_more_is_left_out_and_counted(self, hall, questions, replays):
        await keep(hall, questions, asked(1, at=now(hall), partner="gone"))
        progress, rows = await replayed(hall, replays, await hall.draft(STRICTER))

        assert (1, 1, []) == (progress.asked, progress.left_out, list(rows))

    async def test_older_questions_are_not_asked(self, hall, questions, replays):
        await keep(hall, questions, asked(1, at=iso(hall.clock.now() - timedelta(days=3))))
        progress, _ = await replayed(hall, replays, await hall.draft(STRICTER), days=2)

        assert 0 == progress.asked

    async def test_no_content_is_told_and_no_answer_is_logged(self, hall, questions, replays):
        await keep(hall, questions, asked(1, at=now(hall)))
        _, rows = await replayed(hall, replays, await hall.draft(STRICTER))

        assert [] == list(await hall.rows(LogEntry))
        assert CODE not in repr(rows)
        assert CODE not in repr(await journal(hall))

    async def test_it_is_journalled_when_it_begins_and_when_it_ends(self, hall, questions, replays):
        await keep(hall, questions, asked(1, at=now(hall)))
        progress, _ = await replayed(hall, replays, await hall.draft(STRICTER))
        begun, over = await journal(hall)

        assert ("replay_begun", DRAFTER, progress.id) == (begun["action"], begun["by"], begun["replay"])
        assert ("replay_ended", "done", 1, 1) == tuple(over[key] for key in ("action", "state", "asked", "differing"))


class TestStopping:
    async def test_what_was_found_until_then_stays(self, hall, questions, replays):
        await keep(
            hall, questions, *(asked(index, at=now(hall), variables={"code": str(index)}) for index in range(50))
        )
        acting = await hall.officer(DRAFTER)
        begun = await replays.begin(acting, (await hall.draft(STRICTER)).id, days=30)
        stopped = await replays.stop(acting, begun.id)

        assert ReplayState.STOPPED is stopped.state
        assert stopped.asked < 50
        assert len((await replays.page(acting, begun.id, first=100)).rows) <= 1
        assert "stopped" == (await journal(hall))[-1]["state"]

    async def test_another_may_begin_then(self, hall, questions, replays):
        await keep(
            hall, questions, *(asked(index, at=now(hall), variables={"code": str(index)}) for index in range(50))
        )
        acting = await hall.officer(DRAFTER)
        change = await hall.draft(STRICTER)
        first = await replays.begin(acting, change.id, days=30)
        with pytest.raises(ConflictError) as busy:
            await replays.begin(acting, change.id, days=30)
        with pytest.raises(ConflictError) as running:
            await replays.page(acting, first.id, first=10)
        await replays.stop(acting, first.id)

        assert ("replay.busy", "replay.running") == (busy.value.rule, running.value.rule)
        assert ReplayState.DONE is (await replayed(hall, replays, change))[0].state


class TestRefusals:
    @pytest.mark.parametrize("name", [ADMINISTRATOR, AUDITOR])
    async def test_only_a_security_officer_replays(self, name, hall, replays):
        change = await hall.draft(STRICTER)
        with pytest.raises(ForbiddenError):
            await replays.begin(await hall.officer(name), change.id, days=1)

        assert [] == await journal(hall)

    @pytest.mark.parametrize("days", [0, -1, 31])
    async def test_days_beyond_what_is_kept(self, days, hall, replays):
        with pytest.raises(BadInputError):
            await replays.begin(await hall.officer(DRAFTER), "x", days=days)

    async def test_an_unknown_replay(self, hall, replays):
        with pytest.raises(BadInputError) as refused:
            await replays.progress(await hall.officer(DRAFTER), "none")

        assert "replay.unknown" == refused.value.extensions["rule"]
