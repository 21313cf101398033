"""Reads in threads: what fails is told, what was broken is opened again, and nothing is left behind."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from hub.store.engine import open_engine, writing
from hub.store.threads import ReadThreads, StoreUnavailableError


def ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("store-read")]


def one(connection):
    return connection.rows("SELECT 1", {})


class TestRun:
    async def test_the_rows_come_back(self, store):
        assert [(1,)] == await ReadThreads(store).run(one)

    @pytest.mark.parametrize(
        "statement", ["DELETE FROM partner", "UPDATE epoch SET version = 0", "CREATE TABLE t (a int)"]
    )
    async def test_nothing_can_be_written(self, store, statement):
        with pytest.raises(StoreUnavailableError):
            await ReadThreads(store).run(lambda connection: connection.rows(statement, {}))

    async def test_a_failure_names_its_kind_and_no_value(self, store):
        with pytest.raises(StoreUnavailableError) as caught:
            await ReadThreads(store).run(lambda connection: connection.rows("SELECT 'secret' FROM nowhere", {}))

        assert "secret" not in f"{caught.value} {caught.value.reason}"
        assert "nowhere" not in f"{caught.value} {caught.value.reason}"
        assert caught.value.reason

    async def test_a_fault_of_ours_is_told_as_it_is(self, store):
        with pytest.raises(ZeroDivisionError):
            await ReadThreads(store).run(lambda _connection: 1 / 0)

    async def test_after_a_failure_the_next_read_is_served(self, store):
        threads = ReadThreads(store, threads=1)
        for bad in ("SELECT FROM FROM", "SELECT * FROM nowhere"):
            with pytest.raises(StoreUnavailableError):
                await threads.run(lambda connection, bad=bad: connection.rows(bad, {}))

        assert [(1,)] == await threads.run(one)

    async def test_a_store_that_is_not_there_is_told(self, tmp_path):
        engine = open_engine(f"sqlite:///{tmp_path}/nowhere/hub.db")
        with pytest.raises(StoreUnavailableError):
            await ReadThreads(engine).run(one)
        await engine.dispose()

    async def test_each_read_sees_what_was_committed_before_it(self, store):
        threads = ReadThreads(store, threads=1)
        await threads.run(one)
        async with writing(store) as writer:
            await writer.write(text("UPDATE epoch SET version = 77 WHERE name = 'owner'"))

        assert [(77,)] == await threads.run(lambda c: c.rows("SELECT version FROM epoch WHERE name = 'owner'", {}))

    @pytest.mark.postgres
    async def test_a_connection_the_server_closed_is_opened_again_unseen(self, postgres_url):
        """A restarted server costs nobody an answer."""
        engine = open_engine(postgres_url)
        threads = ReadThreads(engine, threads=1)
        ((first,),) = await threads.run(lambda connection: connection.rows("SELECT pg_backend_pid()", {}))
        async with writing(engine) as writer:
            await writer.rows(text(f"SELECT pg_terminate_backend({first}, 5000)"))
        ((second,),) = await threads.run(lambda connection: connection.rows("SELECT pg_backend_pid()", {}))
        await engine.dispose()

        assert first != second


class TestThreads:
    async def test_there_are_never_more_than_said(self, store):
        threads = ReadThreads(store, threads=2)
        names = set()
        await asyncio.gather(
            *(threads.run(lambda _connection: names.add(threading.current_thread().name)) for _ in range(20))
        )

        assert names <= {"store-read-1", "store-read-2"}
        assert 2 >= len(ours())

    async def test_one_reader_at_a_time_needs_one_thread(self, store):
        threads = ReadThreads(store)
        for _ in range(10):
            await threads.run(one)

        assert ["store-read-1"] == ours()

    async def test_they_end_with_the_engine_and_begin_again(self, store):
        threads = ReadThreads(store)
        await threads.run(one)
        await store.dispose()
        left = ours()

        assert [] == left
        assert [(1,)] == await threads.run(one)

    async def test_who_does_not_wait_any_longer_disturbs_nobody(self, store):
        threads = ReadThreads(store, threads=1)
        begun, go_on = threading.Event(), threading.Event()

        def slow(_connection):
            begun.set()
            go_on.wait(10)

        given_up = asyncio.create_task(threads.run(slow))
        await asyncio.to_thread(begun.wait, 10)
        given_up.cancel()
        waiting = asyncio.create_task(threads.run(one))
        go_on.set()

        assert [(1,)] == await waiting
        with pytest.raises(asyncio.CancelledError):
            await given_up

    def test_a_loop_that_ended_is_not_told(self, sqlite_url):
        """The thread serves on: another loop may use it."""
        begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

        def slow(_connection):
            begun.set()
            go_on.wait(10)
            done.set()

        async def give_up(threads):
            asyncio.get_running_loop().call_soon(lambda: None)
            task = asyncio.create_task(threads.run(slow))
            await asyncio.to_thread(begun.wait, 10)
            task.cancel()

        engine = open_engine(sqlite_url)
        threads = ReadThreads(engine, threads=1)
        asyncio.run(give_up(threads))
        go_on.set()
        found = asyncio.run(threads.run(one))
        asyncio.run(engine.dispose())

        assert done.is_set()
        assert [(1,)] == found
