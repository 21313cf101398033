"""
Seals the little secrets of officers at rest: TOTP secrets, what an outside provider's ceremony needs.

The context (whose it is, and for what) is associated data: a sealed text that is moved to another row does not open.

Source: NIST SP 800-38D (AES-256-GCM, random 96-bit nonce; far fewer than 2^32 texts under one key).
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_NAME = "officers"
KEY_SIZE = 32
_NONCE = 12
_VERSION = b"\x01"


class SealBrokenError(Exception):
    """What should open does not: another key, another row, or a changed text."""


class Seal:
    """Seals and opens, under one key of the ring (32 bytes)."""

    def __init__(self, key: bytes, entropy: Callable[[int], bytes]) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"a seal's key: got {len(key)} bytes, expected {KEY_SIZE}")
        self._aead = AESGCM(key)
        self._entropy = entropy

    def close(self, plain: bytes, context: str) -> bytes:
        """Seal *plain* for *context*."""
        nonce = self._entropy(_NONCE)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """
        Open what was sealed for *context*.

        Raises:
            SealBrokenError: it was not, or was changed.
        """
        if not sealed.startswith(_VERSION):
            raise SealBrokenError("sealed text: unknown version")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], context.encode())
        except (InvalidTag, ValueError):
            raise SealBrokenError("sealed text: does not open") from None
