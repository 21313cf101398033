"""Digests that name their algorithm, so that a stored digest outlives a change of suite (DOMAIN §10, GB/T 32905)."""

import hashlib
import hmac
from enum import StrEnum

from cryptography.hazmat.primitives import hashes

from keys.errors import DigestError

_HEX_LENGTH = 64


class Algorithm(StrEnum):
    """A hash function, by the name a digest text begins with. Both give 32 bytes."""

    SM3 = "sm3"
    SHA256 = "sha256"


def digest(data: bytes, algorithm: Algorithm = Algorithm.SM3) -> str:
    """
    Digest *data*.

    Returns:
        `sm3:<64 lower-case hex>` or `sha256:<64 lower-case hex>`.
    """
    if algorithm is Algorithm.SHA256:
        return "sha256:" + hashlib.sha256(data).hexdigest()
    state = hashes.Hash(hashes.SM3())
    state.update(data)
    return "sm3:" + state.finalize().hex()


def algorithm_of(text: str) -> Algorithm:
    """
    Read which algorithm a digest text names.

    Raises:
        DigestError: *text* is not `<algorithm>:<64 lower-case hex>`.
    """
    name, _, value = text.partition(":")
    if name not in tuple(Algorithm):
        raise DigestError("a digest begins with sm3: or sha256:")
    if len(value) != _HEX_LENGTH or not set(value) <= set("0123456789abcdef"):
        raise DigestError(f"a {name} digest has {_HEX_LENGTH} lower-case hex digits")
    return Algorithm(name)


def is_digest_of(text: str, data: bytes) -> bool:
    """
    Whether *text* is the digest of *data* under the algorithm it names.

    Raises:
        DigestError: as `algorithm_of`.
    """
    return hmac.compare_digest(text, digest(data, algorithm_of(text)))
