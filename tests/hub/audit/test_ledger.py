"""Promises of the writing side that need its hands: who joins a group late, and who holds the turn too long."""

import secrets

import pytest
from sqlalchemy import text

from hub.audit.book import NOTHING, Wants
from hub.audit.errors import LogUnavailableError, StaleReadError
from hub.audit.ledger import Ledger
from hub.audit.postgres import PostgresBook
from hub.audit.receipts import Receipt
from hub.audit.sealing import seal
from hub.audit.step import Step, Waiting
from hub.audit.verify import verify_receipt
from hub.audit.walk import check_log
from hub.store.engine import address_of
from keys.merkle import Frontier
from tests.hub.audit.conftest import CODE, counted, note, signer_of

AT = "2026-11-20T00:00:00.000000Z"
VKEY = signer_of().verifier.vkey()


def waiting(*notes):
    return [Waiting(pending=pending, sealed=seal(pending.entry, secrets.token_bytes)) for pending in notes]


@pytest.fixture
def ledgers(store_url):
    """Two processes' ledgers on one store; both have looked at it."""
    both = [Ledger(address_of(store_url), signer_of(), patience_s=5) for _ in range(2)]
    for ledger in both:
        ledger.check()
    yield both
    for ledger in both:
        ledger.close()


def nobody():
    pytest.fail("nobody was to be asked")


class TestJoin:
    async def test_who_came_while_another_wrote_goes_along(self, store, ledgers):
        """One turn, one signature, one fsync for all of them, or many processes would write many small groups."""
        ours, theirs = ledgers
        theirs.commit(waiting(note(0), note(1)), AT)
        group = waiting(note(2))
        receipts = ours.commit(group, AT, lambda: waiting(note(3, delivered=True), note(4)))

        assert [2, 3, 4] == [receipt.index for receipt in receipts]
        assert 3 == len(group)
        assert all(verify_receipt(receipt.as_extension(), [VKEY]).valid for receipt in receipts)
        assert 2 == await counted(store, "log_checkpoint")
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_while_nobody_else_writes_nobody_is_asked(self, ledgers):
        ours, _ = ledgers
        first = ours.commit(waiting(note(0)), AT, nobody)
        second = ours.commit(waiting(note(1)), AT, nobody)

        assert [0, 1] == [receipt.index for receipt in first + second]

    async def test_that_nobody_came_harms_nobody(self, ledgers):
        ours, theirs = ledgers
        theirs.commit(waiting(note(0)), AT)

        assert [1] == [receipt.index for receipt in ours.commit(waiting(note(1)), AT, list)]

    async def test_who_joins_with_a_stale_read_alone_asks_again(self, store, ledgers):
        """Its reads are compared in this turn like everyone's."""
        ours, theirs = ledgers
        theirs.commit(waiting(note(0)), AT)
        late = waiting(note(2, reads={CODE: 1}), note(3, reads={CODE: 0}), note(4, epochs={"policy": -1}))
        outcomes = ours.commit(waiting(note(1, reads={"91510100MA6ABCDE2X": 7}), note(5)), AT, lambda: late)

        assert [StaleReadError, Receipt, StaleReadError, Receipt, StaleReadError] == list(map(type, outcomes))
        assert [1, 2] == [outcomes[1].index, outcomes[3].index]
        assert [("91510100MA6ABCDE2X",), (CODE,), ()] == [outcomes[place].codes for place in (0, 2, 4)]

    async def test_when_all_are_stale_nothing_is_written_and_the_turn_is_given_back(self, store, ledgers):
        ours, theirs = ledgers
        theirs.commit(waiting(note(0)), AT)
        outcomes = ours.commit(waiting(note(1, reads={CODE: 1})), AT, lambda: waiting(note(2, reads={CODE: 2})))
        theirs.commit(waiting(note(3)), AT)

        assert [StaleReadError] * 2 == list(map(type, outcomes))
        assert 2 == await counted(store, "log_entry")

    async def test_a_fault_while_others_join_writes_nothing_and_gives_the_turn_back(self, store, ledgers):
        ours, theirs = ledgers
        theirs.commit(waiting(note(0)), AT)

        def broken():
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            ours.commit(waiting(note(1)), AT, broken)
        assert [1] == [receipt.index for receipt in theirs.commit(waiting(note(2)), AT)]
        assert [2] == [receipt.index for receipt in ours.commit(waiting(note(3)), AT)]


class TestGroups:
    @pytest.mark.parametrize("size", [1, 2, 31, 33, 600])
    async def test_a_group_of_any_size_is_written_whole(self, store, ledgers, size):
        """All of its rows, however many go to a statement, with subjects of every number and a public asker."""
        ours, _ = ledgers
        group = waiting(*(note(number, delivered=number % 3 == 0) for number in range(size)))
        receipts = ours.commit(group, AT)

        assert list(range(size)) == [receipt.index for receipt in receipts]
        assert len(range(0, size, 3)) == await counted(store, "delivery")
        report = await check_log(store, signer_of().verifier)
        assert (size, size, 1, None) == (report.size, report.openings, report.checkpoints, report.broken)

    async def test_what_the_store_keeps_of_an_opening_is_what_the_asker_got(self, store, ledgers):
        ours, _ = ledgers
        (receipt,) = ours.commit(waiting(note(1)), AT)
        async with store.connect() as connection:
            stored = (await connection.execute(text("SELECT opening FROM log_opening"))).scalar_one()

        assert stored == receipt.opening
        assert stored in receipt.extension


@pytest.mark.postgres
class TestTurn:
    def test_who_falls_silent_while_it_has_the_turn_loses_it_and_learns_so(self, postgres_url):
        """A stopped process, a machine that is gone: the database gives the turn on, and nothing of theirs is kept."""
        silent = PostgresBook(address_of(postgres_url), 0.1)
        other = Ledger(address_of(postgres_url), signer_of(), patience_s=10)
        other.check()
        silent.begin(Wants())
        receipts = other.commit(waiting(note(0)), AT)
        step = Step.of(Frontier(), waiting(note(1)), signer_of(), AT)

        with pytest.raises(silent.faults):
            silent.write(step, NOTHING)
        assert [0] == [receipt.index for receipt in receipts]
        assert [1] == [receipt.index for receipt in other.commit(waiting(note(2)), AT)]
        silent.close()
        other.close()

    def test_a_store_without_epochs_is_no_store(self, postgres_url):
        """One that was not migrated: nothing could tell that a policy had changed, so nothing is written."""
        book = PostgresBook(address_of(postgres_url), 5)
        book.begin(Wants())
        book.end()
        book.end()
        book.close()
        book.close()
        ledger = Ledger(address_of(postgres_url).set(database="postgres"), signer_of(), patience_s=5)

        with pytest.raises(LogUnavailableError) as refusal:
            ledger.check()
        assert "UndefinedTable 42P01" == refusal.value.reason
        ledger.close()
