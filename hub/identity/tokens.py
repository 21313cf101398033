"""
Access tokens: signed JWTs that say which partner asks, for how long, and nothing about what it may see.

Rules:
    - The algorithm is pinned twice: to the two we issue, and to the one that stands on the key. `none`, HMAC, RSA and
      keys or certificates inside the header are refused before a signature is computed.
    - The header has `alg`, `kid`, `typ` and nothing else, each once; `typ` is `at+jwt`, so that no other JWT of ours
      (and none of theirs) can pass for an access token.
    - Every required claim must be present and of its type. `exp` has no leeway; `iat` and `nbf` may lie ahead by the
      configured skew. A token that claims a longer life than we give is refused, whoever signed it.
    - A verified token is remembered by its digest until it expires; the partner's state is not part of that memory.
    - `sub` has the form of a partner's identifier before anyone looks it up: signed or not, a lone surrogate or NUL
      would break the store's driver instead of being unknown.
    - A token is bound to a key of its holder (`cnf`: `jkt` for DPoP, `x5t#S256` for a client certificate) and names the
      key by which the client got it (`client_key`, a thumbprint): when that key is revoked, the token ends. A token
      without both is a bare bearer token; whether one is taken is the doorkeeper's matter.
    - A refusal names the rule, never the token or a claim's value.

Source: RFC 9068, 2 and 4; RFC 8725, 3; RFC 7515, 4; RFC 7800, 3; RFC 8705, 3.1; RFC 9449, 6.1.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import KeySet, import_key
from joserfc.util import urlsafe_b64decode

from hub.errors import UnauthenticatedError
from hub.identity.caller import is_partner_id
from hub.identity.strict_json import DuplicateNameError, strict_object

ALGORITHMS = frozenset({"ES256", "Ed25519"})
TYPE = "at+jwt"
TOKEN_MAX = 4_096
# How long a removed key may still verify, and how long a new one may not yet.
KEYS_FRESH = timedelta(seconds=1)

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({TYPE, f"application/{TYPE}"})
_TEXT_CLAIMS = ("iss", "sub", "client_id", "jti")
_TEXT_CLAIM_MAX = 256

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_BINDINGS = {"jkt": "jkt", "x5t#S256": "x5t"}

Jwks = Callable[[], Mapping[str, Any]]


class _PinnedRegistry(jws.JWSRegistry):
    """Knows our algorithms only. `Ed25519` says its curve, which `EdDSA` did not (RFC 9864)."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("algorithm not allowed")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """
    What a token is bound to, and how it was got.

    Attributes:
        client_key: Thumbprint of the key by which the client authenticated (RFC 7638).
        jkt: Thumbprint of the key that makes its proofs; None if it is bound to a certificate.
        x5t: SHA-256 of the client certificate, base64url; None if it is bound to a proof's key.
    """

    client_key: str
    jkt: str | None = None
    x5t: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A new token, its id and its last moment (exclusive, aware UTC)."""

    token: str
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """
    What a verified token says. `expires` and `issued` are seconds since 1970 (NumericDate).

    A bare bearer token has no `binding`.
    """

    partner: str
    jti: str
    kid: str
    issued: int
    expires: int
    binding: Binding | None = None


class TokenIssuer:
    """Mints tokens with one private key."""

    def __init__(self, *, private_jwk: Mapping[str, str], issuer: str, audience: str) -> None:
        self._kid = private_jwk["kid"]
        self._alg = private_jwk["alg"]
        self._key = import_key(dict(private_jwk))
        self._issuer = issuer
        self._audience = audience

    def mint(self, partner: str, *, now: datetime, lifetime_s: int, jti: str, binding: Binding | None = None) -> Minted:
        """
        Mint a token for *partner*.

        Args:
            partner: Its identifier: `sub` and `client_id`.
            now: Aware.
            lifetime_s: Seconds until it expires.
            jti: Unique, at least 128 bits of randomness in it.
            binding: What it is bound to; None makes a bare bearer token, good for whoever holds it.
        """
        issued = int(now.timestamp())
        header = {"alg": self._alg, "kid": self._kid, "typ": TYPE}
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": partner,
            "client_id": partner,
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime_s,
            "jti": jti,
        }
        if binding is not None:
            bound = {name: getattr(binding, kept) for name, kept in _BINDINGS.items()}
            claims["cnf"] = {name: value for name, value in bound.items() if value is not None}
            claims["client_key"] = binding.client_key
        payload = orjson.dumps(claims)
        token = jws.serialize_compact(header, payload, self._key, registry=_PinnedRegistry())
        return Minted(token=token, jti=jti, expires_at=datetime.fromtimestamp(issued + lifetime_s, UTC))


class TokenVerifier:
    """Verifies tokens against the hub's own public keys. One per process."""

    def __init__(
        self, *, jwks: Jwks, issuer: str, audience: str, lifetime_max_s: int, skew_s: int, cache_size: int
    ) -> None:
        self._jwks = jwks
        self._issuer = issuer
        self._audience = audience
        self._lifetime_max_s = lifetime_max_s
        self._skew_s = skew_s
        self._cache_size = cache_size
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._jwk_set: Sequence[object] = ()
        self._keys: KeySet | None = None
        self._kids: frozenset[str] = frozenset()
        self._keys_read_at: datetime | None = None

    def verify(self, token: str, now: datetime) -> Claims:
        """
        Verify *token* at *now* (aware).

        Raises:
            UnauthenticatedError: it is not one of our tokens, or its time is not now.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        self._refresh_keys(now)
        claims = self._verified.get(digest)
        if claims is not None and claims.kid not in self._kids:
            claims = None
        if claims is None:
            claims = self._verify_anew(token, now)
            self._remember(digest, claims)
        if claims.expires <= now.timestamp():
            self._verified.pop(digest, None)
            raise UnauthenticatedError("The token has expired")
        return claims

    def is_known(self, kid: str, now: datetime) -> bool:
        """Whether the key *kid* still verifies at *now* (aware): for whoever remembers what `verify` said."""
        self._refresh_keys(now)
        return kid in self._kids

    @property
    def memory(self) -> int:
        """How many verified tokens may be remembered."""
        return self._cache_size

    def _verify_anew(self, token: str, now: datetime) -> Claims:
        if len(token) > TOKEN_MAX:
            raise UnauthenticatedError("The token is too long")
        if _COMPACT.fullmatch(token) is None:
            raise UnauthenticatedError("The token is not a compact JWS")
        header = _part(token.split(".", maxsplit=1)[0])
        _check_header(header)
        kid = cast("str", header["kid"])
        if kid not in self._kids or self._keys is None:
            raise UnauthenticatedError("The token is signed by a key we do not have")
        try:
            signed = jws.deserialize_compact(token, self._keys, registry=_PinnedRegistry())
        except (JoseError, ValueError):
            # joserfc's own words may quote the header; ours do not.
            raise UnauthenticatedError("The token's signature does not verify") from None
        return self._claims(_object(signed.payload or b""), kid, now)

    def _claims(self, claims: Mapping[str, object], kid: str, now: datetime) -> Claims:
        for name in _TEXT_CLAIMS:
            value = claims.get(name)
            if not isinstance(value, str) or not 0 < len(value) <= _TEXT_CLAIM_MAX or not value.isprintable():
                raise UnauthenticatedError(f"The claim {name} is missing or not a text")
        issued, expires = _instant(claims, "iat"), _instant(claims, "exp")
        not_before = _instant(claims, "nbf") if "nbf" in claims else issued
        if claims["iss"] != self._issuer:
            raise UnauthenticatedError("The token was issued by another issuer")
        if self._audience not in _texts(claims.get("aud")):
            raise UnauthenticatedError("The token is for another resource")
        if claims["sub"] != claims["client_id"]:
            raise UnauthenticatedError("The token speaks for a user; here partners ask for themselves")
        if not is_partner_id(cast("str", claims["sub"])):
            raise UnauthenticatedError("The token's holder has not the form of a partner")
        if expires - issued > self._lifetime_max_s or expires <= issued:
            raise UnauthenticatedError("The token claims a lifetime we do not give")
        if max(issued, not_before) > now.timestamp() + self._skew_s:
            raise UnauthenticatedError("The token is not valid yet")
        return Claims(
            partner=cast("str", claims["sub"]),
            jti=cast("str", claims["jti"]),
            kid=kid,
            issued=issued,
            expires=expires,
            binding=_binding(claims),
        )

    def _remember(self, digest: bytes, claims: Claims) -> None:
        if self._cache_size == 0:
            return
        self._verified[digest] = claims
        while len(self._verified) > self._cache_size:
            self._verified.popitem(last=False)

    def _refresh_keys(self, now: datetime) -> None:
        read_at = self._keys_read_at
        # A clock that stepped back counts as stale too.
        if read_at is not None and timedelta() <= now - read_at < KEYS_FRESH:
            return
        keys = cast("Sequence[dict[str, Any]]", self._jwks()["keys"])
        if keys != self._jwk_set or self._keys is None:
            self._keys = KeySet([import_key(key) for key in keys])
            self._kids = frozenset(str(key["kid"]) for key in keys)
            self._jwk_set = keys
        self._keys_read_at = now


def _check_header(header: Mapping[str, object]) -> None:
    if header.keys() != _HEADER_NAMES:
        raise UnauthenticatedError("The token's header does not consist of alg, kid and typ")
    if not all(isinstance(value, str) for value in header.values()):
        raise UnauthenticatedError("The token's header has a member that is not a text")
    if header["alg"] not in ALGORITHMS:
        raise UnauthenticatedError("The token's algorithm is not one of ours")
    if str(header["typ"]).lower() not in _TYPES:
        raise UnauthenticatedError("The token is not an access token (at+jwt)")


def _part(encoded: str) -> Mapping[str, object]:
    try:
        return _object(urlsafe_b64decode(encoded.encode("ascii")))
    except ValueError:
        raise UnauthenticatedError("The token's header is not base64url") from None


def _object(data: bytes) -> Mapping[str, object]:
    try:
        return strict_object(data)
    except DuplicateNameError:
        raise UnauthenticatedError("The token names a member twice") from None
    except ValueError:
        raise UnauthenticatedError("The token does not hold JSON objects") from None


def _binding(claims: Mapping[str, object]) -> Binding | None:
    if "cnf" not in claims and "client_key" not in claims:
        return None
    bound, client_key = claims.get("cnf"), claims.get("client_key")
    # One way to confirm it, not two: nobody is to choose the weaker.
    if not isinstance(bound, dict) or len(bound) != 1 or not bound.keys() <= _BINDINGS.keys():
        raise UnauthenticatedError("The token is bound in a way we do not know")
    ((name, value),) = bound.items()
    for each in (value, client_key):
        if not isinstance(each, str) or _THUMBPRINT.fullmatch(each) is None:
            raise UnauthenticatedError("The token is bound to something that is no thumbprint")
    return Binding(client_key=cast("str", client_key), **{_BINDINGS[name]: cast("str", value)})


def _instant(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 40:
        raise UnauthenticatedError(f"The claim {name} is missing or not a NumericDate")
    return value


def _texts(value: object) -> list[str]:
    """A text or an array of texts, as a list; empty for anything else."""
    each = value if isinstance(value, list) else [value]
    texts = [text for text in each if isinstance(text, str)]
    return texts if len(texts) == len(each) else []
