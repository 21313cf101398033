"""Killed at any point and started again, a harvest loses nothing and doubles nothing."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from hub.store import tables
from hub.store.engine import open_engine
from tests.hub.ingest.harvester import BATCHES
from tests.hub.ingest.world import rows_of

KILLS = 6
KEPT = (
    tables.Subject,
    tables.SubjectName,
    tables.SubjectEvent,
    tables.Record,
    tables.RecordVersion,
    tables.Quarantine,
    tables.SubjectLink,
    tables.Batch,
    tables.Stream,
    tables.Source,
)


def start(url: str, told: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.hub.ingest.harvester", url, str(told)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def finish(url: str, told: Path) -> None:
    process = start(url, told)
    _, errors = process.communicate(timeout=120)
    assert 0 == process.returncode, errors


def kill_somewhere(url: str, told: Path, dice: random.Random) -> bool:
    """Start a harvest and kill -9 it a moment after one of its batches; whether it was still running."""
    process = start(url, told)
    with process:
        for _ in range(dice.randrange(BATCHES // 2)):
            if not process.stdout.readline():
                break
        try:
            # Not a wait for something: the moment itself is what is random, anywhere within some batches' time.
            process.wait(timeout=dice.random() * 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


async def everything(url: str) -> dict[str, list[dict[str, object]]]:
    engine = open_engine(url)
    try:
        kept = {model.__name__: await rows_of(engine, model) for model in KEPT}
        for ticket in kept["Quarantine"]:
            # Sealed, so never the same bytes twice; as many for the same row.
            ticket["row"] = len(bytes(ticket["row"]))
        return kept
    finally:
        await engine.dispose()


class TestKilled:
    @pytest.mark.timeout(300)
    async def test_a_harvest_killed_again_and_again_ends_with_the_same_store(
        self, store_url, tmp_path, request, sqlite_template
    ):
        """
        Whatever the moment, each batch is wholly in with its cursor or not at all; every batch's owner is told, and
        what is kept in the end is row for row what an undisturbed harvest keeps.
        """
        seed = random.SystemRandom().randrange(2**32)
        dice = random.Random(seed)  # noqa: S311  a test's dice
        undisturbed = tmp_path / "undisturbed.db"
        undisturbed.write_bytes(sqlite_template.read_bytes())
        finish(f"sqlite:///{undisturbed}", tmp_path / "told-undisturbed")
        killed = [kill_somewhere(store_url, tmp_path / "told", dice) for _ in range(KILLS)]
        finish(store_url, tmp_path / "told")

        assert any(killed), f"seed {seed}: every harvest ended before it could be killed"
        assert await everything(f"sqlite:///{undisturbed}") == await everything(store_url), f"seed {seed}"
        told = set((tmp_path / "told").read_text(encoding="utf-8").splitlines())
        assert set((tmp_path / "told-undisturbed").read_text(encoding="utf-8").splitlines()) == told
