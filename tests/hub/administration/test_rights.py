"""Grants and consents: who lists, gives and takes back, and that it counts from the next question on."""

from datetime import timedelta

import pytest

from hub.access.rights import Rights
from hub.administration.acting import Operator
from hub.administration.consents import LIVE_MAX
from hub.administration.items import ProlongGrant
from hub.administration.model import GrantState, NewConsent
from hub.clock import iso, legal_day
from hub.errors import BadInputError, ConflictError, ForbiddenError, UnauthenticatedError
from hub.identity.caller import the_public
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.epochs import Epochs
from schema.catalogue.model import Category
from tests.hub.administration.hall import (
    ADMINISTRATOR,
    AUDITOR,
    BANK,
    BUYER,
    DRAFTER,
    OTHER,
    SECOND,
    SUBJECT,
    caller,
    grant,
)
from tests.hub.identity.officers.bureau import NOON

EVIDENCE = "sm3:" + "ab" * 32
BANKER = caller(BANK, partner="bank", purposes=("FINANCING",))
BUYING = caller(BUYER, partner="buyer", purposes=("MARKET_TRADE",))


def consent(**changes) -> NewConsent:
    return NewConsent(
        **{
            "grantee": BANK,
            "purpose": "FINANCING",
            "items": frozenset({Category.C15, Category.C16}),
            "evidence": EVIDENCE,
            **changes,
        }
    )


def rule_of(refusal) -> str:
    return refusal.value.extensions["rule"]


async def given(hall, **changes) -> str:
    before = {row.id for row in await hall.rows(AccessGrant)}
    await hall.in_force(grant(**changes))
    return next(row.id for row in await hall.rows(AccessGrant) if row.id not in before)


class TestGrants:
    async def test_what_is_given_and_taken_back_counts_at_the_next_question(self, hall):
        epochs = Epochs(hall.engine)
        rights = Rights(hall.engine, epochs)

        async def held():
            await epochs.refresh()
            return [each.id for each in (await rights.of(BUYING, hall.clock.now()))[0].grants]

        before = await held()
        name = await given(hall)
        between = await held()
        entry = await hall.grants.revoke(await hall.officer(ADMINISTRATOR), name, "leak")

        assert [] == before
        assert [name] == between
        assert [] == await held()
        assert (GrantState.REVOKED, ADMINISTRATOR) == (entry.state, entry.revoked_by)

    async def test_the_auditor_takes_nothing_back(self, hall):
        name = await given(hall)

        with pytest.raises(ForbiddenError) as refusal:
            await hall.grants.revoke(await hall.officer(AUDITOR), name, "leak")
        assert "duty.revoke_right" == rule_of(refusal)

    async def test_who_takes_away_is_not_held_up_by_a_proof(self, hall):
        name = await given(hall)

        assert GrantState.REVOKED is (await hall.grants.revoke(await hall.tired(SECOND), name, "leak")).state

    async def test_there_is_no_such_grant_and_none_is_taken_back_twice(self, hall):
        who = await hall.officer(SECOND)
        name = await given(hall)
        await hall.grants.revoke(who, name, "leak")

        with pytest.raises(ConflictError) as twice:
            await hall.grants.revoke(who, name, "leak")
        with pytest.raises(BadInputError) as unknown:
            await hall.grants.revoke(who, "nothing", "leak")
        assert ("grant.revoked", "grant.unknown") == (rule_of(twice), rule_of(unknown))

    async def test_an_ended_session_takes_nothing_back(self, hall):
        who, name = await hall.officer(SECOND), await given(hall)
        await hall.bureau.parts.sessions.end(who, who.session)

        with pytest.raises(UnauthenticatedError):
            await hall.grants.revoke(who, name, "leak")

    async def test_those_that_end_soon_and_those_nobody_used_are_listed(self, hall):
        soon = await given(hall, valid_to=iso(NOON + timedelta(days=20)))
        late = await given(hall, valid_to=iso(NOON + timedelta(days=200)))
        gone = await given(hall)
        waits = await given(hall, valid_from=iso(NOON + timedelta(days=100)), valid_to=iso(NOON + timedelta(days=120)))
        hall.clock.turn(timedelta(days=15))
        await hall.grants.revoke(await hall.officer(SECOND), gone, "leak")
        hall.grants.note_used([late], legal_day(hall.clock.now()))
        await hall.grants.flush()
        who = await hall.officer(AUDITOR)

        async def listed(**wanted):
            return [row.id for row in (await hall.grants.list(who, first=9, **wanted)).rows]

        assert [waits, gone, late, soon] == await listed()
        assert [soon] == await listed(expiring_within_days=30)
        assert [soon] == await listed(unused_days=10)
        assert [] == await listed(unused_days=16)
        assert [] == await listed(partner="bank")
        states = {row.id: row.state for row in (await hall.grants.list(who, first=9)).rows}
        assert {
            soon: GrantState.VALID,
            late: GrantState.VALID,
            gone: GrantState.REVOKED,
            waits: GrantState.SCHEDULED,
        } == states

    @pytest.mark.parametrize("days", [-1, 3661])
    async def test_a_number_of_days_out_of_bounds_is_refused(self, hall, days):
        with pytest.raises(BadInputError) as refusal:
            await hall.grants.list(await hall.officer(AUDITOR), first=9, unused_days=days)
        assert "grant.days" == rule_of(refusal)

    async def test_recertified_is_prolonged_and_found_no_more_among_those_that_end(self, hall):
        name = await given(hall)
        await hall.in_force(ProlongGrant(id=name, valid_to=iso(NOON + timedelta(days=300))))
        who = await hall.officer(AUDITOR)

        assert () == tuple((await hall.grants.list(who, first=9, expiring_within_days=30)).rows)

    async def test_use_is_written_once_a_day_and_raises_nothing(self, hall):
        name = await given(hall)
        epochs = Epochs(hall.engine)
        epoch = await epochs.tag("right")
        today = legal_day(NOON)
        for _ in range(3):
            hall.grants.note_used([name], today)
        first, again = await hall.grants.flush(), await hall.grants.flush()
        hall.grants.note_used([name], today - timedelta(days=1))
        await hall.grants.flush()
        (row,) = await hall.rows(AccessGrant)

        assert (1, 0) == (first, again)
        assert today.isoformat() == row.last_used
        assert await epochs.confirm({"right": epoch})

    async def test_what_could_not_be_written_is_kept(self, hall, tmp_path):
        name = await given(hall)
        hall.grants.note_used([name], legal_day(NOON))
        working = hall.desk.engine
        broken = hall.beside(f"sqlite:///{tmp_path / 'none' / 'hub.db'}")
        notes = broken.grants
        notes.note_used([name], legal_day(NOON))
        with pytest.raises(Exception, match="unable to open"):
            await notes.flush()
        kept = dict(notes._unwritten)
        await broken.engine.dispose()

        assert {name: legal_day(NOON)} == kept
        assert 1 == await hall.grants.flush()
        assert working is hall.engine


class TestGive:
    async def test_thirty_days_by_default_and_counted_at_the_next_question(self, hall):
        epochs = Epochs(hall.engine)
        rights = Rights(hall.engine, epochs)
        made = await hall.consents.give(caller(), consent())
        await epochs.refresh()
        held, _ = await rights.of(BANKER, hall.clock.now())

        assert ("2027-03-01", "2027-03-30", "su") == (made.valid_from, made.valid_to, made.given_by)
        assert [(SUBJECT, frozenset({Category.C15, Category.C16}))] == [
            (each.subject, each.items) for each in held.consents
        ]

    async def test_at_most_a_hundred_stand_to_one_grantee(self, hall):
        """Each is read with every question of the grantee, who cannot help being given them."""
        made = [await hall.consents.give(caller(), consent()) for _ in range(LIVE_MAX)]
        with pytest.raises(ConflictError) as refusal:
            await hall.consents.give(caller(), consent())
        other = await hall.consents.give(caller(), consent(grantee=BUYER))
        await hall.consents.revoke(caller(), SUBJECT, made[0].id, "not needed")
        again = await hall.consents.give(caller(), consent())
        hall.clock.turn(timedelta(days=30))
        later = await hall.consents.give(caller(), consent())

        assert "consent.too_many" == refusal.value.rule
        assert (LIVE_MAX + 3) == len({each.id for each in (*made, other, again, later)})

    @pytest.mark.parametrize(
        "who",
        [
            the_public(),
            caller(None),
            caller(partner=None),
            caller(purposes=("FINANCING",)),
        ],
    )
    async def test_only_by_the_subject_through_its_own_credential(self, hall, who):
        with pytest.raises(ForbiddenError) as refusal:
            await hall.consents.give(who, consent())

        assert "consent.own_credential" == rule_of(refusal)
        assert [] == await hall.rows(ConsentRow)

    @pytest.mark.parametrize(
        ("changes", "member"),
        [
            ({"grantee": "91310000MA0000030X"}, "grantee"),
            ({"grantee": ""}, "grantee"),
            ({"grantee": SUBJECT}, "grantee"),
            ({"purpose": "NONSENSE"}, "purpose"),
            ({"items": frozenset()}, "items"),
            ({"items": frozenset({Category.C15, Category.C06})}, "items"),
            ({"purpose": "STATISTICS"}, "items"),
            ({"evidence": "md5:" + "a" * 32}, "evidence"),
            ({"evidence": "sm3:" + "AB" * 32}, "evidence"),
            ({"evidence": ""}, "evidence"),
            ({"valid_from": "2027-02-28"}, "valid_from"),
            ({"valid_from": "20270301"}, "valid_from"),
            ({"valid_from": "2028-03-05"}, "valid_from"),
            ({"valid_to": "2027-02-28"}, "valid_to"),
            ({"valid_to": "2028-03-01"}, "valid_to"),
            ({"valid_to": "2027-02-30"}, "valid_to"),
            ({"valid_from": "2027-04-01", "valid_to": "2027-03-31"}, "valid_to"),
        ],
    )
    async def test_what_is_not_as_it_must_be_is_refused(self, hall, changes, member):
        with pytest.raises(BadInputError) as refusal:
            await hall.consents.give(caller(), consent(**changes))

        assert (member,) == refusal.value.place
        assert f"consent.{member}" == rule_of(refusal)
        assert [] == await hall.rows(ConsentRow)

    @pytest.mark.parametrize(
        ("begin", "end"), [("2027-03-01", "2028-02-29"), ("2027-03-01", "2027-03-01"), ("2028-02-29", "2029-02-28")]
    )
    async def test_a_year_to_the_day_is_a_year(self, hall, begin, end):
        made = await hall.consents.give(caller(), consent(valid_from=begin, valid_to=end))

        assert (begin, end) == (made.valid_from, made.valid_to)

    async def test_is_written_down_without_any_content(self, hall):
        made = await hall.consents.give(caller(), consent())
        row = await hall.bureau.last()

        assert ("consent", "given", made.id, BANK, EVIDENCE) == (
            row["kind"],
            row["action"],
            row["consent"],
            row["grantee"],
            row["evidence"],
        )


class TestRevoke:
    async def test_the_subject_takes_back_at_once(self, hall):
        epochs = Epochs(hall.engine)
        rights = Rights(hall.engine, epochs)
        made = await hall.consents.give(caller(), consent())
        gone = await hall.consents.revoke(caller(), SUBJECT, made.id, "no more")
        await epochs.refresh()

        assert "su" == gone.revoked_by
        assert () == (await rights.of(BANKER, hall.clock.now()))[0].consents

    @pytest.mark.parametrize("who", [caller(OTHER, partner="other"), caller(BANK, partner="bank")])
    async def test_anothers_is_answered_like_one_that_is_not_there(self, hall, who):
        made = await hall.consents.give(caller(), consent())
        said = []
        for subject, name in ((SUBJECT, made.id), (who.organisation, made.id), (SUBJECT, "0" * 20 + "-00000000")):
            with pytest.raises(BadInputError) as refusal:
                await hall.consents.revoke(who, subject, name, "mine?")
            said.append(refusal.value.as_graphql())
        (row,) = await hall.rows(ConsentRow)

        assert said[0] == said[1] == said[2]
        assert row.revoked_at is None

    async def test_officers_take_back_as_a_restraint(self, hall):
        made = await hall.consents.give(caller(), consent())
        with pytest.raises(ForbiddenError):
            await hall.consents.revoke(await hall.officer(AUDITOR), SUBJECT, made.id, "why")
        with pytest.raises(ForbiddenError):
            await hall.consents.revoke(Operator(), SUBJECT, made.id, "why")
        gone = await hall.consents.revoke(await hall.tired(DRAFTER), SUBJECT, made.id, "forged")
        with pytest.raises(ConflictError):
            await hall.consents.revoke(caller(), SUBJECT, made.id, "too late")

        assert DRAFTER == gone.revoked_by


class TestListed:
    async def test_each_sees_its_own(self, hall):
        mine = await hall.consents.give(caller(), consent())
        later = await hall.consents.give(caller(), consent(grantee=BUYER))
        theirs = await hall.consents.give(caller(OTHER, partner="other"), consent())

        async def ids(found):
            return [row.id for row in (await found).rows]

        assert [later.id, mine.id] == await ids(hall.consents.of_subject(caller(), first=9))
        assert [theirs.id, mine.id] == await ids(hall.consents.of_grantee(BANKER, first=9))
        assert [later.id] == await ids(hall.consents.of_grantee(BUYING, first=9))
        with pytest.raises(ForbiddenError):
            await hall.consents.of_subject(BANKER, first=9)
        with pytest.raises(ForbiddenError):
            await hall.consents.of_grantee(the_public(), first=9)

    async def test_officers_page_through_all(self, hall):
        made = [await hall.consents.give(caller(), consent(grantee=each)) for each in (BANK, BUYER, BANK)]
        made.append(await hall.consents.give(caller(OTHER, partner="other"), consent()))
        who, seen, after = await hall.officer(AUDITOR), [], None
        while True:
            page = await hall.consents.list(who, first=1, after=after)
            seen += [row.id for row in page.rows]
            after = page.end
            if after is None:
                break
        of_bank = await hall.consents.list(who, grantee=BANK, subject=SUBJECT, first=9)

        assert [made[2].id, made[1].id, made[0].id, made[3].id] == seen
        assert [made[2].id, made[0].id] == [row.id for row in of_bank.rows]
