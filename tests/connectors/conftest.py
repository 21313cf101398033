"""A sandbox of 200 companies for whoever asks, and connectors opened on it from the descriptions that ship."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import SourceError
from connectors.port import Batch, Connector
from connectors.registry import open_site
from connectors.sandbox import Options, Sandbox
from connectors.secrets import ReferredSecrets
from connectors.site import parse_site
from connectors.templates import sandbox_variables, template

Open = Callable[..., Connector]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path, seed=7, size=200, options=Options(rows_per_package=40)) as running:
        yield running


@pytest.fixture
def opener(sandbox: Sandbox, tmp_path: Path) -> Open:
    """Open a shipped site against the sandbox; `edits` are replacements in its text, `variables` override."""

    def open_one(
        site: str, *edits: tuple[str, str], clock: Callable[[], datetime] = now, **variables: str
    ) -> Connector:
        text = template(site)
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        environment = {**sandbox_variables(sandbox.sites), **variables}
        secrets = ReferredSecrets(environment=environment, folder=tmp_path)
        return open_site(parse_site(text, file=f"{site}.toml"), secrets, now=clock)

    return open_one


async def drain(connector: Connector, stream: str, cursor: str | None = None) -> list[Batch]:
    return [batch async for batch in connector.read(stream, cursor)]


async def until_fault(
    connector: Connector, stream: str, after_each: Callable[[list[Batch]], None] = lambda _taken: None
) -> tuple[list[Batch], SourceError]:
    """Read until the source fails: what was brought before, and the failure."""
    taken: list[Batch] = []
    try:
        async for batch in connector.read(stream, None):
            taken.append(batch)
            after_each(taken)
    except SourceError as error:
        return taken, error
    raise AssertionError("the read ended without a fault")
