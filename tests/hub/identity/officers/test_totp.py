"""Codes: one is good once, guessing does not pay, and nobody learns who has an account."""

import asyncio
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import event, select, update

from hub.errors import RateLimitedError, UnavailableError
from hub.identity.officers import totp
from hub.identity.officers.errors import NotSignedInError
from hub.identity.officers.rows import TOTP
from hub.identity.officers.seal import KEY_NAME, Seal, SealBrokenError, make_key
from hub.store.engine import reading, writing
from keys.ring import KeyRing, KeyUse
from tests.hub.identity.officers.bureau import BY_HEADER, STEP, Bureau, new_bureau

RFC = b"12345678901234567890"


async def sign_in(bureau: Bureau, officer: str, code: str):
    return await bureau.parts.signin.totp(officer, code, BY_HEADER)


async def fails(bureau: Bureau, officer: str, code: str) -> str:
    with pytest.raises(NotSignedInError) as refusal:
        await sign_in(bureau, officer, code)
    return f"{refusal.value.rule} {refusal.value.message} {refusal.value.headers}"


class TestStepOf:
    @pytest.mark.parametrize(
        ("at_s", "code"),
        [
            (59, "287082"),
            (1111111109, "081804"),
            (1111111111, "050471"),
            (1234567890, "005924"),
            (2000000000, "279037"),
        ],
    )
    def test_codes_of_the_rfc_are_read(self, at_s, code):
        """
        RFC 6238, appendix B, cut to six digits.
        """
        assert at_s // 30 == totp.step_of(RFC, code, at_s)

    @pytest.mark.parametrize(("shift", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
    def test_one_step_either_side_is_accepted(self, shift, good):
        at_s = 1_800_000_001
        code = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(at_s + shift)

        assert good is (totp.step_of(RFC, code, at_s) is not None)

    @pytest.mark.parametrize("code", ["", "28708", "2870821", "28708a", "２８７０８２", " 287082", "287 082", "-87082"])
    def test_what_is_not_six_digits_is_no_code(self, code):
        assert totp.step_of(RFC, code, 59) is None


class TestSignIn:
    async def test_a_code_of_now_lets_in(self, bureau):
        await bureau.enrol_totp("bao")

        assert "bao" == (await sign_in(bureau, "bao", bureau.code("bao"))).officer

    async def test_a_code_is_good_once(self, bureau):
        await bureau.enrol_totp("bao")
        await sign_in(bureau, "bao", bureau.code("bao"))

        assert "officer.sign_in" in await fails(bureau, "bao", bureau.code("bao"))
        assert "replayed" == (await bureau.last())["why"]

    async def test_the_enrolments_code_is_spent_too(self, bureau):
        await bureau.enrol_totp("bao")
        bureau.clock.turn(-STEP)

        await fails(bureau, "bao", bureau.code("bao"))

        assert "replayed" == (await bureau.last())["why"]

    async def test_an_earlier_code_is_not_good_after_a_later_one(self, bureau):
        await bureau.enrol_totp("bao")
        earlier = bureau.code("bao")
        bureau.clock.turn(STEP)
        await sign_in(bureau, "bao", bureau.code("bao"))

        assert "officer.sign_in" in await fails(bureau, "bao", earlier)

    async def test_of_many_who_show_one_code_at_once_one_comes_in(self, bureau, second):
        await bureau.enrol_totp("bao")
        code = bureau.code("bao")
        tries = [sign_in(worker, "bao", code) for worker in (bureau, second, bureau, second)]

        done = await asyncio.gather(*tries, return_exceptions=True)

        assert 1 == sum(not isinstance(each, BaseException) for each in done)
        assert {NotSignedInError} == {type(each) for each in done if isinstance(each, BaseException)}

    async def test_anothers_code_does_not_let_in(self, bureau):
        await bureau.enrol_totp("bao")
        await bureau.enrol_totp("mi")

        await fails(bureau, "bao", bureau.code("mi"))

        assert ("bao", "wrong_code") == ((await bureau.last())["officer"], (await bureau.last())["why"])

    async def test_a_secret_moved_to_anothers_row_does_not_open(self, bureau):
        """
        Who writes in the store cannot give an officer another's code: the officer's id is sealed with it.
        """
        await bureau.enrol_totp("bao")
        await bureau.enrol_totp("mi")
        async with writing(bureau.engine) as writer:
            row = await writer.first(select(TOTP.c.sealed).where(TOTP.c.officer == "mi"))
            await writer.write(update(TOTP).where(TOTP.c.officer == "bao").values(sealed=row[0]))

        with pytest.raises(SealBrokenError):
            await sign_in(bureau, "bao", bureau.code("mi"))


class TestNobody:
    async def test_unknown_suspended_codeless_and_wrong_are_refused_by_the_same_words(self, bureau):
        await bureau.enrol_totp("bao")
        await bureau.enrol_totp("mi")
        await bureau.parts.officers.suspend(await bureau.acting("guan"), "mi", "left")
        wrong = bureau.wrong_code("bao")

        said = {
            await fails(bureau, "bao", wrong),
            await fails(bureau, "mi", bureau.code("mi")),
            await fails(bureau, "an", wrong),
            await fails(bureau, "nobody", wrong),
            await fails(bureau, "x" * 200, wrong),
            await fails(bureau, "a\x00b", wrong),
            await fails(bureau, "'; drop table officer; --", wrong),
        }

        assert 1 == len(said)

    async def test_the_journal_does_not_repeat_what_was_typed_as_a_name(self, bureau):
        """
        People type passwords there.
        """
        await bureau.enrol_totp("bao")
        await fails(bureau, "hunter2", "123456")

        assert "hunter2" not in str(await bureau.journal())
        assert "officer" not in await bureau.last()

    async def test_the_same_work_is_done_for_a_name_nobody_has(self, bureau):
        """
        As many statements, and as many codes: the time does not tell who has an account.
        """
        await bureau.enrol_totp("bao")
        await fails(bureau, "warm-up", "000000")
        counts = [
            await statements_of(bureau, officer, code)
            for officer, code in (("bao", bureau.wrong_code("bao")), ("nobody", "000000"), ("an", "000000"))
        ]

        assert 5 < counts[0]
        assert [counts[0]] * 3 == counts


async def statements_of(bureau: Bureau, officer: str, code: str) -> int:
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(bureau.engine.sync_engine, "before_cursor_execute", note)
    try:
        await fails(bureau, officer, code)
    finally:
        event.remove(bureau.engine.sync_engine, "before_cursor_execute", note)
    return len(seen)


class TestGuessing:
    async def test_five_failures_block_also_the_right_code(self, bureau):
        await bureau.enrol_totp("bao")
        for _ in range(5):
            await fails(bureau, "bao", bureau.wrong_code("bao"))

        with pytest.raises(RateLimitedError) as refusal:
            await sign_in(bureau, "bao", bureau.code("bao"))

        assert 890 < int(refusal.value.headers["retry-after"]) <= 901

    async def test_names_that_nobody_has_are_blocked_too(self, bureau):
        for _ in range(5):
            await fails(bureau, "nobody", "123456")

        with pytest.raises(RateLimitedError):
            await sign_in(bureau, "nobody", "123456")

    async def test_another_officer_is_not_blocked_by_it(self, bureau):
        await bureau.enrol_totp("mi")
        for _ in range(5):
            await fails(bureau, "bao", "123456")

        assert "mi" == (await sign_in(bureau, "mi", bureau.code("mi"))).officer

    async def test_guesses_at_once_are_all_counted(self, bureau, second):
        """
        Twenty guesses sent together are not twenty free ones.
        """
        await bureau.enrol_totp("bao")
        wrong = bureau.wrong_code("bao")
        tries = [sign_in(worker, "bao", wrong) for worker in (bureau, second) for _ in range(10)]

        done = await asyncio.gather(*tries, return_exceptions=True)

        kinds = [type(each) for each in done]
        assert 5 == kinds.count(NotSignedInError)
        assert 15 == kinds.count(RateLimitedError)

    async def test_a_block_ends_and_the_next_is_longer(self, bureau):
        await bureau.enrol_totp("bao")
        waits = []
        for _ in range(9):
            for _ in range(5):
                await fails(bureau, "bao", bureau.wrong_code("bao"))
            with pytest.raises(RateLimitedError) as refusal:
                await sign_in(bureau, "bao", bureau.code("bao"))
            waits.append(round(int(refusal.value.headers["retry-after"]) / 900))
            bureau.clock.turn(timedelta(seconds=int(refusal.value.headers["retry-after"])))

        assert [1, 2, 4, 8, 16, 32, 64, 96, 96] == waits
        assert "bao" == (await sign_in(bureau, "bao", bureau.code("bao"))).officer

    async def test_success_forgives(self, bureau):
        await bureau.enrol_totp("bao")
        for _ in range(3):
            for _ in range(4):
                await fails(bureau, "bao", bureau.wrong_code("bao"))
            await sign_in(bureau, "bao", bureau.code("bao"))
            bureau.clock.turn(STEP)

        assert "bao" == (await sign_in(bureau, "bao", bureau.code("bao"))).officer

    async def test_a_replayed_code_forgives_nothing(self, bureau):
        await bureau.enrol_totp("bao")
        spent = bureau.code("bao")
        await sign_in(bureau, "bao", spent)
        for _ in range(5):
            await fails(bureau, "bao", spent)

        with pytest.raises(RateLimitedError):
            await sign_in(bureau, "bao", spent)

    async def test_a_step_up_is_guessed_no_more_often(self, bureau):
        acting = await bureau.acting("bao")
        for _ in range(5):
            with pytest.raises(NotSignedInError):
                await bureau.parts.signin.step_up_by_totp(acting, bureau.wrong_code("bao"))

        with pytest.raises(RateLimitedError):
            await bureau.parts.signin.step_up_by_totp(acting, bureau.code("bao"))


class TestStepUp:
    async def test_a_wrong_code_steps_nobody_up(self, bureau):
        acting = await bureau.acting_stale("bao")

        with pytest.raises(NotSignedInError):
            await bureau.parts.signin.step_up_by_totp(acting, bureau.wrong_code("bao"))

        async with writing(bureau.engine) as writer:
            assert not (await bureau.parts.sessions.confirm(writer, acting)).stepped_up

    async def test_an_ended_session_is_not_stepped_up(self, bureau):
        acting = await bureau.acting("bao")
        await bureau.parts.sessions.sign_out(acting)

        with pytest.raises(NotSignedInError, match="sign in"):
            await bureau.parts.signin.step_up_by_totp(acting, bureau.code("bao"))


class TestEnrol:
    async def test_a_secret_counts_only_once_a_code_was_shown(self, bureau):
        from hub.identity.officers.carriers import Carrier
        from hub.identity.officers.enrolment import Invited

        who = Invited(code=bureau.codes["bao"], carrier=Carrier.HEADER)
        step = await bureau.parts.enrolment.begin_totp(who)

        with pytest.raises(NotSignedInError):
            await bureau.parts.enrolment.finish_totp(who, step.challenge, "12345")
        with pytest.raises(NotSignedInError, match="ceremony"):
            await bureau.parts.enrolment.finish_totp(who, step.challenge, "12345")
        async with reading(bureau.engine) as reader:
            assert [] == list(await reader.rows(select(TOTP)))

    async def test_who_was_locked_out_by_another_comes_back_by_an_invitation(self, bureau):
        for _ in range(5):
            await fails(bureau, "bao", "123456")
        await bureau.enrol_totp("bao")

        assert "bao" == (await sign_in(bureau, "bao", bureau.code("bao"))).officer

    async def test_a_new_secret_replaces_the_old(self, bureau):
        acting = await bureau.acting("bao")
        old = bureau.totps["bao"]
        step = await bureau.parts.enrolment.begin_totp(acting)
        bureau.totps["bao"] = pyotp.TOTP(step.options["uri"].partition("secret=")[2].partition("&")[0])
        assert await bureau.parts.enrolment.finish_totp(acting, step.challenge, bureau.code("bao")) is None
        bureau.clock.turn(STEP)

        await fails(bureau, "bao", old.at(bureau.clock.now()))

        assert "bao" == (await sign_in(bureau, "bao", bureau.code("bao"))).officer


class TestSeal:
    def test_what_is_sealed_opens_for_its_context_alone(self, tmp_path):
        bureau = new_ring(tmp_path)
        seal = Seal(bureau, lambda size: bytes(range(size)))
        sealed = seal.close(b"secret", "totp:bao")

        assert b"secret" == seal.open(sealed, "totp:bao")
        assert b"secret" not in sealed
        for changed, context in (
            (sealed, "totp:mi"), (sealed[:-1] + b"\x00", "totp:bao"), (b"\x02" + sealed[1:], "totp:bao"),
            (sealed[:5], "totp:bao"), (b"", "totp:bao"),
        ):  # fmt: skip
            with pytest.raises(SealBrokenError):
                seal.open(changed, context)

    def test_the_key_is_made_once(self, tmp_path):
        ring = new_ring(tmp_path)
        before = ring.secret(KEY_NAME)
        make_key(ring)

        assert before == ring.secret(KEY_NAME)
        assert (KEY_NAME,) == ring.names(KeyUse.SECRET)

    async def test_without_the_key_nobody_is_let_in_and_the_command_is_named(self, store, tmp_path):
        bureau = new_bureau(store, tmp_path)
        next(tmp_path.glob("keys/*.jwk")).unlink()

        with pytest.raises(UnavailableError, match="hub officer found"):
            await sign_in(bureau, "bao", "123456")


def new_ring(folder) -> KeyRing:
    ring = KeyRing.open(f"file:{folder / 'keys'}", create=True)
    make_key(ring)
    return ring
