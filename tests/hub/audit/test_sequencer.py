import asyncio
import sqlite3
from contextlib import closing

import psycopg
import pytest

from hub.audit.entries import Entry, Pending
from hub.audit.errors import EntryError, LogBrokenError, LogUnavailableError
from hub.audit.log import Log
from hub.audit.sequencer import Sequencer
from hub.audit.verify import verify_receipt
from hub.audit.walk import check_log
from hub.store.engine import open_engine
from keys.errors import NoteError
from tests.hub.audit.conftest import ORIGIN, change, clock, counted, note, sequencer_on, signer_of

VKEY = signer_of().verifier.vkey()


async def all_of(*askers):
    return await asyncio.gather(*askers, return_exceptions=True)


def file_of(engine):
    return engine.url.database


class TestAppend:
    async def test_every_receipt_verifies_and_no_index_is_left_out_or_used_twice(self, store, sequencer):
        receipts = [await sequencer.append(note(number)) for number in range(5)]
        receipts += await asyncio.gather(*(sequencer.append(note(number)) for number in range(40)))

        assert list(range(45)) == sorted(receipt.index for receipt in receipts)
        assert all(verify_receipt(receipt.as_extension(), [VKEY]).valid for receipt in receipts)
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_who_asks_together_shares_a_commit(self, store, sequencer):
        """One signature and one fsync for many: the first goes alone, the rest wait for it and go together."""
        await asyncio.gather(*(sequencer.append(note(number)) for number in range(50)))

        assert 2 >= await counted(store, "log_checkpoint")

    async def test_an_answered_entry_is_in_the_store(self, store, sequencer):
        """Seen by another connection at the moment of the answer."""
        receipt = await sequencer.append(note(1, delivered=True))

        assert receipt.index == (await Log(store).entry(receipt.index)).index
        assert 1 == await counted(store, "delivery")
        assert 1 == await counted(store, "log_opening")

    async def test_the_order_of_asking_is_the_order_in_the_log(self, sequencer):
        receipts = await asyncio.gather(*(sequencer.append(note(number)) for number in range(30)))

        assert [receipt.as_extension()["opening"]["number"]["value"] for receipt in receipts] == [
            receipt.index for receipt in receipts
        ]

    async def test_more_than_one_groupful_is_appended_whole(self, store, sequencer):
        receipts = await asyncio.gather(*(sequencer.append(note(number)) for number in range(1_100)))

        assert list(range(1_100)) == sorted(receipt.index for receipt in receipts)
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_the_log_holds_no_content(self, store, sequencer):
        receipt = await sequencer.append(Pending(entry=Entry(kind="denial", values={"asker": "锦江能源"})))
        leaf = (await Log(store).entry(receipt.index)).leaf.decode()

        assert "锦江能源" not in leaf
        assert "denial" in leaf

    async def test_equal_values_leave_unequal_leaves(self, store, sequencer):
        """Or who can read the log could tell by whom the same was asked."""
        first, second = [await sequencer.append(note(1)) for _ in range(2)]
        log = Log(store)

        assert (await log.entry(first.index)).leaf != (await log.entry(second.index)).leaf

    async def test_a_value_without_canonical_form_is_refused_and_harms_nobody(self, sequencer):
        bad = Pending(entry=Entry(kind="disclosure", values={"amount": 2**53}))
        first, second, third = await all_of(sequencer.append(note(1)), sequencer.append(bad), sequencer.append(note(2)))

        assert isinstance(second, EntryError)
        assert [0, 1] == [first.index, third.index]


class TestCancellation:
    async def test_a_caller_that_goes_away_leaves_the_others_unharmed(self, store, sequencer):
        tasks = [asyncio.create_task(sequencer.append(note(number))) for number in range(60)]
        await asyncio.sleep(0)
        for task in tasks[::3]:
            task.cancel()
        outcomes = await all_of(*tasks)

        kept = [outcome for outcome in outcomes if not isinstance(outcome, asyncio.CancelledError)]
        assert 40 == len(kept)
        assert all(verify_receipt(receipt.as_extension(), [VKEY]).valid for receipt in kept)
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_a_caller_cancelled_at_any_step_of_its_commit_wedges_nothing(self, store, sequencer):
        for turns in range(25):
            task = asyncio.create_task(sequencer.append(note(turns)))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await all_of(task)

        assert verify_receipt((await sequencer.append(note(99))).as_extension(), [VKEY]).valid
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_a_deadline_of_the_caller_holds_while_the_store_is_held(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        with closing(sqlite3.connect(file_of(sqlite_store), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(sequencer.append(note(1)), 0.05)
            other.execute("ROLLBACK")

        assert verify_receipt((await sequencer.append(note(2))).as_extension(), [VKEY]).valid
        await sequencer.stop()

    async def test_a_group_of_callers_that_all_went_away_is_skipped(self, sequencer):
        gone = [asyncio.create_task(sequencer.append(note(number))) for number in range(1_200)]
        await asyncio.sleep(0)
        for task in gone:
            task.cancel()
        await all_of(*gone)

        assert (await sequencer.append(note(1))).size <= 1_201


class TestFailure:
    async def test_a_store_held_by_another_is_an_error_for_all_and_then_passes(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store, patience_s=0.05)
        await sequencer.start()
        with closing(sqlite3.connect(file_of(sqlite_store), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            outcomes = await all_of(*(sequencer.append(note(number)) for number in range(10)))
            usable = sequencer.usable
            other.execute("ROLLBACK")

        assert all(isinstance(outcome, LogUnavailableError) for outcome in outcomes)
        assert not usable
        assert 0 == (await sequencer.append(note(1))).index
        assert sequencer.usable
        await sequencer.stop()

    async def test_each_caller_gets_an_error_of_its_own(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store, patience_s=0.05)
        await sequencer.start()
        await change(sqlite_store, "DROP TABLE log_checkpoint")
        first, second = await all_of(sequencer.append(note(1)), sequencer.append(note(2)))

        assert first is not second
        await sequencer.stop()

    @pytest.mark.parametrize("table", ["log_entry", "log_opening", "delivery", "log_node", "log_checkpoint"])
    async def test_a_failure_half_way_leaves_nothing(self, sqlite_store, table):
        """Whichever row the store refuses, it is as if the group had never been tried; then it goes on."""
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        await sequencer.append(note(0))
        await change(
            sqlite_store,
            f"CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1, delivered=True))
        before = [await counted(sqlite_store, name) for name in ("log_entry", "log_opening", "delivery")]
        await change(sqlite_store, "DROP TRIGGER full")
        receipt = await sequencer.append(note(2, delivered=True))

        assert [1, 1, 0] == before
        assert 1 == receipt.index
        assert None is (await check_log(sqlite_store, signer_of().verifier)).broken
        await sequencer.stop()

    async def test_a_read_only_store_gives_no_receipt(self, sqlite_store):
        path = file_of(sqlite_store)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
        engine = open_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
        sequencer = sequencer_on(engine)
        await sequencer.start()

        assert not sequencer.usable
        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1))
        with pytest.raises(LogUnavailableError):
            await sequencer.check()
        await sequencer.stop()
        await engine.dispose()

    async def test_a_store_that_was_never_migrated_gives_no_receipt(self, empty_url):
        engine = open_engine(empty_url)
        sequencer = sequencer_on(engine)
        await sequencer.start()

        assert not sequencer.usable
        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1))
        await sequencer.stop()
        await engine.dispose()

    async def test_an_idle_hub_learns_that_its_store_is_back(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store, patience_s=0.05)
        with closing(sqlite3.connect(file_of(sqlite_store), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await sequencer.start()
            with pytest.raises(LogUnavailableError):
                await sequencer.check()
            other.execute("ROLLBACK")
        await sequencer.check()

        assert sequencer.usable
        await sequencer.stop()

    async def test_an_error_shows_no_value_and_no_statement(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        await change(
            sqlite_store,
            "CREATE TRIGGER full BEFORE INSERT ON log_opening BEGIN SELECT RAISE(ABORT, 'secret-value'); END",
        )
        with pytest.raises(LogUnavailableError) as refusal:
            await sequencer.append(note(1))

        assert "secret-value" not in f"{refusal.value} {refusal.value.reason}"
        assert "INSERT" not in f"{refusal.value} {refusal.value.reason}"
        assert None is refusal.value.__cause__
        await sequencer.stop()

    async def test_a_fault_of_ours_wedges_nobody(self, sqlite_store):
        def broken_clock():
            raise ZeroDivisionError

        sequencer = Sequencer(sqlite_store, signer_of(), ORIGIN, broken_clock, bytes)
        await sequencer.start()
        outcomes = await all_of(*(sequencer.append(note(number)) for number in range(3)))

        assert ["ZeroDivisionError"] * 3 == [outcome.reason for outcome in outcomes]
        await sequencer.stop()


@pytest.mark.postgres
class TestPostgresFailure:
    @pytest.fixture
    async def engine(self, postgres_url):
        engine = open_engine(postgres_url)
        yield engine
        await engine.dispose()

    @staticmethod
    def admin(url, *statements):
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    async def test_a_connection_that_died_while_idle_is_replaced_unnoticed(self, engine, postgres_url):
        sequencer = sequencer_on(engine)
        await sequencer.start()
        await sequencer.append(note(0))
        self.admin(
            postgres_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()",
        )

        assert 1 == (await sequencer.append(note(1))).index
        await sequencer.stop()

    async def test_a_closed_server_is_an_error_and_passes_when_it_opens(self, engine, postgres_url, postgres_server):
        name = engine.url.database
        sequencer = sequencer_on(engine)
        await sequencer.start()
        await sequencer.append(note(0))
        admin = postgres_server._admin
        self.admin(
            admin,
            f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",  # noqa: S608  ours
        )
        outcomes = await all_of(*(sequencer.append(note(number)) for number in range(5)))
        usable = sequencer.usable
        self.admin(admin, f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')

        assert all(isinstance(outcome, LogUnavailableError) for outcome in outcomes)
        assert not usable
        assert 1 == (await sequencer.append(note(1))).index
        await sequencer.stop()

    async def test_a_server_gone_read_only_is_an_error(self, engine, postgres_url):
        sequencer = sequencer_on(engine)
        await sequencer.start()
        self.admin(
            postgres_url,
            f'ALTER DATABASE "{engine.url.database}" SET default_transaction_read_only = on',
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()",
        )
        with pytest.raises(LogUnavailableError) as refusal:
            await sequencer.append(note(1))

        assert "ReadOnlySqlTransaction 25006" == refusal.value.reason
        await sequencer.stop()

    async def test_a_turn_that_is_never_given_back_is_not_waited_for_for_ever(self, engine, postgres_url):
        sequencer = sequencer_on(engine, patience_s=0.1)
        await sequencer.start()
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT pg_advisory_xact_lock(hashtext('hub audit log'))")
            with pytest.raises(LogUnavailableError):
                await sequencer.append(note(1))

        assert 0 == (await sequencer.append(note(1))).index
        await sequencer.stop()


class TestBrokenLog:
    """A store that contradicts itself, the key or what this process signed is not written to."""

    @pytest.mark.parametrize(
        "damage",
        [
            "DELETE FROM log_checkpoint",
            "DELETE FROM log_checkpoint WHERE size = 7",
            'DELETE FROM log_entry WHERE "index" = 6',
            "UPDATE log_checkpoint SET note = replace(note, '7', '8') WHERE size = 7",
            'UPDATE log_entry SET leaf_hash = (SELECT leaf_hash FROM log_entry WHERE "index" = 0)',
            "DELETE FROM log_node WHERE level = 2",
            'UPDATE log_node SET hash = (SELECT hash FROM log_node WHERE level = 1 AND "index" = 0)',
        ],
    )
    async def test_it_is_found_at_the_start(self, store, sequencer, damage):
        for number in range(7):
            await sequencer.append(note(number))
        await change(store, damage)
        other = sequencer_on(store)

        with pytest.raises(LogBrokenError):
            await other.start()
        with pytest.raises(LogUnavailableError):
            await other.append(note(9))
        await other.stop()

    async def test_a_log_signed_with_another_key_is_not_continued(self, store, sequencer):
        await sequencer.append(note(0))
        other = sequencer_on(store, seed=2)

        with pytest.raises(LogBrokenError) as refusal:
            await other.start()
        assert "not signed by" in refusal.value.reason
        await other.stop()

    async def test_a_log_that_went_back_is_not_forked(self, store, sequencer):
        """A store restored from an old copy: to go on would sign a second history."""
        for number in range(3):
            await sequencer.append(note(number))
        for table, column in (("log_checkpoint", "size - 1"), ("log_entry", '"index"'), ("log_opening", '"index"')):
            await change(store, f"DELETE FROM {table} WHERE {column} >= 2")  # noqa: S608  ours

        with pytest.raises(LogBrokenError) as refusal:
            await sequencer.append(note(9))
        assert "went back from 3 entries to 2" in refusal.value.reason
        assert not sequencer.usable

    async def test_a_log_rewritten_at_one_size_is_not_continued(self, store, sequencer):
        await sequencer.append(note(0))
        await change(store, "UPDATE log_checkpoint SET root = :root", root=bytes(32))

        with pytest.raises(LogBrokenError):
            await sequencer.append(note(1))

    async def test_entries_another_wrote_without_our_key_are_not_continued(self, store, sequencer):
        """Whoever can write the tables but does not hold the key cannot make us sign what they wrote."""
        await sequencer.append(note(0))
        await change(
            store,
            'INSERT INTO log_entry ("index", kind, leaf, leaf_hash, appended_at) '
            "SELECT 1, kind, leaf, leaf_hash, appended_at FROM log_entry",
        )
        await change(
            store,
            "INSERT INTO log_checkpoint (size, root, note, signed_at) "
            "SELECT 2, root, note, signed_at FROM log_checkpoint",
        )

        with pytest.raises(LogBrokenError):
            await sequencer.append(note(1))
        with pytest.raises(LogBrokenError):
            await sequencer.check()

    @pytest.mark.parametrize("missing", [2, 3])
    async def test_a_missing_entry_of_another_process_is_found(self, store, sequencer, missing):
        await sequencer.append(note(0))
        other = sequencer_on(store)
        await other.start()
        for number in range(3):
            await other.append(note(number))
        await other.stop()
        await change(store, 'DELETE FROM log_entry WHERE "index" = :missing', missing=missing)

        with pytest.raises(LogBrokenError):
            await sequencer.append(note(9))


class TestTwoSequencers:
    async def test_they_take_turns_and_never_fork(self, store):
        first, second = sequencer_on(store), sequencer_on(store)
        await first.start()
        await second.start()
        receipts = []
        for number in range(10):
            receipts += await asyncio.gather(
                first.append(note(number)), second.append(note(number)), first.append(note(number))
            )
        await first.stop()
        await second.stop()

        assert list(range(30)) == sorted(receipt.index for receipt in receipts)
        assert all(verify_receipt(receipt.as_extension(), [VKEY]).valid for receipt in receipts)
        assert None is (await check_log(store, signer_of().verifier)).broken


class TestLife:
    async def test_a_log_is_taken_up_where_it_was_left(self, store):
        """At every size from 0 to 9, so at every shape of the right edge."""
        for size in range(10):
            sequencer = sequencer_on(store)
            await sequencer.start()
            assert size == (await sequencer.append(note(size))).index
            await sequencer.stop()

        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_stopping_appends_what_waits_and_refuses_what_comes(self, store):
        sequencer = sequencer_on(store)
        await sequencer.start()
        waiting = [asyncio.create_task(sequencer.append(note(number))) for number in range(20)]
        await asyncio.sleep(0)
        await sequencer.stop()

        assert 20 == len({receipt.index for receipt in await asyncio.gather(*waiting)})
        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1))
        with pytest.raises(LogUnavailableError):
            await sequencer.check()
        assert not sequencer.usable

    async def test_before_the_start_nothing_is_appended(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)

        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1))
        await sequencer.stop()

    def test_a_loop_torn_down_around_it_leaves_the_thread_to_end_in_peace(self, sqlite_url):
        """What was being written when the loop was closed is written whole, and nothing hangs."""
        engine = open_engine(sqlite_url)
        sequencer = sequencer_on(engine)

        async def main(other):
            await sequencer.start()
            other.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(sequencer.append(note(number))) for number in range(3)]
            await asyncio.sleep(0)
            while sequencer._askers:  # noqa: ASYNC110  the thread takes them, and tells nobody
                await asyncio.sleep(0)
            return waiting

        with closing(sqlite3.connect(file_of(engine), isolation_level=None)) as other:
            waiting = asyncio.run(main(other))
            other.execute("ROLLBACK")
            sequencer._thread.shutdown(wait=True)
            stored = other.execute("SELECT count(*) FROM log_entry").fetchone()

        assert all(task.cancelled() for task in waiting)
        assert (3,) == stored

    async def test_it_signs_under_its_origin_only(self, sqlite_store):
        with pytest.raises(NoteError):
            Sequencer(sqlite_store, signer_of(name="other.example"), ORIGIN, clock(), bytes)


class TestDurability:
    async def test_sqlite_syncs_every_commit(self, sqlite_store):
        """FULL in WAL mode: the log survives a power cut, whatever other connections chose."""
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        connection = sequencer._ledger._book._connection
        settings = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
        await sequencer.stop()

        assert [2, "wal"] == settings
