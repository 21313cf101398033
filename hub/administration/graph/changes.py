"""Change sets as officers see them."""

import strawberry

from hub.administration.graph.items import ChangeItem, shown_item
from hub.administration.graph.words import Instant
from hub.administration.model import Approval, Change, ChangeState
from schema.policy.weighing import Weight

strawberry.enum(ChangeState, description="变更状态 Where a change set stands.")
strawberry.enum(Weight, name="ChangeWeight", description="What a set does to who may see what: how many must agree.")


@strawberry.type(description="批准 One officer's approval of the revision that stands.")
class ChangeApproval:
    """An approval."""

    officer: strawberry.ID
    comment: str
    approved_at: Instant


@strawberry.type(description="变更单 What an officer drafted, and what became of it.")
class ChangeSet:
    """A change set."""

    id: strawberry.ID
    state: ChangeState
    revision: int = strawberry.field(description="Raised by every amendment; an approval is of one revision.")
    reason: str
    items: list[ChangeItem]
    digest: str = strawberry.field(description="What an approval is of: items, validity, and the policy they change.")
    weight: Weight
    needed: int = strawberry.field(description="Approvals it needs, besides its drafter.")
    approvals: list[ChangeApproval] = strawberry.field(description="Of this revision, oldest first.")
    valid_from: Instant | None = strawberry.field(description="When the policy begins; null: with the last approval.")
    valid_to: Instant | None
    base_version: int | None = strawberry.field(description="Policy version it was drafted against.")
    policy_version: int | None = strawberry.field(description="Policy version it became.")
    drafted_by: strawberry.ID
    drafted_at: Instant
    submitted_at: Instant | None
    decided_at: Instant | None
    decided_by: strawberry.ID | None
    comment: str | None = strawberry.field(description="Of whoever rejected or withdrew it.")


def shown_change(change: Change) -> ChangeSet:
    """Show *change*."""
    return ChangeSet(
        id=strawberry.ID(change.id),
        state=change.state,
        revision=change.revision,
        reason=change.reason,
        items=[shown_item(item) for item in change.items],
        digest=change.digest,
        weight=change.weight,
        needed=change.needed,
        approvals=[_approval(each) for each in change.approvals],
        valid_from=instant(change.valid_from),
        valid_to=instant(change.valid_to),
        base_version=change.base_version,
        policy_version=change.policy_version,
        drafted_by=strawberry.ID(change.drafted_by),
        drafted_at=Instant(change.drafted_at),
        submitted_at=instant(change.submitted_at),
        decided_at=instant(change.decided_at),
        decided_by=identifier(change.decided_by),
        comment=change.comment,
    )


def instant(text: str | None) -> Instant | None:
    """*text* as an instant."""
    return None if text is None else Instant(text)


def identifier(text: str | None) -> strawberry.ID | None:
    """*text* as an identifier."""
    return None if text is None else strawberry.ID(text)


def _approval(approval: Approval) -> ChangeApproval:
    return ChangeApproval(
        officer=strawberry.ID(approval.officer), comment=approval.comment, approved_at=Instant(approval.approved_at)
    )
