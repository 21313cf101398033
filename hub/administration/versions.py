"""
The policy versions of a store, for whoever looks at them: their list, and each of them whole.

Which one is in force is told by the same rule as to the road: the newest whose time has begun and not ended.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.policies import PolicyMissingError, policy_digest
from hub.administration.model import Page
from hub.clock import iso
from hub.errors import BadInputError
from hub.store.engine import Reader, reading
from hub.store.tables import PolicyVersion, table_of
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.parse import policy_from_json

_TABLE = table_of(PolicyVersion)
_NUMBER_MAX = 2**31 - 1
"""What no store counts beyond."""
_HEADS = [column for column in _TABLE.c if column.name != "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """
    A version, without its content.

    Attributes:
        number: From 1.
        digest: Of the content; the same content stored again has the same.
        valid_from, valid_to: Instants, UTC; the second is the first at which it is over, None without end.
        change_id: Change set it came from; None: a release's seed.
        log_index: Its entry in the log; None until it is announced.
        in_force: Whether it is the one that decides now.
    """

    number: int
    digest: str
    valid_from: str
    valid_to: str | None
    change_id: str | None
    log_index: int | None
    in_force: bool


class Versions:
    """Reads the table `policy_version`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def page(self, now: datetime, *, first: int, after: str | None = None) -> Page[Version]:
        """List at most *first* versions, the newest first; *after* is the number behind which to go on."""
        rows = await self._listed(now, first + 1, None if after is None else int(after))
        return Page(rows=rows[:first], end=str(rows[first - 1].number) if len(rows) > first else None)

    async def _listed(self, now: datetime, most: int, before: int | None) -> Sequence[Version]:
        async with reading(self._engine) as reader:
            current = await self._in_force(reader, now)
            query = select(*_HEADS).order_by(_TABLE.c.version.desc()).limit(most)
            if before is not None:
                query = query.where(_TABLE.c.version < before)
            rows = await reader.rows(query)
        return [
            Version(
                number=row.version,
                digest=row.digest,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                change_id=row.change_id,
                log_index=row.log_index,
                in_force=row.version == current,
            )
            for row in rows
        ]

    async def one(self, number: int | None, now: datetime) -> tuple[Version, Policy]:
        """
        Get version *number* whole; None: the one in force.

        Raises:
            BadInputError: there is no such version.
            PolicyMissingError: none is in force, or the stored one is not what its digest says.
        """
        if number is None:
            async with reading(self._engine) as reader:
                number = await self._in_force(reader, now)
            if number is None:
                raise PolicyMissingError("policy: no version is in force")
        found = await self._listed(now, 1, number + 1) if 0 < number < _NUMBER_MAX else ()
        if not found or found[0].number != number:
            raise BadInputError("version: there is no such version of the policy", place=("version",))
        async with reading(self._engine) as reader:
            row = await reader.first(select(_TABLE.c.body).where(_TABLE.c.version == number))
        if row is None:  # never deleted; but whoever deleted it would not be answered
            raise PolicyMissingError(f"policy: version {number} is gone")
        return found[0], _read(found[0], row.body)

    async def _in_force(self, reader: Reader, now: datetime) -> int | None:
        begun = select(_TABLE.c.version).where(_TABLE.c.valid_from <= iso(now))
        lasting = begun.where((_TABLE.c.valid_to.is_(None)) | (_TABLE.c.valid_to > iso(now)))
        row = await reader.first(lasting.order_by(_TABLE.c.version.desc()).limit(1))
        return None if row is None else int(row.version)


def _read(version: Version, body: str) -> Policy:
    try:
        policy = policy_from_json(json.loads(body), version=version.number, digest_of=policy_digest)
    except (PolicyDataError, json.JSONDecodeError) as error:
        raise PolicyMissingError(f"policy: version {version.number} in the store cannot be read") from error
    if policy.digest != version.digest:
        raise PolicyMissingError(f"policy: version {version.number} in the store is not what its digest says")
    return policy
