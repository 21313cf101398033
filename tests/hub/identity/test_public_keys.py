"""Public keys: what is one, what is refused, and that nothing private is ever taken."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

from hub.errors import BadInputError
from hub.identity.client_keys import keep_private, new_client_key, public_part, read_public
from hub.identity.public_keys import KEYS_MAX, KeyRefusedError, from_base64url, public_key, read_set, to_base64url

EC = ECKey.generate_key("P-256").as_dict(private=False)
ED = OKPKey.generate_key("Ed25519").as_dict(private=False)
RSA = RSAKey.generate_key(2048).as_dict(private=False)
PRIVATE = ECKey.generate_key("P-256").as_dict(private=True)
# RFC 7638, 3.1.
EXAMPLE = {
    "kty": "RSA",
    "n": (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
        "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
        "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
        "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    ),
    "e": "AQAB",
    "alg": "PS256",
    "kid": "2011-04-29",
}


def small_rsa(bits: int, exponent: int = 65_537) -> dict[str, str]:
    numbers = rsa.generate_private_key(65_537, bits).public_key().public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
    return {"kty": "RSA", "n": to_base64url(n), "e": to_base64url(exponent.to_bytes((exponent.bit_length() + 7) // 8))}


def key_set(*keys) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


class TestPublicKey:
    @pytest.mark.parametrize(("jwk", "algorithms"), [(EC, {"ES256"}), (ED, {"EdDSA", "Ed25519"}), (RSA, {"PS256"})])
    def test_the_type_of_a_key_says_how_it_signs(self, jwk, algorithms):
        assert algorithms == public_key(jwk).algorithms

    def test_a_thumbprint_is_that_of_the_standard(self):
        """RFC 7638, 3.1 tells what comes out."""
        assert "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" == public_key(EXAMPLE).thumbprint

    def test_it_is_called_by_its_kid_or_by_its_thumbprint(self):
        named, nameless = public_key({**EC, "kid": "k-1"}), public_key(EC)

        assert ("k-1", nameless.thumbprint) == (named.kid, nameless.kid)
        assert named.thumbprint == nameless.thumbprint

    def test_only_what_makes_the_key_is_kept(self):
        jwk = {**EC, "x5u": "https://evil.example/", "x5c": ["MII"], "ext": True}

        assert {"kty", "crv", "x", "y"} == set(public_key(jwk).jwk)

    @pytest.mark.parametrize(
        ("jwk", "says"),
        [
            (PRIVATE, "private"),
            ({**EC, "d": "x"}, "private"),
            ({**RSA, "p": "x"}, "private"),
            ({**ED, "k": "x"}, "private"),
            (OctKey.generate_key(256).as_dict(private=True), "private or symmetric"),
            ({"kty": "oct"}, "private or symmetric"),
            ({}, "kty"),
            ({"kty": "AKP"}, "kty"),
            ({"kty": ["EC"]}, "kty"),
            ({**EC, "kty": "ec"}, "kty"),
            ({**EC, "crv": "P-384"}, "another curve"),
            ({**EC, "crv": "secp256k1"}, "another curve"),
            (ECKey.generate_key("P-384").as_dict(private=False), "another curve"),
            ({**ED, "crv": "Ed448"}, "another curve"),
            ({**ED, "crv": "X25519"}, "another curve"),
            ({**EC, "x": EC["y"], "y": EC["x"]}, "numbers"),
            ({**EC, "y": to_base64url(bytes(32))}, "numbers"),
            ({**EC, "x": to_base64url(bytes(31))}, "32 bytes"),
            ({**EC, "x": to_base64url(b"\0" + from_base64url(EC["x"]))}, "32 bytes"),
            ({**EC, "x": EC["x"] + "="}, "numbers"),
            ({**EC, "x": EC["x"][:-1] + "+"}, "numbers"),
            ({**EC, "x": 5}, "lacks x"),
            ({name: value for name, value in EC.items() if name != "y"}, "lacks y"),
            ({**ED, "x": to_base64url(bytes(31))}, "numbers"),
            (small_rsa(1024), "2048"),
            (small_rsa(2048, 3), "65537"),
            (small_rsa(2048, 65_538), "65537"),
            (small_rsa(2048, 2**40 + 1), "65537"),
            ({**RSA, "n": "AA" + RSA["n"]}, "numbers|zeros"),
            ({**RSA, "e": ""}, "zeros"),
            ({**RSA, "n": to_base64url(b"\xff" * 1025)}, "2048"),
            ({**EC, "alg": "ES384"}, "alg"),
            ({**EC, "alg": "PS256"}, "alg"),
            ({**RSA, "alg": "RS256"}, "alg"),
            ({**RSA, "alg": "HS256"}, "alg"),
            ({**ED, "alg": "none"}, "alg"),
            ({**ED, "alg": None}, "alg"),
            ({**EC, "use": "enc"}, "use"),
            ({**EC, "use": 1}, "use"),
            ({**EC, "key_ops": ["sign"]}, "key_ops"),
            ({**EC, "key_ops": []}, "key_ops"),
            ({**EC, "key_ops": "verify"}, "key_ops"),
            ({**EC, "kid": ""}, "kid"),
            ({**EC, "kid": 7}, "kid"),
            ({**EC, "kid": "a\nb"}, "kid"),
            ({**EC, "kid": "\ud800"}, "kid"),
            ({**EC, "kid": "k" * 129}, "kid"),
        ],
    )
    def test_refused(self, jwk, says):
        with pytest.raises(KeyRefusedError, match=says):
            public_key(jwk)

    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256"])
    def test_a_signature_verifies_and_no_other_does(self, algorithm):
        jwk = new_client_key(algorithm)
        key = public_key(public_part(jwk))
        signature = JWSRegistry.algorithms["Ed25519" if algorithm == "EdDSA" else algorithm].sign(
            b"said", import_key(dict(jwk))
        )

        assert key.verify(signature, b"said")
        assert not key.verify(signature, b"unsaid")
        assert not key.verify(bytes(len(signature)), b"said")
        assert not key.verify(signature[:-1], b"said")
        assert not key.verify(b"", b"said")


class TestReadSet:
    def test_keys_for_something_else_are_left_out(self):
        found = read_set(key_set({**EC, "kid": "a"}, {**RSA, "use": "enc"}, {**ED, "kid": "b", "use": "sig"}))

        assert ["a", "b"] == [key.kid for key in found]

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"", "JSON"),
            (b"[]", "JSON"),
            (b"\xff", "JSON"),
            (b'{"keys":[],"keys":[]}', "JSON"),
            (b"{}", "JWK Set"),
            (b'{"keys":{}}', "JWK Set"),
            (b'{"keys":[1]}', "JWK Set"),
            (key_set(*[EC] * (KEYS_MAX + 1)), "more than 20"),
            (key_set({**EC, "kid": "a"}, {**ED, "kid": "a"}), "same kid"),
            (key_set({**EC, "kid": "a"}, {**EC, "kid": "b"}), "stands twice"),
            (key_set(EC, PRIVATE), "burnt"),
            (key_set(EC, {**RSA, "use": "enc", "d": "AQ"}), "burnt"),
            (key_set(EC, {"kty": "oct", "k": "AA", "use": "enc"}), "burnt"),
            (key_set(EC, {**RSA, "alg": "RS256"}), "alg"),
            (b'{"keys":[' + b" " * 65_536 + b"]}", "longer"),
            (b'{"keys":' + b"[" * 3_000 + b"]" * 3_000 + b"}", "JSON|JWK Set"),
        ],
    )
    def test_refused_whole(self, data, says):
        with pytest.raises(KeyRefusedError, match=says):
            read_set(data)


class TestBase64url:
    @pytest.mark.parametrize("text", ["A", "AB", "AA=", "AA==", "A+", "A/", "A A", "AAA\n", "é"])
    def test_one_value_has_one_spelling(self, text):
        with pytest.raises(ValueError, match="base64url"):
            from_base64url(text)

    def test_round_trip(self):
        assert all(data == from_base64url(to_base64url(data)) for data in (b"", b"a", b"ab", b"abc", bytes(range(256))))


class TestReadPublic:
    def test_a_jwk_a_set_and_a_pem_are_read(self):
        pem = ECKey.import_key(EC).as_pem(private=False)
        found = [read_public(data) for data in (json.dumps(EC).encode(), key_set(EC, ED), pem)]

        assert [1, 2, 1] == [len(keys) for keys in found]
        assert public_key(EC).thumbprint == found[2][0].thumbprint

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"x", b"{}", b'{"keys":[]}', json.dumps(PRIVATE).encode(),
            ECKey.import_key(PRIVATE).as_pem(private=True),
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            ECKey.generate_key("P-521").as_pem(private=False),
        ],
    )  # fmt: skip
    def test_what_is_no_public_key_is_refused(self, data):
        with pytest.raises(BadInputError):
            read_public(data)


class TestNewClientKey:
    @pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256"])
    def test_it_is_kept_for_its_owner_alone_and_never_over_another(self, tmp_path, algorithm):
        key = new_client_key(algorithm)
        keep_private(key, tmp_path / "client.jwk")

        assert 0o600 == (tmp_path / "client.jwk").stat().st_mode & 0o777
        assert algorithm in public_key({**public_part(key), "kid": key["kid"]}).algorithms
        with pytest.raises(FileExistsError):
            keep_private(key, tmp_path / "client.jwk")

    @pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none", ""])
    def test_no_other_algorithm(self, algorithm):
        with pytest.raises(BadInputError):
            new_client_key(algorithm)
