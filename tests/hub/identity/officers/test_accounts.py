"""三员: who becomes an officer, as what, and who may stop one."""

from asyncio import gather
from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from hub.errors import BadInputError, ForbiddenError
from hub.identity.officers.accounts import NewOfficer
from hub.identity.officers.errors import NotSignedInError
from hub.identity.officers.model import OfficerState, Role
from hub.identity.officers.rows import OFFICER
from hub.store.engine import writing
from tests.hub.identity.officers.bureau import BY_HEADER, FOUNDERS, Bureau


async def admit(bureau: Bureau, new: NewOfficer):
    async with writing(bureau.engine) as writer:
        return await bureau.parts.officers.admit(writer, new, by="guan", change="C-1")


class TestFound:
    async def test_founders_are_admitted_and_each_gets_a_code(self, nobody):
        assert not await nobody.parts.officers.are_founded()

        await nobody.found()

        assert await nobody.parts.officers.are_founded()
        assert {each.id: each.role for each in FOUNDERS} == {
            each.id: each.role for each in await nobody.parts.officers.all()
        }
        assert len(FOUNDERS) == len(set(nobody.codes.values()))
        assert [("founded", "administrator")] == [
            (row["action"], row["role"]) for row in await nobody.journal() if row["officer"] == "guan"
        ]

    @pytest.mark.parametrize("missing", [*Role])
    async def test_too_few_of_any_role_are_refused(self, nobody, missing):
        """
        Tier A and R need an author and two approvers: with fewer officers the hub could never decide anything.
        """
        fewer = list(FOUNDERS)
        fewer.remove(next(each for each in FOUNDERS if each.role is missing))

        with pytest.raises(BadInputError, match=missing.value):
            await nobody.parts.officers.found(fewer)

        assert not await nobody.parts.officers.are_founded()

    async def test_nobody_founds_twice(self, bureau):
        others = [replace(each, id=f"{each.id}2", person=f"{each.person}-2") for each in FOUNDERS]

        with pytest.raises(ForbiddenError) as refusal:
            await bureau.parts.officers.found(others)

        assert "officer.founded" == refusal.value.rule
        assert len(FOUNDERS) == len(await bureau.parts.officers.all())

    async def test_one_bad_founder_founds_nobody(self, nobody):
        with pytest.raises(BadInputError):
            await nobody.parts.officers.found([*FOUNDERS, replace(FOUNDERS[0], id="Not An Id", person="E-9")])

        assert [] == list(await nobody.parts.officers.all())
        assert [] == await nobody.journal()

    async def test_no_code_is_in_the_journal_or_the_store(self, bureau):
        held = str(await bureau.journal())

        assert not [code for code in bureau.codes.values() if code in held or code[:19] in held]


class TestAdmit:
    async def test_a_later_officer_comes_in_the_transaction_of_a_change(self, bureau):
        admitted = await admit(bureau, NewOfficer(id="xin", name="新人", role=Role.AUDITOR, person="E-4"))

        assert admitted == await bureau.parts.officers.find("xin")
        told = await bureau.last()
        assert ("admitted", "guan", "C-1") == (told["action"], told["by"], told["change"])

    @pytest.mark.parametrize("person", ["E-1001", "e-1001", "Ｅ-1001"])
    async def test_one_person_never_has_two_roles(self, bureau, person):
        """
        However the staff number is spelled: the administrator of today is not the auditor of tomorrow.
        """
        with pytest.raises(ForbiddenError) as refusal:
            await admit(bureau, NewOfficer(id="other", name="管一", role=Role.AUDITOR, person=person))

        assert "officer.person" == refusal.value.rule
        assert await bureau.parts.officers.find("other") is None

    async def test_a_suspended_person_does_not_come_back_as_another(self, bureau):
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "shen", "left")

        with pytest.raises(ForbiddenError):
            await admit(bureau, NewOfficer(id="shen2", name="沈一", role=Role.ADMINISTRATOR, person="E-3001"))

    async def test_an_id_is_nobody_elses(self, bureau):
        with pytest.raises(ForbiddenError):
            await admit(bureau, NewOfficer(id="guan", name="别人", role=Role.AUDITOR, person="E-9"))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", "A"), ("id", "x"), ("id", "a b"), ("id", "operator"), ("id", "-x"), ("id", "a" * 64),
            ("name", " "), ("name", "a\nb"), ("name", "n" * 101),
            ("person", "11010519491231002X"), ("person", "a b"), ("person", "p" * 129),
        ],
    )  # fmt: skip
    async def test_a_malformed_entry_is_refused(self, light, field, value):
        good = NewOfficer(id="xin", name="新人", role=Role.AUDITOR, person="E-4")

        with pytest.raises(BadInputError) as refusal:
            await admit(light, replace(good, **{field: value}))

        assert (field,) == refusal.value.place
        assert value not in refusal.value.message or len(value) < 3

    @pytest.mark.parametrize("change", [{"role": "auditor"}, {"person": "E-9"}, {"id": "guan2"}])
    async def test_no_hand_at_the_database_changes_who_an_officer_is(self, bureau, change):
        with pytest.raises(DBAPIError, match="for ever"):
            async with writing(bureau.engine) as writer:
                await writer.write(update(OFFICER).where(OFFICER.c.id == "guan").values(**change))

    async def test_no_hand_at_the_database_forgets_an_officer(self, bureau):
        with pytest.raises(DBAPIError, match="for ever"):
            async with writing(bureau.engine) as writer:
                await writer.write(delete(OFFICER).where(OFFICER.c.id == "guan"))


class TestSuspend:
    async def test_one_administrator_suspends_at_once_and_sessions_end(self, bureau, second):
        victim = await bureau.sign_in("bao")
        assert "bao" == (await second.parts.sessions.acting_by(victim.secret)).officer.id

        done = await bureau.parts.officers.suspend(await bureau.acting("guan"), "bao", "key lost")

        assert OfficerState.SUSPENDED is done.state
        with pytest.raises(NotSignedInError):
            await second.parts.sessions.acting_by(victim.secret)
        told = [(row["action"], row.get("why")) for row in await bureau.journal() if row.get("officer") == "bao"]
        assert [("ended", "suspended"), ("suspended", None)] == told[-2:]

    async def test_a_suspended_officer_does_not_sign_in(self, bureau):
        await bureau.sign_in("bao")
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "bao", "key lost")

        with pytest.raises(NotSignedInError, match="not accepted"):
            await bureau.parts.signin.totp("bao", bureau.code("bao"), BY_HEADER)

        assert "suspended" == (await bureau.last())["why"]

    async def test_an_administrator_is_suspended_by_a_security_officer(self, bureau):
        done = await bureau.parts.officers.suspend(await bureau.acting("bao"), "guan", "under inquiry")

        assert OfficerState.SUSPENDED is done.state

    @pytest.mark.parametrize(
        ("who", "whom", "rule"),
        [
            ("guan", "li", "duty.suspend_administrator"),
            ("bao", "mi", "duty.suspend_officer"),
            ("bao", "shen", "duty.suspend_officer"),
            ("shen", "bao", "duty.suspend_officer"),
            ("shen", "guan", "duty.suspend_administrator"),
            ("guan", "guan", "duty.suspend_administrator"),
        ],
    )
    async def test_others_suspend_nobody(self, bureau, who, whom, rule):
        with pytest.raises(ForbiddenError) as refusal:
            await bureau.parts.officers.suspend(await bureau.acting(who), whom, "because")

        assert rule == refusal.value.rule
        found = await bureau.parts.officers.find(whom)
        assert found is not None
        assert OfficerState.ACTIVE is found.state

    @pytest.mark.parametrize(
        ("who", "whom"), [("guan", ["bao", "mi", "an"]), ("bao", ["guan", "li"])], ids=["security", "administrators"]
    )
    async def test_one_person_does_not_end_the_office(self, bureau, who, whom):
        acting, officers = await bureau.acting(who), bureau.parts.officers
        for each in whom[:-1]:
            await officers.suspend(acting, each, "because")
        with pytest.raises(ForbiddenError) as refusal:
            await officers.suspend(acting, whom[-1], "because")

        assert "officer.last" == refusal.value.rule
        found = await officers.find(whom[-1])
        assert found is not None
        assert OfficerState.ACTIVE is found.state

    async def test_two_at_once_do_not_end_the_office(self, bureau, second):
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "an", "left")
        one, other = await bureau.acting("guan"), await second.acting("li")
        outcomes = await gather(
            bureau.parts.officers.suspend(one, "bao", "because"),
            second.parts.officers.suspend(other, "mi", "because"),
            return_exceptions=True,
        )

        assert [ForbiddenError] == [type(each) for each in outcomes if isinstance(each, BaseException)]

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    async def test_a_reason_is_needed(self, light, reason):
        with pytest.raises(BadInputError, match="reason"):
            await light.parts.officers.suspend(await light.acting("guan"), "bao", reason)

    async def test_an_unknown_officer_is_told(self, light):
        with pytest.raises(BadInputError, match="no such officer"):
            await light.parts.officers.suspend(await light.acting("guan"), "nobody", "because")

    async def test_who_was_suspended_a_moment_ago_suspends_nobody(self, bureau):
        """
        What an officer does rests on a session that lives when it is kept, not when it was asked for.
        """
        acting = await bureau.acting("guan")
        await bureau.parts.officers.suspend(await bureau.acting("bao"), "guan", "first")

        with pytest.raises(NotSignedInError):
            await bureau.parts.officers.suspend(acting, "mi", "second")

    async def test_the_invitation_of_a_suspended_officer_is_gone(self, bureau):
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "bao", "never came")

        with pytest.raises(NotSignedInError, match="invitation"):
            await bureau.enrol_totp("bao")


class TestReinstate:
    async def test_a_change_set_lets_an_officer_act_again(self, bureau):
        await bureau.sign_in("bao")
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "bao", "holiday")

        async with writing(bureau.engine) as writer:
            back = await bureau.parts.officers.reinstate(writer, "bao", by="li", change="C-2")

        assert (OfficerState.ACTIVE, Role.SECURITY_OFFICER) == (back.state, back.role)
        assert "bao" == (await bureau.acting("bao")).officer.id

    async def test_who_does_not_exist_does_not_come_back(self, bureau):
        with pytest.raises(BadInputError):
            async with writing(bureau.engine) as writer:
                await bureau.parts.officers.reinstate(writer, "nobody", by="li", change="C-2")


class TestStore:
    async def test_no_secret_lies_in_the_tables(self, light):
        """
        Who reads the store can neither sign in nor go on with a session.
        """
        started = await light.sign_in("bao")
        seed = light.totps["bao"].secret
        held = []
        for table in OFFICER.metadata.sorted_tables:
            async with writing(light.engine) as writer:
                held += [str(row) for row in await writer.rows(select(table))]
        text = "\n".join(held)

        assert "bao" in text
        assert not [secret for secret in (started.secret, seed, light.codes["mi"]) if secret in text]
