"""
Where officers sign in: `/officer/…`, JSON.

    GET  session                      who am I
    POST sign-in/webauthn/begin       {} -> {challenge, options}
    POST sign-in/webauthn/finish      {challenge, credential, carrier?} -> session
    POST sign-in/totp                 {officer, code, carrier?} -> session
    POST sign-in/outside              {} -> {url}; the provider sends the browser back to `outside/callback`
    POST step-up/webauthn/begin       {} -> {challenge, options}
    POST step-up/webauthn/finish      {challenge, credential} -> session
    POST step-up/totp                 {code} -> session
    POST step-up/outside              {} -> {url}
    POST enrol/webauthn/begin         {invitation?} -> {challenge, options}
    POST enrol/webauthn/finish        {invitation?, challenge, credential, label, carrier?} -> session
    POST enrol/totp/begin             {invitation?} -> {challenge, options: {uri}}
    POST enrol/totp/finish            {invitation?, challenge, code, carrier?} -> session
    GET  credentials                  one's own authenticators
    POST credentials/{id}/revoke      {}
    GET  sessions                     one's own; `?everybody=true`: all
    POST sessions/{id}/revoke         {}
    POST sign-out                     {}

Rules:
    - `carrier` is `cookie` (the default: the secret goes into the cookie and nowhere else) or `header` (the secret is
      told, for `Authorization: Officer …`). For a cookie the request must come from a page of ours, also before anybody
      is signed in: nobody is to be signed in by another site as somebody else.
    - What needs no session is counted by address (`attempts.KNOCKS`).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.routing import BaseRoute

from hub.errors import BadInputError
from hub.identity.officers.attempts import knock
from hub.identity.officers.carriers import COOKIE, Carrier, cookie_of, cookies_of, no_cookie
from hub.identity.officers.enrolment import Enrolment, Invited, Step
from hub.identity.officers.errors import no_challenge
from hub.identity.officers.model import Acting
from hub.identity.officers.outside import OutsideProvider, Sent, life_of_binding
from hub.identity.officers.parts import OfficerParts
from hub.identity.officers.sessions import Started
from hub.identity.officers.signin import Asked, SignIn
from hub.identity.officers.wire import Call, Said, route

ROOT = "/officer"
_BINDING = "__Host-hub-outside"
_CODE_MAX = 64
_ANSWER = frozenset({"state", "code", "iss", "error"})
_PARAMETERS_MAX = 16
_SIGNED_IN = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>已登录 Signed in</title>'
    '<p>已登录。<a href="/officer/session">继续</a></p>'
    '<p lang="en">Signed in. <a href="/officer/session">Continue</a></p></html>'
)


def officer_routes(parts: OfficerParts) -> list[BaseRoute]:
    """Make the routes that *parts* serve."""
    routes = [*_Own(parts).routes()]
    if parts.signin is not None and parts.enrolment is not None:
        routes += _Embedded(parts, parts.signin, parts.enrolment).routes()
    if parts.outside is not None:
        routes += _Outside(parts, parts.outside).routes()
    return routes


class _Own:
    """What an officer who is signed in does with sessions."""

    def __init__(self, parts: OfficerParts) -> None:
        self._sessions = parts.sessions

    def routes(self) -> list[BaseRoute]:
        return [
            route("GET", f"{ROOT}/session", self.session),
            route("GET", f"{ROOT}/sessions", self.sessions),
            route("POST", f"{ROOT}/sessions/{{session}}/revoke", self.revoke),
            route("POST", f"{ROOT}/sign-out", self.sign_out),
        ]

    async def session(self, call: Call) -> Said:
        acting = await self._sessions.acting(call.headers, call.method)
        return Said(value=_shown(acting))

    async def sessions(self, call: Call) -> Said:
        acting = await self._sessions.acting(call.headers, call.method)
        everybody = call.query == b"everybody=true"
        live = await self._sessions.live(acting, everybody=everybody)
        return Said(
            value={
                "sessions": [
                    {
                        "id": each.id,
                        "officer": each.officer,
                        "method": each.method.value,
                        "carrier": each.carrier.value,
                        "startedAt": each.started_at,
                        "seenAt": each.seen_at,
                        "endsAt": each.ends_at,
                        "current": each.id == acting.session,
                    }
                    for each in live
                ]
            }
        )

    async def revoke(self, call: Call) -> Said:
        acting = await self._sessions.acting(call.headers, call.method)
        await self._sessions.end(acting, call.place["session"])
        return Said()

    async def sign_out(self, call: Call) -> Said:
        acting = await self._sessions.acting(call.headers, call.method)
        await self._sessions.sign_out(acting)
        return Said(cookies=[no_cookie()])


class _Embedded:
    """The hub's own means: WebAuthn and TOTP."""

    def __init__(self, parts: OfficerParts, signin: SignIn, enrolment: Enrolment) -> None:
        self._parts = parts
        self._signin = signin
        self._enrolment = enrolment

    def routes(self) -> list[BaseRoute]:
        return [
            route("POST", f"{ROOT}/sign-in/webauthn/begin", self.begin_sign_in),
            route("POST", f"{ROOT}/sign-in/webauthn/finish", self.finish_sign_in),
            route("POST", f"{ROOT}/sign-in/totp", self.totp),
            route("POST", f"{ROOT}/step-up/webauthn/begin", self.begin_step_up),
            route("POST", f"{ROOT}/step-up/webauthn/finish", self.finish_step_up),
            route("POST", f"{ROOT}/step-up/totp", self.step_up_by_totp),
            route("POST", f"{ROOT}/enrol/webauthn/begin", self.begin_passkey),
            route("POST", f"{ROOT}/enrol/webauthn/finish", self.finish_passkey),
            route("POST", f"{ROOT}/enrol/totp/begin", self.begin_totp),
            route("POST", f"{ROOT}/enrol/totp/finish", self.finish_totp),
            route("GET", f"{ROOT}/credentials", self.credentials),
            route("POST", f"{ROOT}/credentials/{{credential}}/revoke", self.revoke_credential),
        ]

    async def begin_sign_in(self, call: Call) -> Said:
        await self._let_knock(call, Carrier.HEADER)
        return _next(await self._signin.begin_passkey())

    async def finish_sign_in(self, call: Call) -> Said:
        asked = await self._asked(call)
        started = await self._signin.finish_passkey(call.text("challenge"), call.object("credential"), asked)
        return _started(started)

    async def totp(self, call: Call) -> Said:
        asked = await self._asked(call)
        return _started(await self._signin.totp(call.text("officer"), call.text("code", most=_CODE_MAX), asked))

    async def begin_step_up(self, call: Call) -> Said:
        return _next(await self._signin.begin_step_up(await self._acting(call)))

    async def finish_step_up(self, call: Call) -> Said:
        acting = await self._acting(call)
        return _started(await self._signin.finish_step_up(acting, call.text("challenge"), call.object("credential")))

    async def step_up_by_totp(self, call: Call) -> Said:
        acting = await self._acting(call)
        return _started(await self._signin.step_up_by_totp(acting, call.text("code", most=_CODE_MAX)))

    async def begin_passkey(self, call: Call) -> Said:
        return _next(await self._enrolment.begin_passkey(await self._who(call)))

    async def finish_passkey(self, call: Call) -> Said:
        started = await self._enrolment.finish_passkey(
            await self._who(call), call.text("challenge"), call.object("credential"), call.text("label")
        )
        return Said() if started is None else _started(started)

    async def begin_totp(self, call: Call) -> Said:
        return _next(await self._enrolment.begin_totp(await self._who(call)))

    async def finish_totp(self, call: Call) -> Said:
        started = await self._enrolment.finish_totp(
            await self._who(call), call.text("challenge"), call.text("code", most=_CODE_MAX)
        )
        return Said() if started is None else _started(started)

    async def credentials(self, call: Call) -> Said:
        found = await self._enrolment.credentials(await self._acting(call))
        return Said(
            value={
                "credentials": [
                    {
                        "id": each.id,
                        "label": each.label,
                        "state": each.state,
                        "backedUp": each.backed_up,
                        "addedAt": each.added_at,
                        "usedAt": each.used_at,
                    }
                    for each in found
                ]
            }
        )

    async def revoke_credential(self, call: Call) -> Said:
        acting = await self._acting(call)
        try:
            credential = bytes.fromhex(call.place["credential"])
        except ValueError:
            raise BadInputError("credential: expected its id in hex", place=("credential",)) from None
        await self._enrolment.revoke_credential(acting, credential)
        return Said()

    async def _acting(self, call: Call) -> Acting:
        return await self._parts.sessions.acting(call.headers, call.method)

    async def _asked(self, call: Call) -> Asked:
        carrier = Carrier(call.choice("carrier", default=Carrier.COOKIE, among=[each.value for each in Carrier]))
        await self._let_knock(call, carrier)
        cookies = cookies_of(call.headers, COOKIE)
        return Asked(carrier=carrier, instead_of=cookies[0] if carrier is Carrier.COOKIE and cookies else None)

    async def _who(self, call: Call) -> Acting | Invited:
        if "invitation" not in call.body:
            return await self._acting(call)
        asked = await self._asked(call)
        return Invited(code=call.text("invitation", most=_CODE_MAX), carrier=asked.carrier)

    async def _let_knock(self, call: Call, carrier: Carrier) -> None:
        if carrier is Carrier.COOKIE or any(name == b"origin" for name, _ in call.headers):
            self._parts.sessions.check_site(call.headers, call.method)
        await self._parts.attempts.begin([knock(call.peer)])


class _Outside:
    """An outside provider."""

    def __init__(self, parts: OfficerParts, provider: OutsideProvider) -> None:
        self._parts = parts
        self._provider = provider

    def routes(self) -> list[BaseRoute]:
        return [
            route("POST", f"{ROOT}/sign-in/outside", self.begin_sign_in),
            route("POST", f"{ROOT}/step-up/outside", self.begin_step_up),
            route("GET", f"{ROOT}/outside/callback", self.callback),
        ]

    async def begin_sign_in(self, call: Call) -> Said:
        self._parts.sessions.check_site(call.headers, call.method)
        await self._parts.attempts.begin([knock(call.peer)])
        return _sent(await self._provider.begin())

    async def begin_step_up(self, call: Call) -> Said:
        acting = await self._parts.sessions.acting(call.headers, call.method)
        return _sent(await self._provider.begin(acting))

    async def callback(self, call: Call) -> Said:
        await self._parts.attempts.begin([knock(call.peer)])
        bindings = cookies_of(call.headers, _BINDING)
        started = await self._provider.finish(_answer(call.query), bindings[0] if len(bindings) == 1 else None)
        gone = f"{_BINDING}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"
        return Said(page=_SIGNED_IN, cookies=[cookie_of(started.secret), gone])


def _answer(query: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_PARAMETERS_MAX)
    except ValueError:
        raise no_challenge() from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise no_challenge()
    return {name: value for name, value in found.items() if name in _ANSWER}


def _sent(sent: Sent) -> Said:
    age = int(life_of_binding().total_seconds())
    cookie = f"{_BINDING}={sent.binding}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}"
    return Said(value={"url": sent.url}, cookies=[cookie])


def _next(step: Step) -> Said:
    return Said(value={"challenge": step.challenge, "options": step.options})


def _started(started: Started) -> Said:
    shown: dict[str, Any] = {
        "session": started.session,
        "officer": started.officer,
        "endsAt": started.ends_at,
        "carrier": started.carrier.value,
    }
    if started.carrier is Carrier.COOKIE:
        return Said(value=shown, cookies=[cookie_of(started.secret)])
    return Said(value={**shown, "secret": started.secret})


def _shown(acting: Acting) -> Mapping[str, Any]:
    officer = acting.officer
    return {
        "session": acting.session,
        "officer": officer.id,
        "name": officer.name,
        "role": officer.role.value,
        "roleZh": officer.role.zh,
        "steppedUp": acting.stepped_up,
    }
