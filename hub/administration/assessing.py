"""
What a set of items would do, as the store stands now: what comes of the policy, what it weighs, who may draft it.

Rules:
    - Assessed when it is drafted, submitted, and once more in the transaction that approves it: what is applied is what
      was weighed a moment before, in the same transaction.
    - The base of a change of policy is the version with the highest number that is not over when it begins. It must
      have begun by then: while a version waits for its day, only what says what it starts from (`RestorePolicy`,
      `AdoptSeed`) can be put before it, since it would never come.
    - It is weighed against every version in whose place it would hold, not only against its base.
    - What would open nothing is refused, since its author expects something of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.access.policies import PolicyMissingError, policy_digest, seed_policy
from hub.administration.items import (
    AdoptSeed,
    Edit,
    GiveGrant,
    Item,
    ProlongGrant,
    PutOfficer,
    PutPartner,
    PutPartnerKey,
    RestorePolicy,
    SetPartner,
)
from hub.administration.register import register_weight
from hub.administration.rights_checked import grants_weight, labels_weight
from hub.administration.timeline import Timeline, read_policy, read_timeline
from hub.administration.weighing import approvals_needed
from hub.clock import iso
from hub.errors import BadInputError, ConflictError
from hub.identity.officers.duties import Duty
from hub.store.engine import Reader
from schema.plan.guarded import GuardTable
from schema.policy.edit import EDITS, EditError, apply_items, differences
from schema.policy.entries import PolicyDataError
from schema.policy.model import Policy
from schema.policy.weighing import Weight, weigh_policies

ITEMS_MAX = 500
_REGISTER = (PutPartner, SetPartner, PutPartnerKey, PutOfficer)
_STARTS = (RestorePolicy, AdoptSeed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What is assessed.

    Attributes:
        items: The changes.
        valid_from: When the policy is to begin, aware; None: now.
        valid_to: When it is to end; None: not.
    """

    items: tuple[Item, ...]
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """
    What comes of it.

    Attributes:
        weight: Of the heaviest item.
        needed: Approvals it needs besides its drafter.
        begin, end: When the policy begins and ends, as stored.
        base_version: Number of the version it was assessed against; None: it does not touch the policy.
        base: Content in force where it begins; None likewise.
        policy: What comes of it, under the number it would get; None likewise.
        differences: Names of what differs from *base*, `cells.C05.GC.stop`.
    """

    weight: Weight
    needed: int
    begin: str
    end: str | None
    base_version: int | None = None
    base: Policy | None = None
    policy: Policy | None = None
    differences: tuple[str, ...] = field(default=())


def duties_of(items: Sequence[Item]) -> tuple[Duty, Duty]:
    """
    Tell the duties to draft and to approve *items*.

    Raises:
        BadInputError: none or too many, of policy and register both, or of a start that is not the first.
    """
    if not 1 <= len(items) <= ITEMS_MAX:
        raise _wrong("change.items", f"items: got {len(items)}, expected 1 to {ITEMS_MAX}", ())
    for number, item in enumerate(items):
        if isinstance(item, _STARTS) and number:
            raise _wrong("change.start", "a set begins with what it starts from, or from what is in force", (number,))
        if isinstance(item, _REGISTER) != isinstance(items[0], _REGISTER):
            raise _wrong("change.mixed", "a set is of policy or of the register, never of both", (number,))
    if isinstance(items[0], _REGISTER):
        return Duty.DRAFT_REGISTER, Duty.APPROVE_REGISTER
    return Duty.DRAFT_POLICY, Duty.APPROVE_POLICY


async def assess(reader: Reader, wanted: Wanted, *, now: datetime, table: GuardTable) -> Assessment:
    """
    Assess *wanted* as the store stands.

    Raises:
        BadInputError: an item does not fit the catalogue, the policy, the register or the form it must have; its place
            is ("items", number, member).
        ConflictError: a version waits for its day, or the release ships another seed than the drafter saw.
        PolicyMissingError: no policy is in force where it begins.
    """
    timeline = await read_timeline(reader)
    begin = iso(max(now, wanted.valid_from or now))
    end = None if wanted.valid_to is None else iso(wanted.valid_to)
    if end is not None and end <= begin:
        raise BadInputError("valid_to: ends before it begins", place=("valid_to",), extensions={"rule": "change.time"})
    edits = [item for item in wanted.items if isinstance(item, (*EDITS, *_STARTS))]
    made = await _policy(reader, timeline, wanted.items, (begin, end), table) if edits else None
    weights = [] if made is None else [made.weight]
    current = made.policy if made is not None else await _current(reader, timeline, begin)
    if current is not None:
        weights.append(await grants_weight(reader, wanted.items, current, now=now, table=table))
        weights.append(await register_weight(reader, wanted.items, current, now=now))
    elif any(isinstance(item, (GiveGrant, ProlongGrant, PutPartner, SetPartner)) for item in wanted.items):
        raise PolicyMissingError("policy: no version is in force")
    weights.append(await labels_weight(reader, wanted.items, now=now, table=table))
    weight = max(weights)
    if made is None:
        return Assessment(weight=weight, needed=approvals_needed(weight), begin=begin, end=end)
    return Assessment(
        weight=weight,
        needed=approvals_needed(weight),
        begin=begin,
        end=end,
        base_version=made.base_version,
        base=made.base,
        policy=made.policy,
        differences=differences(made.base, made.policy),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    base_version: int
    base: Policy
    policy: Policy
    weight: Weight


async def _current(reader: Reader, timeline: Timeline, begin: str) -> Policy | None:
    head = timeline.in_force(begin)
    return None if head is None else await read_policy(reader, head)


async def _policy(
    reader: Reader, timeline: Timeline, items: Sequence[Item], time: tuple[str, str | None], table: GuardTable
) -> _Made:
    begin, end = time
    newest = timeline.newest(begin)
    base = await _current(reader, timeline, begin)
    if newest is None or base is None:
        raise PolicyMissingError("policy: no version is in force where the change begins")
    start = base
    if isinstance(items[0], RestorePolicy):
        start = await _restored(reader, timeline, items[0].version)
    elif isinstance(items[0], AdoptSeed):
        start = seed_policy()
        if start.digest != items[0].digest:
            raise ConflictError(
                "change.seed", "This release ships another policy than the drafter saw", changed={"seed": start.digest}
            )
    elif newest.number != base.version:
        raise ConflictError(
            "change.scheduled",
            "A version of the policy waits for its day: begin after it, or say from which version to start",
            changed={"version": newest.number, "begins": newest.valid_from},
        )
    policy = _edited(start, items, timeline.next_number, table)
    if policy.digest == base.digest:
        raise _wrong("change.no_difference", "the policy in force says all of this already", ())
    stood = timeline.stood_in_for(begin, end)
    weights = [
        Weight.OPENS if head is None else weigh_policies(await read_policy(reader, head), policy, table)
        for head in stood
    ]
    return _Made(base_version=newest.number, base=base, policy=policy, weight=max(weights))


async def _restored(reader: Reader, timeline: Timeline, number: int) -> Policy:
    for head in timeline.heads:
        if head.number == number:
            return await read_policy(reader, head)
    raise _wrong("change.no_such_version", "there is no such version of the policy", (0, "version"))


def _edited(start: Policy, items: Sequence[Item], number: int, table: GuardTable) -> Policy:
    # Items of other kinds keep their number, so that a fault names the place its author knows.
    places = [place for place, item in enumerate(items) if isinstance(item, EDITS)]
    edits: list[Edit] = [item for item in items if isinstance(item, EDITS)]
    try:
        return apply_items(start, edits, floors=table.by_coordinate, version=number, digest_of=policy_digest)
    except EditError as error:
        at, member = error.place
        raise _wrong(error.rule, error.text, (places[int(at)], member)) from None
    except PolicyDataError as error:
        raise _wrong("policy.data", str(error), ()) from None


def _wrong(rule: str, text: str, place: tuple[int | str, ...]) -> BadInputError:
    return BadInputError(text, place=("items", *place), extensions={"rule": rule})
