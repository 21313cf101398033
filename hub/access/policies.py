"""
Policy versions: the seed that ships with the hub, the versions in the store, and which of them is in force.

Rules:
    - A version is written once and never changed; the one in force is the newest that has begun.
    - A seed whose digest the store has never held becomes a new version. A seed it has held before changes nothing,
      so that a restart does not undo what officers decided since.
    - No policy means no answer: there is no built-in fallback.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import iso
from hub.errors import HubError
from hub.store.engine import Reader, reading, writing
from hub.store.tables import PolicyVersion
from keys.canonical import canonical_json
from keys.digests import digest
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.parse import FILES, parse_policy, policy_from_json, policy_json

_TABLE = PolicyVersion.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes


class PolicyMissingError(HubError):
    """No policy is in force, or the stored one is not what its digest says: nobody may see anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    What `Policies.settle` found or made.

    Attributes:
        policy: The version in force.
        is_new: It was stored just now; the caller appends its log entry and calls `note_log_index`.
    """

    policy: Policy
    is_new: bool


def policy_digest(value: object) -> str:
    """Digest the JSON form of a policy: `sm3:<hex>` over its canonical bytes."""
    return digest(canonical_json(value))


def seed_policy(version: int = 1) -> Policy:
    """
    Read the seed policy that ships with the hub.

    Raises:
        PolicyDataError: the installation's data is broken.
    """
    folder = files("schema.policy") / "seed"
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
    return parse_policy(texts, version=version, digest_of=policy_digest)


class Policies:
    """The policy versions of one store. Holds the last one parsed; the store says on every call which is in force."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._parsed: Policy | None = None

    async def settle(self, now: datetime) -> Settled:
        """
        Store the seed if the store has never held it, and tell the version in force.

        Safe with several hubs starting at once on one store: one of them stores it.

        Raises:
            PolicyMissingError: the stored policy is damaged.
        """
        seed = seed_policy()
        async with writing(self._engine) as writer:
            await writer.take_turn("policy_version")
            held = await writer.first(select(_TABLE.c.version).where(_TABLE.c.digest == seed.digest))
            if held is not None:
                return Settled(policy=await self._in_force(writer, now), is_new=False)
            (newest,) = await writer.rows(select(func.coalesce(func.max(_TABLE.c.version), 0)))
            number = int(newest[0]) + 1
            row = {
                "version": number,
                "digest": seed.digest,
                "body": canonical_json(policy_json(seed)).decode(),
                "valid_from": iso(now),
            }
            await writer.write(insert(_TABLE), [row])
        return Settled(policy=seed_policy(number), is_new=True)

    async def current(self, now: datetime) -> Policy:
        """
        Tell the policy in force at *now*.

        Raises:
            PolicyMissingError: none has begun, or the stored one is damaged.
        """
        async with reading(self._engine) as reader:
            return await self._in_force(reader, now)

    async def note_log_index(self, version: int, index: int) -> None:
        """Remember under which log entry *version* was announced; the first note stands."""
        row = update(_TABLE).where(_TABLE.c.version == version, _TABLE.c.log_index.is_(None)).values(log_index=index)
        async with writing(self._engine) as writer:
            await writer.write(row)

    async def unannounced(self) -> tuple[tuple[int, str], ...]:
        """List (version, digest) of versions without a log entry, oldest first: a hub died between the two steps."""
        missing = (
            select(_TABLE.c.version, _TABLE.c.digest).where(_TABLE.c.log_index.is_(None)).order_by(_TABLE.c.version)
        )
        async with reading(self._engine) as reader:
            return tuple((int(row.version), str(row.digest)) for row in await reader.rows(missing))

    async def _in_force(self, reader: Reader, now: datetime) -> Policy:
        newest = (
            select(_TABLE.c.version, _TABLE.c.digest)
            .where(_TABLE.c.valid_from <= iso(now))
            .order_by(_TABLE.c.version.desc())
            .limit(1)
        )
        head = await reader.first(newest)
        if head is None:
            raise PolicyMissingError(
                "policy: the store holds no version that has begun: run `hub migrate` and start again"
            )
        held = self._parsed
        if held is not None and (held.version, held.digest) == (head.version, head.digest):
            return held
        (row,) = await reader.rows(select(_TABLE.c.body).where(_TABLE.c.version == head.version))
        self._parsed = _read(head.version, head.digest, row.body)
        return self._parsed


def _read(version: int, stored_digest: str, body: str) -> Policy:
    try:
        policy = policy_from_json(json.loads(body), version=version, digest_of=policy_digest)
    except (PolicyDataError, json.JSONDecodeError) as error:
        raise PolicyMissingError(f"policy: version {version} in the store cannot be read") from error
    # Whoever can write this table decides who sees what: the digest must at least be the one that was announced.
    if policy.digest != stored_digest:
        raise PolicyMissingError(f"policy: version {version} in the store is not what its digest says")
    return policy
