"""Break-glass: a second person gives it, for an hour at most, the auditor is alarmed and reviews; and restraints."""

from datetime import timedelta

import pytest

from hub.administration.acting import Operator
from hub.administration.model import GlassState, GrantState, NewGlass, Verdict
from hub.errors import BadInputError, ConflictError, ForbiddenError, StepUpRequiredError
from hub.identity.partner_keys import add_key
from hub.identity.public_keys import public_key
from hub.store.administration_tables import AccessGrant, Alarm, BreakGlass
from hub.store.engine import writing
from hub.store.identity_tables import PartnerKey, RevokedToken
from hub.store.tables import Partner
from schema.catalogue.model import Category
from schema.tiers import Tier
from tests.hub.administration.hall import ADMINISTRATOR, AUDITOR, DRAFTER, SECOND, STRICTER, THIRD

KEY = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k1"}


def wish(**changes) -> NewGlass:
    return NewGlass(
        **{
            "partner": "buyer",
            "purpose": "MARKET_TRADE",
            "category": Category.C06,
            "tier": Tier.A,
            "subject": None,
            "minutes": 30,
            "reason": "substation is down",
            **changes,
        }
    )


def rule_of(refusal) -> str:
    return refusal.value.extensions["rule"]


async def asked(hall, by: str = DRAFTER, **changes) -> str:
    return (await hall.glass.request(await hall.officer(by), wish(**changes))).id


async def given(hall, by: str = DRAFTER, **changes) -> str:
    name = await asked(hall, by, **changes)
    return (await hall.glass.approve(await hall.officer(SECOND), name)).id


class TestRequest:
    async def test_a_request_opens_nothing(self, hall):
        entry = await hall.glass.request(await hall.officer(ADMINISTRATOR), wish())

        assert (GlassState.REQUESTED, ADMINISTRATOR, None) == (entry.state, entry.requested_by, entry.grant_id)
        assert [] == await hall.rows(AccessGrant)
        assert [] == await hall.rows(Alarm)

    async def test_the_auditor_asks_for_none(self, hall):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.glass.request(await hall.officer(AUDITOR), wish())

        assert "duty.request_glass" == rule_of(refusal)

    @pytest.mark.parametrize(
        ("changes", "rule"),
        [
            ({"minutes": 0}, "glass.minutes"),
            ({"minutes": 61}, "glass.minutes"),
            ({"reason": "help"}, "text.reason"),
            ({"partner": "nobody"}, "grant.partner"),
            ({"purpose": "NONSENSE"}, "grant.purpose"),
            ({"purpose": "SUPERVISION"}, "grant.partner_purpose"),
            ({"category": Category.C08}, "grant.opens_nothing"),
            ({"subject": "x y"}, "grant.subject"),
        ],
    )
    async def test_what_is_not_as_it_must_be_is_refused(self, hall, changes, rule):
        with pytest.raises(BadInputError) as refusal:
            await asked(hall, **changes)

        assert rule == rule_of(refusal)
        assert [] == await hall.rows(BreakGlass)


class TestApprove:
    async def test_a_second_person_gives_it_for_its_minutes_and_the_auditor_is_alarmed(self, hall):
        name = await asked(hall)
        entry = await hall.glass.approve(await hall.officer(SECOND), name)
        (grant,) = await hall.rows(AccessGrant)
        alarms = await hall.glass.alarms(await hall.officer(AUDITOR), first=9)
        listed = (await hall.grants.list(await hall.officer(AUDITOR), first=9)).rows
        hall.clock.turn(timedelta(minutes=30))
        later = (await hall.grants.list(await hall.officer(AUDITOR), first=9)).rows

        assert (GlassState.GIVEN, SECOND, grant.id) == (entry.state, entry.decided_by, entry.grant_id)
        assert (True, None, "A") == (grant.break_glass, grant.change_id, grant.tier)
        assert [("break_glass", name, SECOND)] == [(row.cause, row.reference, row.raised_by) for row in alarms.rows]
        assert [GrantState.VALID] == [row.state for row in listed]
        assert [GrantState.EXPIRED] == [row.state for row in later]

    async def test_nobody_gives_what_they_asked_for(self, hall):
        name = await asked(hall)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.glass.approve(await hall.officer(DRAFTER), name)
        assert "duty.own" == rule_of(refusal)
        assert [] == await hall.rows(AccessGrant)

    @pytest.mark.parametrize("who", [ADMINISTRATOR, AUDITOR])
    async def test_only_a_security_officer_gives(self, hall, who):
        name = await asked(hall)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.glass.approve(await hall.officer(who), name)
        assert "duty.approve_glass" == rule_of(refusal)

    async def test_who_gives_shows_a_fresh_proof(self, hall):
        name = await asked(hall)

        with pytest.raises(StepUpRequiredError):
            await hall.glass.approve(await hall.tired(SECOND), name)

    async def test_after_an_hour_a_request_is_void(self, hall):
        name = await asked(hall)
        hall.clock.turn(timedelta(minutes=60))
        with pytest.raises(ConflictError) as refusal:
            await hall.glass.approve(await hall.officer(SECOND), name)
        who = await hall.officer(AUDITOR)

        assert "glass.lapsed" == rule_of(refusal)
        assert [name] == [row.id for row in (await hall.glass.list(who, state=GlassState.LAPSED, first=9)).rows]
        assert [] == (await hall.glass.list(who, state=GlassState.REQUESTED, first=9)).rows

    @pytest.mark.parametrize("end", ["given", "refused"])
    async def test_what_is_decided_is_not_decided_again(self, hall, end):
        name = await asked(hall)
        if end == "given":
            await hall.glass.approve(await hall.officer(SECOND), name)
        else:
            await hall.glass.refuse(await hall.officer(SECOND), name, "not needed")

        with pytest.raises(ConflictError) as refusal:
            await hall.glass.approve(await hall.officer(THIRD), name)
        assert "glass.moved" == rule_of(refusal)
        assert (1 if end == "given" else 0) == len(await hall.rows(AccessGrant))

    async def test_an_operator_gives_none(self, empty_hall):
        entry = await empty_hall.glass.request(Operator(), wish())

        with pytest.raises(ForbiddenError) as refusal:
            await empty_hall.glass.approve(Operator(), entry.id)
        assert "duty.own" == rule_of(refusal)

    async def test_taken_back_like_every_grant(self, hall):
        await given(hall)
        (grant,) = await hall.rows(AccessGrant)
        entry = await hall.grants.revoke(await hall.officer(ADMINISTRATOR), grant.id, "over")

        assert GrantState.REVOKED is entry.state


class TestReview:
    async def test_the_auditor_reviews_and_the_alarm_is_closed(self, hall):
        name = await given(hall)
        entry = await hall.glass.review(await hall.officer(AUDITOR), name, Verdict.JUSTIFIED, "storm")
        who = await hall.officer(AUDITOR)
        closed = (await hall.glass.alarms(who, closed=True, first=9)).rows

        assert (GlassState.REVIEWED, AUDITOR, Verdict.JUSTIFIED) == (entry.state, entry.reviewed_by, entry.verdict)
        assert [] == (await hall.glass.alarms(who, first=9)).rows
        assert [(AUDITOR, "storm")] == [(row.closed_by, row.comment) for row in closed]

    async def test_what_is_reviewed_is_over(self, hall):
        """Reviewed while it runs, it would be looked at by nobody for the rest of its hour."""
        name = await given(hall)
        (running,) = await hall.rows(AccessGrant)
        await hall.glass.review(await hall.officer(AUDITOR), name, Verdict.JUSTIFIED, "storm")
        (ended,) = await hall.rows(AccessGrant)

        assert running.revoked_at is None
        assert (AUDITOR, "reviewed") == (ended.revoked_by, ended.revoked_reason)
        assert ended.revoked_at < ended.valid_to

    @pytest.mark.parametrize("who", [DRAFTER, SECOND, ADMINISTRATOR])
    async def test_nobody_else_reviews(self, hall, who):
        name = await given(hall)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.glass.review(await hall.officer(who), name, Verdict.JUSTIFIED, "mine")
        assert "duty.review_glass" == rule_of(refusal)

    async def test_only_what_was_given_and_once(self, hall):
        waiting, done = await asked(hall), await given(hall)
        who = await hall.officer(AUDITOR)
        await hall.glass.review(who, done, Verdict.JUSTIFIED, "storm")
        for name in (waiting, done):
            with pytest.raises(ConflictError) as refusal:
                await hall.glass.review(who, name, Verdict.UNJUSTIFIED, "changed my mind")
            assert "glass.moved" == rule_of(refusal)

    async def test_an_alarm_of_break_glass_is_closed_by_its_review_alone(self, hall):
        await given(hall)
        who = await hall.officer(AUDITOR)
        (alarm,) = (await hall.glass.alarms(who, first=9)).rows

        with pytest.raises(ConflictError) as refusal:
            await hall.glass.close_alarm(who, alarm.id, "seen")
        assert "alarm.review" == rule_of(refusal)

    async def test_other_alarms_are_closed_by_the_auditor_once(self, hall):
        change = await hall.draft(STRICTER)
        await hall.changes.submit(await hall.officer(DRAFTER), change.id, at_once=True)
        who = await hall.officer(AUDITOR)
        (alarm,) = (await hall.glass.alarms(who, first=9)).rows
        with pytest.raises(ForbiddenError):
            await hall.glass.close_alarm(await hall.officer(DRAFTER), alarm.id, "nothing to see")
        closed = await hall.glass.close_alarm(who, alarm.id, "right so")
        with pytest.raises(ConflictError):
            await hall.glass.close_alarm(who, alarm.id, "again")
        with pytest.raises(BadInputError):
            await hall.glass.close_alarm(who, "nothing", "again")

        assert (AUDITOR, "at_once", change.id) == (closed.closed_by, closed.cause, closed.reference)


class TestBarred:
    @pytest.mark.parametrize("again", [{"by": DRAFTER, "partner": "bank"}, {"by": THIRD, "partner": "buyer"}])
    async def test_while_a_review_is_overdue_neither_requester_nor_partner_gets_another(self, hall, again):
        if again["partner"] == "bank":
            again = {**again, "purpose": "FINANCING", "category": Category.C16}
        waiting = await asked(hall, **again)
        name = await given(hall)
        hall.clock.turn(timedelta(days=3, minutes=1))
        (overdue,) = (await hall.glass.list(await hall.officer(AUDITOR), state=GlassState.GIVEN, first=9)).rows
        with pytest.raises(ForbiddenError) as refusal:
            await asked(hall, **again)
        await hall.glass.review(await hall.officer(AUDITOR), name, Verdict.JUSTIFIED, "late")

        assert overdue.overdue
        assert "glass.review_overdue" == rule_of(refusal)
        assert waiting != await asked(hall, **again)

    async def test_an_unjustified_one_bars_for_thirty_days(self, hall):
        name = await given(hall)
        waiting = await asked(hall)
        await hall.glass.review(await hall.officer(AUDITOR), name, Verdict.UNJUSTIFIED, "curiosity")
        with pytest.raises(ForbiddenError) as refusal:
            await asked(hall)
        with pytest.raises(ForbiddenError):
            await hall.glass.approve(await hall.officer(THIRD), waiting)
        hall.clock.turn(timedelta(days=30, minutes=1))

        assert "glass.unjustified" == rule_of(refusal)
        assert await asked(hall)

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            ({}, {}),
            ({}, {"tier": Tier.R}),
            ({}, {"subject": "91510100MA6CTE400T"}),
            ({"subject": "91510100MA6CTE400T"}, {}),
            ({"subject": "91510100MA6CTE400T"}, {"subject": "91510100MA6CTE400T"}),
        ],
    )
    async def test_nobody_prolongs_an_access_by_asking_for_it_again(self, hall, first, then):
        waiting = await asked(hall, by=THIRD, **then)
        name = await given(hall, **first)
        hall.clock.turn(timedelta(minutes=31))
        with pytest.raises(ForbiddenError) as refusal:
            await hall.glass.approve(await hall.officer(SECOND), await asked(hall, **then))
        with pytest.raises(ForbiddenError) as earlier:
            await hall.glass.approve(await hall.officer(SECOND), waiting)
        before = len(await hall.rows(AccessGrant))
        await hall.glass.review(await hall.officer(AUDITOR), name, Verdict.JUSTIFIED, "storm")
        await hall.glass.approve(await hall.officer(SECOND), waiting)

        assert ("glass.unreviewed", "glass.unreviewed") == (rule_of(refusal), rule_of(earlier))
        assert (1, 2) == (before, len(await hall.rows(AccessGrant)))

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            ({"subject": "91510100MA6CTE400T"}, {"subject": "91110000MA01C5GT4N"}),
            ({}, {"category": Category.C16}),
        ],
    )
    async def test_another_emergency_does_not_wait_for_the_review(self, hall, first, then):
        await given(hall, **first)
        await given(hall, **then)

        assert 2 == len(await hall.rows(AccessGrant))

    async def test_others_are_not_barred(self, hall):
        await given(hall)
        hall.clock.turn(timedelta(days=4))

        assert await asked(hall, by=THIRD, partner="bank", purpose="FINANCING", category=Category.C16)


class TestRestraints:
    async def test_a_partner_is_suspended_by_one_at_once(self, hall):
        await hall.restraints.suspend_partner(await hall.tired(SECOND), "bank", "leak")
        (bank,) = await hall.rows(Partner, Partner.id == "bank")
        with pytest.raises(ConflictError) as twice:
            await hall.restraints.suspend_partner(await hall.officer(SECOND), "bank", "leak")
        with pytest.raises(BadInputError) as unknown:
            await hall.restraints.suspend_partner(await hall.officer(SECOND), "nobody", "leak")

        assert "suspended" == bank.state
        assert ("partner.suspended", "partner.unknown") == (rule_of(twice), rule_of(unknown))

    async def test_a_key_and_a_token_are_taken_back_for_ever(self, hall):
        async with writing(hall.engine) as writer:
            await add_key(writer, "bank", public_key(KEY), now=hall.clock.now())
        who = await hall.officer(ADMINISTRATOR)
        await hall.restraints.revoke_key(who, "bank", "k1", "stolen")
        await hall.restraints.revoke_token(who, "bank", "jti-1", "stolen")
        await hall.restraints.revoke_tokens(who, "bank", "stolen")
        (key,) = await hall.rows(PartnerKey)
        (token,) = await hall.rows(RevokedToken)
        (bank,) = await hall.rows(Partner, Partner.id == "bank")
        with pytest.raises(BadInputError):
            await hall.restraints.revoke_key(who, "bank", "k1", "stolen")
        with pytest.raises(ConflictError):
            await hall.restraints.revoke_token(who, "bank", "jti-1", "stolen")
        with pytest.raises(BadInputError):
            await hall.restraints.revoke_token(who, "bank", "not a jti", "stolen")

        assert ("revoked", "jti-1") == (key.state, token.jti)
        assert bank.tokens_after is not None

    async def test_the_auditor_restrains_nobody(self, hall):
        who, acts = await hall.officer(AUDITOR), hall.restraints
        for act in (
            acts.suspend_partner(who, "bank", "leak"),
            acts.revoke_key(who, "bank", "k1", "leak"),
            acts.revoke_token(who, "bank", "jti", "leak"),
            acts.revoke_tokens(who, "bank", "leak"),
        ):
            with pytest.raises(ForbiddenError) as refusal:
                await act
            assert "duty.restrain_partner" == rule_of(refusal)
        (bank,) = await hall.rows(Partner, Partner.id == "bank")
        assert "active" == bank.state
