"""A filled world on either store."""

from dataclasses import dataclass

import pytest

from hub.access.cursors import SealedCursors
from hub.rulebook import load_rules
from tests.hub.sealing.world import World
from tests.support.worlds import build_ground


@dataclass
class Grounds:
    """What asking and taking in both stand on."""

    def __init__(self) -> None:
        made = build_ground()
        self.exchange, self.table, self.policy = made.exchange, made.table, made.policy
        self.rules, self.documents = made.rules, made.documents
        self.book = load_rules()
        self.cursors = SealedCursors(bytes(64))


@pytest.fixture(scope="session")
def grounds() -> Grounds:
    return Grounds()


@pytest.fixture
def empty(store, tmp_path, grounds) -> World:
    return World(store, tmp_path, grounds)


@pytest.fixture
async def world(empty) -> World:
    return await empty.fill()
