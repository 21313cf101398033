"""Sealing for tests that write records, with keys in files."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from secrets import token_bytes
from tempfile import mkdtemp
from typing import Any

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.policies import seed_policy
from hub.sealing.fields import row_place
from hub.sealing.labels import Labels
from hub.sealing.sealer import Sealing
from hub.sealing.subject_keys import SubjectKeys, TierKeys
from hub.sealing.tally import Tally
from hub.store.engine import writing
from keys.vault import Vault
from schema.tiers import Tier


def sealing_in(
    folder: Path | str | None = None, *, entropy=None, uris=None, environment=None, may_make=True, log=None
) -> Sealing:
    """Sealing with keys in *folder*; in one of this process, without it."""
    kept = uris or [f"file:{folder or _common()}"]
    vault = Vault(kept, environment or {}, create=True)
    tier_keys = TierKeys(vault, entropy=entropy or token_bytes, may_make=may_make)
    log = log or structlog.get_logger("hub.sealing")
    return Sealing(Labels(seed_policy().tiers), SubjectKeys(tier_keys, Tally(), log), log)


async def opened_row(engine: AsyncEngine, sealing: Sealing, ticket: Mapping[str, Any], holder: str) -> Any:
    """The quarantined row of *ticket*, opened with the key of *holder*."""
    async with writing(engine) as writer:
        key = (await sealing.keys.for_sealing(writer, [(holder, Tier.R)], "2026-11-20T04:00:00.000000Z"))[
            holder, Tier.R
        ]
    assert key is not None
    data = key.opened(ticket["row"], row_place(holder, ticket["id"]))
    return msgspec.msgpack.decode(data or b"")


@cache
def _common() -> str:
    return mkdtemp(prefix="hub-sealing-")
