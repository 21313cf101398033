"""
Sign-in and step-up at an outside OpenID provider, through Authlib's client.

Rules:
    - Authorization code, PKCE (S256), state and nonce. The state is taken once and counts only in the browser that
      began (a cookie of its own, Lax, since the provider sends the browser back from another site).
    - The provider is asked for a fresh sign-in (`prompt=login`, `max_age=0`) and must say when it was (`auth_time`):
      else a session of its own, hours old, would pass for a proof of presence.
    - Issuer, audience (this hub alone), expiry, nonce and signature are checked; only asymmetric algorithms count,
      whatever the provider's metadata say.
    - An outside provider makes nobody an officer: a claim names the person of an account that exists and is active.

Source: OpenID Connect Core 1.0, 3.1; RFC 9700 (PKCE); RFC 9207 (`iss` in the answer).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from httpx2 import TransportError
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from sqlalchemy import bindparam, select

from hub.errors import SettingsError, UnavailableError
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.challenges import Challenge, Challenges, Purpose
from hub.identity.officers.errors import no_challenge, not_accepted
from hub.identity.officers.model import Acting, OfficerState
from hub.identity.officers.office import Office
from hub.identity.officers.rows import OFFICER
from hub.identity.officers.seal import Seal
from hub.identity.officers.sessions import Method, OfficerSessions, Started
from hub.store.engine import glancing, writing

_ALGORITHMS = ("ES256", "ES384", "PS256", "PS384", "RS256", "EdDSA", "Ed25519")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_TIMEOUT_S = 10.0
_BY_PERSON = select(OFFICER.c.id, OFFICER.c.state).where(OFFICER.c.person == bindparam("person"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideConfig:
    """
    An outside provider.

    Attributes:
        issuer: Its issuer identifier; its metadata lie below it at `/.well-known/openid-configuration`.
        client_id: What it knows this hub by.
        credential: The client's secret, or its private key (JWK) if *by_key*.
        by_key: Whether the hub shows signed assertions (`private_key_jwt`) instead of a secret.
        claim: Claim of the ID token that is an officer's `person`.
        acr: Authentication context that the ID token must tell of; None: any.
        callback: Where the provider sends the browser back to.
        skew_s: How far its clock may differ.
    """

    issuer: str
    client_id: str
    credential: str = field(repr=False)
    by_key: bool
    claim: str
    acr: str | None
    callback: str
    skew_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where a browser is sent: the address, and what ties the answer to this browser (for a cookie)."""

    url: str
    binding: str


class _Kept(msgspec.Struct, frozen=True):
    """What the answer is checked by; sealed in the meantime."""

    code_verifier: str
    nonce: str
    began_s: float


class OutsideProvider:
    """Lets officers in by an outside provider."""

    def __init__(self, office: Office, sessions: OfficerSessions, *, seal: Seal, config: OutsideConfig) -> None:
        self._office = office
        self._sessions = sessions
        self._challenges = Challenges(office)
        self._seal = seal
        self._config = config
        self._client: StarletteOAuth2App | None = None

    async def begin(self, acting: Acting | None = None) -> Sent:
        """
        Begin a sign-in, or for *acting* a step-up.

        Raises:
            UnavailableError: the provider cannot be reached, or is not who it should be.
        """
        client = await self._ready()
        challenge = self._challenges.fresh(
            officer=None if acting is None else acting.officer.id, session=None if acting is None else acting.session
        )
        made: Mapping[str, str] = await client.create_authorization_url(
            self._config.callback, state=challenge.id, prompt="login", max_age=0
        )
        kept = _Kept(made["code_verifier"], made["nonce"], self._office.clock.now().timestamp())
        sealed = self._seal.close(msgspec.json.encode(kept), f"challenge:{challenge.id}")
        await self._challenges.keep(replace(challenge, detail=sealed), Purpose.OIDC)
        return Sent(url=made["url"], binding=challenge.challenge.hex())

    async def finish(self, answer: Mapping[str, str], binding: str | None) -> Started:
        """
        Take the provider's *answer* (the parameters of the callback) from the browser that shows *binding*.

        Raises:
            NotSignedInError: the ceremony is over or another browser's, or the answer was not accepted.
            UnavailableError: the provider cannot be reached.
        """
        challenge = await self._challenges.take(answer.get("state", ""), Purpose.OIDC)
        if challenge.detail is None or not hmac.compare_digest((binding or "").encode(), _binding_of(challenge)):
            raise no_challenge()
        kept = msgspec.json.decode(self._seal.open(challenge.detail, f"challenge:{challenge.id}"), type=_Kept)
        claims = await self._claims(answer, kept)
        officer = None if claims is None else await self._officer(claims)
        if officer is None or challenge.officer not in {None, officer}:
            raise await self._failed(officer, "outside" if claims is None else "unknown_person")
        async with writing(self._office.engine) as writer:
            if challenge.session is not None:
                return await self._sessions.step_up(writer, challenge.session, Method.OIDC)
            return await self._sessions.start(writer, officer, Method.OIDC, Carrier.COOKIE)

    async def _claims(self, answer: Mapping[str, str], kept: _Kept) -> Mapping[str, Any] | None:
        """Fetch and check the ID token; None: it, or the answer, does not hold."""
        if "code" not in answer or answer.get("iss", self._config.issuer) != self._config.issuer:
            return None
        client = await self._ready()
        try:
            token = await client.fetch_access_token(
                self._config.callback, code=answer["code"], code_verifier=kept.code_verifier
            )
            claims: Mapping[str, Any] | None = await client.parse_id_token(
                token, nonce=kept.nonce, claims_options=self._expected(), leeway=self._config.skew_s
            )
        except TransportError:
            raise UnavailableError("The officers' identity provider cannot be reached") from None
        except Exception:  # noqa: BLE001  whatever the answer breaks in Authlib, joserfc or us: it is not accepted
            return None
        return claims if claims is not None and self._is_ours(claims, kept) else None

    def _expected(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self._config.issuer},
            "aud": {"essential": True, "value": self._config.client_id},
            "exp": {"essential": True},
            "nonce": {"essential": True},
        }

    def _is_ours(self, claims: Mapping[str, Any], kept: _Kept) -> bool:
        audience, at = claims.get("aud"), claims.get("auth_time")
        fresh = isinstance(at, int | float) and at >= kept.began_s - self._config.skew_s - 1
        alone = audience in (self._config.client_id, [self._config.client_id])
        return alone and fresh and self._config.acr in {None, claims.get("acr")}

    async def _officer(self, claims: Mapping[str, Any]) -> str | None:
        person = claims.get(self._config.claim)
        if not isinstance(person, str) or not person.isprintable():
            return None
        async with glancing(self._office.engine) as reader:
            row = await reader.first(_BY_PERSON, {"person": person})
        return None if row is None or OfficerState(row.state) is not OfficerState.ACTIVE else str(row.id)

    async def _ready(self) -> StarletteOAuth2App:
        if self._client is None:
            self._client = self._make()
        try:
            metadata = await self._client.load_server_metadata()
        except Exception:  # noqa: BLE001  not reached, not JSON, not 200: the same to the officer
            raise UnavailableError("The officers' identity provider cannot be reached") from None
        self._check(metadata)
        told = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in told if name in _ALGORITHMS]
        return self._client

    def _check(self, metadata: Mapping[str, Any]) -> None:
        plain = urlsplit(self._config.issuer).scheme == "http"
        schemes = {"https", "http"} if plain else {"https"}
        endpoints = [urlsplit(str(metadata.get(name, ""))) for name in _ENDPOINTS]
        if metadata.get("issuer") != self._config.issuer or any(each.scheme not in schemes for each in endpoints):
            raise UnavailableError("The officers' identity provider is not the one expected")

    def _make(self) -> StarletteOAuth2App:
        credential: str | ECKey | OKPKey | RSAKey = self._config.credential
        arguments: dict[str, Any] = {
            "scope": "openid",
            "code_challenge_method": "S256",
            "timeout": _TIMEOUT_S,
            # The environment's proxies are for other programs.
            "trust_env": False,
        }
        methods: list[object] = []
        if self._config.by_key:
            credential, algorithm = _signing_key(str(credential))
            arguments |= {"token_endpoint_auth_method": "private_key_jwt"}
            methods = [PrivateKeyJWT(alg=algorithm)]
        registered: StarletteOAuth2App = OAuth().register(
            "officers",
            client_id=self._config.client_id,
            client_secret=credential,
            server_metadata_url=f"{self._config.issuer}/.well-known/openid-configuration",
            client_kwargs=arguments,
            client_auth_methods=methods,
        )
        return registered

    async def _failed(self, officer: str | None, why: str) -> Exception:
        async with writing(self._office.engine) as writer:
            await self._office.note(writer, "session", "refused", officer=officer, method=Method.OIDC.value, why=why)
        return not_accepted()


def life_of_binding() -> timedelta:
    """How long a browser keeps what ties it to a ceremony."""
    return Purpose.OIDC.life


def _binding_of(challenge: Challenge) -> bytes:
    return challenge.challenge.hex().encode()


def _signing_key(text: str) -> tuple[ECKey | OKPKey | RSAKey, str]:
    """Read a private JWK, and how it signs."""
    try:
        jwk = msgspec.json.decode(text.encode(), type=dict[str, str | list[str]])
        key = import_key(jwk)
    except (ValueError, JoseError, msgspec.MsgspecError):
        raise SettingsError("HUB_OFFICER_OIDC_CLIENT_KEY: expected a private JWK") from None
    match key:
        case ECKey():
            return key, {"P-256": "ES256", "P-384": "ES384"}.get(str(jwk.get("crv")), "ES512")
        case OKPKey():
            return key, "EdDSA"
        case RSAKey():
            return key, "PS256"
        case _:
            raise SettingsError("HUB_OFFICER_OIDC_CLIENT_KEY: expected a key of type EC, OKP or RSA")
