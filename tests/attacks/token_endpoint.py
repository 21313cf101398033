"""Attacks on the token endpoint: what a request for a token must not be."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from joserfc.jwk import OctKey, import_key

from hub.identity.client_keys import new_client_key, public_part
from tests.attacks.scene import FORM, PROXY, Request, Scene, in_field
from tests.support.oauth_client import ASSERTION_TYPE, base64url, changed, encoded, raw_signed, signed

Attack = tuple[str, Request]
LONG = 40_000


def attacks(scene: Scene) -> Iterator[Attack]:
    """All of them, by name; each is made of fresh material."""
    for part in (claims, header, signatures, substitution, form, transport, proofs, proof_headers, binding, grants):
        yield from ((f"{part.__name__}: {name}", request) for name, request in part(scene))


def claims(scene: Scene) -> Iterator[Attack]:
    """What an assertion must not say."""
    now, other = int(scene.now.timestamp()), scene.other.id
    wrong: dict[str, dict[str, Any]] = {
        "aud is the token endpoint": {"aud": scene.token_url},
        "aud is the resource": {"aud": scene.resource},
        "aud is another server": {"aud": "https://other.example"},
        "aud with a slash": {"aud": scene.url + "/"},
        "aud in upper case": {"aud": scene.url.upper()},
        "aud is a list": {"aud": [scene.url]},
        "aud is a list with another server": {"aud": [scene.url, "https://other.example"]},
        "aud is absent": {"aud": ...},
        "aud is null": {"aud": None},
        "aud is a number": {"aud": 7},
        "aud is empty": {"aud": ""},
        "iss is another client": {"iss": other},
        "sub is another client": {"sub": other},
        "iss and sub are another client": {"iss": other, "sub": other},
        "iss is absent": {"iss": ...},
        "sub is absent": {"sub": ...},
        "iss is the hub": {"iss": scene.url},
        "sub is a list": {"sub": [scene.honest.id]},
        "sub is null": {"sub": None, "iss": None},
        "sub is nobody": {"sub": "nobody", "iss": "nobody"},
        "sub has another case": {"sub": scene.honest.id.upper(), "iss": scene.honest.id.upper()},
        "sub holds NUL": {"sub": scene.honest.id + "\0", "iss": scene.honest.id + "\0"},
        "sub holds a lone surrogate": {"sub": "\ud800", "iss": "\ud800"},
        "sub is SQL": {"sub": "a' OR '1'='1", "iss": "a' OR '1'='1"},
        "exp is past": {"exp": now - 1, "iat": now - 60},
        "exp is now": {"exp": now, "iat": now - 60},
        "exp is a day ahead": {"exp": now + 86_400},
        "exp is ten minutes ahead": {"exp": now + 600},
        "exp is absent": {"exp": ...},
        "exp is null": {"exp": None},
        "exp is a text": {"exp": str(now + 60)},
        "exp is a fraction": {"exp": now + 60.5},
        "exp is true": {"exp": True},
        "exp is negative": {"exp": -1},
        "exp is astronomic": {"exp": 10**30},
        "exp is before iat": {"exp": now + 10, "iat": now + 20},
        "iat is an hour ahead": {"iat": now + 3600, "exp": now + 3660},
        "iat is a text": {"iat": "now"},
        "iat is an hour old": {"iat": now - 3600, "exp": now + 60},
        "nbf is ahead": {"nbf": now + 3600},
        "nbf is a text": {"nbf": "x"},
        "jti is absent": {"jti": ...},
        "jti is empty": {"jti": ""},
        "jti is a number": {"jti": 7},
        "jti is null": {"jti": None},
        "jti is very long": {"jti": "j" * LONG},
        "jti holds a line break": {"jti": "a\nb"},
    }
    for name, changes in wrong.items():
        yield name, scene.asks_token(client_assertion=scene.honest.assertion(scene.now, **changes))


def header(scene: Scene) -> Iterator[Attack]:
    """What the header of an assertion must not hold."""
    honest = scene.honest
    wrong: dict[str, dict[str, Any]] = {
        "kid of nobody": {"kid": "no-such-key"},
        "kid of the other client": {"kid": scene.other.jwk["kid"]},
        "kid is a path": {"kid": "../../etc/passwd"},
        "kid is SQL": {"kid": "x' UNION SELECT jwk FROM partner_key --"},
        "kid is a number": {"kid": 7},
        "kid is null": {"kid": None},
        "kid is a list": {"kid": [honest.jwk["kid"]]},
        "kid is very long": {"kid": "k" * LONG},
        "jwk in the header": {"jwk": public_part(honest.jwk)},
        "jku in the header": {"jku": "https://attacker.example/jwks.json"},
        "jku of the metadata service": {"jku": "http://169.254.169.254/latest/meta-data"},
        "x5u in the header": {"x5u": "https://attacker.example/cert.pem"},
        "x5c in the header": {"x5c": ["MIIB"]},
        "crit names an extension": {"crit": ["exp"], "exp": 1},
        "crit is empty": {"crit": []},
        "b64 is false": {"b64": False, "crit": ["b64"]},
        "zip": {"zip": "DEF"},
        "typ is of an access token": {"typ": "at+jwt"},
        "typ is of a proof": {"typ": "dpop+jwt"},
        "typ is a number": {"typ": 1},
        "cty is a nested token": {"cty": "JWT"},
        "enc is there": {"enc": "A256GCM"},
    }
    for name, changes in wrong.items():
        yield name, scene.asks_token(client_assertion=honest.assertion(scene.now, header=changes))


def _parts(scene: Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    seconds, honest = int(scene.now.timestamp()), scene.honest
    said = {
        "iss": honest.id, "sub": honest.id, "aud": scene.url, "jti": base64url(str(scene.now).encode()),
        "iat": seconds, "exp": seconds + 60,
    }  # fmt: skip
    return {"alg": honest.jwk["alg"], "kid": honest.jwk["kid"]}, said


def signatures(scene: Scene) -> Iterator[Attack]:
    """Signatures that are none, of another algorithm, or of another text."""
    honest = scene.honest
    key = import_key(dict(honest.jwk))
    public = json.dumps(public_part(honest.jwk)).encode()
    head, said = _parts(scene)
    good = honest.assertion(scene.now)
    first, second, third = good.split(".")

    def shown(text: str) -> Request:
        return scene.asks_token(client_assertion=text)

    for alg in ("none", "None", "NONE", "", "nOnE"):
        bare = base64url(json.dumps({**head, "alg": alg}).encode())
        yield f"alg {alg!r} without a signature", shown(f"{bare}.{second}.")
        yield f"alg {alg!r} with the honest signature", shown(f"{bare}.{second}.{third}")
    for alg in ("HS256", "HS384", "HS512"):
        yield (
            f"{alg} with the public key as secret",
            shown(signed({**head, "alg": alg}, said, OctKey.import_key(public))),
        )
    yield (
        "HS256 with an empty header kid",
        shown(signed({"alg": "HS256", "kid": ""}, said, OctKey.import_key(b"x" * 32))),
    )
    yield (
        "HS256 with the client id as secret",
        shown(signed({**head, "alg": "HS256"}, said, OctKey.import_key(honest.id.encode() * 8))),
    )
    rsa = import_key(dict(scene.rsa.jwk))
    for alg in ("RS256", "RS384", "RS512", "PS384", "PS512"):
        told = {"alg": alg, "kid": scene.rsa.jwk["kid"]}
        yield f"{alg} with a registered RSA key", shown(signed(told, said, rsa))
    yield (
        "ES256 header over an RSA signature",
        shown(
            raw_signed(
                json.dumps({"alg": "ES256", "kid": scene.rsa.jwk["kid"]}).encode(),
                json.dumps(said).encode(),
                "PS256",
                rsa,
            )
        ),
    )
    yield (
        "PS256 header over an EC signature",
        shown(raw_signed(json.dumps({**head, "alg": "PS256"}).encode(), json.dumps(said).encode(), "ES256", key)),
    )
    yield "signature of zeros", shown(f"{first}.{second}.{base64url(bytes(64))}")
    yield "signature of one byte", shown(f"{first}.{second}.AA")
    yield "signature cut short", shown(f"{first}.{second}.{third[:-4]}")
    yield "signature too long", shown(f"{first}.{second}.{third}AAAA")
    yield "signature absent", shown(f"{first}.{second}.")
    yield "signature in DER", shown(f"{first}.{second}.{base64url(bytes.fromhex('3006020101020101'))}")
    yield "payload changed", shown(f"{first}.{base64url(json.dumps({**said, 'sub': scene.other.id}).encode())}.{third}")
    yield "header changed", shown(f"{base64url(json.dumps({**head, 'typ': 'JWT'}).encode())}.{second}.{third}")
    yield "two parts", shown(f"{first}.{second}")
    yield "four parts", shown(f"{good}.{third}")
    yield "five parts, like an encrypted one", shown(f"{good}.{third}.{third}")
    yield "padding", shown(f"{first}=.{second}.{third}")
    yield "white space", shown(f"{first}. {second}.{third}")
    yield "standard alphabet of base64", shown(f"{first}.{second}.{third[:-1]}+")
    yield "JSON serialisation", shown(json.dumps({"protected": first, "payload": second, "signature": third}))
    yield "header is no JSON", shown(f"{base64url(b'{')}.{second}.{third}")
    yield "header is a list", shown(f"{base64url(b'[]')}.{second}.{third}")
    yield "payload is a list", shown(raw_signed(json.dumps(head).encode(), b"[]", "ES256", key))
    yield "payload is no JSON", shown(raw_signed(json.dumps(head).encode(), b"{", "ES256", key))
    yield "payload holds NaN", shown(raw_signed(json.dumps(head).encode(), b'{"exp": NaN}', "ES256", key))
    twice = json.dumps(said)[:-1] + f', "sub": "{scene.other.id}"}}'
    yield "payload names sub twice", shown(raw_signed(json.dumps(head).encode(), twice.encode(), "ES256", key))
    doubled = json.dumps(head)[:-1] + ', "alg": "none"}'
    yield "header names alg twice", shown(raw_signed(doubled.encode(), json.dumps(said).encode(), "ES256", key))
    deep = b'{"a":' * 3000 + b"1" + b"}" * 3000
    yield "payload nested deeply", shown(raw_signed(json.dumps(head).encode(), deep, "ES256", key))
    yield "not UTF-8", shown(raw_signed(json.dumps(head).encode(), b'{"sub":"\xff"}', "ES256", key))
    yield "only dots", shown("..")
    yield "empty", shown("")
    yield "a token instead", shown(scene.token)
    yield "a proof instead", shown(scene.proof())


def substitution(scene: Scene) -> Iterator[Attack]:
    """Keys that are not the client's, or not meant for this."""
    head, said = _parts(scene)
    for algorithm in ("ES256", "PS256", "EdDSA"):
        strange = new_client_key(algorithm)
        for name, told in (("under its own kid", strange["kid"]), ("under the client's kid", head["kid"])):
            text = signed({"alg": strange["alg"], "kid": told}, said, import_key(dict(strange)))
            yield f"a new {algorithm} key {name}", scene.asks_token(client_assertion=text)
    by_other = signed({**head, "kid": scene.other.jwk["kid"]}, said, import_key(dict(scene.other.jwk)))
    yield "the other client's key", scene.asks_token(client_assertion=by_other)
    by_proof_key = signed(head, said, import_key(dict(scene.honest.proof_jwk)))
    yield "the key of the proofs", scene.asks_token(client_assertion=by_proof_key)
    confused = scene.other.assertion(scene.now, iss=scene.honest.id, sub=scene.honest.id)
    yield "the other client speaks for this one", scene.asks_token(client_assertion=confused)
    yield "client_id of the other client", scene.asks_token(client_id=scene.other.id)
    yield (
        "assertion of the other client, client_id of this",
        scene.asks_token(client_assertion=scene.other.assertion(scene.now), client_id=scene.honest.id),
    )


def form(scene: Scene) -> Iterator[Attack]:
    """Forms that are not the one form."""
    good = scene.honest.form(scene.now)
    assertion = good["client_assertion"]

    def sent(body: bytes) -> Request:
        return scene.asks_token(body=body)

    for name in ("grant_type", "client_assertion", "client_assertion_type"):
        yield f"without {name}", sent(encoded(changed(good, {name: ...})))
        yield f"{name} is empty", sent(encoded({**good, name: ""}))
        yield f"{name} twice, equal", sent(encoded(good) + b"&" + encoded({name: good[name]}))
        yield f"{name} twice, different", sent(encoded(good) + b"&" + encoded({name: "x"}))
    for name, value in (
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        ("client_assertion_type", ASSERTION_TYPE.upper()),
        ("client_secret", "hunter2"),
        ("resource", "https://other.example/graphql"),
        ("resource", scene.resource + "/"),
        ("scope", "admin"),
        ("scope", "openid profile"),
        ("client_id", scene.honest.id.upper()),
    ):
        yield f"{name} is {value}", sent(encoded({**scene.honest.form(scene.now), name: value}))
    yield "resource twice", sent(encoded(good) + b"&" + encoded({"resource": scene.resource}) * 2)
    yield (
        "two resources",
        sent(
            encoded(good)
            + b"&"
            + encoded({"resource": scene.resource})
            + b"&"
            + encoded({"resource": "https://x.example"})
        ),
    )
    yield (
        "the assertion stands in a list",
        sent(encoded({**changed(good, {"client_assertion": ...}), "client_assertion[]": assertion})),
    )
    yield "not UTF-8", sent(encoded(good) + b"&x=%ff%fe")
    yield "NUL in a value", sent(encoded(good) + b"&x=%00")
    yield "a line break in a value", sent(encoded(good) + b"&x=a%0d%0aSet-Cookie:b")
    yield "bytes beyond ASCII", sent(encoded(good) + "&x=é".encode())
    yield "no value sign", sent(b"grant_type")
    yield "nothing", sent(b"")
    yield "a hundred parameters", sent(encoded(good) + b"".join(b"&p%d=1" % number for number in range(100)))
    yield "oversize value", sent(encoded({**good, "x": "x" * 20_000}))
    yield "oversize body", sent(encoded({**good, "x": "x" * 100_000}))
    yield "JSON body under the form's type", sent(json.dumps(good).encode())


def transport(scene: Scene) -> Iterator[Attack]:
    """Ways to come that are not the one way."""
    good = scene.asks_token()
    for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"):
        yield f"method {method}", replace(scene.asks_token(), method=method)
    for kind in ("application/json", "multipart/form-data", "text/plain", FORM + ";charset=utf-16", "", FORM + "x"):
        yield f"content type {kind!r}", scene.asks_token().without("content-type").with_headers(("content-type", kind))
    yield "content type twice", scene.asks_token().with_headers(("content-type", FORM))
    yield "compressed", scene.asks_token().with_headers(("content-encoding", "gzip"))
    yield "parameters in the URL", replace(scene.asks_token(), path="/oauth/token?grant_type=client_credentials")
    yield "assertion in the URL alone", replace(good, path="/oauth/token?" + good.body.decode(), body=b"")
    for name, value in (
        ("Basic", "Basic " + "c2M6c2VjcmV0"),
        ("an access token", f"DPoP {scene.token}"),
        ("a bearer token", f"Bearer {scene.token}"),
        ("an officer's session", "Officer " + "x" * 43),
    ):
        yield f"Authorization with {name} besides", scene.asks_token().with_headers(("authorization", value))
    yield (
        "two Authorization headers",
        scene.asks_token().with_headers(("authorization", "Bearer a"), ("authorization", "Bearer b")),
    )
    yield (
        "certificate from nobody's proxy",
        scene.asks_token().with_headers(("client-cert", in_field(scene.certificate))),
    )
    for name, value in (("no certificate", "x"), ("two", in_field(scene.certificate) * 2), ("bytes", ":AAAA:")):
        yield (
            f"trusted proxy passes on {name}",
            replace(scene.asks_token(proof=None).with_headers(("client-cert", value)), source=PROXY),
        )


def proofs(scene: Scene) -> Iterator[Attack]:
    """What a proof at the token endpoint must not say."""
    now = int(scene.now.timestamp())
    wrong: dict[str, dict[str, Any]] = {
        "htm is GET": {"htm": "GET"},
        "htm in lower case": {"htm": "post"},
        "htm is absent": {"htm": ...},
        "htm is a list": {"htm": ["POST"]},
        "htu is the resource": {"htu": scene.resource},
        "htu is another host": {"htu": "https://other.example/oauth/token"},
        "htu with another scheme": {"htu": scene.token_url.replace("http:", "https:")},
        "htu with another port": {"htu": "http://127.0.0.1:1/oauth/token"},
        "htu with user information": {"htu": scene.token_url.replace("//", "//a@")},
        "htu with a slash more": {"htu": scene.token_url + "/"},
        "htu leaves the path": {"htu": scene.url + "/oauth/token/../introspect"},
        "htu is relative": {"htu": "/oauth/token"},
        "htu is absent": {"htu": ...},
        "htu is a number": {"htu": 7},
        "htu is very long": {"htu": scene.token_url + "?" + "x" * LONG},
        "iat is ten minutes old": {"iat": now - 600},
        "iat is ten minutes ahead": {"iat": now + 600},
        "iat is absent": {"iat": ...},
        "iat is a text": {"iat": str(now)},
        "iat is a fraction": {"iat": now + 0.5},
        "iat is true": {"iat": True},
        "jti is absent": {"jti": ...},
        "jti is empty": {"jti": ""},
        "jti is a number": {"jti": 1},
        "nonce is absent": {"nonce": ...},
        "nonce is made up": {"nonce": "A" * 24},
        "nonce is empty": {"nonce": ""},
        "nonce is a number": {"nonce": 7},
        "nonce of last year": {"nonce": "2025"},
    }
    for name, changes in wrong.items():
        nonce = changes.pop("nonce", scene.nonce)
        made = scene.honest.proof(scene.now, "POST", scene.token_url, nonce=None if nonce is ... else nonce, **changes)
        yield name, scene.asks_token(proof=made)
    yield (
        "clock an hour behind",
        scene.asks_token(
            proof=scene.honest.proof(scene.now - timedelta(hours=1), "POST", scene.token_url, nonce=scene.nonce)
        ),
    )


def proof_headers(scene: Scene) -> Iterator[Attack]:
    """What the header of a proof must not hold, and how many there must not be."""
    honest = scene.honest
    public, private = public_part(honest.proof_jwk), dict(honest.proof_jwk)
    wrong: dict[str, dict[str, Any]] = {
        "typ is JWT": {"typ": "JWT"},
        "typ is absent": {"typ": ...},
        "typ in a list": {"typ": ["dpop+jwt"]},
        "jwk is absent": {"jwk": ...},
        "jwk is private": {"jwk": private},
        "jwk is symmetric": {"jwk": {"kty": "oct", "k": "AAAA"}},
        "jwk is another key": {"jwk": public_part(new_client_key("ES256"))},
        "jwk is a text": {"jwk": "key"},
        "jwk is empty": {"jwk": {}},
        "jwk on another curve": {"jwk": {**public, "crv": "P-384"}},
        "jwk off the curve": {"jwk": {**public, "x": base64url(b"\1" * 32)}},
        "jwk with short numbers": {"jwk": {**public, "x": "AA"}},
        "jwk with padding": {"jwk": {**public, "x": str(public["x"]) + "="}},
        "jwk for encryption": {"jwk": {**public, "use": "enc"}},
        "jwk for another algorithm": {"jwk": {**public, "alg": "ES384"}},
        "kid instead of jwk": {"jwk": ..., "kid": honest.jwk["kid"]},
        "jku besides": {"jku": "http://127.0.0.1/keys"},
        "x5c besides": {"x5c": ["MIIB"]},
        "crit": {"crit": ["nonce"]},
    }
    for name, changes in wrong.items():
        yield name, scene.asks_token(proof=scene.proof(header=changes))
    good = scene.proof()
    first, second, third = good.split(".")
    bare = base64url(json.dumps({"typ": "dpop+jwt", "alg": "none", "jwk": public}).encode())
    mac = json.dumps({"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": base64url(b"k" * 32)}}).encode()
    small = {"kty": "RSA", "n": base64url(b"\xff" * 128), "e": "AQAB"}
    weak = base64url(json.dumps({"typ": "dpop+jwt", "alg": "PS256", "jwk": small}).encode())
    for name, text in (
        ("alg none", f"{bare}.{second}."),
        ("HS256 with its own secret", raw_signed(mac, json.dumps({}).encode(), "HS256", OctKey.import_key(b"k" * 32))),
        ("RSA of 1024 bits", f"{weak}.{second}.{third}"),
        ("signature absent", f"{first}.{second}."),
        ("signature of another", f"{first}.{second}.{scene.proof().split('.')[2]}"),
        ("no JWS", "proof"),
        ("an assertion", honest.assertion(scene.now)),
        ("an access token", scene.token),
        ("oversize", f"{first}.{second}{'A' * 5000}.{third}"),
    ):
        yield name, scene.asks_token(proof=text)
    yield "empty", scene.asks_token(proof=None).with_headers(("dpop", ""))
    yield "two proofs", scene.asks_token(proof=scene.proof()).with_headers(("dpop", scene.proof()))
    yield "two proofs in one header", scene.asks_token(proof=f"{scene.proof()}, {scene.proof()}")


def binding(scene: Scene) -> Iterator[Attack]:
    """Tokens that would be bound to nothing."""
    yield "no proof, no certificate", scene.asks_token(proof=None)
    yield "no proof, token type asked for", scene.asks_token(proof=None, token_type="Bearer")
    yield "no proof, cnf asked for", scene.asks_token(proof=None, cnf=json.dumps({"jkt": "x"}))
    yield "no proof, req_cnf asked for", scene.asks_token(proof=None, req_cnf="x")
    yield "thumbprint without a proof", scene.asks_token(proof=None, dpop_jkt="x" * 43)


def grants(scene: Scene) -> Iterator[Attack]:
    """Grants that are not given here."""
    for grant in (
        "authorization_code",
        "password",
        "refresh_token",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:device_code",
        "CLIENT_CREDENTIALS",
        "client_credentials ",
        "client_credentials,password",
    ):
        yield (
            f"grant {grant}",
            scene.asks_token(
                grant_type=grant, code="x", username="a", password="b", refresh_token="x", subject_token=scene.token
            ),
        )
