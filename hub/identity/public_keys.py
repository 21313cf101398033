"""
Public keys of partners and of their proofs: JSON Web Keys that are what they say, and nothing but public.

Rules:
    - The type of a key fixes how it signs: P-256 with ES256, Ed25519 with EdDSA (also named Ed25519), RSA of 2048 to
      8192 bits with PS256. `alg`, `use` and `key_ops` may agree with that or be absent.
    - A private member, in whichever key, refuses the whole set: its owner must know that the key is burnt.
    - A key id stands once in a set; a key without one is called by its thumbprint.
    - What is kept of a key is its required members alone: no certificate, no URL to follow.
    - Numbers have one spelling: base64url without padding, of the exact length, without leading zeros.

Source: RFC 7517; RFC 7518, 6; RFC 7638; RFC 8037; RFC 9864; FAPI 2.0 Security Profile, 5.4.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hub.identity.strict_json import strict_object
from keys.canonical import canonical_json

ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
"""What clients may sign with (FAPI 2.0, 5.4.1); the last two are one, RFC 9864 retires the first name."""
KEYS_MAX = 20
"""Keys of one set, and active keys of one partner."""
SET_MAX_BYTES = 65_536

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_OF_TYPE = {"EC": frozenset({"ES256"}), "OKP": frozenset({"EdDSA", "Ed25519"}), "RSA": frozenset({"PS256"})}
_COORDINATE = 32
_RSA_BITS = range(2048, 8193)
_EXPONENT_LEAST, _EXPONENT_BITS = 65_537, 33
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_KID_MAX = 128
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
_ECDSA = ec.ECDSA(hashes.SHA256())

Verify: TypeAlias = Callable[[bytes, bytes], bool]


class KeyRefusedError(ValueError):
    """A key, or a set of keys, is not one we accept. The text says why, and never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """
    A key that verifies.

    Attributes:
        kid: Its name; the thumbprint if it was given none.
        thumbprint: SHA-256 of its required members, base64url (RFC 7638).
        jwk: Its required members.
        algorithms: Names of the one way it signs.
        verify: Tells whether (signature, signed bytes) is by it; never raises.
    """

    kid: str
    thumbprint: str
    jwk: Mapping[str, str]
    algorithms: frozenset[str]
    verify: Verify

    @property
    def text(self) -> str:
        """The key as the store keeps it: canonical JSON."""
        return canonical_json(dict(self.jwk)).decode()


def read_set(data: bytes) -> tuple[PublicKey, ...]:
    """
    Read a JWK Set; keys that are for something else than signing are left out.

    Raises:
        KeyRefusedError: not such a set, or one of its keys breaks a rule.
    """
    members = read_members(data)
    keys = members.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise KeyRefusedError("expected a JWK Set: an object with an array of keys")
    if len(keys) > KEYS_MAX:
        raise KeyRefusedError(f"more than {KEYS_MAX} keys")
    for key in keys:
        check_public(key)
    found = tuple(public_key(key) for key in keys if key.get("use", "sig") == "sig")
    check_distinct(found)
    return found


def read_members(data: bytes) -> dict[str, Any]:
    """
    Read a JSON object of keys.

    Raises:
        KeyRefusedError: too long, no JSON object, or a name stands twice.
    """
    if len(data) > SET_MAX_BYTES:
        raise KeyRefusedError(f"longer than {SET_MAX_BYTES} bytes")
    try:
        return strict_object(data)
    except ValueError:
        raise KeyRefusedError("not a JSON object in which every name stands once") from None


def check_distinct(keys: Sequence[PublicKey]) -> None:
    """
    Check that no two of *keys* bear one name or are one key.

    Raises:
        KeyRefusedError: two do.
    """
    if len({key.kid for key in keys}) < len(keys):
        raise KeyRefusedError("two keys bear the same kid")
    if len({key.thumbprint for key in keys}) < len(keys):
        raise KeyRefusedError("one key stands twice")


def check_public(jwk: Mapping[str, object]) -> None:
    """
    Check that *jwk* has no private or symmetric part.

    Raises:
        KeyRefusedError: it has; the key must be thought lost.
    """
    if not _PRIVATE.isdisjoint(jwk) or jwk.get("kty") == "oct":
        raise KeyRefusedError("a private or symmetric key was shown: it is burnt, make a new one")


def public_key(jwk: Mapping[str, object]) -> PublicKey:
    """
    Take up a public key that signs.

    Raises:
        KeyRefusedError: it is not one, or says it is for something else.
    """
    check_public(jwk)
    kind = jwk.get("kty")
    if not isinstance(kind, str) or kind not in _REQUIRED:
        raise KeyRefusedError("a key's kty is EC, OKP or RSA")
    algorithms = _OF_TYPE[kind]
    _check_use(jwk, algorithms)
    required = {name: _text(jwk, name) for name in _REQUIRED[kind]}
    try:
        verify = _VERIFIERS[kind](required)
    except (ValueError, UnsupportedAlgorithm) as error:
        if isinstance(error, KeyRefusedError):
            raise
        raise KeyRefusedError("a key's numbers are not those of a key") from None
    thumbprint = to_base64url(hashlib.sha256(canonical_json(required)).digest())
    return PublicKey(
        kid=_kid(jwk, thumbprint), thumbprint=thumbprint, jwk=required, algorithms=algorithms, verify=verify
    )


def from_base64url(text: str) -> bytes:
    """
    Decode base64url without padding, strictly: one value has one spelling.

    Raises:
        ValueError: another spelling.
    """
    if _BASE64URL.fullmatch(text) is None:
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise ValueError("not base64url") from None
    if to_base64url(data) != text:
        raise ValueError("base64url with stray bits")
    return data


def to_base64url(data: bytes) -> str:
    """Encode as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _check_use(jwk: Mapping[str, object], algorithms: frozenset[str]) -> None:
    if "alg" in jwk and jwk["alg"] not in algorithms:
        raise KeyRefusedError(f"a key's alg is not one of {', '.join(ALGORITHMS)}, or not that of its type")
    if "use" in jwk and jwk["use"] != "sig":
        raise KeyRefusedError("a key's use is not sig")
    if "key_ops" in jwk and jwk["key_ops"] != ["verify"]:
        raise KeyRefusedError("a key's key_ops is not verify alone")


def _kid(jwk: Mapping[str, object], thumbprint: str) -> str:
    kid = jwk.get("kid", thumbprint)
    if not isinstance(kid, str) or not 0 < len(kid) <= _KID_MAX or not kid.isprintable():
        raise KeyRefusedError(f"a key's kid is not a printable text of 1 to {_KID_MAX} characters")
    return kid


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyRefusedError(f"a key lacks {name}")
    return value


def _elliptic(members: Mapping[str, str]) -> Verify:
    if members["crv"] != "P-256":
        raise KeyRefusedError("a key of type EC is on another curve than P-256")
    x, y = from_base64url(members["x"]), from_base64url(members["y"])
    if len(x) != _COORDINATE or len(y) != _COORDINATE:
        raise KeyRefusedError("a key's coordinates are not 32 bytes each")
    key = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()

    def verify(signature: bytes, signed: bytes) -> bool:
        if len(signature) != 2 * _COORDINATE:
            return False
        first, second = int.from_bytes(signature[:_COORDINATE]), int.from_bytes(signature[_COORDINATE:])
        try:
            key.verify(encode_dss_signature(first, second), signed, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _edwards(members: Mapping[str, str]) -> Verify:
    if members["crv"] != "Ed25519":
        raise KeyRefusedError("a key of type OKP is on another curve than Ed25519")
    key = Ed25519PublicKey.from_public_bytes(from_base64url(members["x"]))

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _rsa(members: Mapping[str, str]) -> Verify:
    modulus, exponent = from_base64url(members["n"]), from_base64url(members["e"])
    if modulus[:1] in {b"", b"\0"} or exponent[:1] in {b"", b"\0"}:
        raise KeyRefusedError("a key's numbers begin with zeros")
    n, e = int.from_bytes(modulus), int.from_bytes(exponent)
    if n.bit_length() not in _RSA_BITS:
        raise KeyRefusedError("an RSA key has 2048 to 8192 bits")
    if e < _EXPONENT_LEAST or e % 2 == 0 or e.bit_length() > _EXPONENT_BITS:
        raise KeyRefusedError("an RSA key's exponent is 65537 or a little more, and odd")
    key = rsa.RSAPublicNumbers(e, n).public_key()

    def verify(signature: bytes, signed: bytes) -> bool:
        try:
            key.verify(signature, signed, _PSS, hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


_VERIFIERS: Mapping[str, Callable[[Mapping[str, str]], Verify]] = {"EC": _elliptic, "OKP": _edwards, "RSA": _rsa}
