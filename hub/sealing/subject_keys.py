"""
The keys of subjects: made when first needed, unwrapped when a field may be opened, let go of when the subject changes.

Rules:
    - An unwrapped key is kept with the version of its subject, and believed for that version only: losing a key raises
      the version, so the commit of an answer made with it finds the answer stale.
    - A key that is wrapped by a retired key opens nothing: it was put back from an older time.
    - Whoever makes a key or changes one's wrapping holds the turn of the intakes (`TURN`), so that no key is wrapped by
      a tier's key that has just been replaced.
    - A keeper that does not answer is our fault and passing: the question is not answered. A key that is damaged is
      told to the operator, and its fields are not shown.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import FilteringBoundLogger

from hub.errors import UnavailableError
from hub.kept import Kept
from hub.sealing.errors import SealingError
from hub.sealing.fields import Need, SubjectKey, key_place
from hub.sealing.tally import Tally
from hub.store.engine import Reader, Writer, glancing
from hub.store.sealing_tables import SubjectKey as SubjectKeyRow
from hub.store.sealing_tables import TierKey
from hub.store.tables import table_of
from keys.envelope import KEY_ID_SIZE, KEY_SIZE, NONCE_SIZE, USES_MAX, Cipher, open_sealed, seal
from keys.errors import SealError, VaultError
from keys.vault import Vault
from schema.tiers import Tier

ACTIVE: Final = "active"
RETIRING: Final = "retiring"
RETIRED: Final = "retired"
KEPT: Final = 4096
"""Unwrapped keys in memory, at most."""
_CHUNK = 400

_K = table_of(SubjectKeyRow)
_T = table_of(TierKey)
_ROWS = (
    select(
        _K.c.subject_code, _K.c.tier, _K.c.generation, _K.c.wrapped, _K.c.uses, _K.c.key_id, _T.c.reference, _T.c.state
    )
    .select_from(_K.outerjoin(_T, _T.c.id == _K.c.key_id))
    .where(_K.c.subject_code.in_(bindparam("codes", expanding=True)))
)
_NOTE = (
    update(_K)
    .where(_K.c.subject_code == bindparam("the_subject"), _K.c.tier == bindparam("the_tier"))
    .values(uses=_K.c.uses + bindparam("more"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInForce:
    """A tier's key: its id, where it is, and itself."""

    id: str
    tier: Tier
    reference: str
    cipher: Cipher


class TierKeys:
    """
    The keys of tiers, taken up when first needed and kept: there are a handful.

    Args:
        vault: Where they are.
        entropy: Random bytes.
        may_make: Make a tier's first key when it is needed (not in production: there an operator does).
    """

    def __init__(self, vault: Vault, *, entropy: Callable[[int], bytes], may_make: bool) -> None:
        self.vault = vault
        self.entropy = entropy
        self._may_make = may_make
        self._taken: dict[str, Cipher] = {}

    def take(self, tier: str, key_id: str, reference: str) -> Cipher:
        """Take up a key. Raises VaultError."""
        found = self._taken.get(key_id)
        if found is None:
            found = self._taken[key_id] = self.vault.take(tier, reference, bytes.fromhex(key_id))
        return found

    async def active(self, writer: Writer, tier: Tier, at: str) -> KeyInForce:
        """
        The key that wraps new keys of *tier*. The caller holds the turn.

        Raises:
            SealingError: there is none, and none may be made here; or it cannot be reached.
        """
        found = await writer.first(select(_T).where(_T.c.tier == tier.value, _T.c.state == ACTIVE))
        try:
            if found is not None:
                cipher = await asyncio.to_thread(self.take, found.tier, found.id, found.reference)
                return KeyInForce(id=found.id, tier=tier, reference=found.reference, cipher=cipher)
            if not self._may_make:
                raise SealingError(f"no sealing key of tier {tier} is in force; run: hub keys rotate --tier {tier}")
            return await self.make(writer, tier, at)
        except VaultError as error:
            raise SealingError(str(error)) from None

    async def make(self, writer: Writer, tier: Tier, at: str, uri: str | None = None) -> KeyInForce:
        """
        Make a key of *tier* and put it into force; there must be none. The caller holds the turn.

        Raises:
            VaultError: it cannot be made.
        """
        key_id = self.entropy(KEY_ID_SIZE)
        reference = await asyncio.to_thread(self.vault.make, tier.value, key_id, uri)
        row = {"id": key_id.hex(), "tier": tier.value, "reference": reference, "state": ACTIVE, "created_at": at}
        await writer.write(insert(_T).values(**row))
        cipher = await asyncio.to_thread(self.take, tier.value, key_id.hex(), reference)
        return KeyInForce(id=key_id.hex(), tier=tier, reference=reference, cipher=cipher)

    def unwrap(self, row: Row[*tuple[Any, ...]]) -> SubjectKey:
        """
        Unwrap a row of `_ROWS` that holds a key.

        Raises:
            SealError: it is damaged, moved, or wrapped by a key that is retired or unknown.
            VaultError: the tier's key cannot be reached.
        """
        if row.state not in {ACTIVE, RETIRING}:
            raise SealError("wrapped by a retired or unknown key")
        need = (row.subject_code, Tier(row.tier))
        cipher = self.take(row.tier, row.key_id, row.reference)
        secret = open_sealed(cipher, row.wrapped, key_place(need, row.generation))
        return SubjectKey.of(need, row.generation, row.uses, secret)

    def wrap(self, key: KeyInForce, need: Need, generation: int, secret: bytes) -> bytes:
        """Wrap *secret* for its row."""
        return seal(key.cipher, secret, key_place(need, generation), self.entropy(NONCE_SIZE))


class SubjectKeys:
    """The keys of subjects in one store. One per process; its memory is owned by the event loop."""

    def __init__(self, tier_keys: TierKeys, tally: Tally, log: FilteringBoundLogger) -> None:
        self.tier_keys = tier_keys
        self.tally = tally
        self._log = log
        self._kept: Kept[Need, tuple[int, SubjectKey]] = Kept(KEPT)

    async def for_opening(self, engine: AsyncEngine, needs: Mapping[Need, int]) -> Mapping[Need, SubjectKey]:
        """
        Unwrap the keys of *needs*: need -> version the subject was read at. Those that are gone or damaged are absent.

        Raises:
            UnavailableError: a key's keeper does not answer.
        """
        found: dict[Need, SubjectKey] = {}
        missing: list[Need] = []
        for need, version in needs.items():
            kept = self._kept.find(need)
            if kept is not None and kept[0] == version:
                found[need] = kept[1]
            else:
                missing.append(need)
        if missing:
            fresh = await self._read(engine, missing)
            for need, key in fresh.items():
                self._kept.keep(need, (needs[need], key))
            found |= fresh
        return found

    async def for_sealing(self, writer: Writer, needs: Iterable[Need], at: str) -> Mapping[Need, SubjectKey | None]:
        """
        Unwrap the keys of *needs*, making those that never were; None for one that was shredded.

        The caller holds the turn.

        Raises:
            SealingError: a key is damaged or used up, or its tier has none in force, or its keeper does not answer.
        """
        wanted = sorted(set(needs))
        keys: dict[Need, SubjectKey | None] = {}
        for row in await rows_of_keys(writer, wanted):
            need = (row.subject_code, Tier(row.tier))
            keys[need] = await self._for_sealing(row) if row.wrapped is not None else None
        active = {tier: await self.tier_keys.active(writer, tier, at) for tier in sorted({tier for _, tier in wanted})}
        made: list[dict[str, object]] = []
        for need in wanted:
            if need not in keys:
                keys[need], new = self._make(need, active[need[1]], at)
                made.append(new)
        await writer.insert(_K, made)
        return keys

    async def note_uses(self, writer: Writer, keys: Iterable[SubjectKey | None]) -> None:
        """Write down how often *keys* were used, in the transaction that keeps what they sealed."""
        used = [key for key in keys if key is not None and key.new_uses]
        await writer.write(
            _NOTE, [{"the_subject": key.need[0], "the_tier": key.need[1].value, "more": key.new_uses} for key in used]
        )
        for key in used:
            key.new_uses = 0

    def _make(self, need: Need, active: KeyInForce, at: str) -> tuple[SubjectKey, dict[str, object]]:
        secret = self.tier_keys.entropy(KEY_SIZE)
        row: dict[str, object] = {
            "subject_code": need[0],
            "tier": need[1].value,
            "generation": 1,
            "key_id": active.id,
            "wrapped": self.tier_keys.wrap(active, need, 1, secret),
            "uses": 0,
            "created_at": at,
            "shredded_at": None,
        }
        return SubjectKey.of(need, 1, 0, secret), row

    async def _for_sealing(self, row: Row[*tuple[Any, ...]]) -> SubjectKey:
        try:
            key = await self._unwrap(row)
        except VaultError as error:
            raise SealingError(str(error)) from None
        except SealError:
            self._refused(row.tier)
            raise SealingError(f"a subject's key of tier {row.tier} is damaged; run: hub keys check") from None
        if key.uses >= USES_MAX - _MARGIN:
            raise SealingError(f"a subject's key of tier {row.tier} is used up")
        return key

    async def _read(self, engine: AsyncEngine, needs: Sequence[Need]) -> dict[Need, SubjectKey]:
        """Twice if need be: a rotation may have wrapped a key anew, and retired the old wrapping, in between."""
        found: dict[Need, SubjectKey] = {}
        left = list(needs)
        for is_last in (False, True):
            async with glancing(engine) as reader:
                rows = {(row.subject_code, Tier(row.tier)): row for row in await rows_of_keys(reader, left)}
            broken: list[Need] = []
            for need in left:
                row = rows.get(need)
                # Shredded, or never there: nothing to open with, and nothing to tell.
                if row is None or row.wrapped is None:
                    continue
                key = await self._unwrapped(row)
                if key is None:
                    broken.append(need)
                else:
                    found[need] = key
            if not broken:
                break
            left = broken
            if is_last:
                for need in broken:
                    self._refused(need[1])
        return found

    async def _unwrapped(self, row: Row[*tuple[Any, ...]]) -> SubjectKey | None:
        try:
            key = await self._unwrap(row)
        except VaultError as error:
            self._log.error("sealing_key_unavailable", tier=row.tier, error=str(error))
            raise UnavailableError("A sealing key cannot be reached; nothing was disclosed.") from None
        except SealError:
            return None
        self.tally.add("key_opened")
        return key

    async def _unwrap(self, row: Row[*tuple[Any, ...]]) -> SubjectKey:
        """Unwrap *row*; what may take long, apart from the event loop."""
        if row.reference is not None and self.tier_keys.vault.is_distant(row.reference):
            return await asyncio.to_thread(self.tier_keys.unwrap, row)
        return self.tier_keys.unwrap(row)

    def _refused(self, tier: str) -> None:
        self.tally.add("key_refused")
        self._log.error("subject_key_refused", tier=str(tier))


_MARGIN: Final = 1_000_000
"""What one transaction may seal at most, and more."""


async def rows_of_keys(reader: Reader, needs: Sequence[Need]) -> list[Row[*tuple[Any, ...]]]:
    """Read the rows of the keys of *needs*, with what is known of the tier keys that wrap them."""
    codes = sorted({code for code, _ in needs})
    wanted = {(code, tier.value) for code, tier in needs}
    found: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(codes), _CHUNK):
        rows = await reader.rows(_ROWS, {"codes": codes[start : start + _CHUNK]})
        found += [row for row in rows if (row.subject_code, row.tier) in wanted]
    return found
