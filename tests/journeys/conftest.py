"""A stage set once per module: the platforms, the store, the hub; a real world to ask about."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.demo.stage import Stage, set_stage


@pytest.fixture
async def stage(tmp_path: Path, store_url: str) -> AsyncIterator[Stage]:
    """The demonstration's stage over each store."""
    async with set_stage(tmp_path, say=lambda _text: None, size=40, database_url=store_url) as ready:
        yield ready
