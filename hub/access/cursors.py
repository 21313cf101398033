"""
Cursors: positions sealed so that nobody but this hub can read or make them.

AES-SIV (RFC 5297) is deterministic: the same position gives the same cursor, so two askers who may see the same get
the same bytes. The scope is bound as associated data: a cursor of one list opens in no other.
"""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from schema.graph.connection import CursorError

KEY_SIZE = 64
_MAX_CURSOR = 512


class SealedCursors:
    """Seals and opens cursors under one key of 64 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"cursor key: expected {KEY_SIZE} bytes, got {len(key)}")
        self._cipher = AESSIV(key)

    def seal(self, scope: str, position: str) -> str:
        """Make a cursor for *position* within *scope*."""
        sealed = self._cipher.encrypt(position.encode(), [scope.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> str:
        """
        Return the position in *cursor*.

        Raises:
            CursorError: it was not made here for *scope*.
        """
        if len(cursor) > _MAX_CURSOR:
            raise CursorError("a cursor is shorter")
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            return self._cipher.decrypt(sealed, [scope.encode()]).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise CursorError("the cursor was not made here for this list") from None
