"""A small OpenID provider on loopback: authorization code with PKCE, over Authlib's and joserfc's parts."""

import base64
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

from tests.connectors.servers import serving

CLIENT, SECRET = "credit-hub", "a-secret-of-the-client-that-is-long-enough"


@dataclass
class OpenIdProvider:
    """
    Signs in whoever it is told to.

    Tests bend it: *bend* changes the claims of the next token, *header* and *key* how it is signed.
    """

    url: str = ""
    issuer: str | None = None
    person: str = "E-2001"
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "op-1", "use": "sig"}))
    signs_with: Any = None
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256", "kid": "op-1"})
    algorithms: tuple[str, ...] = ("ES256", "HS256", "none")
    bend: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    client_key: ECKey | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/.well-known/openid-configuration":
                return web.json_response(self._metadata())
            case "/jwks":
                return web.json_response(KeySet([self.key]).as_dict(private=False))
            case "/authorize":
                return self._authorize(dict(request.query))
            case "/token":
                return self._token(request.headers.get("authorization", ""), dict(await request.post()))
        return web.Response(status=404)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": list(self.algorithms),
        }

    def _authorize(self, asked: dict[str, str]) -> web.Response:
        self.asked.append(asked)
        assert ("code", CLIENT, "S256") == (asked["response_type"], asked["client_id"], asked["code_challenge_method"])
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        answer = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        return web.Response(status=302, headers={"location": f"{asked['redirect_uri']}?{answer}"})

    def _token(self, authorization: str, form: dict[str, Any]) -> web.Response:
        asked = self._codes.pop(str(form.get("code")), None)
        if not self._knows_client(authorization, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        proved = asked is not None and asked["code_challenge"] == create_s256_code_challenge(form["code_verifier"])
        if asked is None or not proved or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.tokens += 1
        return web.json_response(
            {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "id_token": self._id_token(asked)}
        )

    def _knows_client(self, authorization: str, form: dict[str, Any]) -> bool:
        if self.client_key is None:
            return base64.b64decode(authorization.removeprefix("Basic ")) == f"{CLIENT}:{SECRET}".encode()
        claims = jwt.decode(form["client_assertion"], self.client_key, algorithms=["ES256"]).claims
        return bool((CLIENT, CLIENT) == (claims["iss"], claims["sub"]) and claims["exp"] > time.time())

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.person,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 120,
            "auth_time": now,
            "nonce": asked["nonce"],
            "acr": "strong",
        }
        bent = self.bend(claims)
        if self.header["alg"] == "none":
            parts = [base64.urlsafe_b64encode(jwt_json(part)).rstrip(b"=").decode() for part in (self.header, bent)]
            return ".".join([*parts, ""])
        return jwt.encode(self.header, bent, self.signs_with or self.key, algorithms=[self.header["alg"]])


def jwt_json(value: dict[str, Any]) -> bytes:
    import json

    return json.dumps(value).encode()


def shared_secret() -> OctKey:
    """The client's secret as a key, for who confuses the algorithms."""
    return OctKey.import_key(SECRET)


@asynccontextmanager
async def openid_provider() -> AsyncIterator[OpenIdProvider]:
    """Run one."""
    provider = OpenIdProvider()
    async with serving(provider.handle) as url:
        provider.url = url
        yield provider
