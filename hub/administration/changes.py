"""
Change sets: drafted by one officer, approved by others, applied whole or not at all.

    draft -> submitted -> (approved n times) -> in force
               |             rejected | withdrawn | superseded -> (amended) -> draft

Rules:
    - Nobody approves their own, nobody twice; who approves gives the digest of what they looked at. An amendment makes
      a new revision, of which nothing is approved yet.
    - What gives needs one approver, what opens tier A or R two. It is weighed again in the transaction of every
      approval: what has become heavier since needs the more.
    - The approval of an officer who was suspended since does not count.
    - The last approval applies everything in its own transaction, with its journal rows. A set of policy is applied
      only to the version it was drafted against; else it is refused with what changed since, and its drafter amends it.
    - A restraint (what only takes away) may be put into force at once by the one security officer who drafted it. The
      auditor is alarmed.
    - An operator of a hub without officers submits and applies in one step.

Source: DESIGN 5, 7; DOMAIN 10 (三员分立).
"""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from hub.access.policies import seed_policy
from hub.administration.acting import Agent, Operator, name_of
from hub.administration.alarms import raise_alarm
from hub.administration.applying import Applier
from hub.administration.assessing import Assessment, duties_of
from hub.administration.change_rows import (
    CHANGE,
    add_approval,
    add_change,
    count_of_active,
    get_change,
    put_change,
    supersede_others,
    with_approvals,
)
from hub.administration.desk import Desk, check_reason
from hub.administration.drafting import assessed, digest_of, made, note_change
from hub.administration.items import AdoptSeed, RestorePolicy
from hub.administration.model import Approval, Change, ChangeState, NewChange, Page
from hub.administration.register import Accounts
from hub.administration.timeline import read_timeline
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.identity.officers.duties import Duty, check_duty, check_not_own, has_duty
from hub.identity.officers.model import Acting
from hub.store.engine import Writer, reading
from schema.policy.weighing import Weight

_OPEN = frozenset({ChangeState.DRAFT, ChangeState.SUBMITTED})
_AMENDABLE = _OPEN | {ChangeState.SUPERSEDED, ChangeState.REJECTED}
_AHEAD = timedelta(days=366)


class Changes:
    """The change sets of one store."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._applier = Applier(desk, accounts)

    async def draft(self, agent: Agent, new: NewChange) -> Change:
        """
        Draft a change set; nothing changes by it.

        Raises:
            BadInputError: an item or a time is not as it must be; names the place.
            ForbiddenError: not a duty of the role.
            ConflictError: a version of the policy waits for its day (`change.scheduled`).
        """
        async with self._desk.act() as writer:
            agent = await self._desk.admit(writer, agent, duties_of(new.items)[0])
            return await self._draft(writer, agent, new)

    async def rollback(self, agent: Agent, version: int, reason: str) -> Change:
        """Draft a return to what an older *version* says, as a new version. Raises: as `draft`."""
        return await self.draft(agent, NewChange(reason=reason, items=(RestorePolicy(version=version),)))

    async def adopt_seed(self, agent: Agent, reason: str) -> Change:
        """Draft the policy that ships with this release. Raises: as `draft`."""
        return await self.draft(agent, NewChange(reason=reason, items=(AdoptSeed(digest=seed_policy().digest),)))

    async def seed_is_pending(self) -> bool:
        """Whether this release ships a policy that the store has never held, so that officers should look at it."""
        seed = seed_policy().digest
        async with reading(self._desk.engine) as reader:
            return all(head.digest != seed for head in (await read_timeline(reader)).heads)

    async def amend(self, agent: Agent, change_id: str, new: NewChange) -> Change:
        """
        Say something else instead, as a draft against the policy of now. What was approved of it counts no more.

        Raises:
            BadInputError, ConflictError: as `draft`; `change.moved` if it is in force or withdrawn.
            ForbiddenError: not the drafter (`change.not_drafter`), or as `draft`.
        """
        async with self._desk.act() as writer:
            before = await get_change(writer, change_id)
            agent = await self._desk.admit(writer, agent, duties_of(new.items)[0])
            _check_drafter(agent, before)
            _check_state(before, _AMENDABLE)
            if duties_of(new.items) != duties_of(before.items):
                raise BadInputError(
                    "A set of policy stays one, as does one of the register",
                    place=("items",),
                    extensions={"rule": "change.mixed"},
                )
            fresh, assessment = await made(self._desk, writer, new, name_of(agent))
            change = replace(
                fresh,
                id=before.id,
                revision=before.revision + 1,
                drafted_by=before.drafted_by,
                drafted_at=before.drafted_at,
            )
            change = replace(change, digest=digest_of(change))
            await put_change(writer, change, before=before)
            await note_change(self._desk, writer, agent, "amended", change, assessment=assessment)
            return change

    async def submit(self, agent: Agent, change_id: str, *, at_once: bool = False) -> Change:
        """
        Ask others to approve one's draft.

        Args:
            agent: Its drafter. An operator's is applied at once.
            change_id: Which.
            at_once: Put a restraint into force alone and now; only what takes away, and only by who could approve it.

        Raises:
            ForbiddenError: not the drafter; or *at_once* for what gives (`change.not_restraint`).
            StepUpRequiredError: *at_once*, and the last proof of presence is too old.
            ConflictError: it is no draft (`change.moved`), or the policy is another by now (`change.base`).
            BadInputError: an item does not fit any more.
        """
        async with self._desk.act() as writer:
            before = await get_change(writer, change_id)
            draft_duty, approve_duty = duties_of(before.items)
            agent = await self._desk.admit(writer, agent, draft_duty)
            _check_drafter(agent, before)
            _check_state(before, {ChangeState.DRAFT})
            assessment = await assessed(self._desk, writer, before)
            now = self._desk.now()
            change = replace(
                before,
                state=ChangeState.SUBMITTED,
                submitted_at=now,
                weight=assessment.weight,
                needed=assessment.needed,
            )
            await put_change(writer, change, before=before)
            await note_change(self._desk, writer, agent, "submitted", change, assessment=assessment)
            if at_once and isinstance(agent, Acting):
                check_duty(agent, approve_duty)
                if assessment.weight is not Weight.TAKES:
                    raise ForbiddenError("change.not_restraint", "Only what takes away is put into force by one person")
                await raise_alarm(writer, self._desk, "at_once", change.id, by=agent)
            if at_once or isinstance(agent, Operator):
                return await self._apply(writer, agent, change, assessment)
            return change

    async def approve(self, agent: Agent, change_id: str, comment: str, *, digest: str) -> Change:
        """
        Approve what another drafted. The last approval needed applies it.

        Args:
            agent: Who approves.
            change_id: Which.
            comment: Why, or what was looked at.
            digest: `Change.digest` of what the approver looked at.

        Raises:
            ForbiddenError: not a duty of the role, one's own (`duty.own`), or a second time (`duty.twice`).
            StepUpRequiredError: the last proof of presence is too old.
            ConflictError: it is not submitted or not what was looked at (`change.moved`, `change.digest`), or the
                policy is another by now (`change.base`, with what has changed since).
            BadInputError: an item does not fit any more.
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            before = await get_change(writer, change_id)
            agent = await self._desk.admit(writer, agent, duties_of(before.items)[1])
            _check_state(before, {ChangeState.SUBMITTED})
            if digest != before.digest:
                raise ConflictError("change.digest", "The change set is not what was looked at: look again")
            if not isinstance(agent, Acting):
                raise ForbiddenError("duty.own", "An operator approves nothing")
            check_not_own(agent, before.drafted_by)
            if any(approval.officer == agent.officer.id for approval in before.approvals):
                raise ForbiddenError("duty.twice", "Nobody approves twice")
            assessment = await assessed(self._desk, writer, before)
            approval = Approval(officer=agent.officer.id, comment=comment, approved_at=self._desk.now())
            await add_approval(writer, before, approval)
            change = replace(
                before,
                approvals=(*before.approvals, approval),
                weight=max(before.weight, assessment.weight),
                needed=max(before.needed, assessment.needed),
            )
            await put_change(writer, change, before=before)
            await note_change(self._desk, writer, agent, "approved", change, assessment=assessment, comment=comment)
            if await count_of_active(writer, change.approvals) < change.needed:
                return change
            return await self._apply(writer, agent, change, assessment)

    async def reject(self, agent: Agent, change_id: str, comment: str) -> Change:
        """
        Reject what another drafted; its drafter may amend it.

        Raises:
            ForbiddenError: not a duty of the role, or one's own.
            ConflictError: it is not submitted.
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            before = await get_change(writer, change_id)
            approve_duty = duties_of(before.items)[1]
            # Who only takes away shows no fresh proof of presence: any duty of the same role lets the session be told.
            agent = await self._desk.admit(writer, agent, Duty.READ_POLICY)
            if isinstance(agent, Acting):
                if not has_duty(agent.officer.role, approve_duty):
                    check_duty(agent, approve_duty)
                check_not_own(agent, before.drafted_by)
            _check_state(before, {ChangeState.SUBMITTED})
            return await self._decided(writer, agent, before, ChangeState.REJECTED, comment)

    async def withdraw(self, agent: Agent, change_id: str, comment: str) -> Change:
        """
        Withdraw one's own change set.

        Raises:
            ForbiddenError: not the drafter.
            ConflictError: it is neither a draft nor submitted.
        """
        comment = check_reason(comment, member="comment")
        async with self._desk.act() as writer:
            before = await get_change(writer, change_id)
            agent = await self._desk.admit(writer, agent, duties_of(before.items)[0])
            _check_drafter(agent, before)
            _check_state(before, _OPEN)
            return await self._decided(writer, agent, before, ChangeState.WITHDRAWN, comment)

    async def get(self, agent: Agent, change_id: str) -> Change:
        """
        Read one change set.

        Raises:
            BadInputError: there is none (`change.unknown`).
            ForbiddenError: not a duty of the role.
        """
        _check_reads(agent)
        async with reading(self._desk.engine) as reader:
            return await get_change(reader, change_id)

    async def list(
        self, agent: Agent, *, state: ChangeState | None = None, first: int, after: str | None = None
    ) -> Page[Change]:
        """List at most *first* change sets, the newest first; *after* is the id behind which to go on."""
        _check_reads(agent)
        query = select(CHANGE).order_by(CHANGE.c.id.desc()).limit(first + 1)
        if state is not None:
            query = query.where(CHANGE.c.state == state.value)
        if after is not None:
            query = query.where(CHANGE.c.id < after)
        async with reading(self._desk.engine) as reader:
            found = await with_approvals(reader, await reader.rows(query))
        return Page(rows=found[:first], end=found[first - 1].id if len(found) > first else None)

    async def assess(self, agent: Agent, change_id: str) -> Assessment:
        """
        Tell what a change set would do as the store stands now: the policy it would make, what differs, what it weighs.

        Raises:
            ForbiddenError: not a duty of the role.
            BadInputError, ConflictError: as `approve`.
        """
        _check_reads(agent)
        async with reading(self._desk.engine) as reader:
            return await assessed(self._desk, reader, await get_change(reader, change_id))

    async def _draft(self, writer: Writer, agent: Agent, new: NewChange) -> Change:
        change, assessment = await made(self._desk, writer, new, name_of(agent))
        await add_change(writer, change)
        await note_change(self._desk, writer, agent, "drafted", change, assessment=assessment)
        return change

    async def _apply(self, writer: Writer, agent: Agent, change: Change, assessment: Assessment) -> Change:
        version = await self._applier.apply(writer, agent, change, assessment)
        now = self._desk.now()
        applied = replace(
            change,
            state=ChangeState.IN_FORCE,
            decided_at=now,
            decided_by=name_of(agent),
            policy_version=version,
        )
        await put_change(writer, applied, before=change)
        superseded = [] if version is None else await supersede_others(writer, change, now, name_of(agent))
        await note_change(
            self._desk,
            writer,
            agent,
            "in_force",
            applied,
            assessment=assessment,
            policy_version=version,
            superseded=superseded or None,
        )
        return applied

    async def _decided(self, writer: Writer, agent: Agent, before: Change, state: ChangeState, comment: str) -> Change:
        change = replace(before, state=state, decided_at=self._desk.now(), decided_by=name_of(agent), comment=comment)
        await put_change(writer, change, before=before)
        await note_change(self._desk, writer, agent, state.value, change, comment=comment)
        return change


def _check_drafter(agent: Agent, change: Change) -> None:
    if name_of(agent) != change.drafted_by:
        raise ForbiddenError("change.not_drafter", "Only who drafted it may do this")


def _check_state(change: Change, expected: "frozenset[ChangeState] | set[ChangeState]") -> None:
    if change.state not in expected:
        raise ConflictError(
            "change.moved", f"The change set is {change.state.value}", changed={"state": change.state.value}
        )


def _check_reads(agent: Agent) -> None:
    if isinstance(agent, Acting):
        check_duty(agent, Duty.READ_POLICY)
