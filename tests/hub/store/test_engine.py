"""Engines and units of work keep their promises on both stores."""

import asyncio

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hub.store import tables
from hub.store.engine import Reader, StoreAddressError, address_of, glancing, open_engine, reading, writing
from hub.store.tables import table_of

PARTNER = table_of(tables.Partner)


def partner(number: int) -> dict[str, object]:
    return {
        "id": f"p{number}",
        "name": "甲",
        "actor": "GC",
        "organisation": None,
        "ceiling": "I",
        "regions": "[]",
        "sectors": "[]",
        "purposes": "[]",
        "state": "active",
        "created_at": "2026-11-20T00:00:00.000000Z",
        "valid_to": None,
        "rows_max": None,
        "bytes_max": None,
        "contact": "",
        "valid_from": None,
        "jwks_uri": None,
        "only_trusted_documents": False,
        "requests_per_minute": None,
        "subjects_per_day": None,
        "tokens_after": None,
    }


async def ids(engine) -> list[str]:
    async with reading(engine) as reader:
        return [row.id for row in await reader.rows(select(PARTNER.c.id).order_by(PARTNER.c.id))]


class TestAddressOf:
    @pytest.mark.parametrize(
        ("url", "driver"),
        [
            ("sqlite:///./var/hub.db", "sqlite+aiosqlite"),
            ("sqlite+aiosqlite:////tmp/hub.db", "sqlite+aiosqlite"),
            ("postgresql://hub@db/hub", "postgresql+psycopg"),
            ("postgres://hub@db/hub", "postgresql+psycopg"),
            ("postgresql+psycopg://hub@db/hub", "postgresql+psycopg"),
        ],
    )
    def test_the_plain_and_the_full_form_mean_the_same_store(self, url, driver):
        assert driver == address_of(url).drivername

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "hub.db",
            "sqlite://",
            "sqlite:///:memory:",
            "mysql://u:hunter2@h/d",
            "postgresql+asyncpg://u:hunter2@h/d",
        ],
    )
    def test_what_names_no_store_is_refused_without_its_password(self, url):
        with pytest.raises(StoreAddressError) as refusal:
            address_of(url)

        assert "hunter2" not in str(refusal.value)


class TestWriting:
    async def test_everything_is_durable_together_when_the_block_ends(self, store):
        async with writing(store) as writer:
            await writer.write(insert(PARTNER), [partner(1), partner(2)])
            await writer.insert(PARTNER, [partner(3)])

        assert ["p1", "p2", "p3"] == await ids(store)

    async def test_nothing_is_kept_of_a_block_that_raises(self, store):
        async def half_done():
            async with writing(store) as writer:
                await writer.insert(PARTNER, [partner(1)])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await half_done()

        assert [] == await ids(store)

    async def test_a_row_that_is_there_already_undoes_the_whole(self, store):
        async with writing(store) as writer:
            await writer.insert(PARTNER, [partner(2)])
        with pytest.raises(IntegrityError):
            async with writing(store) as writer:
                await writer.insert(PARTNER, [partner(1), partner(2)])

        assert ["p2"] == await ids(store)

    async def test_no_rows_are_no_statement(self, store):
        async with writing(store) as writer:
            await writer.insert(PARTNER, [])

            assert 0 == await writer.write(insert(PARTNER), [])

    async def test_the_driver_gets_columns_in_the_tables_order_whatever_the_rows_order(self, store):
        backwards = dict(reversed(partner(1).items()))
        async with writing(store) as writer:
            await writer.insert(PARTNER, [backwards])
            row = await writer.first(select(PARTNER))

        assert partner(1) == row._asdict()

    async def test_a_turn_is_given_back_with_the_transaction(self, store):
        taken = 0
        for _ in range(2):
            async with asyncio.timeout(20), writing(store) as writer:
                await writer.take_turn("ingest")
                taken += 1

        assert 2 == taken


class TestReading:
    async def test_a_reader_cannot_write(self, store):
        assert not hasattr(Reader, "write")
        assert not hasattr(Reader, "insert")

    async def test_a_reader_sees_one_state_while_others_write(self, store):
        async with reading(store) as reader:
            before = await reader.rows(select(PARTNER))
            async with writing(store) as writer:
                await writer.insert(PARTNER, [partner(1)])
            after = await reader.rows(select(PARTNER))

        assert [] == list(before) == list(after)

    async def test_a_glance_sees_what_is_there_each_time(self, store):
        async with glancing(store) as reader:
            before = await reader.first(select(PARTNER))
            async with writing(store) as writer:
                await writer.insert(PARTNER, [partner(1)])
            after = await reader.first(select(PARTNER))

        assert before is None
        assert "p1" == after.id

    @pytest.mark.postgres
    async def test_postgresql_itself_refuses_a_write_while_reading(self, postgres_url):
        engine = open_engine(postgres_url)
        with pytest.raises(DBAPIError, match="read-only"):
            async with reading(engine) as reader:
                await reader.rows(text("DELETE FROM partner RETURNING id"))
        await engine.dispose()


class TestSqlite:
    async def test_it_survives_a_power_cut_and_lets_readers_read(self, sqlite_url):
        engine = open_engine(sqlite_url)
        async with glancing(engine) as reader:
            found = {
                name: (await reader.first(text(f"PRAGMA {name}")))[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        await engine.dispose()

        assert {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000} == found
