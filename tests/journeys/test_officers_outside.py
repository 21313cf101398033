"""Officers come in by an outside OpenID provider: a real one, on loopback."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from joserfc.jwk import ECKey
from sqlalchemy import update
from starlette.applications import Starlette

from hub.administration.journal import Journal
from hub.errors import UnavailableError
from hub.identity.officers.errors import NotSignedInError
from hub.identity.officers.office import Office
from hub.identity.officers.outside import OutsideProvider
from hub.identity.officers.parts import OfficerParts, officer_parts
from hub.identity.officers.routes import officer_routes
from hub.identity.officers.rows import OFFICER
from hub.identity.officers.sessions import Started
from hub.settings import Settings
from hub.store.engine import writing
from tests.asgi import call
from tests.hub.identity.officers.bureau import ORIGIN, Bureau, new_bureau
from tests.journeys.openid_provider import CLIENT, SECRET, OpenIdProvider, openid_provider, shared_secret


@dataclass
class Outside:
    """A hub with officers, and the provider it trusts."""

    bureau: Bureau
    provider: OpenIdProvider
    parts: OfficerParts

    @property
    def client(self) -> OutsideProvider:
        assert self.parts.outside is not None
        return self.parts.outside

    def set_clock(self) -> None:
        """Authlib and the provider read the machine's clock; ours was turned for the codes of officers."""
        self.bureau.clock.at = datetime.now(UTC)

    async def visit(self, url: str) -> dict[str, str]:
        """Go to the provider, as a browser does; what it sends back to the hub."""
        async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
            back = answer.headers["location"]
        assert f"{ORIGIN}/officer/outside/callback" == back.partition("?")[0]
        return dict(parse_qsl(urlsplit(back).query))

    async def sign_in(self) -> Started:
        sent = await self.client.begin()
        return await self.client.finish(await self.visit(sent.url), sent.binding)

    async def fails(self) -> str:
        """Why, as the journal alone knows."""
        with pytest.raises(NotSignedInError) as refusal:
            await self.sign_in()
        assert "The proof was not accepted" == refusal.value.message
        return (await self.bureau.last())["why"]


def parts_over(bureau: Bureau, provider: OpenIdProvider, **more: Any) -> OfficerParts:
    office = Office(
        engine=bureau.engine,
        journal=Journal(bureau.engine, bureau.clock, secrets.token_bytes),
        clock=bureau.clock,
        entropy=secrets.token_bytes,
    )
    how = {"officer_oidc_client_secret": "env:CLIENT"} | more
    settings = Settings(issuer=ORIGIN, officer_oidc_issuer=provider.url, officer_oidc_client_id=CLIENT, **how)
    key = provider.client_key
    shown = SECRET if key is None else json.dumps(key.as_dict(private=True))
    return officer_parts(settings, office, bureau.ring, {"CLIENT": shown})


@pytest.fixture
async def outside(store, tmp_path) -> AsyncIterator[Outside]:
    bureau = new_bureau(store, tmp_path)
    async with openid_provider() as provider:
        ready = Outside(bureau, provider, parts_over(bureau, provider))
        ready.set_clock()
        await bureau.found()
        yield ready


class TestSignIn:
    async def test_the_person_the_provider_names_comes_in(self, outside):
        started = await outside.sign_in()

        assert "bao" == started.officer
        assert ("signed_in", "oidc") == (
            (await outside.bureau.last())["action"],
            (await outside.bureau.last())["method"],
        )

    async def test_the_provider_is_asked_for_a_fresh_sign_in_with_pkce_state_and_nonce(self, outside):
        await outside.sign_in()
        (asked,) = outside.provider.asked

        assert ("login", "0", "openid", "S256") == tuple(
            asked[name] for name in ("prompt", "max_age", "scope", "code_challenge_method")
        )
        assert all(len(asked[name]) >= 20 for name in ("state", "nonce", "code_challenge"))

    async def test_a_hub_shows_a_signed_assertion_instead_of_a_secret(self, outside):
        outside.provider.client_key = ECKey.generate_key("P-256")
        outside.parts = parts_over(
            outside.bureau,
            outside.provider,
            officer_oidc_client_secret=None,
            officer_oidc_client_key="env:CLIENT",
        )

        assert "bao" == (await outside.sign_in()).officer

    async def test_a_browser_goes_all_the_way(self, outside):
        app = Starlette(routes=officer_routes(outside.parts))
        page = [("content-type", "application/json"), ("origin", ORIGIN)]
        begun = await call(app, "POST", "/officer/sign-in/outside", headers=page, body=b"{}")
        binding = begun.headers["set-cookie"]
        assert "SameSite=Lax" in binding
        answer = await outside.visit(begun.json["url"])
        query = "&".join(f"{name}={value}" for name, value in answer.items())
        back = await call(
            app, "GET", f"/officer/outside/callback?{query}", headers=[("cookie", binding.partition(";")[0])]
        )

        assert 200 == back.status
        assert "已登录" in back.body.decode()
        assert "hos_" not in back.body.decode()

    async def test_a_begin_from_another_sites_page_is_refused(self, outside):
        app = Starlette(routes=officer_routes(outside.parts))
        page = [("content-type", "application/json"), ("origin", "https://evil.example")]

        refused = await call(app, "POST", "/officer/sign-in/outside", headers=page, body=b"{}")

        assert 403 == refused.status


class TestRefused:
    @pytest.mark.parametrize(
        "bent",
        [
            {"aud": "another-client"},
            {"aud": [CLIENT, "another-client"], "azp": CLIENT},
            {"aud": None},
            {"iss": "https://evil.example"},
            {"iss": None},
            {"exp": 1_700_000_000},
            {"exp": None},
            {"nonce": "another"},
            {"nonce": None},
            {"azp": "another-client"},
            {"auth_time": None},
            {"auth_time": 1_700_000_000},
            {"auth_time": "now"},
            {"at_hash": "AAAA"},
        ],
        ids=str,
    )
    async def test_a_token_with_another_claim(self, outside, bent):
        outside.provider.bend = lambda claims: {
            name: value for name, value in {**claims, **bent}.items() if value is not None
        }

        assert "outside" == await outside.fails()
        assert 1 == outside.provider.tokens

    @pytest.mark.parametrize(
        ("header", "key"),
        [
            ({"alg": "none"}, None),
            ({"alg": "HS256"}, shared_secret()),
            ({"alg": "ES256", "kid": "op-1"}, ECKey.generate_key("P-256")),
            ({"alg": "ES256", "kid": "op-2"}, ECKey.generate_key("P-256")),
        ],
        ids=["none", "shared secret", "another key", "unknown key"],
    )
    async def test_a_token_signed_by_nobody_we_know(self, outside, header, key):
        outside.provider.header, outside.provider.signs_with = header, key

        assert "outside" == await outside.fails()

    @pytest.mark.parametrize("person", ["E-9999", "bao", "e-2001", "", "E-2001\x00"])
    async def test_a_person_who_is_no_officer(self, outside, person):
        """
        The provider makes nobody an officer, and one letter's difference is another person.
        """
        outside.provider.person = person

        assert "unknown_person" == await outside.fails()

    async def test_a_suspended_officer(self, outside):
        async with writing(outside.bureau.engine) as writer:
            await writer.write(update(OFFICER).where(OFFICER.c.id == "bao").values(state="suspended"))

        assert "unknown_person" == await outside.fails()

    async def test_a_sign_in_that_was_not_strong_enough(self, outside):
        outside.parts = parts_over(outside.bureau, outside.provider, officer_oidc_acr="phishing-resistant")

        assert "outside" == await outside.fails()

    async def test_another_browser(self, outside):
        """
        Who is lured to a callback that somebody else began is not signed in as that somebody.
        """
        mine, other = await outside.client.begin(), await outside.client.begin()
        answer = await outside.visit(mine.url)

        for binding in (other.binding, None, ""):
            with pytest.raises(NotSignedInError, match="ceremony"):
                await outside.client.finish(answer, binding)
        assert 0 == outside.provider.tokens

    async def test_an_answer_shown_twice(self, outside):
        sent = await outside.client.begin()
        answer = await outside.visit(sent.url)
        await outside.client.finish(answer, sent.binding)

        with pytest.raises(NotSignedInError, match="ceremony"):
            await outside.client.finish(answer, sent.binding)

    async def test_an_answer_too_late(self, outside):
        sent = await outside.client.begin()
        answer = await outside.visit(sent.url)
        outside.bureau.clock.turn(timedelta(minutes=10))

        with pytest.raises(NotSignedInError, match="ceremony"):
            await outside.client.finish(answer, sent.binding)

    @pytest.mark.parametrize(
        "bent",
        [
            {"code": "another"},
            {"code": None},
            {"iss": "https://evil.example"},
            {"code": None, "error": "access_denied"},
        ],
        ids=str,
    )
    async def test_another_answer(self, outside, bent):
        sent = await outside.client.begin()
        answer = await outside.visit(sent.url)
        changed = {name: value for name, value in {**answer, **bent}.items() if value is not None}

        with pytest.raises(NotSignedInError, match="not accepted"):
            await outside.client.finish(changed, sent.binding)

    async def test_a_code_of_another_ceremony(self, outside):
        """
        The provider gives the token for a code only to who began: PKCE.
        """
        mine, other = await outside.client.begin(), await outside.client.begin()
        answer, stolen = await outside.visit(mine.url), await outside.visit(other.url)

        with pytest.raises(NotSignedInError, match="not accepted"):
            await outside.client.finish({**answer, "code": stolen["code"]}, mine.binding)
        assert 0 == outside.provider.tokens


class TestProvider:
    async def test_one_that_says_it_is_another_is_not_used(self, outside):
        outside.provider.issuer = "https://evil.example"

        with pytest.raises(UnavailableError, match="not the one expected"):
            await outside.client.begin()

    async def test_one_that_is_not_there_is_told(self, outside):
        outside.parts = parts_over(
            outside.bureau, OpenIdProvider(url="http://127.0.0.1:9"), officer_oidc_client_secret="env:CLIENT"
        )

        with pytest.raises(UnavailableError, match="cannot be reached"):
            await outside.client.begin()


class TestStepUp:
    async def test_a_fresh_sign_in_there_is_a_fresh_proof_here(self, outside):
        before = await outside.bureau.sign_in("bao")
        acting = await outside.parts.sessions.acting_by(before.secret)
        outside.set_clock()
        sent = await outside.client.begin(acting)
        after = await outside.client.finish(await outside.visit(sent.url), sent.binding)

        assert before.session == after.session
        assert before.secret != after.secret
        async with writing(outside.bureau.engine) as writer:
            assert (await outside.parts.sessions.confirm(writer, acting)).stepped_up

    async def test_not_by_another_officer(self, outside):
        acting = await outside.bureau.acting("mi")
        outside.set_clock()
        sent = await outside.client.begin(acting)

        with pytest.raises(NotSignedInError, match="not accepted"):
            await outside.client.finish(await outside.visit(sent.url), sent.binding)
        assert 1 == outside.provider.tokens

    async def test_not_in_a_session_that_ended(self, outside):
        acting = await outside.bureau.acting("bao")
        outside.set_clock()
        sent = await outside.client.begin(acting)
        await outside.parts.sessions.sign_out(acting)

        with pytest.raises(NotSignedInError):
            await outside.client.finish(await outside.visit(sent.url), sent.binding)
