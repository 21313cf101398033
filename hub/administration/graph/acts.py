"""
What officers do. Each resolver hands one act to the domain, which confirms who acts, decides, keeps and notes it.

Nothing is decided here: that a button is shown, or an argument accepted, gives nobody a right.
"""

from datetime import datetime

import strawberry

from hub.administration.graph.changes import ChangeSet, shown_change
from hub.administration.graph.foresight import Simulation, shown_simulation
from hub.administration.graph.items import ChangeItemInput, items_of
from hub.administration.graph.people import Officer, shown_officer
from hub.administration.graph.query import Info
from hub.administration.graph.replays import Replay, replays_of, shown_replay
from hub.administration.graph.rights import (
    Alarm,
    BreakGlass,
    Consent,
    Grant,
    shown_alarm,
    shown_consent,
    shown_glass,
    shown_grant,
)
from hub.administration.graph.words import Instant
from hub.administration.model import NewChange, NewGlass, Verdict
from hub.errors import BadInputError
from schema.catalogue.model import Category
from schema.tiers import Tier


@strawberry.type(description="已收回 Something that no longer holds.")
class Taken:
    """What a restraint took away."""

    id: strawberry.ID = strawberry.field(description="What was named.")
    state: str = strawberry.field(description="`suspended`, `revoked` or `ended`.")


@strawberry.input(description="变更单 What is drafted.")
class NewChangeSet:
    """A draft."""

    reason: str = strawberry.field(description="Why, 1 to 500 characters; never a value of a record.")
    items: list[ChangeItemInput] = strawberry.field(description="1 to 500 changes, made in this order.")
    valid_from: Instant | None = strawberry.field(
        default=None, description="When the policy begins; null: with the last approval."
    )
    valid_to: Instant | None = strawberry.field(
        default=None, description="When it is over and what held before holds again; null: without end."
    )


@strawberry.input(description="应急授权 An emergency access, asked for.")
class NewBreakGlass:
    """A request."""

    partner: strawberry.ID = strawberry.field(description="Whom it is for.")
    purpose: str
    category: Category
    tier: Tier = strawberry.field(description="Strictest label it opens.")
    subject: strawberry.ID | None = strawberry.field(default=None, description="About whom; null: about anybody.")
    minutes: int = strawberry.field(description="1 to 60, from the approval on.")
    reason: str = strawberry.field(description="Why, 10 to 500 characters.")


@strawberry.type(name="Mutation")
class OfficersActs:
    """Root of the officers' mutations: one act a document."""

    @strawberry.mutation(description="起草 Draft a change set; nothing changes by it.")
    async def draft_change_set(self, info: Info, change: NewChangeSet) -> ChangeSet:
        """Draft."""
        sitting = info.context
        return shown_change(await sitting.services.changes.draft(sitting.acting, _new(change)))

    @strawberry.mutation(description="修改 Amend one's own draft; what was approved of it counts no more.")
    async def amend_change_set(self, info: Info, id: strawberry.ID, change: NewChangeSet) -> ChangeSet:  # noqa: A002  Relay's name
        """Amend."""
        sitting = info.context
        return shown_change(await sitting.services.changes.amend(sitting.acting, id, _new(change)))

    @strawberry.mutation(
        description="提交 Ask others to approve one's draft. `atOnce` puts what only takes away into force alone."
    )
    async def submit_change_set(self, info: Info, id: strawberry.ID, at_once: bool = False) -> ChangeSet:  # noqa: A002  Relay's name
        """Submit."""
        sitting = info.context
        return shown_change(await sitting.services.changes.submit(sitting.acting, id, at_once=at_once))

    @strawberry.mutation(
        description="批准 Approve what another drafted, as of its digest. The last approval needed puts it into force."
    )
    async def approve_change_set(self, info: Info, id: strawberry.ID, digest: str, comment: str) -> ChangeSet:  # noqa: A002  Relay's name
        """Approve."""
        sitting = info.context
        return shown_change(await sitting.services.changes.approve(sitting.acting, id, comment, digest=digest))

    @strawberry.mutation(description="驳回 Reject what another drafted.")
    async def reject_change_set(self, info: Info, id: strawberry.ID, comment: str) -> ChangeSet:  # noqa: A002  Relay's name
        """Reject."""
        sitting = info.context
        return shown_change(await sitting.services.changes.reject(sitting.acting, id, comment))

    @strawberry.mutation(description="撤回 Withdraw one's own change set.")
    async def withdraw_change_set(self, info: Info, id: strawberry.ID, comment: str) -> ChangeSet:  # noqa: A002  Relay's name
        """Withdraw."""
        sitting = info.context
        return shown_change(await sitting.services.changes.withdraw(sitting.acting, id, comment))

    @strawberry.mutation(
        description="模拟 Tell exactly which cells a change set would change; noted, and read in pages."
    )
    async def simulate_change_set(self, info: Info, id: strawberry.ID) -> Simulation:  # noqa: A002  Relay's name
        """Simulate."""
        sitting = info.context
        return shown_simulation(await sitting.services.simulations.run(sitting.acting, id))

    @strawberry.mutation(
        description="重放 Ask the questions of the last days again under a change set, in the background."
    )
    async def replay_change_set(self, info: Info, id: strawberry.ID, days: int) -> Replay:  # noqa: A002  Relay's name
        """Begin a replay."""
        sitting = info.context
        return shown_replay(await replays_of(sitting.services.replays).begin(sitting.acting, id, days=days))

    @strawberry.mutation(description="停止重放 Stop a replay; what it found until now stays.")
    async def stop_replay(self, info: Info, id: strawberry.ID) -> Replay:  # noqa: A002  Relay's name
        """Stop a replay."""
        sitting = info.context
        return shown_replay(await replays_of(sitting.services.replays).stop(sitting.acting, id))

    @strawberry.mutation(description="回退 Draft a return to an older version: it becomes a new one, once approved.")
    async def roll_back_policy(self, info: Info, version: int, reason: str) -> ChangeSet:
        """Draft a roll back."""
        sitting = info.context
        return shown_change(await sitting.services.changes.rollback(sitting.acting, version, reason))

    @strawberry.mutation(description="收回授予 End a grant, from the next request on.")
    async def revoke_grant(self, info: Info, id: strawberry.ID, reason: str) -> Grant:  # noqa: A002  Relay's name
        """End a grant."""
        sitting = info.context
        return shown_grant(await sitting.services.grants.revoke(sitting.acting, id, reason))

    @strawberry.mutation(description="收回授权书 End a consent on the subject's behalf, from the next request on.")
    async def revoke_consent(self, info: Info, subject: strawberry.ID, id: strawberry.ID, reason: str) -> Consent:  # noqa: A002  Relay's name
        """End a consent."""
        sitting = info.context
        return shown_consent(await sitting.services.consents.revoke(sitting.acting, subject, id, reason))

    @strawberry.mutation(description="申请应急授权 Ask for an emergency access; another must give it.")
    async def request_break_glass(self, info: Info, request: NewBreakGlass) -> BreakGlass:
        """Ask for an emergency access."""
        sitting = info.context
        new = NewGlass(
            partner=request.partner,
            purpose=request.purpose,
            category=request.category,
            tier=request.tier,
            subject=request.subject,
            minutes=request.minutes,
            reason=request.reason,
        )
        return shown_glass(await sitting.services.glass.request(sitting.acting, new))

    @strawberry.mutation(description="批准应急授权 Give the emergency access that another asked for.")
    async def approve_break_glass(self, info: Info, id: strawberry.ID) -> BreakGlass:  # noqa: A002  Relay's name
        """Give an emergency access."""
        sitting = info.context
        return shown_glass(await sitting.services.glass.approve(sitting.acting, id))

    @strawberry.mutation(description="拒绝应急授权 Refuse the emergency access that another asked for.")
    async def refuse_break_glass(self, info: Info, id: strawberry.ID, comment: str) -> BreakGlass:  # noqa: A002  Relay's name
        """Refuse an emergency access."""
        sitting = info.context
        return shown_glass(await sitting.services.glass.refuse(sitting.acting, id, comment))

    @strawberry.mutation(description="审查应急授权 Say whether an emergency access was justified; for the auditor.")
    async def review_break_glass(self, info: Info, id: strawberry.ID, verdict: Verdict, comment: str) -> BreakGlass:  # noqa: A002  Relay's name
        """Review an emergency access."""
        sitting = info.context
        return shown_glass(await sitting.services.glass.review(sitting.acting, id, verdict, comment))

    @strawberry.mutation(description="处理告警 Close an alarm that was looked at; for the auditor.")
    async def close_alarm(self, info: Info, id: strawberry.ID, comment: str) -> Alarm:  # noqa: A002  Relay's name
        """Close an alarm."""
        sitting = info.context
        return shown_alarm(await sitting.services.glass.close_alarm(sitting.acting, id, comment))

    @strawberry.mutation(description="停用合作方 Refuse a partner from its next request on.")
    async def suspend_partner(self, info: Info, id: strawberry.ID, reason: str) -> Taken:  # noqa: A002  Relay's name
        """Suspend a partner."""
        sitting = info.context
        await sitting.services.restraints.suspend_partner(sitting.acting, id, reason)
        return Taken(id=id, state="suspended")

    @strawberry.mutation(description="吊销公钥 Refuse a partner's key, and every token got with it.")
    async def revoke_partner_key(self, info: Info, partner: strawberry.ID, kid: str, reason: str) -> Taken:
        """Revoke a key."""
        sitting = info.context
        await sitting.services.restraints.revoke_key(sitting.acting, partner, kid, reason)
        return Taken(id=strawberry.ID(kid), state="revoked")

    @strawberry.mutation(description="吊销令牌 Refuse one access token of a partner.")
    async def revoke_token(self, info: Info, partner: strawberry.ID, jti: str, reason: str) -> Taken:
        """Revoke a token."""
        sitting = info.context
        await sitting.services.restraints.revoke_token(sitting.acting, partner, jti, reason)
        return Taken(id=strawberry.ID(jti), state="revoked")

    @strawberry.mutation(description="吊销全部令牌 Refuse every token of a partner that was issued until now.")
    async def revoke_tokens(self, info: Info, partner: strawberry.ID, reason: str) -> Taken:
        """Revoke all tokens."""
        sitting = info.context
        await sitting.services.restraints.revoke_tokens(sitting.acting, partner, reason)
        return Taken(id=partner, state="revoked")

    @strawberry.mutation(description="停用管理人员 Suspend an officer, and end all their sessions.")
    async def suspend_officer(self, info: Info, id: strawberry.ID, reason: str) -> Officer:  # noqa: A002  Relay's name
        """Suspend an officer."""
        sitting = info.context
        return shown_officer(await sitting.services.officers.suspend(sitting.acting, id, reason))

    @strawberry.mutation(description="结束会话 End a session: one's own, or by whom it is a duty, anybody's.")
    async def revoke_session(self, info: Info, id: strawberry.ID) -> Taken:  # noqa: A002  Relay's name
        """End a session."""
        sitting = info.context
        await sitting.services.sessions.end(sitting.acting, id)
        return Taken(id=id, state="ended")


def _new(change: NewChangeSet) -> NewChange:
    return NewChange(
        reason=change.reason,
        items=items_of(change.items),
        valid_from=_instant(change.valid_from, "validFrom"),
        valid_to=_instant(change.valid_to, "validTo"),
    )


def _instant(text: str | None, member: str) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadInputError(
            f"{member}: expected an instant, RFC 3339 with its offset",
            place=("change", member),
            extensions={"rule": "form.instant"},
        )
    return found
