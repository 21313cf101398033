"""An intake on a migrated store, for one source or several."""

from collections.abc import Callable

import pytest

from hub.ingest import store as memory
from hub.ingest.intake import Intake, Taken
from hub.rulebook import load_rules
from hub.store.engine import reading, writing
from tests.hub.ingest.world import NOW, site
from tests.support.sealing import sealing_in


@pytest.fixture(scope="session")
def book():
    return load_rules()


@pytest.fixture
def sealing(tmp_path):
    return sealing_in(tmp_path / "sealing")


@pytest.fixture
def take(store, book, sealing) -> Callable[..., Taken]:
    """Take in a batch as a harvester would: from where the stream stands."""
    intakes: dict[str, Intake] = {}

    async def taking(batch, *, source="cn-51", rank=100, now=NOW, after=...):
        if source not in intakes:
            async with writing(store) as writer:
                await memory.enrol_source(writer, site(source, rank=rank))
            intakes[source] = Intake(store, book, source=source, region="51", sealing=sealing)
        if after is ...:
            async with reading(store) as reader:
                after = await memory.find_cursor(reader, source, batch.stream)
        intake = intakes[source]
        return await intake.take(intake.examine(batch, now=now), after=after)

    return taking
