"""Access tokens: what passes, and every way of forging one that must not."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import import_key

from hub.errors import UnauthenticatedError
from hub.identity.keys import token_key
from hub.identity.tokens import TokenIssuer, TokenVerifier, _PinnedRegistry
from keys.ring import KeyRing, KeyUse, TokenAlgorithm

ISSUER = "https://hub.example"
AUDIENCE = "https://hub.example/graphql"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LIFETIME_S = 300


@pytest.fixture(params=list(TokenAlgorithm))
def ring(tmp_path, request) -> KeyRing:
    ring = KeyRing.open(f"file:{tmp_path}/keys", create=True)
    ring.create_token_key("one", request.param)
    return ring


@pytest.fixture
def verifier(ring) -> TokenVerifier:
    return make_verifier(ring)


def make_verifier(ring: KeyRing, **changes: Any) -> TokenVerifier:
    settings: dict[str, Any] = {
        "jwks": ring.jwks, "issuer": ISSUER, "audience": AUDIENCE, "lifetime_max_s": LIFETIME_S, "skew_s": 30,
        "cache_size": 100,
    }  # fmt: skip
    return TokenVerifier(**{**settings, **changes})


def mint(ring: KeyRing, **changes: Any) -> str:
    issuer = TokenIssuer(private_jwk=token_key(ring), issuer=ISSUER, audience=AUDIENCE)
    return issuer.mint("jinjiang", now=changes.get("now", NOW), lifetime_s=LIFETIME_S, jti="j-1").token


def claims_of(**changes: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "jinjiang", "client_id": "jinjiang", "iat": at, "nbf": at,
        "exp": at + LIFETIME_S, "jti": "j-1", **changes,
    }  # fmt: skip
    return {name: value for name, value in claims.items() if value is not ...}


def sign(ring: KeyRing, claims: Any, header: dict[str, Any] | None = None) -> str:
    """A token signed by the hub's own key, whatever it says."""
    key = token_key(ring)
    full = {"alg": key["alg"], "kid": key["kid"], "typ": "at+jwt", **(header or {})}
    full = {name: value for name, value in full.items() if value is not ...}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = _PinnedRegistry()
    registry.strict_check_header = False
    return jws.serialize_compact(full, payload, import_key(dict(key)), registry=registry)


def raw_sign(ring: KeyRing, header: bytes, payload: bytes) -> str:
    """A validly signed token over a header that no library would write."""
    private = import_key(dict(token_key(ring)))
    algorithm = _PinnedRegistry().get_alg(token_key(ring)["alg"])
    signing_input = _b64(header) + b"." + _b64(payload)
    return (signing_input + b"." + _b64(algorithm.sign(signing_input, private))).decode()


def _b64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def refuse(verifier: TokenVerifier, token: str, now: datetime = NOW) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        verifier.verify(token, now)
    assert 401 == caught.value.status
    assert caught.value.headers["www-authenticate"].startswith("Bearer ")
    return caught.value.message


class TestVerify:
    def test_our_token_passes(self, ring, verifier):
        claims = verifier.verify(mint(ring), NOW)

        assert ("jinjiang", "j-1") == (claims.partner, claims.jti)
        assert int(NOW.timestamp()) + LIFETIME_S == claims.expires

    def test_minted_token_has_the_shape_of_rfc_9068(self, ring):
        header, payload, _ = mint(ring).split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))

        assert {"alg", "kid", "typ"} == set(json.loads(base64.urlsafe_b64decode(header + "==")))
        assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "nbf"} == set(claims)

    @pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
    def test_both_spellings_of_the_type(self, ring, verifier, typ):
        assert verifier.verify(sign(ring, claims_of(), {"typ": typ}), NOW)

    def test_audience_may_be_one_of_several(self, ring, verifier):
        assert verifier.verify(sign(ring, claims_of(aud=["https://other.example", AUDIENCE])), NOW)

    def test_nbf_may_be_absent(self, ring, verifier):
        assert verifier.verify(sign(ring, claims_of(nbf=...)), NOW)


class TestTime:
    @pytest.mark.parametrize("late_s", [LIFETIME_S, LIFETIME_S + 1, 10**6])
    def test_expired_has_no_leeway(self, ring, verifier, late_s):
        assert "expired" in refuse(verifier, mint(ring), NOW + timedelta(seconds=late_s))

    def test_expiry_holds_for_a_remembered_token_too(self, ring, verifier):
        """A token once verified does not outlive itself in our memory."""
        token = mint(ring)
        verifier.verify(token, NOW + timedelta(seconds=LIFETIME_S - 1))

        assert "expired" in refuse(verifier, token, NOW + timedelta(seconds=LIFETIME_S))

    @pytest.mark.parametrize(("ahead_s", "passes"), [(30, True), (31, False), (3600, False)])
    def test_future_token_within_the_skew_only(self, ring, verifier, ahead_s, passes):
        token = mint(ring, now=NOW + timedelta(seconds=ahead_s))
        if passes:
            assert verifier.verify(token, NOW)
        else:
            assert "not valid yet" in refuse(verifier, token)

    def test_nbf_in_the_future(self, ring, verifier):
        assert "not valid yet" in refuse(verifier, sign(ring, claims_of(nbf=int(NOW.timestamp()) + 31)))

    @pytest.mark.parametrize("lifetime_s", [LIFETIME_S + 1, 864_000, 0, -1])
    def test_lifetime_we_do_not_give(self, ring, verifier, lifetime_s):
        """Ten days is the default of a well-known library; even our own signature does not make it right."""
        token = sign(ring, claims_of(exp=int(NOW.timestamp()) + lifetime_s))

        assert "lifetime" in refuse(verifier, token)


class TestClaims:
    @pytest.mark.parametrize("name", ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"])
    @pytest.mark.parametrize("value", [..., None, "", 1.5, True, {}, [], [1], "x" * 300])
    def test_missing_or_misshapen_claim(self, ring, verifier, name, value):
        refuse(verifier, sign(ring, claims_of(**{name: value})))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("iss", "https://hub.example/"),
            ("iss", "https://HUB.example"),
            ("aud", "https://hub.example"),
            ("aud", "https://hub.example/graphql/"),
            ("aud", ["https://other.example"]),
            ("sub", "someone-else"),
            ("nbf", "now"),
            ("exp", 1 << 60),
            ("iat", "1795161600"),
        ],
    )
    def test_wrong_claim_is_refused_without_repeating_it(self, ring, verifier, name, value):
        message = refuse(verifier, sign(ring, claims_of(**{name: value})))

        assert str(value) not in message

    @pytest.mark.parametrize(
        "partner",
        [
            "\ud800",
            "jin\udfffjiang",
            "jin\x00jiang",
            "x",
            "x" * 64,
            "Jinjiang",
            "jinjiang\n",
            "-jinjiang",
            "锦江",
            "a b",
        ],
    )
    def test_a_holder_without_the_form_of_a_partner_is_refused(self, ring, verifier, partner):
        """Even signed by us: a store's driver fails on some of these texts instead of not finding them."""
        message = refuse(verifier, sign(ring, claims_of(sub=partner, client_id=partner)))

        assert partner not in message

    @pytest.mark.parametrize("jti", ["\ud800", "j\x00", "j\n1"])
    def test_an_unprintable_token_id_is_refused(self, ring, verifier, jti):
        refuse(verifier, sign(ring, claims_of(jti=jti)))

    @pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b"7", b"{", b"\xff", b'{"exp": NaN}', b"[" * 5000])
    def test_payload_that_is_no_object(self, ring, verifier, payload):
        refuse(verifier, sign(ring, payload))

    def test_claim_named_twice(self, ring, verifier):
        """One parser takes the first, another the last: two readers, two tokens."""
        payload = json.dumps(claims_of()).encode()[:-1] + b', "sub": "someone-else"}'

        assert "twice" in refuse(verifier, sign(ring, payload))


class TestHeader:
    @pytest.mark.parametrize("typ", [..., "JWT", "at+jwtx", "", "id+jwt", "dpop+jwt", "logout+jwt"])
    def test_other_types_are_no_access_tokens(self, ring, verifier, typ):
        refuse(verifier, sign(ring, claims_of(), {"typ": typ}))

    @pytest.mark.parametrize(
        "extra",
        [
            {"jwk": {"kty": "OKP"}},
            {"jku": "https://evil.example/jwks"},
            {"x5u": "https://evil.example/"},
            {"x5c": []},
            {"crit": ["exp"]},
            {"cty": "JWT"},
            {"b64": False},
            {"zip": "DEF"},
        ],
    )
    def test_header_has_alg_kid_typ_and_nothing_else(self, ring, verifier, extra):
        key = token_key(ring)
        header = {"alg": key["alg"], "kid": key["kid"], "typ": "at+jwt", **extra}
        token = raw_sign(ring, json.dumps(header).encode(), json.dumps(claims_of()).encode())

        assert "does not consist" in refuse(verifier, token)

    def test_kid_is_required(self, ring, verifier):
        header = json.dumps({"alg": token_key(ring)["alg"], "typ": "at+jwt"}).encode()

        refuse(verifier, raw_sign(ring, header, json.dumps(claims_of()).encode()))

    @pytest.mark.parametrize("kid", ["unknown", "", "../one", 7, None, ["one"]])
    def test_unknown_kid(self, ring, verifier, kid):
        header = json.dumps({"alg": token_key(ring)["alg"], "typ": "at+jwt", "kid": kid}).encode()

        refuse(verifier, raw_sign(ring, header, json.dumps(claims_of()).encode()))

    @pytest.mark.parametrize("name", ["alg", "kid", "typ"])
    def test_name_that_stands_twice(self, ring, verifier, name):
        key = token_key(ring)
        header = json.dumps({"alg": key["alg"], "kid": key["kid"], "typ": "at+jwt"}).encode()
        header = header[:-1] + b', "%s": "none"}' % name.encode()

        assert "twice" in refuse(verifier, raw_sign(ring, header, json.dumps(claims_of()).encode()))


class TestAlgorithms:
    @pytest.mark.parametrize(
        "alg", ["none", "None", "NONE", "", "HS256", "HS512", "RS256", "PS256", "ES384", "Ed448", "EdDSA"]
    )
    def test_algorithm_outside_the_pin(self, ring, verifier, alg):
        key = token_key(ring)
        header = json.dumps({"alg": alg, "kid": key["kid"], "typ": "at+jwt"}).encode()

        assert "algorithm" in refuse(verifier, raw_sign(ring, header, json.dumps(claims_of()).encode()))

    @pytest.mark.parametrize("signature", ["", "AA"])
    def test_none_with_any_signature(self, ring, verifier, signature):
        header = _b64(json.dumps({"alg": "none", "kid": token_key(ring)["kid"], "typ": "at+jwt"}).encode()).decode()
        payload = _b64(json.dumps(claims_of()).encode()).decode()

        refuse(verifier, f"{header}.{payload}.{signature}")

    def test_public_key_as_hmac_secret(self, ring, verifier):
        """The classical confusion: the key everyone may read, used as the secret nobody may know."""
        public = json.dumps(ring.jwks()["keys"][0]).encode()
        header = _b64(json.dumps({"alg": "HS256", "kid": token_key(ring)["kid"], "typ": "at+jwt"}).encode())
        signing_input = header + b"." + _b64(json.dumps(claims_of()).encode())
        mac = hmac.HMAC(public, hashes.SHA256())
        mac.update(signing_input)

        refuse(verifier, (signing_input + b"." + _b64(mac.finalize())).decode())

    def test_one_keys_algorithm_with_anothers_kid(self, ring, verifier):
        key = token_key(ring)
        other = "Ed25519" if key["alg"] == "ES256" else "ES256"
        header = json.dumps({"alg": other, "kid": key["kid"], "typ": "at+jwt"}).encode()

        assert "does not verify" in refuse(verifier, raw_sign(ring, header, json.dumps(claims_of()).encode()))

    def test_foreign_key_under_our_kid(self, ring, verifier, tmp_path):
        other = KeyRing.open(f"file:{tmp_path}/other", create=True)
        other.create_token_key("one", TokenAlgorithm(token_key(ring)["alg"]))
        forged = sign(other, claims_of(), {"kid": token_key(ring)["kid"]})

        assert "does not verify" in refuse(verifier, forged)


class TestForm:
    @pytest.mark.parametrize(
        "token",
        [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c.d.e",
            "a.b.c ",
            "a b.c.d",
            "é.b.c",
            "a.b.=",
            "x" * 5000,
            "a." * 2000,
            "\ud800.a.b",
        ],
    )
    def test_what_is_no_token(self, verifier, token):
        refuse(verifier, token)

    def test_oversize_is_refused_before_it_is_read(self, ring, verifier):
        assert "too long" in refuse(verifier, sign(ring, claims_of(extra="x" * 5000)))

    @given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
    def test_any_flipped_bit_is_noticed(self, fixed_ring, place, bit):
        """For every bit of every part: changed, it is another token, and not one of ours."""
        token = bytearray(mint(fixed_ring).encode())
        place %= len(token)
        token[place] ^= 1 << bit
        changed = token.decode("latin-1")
        verifier = make_verifier(fixed_ring)
        if _same_bytes(changed, mint(fixed_ring)):
            return  # the last character of base64url has bits that mean nothing
        refuse(verifier, changed)


def _same_bytes(one: str, other: str) -> bool:
    try:
        return [base64.urlsafe_b64decode(part + "==") for part in one.split(".")][2:] == [
            base64.urlsafe_b64decode(part + "==") for part in other.split(".")
        ][2:] and one.split(".")[:2] == other.split(".")[:2]
    except ValueError:
        return False


@pytest.fixture(scope="module")
def fixed_ring(tmp_path_factory) -> KeyRing:
    """An Ed25519 key: its signatures are the same every time."""
    ring = KeyRing.open(f"file:{tmp_path_factory.mktemp('ring')}/keys", create=True)
    ring.create_token_key("one", TokenAlgorithm.ED25519)
    return ring


class TestKeys:
    def test_new_key_works_within_a_second_and_the_old_one_goes_on(self, ring, verifier):
        old = mint(ring)
        verifier.verify(old, NOW)
        ring.create_token_key("two")
        new = mint(ring)

        assert verifier.verify(new, NOW + timedelta(seconds=1))
        assert verifier.verify(old, NOW + timedelta(seconds=1))

    def test_removed_key_stops_even_for_remembered_tokens(self, ring, verifier):
        token = mint(ring)
        verifier.verify(token, NOW)
        ring.create_token_key("two")
        (ring.directory / f"one.{KeyUse.TOKEN}.jwk").unlink()

        assert "key we do not have" in refuse(verifier, token, NOW + timedelta(seconds=30))

    def test_note_keys_never_verify_tokens(self, ring, verifier):
        """The log's key signs checkpoints; a token signed with it is nobody's."""
        ring.create_note_key("localhost/log")

        assert 1 == len(ring.jwks()["keys"])

    def test_first_need_makes_the_key_once(self, tmp_path):
        ring = KeyRing.open(f"file:{tmp_path}/keys", create=True)

        assert token_key(ring) == token_key(ring)

    def test_memory_is_bounded(self, ring):
        verifier = make_verifier(ring, cache_size=2)
        issuer = TokenIssuer(private_jwk=token_key(ring), issuer=ISSUER, audience=AUDIENCE)
        for _ in range(5):
            token = issuer.mint("a-1", now=NOW, lifetime_s=60, jti=secrets.token_hex(8)).token
            verifier.verify(token, NOW)

        assert 2 == len(verifier._verified)
