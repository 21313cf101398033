"""`/officer/…` over ASGI: bounded JSON in, JSON out, every refusal with its code and rule."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette

from hub.identity.officers.carriers import COOKIE
from hub.identity.officers.routes import officer_routes
from tests.asgi import Response, call
from tests.hub.identity.officers.authenticator import Authenticator
from tests.hub.identity.officers.bureau import ORIGIN, STEP, Bureau, totp_of

JSON = ("content-type", "application/json")
PAGE = ("origin", ORIGIN)


class Browser:
    """Speaks as a page of the hub does, and keeps its cookie."""

    def __init__(self, bureau: Bureau, *, page: bool = True) -> None:
        self.bureau = bureau
        self.app = Starlette(routes=officer_routes(bureau.parts))
        self.cookie: str | None = None
        self.headers = [PAGE] if page else []

    async def post(self, path: str, body: Any = None, *headers: tuple[str, str], raw: bytes | None = None) -> Response:
        data = json.dumps(body if body is not None else {}).encode() if raw is None else raw
        return self.keep(
            await call(
                self.app, "POST", f"/officer/{path}", headers=[JSON, *self._own(), *headers, *self.headers], body=data
            )
        )

    async def get(self, path: str, *headers: tuple[str, str]) -> Response:
        return await call(self.app, "GET", f"/officer/{path}", headers=[*self._own(), *headers])

    def keep(self, response: Response) -> Response:
        given = response.headers.get("set-cookie", "")
        if given.startswith(f"{COOKIE}="):
            self.cookie = given.partition(";")[0]
        return response

    def _own(self) -> list[tuple[str, str]]:
        return [] if self.cookie is None else [("cookie", self.cookie)]

    async def enrol(self, officer: str) -> Response:
        code = self.bureau.codes[officer]
        step = (await self.post("enrol/totp/begin", {"invitation": code})).json
        self.bureau.totps[officer] = totp_of(step["options"]["uri"])
        done = await self.post(
            "enrol/totp/finish",
            {"invitation": code, "challenge": step["challenge"], "code": self.bureau.code(officer)},
        )
        self.bureau.clock.turn(STEP)
        return done

    async def sign_in(self, officer: str, **more: str) -> Response:
        done = await self.post("sign-in/totp", {"officer": officer, "code": self.bureau.code(officer), **more})
        self.bureau.clock.turn(STEP)
        return done


@pytest.fixture
def browser(light: Bureau) -> Browser:
    return Browser(light)


def rule_of(response: Response) -> str:
    (error,) = response.json["errors"]
    return str(error["extensions"].get("rule"))


class TestJourney:
    async def test_an_officer_enrols_works_steps_up_and_leaves(self, bureau):
        browser = Browser(bureau)
        assert "bao" == (await browser.enrol("bao")).json["officer"]
        first = browser.cookie
        assert "security_officer" == (await browser.get("session")).json["role"]

        await browser.post("step-up/totp", {"code": bureau.code("bao")})
        bureau.clock.turn(STEP)
        assert first != browser.cookie
        (seen,) = (await browser.get("sessions")).json["sessions"]
        assert seen["current"]

        left = await browser.post("sign-out")
        assert "Max-Age=0" in left.headers["set-cookie"]
        browser.cookie = first
        assert 401 == (await browser.get("session")).status

    async def test_an_authenticator_does_it_all_too(self, bureau):
        browser, device = Browser(bureau), Authenticator()
        code = bureau.codes["bao"]
        step = (await browser.post("enrol/webauthn/begin", {"invitation": code})).json
        answer = device.register(step["options"], ORIGIN)
        enrolled = await browser.post(
            "enrol/webauthn/finish",
            {"invitation": code, "challenge": step["challenge"], "credential": answer, "label": "蓝色钥匙"},
        )
        assert 200 == enrolled.status, enrolled.body
        (known,) = (await browser.get("credentials")).json["credentials"]
        assert "蓝色钥匙" == known["label"]

        step = (await browser.post("sign-in/webauthn/begin")).json
        signed = await browser.post(
            "sign-in/webauthn/finish",
            {"challenge": step["challenge"], "credential": device.sign(step["options"], ORIGIN)},
        )
        assert "bao" == signed.json["officer"]
        step = (await browser.post("step-up/webauthn/begin")).json
        stepped = await browser.post(
            "step-up/webauthn/finish",
            {"challenge": step["challenge"], "credential": device.sign(step["options"], ORIGIN)},
        )
        assert signed.json["session"] == stepped.json["session"]
        assert (await browser.get("session")).json["steppedUp"]
        revoked = await browser.post(f"credentials/{known['id']}/revoke")
        assert 200 == revoked.status

    async def test_who_is_signed_in_adds_a_second_means(self, bureau):
        browser, device = Browser(bureau), Authenticator()
        await browser.enrol("bao")
        step = (await browser.post("enrol/webauthn/begin")).json
        done = await browser.post(
            "enrol/webauthn/finish",
            {
                "challenge": step["challenge"],
                "credential": device.register(step["options"], ORIGIN),
                "label": "second",
            },
        )

        assert (200, {}) == (done.status, done.json)

    async def test_one_session_ends_another(self, bureau):
        desk, phone = Browser(bureau), Browser(bureau)
        await desk.enrol("bao")
        other = (await phone.sign_in("bao")).json["session"]

        assert 2 == len((await desk.get("sessions")).json["sessions"])
        assert 200 == (await desk.post(f"sessions/{other}/revoke")).status
        assert 401 == (await phone.get("session")).status
        assert 403 == (await desk.post(f"sessions/{'0' * 24}/revoke")).status


class TestSecret:
    async def test_a_cookies_secret_is_in_the_cookie_alone(self, browser):
        done = await browser.enrol("bao")

        assert "hos_" not in done.body.decode()
        assert "no-store" == done.headers["cache-control"]
        assert all(
            part in done.headers["set-cookie"]
            for part in ("__Host-hub-session=hos_", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/")
        )
        assert "Domain" not in done.headers["set-cookie"]

    async def test_a_program_is_told_its_secret_and_gets_no_cookie(self, browser):
        await browser.enrol("bao")
        program = Browser(browser.bureau, page=False)
        done = await program.sign_in("bao", carrier="header")

        assert "set-cookie" not in done.headers
        assert (
            "bao" == (await program.get("session", ("authorization", f"Officer {done.json['secret']}"))).json["officer"]
        )

    async def test_a_planted_session_is_not_the_one_that_is_signed_in(self, browser):
        """
        Fixation: whatever cookie was there before, its session ends and the new secret is another.
        """
        await browser.enrol("mi")
        planted = browser.cookie
        await browser.enrol("bao")
        victim = Browser(browser.bureau)
        victim.cookie = planted
        await victim.sign_in("bao")

        assert planted != victim.cookie
        victim.cookie = planted
        assert 401 == (await victim.get("session")).status

    async def test_nobody_names_their_own_secret(self, browser):
        browser.cookie = f"{COOKIE}=hos_{'A' * 43}"
        await browser.enrol("bao")

        assert f"{COOKIE}=hos_{'A' * 43}" != browser.cookie


class TestSite:
    @pytest.mark.parametrize(
        "path",
        ["sign-in/totp", "sign-in/webauthn/finish", "sign-out", "step-up/totp", "enrol/totp/begin"],
    )
    @pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
    async def test_another_sites_page_does_nothing(self, browser, path, origin):
        """
        Not even a sign-in: nobody is to be signed in as somebody else without noticing.
        """
        await browser.enrol("bao")
        browser.headers = [] if origin is None else [("origin", origin)]

        refused = await browser.post(path, {"invitation": "x"} if "enrol" in path else {})

        assert (403, "officer.origin") == (refused.status, rule_of(refused))
        assert 200 == (await browser.get("session")).status

    async def test_a_program_does_not_come_from_another_sites_page_either(self, browser):
        browser.headers = [("origin", "https://evil.example")]

        refused = await browser.post("sign-in/totp", {"officer": "bao", "code": "123456", "carrier": "header"})

        assert 403 == refused.status

    @pytest.mark.parametrize(
        "content", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
    )
    async def test_a_form_cannot_speak(self, browser, content):
        refused = await call(
            browser.app, "POST", "/officer/sign-out", headers=[PAGE, ("content-type", content)], body=b"{}"
        )

        assert 415 == refused.status


class TestForm:
    @pytest.mark.parametrize(
        "raw",
        [b"[]", b"1", b"{", b"\xff", b'{"code":"1","code":"2"}', b"NaN", b'{"a":' * 3000, b'"x"'],
    )
    async def test_what_is_no_json_object_is_refused(self, browser, raw):
        refused = await browser.post("sign-in/totp", raw=raw)

        assert (400, "BAD_USER_INPUT") == (refused.status, refused.code)

    async def test_a_large_body_is_refused_unread(self, browser):
        refused = await browser.post("sign-in/totp", raw=b" " * 16_385)

        assert 413 == refused.status

    @pytest.mark.parametrize(
        "body",
        [
            {}, {"officer": "bao"}, {"officer": 1, "code": "123456"}, {"officer": "", "code": "123456"},
            {"officer": "bao", "code": "1" * 65}, {"officer": "bao", "code": ["123456"]},
            {"officer": "bao\x00", "code": "123456"}, {"officer": "\ud800", "code": "123456"},
            {"officer": "x" * 257, "code": "123456"}, {"officer": "bao", "code": "123456", "carrier": "pigeon"},
            {"officer": "bao", "code": "123456", "carrier": ["cookie"]},
        ],
    )  # fmt: skip
    async def test_a_member_of_another_form_is_named_and_not_repeated(self, browser, body):
        refused = await browser.post("sign-in/totp", body)

        assert (400, "BAD_USER_INPUT") == (refused.status, refused.code)
        assert "pigeon" not in refused.body.decode()

    @pytest.mark.parametrize(("method", "path"), [("GET", "sign-out"), ("PUT", "session"), ("HEAD", "session")])
    async def test_other_methods_are_told_which(self, browser, method, path):
        refused = await call(browser.app, method, f"/officer/{path}")

        assert 405 == refused.status
        assert refused.headers["allow"] in {"GET", "POST"}

    @pytest.mark.parametrize("body", [{"challenge": "x", "credential": "y"}, {"challenge": "x"}, {"credential": {}}])
    async def test_an_answer_is_an_object(self, browser, body):
        assert 400 == (await browser.post("sign-in/webauthn/finish", body)).status

    async def test_a_credential_is_named_in_hex(self, browser):
        await browser.enrol("bao")

        assert 400 == (await browser.post("credentials/zz/revoke")).status

    @pytest.mark.parametrize(
        "path", ["sessions/a\0b/revoke", "sessions/\0/revoke", "credentials/\0/revoke", "sessions/é/revoke"]
    )
    async def test_a_path_that_names_nothing_is_refused_by_every_store(self, bureau, path):
        browser = Browser(bureau)
        await browser.enrol("bao")
        refused = await browser.post(path)

        assert (404, "BAD_USER_INPUT") == (refused.status, refused.code)


class TestRefusal:
    async def test_who_is_not_signed_in_is_told_so_everywhere(self, browser):
        answers = [await browser.get(path) for path in ("session", "sessions", "credentials")]
        answers += [
            await browser.post(path)
            for path in ("sign-out", "step-up/totp", "step-up/webauthn/begin", "enrol/totp/begin", "sessions/x/revoke")
        ]

        assert {(401, "UNAUTHENTICATED", "officer.session")} == {
            (each.status, each.code, rule_of(each)) for each in answers
        }
        assert {"no-store"} == {each.headers["cache-control"] for each in answers}

    async def test_a_wrong_and_an_unknown_name_get_the_same_bytes(self, browser):
        await browser.enrol("bao")
        browser.cookie = None
        wrong = await browser.post("sign-in/totp", {"officer": "bao", "code": browser.bureau.wrong_code("bao")})
        unknown = await browser.post("sign-in/totp", {"officer": "nobody", "code": "123456"})

        assert (wrong.status, wrong.headers, wrong.body) == (unknown.status, unknown.headers, unknown.body)
        assert "officer.sign_in" == rule_of(wrong)

    async def test_enrolling_more_needs_a_fresh_proof(self, browser):
        await browser.enrol("bao")
        for _ in range(12):
            browser.bureau.clock.turn(STEP)

        refused = await browser.post("enrol/totp/begin")

        assert (401, "STEP_UP_REQUIRED", "officer.step_up") == (refused.status, refused.code, rule_of(refused))

    async def test_who_knocks_too_often_waits(self, browser):
        answers = [await browser.post("sign-in/webauthn/begin") for _ in range(61)]

        assert [200] * 60 == [each.status for each in answers[:60]]
        assert (429, "RATE_LIMITED") == (answers[60].status, answers[60].code)
        assert 1 <= int(answers[60].headers["retry-after"]) <= 301

    async def test_the_auditor_sees_all_sessions_and_ends_none_of_them(self, browser):
        await browser.enrol("bao")
        victim = (await browser.get("session")).json["session"]
        auditor = Browser(browser.bureau)
        await auditor.enrol("shen")

        seen = (await auditor.get("sessions?everybody=true")).json["sessions"]

        assert {"bao", "shen"} == {each["officer"] for each in seen}
        refused = await auditor.post(f"sessions/{victim}/revoke")
        assert (403, "duty.end_session") == (refused.status, rule_of(refused))
