"""
Seals the little secrets of officers at rest: TOTP secrets, what an outside provider's ceremony needs.

The context (whose it is, and for what) is associated data: a sealed text that is moved to another row does not open.

Source: NIST SP 800-38D (AES-256-GCM, random 96-bit nonce; far fewer than 2^32 texts under one key).
"""

from collections.abc import Callable
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import UnavailableError
from keys.errors import RingError
from keys.ring import KeyRing, KeyUse

KEY_NAME = "officers"
KEY_SIZE = 32
_NONCE = 12
_VERSION = b"\x01"


class SealBrokenError(Exception):
    """What should open does not: another key, another row, or a changed text."""


def make_key(ring: KeyRing) -> None:
    """
    Make the key, unless the ring has it: at the founding.

    Raises:
        RingError: it cannot be made.
    """
    if KEY_NAME not in ring.names(KeyUse.SECRET):
        # Two processes may come here at once: one makes the key, the other finds it.
        with suppress(RingError):
            ring.create_secret(KEY_NAME, KEY_SIZE)
    ring.secret(KEY_NAME)


class Seal:
    """Seals and opens, under the key of the *ring*, which is read when it is needed: a hub may have no officer yet."""

    def __init__(self, ring: KeyRing, entropy: Callable[[int], bytes]) -> None:
        self._ring = ring
        self._entropy = entropy
        self._opened: AESGCM | None = None

    @property
    def _aead(self) -> AESGCM:
        if self._opened is None:
            try:
                self._opened = AESGCM(self._ring.secret(KEY_NAME))
            except (RingError, ValueError):
                raise UnavailableError("The officers' key cannot be used; run: hub officer found") from None
        return self._opened

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
