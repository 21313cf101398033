"""How a client authenticates: by a fresh assertion of its own key, and by nothing that resembles one."""

import asyncio
import json

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from hub.identity.client_keys import public_part
from hub.identity.partners import Partners, PartnerState
from hub.store.engine import open_engine
from tests.hub.gateway.standin import NOW
from tests.hub.identity.oauth.conftest import ISSUER, TOKEN_URL, enrolled, error_of
from tests.hub.identity.test_partners import GROUP
from tests.support.oauth_client import OAuthClient, base64url, raw_signed

SECONDS = int(NOW.timestamp())


class TestAssertion:
    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "https://evil.example"},
            {"aud": TOKEN_URL},
            {"aud": [ISSUER]},
            {"aud": [ISSUER, "https://evil.example"]},
            {"aud": f"{ISSUER}/"},
            {"aud": ISSUER.upper()},
            {"aud": ...},
            {"aud": None},
            {"iss": "jinjiang"},
            {"iss": ...},
            {"iss": ["sc"]},
            {"sub": "jinjiang"},
            {"sub": ...},
            {"sub": 5},
            {"sub": ""},
            {"iss": "nobody", "sub": "nobody"},
            {"iss": "jinjiang", "sub": "jinjiang"},
            {"iss": "SC", "sub": "SC"},
            {"iss": "sc\x00", "sub": "sc\x00"},
            {"iss": "\ud800", "sub": "\ud800"},
            {"iss": "' OR 1=1 --", "sub": "' OR 1=1 --"},
            {"exp": SECONDS},
            {"exp": SECONDS - 1},
            {"exp": SECONDS + 301},
            {"exp": SECONDS + 86_400},
            {"exp": ...},
            {"exp": str(SECONDS + 60)},
            {"exp": SECONDS + 60.5},
            {"exp": True},
            {"exp": 2**70},
            {"exp": -1},
            {"iat": SECONDS + 31},
            {"iat": "now"},
            {"nbf": SECONDS + 31},
            {"nbf": SECONDS + 61, "exp": SECONDS + 60},
            {"jti": ...},
            {"jti": ""},
            {"jti": 1},
            {"jti": "x" * 257},
            {"jti": "a\nb"},
        ],
    )
    async def test_a_wrong_claim(self, server, client, claims):
        form = client.form(NOW, client_assertion=client.assertion(NOW, **claims))

        assert "invalid_client" == error_of(await server.token(client, form=form))

    @pytest.mark.parametrize(
        "header",
        [
            {"typ": "at+jwt"}, {"typ": "dpop+jwt"}, {"typ": 1}, {"kid": "other"}, {"kid": 5}, {"crit": ["exp"]},
            {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}, {"x5c": ["MII"]}, {"b64": False},
        ],
    )  # fmt: skip
    async def test_a_wrong_header(self, server, client, header):
        form = client.form(NOW, client_assertion=client.assertion(NOW, header=header))

        assert "invalid_client" == error_of(await server.token(client, form=form))

    async def test_a_key_that_it_brings_along_is_not_believed(self, server, client):
        stranger = OAuthClient(client.id, issuer=ISSUER)
        header = {"jwk": public_part(stranger.jwk), "kid": client.jwk["kid"]}
        form = client.form(NOW, client_assertion=stranger.assertion(NOW, header=header))

        assert "invalid_client" == error_of(await server.token(client, form=form))

    async def test_another_clients_key_does_not_speak_for_it(self, server, store, client):
        other = await enrolled(store, OAuthClient(GROUP.id, issuer=ISSUER))
        claims = {"iss": client.id, "sub": client.id}
        form = client.form(NOW, client_assertion=other.assertion(NOW, **claims))

        assert "invalid_client" == error_of(await server.token(client, form=form))

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "RS512", "PS512", "ES384", "ES256K", "", 5])
    async def test_an_algorithm_that_is_not_one_of_ours(self, server, store, client, algorithm):
        """RS256 and PS512 with the client's own RSA key, too; and a MAC keyed by what everybody can read."""
        other = await enrolled(store, OAuthClient(client.id, issuer=ISSUER, algorithm="PS256"))
        claims = {"iss": "sc", "sub": "sc", "aud": ISSUER, "jti": "1", "exp": SECONDS + 60}
        head = json.dumps({"alg": algorithm, "kid": other.jwk["kid"]}).encode()
        if algorithm in {"none", "HS256"}:
            text = raw_signed(head, json.dumps(claims).encode(), algorithm, OctKey.import_key(json.dumps(other.public)))
        elif algorithm in {"RS256", "RS512", "PS512"}:
            text = raw_signed(head, json.dumps(claims).encode(), algorithm, RSAKey.import_key(dict(other.jwk)))
        else:
            text = f"{base64url(head)}.{base64url(json.dumps(claims).encode())}.{base64url(bytes(64))}"
        answer = await server.token(other, form=other.form(NOW, client_assertion=text))

        assert "invalid_client" == error_of(answer)

    async def test_the_signature_of_an_unsigned_one_cannot_be_left_out(self, server, client):
        head, claims, _ = client.assertion(NOW).split(".")

        for text in (f"{head}.{claims}.", f"{head}.{claims}", f"{head}..", f"{head}.{claims}.AAAA"):
            assert "invalid_client" == error_of(
                await server.token(client, form=client.form(NOW, client_assertion=text))
            )

    @pytest.mark.parametrize("text", ["x", "a.b.c", "é", "e30.e30.e30", "a" * 9_000, "..", "{}"])
    async def test_what_is_no_jws(self, server, client, text):
        assert "invalid_client" == error_of(await server.token(client, form=client.form(NOW, client_assertion=text)))

    async def test_a_name_that_stands_twice(self, server, client):
        """One reader takes the first, the other the last."""
        payload = (
            b'{"iss":"sc","sub":"sc","sub":"sc","aud":"' + ISSUER.encode() + b'","jti":"1","exp":%d}' % (SECONDS + 60)
        )
        text = raw_signed(b'{"alg":"ES256"}', payload, "ES256", ECKey.import_key(dict(client.jwk)))

        assert "invalid_client" == error_of(await server.token(client, form=client.form(NOW, client_assertion=text)))

    async def test_it_is_good_once_on_every_worker(self, server, make_server, client, store_url):
        engine = open_engine(store_url)
        workers = [server, make_server(engine=engine)]
        form = client.form(NOW)
        answers = [await worker.token(client, form=form) for worker in workers]
        await engine.dispose()

        assert 200 == answers[0].status
        assert "invalid_client" == error_of(answers[1])
        assert "used before" in answers[1].json["error_description"]

    async def test_of_many_at_once_one_wins(self, server, client):
        form = client.form(NOW)
        nonce = await server.nonce(client)
        proofs = [client.proof(NOW, "POST", TOKEN_URL, nonce=nonce) for _ in range(8)]
        answers = await asyncio.gather(*(server.token(client, form=form, proof=proof) for proof in proofs))

        assert 1 == sum(answer.status == 200 for answer in answers)
        assert {"invalid_client"} == {error_of(answer) for answer in answers if answer.status != 200}

    async def test_one_that_was_sent_away_for_a_nonce_is_still_good(self, server, client):
        """Clients that only make a new proof keep the assertion they have."""
        form = client.form(NOW)
        first = await server.post("/oauth/token", form, ("dpop", client.proof(NOW, "POST", TOKEN_URL)))
        second = await server.token(client, form=form)

        assert "use_dpop_nonce" == error_of(first)
        assert 200 == second.status

    async def test_the_same_jti_of_another_client_is_another(self, server, store, client):
        other = await enrolled(store, OAuthClient(GROUP.id, issuer=ISSUER))
        answers = [
            await server.token(who, form=who.form(NOW, client_assertion=who.assertion(NOW, jti="same")))
            for who in (client, other)
        ]

        assert [200, 200] == [answer.status for answer in answers]

    async def test_unknown_suspended_and_wrong_are_told_the_same(self, server, store, client):
        await Partners(store).set_state(GROUP.id, PartnerState.SUSPENDED)
        others = [OAuthClient(name, issuer=ISSUER) for name in ("nobody", GROUP.id, client.id)]
        told = {(await server.token(other)).body for other in others}

        assert 1 == len(told)
        assert b"invalid_client" in told.pop()
