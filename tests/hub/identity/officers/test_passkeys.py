"""WebAuthn with a real authenticator in software: what it signs lets its officer in, once, from our page."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub.errors import BadInputError, StepUpRequiredError
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.enrolment import CREDENTIALS_MAX, Invited
from hub.identity.officers.errors import NotSignedInError
from hub.identity.officers.rows import CREDENTIAL, OFFICER
from hub.store.engine import reading, writing
from tests.hub.identity.officers.authenticator import Authenticator, from_text, to_text
from tests.hub.identity.officers.bureau import BY_HEADER, ORIGIN, Bureau


async def sign_in(bureau: Bureau, device: Authenticator, *, origin: str = ORIGIN):
    step = await bureau.parts.signin.begin_passkey()
    return await bureau.parts.signin.finish_passkey(step.challenge, device.sign(dict(step.options), origin), BY_HEADER)


async def fails(bureau: Bureau, device: Authenticator, *, origin: str = ORIGIN) -> str:
    """Why, as the journal alone knows."""
    with pytest.raises(NotSignedInError) as refusal:
        await sign_in(bureau, device, origin=origin)
    assert "The proof was not accepted" == refusal.value.message
    return (await bureau.last())["why"]


async def state_of(bureau: Bureau, device: Authenticator) -> str:
    async with reading(bureau.engine) as reader:
        row = await reader.first(select(CREDENTIAL.c.state).where(CREDENTIAL.c.id == device.credential_id))
    assert row is not None
    return str(row[0])


class TestRegister:
    async def test_an_authenticator_is_kept_and_opens_a_session(self, bureau):
        who = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        step, device = await bureau.parts.enrolment.begin_passkey(who), Authenticator()
        answer = device.register(dict(step.options), ORIGIN)
        started = await bureau.parts.enrolment.finish_passkey(who, step.challenge, answer, "blue key")
        assert started is not None
        (seen,) = await bureau.parts.enrolment.credentials(await bureau.parts.sessions.acting_by(started.secret))

        assert ("bao", "blue key", "active") == (started.officer, seen.label, seen.state)

    async def test_the_authenticator_is_told_to_keep_the_key_and_to_verify_its_user(self, light):
        step = await light.parts.enrolment.begin_passkey(Invited(code=light.codes["bao"], carrier=Carrier.HEADER))
        chosen = step.options["authenticatorSelection"]

        assert ("required", "required") == (chosen["residentKey"], chosen["userVerification"])
        assert {"id": "hub.example.cn", "name": "Energy Credit Exchange Hub 能源行业信用信息交换枢纽"} == step.options[
            "rp"
        ]
        assert "bao" not in from_text(step.options["user"]["id"]).decode("latin-1")

    @pytest.mark.parametrize("fault", ["unverified", "origin", "challenge", "junk", "empty", "nested"])
    async def test_what_does_not_hold_is_not_kept(self, bureau, fault):
        who = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        step = await bureau.parts.enrolment.begin_passkey(who)
        device = Authenticator(verifies=fault != "unverified")
        options = dict(step.options)
        if fault == "challenge":
            options["challenge"] = to_text(bytes(32))
        answer = device.register(options, "https://evil.example" if fault == "origin" else ORIGIN)
        if fault == "junk":
            answer["response"]["attestationObject"] = to_text(b"\xa1\x63fmt\xff")
        if fault in {"empty", "nested"}:
            answer = {} if fault == "empty" else {"rawId": {}, "response": {"clientDataJSON": []}}

        with pytest.raises(NotSignedInError):
            await bureau.parts.enrolment.finish_passkey(who, step.challenge, answer, "key")

        assert ("enrolment_refused", "bao") == ((await bureau.last())["action"], (await bureau.last())["officer"])
        async with reading(bureau.engine) as reader:
            assert [] == list(await reader.rows(select(CREDENTIAL)))

    async def test_a_registration_is_not_shown_twice(self, bureau):
        device = Authenticator()
        acting = await bureau.acting("bao")
        step = await bureau.parts.enrolment.begin_passkey(acting)
        answer = device.register(dict(step.options), ORIGIN)
        await bureau.parts.enrolment.finish_passkey(acting, step.challenge, answer, "key")

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.enrolment.finish_passkey(acting, step.challenge, answer, "key")

    async def test_anothers_authenticator_is_not_entered_as_ones_own(self, bureau):
        device = await bureau.enrol_passkey("bao")
        acting = await bureau.acting("mi")
        step = await bureau.parts.enrolment.begin_passkey(acting)
        again = Authenticator()
        again.cred_init = lambda rp_id, handle: None
        again.credential_id, again.private_key, again.rp_id = device.credential_id, device.private_key, device.rp_id

        with pytest.raises(NotSignedInError):
            await bureau.parts.enrolment.finish_passkey(
                acting, step.challenge, again.register(dict(step.options), ORIGIN), "mine"
            )

        assert "bao" == (await sign_in(bureau, device)).officer

    async def test_another_one_takes_a_fresh_proof(self, bureau):
        acting = await bureau.acting_stale("bao")

        with pytest.raises(StepUpRequiredError):
            await bureau.parts.enrolment.begin_passkey(acting)

    async def test_there_is_room_for_ten(self, light):
        for _ in range(CREDENTIALS_MAX):
            await add_one(light)

        with pytest.raises(BadInputError, match="at most 10"):
            await add_one(light)

    @pytest.mark.parametrize("label", ["", " ", "x" * 61, "a\nb"])
    async def test_a_label_is_a_line(self, light, label):
        acting = await light.acting("bao")
        step, device = await light.parts.enrolment.begin_passkey(acting), Authenticator()

        with pytest.raises(BadInputError, match="label"):
            await light.parts.enrolment.finish_passkey(
                acting, step.challenge, device.register(dict(step.options), ORIGIN), label
            )


async def add_one(bureau: Bureau) -> None:
    acting = await bureau.acting("bao")
    step, device = await bureau.parts.enrolment.begin_passkey(acting), Authenticator()
    answer = device.register(dict(step.options), ORIGIN)
    await bureau.parts.enrolment.finish_passkey(acting, step.challenge, answer, "one more")


class TestSignIn:
    async def test_its_officer_comes_in_and_nobody_was_named_before(self, bureau):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()

        started = await bureau.parts.signin.finish_passkey(
            step.challenge, device.sign(dict(step.options), ORIGIN), BY_HEADER
        )

        assert "bao" == started.officer
        assert [] == step.options["allowCredentials"]
        assert "required" == step.options["userVerification"]

    async def test_an_answer_is_not_shown_twice(self, bureau):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        answer = device.sign(dict(step.options), ORIGIN)
        await bureau.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)

    async def test_of_many_who_show_one_answer_at_once_one_comes_in(self, bureau, second):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        answer = device.sign(dict(step.options), ORIGIN)

        done = await asyncio.gather(
            *(
                worker.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)
                for worker in (bureau, second, bureau, second)
            ),
            return_exceptions=True,
        )

        assert 1 == sum(not isinstance(each, BaseException) for each in done)

    async def test_an_answer_to_another_challenge_does_not_count(self, bureau):
        device = await bureau.enrol_passkey("bao")
        mine, other = [await bureau.parts.signin.begin_passkey() for _ in range(2)]
        answer = device.sign(dict(other.options), ORIGIN)

        with pytest.raises(NotSignedInError, match="not accepted"):
            await bureau.parts.signin.finish_passkey(mine.challenge, answer, BY_HEADER)

    async def test_a_wrong_answer_uses_the_challenge_up(self, bureau):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_passkey(step.challenge, {}, BY_HEADER)

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.signin.finish_passkey(step.challenge, device.sign(dict(step.options), ORIGIN), BY_HEADER)

    async def test_a_challenge_waits_two_minutes(self, bureau):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        bureau.clock.turn(timedelta(minutes=2))

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.signin.finish_passkey(step.challenge, device.sign(dict(step.options), ORIGIN), BY_HEADER)

    async def test_a_challenge_to_step_up_signs_nobody_in(self, bureau):
        device = await bureau.enrol_passkey("bao")
        acting = await bureau.parts.sessions.acting_by((await sign_in(bureau, device)).secret)
        step = await bureau.parts.signin.begin_step_up(acting)

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.signin.finish_passkey(step.challenge, device.sign(dict(step.options), ORIGIN), BY_HEADER)

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "http://hub.example.cn", "https://hub.example.cn:8443", "https://a.hub.example.cn"],
    )
    async def test_another_origin_does_not_count(self, bureau, origin):
        assert "bad_assertion" == await fails(bureau, await bureau.enrol_passkey("bao"), origin=origin)

    async def test_a_page_within_anothers_does_not_count(self, bureau):
        device = await bureau.enrol_passkey("bao")
        device.cross_origin = True

        assert "cross_origin" == await fails(bureau, device)

    async def test_another_relying_party_does_not_count(self, bureau):
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        device.rp_id = "evil.example"
        answer = device.sign({**step.options, "rpId": "evil.example"}, ORIGIN)

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)

    async def test_a_user_who_was_not_verified_does_not_count(self, bureau):
        device = await bureau.enrol_passkey("bao")
        device.verifies = False

        assert "bad_assertion" == await fails(bureau, device)

    async def test_another_key_under_the_same_name_does_not_count(self, bureau):
        device, thief = await bureau.enrol_passkey("bao"), Authenticator()
        thief.cred_init("hub.example.cn", device.user_handle)
        thief.credential_id = device.credential_id

        assert "bad_assertion" == await fails(bureau, thief)
        assert "bao" == (await sign_in(bureau, device)).officer

    async def test_a_key_that_nobody_entered_does_not_count(self, bureau):
        thief = Authenticator()
        thief.cred_init("hub.example.cn", b"x" * 32)

        assert "unknown" == await fails(bureau, thief)

    async def test_an_answer_in_anothers_name_does_not_count(self, bureau):
        """
        The signature is good, and the user handle is another officer's.
        """
        device = await bureau.enrol_passkey("bao")
        async with reading(bureau.engine) as reader:
            row = await reader.first(select(OFFICER.c.handle).where(OFFICER.c.id == "guan"))
        assert row is not None
        device.user_handle = bytes(row[0])
        step = await bureau.parts.signin.begin_passkey()
        answer = device.sign(dict(step.options), ORIGIN)

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)
        assert ("bao", "other_user") == ((await bureau.last())["officer"], (await bureau.last())["why"])

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            {"rawId": 1},
            {"rawId": ""},
            {"rawId": "AAAA"},
            {"rawId": "A" * 2000},
            {"rawId": "AAAA", "response": None},
            {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {"clientDataJSON": "AAAA"}},
        ],
    )
    async def test_what_is_no_answer_is_refused(self, light, answer):
        step = await light.parts.signin.begin_passkey()

        with pytest.raises(NotSignedInError):
            await light.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)

    async def test_a_suspended_officer_does_not_come_in(self, bureau):
        device = await bureau.enrol_passkey("bao")
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "bao", "left")

        assert "suspended" == await fails(bureau, device)


class TestClone:
    async def test_a_count_that_does_not_rise_puts_the_key_out_of_use(self, bureau):
        """
        Two devices hold one key, and nobody can tell which is the officer's: neither comes in any more.
        """
        device = await bureau.enrol_passkey("bao")
        await sign_in(bureau, device)
        await sign_in(bureau, device)
        clone = Authenticator()
        clone.__dict__ |= {**device.__dict__, "sign_count": 0}

        assert "cloned" == await fails(bureau, clone)
        assert "cloned" == await state_of(bureau, device)
        assert "credential_out_of_use" == await fails(bureau, device)
        assert "passkey_cloned" in {row["action"] for row in await bureau.journal()}

    async def test_who_has_not_the_key_puts_nothing_out_of_use(self, bureau):
        device, thief = await bureau.enrol_passkey("bao"), Authenticator()
        await sign_in(bureau, device)
        thief.cred_init("hub.example.cn", device.user_handle)
        thief.credential_id = device.credential_id

        assert "bad_assertion" == await fails(bureau, thief)
        assert "active" == await state_of(bureau, device)

    async def test_an_authenticator_that_does_not_count_may_stay_at_nought(self, bureau):
        device = await bureau.enrol_passkey("bao")
        for _ in range(2):
            device.sign_count = -1
            await sign_in(bureau, device)

        assert "active" == await state_of(bureau, device)


class TestStepUp:
    async def test_a_fresh_proof_steps_up_and_changes_the_secret(self, bureau):
        device = await bureau.enrol_passkey("bao")
        before = await sign_in(bureau, device)
        bureau.clock.turn(timedelta(minutes=6))
        acting = await bureau.parts.sessions.acting_by(before.secret)
        step = await bureau.parts.signin.begin_step_up(acting)
        after = await bureau.parts.signin.finish_step_up(
            acting, step.challenge, device.sign(dict(step.options), ORIGIN)
        )

        assert not acting.stepped_up
        assert (await bureau.parts.sessions.acting_by(after.secret)).stepped_up
        with pytest.raises(NotSignedInError):
            await bureau.parts.sessions.acting_by(before.secret)

    async def test_another_officers_key_steps_nobody_up(self, bureau):
        """
        A colleague at the next desk cannot lend a touch.
        """
        mine, other = await bureau.enrol_passkey("bao"), await bureau.enrol_passkey("mi")
        acting = await bureau.parts.sessions.acting_by((await sign_in(bureau, mine)).secret)
        step = await bureau.parts.signin.begin_step_up(acting)

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_step_up(acting, step.challenge, other.sign(dict(step.options), ORIGIN))
        assert "other_officer" == (await bureau.last())["why"]

    async def test_a_challenge_of_ones_other_session_does_not_count(self, bureau):
        device = await bureau.enrol_passkey("bao")
        one, two = [await bureau.parts.sessions.acting_by((await sign_in(bureau, device)).secret) for _ in range(2)]
        step = await bureau.parts.signin.begin_step_up(one)

        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.signin.finish_step_up(two, step.challenge, device.sign(dict(step.options), ORIGIN))

    async def test_a_session_that_ended_is_not_stepped_up_and_the_count_stays(self, bureau):
        device = await bureau.enrol_passkey("bao")
        acting = await bureau.parts.sessions.acting_by((await sign_in(bureau, device)).secret)
        step = await bureau.parts.signin.begin_step_up(acting)
        await bureau.parts.sessions.sign_out(acting)

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_step_up(acting, step.challenge, device.sign(dict(step.options), ORIGIN))


class TestRevoke:
    async def test_a_lost_key_is_put_out_of_use_by_its_officer(self, bureau):
        device = await bureau.enrol_passkey("bao")
        acting = await bureau.parts.sessions.acting_by((await sign_in(bureau, device)).secret)
        await bureau.parts.enrolment.revoke_credential(acting, device.credential_id)

        assert "credential_out_of_use" == await fails(bureau, device)

    async def test_not_by_another(self, bureau):
        device = await bureau.enrol_passkey("bao")

        with pytest.raises(BadInputError, match="none of your own"):
            await bureau.parts.enrolment.revoke_credential(await bureau.acting("mi"), device.credential_id)
        assert "active" == await state_of(bureau, device)

    async def test_not_without_a_fresh_proof(self, bureau):
        device = await bureau.enrol_passkey("bao")
        secret = (await sign_in(bureau, device)).secret
        bureau.clock.turn(timedelta(minutes=6))

        with pytest.raises(StepUpRequiredError):
            await bureau.parts.enrolment.revoke_credential(
                await bureau.parts.sessions.acting_by(secret), device.credential_id
            )


class TestStore:
    async def test_who_is_suspended_in_the_midst_of_it_does_not_come_in(self, bureau):
        """
        The last look is in the transaction that starts the session.
        """
        device = await bureau.enrol_passkey("bao")
        step = await bureau.parts.signin.begin_passkey()
        answer = device.sign(dict(step.options), ORIGIN)
        async with writing(bureau.engine) as writer:
            await writer.write(update(OFFICER).where(OFFICER.c.id == "bao").values(state="suspended"))

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_passkey(step.challenge, answer, BY_HEADER)
