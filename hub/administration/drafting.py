"""Change sets as values: how a draft is made and assessed anew, what is approved, what is journalled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hub.access.policies import policy_digest
from hub.administration.acting import Agent
from hub.administration.assessing import Assessment, Wanted, assess
from hub.administration.desk import Desk, check_reason
from hub.administration.items import packed
from hub.administration.model import Change, ChangeState, NewChange
from hub.administration.timeline import read_timeline
from hub.clock import from_iso, iso
from hub.errors import BadInputError, ConflictError
from hub.store.engine import Reader, Writer

_AHEAD = timedelta(days=3660)


async def made(desk: Desk, reader: Reader, new: NewChange, drafter: str) -> tuple[Change, Assessment]:
    """
    Make a draft of *new*, assessed against the policy of now.

    Raises:
        BadInputError, ConflictError, PolicyMissingError: see `hub.administration.assessing.assess`.
    """
    reason = check_reason(new.reason)
    now = desk.clock.now()
    for member, at in (("valid_from", new.valid_from), ("valid_to", new.valid_to)):
        if at is not None and (at.tzinfo is None or at > now + _AHEAD):
            raise BadInputError(
                f"{member}: expected an instant with its offset, within ten years",
                place=(member,),
                extensions={"rule": "change.time"},
            )
    wanted = Wanted(items=new.items, valid_from=new.valid_from, valid_to=new.valid_to)
    assessment = await assess(reader, wanted, now=now, table=desk.table)
    if assessment.policy is None and (new.valid_from or new.valid_to):
        raise BadInputError(
            "A set that does not change the policy has no time of its own",
            place=("valid_from",),
            extensions={"rule": "change.time"},
        )
    change = Change(
        id=desk.new_id(),
        state=ChangeState.DRAFT,
        revision=1,
        reason=reason,
        items=new.items,
        digest="",
        weight=assessment.weight,
        needed=assessment.needed,
        approvals=(),
        valid_from=None if new.valid_from is None else iso(new.valid_from),
        valid_to=None if new.valid_to is None else iso(new.valid_to),
        base_version=assessment.base_version,
        policy_version=None,
        drafted_by=drafter,
        drafted_at=iso(now),
        submitted_at=None,
        decided_at=None,
        decided_by=None,
        comment=None,
    )
    return replace(change, digest=digest_of(change)), assessment


async def assessed(desk: Desk, reader: Reader, change: Change) -> Assessment:
    """
    Assess *change* anew.

    Raises:
        ConflictError: the policy is another than it was drafted against: `change.base`, with what has changed since.
        BadInputError, PolicyMissingError: see `hub.administration.assessing.assess`.
    """
    now = desk.clock.now()
    wanted = Wanted(
        items=change.items,
        valid_from=None if change.valid_from is None else from_iso(change.valid_from),
        valid_to=None if change.valid_to is None else from_iso(change.valid_to),
    )
    if change.base_version is not None:
        await _check_base(reader, change, iso(max(now, wanted.valid_from or now)))
    return await assess(reader, wanted, now=now, table=desk.table)


async def _check_base(reader: Reader, change: Change, begin: str) -> None:
    timeline = await read_timeline(reader)
    newest = timeline.newest(begin)
    if newest is not None and newest.number == change.base_version:
        return
    since = [
        {"version": head.number, "change": head.change_id, "begins": head.valid_from, "ends": head.valid_to}
        for head in timeline.after(change.base_version or 0)
    ]
    raise ConflictError(
        "change.base",
        "The policy is not the one this was drafted against: its drafter looks again, and amends it",
        changed={"drafted_against": change.base_version, "now": newest and newest.number, "since": since},
    )


async def note_change(
    desk: Desk,
    writer: Writer,
    agent: Agent,
    action: str,
    change: Change,
    *,
    assessment: Assessment | None = None,
    comment: str | None = None,
    policy_version: int | None = None,
    superseded: Sequence[str] | None = None,
) -> None:
    """Write into the journal what *agent* did with *change*."""
    await desk.note(
        writer,
        "change",
        agent,
        action,
        {
            "change": change.id,
            "revision": change.revision,
            "digest": change.digest,
            "weight": change.weight.label,
            "needed": change.needed,
            "reason": change.reason,
            "differences": None if assessment is None else [*assessment.differences],
            "comment": comment,
            "policy_version": policy_version,
            "superseded": None if superseded is None else [*superseded],
        },
    )


def digest_of(change: Change) -> str:
    """What an approval is of: everything that decides what is applied."""
    return policy_digest(
        {
            "id": change.id,
            "revision": change.revision,
            "items": packed(change.items),
            "valid_from": change.valid_from,
            "valid_to": change.valid_to,
            "base_version": change.base_version,
            "reason": change.reason,
        }
    )
