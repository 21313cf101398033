"""
Rotation: a tier gets a new key, and every subject's key is wrapped by it; nothing that is sealed is touched.

    1 a new key is made and put into force; the old one retires: it still opens, and wraps nothing new
    2 subjects' keys are wrapped anew, batch by batch
    3 when none is left, the old key is retired: what it wrapped is refused from then on, wherever it comes from

Rules:
    - Killed at any point, the next rotation of the tier goes on where it stood, and makes no further key.
    - Hubs go on answering: a hub that read a wrapping just before it was replaced reads it again.
    - Steps 1 and 3 hold the turn of the intakes, so that no key is wrapped by the old key after its retirement.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.acting import Agent, check_may, name_of
from hub.administration.journal import Journal
from hub.identity.officers.duties import Duty
from hub.ingest.intake import TURN
from hub.sealing.errors import SealingError
from hub.sealing.fields import Need, key_place
from hub.sealing.subject_keys import ACTIVE, RETIRED, RETIRING, KeyInForce, TierKeys
from hub.store.engine import Reader, Writer, reading, writing
from hub.store.sealing_tables import SubjectKey, TierKey
from hub.store.tables import table_of
from keys.envelope import open_sealed
from keys.errors import SealError, VaultError
from schema.tiers import Tier

BATCH: Final = 500

_K = table_of(SubjectKey)
_T = table_of(TierKey)
_REWRAP = (
    update(_K)
    .where(
        _K.c.subject_code == bindparam("the_subject"),
        _K.c.tier == bindparam("the_tier"),
        _K.c.generation == bindparam("the_generation"),
        _K.c.key_id == bindparam("the_key"),
        # Shredded since it was read: it stays so.
        _K.c.wrapped.is_not(None),
    )
    .values(key_id=bindparam("new_key"), wrapped=bindparam("new_wrapped"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """
    How a rotation ended.

    Attributes:
        key_id: The key in force.
        wrapped: Keys of subjects wrapped anew.
        damaged: Keys that could not be opened and stay as they are; the old key retires only without any.
        retired: Ids of keys that are retired now.
    """

    key_id: str
    wrapped: int
    damaged: int
    retired: tuple[str, ...]


Progress = Callable[[int, int], None]
"""Told how many keys were wrapped anew, and of how many."""


class Rotation:
    """
    Rotates the key of one tier.

    Args:
        engine: The store.
        tier_keys: The keys of tiers.
        journal: Where it is written down.
    """

    def __init__(self, engine: AsyncEngine, tier_keys: TierKeys, journal: Journal) -> None:
        self._engine = engine
        self._tier_keys = tier_keys
        self._journal = journal

    async def run(
        self,
        agent: Agent,
        tier: Tier,
        at: str,
        *,
        uri: str | None = None,
        batch: int = BATCH,
        progress: Progress | None = None,
    ) -> Rotated:
        """
        Rotate the key of *tier*, or go on with a rotation that was broken off.

        Args:
            agent: Who does it.
            tier: A or R.
            at: UTC text.
            uri: Where to make the new key, instead of where the settings say.
            batch: Keys in one transaction.
            progress: Told after each.

        Raises:
            ForbiddenError: *agent* may not.
            SealingError: a key cannot be made or reached; what was wrapped anew stays.
        """
        try:
            active, retiring = await self._begin(agent, tier, at, uri)
            wrapped, damaged = await self._wrap_all(tier, active, retiring, batch, progress or _silent)
        except VaultError as error:
            raise SealingError(str(error)) from None
        retired = await self._end(tier, at, active, retiring)
        return Rotated(key_id=active.id, wrapped=wrapped, damaged=damaged, retired=retired)

    async def _begin(self, agent: Agent, tier: Tier, at: str, uri: str | None) -> tuple[KeyInForce, Sequence[str]]:
        async with writing(self._engine) as writer:
            await check_may(writer, agent, Duty.ROTATE_KEYS)
            await writer.take_turn(TURN)
            retiring = await _ids(writer, tier, RETIRING)
            if retiring:
                return await self._tier_keys.active(writer, tier, at), retiring
            retiring = await _ids(writer, tier, ACTIVE)
            if uri is not None:
                await self._check_new(writer, uri)
            await writer.write(update(_T).where(_T.c.id.in_(retiring)).values(state=RETIRING))
            made = await self._tier_keys.make(writer, tier, at, uri)
            told = {"act": "rotate", "tier": tier.value, "key": made.id, "by": name_of(agent)}
            await self._journal.record(writer, "key", told)
            return made, retiring

    async def _check_new(self, reader: Reader, uri: str) -> None:
        """A variable that another key is kept in already is no new key."""
        if await reader.first(select(_T.c.id).where(_T.c.reference == uri)) is not None:
            raise SealingError("the new key is to be kept where another one is: name another variable")

    async def _wrap_all(
        self, tier: Tier, active: KeyInForce, retiring: Sequence[str], batch: int, progress: Progress
    ) -> tuple[int, int]:
        here = (_K.c.tier == tier.value, _K.c.key_id.in_(retiring), _K.c.wrapped.is_not(None))
        async with reading(self._engine) as reader:
            (total,) = await reader.rows(select(func.count()).select_from(_K).where(*here))
            kept = {row.id: row for row in await reader.rows(select(_T).where(_T.c.id.in_([*retiring, active.id])))}
        wrapped = damaged = 0
        last: tuple[str, str] = ("", "")
        while True:
            behind = tuple_(_K.c.subject_code, _K.c.tier) > tuple_(*last)
            page = select(_K).where(*here, behind).order_by(_K.c.subject_code, _K.c.tier).limit(batch)
            async with writing(self._engine) as writer:
                rows = await writer.rows(page)
                new = [await asyncio.to_thread(self._wrapped, row, kept[row.key_id], active) for row in rows]
                await writer.write(_REWRAP, [each for each in new if each is not None])
            wrapped += sum(each is not None for each in new)
            damaged += sum(each is None for each in new)
            progress(wrapped + damaged, total[0])
            if len(rows) < batch:
                return wrapped, damaged
            last = (rows[-1].subject_code, rows[-1].tier)

    def _wrapped(
        self, row: Row[*tuple[Any, ...]], key: Row[*tuple[Any, ...]], active: KeyInForce
    ) -> dict[str, object] | None:
        """The values of `_REWRAP` for *row*; None if it cannot be opened."""
        need: Need = (row.subject_code, Tier(row.tier))
        old = self._tier_keys.take(key.tier, key.id, key.reference)
        try:
            secret = open_sealed(old, row.wrapped, key_place(need, row.generation))
        except SealError:
            return None
        return {
            "the_subject": row.subject_code,
            "the_tier": row.tier,
            "the_generation": row.generation,
            "the_key": row.key_id,
            "new_key": active.id,
            "new_wrapped": self._tier_keys.wrap(active, need, row.generation, secret),
        }

    async def _end(self, tier: Tier, at: str, active: KeyInForce, retiring: Sequence[str]) -> tuple[str, ...]:
        async with writing(self._engine) as writer:
            await writer.take_turn(TURN)
            in_use = select(_K.c.key_id).where(_K.c.key_id.in_(retiring), _K.c.wrapped.is_not(None))
            used = {row.key_id for row in await writer.rows(in_use)}
            free = tuple(key_id for key_id in retiring if key_id not in used)
            if free:
                await writer.write(update(_T).where(_T.c.id.in_(free)).values(state=RETIRED, retired_at=at))
                told = {"act": "retire", "tier": tier.value, "key": active.id, "retired": " ".join(free)}
                await self._journal.record(writer, "key", told)
        return free


async def _ids(writer: Writer, tier: Tier, state: str) -> Sequence[str]:
    return [row.id for row in await writer.rows(select(_T.c.id).where(_T.c.tier == tier.value, _T.c.state == state))]


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""
