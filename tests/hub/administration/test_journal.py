"""Each row of the journal becomes exactly one log entry, whatever dies and however many processes announce."""

import asyncio
import secrets

import orjson
import pytest
from sqlalchemy import select, text, update

from hub.administration.journal import PLACE_UNKNOWN, Journal
from hub.audit.errors import EntryError, LogUnavailableError
from hub.audit.sequencer import Sequencer
from hub.store.administration_tables import JournalRow
from hub.store.engine import open_engine, reading, writing
from hub.store.tables import LogEntry, LogOpening, PolicyVersion, table_of
from tests.hub.administration.hall import GIVES, STRICTER, hall_of
from tests.hub.audit.conftest import ORIGIN, signer_of
from tests.hub.identity.officers.bureau import Hands

_ROW, _ENTRY, _OPENING = (table_of(model) for model in (JournalRow, LogEntry, LogOpening))


class DyingLog:
    """The log of a process that dies between appending and noting: what it appended is durable."""

    def __init__(self, log: Sequencer) -> None:
        self._log = log

    async def append(self, pending):
        await self._log.append(pending)
        raise KeyboardInterrupt


async def sequencer(engine) -> Sequencer:
    made = Sequencer(engine, signer_of(), ORIGIN, Hands().now, secrets.token_bytes)
    await made.start()
    return made


@pytest.fixture
async def log(store):
    made = await sequencer(store)
    yield made
    await made.stop()


@pytest.fixture
def journal(store) -> Journal:
    return Journal(store, Hands(), secrets.token_bytes)


async def write(journal, store, *numbers: int) -> None:
    for number in numbers:
        async with writing(store) as writer:
            await journal.record(writer, "grant", {"action": "given", "number": number})


async def announced(store) -> list[tuple[int, str, dict]]:
    """(index, kind, values) of every entry of the log."""
    query = select(_ENTRY.c.index.label("place"), _ENTRY.c.kind, _OPENING.c.opening)
    async with reading(store) as reader:
        rows = await reader.rows(query.join(_OPENING, _OPENING.c.index == _ENTRY.c.index).order_by(_ENTRY.c.index))
    return [
        (row.place, row.kind, {name: part["value"] for name, part in orjson.loads(row.opening).items()}) for row in rows
    ]


async def noted(store) -> dict[str, int | None]:
    async with reading(store) as reader:
        return {row.id: row.log_index for row in await reader.rows(select(_ROW).order_by(_ROW.c.id))}


class TestRecord:
    async def test_is_kept_exactly_if_the_act_is(self, journal, store):
        async def think_better_of_it():
            async with writing(store) as writer:
                await journal.record(writer, "grant", {"action": "given"})
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await think_better_of_it()

        assert {} == await noted(store)

    @pytest.mark.parametrize(("kind", "values"), [("gossip", {"a": 1}), ("grant", {})])
    async def test_what_could_not_be_announced_is_refused(self, journal, store, kind, values):
        with pytest.raises(EntryError):
            async with writing(store) as writer:
                await journal.record(writer, kind, values)


class TestAnnounce:
    async def test_in_order_with_its_values_and_once(self, journal, store, log):
        await write(journal, store, 1, 2, 3)
        first, second = await journal.announce(log), await journal.announce(log)
        entries, rows = await announced(store), await noted(store)

        assert (3, 0) == (first, second)
        assert [("grant", 1), ("grant", 2), ("grant", 3)] == [(kind, each["number"]) for _, kind, each in entries]
        assert list(rows) == [each["journal"] for _, _, each in entries]
        assert [0, 1, 2] == list(rows.values())

    async def test_a_death_between_appending_and_noting_makes_no_second_entry(self, journal, store, log):
        await write(journal, store, 1, 2)
        with pytest.raises(KeyboardInterrupt):
            await journal.announce(DyingLog(log))
        left = await noted(store)
        await journal.announce(log)

        assert [None, None] == list(left.values())
        assert [0, 1] == list((await noted(store)).values())
        assert [1, 2] == [each["number"] for _, _, each in await announced(store)]

    async def test_many_processes_at_once_make_one_entry_a_row(self, journal, store, log, store_url):
        await write(journal, store, *range(12))
        elsewhere = [open_engine(store_url) for _ in range(3)]
        logs = [log, *[await sequencer(engine) for engine in elsewhere]]
        others = [Journal(engine, Hands(), secrets.token_bytes) for engine in elsewhere]
        await asyncio.gather(*(each.announce(one) for each, one in zip([journal, *others], logs, strict=True)))
        for each in logs[1:]:
            await each.stop()
        for engine in elsewhere:
            await engine.dispose()
        rows = await noted(store)

        assert [*range(12)] == sorted(each["number"] for _, _, each in await announced(store))
        assert {each["journal"]: place for place, _, each in await announced(store)} == rows

    async def test_without_a_log_rows_wait_for_a_process_that_has_one(self, journal, store, log):
        await write(journal, store, 1)

        assert 0 == await journal.announce()
        assert 1 == await Journal(store, Hands(), secrets.token_bytes, log=log).announce()

    async def test_a_log_that_is_not_there_only_delays(self, store):
        stopped = await sequencer(store)
        await stopped.stop()
        journal = Journal(store, Hands(), secrets.token_bytes, log=stopped)
        await write(journal, store, 1)
        await journal.announce_quietly()

        assert [None] == list((await noted(store)).values())
        with pytest.raises(LogUnavailableError):
            await journal.announce()

    async def test_an_entry_whose_opening_is_gone_is_not_written_again(self, journal, store, log):
        await write(journal, store, 1)
        await journal.announce(log)
        async with writing(store) as writer:
            await writer.write(update(_ROW).values(log_index=None))
            await writer.write(text("DELETE FROM log_opening"))

        await journal.announce(log)

        assert [PLACE_UNKNOWN] == list((await noted(store)).values())
        assert 0 == await journal.announce(log)
        async with reading(store) as reader:
            assert 1 == len(await reader.rows(select(_ENTRY.c.index)))

    async def test_every_version_of_the_policy_has_its_entry_once(self, hall, log):
        await hall.in_force(STRICTER)
        await hall.in_force(GIVES)
        await hall.desk.journal.announce(log)
        await hall.desk.journal.announce(log)
        told = [each["version"] for _, kind, each in await announced(hall.engine) if kind == "policy"]

        assert [1, 2, 3] == told
        assert [] == await hall.rows(PolicyVersion, PolicyVersion.log_index.is_(None))

    async def test_an_act_is_announced_when_it_is_done(self, hall, log):
        await hall_of(hall.bureau, log).draft(STRICTER)
        kinds = [(kind, each.get("action")) for _, kind, each in await announced(hall.engine)]

        assert ("change", "drafted") == kinds[-1]
        assert None not in (await noted(hall.engine)).values()


class TestPage:
    async def test_newest_first_by_kind(self, journal, store):
        await write(journal, store, 1, 2, 3)
        async with writing(store) as writer:
            await journal.record(writer, "alarm", {"action": "raised"})
        page = await journal.page(first=2, kind="grant")
        rest = await journal.page(first=2, kind="grant", after=page.end)

        assert [3, 2] == [row.values["number"] for row in page.rows]
        assert ([1], None) == ([row.values["number"] for row in rest.rows], rest.end)
        assert ["alarm"] == [row.kind for row in (await journal.page(first=1)).rows]
