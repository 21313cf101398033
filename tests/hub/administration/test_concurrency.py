"""Two browsers, command lines, processes: no approval is lost or counted twice, and nothing is applied twice."""

import asyncio
import sys
from asyncio.subprocess import PIPE

from hub.administration.items import PutCell
from hub.administration.model import ChangeState, NewChange, NewGlass
from hub.errors import ConflictError, ForbiddenError, RefusalError
from hub.store.administration_tables import AccessGrant, ChangeApproval
from schema.catalogue.model import Category
from schema.tiers import Tier
from tests.hub.administration.hall import DRAFTER, OPENS, SECOND, THIRD, grant

ROUNDS = 6


async def tried(*acts) -> list:
    """Do all at once; tell what became of each."""
    outcomes = await asyncio.gather(*acts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, RefusalError):
            raise outcome
    return outcomes


def refusals(outcomes) -> list[type]:
    return sorted((type(each) for each in outcomes if isinstance(each, RefusalError)), key=lambda kind: kind.__name__)


class TestApprovals:
    async def test_two_at_once_apply_what_needs_two_exactly_once(self, hall, beside):
        """Neither sees the other's approval before its own is kept; still one of them is the last."""
        for number in range(ROUNDS):
            change = await hall.submitted(grant(tier=Tier.R))
            second, third = await hall.officer(SECOND), await hall.officer(THIRD)
            outcomes = await tried(
                hall.changes.approve(second, change.id, "looked", digest=change.digest),
                beside.changes.approve(third, change.id, "looked", digest=change.digest),
            )
            found = await hall.changes.get(second, change.id)

            assert [] == refusals(outcomes)
            assert {ChangeState.SUBMITTED, ChangeState.IN_FORCE} == {each.state for each in outcomes}
            assert ChangeState.IN_FORCE is found.state
            assert number + 1 == len(await hall.rows(AccessGrant))

    async def test_one_person_in_many_windows_is_one_approver(self, hall, beside):
        change = await hall.submitted(OPENS)
        second = [await hall.officer(SECOND) for _ in range(4)]
        windows = [hall, beside, hall, beside]
        outcomes = await tried(
            *(
                window.changes.approve(acting, change.id, "looked", digest=change.digest)
                for window, acting in zip(windows, second, strict=True)
            )
        )

        assert [ForbiddenError] * 3 == refusals(outcomes)
        assert 1 == len(await hall.rows(ChangeApproval))
        assert [1] == await hall.versions()

    async def test_of_two_that_change_one_policy_one_comes_into_force(self, hall, beside):
        for round_number in range(ROUNDS):
            number = max(await hall.versions())
            mine = await hall.submitted(PutCell(category=Category.C06, reader="AS", name=f"r{round_number}"))
            theirs = await hall.submitted(
                PutCell(category=Category.C16, reader="GC", name=f"r{round_number}", permit=False), by=SECOND
            )
            third = [await hall.officer(THIRD) for _ in range(2)]
            outcomes = await tried(
                hall.changes.approve(third[0], mine.id, "looked", digest=mine.digest),
                beside.changes.approve(third[1], theirs.id, "looked", digest=theirs.digest),
            )
            states = sorted([(await hall.changes.get(third[0], each.id)).state for each in (mine, theirs)])

            assert [ConflictError] == refusals(outcomes)
            assert number + 1 == max(await hall.versions())
            assert [ChangeState.IN_FORCE, ChangeState.SUPERSEDED] == states

    async def test_amended_while_it_is_approved_is_applied_as_it_was_seen_or_not_at_all(self, hall, beside):
        for _ in range(ROUNDS):
            change = await hall.submitted(grant())
            drafter, second = await hall.officer(DRAFTER), await hall.officer(SECOND)
            worse = NewChange(reason="much more", items=(grant(tier=Tier.R),))
            outcomes = await tried(
                hall.changes.amend(drafter, change.id, worse),
                beside.changes.approve(second, change.id, "looked", digest=change.digest),
            )
            found = await hall.changes.get(drafter, change.id)

            assert 1 == len(refusals(outcomes))
            assert found.state in {ChangeState.IN_FORCE, ChangeState.DRAFT}
            assert [] == await hall.rows(AccessGrant, AccessGrant.tier == "R")

    async def test_withdrawn_while_it_is_approved_is_one_or_the_other(self, hall, beside):
        for _ in range(ROUNDS):
            before = len(await hall.rows(AccessGrant))
            change = await hall.submitted(grant())
            drafter, second = await hall.officer(DRAFTER), await hall.officer(SECOND)
            outcomes = await tried(
                hall.changes.withdraw(drafter, change.id, "mistake"),
                beside.changes.approve(second, change.id, "looked", digest=change.digest),
            )
            found = await hall.changes.get(drafter, change.id)
            given = len(await hall.rows(AccessGrant)) - before

            assert [ConflictError] == refusals(outcomes)
            assert (found.state is ChangeState.IN_FORCE) == (given == 1)


class TestGlass:
    async def test_two_who_give_one_access_give_it_once(self, hall, beside):
        new = NewGlass(
            partner="buyer",
            purpose="MARKET_TRADE",
            category=Category.C06,
            tier=Tier.G,
            subject=None,
            minutes=10,
            reason="substation is down",
        )
        asked = await hall.glass.request(await hall.officer(DRAFTER), new)
        second, third = await hall.officer(SECOND), await hall.officer(THIRD)
        outcomes = await tried(hall.glass.approve(second, asked.id), beside.glass.approve(third, asked.id))

        assert [ConflictError] == refusals(outcomes)
        assert 1 == len(await hall.rows(AccessGrant))


class TestRevoke:
    async def test_a_grant_is_taken_back_once(self, hall, beside):
        await hall.in_force(grant())
        (given,) = await hall.rows(AccessGrant)
        second, third = await hall.officer(SECOND), await hall.officer(THIRD)
        outcomes = await tried(
            hall.grants.revoke(second, given.id, "leak"), beside.grants.revoke(third, given.id, "leak")
        )

        assert [ConflictError] == refusals(outcomes)


class TestProcesses:
    async def test_approvers_in_processes_of_their_own_apply_once(self, hall, store_url, tmp_path):
        """As the command line does it: nothing shared but the store."""
        change = await hall.submitted(grant(tier=Tier.A))
        sessions = [(await hall.officer(name)).session for name in (SECOND, THIRD, SECOND, THIRD)]
        now = hall.clock.at.isoformat()
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.hub.administration.approver", store_url, str(tmp_path), session, now,
                change.id, change.digest, stdout=PIPE, stderr=PIPE,
            )
            for session in sessions
        ]  # fmt: skip
        ended = [await asyncio.wait_for(each.communicate(), timeout=120) for each in running]
        said = sorted(out.decode().strip() for out, _ in ended)

        assert [0] * 4 == [each.returncode for each in running], [err for _, err in ended]
        assert ["in_force", "submitted"] == sorted(word for word in said if not word.isupper())
        assert 2 == sum(word in {"FORBIDDEN", "CONFLICT"} for word in said)
        assert 1 == len(await hall.rows(AccessGrant))
