"""A client of the authorization server that can also misbehave: it signs whatever it is told to, with real keys."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

from hub.identity.client_keys import new_client_key, public_part

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NUMBERS = count(1)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: Mapping[str, Any], claims: Any, key: ECKey | OKPKey | RSAKey | OctKey) -> str:
    """A JWS over *claims* (JSON, or bytes as they are), by whatever algorithm the header names."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return raw_signed(json.dumps(dict(header)).encode(), payload, str(header["alg"]), key)


def raw_signed(header: bytes, payload: bytes, algorithm: str, key: Any) -> str:
    """A JWS over bytes that need not even be JSON."""
    text = f"{base64url(header)}.{base64url(payload)}"
    signature = jws.JWSRegistry.algorithms[algorithm].sign(text.encode(), key)
    return f"{text}.{base64url(signature)}"


class OAuthClient:
    """
    A partner's program.

    Attributes:
        id: Client id.
        jwk: Its private key, to authenticate with.
        proof_jwk: Its private key, to make proofs with.
    """

    def __init__(
        self, client_id: str, *, issuer: str, algorithm: str = "ES256", proof_algorithm: str = "ES256"
    ) -> None:
        self.id = client_id
        self.issuer = issuer
        self.jwk = new_client_key(algorithm)
        self.proof_jwk = new_client_key(proof_algorithm)

    @property
    def public(self) -> dict[str, object]:
        """The JWK to register."""
        return {**public_part(self.jwk), "kid": self.jwk["kid"], "alg": self.jwk["alg"], "use": "sig"}

    def assertion(self, now: datetime, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """An assertion; claims replace those of a good one, and `...` takes one out."""
        seconds = int(now.timestamp())
        good = {
            "iss": self.id, "sub": self.id, "aud": self.issuer, "jti": f"a-{next(_NUMBERS)}",
            "iat": seconds, "exp": seconds + 60,
        }  # fmt: skip
        head = {"alg": self.jwk["alg"], "kid": self.jwk["kid"]}
        return signed(changed(head, header or {}), changed(good, claims), import_key(dict(self.jwk)))

    def proof(
        self,
        now: datetime,
        method: str,
        url: str,
        *,
        nonce: str | None = None,
        token: str | None = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A proof; claims replace those of a good one, and `...` takes one out."""
        good: dict[str, Any] = {
            "jti": f"p-{next(_NUMBERS)}", "htm": method, "htu": url, "iat": int(now.timestamp()),
            **({} if nonce is None else {"nonce": nonce}),
            **({} if token is None else {"ath": base64url(hashlib.sha256(token.encode()).digest())}),
        }  # fmt: skip
        head = {"typ": "dpop+jwt", "alg": self.proof_jwk["alg"], "jwk": public_part(self.proof_jwk)}
        return signed(changed(head, header or {}), changed(good, claims), import_key(dict(self.proof_jwk)))

    def form(self, now: datetime, **parameters: Any) -> dict[str, str]:
        """The form of a token request; parameters replace those of a good one, and `...` takes one out."""
        good = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(now),
        }
        return changed(good, parameters)


def changed(good: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """*good* with *changes*; what is changed to `...` is left out."""
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def encoded(form: Mapping[str, str]) -> bytes:
    """A form as a body."""
    return urlencode(form).encode()
