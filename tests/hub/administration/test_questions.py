"""What was asked is kept for replay: sealed, for some days, and never in the way of an answer."""

from base64 import b64decode
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub.administration.questions import VARIABLES_MAX, WAITING_MAX, Asked, Questions
from hub.clock import iso
from hub.store.administration_tables import AskedDocument, Question
from hub.store.engine import reading, writing
from hub.store.tables import table_of
from keys.envelope import LocalKey
from tests.hub.identity.officers.bureau import NOON, Hands

Q, D = table_of(Question), table_of(AskedDocument)
KEY = LocalKey.of(b"question", bytes(32))
ONE = Asked(
    log_index=7,
    at=iso(NOON),
    digest="sha256:aa",
    text="{ subject { name } }",
    operation=None,
    variables={"code": "91510100MA6JJ00000", "deep": [1, {"x": None}]},
    partner="buyer",
    purpose="PROCUREMENT_CHECK",
    context=(("lot", "2"), ("tender", "T-1")),
)


@pytest.fixture
def clock():
    return Hands(NOON)


@pytest.fixture
def questions(store, clock):
    numbers = iter(range(1_000_000))
    return Questions(store, KEY, clock, lambda size: next(numbers).to_bytes(size, "big"), days=30)


async def since(questions, **more):
    return await questions.since(NOON - timedelta(days=90), first=100, **more)


async def rows(store, table):
    async with reading(store) as reader:
        return await reader.rows(select(table))


class TestKeeping:
    async def test_what_was_asked_is_read_as_it_was(self, questions):
        questions.note(ONE)
        await questions.flush()

        assert [ONE] == (await since(questions)).asked

    async def test_nothing_is_written_before_it_is_flushed(self, questions, store):
        questions.note(ONE)

        assert [] == list(await rows(store, Q))

    async def test_one_document_is_kept_once(self, questions, store):
        for index in (7, 8):
            questions.note(replace(ONE, log_index=index))
        await questions.flush()
        questions.note(replace(ONE, log_index=9))
        await questions.flush()

        assert (3, 1) == (len(await rows(store, Q)), len(await rows(store, D)))

    async def test_documents_are_sealed(self, questions, store):
        """Somebody writes a code, a name or a number into the document itself."""
        secret = "91510100MA6JJ00000"
        questions.note(replace(ONE, text=f'{{ subject(code: "{secret}") {{ name }} }}'))
        await questions.flush()
        (row,) = await rows(store, D)

        assert secret not in row.text
        assert secret not in b64decode(row.text).decode("latin-1")
        assert secret in (await since(questions)).asked[0].text

    async def test_document_moved_to_another_digest_is_not_believed(self, questions, store):
        questions.note(ONE)
        questions.note(replace(ONE, log_index=8, digest="sha256:bb", text="{ me { actor } }"))
        await questions.flush()
        texts = {row.digest: row.text for row in await rows(store, D)}
        async with writing(store) as writer:
            await writer.write(update(D).where(D.c.digest == "sha256:aa").values(text=texts["sha256:bb"]))
        kept = await since(questions)

        assert (1, [8]) == (kept.unreadable, [asked.log_index for asked in kept.asked])

    async def test_variables_are_sealed(self, questions, store):
        """Who reads the table does not read about whom it was asked."""
        questions.note(ONE)
        await questions.flush()
        (row,) = await rows(store, Q)

        assert b"9151" not in row.variables
        assert "9151" not in repr([value for name, value in row._mapping.items() if name != "variables"])

    async def test_a_question_moved_to_another_entry_is_not_believed(self, questions, store):
        questions.note(ONE)
        await questions.flush()
        async with writing(store) as writer:
            await writer.write(update(Q).values(log_index=8))
        kept = await since(questions)

        assert ([], 1, 8) == (kept.asked, kept.unreadable, kept.end)

    async def test_questions_are_read_on_behind_the_last(self, questions):
        for index in range(5):
            questions.note(replace(ONE, log_index=index))
        await questions.flush()
        first = await questions.since(NOON, first=3)
        rest = await questions.since(NOON, first=3, after=first.end)

        assert [0, 1, 2, 3, 4] == [each.log_index for each in (*first.asked, *rest.asked)]
        assert (await since(questions, after=rest.end)).end is None


class TestBounds:
    async def test_no_days_keep_nothing(self, store, clock):
        questions = Questions(store, KEY, clock, bytes, days=0)
        questions.note(ONE)

        assert 0 == await questions.flush()

    async def test_too_many_that_wait_are_counted_and_let_go(self, questions):
        for index in range(WAITING_MAX + 3):
            questions.note(replace(ONE, log_index=index))

        assert 3 == questions.lost

    async def test_one_that_is_too_large_is_counted_and_let_go(self, questions):
        questions.note(replace(ONE, variables={"long": "x" * VARIABLES_MAX}))
        written = await questions.flush()

        assert (0, 1) == (written, questions.lost)

    @pytest.mark.parametrize("text", ["# \0\n{ me { actor } }", "# \ud800\n{ me { actor } }"])
    async def test_one_that_no_store_takes_holds_up_nobody(self, text, questions, store):
        questions.note(replace(ONE, text=text, digest="sha256:bb"))
        questions.note(replace(ONE, log_index=8))
        await questions.flush()

        assert ([8], 1) == ([row.log_index for row in await rows(store, Q)], questions.lost)
        assert ["sha256:aa"] == [row.digest for row in await rows(store, D)]

    async def test_old_ones_go_with_their_documents(self, questions, store, clock):
        questions.note(ONE)
        await questions.flush()
        clock.turn(timedelta(days=31))
        questions.note(replace(ONE, log_index=8, at=iso(clock.now()), digest="sha256:bb"))
        await questions.flush()

        assert [8] == [row.log_index for row in await rows(store, Q)]
        assert ["sha256:bb"] == [row.digest for row in await rows(store, D)]

    async def test_those_in_time_stay(self, questions, store, clock):
        questions.note(ONE)
        await questions.flush()
        clock.turn(timedelta(days=29))
        await questions.flush()

        assert 1 == len(await rows(store, Q))


class TestFailing:
    async def test_what_could_not_be_written_waits_again(self, questions, store):
        """The entry is there already: nothing of the group is written, and nothing is forgotten."""
        questions.note(ONE)
        await questions.flush()
        questions.note(ONE)
        questions.note(replace(ONE, log_index=8))
        with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
            await questions.flush()

        assert 1 == len(await rows(store, Q))
