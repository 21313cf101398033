"""Halls: the services of administration over each store."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.hub.administration.hall import Hall, furnished


@pytest.fixture
async def hall(store: AsyncEngine, tmp_path) -> Hall:
    """A hub with the seed in force, two partners and six officers, over each store."""
    return await furnished(store, tmp_path)


@pytest.fixture
async def empty_hall(store: AsyncEngine, tmp_path) -> Hall:
    """The same without officers."""
    return await furnished(store, tmp_path, officers=False)


@pytest.fixture
async def beside(hall: Hall, store_url: str) -> Hall:
    """The same hub in another process."""
    other = hall.beside(store_url)
    yield other
    await other.engine.dispose()
