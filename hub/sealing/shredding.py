"""
Crypto-shredding: the keys of a subject are destroyed, and with them everything that was sealed with them.

Rules:
    - In one transaction: the keys go, what is sealed of the subject's records goes with them, and the journal tells of
      it. The subject's version is raised, so no answer under way and nothing kept in memory survives it.
    - What stands unsealed from an older release is taken out as well; quarantined rows of the subject, or proposed for
      it, are emptied.
    - What was erased stays erased: until the subject is readmitted, its values of tier A and R are not kept, whoever
      sends them. Readmitting makes a new generation of the keys, which opens nothing of an older one.
    - The audit log holds commitments and no values: every proof and receipt stays as it is.
    - NOTE: a backup of the store still has the wrapped keys. Rotate the tier's keys and destroy the old ones, and those
      backups are shredded too (docs/sealing.md).

Source: PIPL (个人信息保护法) 47; NIST SP 800-88 Rev. 1, 2.6 (cryptographic erase).
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.acting import Agent, check_may, name_of
from hub.administration.journal import Journal
from hub.identity.officers.duties import Duty
from hub.ingest.intake import TURN
from hub.sealing.errors import SealingError
from hub.sealing.labels import SEALED
from hub.sealing.resealing import Resealing
from hub.sealing.sealer import Sealing
from hub.store import tables
from hub.store.engine import Writer, writing
from hub.store.sealing_tables import SubjectKey
from hub.store.tables import table_of
from keys.canonical import Value
from keys.envelope import KEY_SIZE

_K = table_of(SubjectKey)
_RECORD = table_of(tables.Record)
_VERSION = table_of(tables.RecordVersion)
_TICKET = table_of(tables.Quarantine)
_LINK = table_of(tables.SubjectLink)
_NOTHING: Final = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredded:
    """What went: keys, sealed rows, quarantined rows."""

    keys: int
    rows: int
    tickets: int


class Shredding:
    """
    Shreds subjects, and readmits them.

    Args:
        engine: The store.
        sealing: For what is not sealed yet, and for new keys.
        journal: Where it is written down.
    """

    def __init__(self, engine: AsyncEngine, sealing: Sealing, journal: Journal) -> None:
        self._engine = engine
        self._sealing = sealing
        self._journal = journal

    async def shred(self, agent: Agent, subject: str, reason: str, at: str) -> Shredded:
        """
        Destroy the keys of *subject*. Doing it again finds nothing left.

        Raises:
            ForbiddenError: *agent* may not.
            SealingError: the store knows no such subject.
        """
        async with writing(self._engine) as writer:
            await check_may(writer, agent, Duty.ERASE)
            await writer.take_turn(TURN)
            subjects = table_of(tables.Subject).c
            if await writer.first(select(subjects.code).where(subjects.code == subject)) is None:
                raise SealingError("the store knows no such subject")
            keys = await self._destroy(writer, subject, at)
            await Resealing(self._engine, self._sealing).subject(writer, subject, at)
            rows = 0
            for table in (_RECORD, _VERSION):
                sealed = (table.c.subject_code == subject) & table.c.sealed.is_not(None)
                rows += await writer.write(update(table).where(sealed).values(sealed=None))
            tickets = await self._empty(writer, subject)
            told: dict[str, Value] = {"act": "shred", "subject": subject, "reason": reason, "by": name_of(agent)}
            told["keys"] = keys
            await self._journal.record(writer, "erasure", told)
        return Shredded(keys=keys, rows=rows, tickets=tickets)

    async def readmit(self, agent: Agent, subject: str, reason: str, at: str) -> int:
        """
        Let values of *subject* be kept again, under new keys; how many tiers that was.

        Raises:
            ForbiddenError: *agent* may not.
            SealingError: nothing of *subject* was shredded, or a key cannot be made.
        """
        async with writing(self._engine) as writer:
            await check_may(writer, agent, Duty.ERASE)
            await writer.take_turn(TURN)
            gone = (_K.c.subject_code == subject) & _K.c.wrapped.is_(None)
            rows = await writer.rows(select(_K).where(gone))
            if not rows:
                raise SealingError("nothing of this subject was shredded")
            tier_keys = self._sealing.keys.tier_keys
            for row in rows:
                need = (subject, next(tier for tier in SEALED if tier.value == row.tier))
                active = await tier_keys.active(writer, need[1], at)
                generation = row.generation + 1
                wrapped = tier_keys.wrap(active, need, generation, tier_keys.entropy(KEY_SIZE))
                new = {"generation": generation, "key_id": active.id, "wrapped": wrapped, "uses": 0, "created_at": at}
                place = (_K.c.subject_code == subject) & (_K.c.tier == row.tier)
                await writer.write(update(_K).where(place).values(**new, shredded_at=None))
            told: dict[str, Value] = {"act": "readmit", "subject": subject, "reason": reason, "by": name_of(agent)}
            await self._journal.record(writer, "erasure", told)
        return len(rows)

    async def _destroy(self, writer: Writer, subject: str, at: str) -> int:
        mine = _K.c.subject_code == subject
        keys = await writer.write(
            update(_K).where(mine, _K.c.wrapped.is_not(None)).values(wrapped=None, shredded_at=at)
        )
        known = {row.tier for row in await writer.rows(select(_K.c.tier).where(mine))}
        row = {"subject_code": subject, "generation": 1, "key_id": "", "wrapped": None, "uses": 0, "created_at": at}
        for tier in SEALED:
            # A tier that had no key yet gets none from now on.
            if tier.value not in known:
                await writer.write(insert(_K).values(tier=tier.value, shredded_at=at, **row))
        return keys

    async def _empty(self, writer: Writer, subject: str) -> int:
        proposed = select(_LINK.c.quarantine_id).where(_LINK.c.subject_code == subject)
        return await writer.write(
            update(_TICKET).where(_TICKET.c.id.in_(proposed), _TICKET.c.row != _NOTHING).values(row=_NOTHING)
        )
