"""
Cursors: positions sealed so that nobody but this hub can read or make them.

AES-SIV (RFC 5297) is deterministic: the same position gives the same cursor. The scope is bound as associated data: a
cursor of one list opens in no other. So is the asker: a cursor says where a row stands among those that its holder may
list, and another who came by it would learn how many of them are hidden from itself.
"""

import base64
import binascii
from copy import copy

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from schema.graph.connection import CursorError

KEY_SIZE = 64
_MAX_CURSOR = 512


class SealedCursors:
    """
    Seals and opens cursors under one key of 64 bytes.

    Args:
        key: The key.
        holder: Who they are made for: nobody else's open. Empty: the public, or nobody in particular.
    """

    def __init__(self, key: bytes, *, holder: str = "") -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"cursor key: expected {KEY_SIZE} bytes, got {len(key)}")
        self._cipher = AESSIV(key)
        self._holder = holder.encode()

    def of(self, holder: str) -> "SealedCursors":
        """Seal and open cursors of *holder*, under the same key."""
        made = copy(self)
        made._holder = holder.encode()  # noqa: SLF001  a copy of itself; the key is set up once
        return made

    def seal(self, scope: str, position: str) -> str:
        """Make a cursor for *position* within *scope*."""
        sealed = self._cipher.encrypt(position.encode(), [scope.encode(), self._holder])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> str:
        """
        Return the position in *cursor*.

        Raises:
            CursorError: it was not made here for *scope* and this holder.
        """
        if len(cursor) > _MAX_CURSOR:
            raise CursorError("a cursor is shorter")
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            return self._cipher.decrypt(sealed, [scope.encode(), self._holder]).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise CursorError("the cursor was not made here for this list") from None
