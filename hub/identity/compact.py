"""
Compact JWS as we take them from others: client assertions and proofs of possession.

Rules:
    - The algorithm is one of the few, and the one of the key's type; `none`, HMAC and RSASSA-PKCS1 are refused before
      a key is looked at.
    - A header that names a key, a certificate or a URL of its own, or that is critical, is refused where it is not the
      very way to tell the key (a proof's `jwk`): nobody chooses the key we verify with.
    - Every part has one spelling, and every name stands once.

Source: RFC 7515, 3.1, 4.1 and 5.2; RFC 8725, 3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.identity.public_keys import ALGORITHMS, PublicKey, from_base64url
from hub.identity.strict_json import DuplicateNameError, strict_object

COMPACT_MAX = 8_192
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_FOREIGN = frozenset({"crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "zip", "enc", "cty"})
_TEXT_MAX = 256


class CompactError(ValueError):
    """Not such a JWS. The text says why, and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compact:
    """
    A JWS, taken apart, its signature not yet verified.

    Attributes:
        head: The header as it came, base64url.
        header, claims: JSON objects.
        signed: The bytes that are signed.
        signature: The signature.
    """

    head: str
    header: Mapping[str, object]
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes

    def is_by(self, key: PublicKey) -> bool:
        """Whether *key* signed it, in the key's one way."""
        return self.header["alg"] in key.algorithms and key.verify(self.signature, self.signed)


def take_apart(text: str, what: str) -> Compact:
    """
    Take *text* apart.

    Args:
        text: As it came.
        what: What it is meant to be, for the messages.

    Raises:
        CompactError: it has another form.
    """
    if len(text) > COMPACT_MAX:
        raise CompactError(f"{what} is too long")
    match = _PARTS.fullmatch(text)
    if match is None:
        raise CompactError(f"{what} is not a compact JWS")
    try:
        header, claims, signature = (from_base64url(part) for part in match.groups())
    except ValueError:
        raise CompactError(f"{what} is not base64url") from None
    try:
        return Compact(
            head=match[1],
            header=strict_object(header),
            claims=strict_object(claims),
            signed=text[: match.start(3) - 1].encode("ascii"),
            signature=signature,
        )
    except DuplicateNameError:
        raise CompactError(f"{what} names a member twice") from None
    except ValueError:
        raise CompactError(f"{what} does not hold JSON objects") from None


def check_header(jws: Compact, what: str, *, types: frozenset[str | None], own: frozenset[str] = frozenset()) -> None:
    """
    Check the header.

    Args:
        jws: The JWS.
        what: What it is meant to be, for the messages.
        types: Values that `typ` may have, lower-case; None: it may be absent.
        own: Members that are usually refused and are right here.

    Raises:
        CompactError: its algorithm, type or another member is refused.
    """
    header = jws.header
    if header.get("alg") not in ALGORITHMS:
        raise CompactError(f"{what} is signed by an algorithm other than {', '.join(ALGORITHMS)}")
    if not (_FOREIGN - own).isdisjoint(header):
        raise CompactError(f"{what} has a header member that is refused here")
    kind = header.get("typ")
    if not isinstance(kind, str | None) or (kind and kind.lower()) not in types:
        raise CompactError(f"{what} has another typ than expected")


def text_of(jws: Compact, name: str, what: str) -> str:
    """
    Read a claim that is a text of 1 to 256 printable characters.

    Raises:
        CompactError: it is absent or something else.
    """
    value = jws.claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX or not value.isprintable():
        raise CompactError(f"{what}: the claim {name} is missing or not a text of 1 to {_TEXT_MAX} characters")
    return value


def instant_of(jws: Compact, name: str, what: str) -> int:
    """
    Read a claim that is a NumericDate of whole seconds.

    Raises:
        CompactError: it is absent or something else.
    """
    value = jws.claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 40:
        raise CompactError(f"{what}: the claim {name} is missing or not a NumericDate of whole seconds")
    return value
