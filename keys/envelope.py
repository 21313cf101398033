"""
Envelopes: values sealed with a key, at a place. A tier's key wraps a subject's key, a subject's key seals a field.

What is sealed is

    format (1 byte, 0x01) | suite (1 byte) | key id (8 bytes) | nonce (12 bytes) | ciphertext | tag (16 bytes)

Rules:
    - The first ten bytes and the place are authenticated with the value (associated data): what was sealed at one place
      opens at no other, and neither suite nor key can be renamed.
    - A value is padded to a multiple of 16 bytes: what is sealed tells its length no more finely than that.
    - A nonce is 96 random bits, of the caller's. With one key at most `USES_MAX` values are sealed; the chance that two
      of them meet in one nonce is then below 2^-32, the bound of the standard. Nothing need be remembered but a count,
      and a store restored from a backup repeats nothing, as a counter would. Deriving the nonce from the place would
      repeat it whenever a value changes.
    - Every failure is one of three errors without any detail: there is nothing to try values against.

Source: NIST SP 800-38D, 5.2.1.2, 8.2.2, 8.3; padding of ISO/IEC 9797-1, method 2.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import DamagedError, OtherKeyError, SealedFormError

KEY_SIZE: Final = 32
KEY_ID_SIZE: Final = 8
NONCE_SIZE: Final = 12
USES_MAX: Final = 2**32
"""Most values sealed with one key under random nonces."""
FORMAT: Final = 1

_TAG_SIZE = 16
_BLOCK = 16
_MARK = b"\x80"
_HEAD_SIZE = 2 + KEY_ID_SIZE


class Suite(IntEnum):
    """What sealed a value; its number stands in every sealed value. 2 is kept for SM4-GCM (GB/T 32907, RFC 8998)."""

    AES_256_GCM = 1


class Cipher(Protocol):
    """A key that seals, wherever it is: here or inside a token."""

    @property
    def id(self) -> bytes:
        """8 bytes; what it seals names it."""

    @property
    def suite(self) -> Suite:
        """How it seals."""

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Return ciphertext and tag of *data*."""

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Return the plaintext. Raises DamagedError if *data* is not authentic."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A 256-bit AES key held in memory. Its representation does not show it."""

    id: bytes
    _aes: AESGCM = field(repr=False)

    @staticmethod
    def of(key_id: bytes, key: bytes) -> "LocalKey":
        """
        Take up *key*.

        Raises:
            SealedFormError: *key* has not 32 bytes, or *key_id* not 8.
        """
        if len(key) != KEY_SIZE or len(key_id) != KEY_ID_SIZE:
            raise SealedFormError("expected a key of 32 bytes with an id of 8")
        return LocalKey(key_id, AESGCM(key))

    @property
    def suite(self) -> Suite:
        """AES-256-GCM."""
        return Suite.AES_256_GCM

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Return ciphertext and tag of *data*."""
        return self._aes.encrypt(nonce, data, associated)

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Return the plaintext. Raises DamagedError if *data* is not authentic."""
        try:
            return self._aes.decrypt(nonce, data, associated)
        except InvalidTag:
            raise DamagedError("not authentic") from None


def place_of(*parts: str | int) -> bytes:
    """
    Write down a place, so that different places never read the same: each part with its length before it.

    A number is written in decimal; texts are UTF-8.
    """
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(key: Cipher, data: bytes, place: bytes, nonce: bytes) -> bytes:
    """
    Seal *data* with *key* at *place*.

    Args:
        key: Has sealed fewer than `USES_MAX` values.
        data: Any length, also none.
        place: From `place_of`.
        nonce: 12 random bytes, never used before with *key*.

    Raises:
        SealedFormError: the nonce has another length.
    """
    if len(nonce) != NONCE_SIZE:
        raise SealedFormError("expected a nonce of 12 bytes")
    head = bytes((FORMAT, key.suite)) + key.id
    return head + nonce + key.encrypt(nonce, _padded(data), head + place)


def open_sealed(key: Cipher, sealed: bytes, place: bytes) -> bytes:
    """
    Open what was sealed with *key* at *place*.

    Raises:
        SealedFormError: it is nothing sealed, or its suite is not the key's.
        OtherKeyError: another key sealed it.
        DamagedError: it is not authentic at this place.
    """
    if key_id_of(sealed) != key.id:
        raise OtherKeyError("sealed with another key")
    if sealed[1] != key.suite:
        raise SealedFormError("sealed with another suite than the key's")
    nonce, rest = sealed[_HEAD_SIZE : _HEAD_SIZE + NONCE_SIZE], sealed[_HEAD_SIZE + NONCE_SIZE :]
    return _unpadded(key.decrypt(nonce, rest, sealed[:_HEAD_SIZE] + place))


def key_id_of(sealed: bytes) -> bytes:
    """
    Read the id of the key that sealed *sealed*; nothing proves it before it is opened.

    Raises:
        SealedFormError: it is nothing sealed, of another format, or of a suite this release does not have.
    """
    if len(sealed) < _HEAD_SIZE + NONCE_SIZE + _BLOCK + _TAG_SIZE or sealed[0] != FORMAT:
        raise SealedFormError("nothing sealed, or of another format")
    if sealed[1] not in tuple(Suite):
        raise SealedFormError("sealed with a suite that this release does not have")
    return sealed[2:_HEAD_SIZE]


def nonce_of(sealed: bytes) -> bytes:
    """
    Read the nonce of *sealed*.

    Raises:
        SealedFormError: as `key_id_of`.
    """
    key_id_of(sealed)
    return sealed[_HEAD_SIZE : _HEAD_SIZE + NONCE_SIZE]


def is_sealed(data: bytes) -> bool:
    """Whether *data* begins as something sealed does: for columns that also hold what older releases wrote."""
    return data[:1] == bytes((FORMAT,))


def _padded(data: bytes) -> bytes:
    return data + _MARK + bytes(-(len(data) + 1) % _BLOCK)


def _unpadded(data: bytes) -> bytes:
    body, mark, _ = data.rpartition(_MARK)
    # Authentic, so its padding is ours: only a key used for something else gets here.
    if not mark:
        raise DamagedError("not authentic")
    return body
