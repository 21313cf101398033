"""
Proofs of possession (DPoP): a signature, made for one request, by the key a token is bound to.

Rules:
    - The key stands in the proof's header, public, of a type we know, and signs in the one way of its type.
    - A proof names the request's method and URL, carries a nonce of ours, is at most a minute old, and at the resource
      the digest of the token it goes with. It is good once: whoever acts on it records `Proof.digest` in the same
      transaction.
    - A proof without a nonce we know is told which to carry, and nothing of it is recorded.
    - Keys are remembered by the header's bytes: the next proof of the same client costs one verification.

Source: RFC 9449, 4.2, 4.3, 8, 9 and 11.1.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from posixpath import normpath
from urllib.parse import unquote_to_bytes, urlsplit

from hub.identity.caller import Proof
from hub.identity.compact import Compact, CompactError, check_header, instant_of, take_apart, text_of
from hub.identity.nonces import Nonces
from hub.identity.public_keys import ALGORITHMS, KeyRefusedError, PublicKey, public_key, to_base64url

AGE_MAX_S = 60
SIGNING_ALGORITHMS = " ".join(ALGORITHMS)
_TYPES: frozenset[str | None] = frozenset({"dpop+jwt"})
_OWN = frozenset({"jwk"})
_KEYS_KEPT = 2_000
_HEAD_KEPT_MAX = 2_048
_URL_MAX = 2_048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPED = re.compile(rb"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class ProofError(Exception):
    """
    The proof is not one. The text says why, and quotes nothing of it.

    Attributes:
        error: `invalid_dpop_proof`, or `use_dpop_nonce` if only the nonce is wrong.
        nonce: The nonce to carry; None unless the error is that one.
    """

    def __init__(self, message: str, *, nonce: str | None = None) -> None:
        super().__init__(message)
        self.error = "invalid_dpop_proof" if nonce is None else "use_dpop_nonce"
        self.nonce = nonce


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """
    A proof that holds, as far as it was not used before.

    Attributes:
        thumbprint: Of the key that made it (`jkt`).
        proof: What must be recorded of it.
        renewed: The nonce to carry from now on; None if it carried that one.
    """

    thumbprint: str
    proof: Proof
    renewed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a proof must name.

    Attributes:
        method: HTTP method, as it came.
        url: Of the resource, as partners know it, without query and fragment.
        token: The access token beside it; None at the token endpoint.
    """

    method: str
    url: str
    token: bytes | None


class Proofs:
    """Verifies proofs. One per process."""

    def __init__(self, nonces: Nonces, *, skew_s: int) -> None:
        self._nonces = nonces
        self._skew_s = skew_s
        self._keys: OrderedDict[str, PublicKey] = OrderedDict()

    def nonce(self, now: datetime) -> str:
        """The nonce to give out at *now* (aware)."""
        return self._nonces.current(now)

    def verify(self, headers: Sequence[bytes], request: Request, now: datetime) -> Proven:
        """
        Verify the DPoP headers of *request* at *now* (aware).

        Raises:
            ProofError: they are not one proof for this request.
        """
        if len(headers) != 1:
            raise ProofError("Send one DPoP header")
        try:
            jws = take_apart(headers[0].decode("ascii"), "The proof")
            key = self._key(jws)
            if not jws.is_by(key):
                raise ProofError("The proof's signature does not verify")
            issued = self._check_claims(jws, request, now)
            jti = text_of(jws, "jti", "The proof")
        except UnicodeDecodeError:
            raise ProofError("The proof is not a compact JWS") from None
        except (CompactError, KeyRefusedError) as error:
            raise ProofError(str(error)) from None
        nonce = self._check_nonce(jws, now)
        current = self._nonces.current(now)
        return Proven(
            thumbprint=key.thumbprint,
            proof=Proof(
                digest=hashlib.sha256(f"proof\0{key.thumbprint}\0{jti}".encode("utf-8", "surrogatepass")).digest(),
                expires_at=float(issued + AGE_MAX_S + self._skew_s + 1),
            ),
            renewed=None if nonce == current else current,
        )

    def _key(self, jws: Compact) -> PublicKey:
        found = self._keys.get(jws.head)
        if found is not None:
            self._keys.move_to_end(jws.head)
            return found
        check_header(jws, "The proof", types=_TYPES, own=_OWN)
        jwk = jws.header.get("jwk")
        if not isinstance(jwk, dict):
            raise CompactError("The proof's header does not hold its key (jwk)")
        # The key's name is of no use here, and could be anything.
        key = public_key({name: value for name, value in jwk.items() if name != "kid"})
        # Anybody may send any key: what is kept of that is bounded in number and in size.
        if len(jws.head) <= _HEAD_KEPT_MAX:
            self._keys[jws.head] = key
            while len(self._keys) > _KEYS_KEPT:
                self._keys.popitem(last=False)
        return key

    def _check_claims(self, jws: Compact, request: Request, now: datetime) -> int:
        claims = jws.claims
        if claims.get("htm") != request.method:
            raise ProofError("The proof is for another method (htm)")
        url = claims.get("htu")
        if not isinstance(url, str) or normalised(url) != normalised(request.url):
            raise ProofError("The proof is for another URL (htu)")
        issued = instant_of(jws, "iat", "The proof")
        if not -AGE_MAX_S - self._skew_s <= issued - now.timestamp() <= self._skew_s:
            raise ProofError("The proof was not made just now (iat)")
        if request.token is not None and claims.get("ath") != to_base64url(hashlib.sha256(request.token).digest()):
            raise ProofError("The proof is for another token (ath)")
        return issued

    def _check_nonce(self, jws: Compact, now: datetime) -> str:
        nonce = jws.claims.get("nonce")
        if not isinstance(nonce, str) or not self._nonces.is_known(nonce, now):
            raise ProofError("The proof must carry the nonce of the DPoP-Nonce header", nonce=self._nonces.current(now))
        return nonce


@lru_cache(maxsize=1_024)
def normalised(url: str) -> str | None:
    """
    Bring the URL of a proof into the one form in which two are compared: without query and fragment.

    None if it is not an absolute http(s) URL.

    Source: RFC 9449, 4.3; RFC 3986, 6.2.2 and 6.2.3.
    """
    if len(url) > _URL_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        return None
    if ":" in host:
        host = f"[{host}]"
    where = host if port in {None, _DEFAULT_PORTS[scheme]} else f"{host}:{port}"
    return f"{scheme}://{where}{_path(parts.path)}"


def _path(path: str) -> str:
    def spell(match: re.Match[bytes]) -> bytes:
        byte = unquote_to_bytes(match[0])
        return byte if byte[0] in _UNRESERVED else match[0].upper()

    spelled = _ESCAPED.sub(spell, path.encode("ascii")).decode("ascii") or "/"
    # Not for "//", which normpath would fold: it is another path.
    if "/." not in spelled:
        return spelled
    ends = "/" if spelled.endswith(("/", "/.", "/..")) else ""
    plain = normpath("/" + spelled.lstrip("/"))
    return plain if plain == "/" else plain + ends
