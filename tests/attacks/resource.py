"""Attacks on the resource: tokens that are not ours, not good, or not in the hands they were given into."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from joserfc.jwk import OctKey, import_key

from hub.identity.client_keys import new_client_key, public_part
from tests.attacks.scene import PROXY, Request, Scene, in_field
from tests.support.oauth_client import base64url, raw_signed, signed

Attack = tuple[str, Request]


def attacks(scene: Scene) -> Iterator[Attack]:
    """All of them, by name; each is made of fresh material."""
    for part in (stolen, forged, proofs, smuggled, certificates):
        yield from ((f"{part.__name__}: {name}", request) for name, request in part(scene))


def stolen(scene: Scene) -> Iterator[Attack]:
    """A token in other hands."""
    yield "as a bearer token", scene.asks(proof=None, scheme="Bearer")
    yield "as a bearer token beside a good proof", scene.asks(scheme="Bearer")
    yield "without a proof", scene.asks(proof=None)
    yield "with the thief's own key", scene.asks(proof=scene.proof_of(scene.token, scene.other))
    yield (
        "with a new key",
        scene.asks(proof=scene.proof_of(scene.token, header={"jwk": public_part(new_client_key("ES256"))})),
    )
    yield "the other's token with this key", scene.asks(token=scene.token_of_other)
    yield (
        "the other's token, proof for this token",
        scene.asks(token=scene.token_of_other, proof=scene.proof_of(scene.token, scene.other)),
    )
    yield "bound to a certificate, shown with a proof", scene.asks(token=scene.token_by_certificate)
    yield (
        "bound to a proof, shown with a certificate",
        replace(
            scene.asks(proof=None, scheme="Bearer").with_headers(("client-cert", in_field(scene.certificate))),
            source=PROXY,
        ),
    )


def forged(scene: Scene) -> Iterator[Attack]:
    """Tokens that the hub never gave."""
    first, second, third = scene.token.split(".")
    head = json.loads(_decoded(first))
    said = json.loads(_decoded(second))
    strange = new_client_key("ES256")
    key = import_key(dict(strange))

    def shown(token: str) -> Request:
        return scene.asks(token=token, proof=scene.proof_of(token))

    changes: dict[str, dict[str, Any]] = {
        "speaks for the other partner": {"sub": scene.other.id, "client_id": scene.other.id},
        "lives for a year": {"exp": said["exp"] + 31_536_000},
        "has expired": {"exp": said["iat"] - 1},
        "is bound to the thief's key": {"cnf": {"jkt": "x" * 43}},
        "is bound to nothing": {"cnf": None},
        "is for another resource": {"aud": "https://other.example"},
        "is of another issuer": {"iss": "https://other.example"},
    }
    for name, change in changes.items():
        body = json.dumps({**said, **change}).encode()
        yield f"{name}, signature kept", shown(f"{first}.{base64url(body)}.{third}")
        yield f"{name}, signed by a stranger", shown(raw_signed(json.dumps(head).encode(), body, "ES256", key))
    for name, told in {
        "jwk in the header": {"jwk": public_part(strange)},
        "jku in the header": {"jku": "http://127.0.0.1:1/jwks.json"},
        "kid of a stranger": {"kid": strange["kid"]},
        "kid is a path": {"kid": "../../../dev/null"},
        "typ is JWT": {"typ": "JWT"},
        "crit": {"crit": ["x"], "x": 1},
    }.items():
        yield f"{name}, signed by a stranger", shown(signed({**head, **told}, said, key))
    for alg in ("none", "None", "NONE"):
        bare = base64url(json.dumps({**head, "alg": alg}).encode())
        yield f"alg {alg}", shown(f"{bare}.{second}.")
    for alg in ("HS256", "HS512"):
        secret = OctKey.import_key(json.dumps(public_part(strange)).encode())
        yield f"{alg} with a public key as secret", shown(signed({**head, "alg": alg}, said, secret))
    yield "an assertion as a token", shown(scene.honest.assertion(scene.now))
    yield "a proof as a token", shown(scene.proof())
    yield "signature cut off", shown(f"{first}.{second}.")
    yield "signature of zeros", shown(f"{first}.{second}.{base64url(bytes(64))}")
    yield "two parts", shown(f"{first}.{second}")
    yield "four parts", shown(f"{scene.token}.{third}")
    yield "five thousand characters", shown("A" * 5000 + ".A.A")
    yield "a word", shown("token")
    yield "header nested deeply", shown(f"{base64url(b'[' * 2000)}.{second}.{third}")


def proofs(scene: Scene) -> Iterator[Attack]:
    """Proofs that are not for this request."""
    now = int(scene.now.timestamp())
    wrong: dict[str, dict[str, Any]] = {
        "for another token": {"token": scene.token_of_other},
        "without ath": {"ath": ...},
        "ath is empty": {"ath": ""},
        "ath is the token": {"ath": scene.token},
        "ath is a number": {"ath": 7},
        "ath in hexadecimal": {"ath": "0" * 64},
        "for GET": {"htm": "GET"},
        "for the token endpoint": {"htu": scene.token_url},
        "for another hub": {"htu": "https://other.example/graphql"},
        "for a longer path": {"htu": scene.resource + "/x"},
        "for another spelling of the path": {"htu": scene.url + "/GRAPHQL"},
        "old": {"iat": now - 600},
        "of the future": {"iat": now + 600},
        "without iat": {"iat": ...},
        "without jti": {"jti": ...},
        "with a nonce made up": {"nonce": "A" * 24},
        "without a nonce": {"nonce": None},
        "with typ JWT": {"header": {"typ": "JWT"}},
        "with alg none": {"header": {"typ": "dpop+jwt", "alg": "ES256", "crit": ["alg"]}},
        "with a private key": {"header": {"jwk": dict(scene.honest.proof_jwk)}},
    }
    for name, changes in wrong.items():
        yield name, scene.asks(proof=scene.proof_of(scene.token, **changes))
    yield "two", scene.asks().with_headers(("dpop", scene.proof_of(scene.token)))
    yield "two in one header", scene.asks(proof=f"{scene.proof_of(scene.token)},{scene.proof_of(scene.token)}")
    yield "empty", scene.asks(proof=None).with_headers(("dpop", ""))
    yield "no JWS", scene.asks(proof="proof")
    yield "of the token endpoint", scene.asks(proof=scene.proof())
    yield "without a token", scene.asks().without("authorization")


def smuggled(scene: Scene) -> Iterator[Attack]:
    """Headers that are read in two ways."""
    good = scene.asks()
    yield "Authorization twice, equal", good.with_headers(("authorization", f"DPoP {scene.token}"))
    yield "Authorization twice, two tokens", good.with_headers(("authorization", f"DPoP {scene.token_of_other}"))
    yield "Authorization twice, two schemes", good.with_headers(("authorization", f"Bearer {scene.token}"))
    for name, value in (
        ("two tokens", f"DPoP {scene.token}, DPoP {scene.token_of_other}"),
        ("two tokens by a space", f"DPoP {scene.token} {scene.token_of_other}"),
        ("parameters", f'DPoP token="{scene.token}"'),
        ("no scheme", scene.token),
        ("no token", "DPoP"),
        ("another scheme", f"Token {scene.token}"),
        ("Basic", "Basic c2M6c2VjcmV0"),
        ("a tab", f"DPoP\t{scene.token}"),
        ("quotation marks", f'DPoP "{scene.token}"'),
        ("a percent sign", f"DPoP %{scene.token}"),
    ):
        yield f"Authorization with {name}", scene.asks().without("authorization").with_headers(("authorization", value))
    plain = scene.asks().without("authorization").without("dpop")
    yield "token in the URL", replace(plain, path=f"/graphql?access_token={scene.token}")
    yield "method overridden", replace(scene.asks(), method="PUT").with_headers(("x-http-method-override", "POST"))


def certificates(scene: Scene) -> Iterator[Attack]:
    """Certificates passed on by nobody's proxy, or other ones."""
    own, stranger = scene.certificate, scene.stranger
    yield "another certificate", scene.by_certificate(stranger)
    yield "no certificate", scene.by_certificate(None)
    yield "no certificate, no proxy", scene.by_certificate(None, source="127.0.0.1")
    yield "the right one, from nobody's proxy", scene.by_certificate(own, source="127.0.0.1")
    yield "the right one, from an address beside the proxy's", scene.by_certificate(own, source="127.0.0.3")
    forwarded = scene.by_certificate(own, source="127.0.0.1").with_headers(("x-forwarded-for", PROXY))
    yield "the right one, X-Forwarded-For names the proxy", forwarded
    yield (
        "the right one, Forwarded names the proxy",
        scene.by_certificate(own, source="127.0.0.1").with_headers(("forwarded", f"for={PROXY}")),
    )
    yield (
        "the header twice, the right one first",
        scene.by_certificate(own).with_headers(("client-cert", in_field(stranger))),
    )
    yield (
        "the header twice, the right one last",
        scene.by_certificate(stranger).with_headers(("client-cert", in_field(own))),
    )
    yield "a list", scene.by_certificate(f"{in_field(own)}, {in_field(stranger)}")
    for name, value in (
        ("empty", "::"),
        ("no colons", in_field(own)[1:-1]),
        ("cut off", in_field(own[:-10])),
        ("longer than itself", in_field(own + b"\0" * 16)),
        ("bytes that are none", in_field(b"certificate")),
        ("oversize", in_field(b"\0" * 30_000)),
        ("not base64", ":%%%:"),
        ("the thumbprint", ":" + "A" * 44 + ":"),
    ):
        yield name, scene.by_certificate(value)
    yield "under another header's name", scene.by_certificate(None).with_headers(("x-client-cert", in_field(own)))
    yield (
        "bound to a certificate, under the scheme DPoP",
        replace(
            scene.by_certificate(own), headers=scene.asks(token=scene.token_by_certificate, proof=None).headers
        ).with_headers(("client-cert", in_field(own))),
    )


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
