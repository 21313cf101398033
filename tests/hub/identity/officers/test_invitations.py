"""Invitations: nobody becomes another by a code, and two persons give one."""

from datetime import timedelta

import pytest

from hub.errors import BadInputError, ForbiddenError, StepUpRequiredError
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.enrolment import Invited
from hub.identity.officers.errors import NotSignedInError
from tests.hub.identity.officers.authenticator import Authenticator
from tests.hub.identity.officers.bureau import BY_HEADER, ORIGIN, Bureau


async def invite_anew(bureau: Bureau, officer: str) -> str:
    first = await bureau.parts.invitations.open(await bureau.acting("guan"), officer)
    second = await bureau.parts.invitations.countersign(await bureau.acting("bao"), officer)
    return f"{first}-{second}"


async def begin(bureau: Bureau, code: str):
    return await bureau.parts.enrolment.begin_totp(Invited(code=code, carrier=Carrier.HEADER))


class TestFounding:
    async def test_a_code_enrols_its_officer_and_opens_a_session(self, bureau):
        started = await bureau.enrol_totp("bao")

        assert ("bao", "bao") == (
            started.officer,
            (await bureau.parts.sessions.acting_by(started.secret)).officer.id,
        )

    @pytest.mark.parametrize("spelled", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
    async def test_a_code_is_read_however_it_is_grouped(self, light, spelled):
        assert "bao" in (await begin(light, spelled(light.codes["bao"]))).options["uri"]

    async def test_a_code_is_used_once(self, bureau):
        await bureau.enrol_totp("bao")

        with pytest.raises(NotSignedInError) as refusal:
            await bureau.enrol_totp("bao")

        assert "officer.invitation" == refusal.value.rule

    async def test_of_two_who_began_one_finishes(self, bureau):
        """
        Whoever looked over the officer's shoulder has the code, and not the account.
        """
        who = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        thief, device = await bureau.parts.enrolment.begin_passkey(who), Authenticator()
        await bureau.enrol_totp("bao")

        with pytest.raises(NotSignedInError):
            await bureau.parts.enrolment.finish_passkey(
                who, thief.challenge, device.register(dict(thief.options), ORIGIN), "thief's"
            )

    async def test_a_code_is_over_after_a_day(self, bureau):
        bureau.clock.turn(timedelta(hours=24))

        with pytest.raises(NotSignedInError):
            await begin(bureau, bureau.codes["bao"])

    async def test_a_code_that_ends_half_way_enrols_nobody(self, bureau):
        who = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        bureau.clock.turn(timedelta(hours=23, minutes=55))
        step, device = await bureau.parts.enrolment.begin_passkey(who), Authenticator()
        bureau.clock.turn(timedelta(minutes=6))

        with pytest.raises(NotSignedInError, match="invitation"):
            await bureau.parts.enrolment.finish_passkey(
                who, step.challenge, device.register(dict(step.options), ORIGIN), "late"
            )

    @pytest.mark.parametrize("code", ["", "A" * 32, "中" * 32, "A" * 31, "'; --", "\x00" * 32, "AAAA-" * 8])
    async def test_no_other_text_is_a_code(self, bureau, code):
        with pytest.raises(NotSignedInError) as refusal:
            await begin(bureau, code)

        assert "The invitation code is not valid" == refusal.value.message
        assert ("enrolment_refused", "invitation") == (
            (await bureau.last())["action"],
            (await bureau.last())["why"],
        )

    async def test_halves_of_two_codes_are_no_code(self, bureau):
        with pytest.raises(NotSignedInError):
            await begin(bureau, bureau.codes["bao"][:20] + bureau.codes["mi"][20:])

    async def test_a_challenge_of_one_is_not_finished_by_anothers_code(self, bureau):
        """
        A code for oneself must not turn what another began into one's own account, nor the other way round.
        """
        of_bao = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        of_mi = Invited(code=bureau.codes["mi"], carrier=Carrier.HEADER)
        step, device = await bureau.parts.enrolment.begin_passkey(of_bao), Authenticator()

        with pytest.raises(NotSignedInError):
            await bureau.parts.enrolment.finish_passkey(
                of_mi, step.challenge, device.register(dict(step.options), ORIGIN), "mixed up"
            )


class TestAnew:
    async def test_who_lost_all_is_invited_by_two_and_what_was_there_ends(self, bureau, second):
        device = await bureau.enrol_passkey("mi")
        lost = await bureau.sign_in("an")
        bureau.codes["an"] = await invite_anew(bureau, "an")
        bureau.codes["mi"] = await invite_anew(bureau, "mi")
        await bureau.enrol_totp("an")
        await bureau.enrol_totp("mi")

        with pytest.raises(NotSignedInError):
            await second.parts.sessions.acting_by(lost.secret)
        step = await bureau.parts.signin.begin_passkey()
        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.finish_passkey(step.challenge, device.sign(dict(step.options), ORIGIN), BY_HEADER)

        assert "credential_out_of_use" == (await bureau.last())["why"]

    async def test_the_administrators_half_alone_is_no_code(self, bureau):
        """
        An administrator cannot become a security officer by inviting one.
        """
        first = await bureau.parts.invitations.open(await bureau.acting("guan"), "mi")

        for guess in (first, f"{first}-{first}", f"{first}-{'A' * 16}"):
            with pytest.raises(NotSignedInError):
                await begin(bureau, guess)

    async def test_the_countersigners_half_alone_is_no_code(self, bureau):
        await bureau.parts.invitations.open(await bureau.acting("guan"), "mi")
        second = await bureau.parts.invitations.countersign(await bureau.acting("bao"), "mi")

        with pytest.raises(NotSignedInError):
            await begin(bureau, f"{second}-{second}")

    async def test_a_new_invitation_replaces_the_old(self, bureau):
        old = bureau.codes["mi"]
        await invite_anew(bureau, "mi")

        with pytest.raises(NotSignedInError):
            await begin(bureau, old)

    @pytest.mark.parametrize(
        ("who", "whom", "rule"),
        [
            ("bao", "mi", "duty.open_invitation"),
            ("shen", "mi", "duty.open_invitation"),
            ("guan", "guan", "duty.own"),
        ],
    )
    async def test_others_open_none(self, bureau, who, whom, rule):
        with pytest.raises(ForbiddenError) as refusal:
            await bureau.parts.invitations.open(await bureau.acting(who), whom)

        assert rule == refusal.value.rule

    @pytest.mark.parametrize(
        ("who", "whom", "rule"),
        [
            ("guan", "mi", "duty.countersign_invitation"),
            ("li", "mi", "duty.countersign_invitation"),
            ("shen", "mi", "duty.countersign_invitation"),
            ("mi", "mi", "duty.own"),
        ],
    )
    async def test_others_countersign_none(self, bureau, who, whom, rule):
        signer = await bureau.acting(who)
        await bureau.parts.invitations.open(await bureau.acting("guan"), whom)

        with pytest.raises(ForbiddenError) as refusal:
            await bureau.parts.invitations.countersign(signer, whom)

        assert rule == refusal.value.rule

    async def test_a_countersignature_needs_a_fresh_proof(self, bureau):
        await bureau.parts.invitations.open(await bureau.acting("guan"), "mi")

        with pytest.raises(StepUpRequiredError):
            await bureau.parts.invitations.countersign(await bureau.acting_stale("bao"), "mi")

    async def test_none_is_countersigned_twice(self, bureau):
        await invite_anew(bureau, "mi")

        with pytest.raises(ForbiddenError) as refusal:
            await bureau.parts.invitations.countersign(await bureau.acting("an"), "mi")

        assert "officer.invitation" == refusal.value.rule

    async def test_a_founding_code_is_nothing_to_countersign(self, bureau):
        with pytest.raises(ForbiddenError):
            await bureau.parts.invitations.countersign(await bureau.acting("bao"), "mi")

    async def test_nobody_unknown_or_suspended_is_invited(self, bureau):
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "mi", "left")

        for whom in ("mi", "nobody"):
            with pytest.raises(BadInputError, match="no such active officer"):
                await bureau.parts.invitations.open(await bureau.acting("guan"), whom)
