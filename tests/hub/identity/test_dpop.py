"""Proofs of possession: good for one request, by one key, with a nonce of ours, and nothing else is one."""

import json
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OctKey

from hub.identity.client_keys import new_client_key, public_part
from hub.identity.dpop import AGE_MAX_S, ProofError, Proofs, Request, normalised
from hub.identity.nonces import WINDOW_S, Nonces
from hub.identity.public_keys import public_key
from tests.hub.gateway.standin import NOW
from tests.support.oauth_client import OAuthClient, base64url, raw_signed, signed

URL = "https://hub.example/graphql"
TOKEN = "a.b.c"
SKEW_S = 30


@pytest.fixture
def proofs() -> Proofs:
    return Proofs(Nonces(bytes(32)), skew_s=SKEW_S)


@pytest.fixture(scope="module")
def client() -> OAuthClient:
    return OAuthClient("sc", issuer="https://hub.example")


def asking(method="POST", url=URL, token=TOKEN) -> Request:
    return Request(method=method, url=url, token=None if token is None else token.encode())


def good(client, proofs, now=NOW, **changes) -> str:
    return client.proof(now, "POST", URL, **{"nonce": proofs.nonce(now), "token": TOKEN, **changes})


def refuse(proofs, *texts, request=None, now=NOW) -> ProofError:
    with pytest.raises(ProofError) as caught:
        proofs.verify([text.encode() if isinstance(text, str) else text for text in texts], request or asking(), now)
    return caught.value


class TestVerify:
    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "Ed25519", "PS256"])
    def test_a_good_proof_names_its_key(self, proofs, algorithm):
        client = OAuthClient("sc", issuer="https://h", proof_algorithm=algorithm)
        proven = proofs.verify([good(client, proofs).encode()], asking(), NOW)

        assert public_key(public_part(client.proof_jwk)).thumbprint == proven.thumbprint
        assert proven.renewed is None
        assert NOW.timestamp() + AGE_MAX_S + SKEW_S + 1 == proven.proof.expires_at

    def test_the_same_jti_is_the_same_proof_and_another_key_makes_another(self, proofs, client):
        other = OAuthClient("sc", issuer="https://h")
        shown = [good(who, proofs, jti=jti) for who, jti in ((client, "1"), (client, "1"), (client, "2"), (other, "1"))]
        digests = [proofs.verify([text.encode()], asking(), NOW).proof.digest for text in shown]

        assert digests[0] == digests[1]
        assert 3 == len(set(digests))

    def test_a_key_from_memory_verifies_as_the_first_time(self, proofs, client):
        first, second = (proofs.verify([good(client, proofs).encode()], asking(), NOW) for _ in range(2))
        forged = good(client, proofs)[:-4] + "AAAA"

        assert first.thumbprint == second.thumbprint
        assert "signature" in str(refuse(proofs, forged))

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"htm": "GET"}, "method"),
            ({"htm": "post"}, "method"),
            ({"htm": ...}, "method"),
            ({"htm": ["POST"]}, "method"),
            ({"htu": "https://hub.example/"}, "URL"),
            ({"htu": "http://hub.example/graphql"}, "URL"),
            ({"htu": "https://evil.example/graphql"}, "URL"),
            ({"htu": "https://hub.example:8443/graphql"}, "URL"),
            ({"htu": "https://hub.example/graphql/"}, "URL"),
            ({"htu": "https://hub.example/graphql/../oauth/token"}, "URL"),
            ({"htu": "https://evil@hub.example/graphql"}, "URL"),
            ({"htu": "https://hub.example\\@evil/graphql"}, "URL"),
            ({"htu": "/graphql"}, "URL"),
            ({"htu": ...}, "URL"),
            ({"htu": 1}, "URL"),
            ({"iat": ...}, "iat"),
            ({"iat": "now"}, "iat"),
            ({"iat": True}, "iat"),
            ({"iat": 1.5}, "iat"),
            ({"iat": int(NOW.timestamp()) + SKEW_S + 1}, "just now"),
            ({"iat": int(NOW.timestamp()) - SKEW_S - AGE_MAX_S - 1}, "just now"),
            ({"ath": ...}, "token"),
            ({"ath": base64url(bytes(32))}, "token"),
            ({"token": "another"}, "token"),
            ({"jti": ...}, "jti"),
            ({"jti": ""}, "jti"),
            ({"jti": 7}, "jti"),
            ({"jti": "x" * 257}, "jti"),
            ({"jti": "\ud800"}, "jti"),
            ({"header": {"typ": "JWT"}}, "typ"),
            ({"header": {"typ": ...}}, "typ"),
            ({"header": {"typ": "at+jwt"}}, "typ"),
            ({"header": {"typ": 1}}, "typ"),
            ({"header": {"jwk": ...}}, "jwk"),
            ({"header": {"jwk": "x"}}, "jwk"),
            ({"header": {"jwk": {}}}, "kty"),
            ({"header": {"jwk": {"kty": "oct"}}}, "symmetric"),
            ({"header": {"jku": "https://evil.example/jwks"}}, "refused"),
            ({"header": {"x5u": "https://evil.example/x"}}, "refused"),
            ({"header": {"x5c": ["MII"]}}, "refused"),
            ({"header": {"crit": ["exp"]}}, "refused"),
            ({"header": {"b64": False}}, "refused"),
        ],
    )
    def test_refused(self, proofs, client, changes, says):
        error = refuse(proofs, good(client, proofs, **changes))

        assert says in str(error)
        assert "invalid_dpop_proof" == error.error

    def test_a_private_key_in_the_header_is_refused(self, proofs, client):
        text = good(client, proofs, header={"jwk": client.proof_jwk})

        assert "burnt" in str(refuse(proofs, text))

    def test_another_key_in_the_header_than_the_one_that_signed(self, proofs, client):
        text = good(client, proofs, header={"jwk": public_part(new_client_key("ES256"))})

        assert "signature" in str(refuse(proofs, text))

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384", "EdDSA", "PS256"])
    def test_the_algorithm_is_that_of_the_key(self, proofs, client, algorithm):
        """Neither none, nor a MAC keyed with the public key, nor another key's algorithm."""
        claims = {
            "jti": "1", "htm": "POST", "htu": URL, "iat": int(NOW.timestamp()), "nonce": proofs.nonce(NOW),
        }  # fmt: skip
        header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": public_part(client.proof_jwk)}
        if algorithm in {"none", "HS256"}:
            text = signed(header, claims, OctKey.import_key(b"x" * 32))
        else:
            by_the_key = signed({**header, "alg": "ES256"}, claims, ECKey.import_key(dict(client.proof_jwk)))
            text = ".".join((base64url(json.dumps(header).encode()), *by_the_key.split(".")[1:]))

        assert "invalid_dpop_proof" == refuse(proofs, text, request=asking(token=None)).error

    @pytest.mark.parametrize(
        "text",
        ["", "x", "a.b", "a.b.c.d", "a.b.c", "....", "e30.e30.e30", " e30.e30.e30", "é.é.é", b"\xff\xfe", "a" * 9_000],
    )
    def test_what_is_no_jws(self, proofs, text):
        assert "invalid_dpop_proof" == refuse(proofs, text).error

    @pytest.mark.parametrize(
        ("header", "payload"),
        [
            (b'{"typ":"dpop+jwt","typ":"dpop+jwt","alg":"ES256"}', b"{}"),
            (b'{"typ":"dpop+jwt","alg":"ES256"}', b'{"htm":"POST","htm":"GET"}'),
            (b'["alg"]', b"{}"),
            (b'{"alg":"ES256"}', b"[]"),
            (b'{"alg":"ES256"}', b'{"iat":NaN}'),
            (b'{"alg":"ES256"}', b'{"iat":' + b"9" * 5_000 + b"}"),
            (b'{"alg":"ES256"}', b"[" * 1_500 + b"]" * 1_500),
            (b"\xff", b"{}"),
        ],
    )
    def test_what_is_no_clean_json(self, proofs, client, header, payload):
        text = raw_signed(header, payload, "ES256", ECKey.import_key(dict(client.proof_jwk)))

        assert "invalid_dpop_proof" == refuse(proofs, text).error

    def test_none_and_two_are_refused(self, proofs, client):
        text = good(client, proofs)

        assert "one DPoP header" in str(refuse(proofs))
        assert "one DPoP header" in str(refuse(proofs, text, text))
        assert "not a compact JWS" in str(refuse(proofs, f"{text}, {text}"))

    def test_at_the_token_endpoint_no_token_is_named(self, proofs, client):
        text = client.proof(NOW, "POST", URL, nonce=proofs.nonce(NOW))

        assert proofs.verify([text.encode()], asking(token=None), NOW).thumbprint

    @pytest.mark.parametrize(
        "url",
        ["https://HUB.example/graphql", "HTTPS://hub.example:443/graphql", "https://hub.example/graphql?a=1#b",
         "https://hub.example/gr%61phql", "https://hub.example/x/../graphql"],
    )  # fmt: skip
    def test_one_url_in_many_spellings(self, proofs, client, url):
        """RFC 9449, 4.3: normalised, and without query and fragment."""
        assert proofs.verify([good(client, proofs, htu=url).encode()], asking(), NOW).thumbprint


class TestNonce:
    @pytest.mark.parametrize("nonce", [None, "", "x", 7, ["x"]])
    def test_without_one_of_ours_the_client_is_told_which_to_carry(self, proofs, client, nonce):
        error = refuse(proofs, good(client, proofs, **({"nonce": ...} if nonce is None else {"nonce": nonce})))

        assert ("use_dpop_nonce", proofs.nonce(NOW)) == (error.error, error.nonce)

    def test_that_of_the_window_before_is_taken_and_the_new_one_told(self, proofs, client):
        later = NOW + timedelta(seconds=WINDOW_S)
        proven = proofs.verify([good(client, proofs, now=later, nonce=proofs.nonce(NOW)).encode()], asking(), later)

        assert proofs.nonce(later) == proven.renewed
        assert proofs.nonce(NOW) != proofs.nonce(later)

    def test_an_older_one_is_not(self, proofs, client):
        later = NOW + timedelta(seconds=2 * WINDOW_S)

        assert (
            "use_dpop_nonce"
            == refuse(proofs, good(client, proofs, now=later, nonce=proofs.nonce(NOW)), now=later).error
        )

    def test_every_worker_knows_the_nonces_of_every_other(self, client):
        """They come from a secret of the ring and the clock; a machine whose clock is ahead is understood too."""
        one, other = (Proofs(Nonces(b"k" * 32), skew_s=SKEW_S) for _ in range(2))
        ahead = one.nonce(NOW + timedelta(seconds=WINDOW_S))

        assert one.nonce(NOW) == other.nonce(NOW)
        assert other.verify([good(client, one, nonce=ahead).encode()], asking(), NOW)
        assert Nonces(b"l" * 32).current(NOW) != one.nonce(NOW)

    def test_nothing_else_is_wrong_with_a_proof_that_is_told_its_nonce(self, proofs, client):
        """So that a client that follows the hint is not sent away a second time for another fault."""
        assert "invalid_dpop_proof" == refuse(proofs, good(client, proofs, nonce=..., htm="GET")).error


class TestNormalised:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://h", "https://h/"),
            ("http://h:80/a", "http://h/a"),
            ("http://[::1]:8000/a", "http://[::1]:8000/a"),
            ("https://h/%7Ea%2fb", "https://h/~a%2Fb"),
            ("https://h/a/./b/../c/", "https://h/a/c/"),
            ("https://h/a/..", "https://h/"),
            ("https://h//a", "https://h//a"),
        ],
    )
    def test_forms(self, url, expected):
        assert expected == normalised(url)

    @pytest.mark.parametrize(
        "url",
        ["", "h", "//h/a", "ftp://h/a", "https://", "https:///a", "https://h:x/a", "https://h:99999/a", "https://u@h/a",
         "https://h/a b", "https://h/é", "https://h/\n", "https://[::1/a", "https://h/" + "a" * 2_048],
    )  # fmt: skip
    def test_what_is_no_such_url(self, url):
        assert normalised(url) is None
