"""Officers to test with."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.store.engine import open_engine
from tests.hub.identity.officers.bureau import Bureau, new_bureau


@pytest.fixture
def nobody(store: AsyncEngine, tmp_path) -> Bureau:
    """A hub without officers, over each store."""
    return new_bureau(store, tmp_path)


@pytest.fixture
async def bureau(nobody: Bureau) -> Bureau:
    """A hub with six officers who have their invitations, over each store."""
    await nobody.found()
    return nobody


@pytest.fixture
async def light(sqlite_url, tmp_path) -> AsyncIterator[Bureau]:
    """The same over SQLite alone, for what no store decides."""
    engine = open_engine(sqlite_url)
    made = new_bureau(engine, tmp_path)
    await made.found()
    yield made
    await engine.dispose()


@pytest.fixture
async def second(bureau: Bureau, store_url) -> AsyncIterator[Bureau]:
    """Another worker over the same store."""
    engine = open_engine(store_url)
    yield bureau.beside(engine)
    await engine.dispose()
