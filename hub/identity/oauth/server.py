"""
The authorization server's decisions: Authlib's core, told about one request at a time.

Authlib's core is framework-free, synchronous, and asks the store in the middle of its work. So everything it could ask
is looked up before, its answer is made in a thread, and what must be recorded is recorded after: an `Asked` goes in, an
`Outcome` comes out, and nothing here waits for anything.

Rules:
    - One grant, client_credentials; one way for clients, private_key_jwt; no scopes: what a partner may see is the
      policy's matter, not the token's.
    - A token is bound to the key of a proof, else to a client certificate. One bound to nothing is given only under
      `HUB_UNSAFE_BEARER_TOKENS`.
    - It lives as long as the settings say: Authlib's own default for this grant is ten days.
    - Of Authlib's verification of assertions nothing is used: it pins no algorithm and lets one live for a day.

Source: RFC 6749, 4.4; RFC 8707; RFC 8705, 3; RFC 9449, 5; RFC 7009; RFC 7662; FAPI 2.0 Security Profile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from hub.identity.dpop import ProofError, Proofs, Proven, Request
from hub.identity.oauth.assertion import Authenticated, Shown, check_assertion, not_known
from hub.identity.oauth.clients import Client
from hub.identity.oauth.refusals import NonceWantedError, ProofRefusedError, TargetRefusedError
from hub.identity.officers.model import Acting
from hub.identity.tokens import Binding, Claims, TokenIssuer

PRIVATE_KEY_JWT = "private_key_jwt"
_BY_SESSION = "officer_session"
TOKEN, INTROSPECTION, REVOCATION = "token", "introspection", "revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """
    What the server knows of the hub it belongs to.

    Attributes:
        issuer: Its identifier, and the base of its addresses.
        audience: The resource it gives tokens for.
        token_url: Of the token endpoint, which proofs name.
        tokens: Mints.
        proofs: Verifies proofs.
        lifetime_s: Of a token.
        skew_s: How far the clocks of clients may lie ahead.
        certificate_header: Lower-case name of the header in which a trusted proxy passes a certificate on.
        bare: UNSAFE. Whether tokens are given that are bound to nothing.
    """

    issuer: str
    audience: str
    token_url: str
    tokens: Callable[[], TokenIssuer]
    proofs: Proofs
    lifetime_s: int
    skew_s: int
    certificate_header: bytes
    bare: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A token that somebody names: what it says, and whether it is still good."""

    claims: Claims
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One request, and all that was looked up for it.

    Attributes:
        form: Parameters.
        now: Aware.
        shown: The assertion; None if none was shown.
        client: Whom it names; None if there is no such client.
        officer: Who acts by a session; None if no session was shown.
        proofs: Values of all DPoP headers.
        certificate: Thumbprint of the client certificate that a trusted proxy passed on.
        named: The token that is asked about; None if it is none of ours.
        jti: For a new token.
    """

    form: Mapping[str, str]
    now: datetime
    shown: Shown | None = None
    client: Client | None = None
    officer: Acting | None = None
    proofs: Sequence[bytes] = ()
    certificate: str | None = None
    named: Named | None = None
    jti: str = ""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """
    What to answer, and what to record before it is answered.

    Attributes:
        status, body, headers: Of the answer.
        authenticated: The assertion that is used up by it.
        proven: The proof that is used up by it.
        revoked: The token to take back.
    """

    status: int = 500
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Sequence[tuple[str, str]] = ()
    authenticated: Authenticated | None = None
    proven: Proven | None = None
    revoked: Claims | None = None


def decide(house: House, asked: Asked, endpoint: str) -> Outcome:
    """Decide *asked* at one of the three endpoints; whatever it is, an answer comes of it."""
    server = _Server(house, asked)
    request = _Request(asked.form)
    if endpoint == TOKEN:
        server.create_token_response(request)
    else:
        server.create_endpoint_response(endpoint, request)
    return server.outcome


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    def __init__(self, form: Mapping[str, str]) -> None:
        # Whether the transport is safe was decided by the settings; Authlib would refuse this machine's own addresses.
        super().__init__("POST", "https://hub.invalid/")
        self.payload = BasicOAuth2Payload(dict(form))

    @property
    def form(self) -> Mapping[str, str]:
        data: Mapping[str, str] = self.payload.data
        return data


class _Party(ClientMixin):  # type: ignore[misc]
    """Who asks, in Authlib's words: a client, or an officer in a session."""

    def __init__(self, client_id: str | None, method: str) -> None:
        self.client_id = client_id
        self.method = method

    def get_client_id(self) -> str | None:
        return self.client_id

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == self.method

    def check_grant_type(self, grant_type: str) -> bool:
        return self.client_id is not None and grant_type == ClientCredentialsGrant.GRANT_TYPE


class _Token(TokenMixin):  # type: ignore[misc]
    def __init__(self, named: Named) -> None:
        self.named = named

    def check_client(self, client: _Party) -> bool:
        return client.client_id is None or client.client_id == self.named.claims.partner

    def is_expired(self) -> bool:
        return not self.named.is_active

    def is_revoked(self) -> bool:
        return not self.named.is_active


class _Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server for one request: its memory is that request's facts."""

    def __init__(self, house: House, asked: Asked) -> None:
        super().__init__()
        self.house = house
        self.asked = asked
        self.outcome = Outcome()
        self.register_client_auth_method(PRIVATE_KEY_JWT, self._by_assertion)
        self.register_client_auth_method(_BY_SESSION, self._by_session)
        self.register_grant(_Grant)
        self.register_endpoint(_Introspection)
        self.register_endpoint(_Revocation)
        self.register_token_generator("default", self._token)

    def query_client(self, client_id: str) -> _Party | None:
        client = self.asked.client
        return None if client is None or client.partner.id != client_id else _Party(client_id, PRIVATE_KEY_JWT)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Nothing: a token says everything itself."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nothing: nobody listens."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def handle_response(self, status: int, body: Mapping[str, Any], headers: Sequence[tuple[str, str]]) -> None:
        self.outcome.status, self.outcome.body, self.outcome.headers = status, body, headers

    def validate_requested_scope(self, scope: str | None) -> None:
        if scope:
            raise InvalidScopeError("There are no scopes: the policy says what a partner may see")

    def _by_assertion(self, query_client: Callable[[str], _Party | None], _request: _Request) -> _Party | None:
        asked, house = self.asked, self.house
        if asked.shown is None:
            return None
        party = query_client(asked.shown.client)
        if party is None or asked.client is None:
            raise not_known()
        self.outcome.authenticated = check_assertion(
            asked.shown, asked.client.keys, issuer=house.issuer, now=asked.now, skew_s=house.skew_s
        )
        return party

    def _by_session(self, _query_client: object, _request: _Request) -> _Party | None:
        return None if self.asked.officer is None else _Party(None, _BY_SESSION)

    def _token(self, *, client: _Party, **_rest: object) -> dict[str, Any]:
        house, asked = self.house, self.asked
        binding = self._binding()
        minted = house.tokens().mint(
            str(client.client_id), now=asked.now, lifetime_s=house.lifetime_s, jti=asked.jti, binding=binding
        )
        by_proof = binding is not None and binding.jkt is not None
        return {
            "access_token": minted.token,
            "token_type": "DPoP" if by_proof else "Bearer",
            "expires_in": house.lifetime_s,
        }

    def _binding(self) -> Binding | None:
        authenticated, proven = self.outcome.authenticated, self.outcome.proven
        if authenticated is None:  # pragma: no cover  Authlib has authenticated the client before it mints
            raise not_known()
        client_key = authenticated.key.thumbprint
        if proven is not None:
            return Binding(client_key=client_key, jkt=proven.thumbprint)
        if self.asked.certificate is not None:
            return Binding(client_key=client_key, x5t=self.asked.certificate)
        return None


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = (PRIVATE_KEY_JWT,)
    server: _Server

    def validate_token_request(self) -> None:
        super().validate_token_request()
        house, asked = self.server.house, self.server.asked
        if asked.form.get("resource", house.audience) != house.audience:
            raise TargetRefusedError
        if asked.proofs:
            self.server.outcome.proven = _proven(house, asked)
        elif asked.certificate is None and not house.bare:
            raise InvalidRequestError("Tokens are bound to a key: send a DPoP proof, or come by mutual TLS")


class _Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = (PRIVATE_KEY_JWT, _BY_SESSION)
    server: _Server

    def check_params(self, request: _Request, _client: _Party) -> None:
        _check_token_named(request)

    def query_token(self, _text: str, _hint: str | None) -> _Token | None:
        return None if self.server.asked.named is None else _Token(self.server.asked.named)

    def check_permission(self, token: _Token, client: _Party, _request: _Request) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: _Token) -> dict[str, Any]:
        claims, house = token.named.claims, self.server.house
        binding = claims.binding
        bound = {} if binding is None else {"jkt": binding.jkt, "x5t#S256": binding.x5t}
        return {
            "active": True,
            "client_id": claims.partner,
            "sub": claims.partner,
            "iss": house.issuer,
            "aud": house.audience,
            "iat": claims.issued,
            "exp": claims.expires,
            "jti": claims.jti,
            "token_type": "DPoP" if binding is not None and binding.jkt is not None else "Bearer",
            **({} if binding is None else {"cnf": {name: value for name, value in bound.items() if value is not None}}),
        }


class _Revocation(RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = (PRIVATE_KEY_JWT, _BY_SESSION)
    server: _Server

    def check_params(self, request: _Request, _client: _Party) -> None:
        _check_token_named(request)

    def query_token(self, _text: str, _hint: str | None) -> _Token | None:
        return None if self.server.asked.named is None else _Token(self.server.asked.named)

    def revoke_token(self, token: _Token, _request: _Request) -> None:
        self.server.outcome.revoked = token.named.claims


def _check_token_named(request: _Request) -> None:
    # A hint may be wrong or unknown: there is one kind of token (RFC 7009, 2.1).
    if "token" not in request.form:
        raise InvalidRequestError("Expected the parameter token")


def _proven(house: House, asked: Asked) -> Proven:
    request = Request(method="POST", url=house.token_url, token=None)
    try:
        return house.proofs.verify(asked.proofs, request, asked.now)
    except ProofError as error:
        if error.nonce is not None:
            raise NonceWantedError(str(error), error.nonce) from None
        raise ProofRefusedError(str(error)) from None
