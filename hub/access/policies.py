"""
Policy versions: the seed that ships with the hub, the versions in the store, and which of them is in force.

Rules:
    - A version is written once and never changed; the one in force is the newest that has begun and has not ended.
    - A store that never held a policy gets the seed. Whether a later release's seed becomes a version by itself is for
      the caller to say: where officers decide, they adopt it by a change set. A seed the store has held before changes
      nothing, so that a restart does not undo what was decided since.
    - No policy means no answer: there is no built-in fallback.
    - The policy in force is held until its epoch changes (`hub.store.epochs`) or another version begins; the commit of
      every answer checks the epoch, so a version that another hub stored holds from the next answer on.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import from_iso, iso
from hub.errors import HubError
from hub.store.engine import Reader, reading, writing
from hub.store.epochs import Epochs, epoch_of
from hub.store.tables import PolicyVersion
from keys.canonical import canonical_json
from keys.digests import digest
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.parse import FILES, parse_policy, policy_from_json, policy_json

_TABLE = PolicyVersion.__table__  # type: ignore[attr-defined]  # SQLModel adds it to table classes

_EPOCH = select(epoch_of("policy"))
_IN_FORCE = (
    select(_TABLE.c.version, _TABLE.c.digest, _TABLE.c.valid_from, _TABLE.c.valid_to)
    .where(
        _TABLE.c.valid_from <= bindparam("now"),
        or_(_TABLE.c.valid_to.is_(None), _TABLE.c.valid_to > bindparam("now")),
    )
    .order_by(_TABLE.c.version.desc())
    .limit(1)
)
# A newer number supersedes whatever has begun; an older one comes back only where the newer has ended.
_NEXT = select(func.min(_TABLE.c.valid_from)).where(
    _TABLE.c.version > bindparam("version"), _TABLE.c.valid_from > bindparam("now")
)
_LAST = select(func.max(_TABLE.c.valid_to)).where(
    _TABLE.c.version > bindparam("version"), _TABLE.c.valid_to <= bindparam("now")
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """The policy in force from `begins` until before `ends`, as of `epoch`."""

    policy: Policy
    epoch: int
    begins: datetime
    ends: datetime


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
    """
    The policy versions of one store. Holds the last one parsed.

    With *epochs* it also holds which one is in force; without, the store says so on every call.
    """

    def __init__(self, engine: AsyncEngine, epochs: Epochs | None = None) -> None:
        self._engine = engine
        self._epochs = epochs
        self._parsed: Policy | None = None
        self._held: _Held | None = None
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """Epoch `policy` that what `current` returned last was read at; 0 before, and without epochs."""
        return self._epoch

    async def settle(self, now: datetime, *, adopt: bool = True) -> Settled:
        """
        Store the seed if the store has no policy, or has never held this one and *adopt*; tell the version in force.

        Safe with several hubs starting at once on one store: one of them stores it.

        Raises:
            PolicyMissingError: the stored policy is damaged.
        """
        seed = seed_policy()
        async with writing(self._engine) as writer:
            await writer.take_turn("policy_version")
            held = await writer.first(select(_TABLE.c.version).where(_TABLE.c.digest == seed.digest))
            (newest,) = await writer.rows(select(func.coalesce(func.max(_TABLE.c.version), 0)))
            number = int(newest[0]) + 1
            if held is not None or (number > 1 and not adopt):
                return Settled(policy=(await self._in_force(writer, now))[0], is_new=False)
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
        Tell the policy in force at *now* (aware), as of `epoch`.

        Raises:
            PolicyMissingError: none has begun, or the stored one is damaged.
            EpochMissingError: the store does not have the epoch.
        """
        held = self._held
        if (
            held is not None
            and self._epochs is not None
            and held.epoch == self._epochs.known.get("policy")
            and held.begins <= now < held.ends
        ):
            self._epoch = held.epoch
            return held.policy
        async with reading(self._engine) as reader:
            if self._epochs is None:
                return (await self._in_force(reader, now))[0]
            row = await reader.first(_EPOCH)
            policy, (valid_from, valid_to) = await self._in_force(reader, now)
            near = {"version": policy.version, "now": iso(now)}
            ((following,), (before,)) = [(await reader.rows(edge, near))[0] for edge in (_NEXT, _LAST)]
        # One session sees one state of the store, so the epoch is that of the policy.
        self._epoch = self._epochs.note_one("policy", None if row is None else row[0])
        begins = max(filter(None, (valid_from, before)))
        ends = min(filter(None, (valid_to, following)), default=None)
        self._held = _held(policy, self._epoch, begins, ends)
        return policy

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

    async def _in_force(self, reader: Reader, now: datetime) -> tuple[Policy, tuple[str, str | None]]:
        """The policy in force at *now*, and its own validity."""
        head = await reader.first(_IN_FORCE, {"now": iso(now)})
        if head is None:
            raise PolicyMissingError(
                "policy: the store holds no version that has begun: run `hub migrate` and start again"
            )
        held = self._parsed
        if held is None or (held.version, held.digest) != (head.version, head.digest):
            (row,) = await reader.rows(select(_TABLE.c.body).where(_TABLE.c.version == head.version))
            held = self._parsed = _read(head.version, head.digest, row.body)
        return held, (head.valid_from, head.valid_to)


def _held(policy: Policy, epoch: int, begins: str, ends: str | None) -> _Held | None:
    """What may be held of the answer; None if a time is not as we write it, so that no instant bounds it."""
    try:
        until = datetime.max.replace(tzinfo=UTC) if ends is None else from_iso(ends)
        return _Held(policy=policy, epoch=epoch, begins=from_iso(begins), ends=until)
    except ValueError:
        return None


def _read(version: int, stored_digest: str, body: str) -> Policy:
    try:
        policy = policy_from_json(json.loads(body), version=version, digest_of=policy_digest)
    except (PolicyDataError, json.JSONDecodeError) as error:
        raise PolicyMissingError(f"policy: version {version} in the store cannot be read") from error
    # Whoever can write this table decides who sees what: the digest must at least be the one that was announced.
    if policy.digest != stored_digest:
        raise PolicyMissingError(f"policy: version {version} in the store is not what its digest says")
    return policy
