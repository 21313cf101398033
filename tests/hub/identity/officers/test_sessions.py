"""Sessions: who acts, for how long, by which carrier, and that an end is an end everywhere."""

import asyncio
from datetime import timedelta

import pytest

from hub.errors import BadInputError, ForbiddenError
from hub.identity.officers.carriers import COOKIE, Carrier
from hub.identity.officers.errors import NotSignedInError
from hub.store.engine import writing
from tests.hub.identity.officers.bureau import BY_COOKIE, BY_HEADER, ORIGIN, Bureau

Headers = list[tuple[bytes, bytes]]
PAGE = (b"origin", ORIGIN.encode())


def by_header(secret: str) -> Headers:
    return [(b"authorization", b"Officer " + secret.encode())]


def by_cookie(secret: str, *more: tuple[bytes, bytes]) -> Headers:
    return [(b"cookie", f"theme=dark; {COOKIE}={secret}".encode()), *more]


async def is_live(bureau: Bureau, secret: str) -> bool:
    try:
        await bureau.parts.sessions.acting_by(secret)
    except NotSignedInError:
        return False
    return True


class TestActing:
    async def test_a_session_tells_who_acts(self, bureau):
        started = await bureau.sign_in("bao")

        acting = await bureau.parts.sessions.acting(by_header(started.secret), "POST")

        assert ("bao", started.session, True) == (acting.officer.id, acting.session, acting.stepped_up)
        assert started.secret not in repr(acting)

    async def test_the_scheme_is_read_in_any_case(self, light):
        started = await light.sign_in("bao")

        acting = await light.parts.sessions.acting([(b"authorization", b"oFFICER  " + started.secret.encode())], "GET")

        assert "bao" == acting.officer.id

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [(b"authorization", b"")],
            [(b"authorization", b"Officer")],
            [(b"authorization", b"Officer hos_" + b"A" * 43)],
            [(b"authorization", b"Officer \xff\xfe")],
            [(b"authorization", b"Bearer hos_" + b"A" * 43)],
            [(b"cookie", b"__Host-hub-session=")],
            [(b"cookie", b"__Host-hub-session=hos_" + b"A" * 43)],
            [(b"cookie", b"hub-session=x")],
        ],
    )
    async def test_who_shows_no_session_is_nobody(self, light, headers):
        with pytest.raises(NotSignedInError) as refusal:
            await light.parts.sessions.acting(headers, "GET")

        assert "officer.session" == refusal.value.rule
        assert "Officer" in refusal.value.headers["www-authenticate"]

    async def test_two_secrets_are_none(self, light):
        """
        A proxy on the way may have believed the other one.
        """
        one, other = await light.sign_in("bao"), await light.sign_in("mi", BY_COOKIE)
        doubled = [
            [*by_header(one.secret), *by_header(one.secret)],
            [*by_header(one.secret), *by_cookie(other.secret)],
            [*by_cookie(other.secret), *by_cookie(other.secret)],
        ]

        for headers in doubled:
            with pytest.raises(NotSignedInError):
                await light.parts.sessions.acting(headers, "GET")

    async def test_a_bearer_token_is_no_session(self, light):
        started = await light.sign_in("bao")

        with pytest.raises(NotSignedInError):
            await light.parts.sessions.acting([(b"authorization", b"Bearer " + started.secret.encode())], "GET")

    async def test_a_cookies_secret_does_not_come_by_header_nor_the_other_way_round(self, bureau):
        cookie, header = await bureau.sign_in("bao", BY_COOKIE), await bureau.sign_in("mi")

        for headers in (by_header(cookie.secret), by_cookie(header.secret)):
            with pytest.raises(NotSignedInError):
                await bureau.parts.sessions.acting(headers, "GET")


class TestSite:
    @pytest.mark.parametrize(
        "more",
        [
            (),
            ((b"origin", b"https://evil.example"),),
            ((b"origin", b"null"),),
            ((b"origin", b"http://hub.example.cn"),),
            ((b"origin", b"https://hub.example.cn.evil.example"),),
            ((b"origin", b"https://hub.example.cn:444"),),
            (PAGE, PAGE),
            (PAGE, (b"sec-fetch-site", b"cross-site")),
            (PAGE, (b"sec-fetch-site", b"same-site")),
            (PAGE, (b"sec-fetch-site", b"none")),
            (PAGE, (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")),
        ],
    )
    async def test_another_sites_post_does_nothing(self, light, more):
        started = await light.sign_in("bao", BY_COOKIE)

        with pytest.raises(ForbiddenError) as refusal:
            await light.parts.sessions.acting(by_cookie(started.secret, *more), "POST")

        assert "officer.origin" == refusal.value.rule

    @pytest.mark.parametrize("more", [(PAGE,), (PAGE, (b"sec-fetch-site", b"same-origin"))])
    async def test_our_own_pages_post_acts(self, light, more):
        started = await light.sign_in("bao", BY_COOKIE)

        acting = await light.parts.sessions.acting(by_cookie(started.secret, *more), "POST")

        assert "bao" == acting.officer.id

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "post"])
    async def test_what_is_no_plain_read_needs_an_origin(self, light, method):
        started = await light.sign_in("bao", BY_COOKIE)

        with pytest.raises(ForbiddenError):
            await light.parts.sessions.acting(by_cookie(started.secret), method)

    async def test_a_read_may_be_typed_but_not_come_from_elsewhere(self, light):
        started = await light.sign_in("bao", BY_COOKIE)
        typed = by_cookie(started.secret, (b"sec-fetch-site", b"none"))

        assert "bao" == (await light.parts.sessions.acting(typed, "GET")).officer.id
        with pytest.raises(ForbiddenError):
            await light.parts.sessions.acting(by_cookie(started.secret, (b"sec-fetch-site", b"cross-site")), "GET")

    async def test_a_program_needs_no_origin(self, light):
        started = await light.sign_in("bao")

        assert "bao" == (await light.parts.sessions.acting(by_header(started.secret), "POST")).officer.id


class TestTime:
    async def test_a_session_ends_after_fifteen_idle_minutes(self, bureau):
        started = await bureau.sign_in("bao")
        bureau.clock.turn(timedelta(minutes=15))

        assert not await is_live(bureau, started.secret)
        assert ("ended", "idle") == ((await bureau.last())["action"], (await bureau.last())["why"])

    async def test_once_idle_it_does_not_come_back(self, bureau):
        started = await bureau.sign_in("bao")
        bureau.clock.turn(timedelta(minutes=15))
        await is_live(bureau, started.secret)
        bureau.clock.turn(-timedelta(minutes=15))

        assert not await is_live(bureau, started.secret)

    async def test_who_works_stays_for_eight_hours_and_no_longer(self, bureau):
        started = await bureau.sign_in("bao")
        bureau.clock.turn(-timedelta(seconds=30))
        for _ in range(47):
            bureau.clock.turn(timedelta(minutes=10))
            assert await is_live(bureau, started.secret)
        bureau.clock.turn(timedelta(minutes=10))

        assert not await is_live(bureau, started.secret)
        assert "expired" == (await bureau.last())["why"]

    async def test_a_proof_is_fresh_for_five_minutes(self, light):
        started = await light.sign_in("bao")
        light.clock.turn(timedelta(minutes=4, seconds=29))
        before = await light.parts.sessions.acting_by(started.secret)
        light.clock.turn(timedelta(seconds=2))
        after = await light.parts.sessions.acting_by(started.secret)

        assert (True, False) == (before.stepped_up, after.stepped_up)

    async def test_a_proof_of_the_future_is_none(self, light):
        started = await light.sign_in("bao")
        light.clock.turn(-timedelta(hours=1))

        assert not (await light.parts.sessions.acting_by(started.secret)).stepped_up


class TestSecret:
    async def test_a_step_up_changes_it_and_the_one_before_is_dead(self, bureau, second):
        """
        Who copied the secret before an approval has nothing after it.
        """
        before = await bureau.sign_in("bao")
        acting = await bureau.parts.sessions.acting_by(before.secret)
        after = await bureau.parts.signin.step_up_by_totp(acting, bureau.code("bao"))

        assert (before.session, before.ends_at) == (after.session, after.ends_at)
        assert not await is_live(second, before.secret)
        assert (await second.parts.sessions.acting_by(after.secret)).stepped_up

    async def test_a_sign_in_replaces_the_session_its_browser_had(self, bureau):
        """
        Whatever session somebody planted in the browser beforehand is not the one that is signed in, and ends.
        """
        planted = await bureau.sign_in("li", BY_COOKIE)
        asked = type(BY_COOKIE)(carrier=Carrier.COOKIE, instead_of=planted.secret)
        started = await bureau.sign_in("bao", asked)
        headers = by_cookie(planted.secret, PAGE)

        assert planted.secret != started.secret
        with pytest.raises(NotSignedInError):
            await bureau.parts.sessions.acting(headers, "POST")

    async def test_no_two_sessions_share_one(self, light):
        made = [(await light.sign_in("bao")).secret for _ in range(5)]

        assert 5 == len(set(made))
        assert {47} == {len(each) for each in made}


class TestEnd:
    async def test_a_stolen_cookie_is_worth_nothing_after_sign_out(self, bureau, second):
        started = await bureau.sign_in("bao", BY_COOKIE)
        headers = by_cookie(started.secret, PAGE)
        await bureau.parts.sessions.sign_out(await bureau.parts.sessions.acting(headers, "POST"))

        for worker in (bureau, second):
            with pytest.raises(NotSignedInError):
                await worker.parts.sessions.acting(headers, "POST")
        assert "signed_out" == (await bureau.last())["why"]

    async def test_one_ends_ones_other_session(self, bureau, second):
        lost, here = await bureau.sign_in("bao"), await bureau.acting("bao")
        await bureau.parts.sessions.end(here, lost.session)

        assert not await is_live(second, lost.secret)
        assert ("revoked", "bao") == ((await bureau.last())["why"], (await bureau.last())["by"])

    async def test_an_administrator_ends_anybodys(self, bureau, second):
        victim = await bureau.sign_in("shen")
        await bureau.parts.sessions.end(await bureau.acting("guan"), victim.session)

        assert not await is_live(second, victim.secret)

    @pytest.mark.parametrize("who", ["bao", "shen"])
    async def test_others_end_only_their_own_and_learn_of_no_other(self, bureau, who):
        victim, acting = await bureau.sign_in("guan"), await bureau.acting(who)

        for session in (victim.session, "0" * 24):
            with pytest.raises(ForbiddenError) as refusal:
                await bureau.parts.sessions.end(acting, session)
            assert "duty.end_session" == refusal.value.rule
        assert await is_live(bureau, victim.secret)

    async def test_what_does_not_live_is_not_ended(self, bureau):
        with pytest.raises(BadInputError, match="no such live session"):
            await bureau.parts.sessions.end(await bureau.acting("guan"), "0" * 24)

    async def test_who_was_signed_out_a_moment_ago_ends_nothing(self, bureau):
        acting, victim = await bureau.acting("guan"), await bureau.sign_in("bao")
        await bureau.parts.sessions.sign_out(acting)

        with pytest.raises(NotSignedInError):
            await bureau.parts.sessions.end(acting, victim.session)
        assert await is_live(bureau, victim.secret)

    async def test_an_end_is_told_once(self, bureau):
        acting = await bureau.acting("bao")
        await asyncio.gather(*(bureau.parts.sessions.sign_out(acting) for _ in range(4)))

        assert 1 == sum(row["action"] == "ended" and row["why"] == "signed_out" for row in await bureau.journal())


class TestConfirm:
    async def test_a_live_session_is_told_anew(self, bureau):
        acting = await bureau.acting("bao")
        async with writing(bureau.engine) as writer:
            assert acting == await bureau.parts.sessions.confirm(writer, acting)

    async def test_a_proof_that_grew_old_meanwhile_is_old(self, bureau):
        acting = await bureau.acting("bao")
        bureau.clock.turn(timedelta(minutes=6))

        async with writing(bureau.engine) as writer:
            told = await bureau.parts.sessions.confirm(writer, acting)

        assert (True, False) == (acting.stepped_up, told.stepped_up)

    async def test_nobody_makes_up_an_acting_officer(self, bureau):
        acting = await bureau.acting("bao")
        made_up = type(acting)(officer=acting.officer, session="made-up", stepped_up=True)

        with pytest.raises(NotSignedInError):
            async with writing(bureau.engine) as writer:
                await bureau.parts.sessions.confirm(writer, made_up)


class TestList:
    async def test_one_sees_ones_own(self, bureau):
        first, here = await bureau.sign_in("bao"), await bureau.acting("bao")
        await bureau.sign_in("mi")

        seen = await bureau.parts.sessions.live(here)

        assert {first.session, here.session} <= {each.id for each in seen}
        assert {"bao"} == {each.officer for each in seen}

    async def test_everybodys_are_seen_without_their_secrets(self, bureau):
        other = await bureau.sign_in("mi")
        seen = await bureau.parts.sessions.live(await bureau.acting("shen"), everybody=True)

        assert {"mi", "shen"} <= {each.officer for each in seen}
        assert other.secret not in repr(seen)

    async def test_what_is_over_is_not_listed(self, bureau):
        old = await bureau.sign_in("mi")
        bureau.clock.turn(timedelta(minutes=20))

        seen = await bureau.parts.sessions.live(await bureau.acting("shen"), everybody=True)

        assert old.session not in {each.id for each in seen}


class TestHeaderForm:
    async def test_the_cookie_is_strict_and_host_only(self):
        from hub.identity.officers.carriers import cookie_of, no_cookie

        assert "__Host-hub-session=s; Path=/; Secure; HttpOnly; SameSite=Strict" == cookie_of("s")
        assert "Max-Age=0" in no_cookie()

    async def test_an_officers_sign_in_by_header_shows_a_prefix_that_scanners_know(self, light):
        assert (await light.sign_in("bao", BY_HEADER)).secret.startswith("hos_")
