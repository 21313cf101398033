"""What comes into force: all of a set, at its time, with its journal, and against what would come back."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.access.policies import PolicyMissingError, seed_policy
from hub.administration.acting import Operator
from hub.administration.items import (
    AdoptSeed,
    LabelRecord,
    ProlongGrant,
    PutCell,
    PutOfficer,
    PutPartner,
    RestorePolicy,
    SetPartner,
)
from hub.administration.model import ChangeState, NewChange
from hub.clock import iso
from hub.errors import BadInputError, ConflictError, ForbiddenError
from hub.identity.officers.model import OfficerState, Role
from hub.store.administration_tables import AccessGrant, RecordLabel
from hub.store.engine import writing
from hub.store.tables import Partner
from schema.catalogue.model import Category
from schema.policy.model import ActorKind
from schema.policy.weighing import Weight
from schema.tiers import Tier
from tests.hub.administration.hall import (
    ADMINISTRATOR,
    AUDITOR,
    BANK,
    DRAFTER,
    GIVES,
    OPENS,
    OTHER,
    SECOND,
    STRICTER,
    SUBJECT,
    THIRD,
    grant,
)
from tests.hub.identity.officers.bureau import NOON

NEW_PARTNER = PutPartner(id="newbank", name="新银行", actor=ActorKind.FI, organisation=OTHER)


class TestApplied:
    async def test_a_whole_set_is_applied_with_its_journal(self, hall):
        label = LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.G, valid_to="2027-04-01")
        change = await hall.in_force(STRICTER, grant(coordinates=frozenset({"Penalty.facts"})), label)
        (given,) = await hall.rows(AccessGrant)
        (marked,) = await hall.rows(RecordLabel)
        notes = [(row["kind"], row["action"]) for row in await hall.bureau.journal() if row.get("change") == change.id]

        assert ("buyer", "C06", '["Penalty.facts"]', change.id) == (
            given.partner,
            given.category,
            given.coordinates,
            given.change_id,
        )
        assert ("G", "2027-04-01T15:59:59.999999Z", None) == (marked.tier, marked.valid_to, marked.regions)
        assert [
            ("change", "drafted"),
            ("change", "submitted"),
            ("change", "approved"),
            ("grant", "given"),
            ("label", "labelled"),
            ("change", "in_force"),
        ] == notes

    async def test_the_journal_names_no_key_of_a_record(self, hall):
        await hall.in_force(LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k-e-y", tier=Tier.R))

        assert not [row for row in await hall.bureau.journal() if "k-e-y" in str(row)]

    async def test_a_grant_is_prolonged(self, hall):
        await hall.in_force(grant())
        (given,) = await hall.rows(AccessGrant)
        until = iso(NOON + timedelta(days=40))
        change = await hall.in_force(ProlongGrant(id=given.id, valid_to=until))
        (longer,) = await hall.rows(AccessGrant)

        assert Weight.GIVES is change.weight
        assert (until, change.id) == (longer.valid_to, longer.change_id)

    async def test_a_grant_that_is_over_or_revoked_is_not_prolonged(self, hall):
        await hall.in_force(grant())
        (given,) = await hall.rows(AccessGrant)
        longer = ProlongGrant(id=given.id, valid_to=iso(NOON + timedelta(days=40)))
        waiting = await hall.submitted(longer)
        await hall.grants.revoke(await hall.officer(ADMINISTRATOR), given.id, "no more")

        with pytest.raises(ConflictError) as refusal:
            await hall.approve(waiting, SECOND)
        assert "grant.over" == rule_of(refusal)

    async def test_a_label_is_lifted(self, hall):
        await hall.in_force(LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=Tier.R))
        lifted = await hall.in_force(LabelRecord(subject=SUBJECT, kind="Penalty", record_key="k", tier=None))

        assert 2 == lifted.needed
        assert [] == await hall.rows(RecordLabel)

    async def test_partners_are_entered_changed_and_served_again(self, hall):
        await hall.in_force(NEW_PARTNER, SetPartner(id="bank", rows_max=7), by=ADMINISTRATOR)
        await hall.restraints.suspend_partner(await hall.officer(ADMINISTRATOR), "bank", "leak")
        (suspended,) = await hall.rows(Partner, Partner.id == "bank")
        again = await hall.in_force(SetPartner(id="bank", state="active"), by=ADMINISTRATOR)
        (served,) = await hall.rows(Partner, Partner.id == "bank")

        assert 1 == len(await hall.rows(Partner, Partner.id == "newbank"))
        assert ("suspended", 7) == (suspended.state, suspended.rows_max)
        assert ("active", BANK, Weight.GIVES) == (served.state, served.organisation, again.weight)

    async def test_officers_are_admitted_and_reinstated(self, hall):
        officers = hall.bureau.parts.officers
        await hall.in_force(
            PutOfficer(id="xin", name="辛四", role=Role.SECURITY_OFFICER, person="E-9"), by=ADMINISTRATOR
        )
        await officers.suspend(await hall.officer(ADMINISTRATOR), THIRD, "leave")
        await hall.in_force(PutOfficer(id=THIRD), by=ADMINISTRATOR)

        assert Role.SECURITY_OFFICER is (await officers.find("xin")).role
        assert OfficerState.ACTIVE is (await officers.find(THIRD)).state

    async def test_a_version_can_wait_for_its_day_and_end(self, hall):
        begin, end = NOON + timedelta(days=2), NOON + timedelta(days=4)
        await hall.in_force(STRICTER, valid_from=begin, valid_to=end)

        for days, version in ((1, 1), (2, 2), (3.9, 2), (4, 1)):
            assert version == (await hall.policy(NOON + timedelta(days=days))).version

    async def test_while_one_waits_another_must_say_from_what_it_starts(self, hall):
        await hall.in_force(STRICTER, valid_from=NOON + timedelta(days=2))
        with pytest.raises(ConflictError) as refusal:
            await hall.draft(GIVES)
        later = await hall.draft(GIVES, valid_from=NOON + timedelta(days=3))
        # It would keep the restraint that waits from ever coming: that gives.
        instead = await hall.draft(
            RestorePolicy(version=1), PutCell(category=Category.C05, reader="PU", permit=False, name="stop")
        )

        assert "change.scheduled" == rule_of(refusal)
        assert (2, Weight.GIVES) == (later.base_version, later.weight)
        assert Weight.GIVES is instead.weight

    async def test_to_make_lasting_what_was_to_end_is_weighed_against_what_would_come_back(self, hall):
        await hall.in_force(OPENS, valid_to=NOON + timedelta(days=4))

        assert Weight.OPENS is (await hall.draft(STRICTER)).weight
        assert Weight.TAKES is (await hall.draft(STRICTER, valid_to=NOON + timedelta(days=3))).weight

    async def test_roll_back_is_a_new_version_with_the_old_content(self, hall):
        seed = await hall.policy()
        await hall.in_force(STRICTER)
        back = await hall.changes.rollback(await hall.officer(DRAFTER), 1, "too strict")
        await hall.changes.submit(await hall.officer(DRAFTER), back.id)
        applied = await hall.approve(back, SECOND)
        now = await hall.policy()

        assert (3, seed.digest) == (now.version, now.digest)
        assert (Weight.GIVES, 3) == (applied.weight, applied.policy_version)

    async def test_the_seed_of_the_release_is_adopted_by_a_change_set(self, hall):
        await hall.in_force(STRICTER)
        adopted = await hall.changes.adopt_seed(await hall.officer(DRAFTER), "new release")

        assert (AdoptSeed(digest=seed_policy().digest),) == adopted.items
        assert not await hall.changes.seed_is_pending()


class TestList:
    async def test_newest_first_by_state_and_page(self, hall):
        made = [(await hall.draft(item)).id for item in (STRICTER, GIVES, OPENS)]
        await hall.changes.submit(await hall.officer(DRAFTER), made[1])
        who = await hall.officer(AUDITOR)
        page = await hall.changes.list(who, first=2)
        rest = await hall.changes.list(who, first=2, after=page.end)
        drafts = await hall.changes.list(who, state=ChangeState.DRAFT, first=9)

        assert [made[2], made[1]] == [row.id for row in page.rows]
        assert ([made[0]], None) == ([row.id for row in rest.rows], rest.end)
        assert [made[2], made[0]] == [row.id for row in drafts.rows]

    async def test_there_is_no_such_set(self, hall):
        with pytest.raises(BadInputError) as refusal:
            await hall.changes.get(await hall.officer(DRAFTER), "nothing")
        assert "change.unknown" == rule_of(refusal)


class TestOperator:
    async def test_of_a_hub_without_officers_applies_in_one_step(self, empty_hall):
        operator = Operator()
        change = await empty_hall.changes.draft(operator, NewChange(reason="demo", items=(OPENS, grant(tier=Tier.A))))
        applied = await empty_hall.changes.submit(operator, change.id)
        notes = {row["by"] for row in await empty_hall.bureau.journal() if row["kind"] == "change"}

        assert (ChangeState.IN_FORCE, 2, "operator") == (applied.state, applied.policy_version, applied.decided_by)
        assert 1 == len(await empty_hall.rows(AccessGrant))
        assert {"operator"} == notes

    async def test_can_do_nothing_where_officers_are(self, hall):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.changes.draft(Operator(), NewChange(reason="demo", items=(OPENS,)))

        assert "operator.attended" == rule_of(refusal)

    async def test_can_do_nothing_in_production(self, empty_hall):
        with pytest.raises(ForbiddenError) as refusal:
            await empty_hall.changes.draft(Operator(production=True), NewChange(reason="demo", items=(OPENS,)))

        assert "operator.production" == rule_of(refusal)

    async def test_what_it_drafted_before_the_founding_stays_a_draft(self, empty_hall):
        change = await empty_hall.changes.draft(Operator(), NewChange(reason="demo", items=(OPENS,)))
        await empty_hall.bureau.found()

        with pytest.raises(ForbiddenError):
            await empty_hall.changes.submit(Operator(), change.id)
        with pytest.raises(ForbiddenError):
            await empty_hall.changes.submit(await empty_hall.officer(DRAFTER), change.id)
        assert [1] == await empty_hall.versions()


class TestWithoutPolicy:
    async def test_nothing_of_policy_is_drafted(self, empty_hall):
        async with writing(empty_hall.engine) as writer:
            await writer.write(text("DELETE FROM policy_version"))

        for item in (STRICTER, grant(), NEW_PARTNER):
            with pytest.raises(PolicyMissingError):
                await empty_hall.changes.draft(Operator(), NewChange(reason="demo", items=(item,)))


def rule_of(refusal) -> str:
    return refusal.value.extensions["rule"]
