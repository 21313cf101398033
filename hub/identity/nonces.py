"""
Nonces that proofs must carry, without a table: the clock and a secret of the ring make them.

So all workers and machines of one hub know them.

Rules:
    - A nonce is that of a window of time; the one before and the one after are taken too, for clocks that differ.
    - It is no secret and names nobody: it only bounds how long ahead a proof can be made.

Source: RFC 9449, 8 and 9, 11.3.
"""

import hashlib
import hmac
from datetime import datetime

from hub.identity.public_keys import to_base64url

WINDOW_S = 120
KEY_SIZE = 32
_SIZE = 18


class Nonces:
    """Makes and knows nonces. One per process; the last few windows are kept."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._kept: dict[int, str] = {}

    def current(self, now: datetime) -> str:
        """The nonce to give out at *now* (aware)."""
        return self._of(_window(now))

    def is_known(self, nonce: str, now: datetime) -> bool:
        """Whether a proof may still carry *nonce* at *now* (aware)."""
        window = _window(now)
        # Nobody learns anything from how long a comparison takes: whoever asks is told the nonce.
        return nonce in {self._of(window), self._of(window - 1), self._of(window + 1)}

    def _of(self, window: int) -> str:
        nonce = self._kept.get(window)
        if nonce is None:
            digest = hmac.digest(self._secret, b"dpop-nonce\0%d" % window, hashlib.sha256)
            nonce = to_base64url(digest[:_SIZE])
            self._kept = {kept: text for kept, text in self._kept.items() if abs(kept - window) <= 2}  # noqa: PLR2004
            self._kept[window] = nonce
        return nonce


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_S
