"""
Which policy version holds when: the one rule (the newest that has begun and not ended), over a stretch of time.

A change is weighed against every version it would stand in for, also one that begins only later.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from hub.access.policies import PolicyMissingError, policy_digest
from hub.store import tables
from hub.store.engine import Reader
from hub.store.tables import table_of
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.parse import policy_from_json

VERSION = table_of(tables.PolicyVersion)
_HEADS = select(VERSION.c.version, VERSION.c.digest, VERSION.c.valid_from, VERSION.c.valid_to, VERSION.c.change_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A version without its content. Instants are texts of `hub.clock.iso`; *valid_to* is exclusive."""

    number: int
    digest: str
    valid_from: str
    valid_to: str | None
    change_id: str | None

    def is_over(self, at: str) -> bool:
        """Whether its time has ended at *at*."""
        return self.valid_to is not None and self.valid_to <= at

    def holds(self, at: str) -> bool:
        """Whether *at* lies in its time."""
        return self.valid_from <= at and not self.is_over(at)


@dataclass(frozen=True, slots=True)
class Timeline:
    """All versions, by number."""

    heads: Sequence[Head]

    def newest(self, at: str) -> Head | None:
        """The version of the highest number that is not over at *at*, whether or not it has begun."""
        return max((head for head in self.heads if not head.is_over(at)), key=_number, default=None)

    def in_force(self, at: str) -> Head | None:
        """The version that decides at *at*."""
        return max((head for head in self.heads if head.holds(at)), key=_number, default=None)

    def stood_in_for(self, begin: str, end: str | None) -> list[Head | None]:
        """Every version in force at some instant from *begin* until before *end*; None among them: at some none is."""
        edges = {edge for head in self.heads for edge in (head.valid_from, head.valid_to) if edge is not None}
        instants = [begin, *sorted(edge for edge in edges if begin < edge and (end is None or edge < end))]
        return list(dict.fromkeys(map(self.in_force, instants)))

    def after(self, number: int) -> list[Head]:
        """The versions stored after *number*."""
        return [head for head in self.heads if head.number > number]

    @property
    def next_number(self) -> int:
        """The number of the version that is stored next."""
        return max(map(_number, self.heads), default=0) + 1


async def read_timeline(reader: Reader) -> Timeline:
    """Read the heads of all versions."""
    rows = await reader.rows(_HEADS.order_by(VERSION.c.version))
    return Timeline(
        [
            Head(
                number=row.version,
                digest=row.digest,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                change_id=row.change_id,
            )
            for row in rows
        ]
    )


async def read_policy(reader: Reader, head: Head) -> Policy:
    """
    Read the content of a version.

    Raises:
        PolicyMissingError: it is damaged.
    """
    row = await reader.first(select(VERSION.c.body).where(VERSION.c.version == head.number))
    try:
        policy = policy_from_json(
            json.loads("null" if row is None else row.body), version=head.number, digest_of=policy_digest
        )
    except (PolicyDataError, json.JSONDecodeError) as error:
        raise PolicyMissingError(f"policy: version {head.number} in the store cannot be read") from error
    if policy.digest != head.digest:
        raise PolicyMissingError(f"policy: version {head.number} in the store is not what its digest says")
    return policy


def _number(head: Head) -> int:
    return head.number
