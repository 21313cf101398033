"""The token endpoint: by its own key and a fresh proof a client gets a bound token, and by nothing else."""

import asyncio
import json
from datetime import timedelta

import pytest

from hub.identity.client_keys import public_part
from hub.identity.partner_keys import add_key, revoke_key
from hub.identity.public_keys import from_base64url, public_key
from hub.store.engine import writing
from keys.ring import KeyUse
from tests.hub.gateway.standin import NOW
from tests.hub.identity.oauth.conftest import GRAPHQL, ISSUER, TOKEN_URL, enrolled, error_of, later
from tests.support.oauth_client import OAuthClient

SECONDS = int(NOW.timestamp())


def parts_of(token: str) -> tuple[dict, dict]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(from_base64url(part)) for part in (header, claims))


class TestToken:
    @pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA", "Ed25519"])
    async def test_a_client_gets_a_token_bound_to_the_key_of_its_proof(self, server, store, client, algorithm):
        other = await enrolled(store, OAuthClient(client.id, issuer=ISSUER, algorithm=algorithm))
        answer = await server.token(other)
        header, claims = parts_of(answer.json["access_token"])

        assert (200, "DPoP", 300) == (answer.status, answer.json["token_type"], answer.json["expires_in"])
        assert {"access_token", "token_type", "expires_in"} == answer.json.keys()
        assert ("at+jwt", server.ring.jwks()["keys"][0]["kid"]) == (header["typ"], header["kid"])
        assert {
            "iss": ISSUER, "aud": GRAPHQL, "sub": "sc", "client_id": "sc", "iat": SECONDS, "nbf": SECONDS,
            "exp": SECONDS + 300, "jti": claims["jti"],
            "cnf": {"jkt": public_key(public_part(other.proof_jwk)).thumbprint},
            "client_key": public_key(other.public).thumbprint,
        } == claims  # fmt: skip

    async def test_nobody_caches_an_answer(self, server, client):
        headers = (await server.token(client)).headers

        assert ("no-store", "application/json") == (headers["cache-control"], headers["content-type"])

    async def test_its_holder_is_the_partner(self, server, client):
        identified = await server.identify(client, await server.got(client))

        assert ("sc", "LD") == (identified.caller.partner, identified.caller.actor)
        assert identified.proof is not None

    async def test_the_resource_may_be_named(self, server, client):
        assert 200 == (await server.token(client, form=client.form(NOW, resource=GRAPHQL))).status

    async def test_an_unknown_parameter_is_ignored(self, server, client):
        assert 200 == (await server.token(client, form=client.form(NOW, audience="x", nonsense="1"))).status

    async def test_a_new_key_of_the_ring_signs_the_next_token(self, server, client):
        before = parts_of(await server.got(client))[0]["kid"]
        server.ring.create_token_key("access-tokens-2")
        after = parts_of(await server.got(client))[0]["kid"]

        assert before != after
        assert 2 == len(server.ring.names(KeyUse.TOKEN))

    async def test_kid_is_not_needed_where_the_signature_tells(self, server, client):
        form = client.form(NOW, client_assertion=client.assertion(NOW, header={"kid": ...}))

        assert 200 == (await server.token(client, form=form)).status

    @pytest.mark.parametrize("kind", ["JWT", "client-authentication+jwt"])
    async def test_an_assertion_may_say_that_it_is_one(self, server, client, kind):
        form = client.form(NOW, client_assertion=client.assertion(NOW, header={"typ": kind}))

        assert 200 == (await server.token(client, form=form)).status


class TestProof:
    async def test_without_one_there_is_no_token(self, server, client):
        assert "invalid_request" == error_of(await server.post("/oauth/token", client.form(NOW)))

    async def test_the_nonce_is_told_and_then_taken(self, server, client):
        first = await server.post("/oauth/token", client.form(NOW), ("dpop", client.proof(NOW, "POST", TOKEN_URL)))
        nonce = first.headers["dpop-nonce"]
        proof = client.proof(NOW, "POST", TOKEN_URL, nonce=nonce)
        second = await server.post("/oauth/token", client.form(NOW), ("dpop", proof))

        assert (400, "use_dpop_nonce") == (first.status, error_of(first))
        assert 200 == second.status

    async def test_a_nonce_that_is_about_to_end_is_renewed_with_the_answer(self, server, client):
        nonce = await server.nonce(client)
        later(server, 120)
        proof = client.proof(server.now, "POST", TOKEN_URL, nonce=nonce)
        answer = await server.token(client, proof=proof)

        assert 200 == answer.status
        assert nonce != answer.headers["dpop-nonce"] == await server.nonce(client)

    @pytest.mark.parametrize("url", [GRAPHQL, ISSUER, f"{TOKEN_URL}/", "https://evil.example/oauth/token"])
    async def test_one_for_another_url(self, server, client, url):
        proof = client.proof(NOW, "POST", url, nonce=await server.nonce(client))

        assert "invalid_dpop_proof" == error_of(await server.token(client, proof=proof))

    @pytest.mark.parametrize("text", ["", "x", "a.b.c"])
    async def test_what_is_no_proof(self, server, client, text):
        answer = await server.post("/oauth/token", client.form(NOW), ("dpop", text))

        assert "invalid_dpop_proof" == error_of(answer)

    async def test_two_of_them(self, server, client):
        nonce = await server.nonce(client)
        shown = [("dpop", client.proof(NOW, "POST", TOKEN_URL, nonce=nonce)) for _ in range(2)]

        assert "invalid_dpop_proof" == error_of(await server.post("/oauth/token", client.form(NOW), *shown))

    async def test_it_is_good_once_on_every_worker(self, server, make_server, client):
        proof = client.proof(NOW, "POST", TOKEN_URL, nonce=await server.nonce(client))
        first = await server.token(client, proof=proof)
        answers = [await worker.token(client, proof=proof) for worker in (server, make_server())]

        assert 200 == first.status
        assert ["invalid_dpop_proof"] * 2 == [error_of(answer) for answer in answers]

    async def test_a_proof_in_vain_does_not_use_up_the_assertion(self, server, client):
        """One transaction: both are recorded, or none."""
        proof = client.proof(NOW, "POST", TOKEN_URL, nonce=await server.nonce(client))
        await server.token(client, proof=proof)
        form = client.form(NOW)
        assert "invalid_dpop_proof" == error_of(await server.token(client, form=form, proof=proof))

        assert 200 == (await server.token(client, form=form)).status


class TestBare:
    async def test_it_is_given_only_where_the_setting_says_so(self, make_server, client):
        unsafe = make_server(unsafe_bearer_tokens=True)
        answer = await unsafe.post("/oauth/token", client.form(NOW))

        assert (200, "Bearer") == (answer.status, answer.json["token_type"])
        assert "cnf" not in parts_of(answer.json["access_token"])[1]

    async def test_a_proof_still_binds_there(self, make_server, client):
        assert "DPoP" == (await make_server(unsafe_bearer_tokens=True).token(client)).json["token_type"]


class Load:
    """Clients that ask for one token after another, and whoever waits until each of them has asked again."""

    def __init__(self, server, client, askers=4):
        self.server = server
        self.client = client
        self.statuses = []
        self.asked = [0] * askers
        self.turned = asyncio.Condition()

    async def ask(self, number):
        while self.client is not None:
            answer = await self.server.token(self.client)
            async with self.turned:
                self.statuses.append(answer.status)
                self.asked[number] += 1
                self.turned.notify_all()

    async def everybody_asked_twice(self):
        """So that each has begun and ended one request after this was called."""
        before = list(self.asked)
        async with self.turned:
            await self.turned.wait_for(
                lambda: all(now >= then + 2 for now, then in zip(self.asked, before, strict=True))
            )


class TestRotation:
    async def test_keys_follow_each_other_without_a_failed_request(self, server, store, client):
        """Two keys at once: the old one serves until the client signs with the new one, then it is revoked."""
        following = OAuthClient(client.id, issuer=ISSUER)
        load = Load(server, client)
        async with asyncio.TaskGroup() as group:
            for number in range(len(load.asked)):
                group.create_task(load.ask(number))
            await load.everybody_asked_twice()
            await enrolled(store, following)
            await load.everybody_asked_twice()
            load.client = following
            await load.everybody_asked_twice()
            async with writing(store) as writer:
                await revoke_key(writer, client.id, client.jwk["kid"])
            await load.everybody_asked_twice()
            load.client = None

        assert {200} == set(load.statuses)
        assert "invalid_client" == error_of(await server.token(client))

    async def test_a_key_in_its_last_moment(self, server, store, client):
        following = OAuthClient(client.id, issuer=ISSUER)
        async with writing(store) as writer:
            await add_key(
                writer, client.id, public_key(following.public), now=NOW, valid_to=NOW + timedelta(seconds=100)
            )
        later(server, 99)
        before = (await server.token(following)).status
        later(server, 1)

        assert 200 == before
        assert "invalid_client" == error_of(await server.token(following))
