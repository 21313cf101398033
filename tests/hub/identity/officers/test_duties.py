"""三员分立: the table of who may do what, line by line."""

import pytest

from hub.errors import ErrorCode, ForbiddenError, StepUpRequiredError
from hub.identity.officers.duties import HOLDERS, Duty, check_duty, check_not_own, check_stepped_up, has_duty
from hub.identity.officers.model import Acting, Officer, OfficerState, Role

A, S, U = Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR
TABLE = [
    (Duty.DRAFT_POLICY, {S}),
    (Duty.APPROVE_POLICY, {S}),
    (Duty.DRAFT_REGISTER, {A}),
    (Duty.APPROVE_REGISTER, {S}),
    (Duty.REQUEST_GLASS, {A, S}),
    (Duty.APPROVE_GLASS, {S}),
    (Duty.REVIEW_GLASS, {U}),
    (Duty.REVOKE_RIGHT, {A, S}),
    (Duty.RESTRAIN_PARTNER, {A, S}),
    (Duty.SUSPEND_OFFICER, {A}),
    (Duty.SUSPEND_ADMINISTRATOR, {S}),
    (Duty.OPEN_INVITATION, {A}),
    (Duty.COUNTERSIGN_INVITATION, {S}),
    (Duty.END_SESSION, {A}),
    (Duty.ROTATE_KEYS, {A}),
    (Duty.ERASE, {A}),
    (Duty.SIMULATE, {S}),
    (Duty.EXPLAIN, {A, S, U}),
    (Duty.READ_REGISTER, {A, S, U}),
    (Duty.READ_POLICY, {A, S, U}),
    (Duty.READ_JOURNAL, {U}),
]


def acting(role: Role, *, stepped_up: bool = True) -> Acting:
    officer = Officer(id="x", name="某", role=role, state=OfficerState.ACTIVE, created_at="2027-01-01T00:00:00.000000Z")
    return Acting(officer=officer, session="s", stepped_up=stepped_up)


class TestTable:
    def test_every_duty_has_its_line(self):
        assert set(Duty) == set(HOLDERS) == {duty for duty, _ in TABLE}

    @pytest.mark.parametrize(("duty", "holders"), TABLE)
    @pytest.mark.parametrize("role", [*Role])
    def test_a_duty_is_of_its_roles_alone(self, duty, holders, role):
        assert (role in holders) is has_duty(role, duty)
        if role in holders:
            check_duty(acting(role), duty)
            return
        with pytest.raises(ForbiddenError) as refusal:
            check_duty(acting(role), duty)

        assert f"duty.{duty.value}" == refusal.value.rule

    @pytest.mark.parametrize("prefix", ["draft", "approve", "suspend", "revoke", "restrain", "erase", "rotate", "open"])
    def test_the_auditor_neither_gives_nor_takes(self, prefix):
        assert [] == [duty for duty in Duty if duty.value.startswith(prefix) and has_duty(U, duty)]

    def test_nobody_both_drafts_and_approves_the_register(self):
        assert not HOLDERS[Duty.DRAFT_REGISTER] & HOLDERS[Duty.APPROVE_REGISTER]

    def test_nobody_both_opens_and_countersigns_an_invitation(self):
        assert not HOLDERS[Duty.OPEN_INVITATION] & HOLDERS[Duty.COUNTERSIGN_INVITATION]


class TestFreshProof:
    @pytest.mark.parametrize(
        "duty",
        [Duty.APPROVE_POLICY, Duty.APPROVE_REGISTER, Duty.APPROVE_GLASS, Duty.COUNTERSIGN_INVITATION],
    )
    def test_an_approval_needs_one(self, duty):
        with pytest.raises(StepUpRequiredError) as refusal:
            check_duty(acting(S, stepped_up=False), duty)

        assert (ErrorCode.STEP_UP_REQUIRED, 401) == (refusal.value.code, refusal.value.status)
        assert "insufficient_user_authentication" in refusal.value.headers["www-authenticate"]

    @pytest.mark.parametrize("duty", [Duty.REVOKE_RIGHT, Duty.RESTRAIN_PARTNER, Duty.SUSPEND_OFFICER])
    def test_taking_away_is_not_held_up_by_it(self, duty):
        check_duty(acting(A, stepped_up=False), duty)

        assert has_duty(A, duty)

    def test_who_lacks_the_duty_is_not_asked_for_one(self):
        with pytest.raises(ForbiddenError):
            check_duty(acting(U, stepped_up=False), Duty.APPROVE_POLICY)

    def test_it_can_be_asked_for_alone(self):
        with pytest.raises(StepUpRequiredError):
            check_stepped_up(acting(A, stepped_up=False))


class TestOwn:
    def test_nobody_approves_their_own(self):
        with pytest.raises(ForbiddenError) as refusal:
            check_not_own(acting(S), "x")

        assert "duty.own" == refusal.value.rule

    def test_others_are_approved(self):
        assert check_not_own(acting(S), "y") is None
