"""A change set takes the persons it takes, and is applied only to what it was drafted against."""

import pytest

from hub.administration.items import (
    LabelRecord,
    PutPartner,
    SetPartner,
)
from hub.administration.model import ChangeState, NewChange
from hub.errors import BadInputError, ConflictError, ForbiddenError, StepUpRequiredError, UnauthenticatedError
from hub.store.administration_tables import Alarm
from hub.store.tables import Partner
from schema.policy.model import ActorKind
from schema.policy.weighing import Weight
from schema.tiers import Tier
from tests.hub.administration.hall import (
    ADMINISTRATOR,
    AUDITOR,
    DRAFTER,
    GIVES,
    OPENS,
    OTHER,
    PENALTY_FACTS,
    SECOND,
    STRICTER,
    SUBJECT,
    THIRD,
    grant,
)

NEW_PARTNER = PutPartner(id="newbank", name="新银行", actor=ActorKind.FI, organisation=OTHER)


def rule_of(refusal) -> str:
    return refusal.value.extensions["rule"]


class TestSubmit:
    async def test_only_its_drafter_submits_a_draft_and_once(self, hall):
        change = await hall.draft(GIVES)
        with pytest.raises(ForbiddenError) as another:
            await hall.changes.submit(await hall.officer(SECOND), change.id)
        submitted = await hall.changes.submit(await hall.officer(DRAFTER), change.id)
        with pytest.raises(ConflictError) as twice:
            await hall.changes.submit(await hall.officer(DRAFTER), change.id)

        assert "change.not_drafter" == rule_of(another)
        assert ChangeState.SUBMITTED is submitted.state
        assert "change.moved" == rule_of(twice)

    async def test_a_restraint_is_put_into_force_at_once_by_one_and_the_auditor_alarmed(self, hall):
        change = await hall.draft(STRICTER)
        applied = await hall.changes.submit(await hall.officer(DRAFTER), change.id, at_once=True)
        (alarm,) = await hall.rows(Alarm)

        assert ChangeState.IN_FORCE is applied.state
        assert Tier.S is (await hall.policy()).fields[PENALTY_FACTS].tier
        assert ("at_once", change.id, DRAFTER) == (alarm.cause, alarm.reference, alarm.raised_by)

    @pytest.mark.parametrize("item", [GIVES, OPENS, grant()])
    async def test_what_gives_is_never_put_into_force_by_one(self, hall, item):
        change = await hall.draft(STRICTER, item)
        with pytest.raises(ForbiddenError) as refusal:
            await hall.changes.submit(await hall.officer(DRAFTER), change.id, at_once=True)

        assert "change.not_restraint" == rule_of(refusal)
        assert [1] == await hall.versions()
        assert ChangeState.DRAFT is (await hall.changes.get(await hall.officer(DRAFTER), change.id)).state
        assert [] == await hall.rows(Alarm)

    async def test_at_once_needs_a_fresh_proof(self, hall):
        change = await hall.draft(STRICTER)

        with pytest.raises(StepUpRequiredError):
            await hall.changes.submit(await hall.tired(DRAFTER), change.id, at_once=True)

    async def test_an_administrator_puts_nothing_into_force_alone(self, hall):
        change = await hall.draft(SetPartner(id="bank", rows_max=10), by=ADMINISTRATOR)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.changes.submit(await hall.officer(ADMINISTRATOR), change.id, at_once=True)

        assert "duty.approve_register" == rule_of(refusal)


class TestApprove:
    async def test_what_gives_needs_one_other(self, hall):
        change = await hall.submitted(GIVES)
        applied = await hall.approve(change, SECOND)

        assert (ChangeState.IN_FORCE, 2, SECOND) == (applied.state, applied.policy_version, applied.decided_by)
        assert "C06.AS" in {cell.id for cell in (await hall.policy()).cells}

    async def test_what_opens_needs_two_others(self, hall):
        change = await hall.submitted(OPENS)
        first = await hall.approve(change, SECOND)
        before = await hall.versions()
        second = await hall.approve(change, THIRD)

        assert (ChangeState.SUBMITTED, [1]) == (first.state, before)
        assert (ChangeState.IN_FORCE, [1, 2]) == (second.state, await hall.versions())
        assert [SECOND, THIRD] == [approval.officer for approval in second.approvals]

    async def test_nobody_approves_their_own(self, hall):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.approve(await hall.submitted(GIVES), DRAFTER)

        assert "duty.own" == rule_of(refusal)

    async def test_nobody_approves_twice(self, hall):
        change = await hall.submitted(OPENS)
        await hall.approve(change, SECOND)
        with pytest.raises(ForbiddenError) as refusal:
            await hall.approve(change, SECOND)

        assert "duty.twice" == rule_of(refusal)
        assert [1] == await hall.versions()

    @pytest.mark.parametrize("who", [ADMINISTRATOR, AUDITOR])
    async def test_neither_administrator_nor_auditor_approves(self, hall, who):
        change = await hall.submitted(GIVES)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.approve(change, who)

        assert "duty.approve_policy" == rule_of(refusal)

    async def test_who_approves_shows_a_fresh_proof(self, hall):
        change = await hall.submitted(GIVES)

        with pytest.raises(StepUpRequiredError):
            await hall.changes.approve(await hall.tired(SECOND), change.id, "looked", digest=change.digest)

    async def test_a_session_that_ended_meanwhile_approves_nothing(self, hall):
        change, acting = await hall.submitted(GIVES), await hall.officer(SECOND)
        await hall.bureau.parts.sessions.end(acting, acting.session)

        with pytest.raises(UnauthenticatedError):
            await hall.changes.approve(acting, change.id, "looked", digest=change.digest)
        assert [1] == await hall.versions()

    async def test_a_draft_is_not_approved(self, hall):
        with pytest.raises(ConflictError) as refusal:
            await hall.approve(await hall.draft(GIVES), SECOND)

        assert "change.moved" == rule_of(refusal)

    async def test_what_is_in_force_is_not_approved_again(self, hall):
        change = await hall.in_force(GIVES)
        with pytest.raises(ConflictError):
            await hall.approve(change, THIRD)

        assert [1, 2] == await hall.versions()

    async def test_an_approval_of_something_else_does_not_count(self, hall):
        seen = await hall.submitted(GIVES)
        await hall.changes.amend(await hall.officer(DRAFTER), seen.id, NewChange(reason="more", items=(GIVES, OPENS)))
        await hall.changes.submit(await hall.officer(DRAFTER), seen.id)

        with pytest.raises(ConflictError) as refusal:
            await hall.approve(seen, SECOND)
        assert "change.digest" == rule_of(refusal)

    async def test_an_amendment_begins_approval_anew(self, hall):
        change = await hall.submitted(OPENS)
        await hall.approve(change, SECOND)
        amended = await hall.changes.amend(
            await hall.officer(DRAFTER), change.id, NewChange(reason="again", items=(OPENS,))
        )
        again = await hall.changes.submit(await hall.officer(DRAFTER), change.id)
        one = await hall.approve(again, THIRD)

        assert (ChangeState.DRAFT, 2, ()) == (amended.state, amended.revision, amended.approvals)
        assert ChangeState.SUBMITTED is one.state
        assert ChangeState.IN_FORCE is (await hall.approve(again, SECOND)).state

    async def test_the_approval_of_an_officer_suspended_since_does_not_count(self, hall):
        change = await hall.submitted(OPENS)
        await hall.approve(change, SECOND)
        await hall.bureau.parts.officers.suspend(await hall.officer(ADMINISTRATOR), SECOND, "left")
        after = await hall.approve(change, THIRD)

        assert ChangeState.SUBMITTED is after.state
        assert [1] == await hall.versions()

    async def test_what_has_become_heavier_needs_the_more(self, hall):
        """A label that another set laid on the record meanwhile is lifted by this one."""
        softer = LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.P)
        change = await hall.submitted(softer)
        await hall.in_force(LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.R), by=SECOND)
        once = await hall.approve(change, THIRD)

        assert 1 == change.needed
        assert (ChangeState.SUBMITTED, 2, Weight.OPENS) == (once.state, once.needed, once.weight)

    async def test_a_policy_that_changed_meanwhile_is_a_conflict_that_says_what_changed(self, hall):
        mine, theirs = await hall.draft(GIVES), await hall.draft(STRICTER, by=SECOND)
        theirs = await hall.changes.submit(await hall.officer(SECOND), theirs.id)
        await hall.approve(theirs, THIRD)
        with pytest.raises(ConflictError) as refusal:
            await hall.changes.submit(await hall.officer(DRAFTER), mine.id)

        changed = refusal.value.extensions["changed"]
        assert "change.base" == rule_of(refusal)
        assert (1, 2) == (changed["drafted_against"], changed["now"])
        assert [(2, theirs.id)] == [(each["version"], each["change"]) for each in changed["since"]]

    async def test_what_was_submitted_against_an_earlier_policy_is_superseded_and_may_be_amended(self, hall):
        mine = await hall.submitted(GIVES)
        theirs = await hall.in_force(STRICTER, by=SECOND)
        left = await hall.changes.get(await hall.officer(DRAFTER), mine.id)
        with pytest.raises(ConflictError):
            await hall.approve(mine, THIRD)
        new = NewChange(reason="on top", items=(GIVES,))
        amended = await hall.changes.amend(await hall.officer(DRAFTER), mine.id, new)
        await hall.changes.submit(await hall.officer(DRAFTER), mine.id)
        applied = await hall.approve(amended, THIRD)
        policy = await hall.policy()

        assert (ChangeState.SUPERSEDED, theirs.id) == (left.state, left.comment)
        assert (ChangeState.IN_FORCE, 3) == (applied.state, applied.policy_version)
        assert Tier.S is policy.fields[PENALTY_FACTS].tier
        assert "C06.AS" in {cell.id for cell in policy.cells}

    async def test_a_grant_does_not_wait_for_the_policy(self, hall):
        given = await hall.submitted(grant())
        await hall.in_force(STRICTER, by=SECOND)
        applied = await hall.approve(given, THIRD)

        assert (ChangeState.IN_FORCE, None) == (applied.state, applied.policy_version)

    async def test_if_one_item_does_not_fit_any_more_nothing_is_applied(self, hall):
        change = await hall.submitted(NEW_PARTNER, SetPartner(id="bank", rows_max=9), by=ADMINISTRATOR)
        await hall.in_force(NEW_PARTNER, by=ADMINISTRATOR)
        with pytest.raises(BadInputError) as refusal:
            await hall.approve(change, SECOND)
        (bank,) = await hall.rows(Partner, Partner.id == "bank")

        assert ("items", 0, "id") == refusal.value.place
        assert bank.rows_max is None
        assert () == (await hall.changes.get(await hall.officer(DRAFTER), change.id)).approvals


class TestReject:
    async def test_a_rejected_set_is_not_approved_but_may_be_amended(self, hall):
        change = await hall.submitted(GIVES)
        rejected = await hall.changes.reject(await hall.tired(SECOND), change.id, "why?")
        with pytest.raises(ConflictError):
            await hall.approve(change, THIRD)
        new = NewChange(reason="because", items=(GIVES,))
        amended = await hall.changes.amend(await hall.officer(DRAFTER), change.id, new)

        assert (ChangeState.REJECTED, SECOND, "why?") == (rejected.state, rejected.decided_by, rejected.comment)
        assert ChangeState.DRAFT is amended.state

    @pytest.mark.parametrize(
        ("who", "rule"),
        [(DRAFTER, "duty.own"), (ADMINISTRATOR, "duty.approve_policy"), (AUDITOR, "duty.approve_policy")],
    )
    async def test_only_who_could_approve_rejects(self, hall, who, rule):
        change = await hall.submitted(GIVES)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.changes.reject(await hall.officer(who), change.id, "no")
        assert rule == rule_of(refusal)


class TestWithdraw:
    async def test_its_drafter_withdraws_for_good(self, hall):
        change = await hall.submitted(GIVES)
        with pytest.raises(ForbiddenError):
            await hall.changes.withdraw(await hall.officer(SECOND), change.id, "no")
        gone = await hall.changes.withdraw(await hall.officer(DRAFTER), change.id, "mistake")
        with pytest.raises(ConflictError):
            await hall.approve(change, SECOND)
        with pytest.raises(ConflictError):
            await hall.changes.amend(
                await hall.officer(DRAFTER), change.id, NewChange(reason="because", items=(GIVES,))
            )

        assert ChangeState.WITHDRAWN is gone.state


class TestAmend:
    async def test_a_set_of_policy_does_not_become_one_of_the_register(self, hall):
        change = await hall.draft(GIVES)

        with pytest.raises(ForbiddenError):
            await hall.changes.amend(
                await hall.officer(DRAFTER), change.id, NewChange(reason="because", items=(NEW_PARTNER,))
            )

    async def test_nobody_amends_anothers(self, hall):
        change = await hall.draft(GIVES)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.changes.amend(await hall.officer(SECOND), change.id, NewChange(reason="because", items=(OPENS,)))
        assert "change.not_drafter" == rule_of(refusal)
