"""
The signature of the national data-sharing exchange platform (国家数据共享交换平台), with its rotating key.

Rules:
    - sign = Base64(HMAC-SHA256(key, sid + rid + rtime)); rtime is milliseconds since the epoch.
    - The signing key comes from the key service, sealed under the application key, and is used until its end.
    - A refused signature fetches a new key once; refused again, a person must act.

Source: DOMAIN 11.5(1), from four independent code bases.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.errors import OperatorNeeded, RetryLater

_AES_KEY_BYTES = frozenset({16, 24, 32})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_DIGITS = 15


def signature(key: str, sid: str, rid: str, rtime: str) -> str:
    """Sign one call; all four as UTF-8 text."""
    mac = hmac.new(key.encode(), f"{sid}{rid}{rtime}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode("ascii")


def signed_headers(key: str, *, sid: str, rid: str, now: datetime) -> Mapping[str, str]:
    """Headers of one call at *now*, aware."""
    rtime = str((now - _EPOCH) // timedelta(milliseconds=1))
    return {
        "gjgxjhpt_rid": rid,
        "gjgxjhpt_sid": sid,
        "gjgxjhpt_rtime": rtime,
        "gjgxjhpt_sign": signature(key, sid, rid, rtime),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A key with its end; `repr` hides the key."""

    text: str
    until: datetime

    def __repr__(self) -> str:
        return f"SigningKey(until={self.until.isoformat()})"


def open_key(source: str, data: object, app_key: str) -> SigningKey:
    """
    Open the key service's answer.

    Args:
        source: Site identifier, for errors.
        data: `{"secret": base64 of AES-ECB under *app_key*, "secretEndTime": ms since the epoch, text}`.
        app_key: The application key, 16, 24 or 32 bytes.

    Raises:
        RetryLater: SRC_KEY, an answer of another shape.
        OperatorNeeded: SRC_APP_KEY, *app_key* does not open it.
    """
    sealed, end = (data.get("secret"), data.get("secretEndTime")) if isinstance(data, dict) else (None, None)
    if not isinstance(sealed, str) or not isinstance(end, str) or not end.isdecimal() or len(end) > _MAX_DIGITS:
        raise RetryLater(source, "SRC_KEY", "expected secret and secretEndTime")
    try:
        text = _decrypt(base64.b64decode(sealed, validate=True), app_key.encode())
    except binascii.Error:
        raise RetryLater(source, "SRC_KEY", "secret is not base64") from None
    except ValueError:
        raise OperatorNeeded(source, "SRC_APP_KEY", "the application key does not open the signing key") from None
    return SigningKey(text=text, until=_EPOCH + timedelta(milliseconds=int(end)))


def _decrypt(sealed: bytes, key: bytes) -> str:
    if len(key) not in _AES_KEY_BYTES:
        raise ValueError("an AES key has 16, 24 or 32 bytes")
    # The platform chose ECB; the key it seals is random and one or two blocks long.
    reader = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305  the platform's wire format
    padded = reader.update(sealed) + reader.finalize()
    opener = PKCS7(algorithms.AES.block_size).unpadder()
    text = (opener.update(padded) + opener.finalize()).decode("ascii")
    if not text:
        raise ValueError("an empty signing key")
    return text


class KeyCache:
    """The signing key of one opened site, fetched when there is none, when it ended, or after a refusal."""

    def __init__(self, *, source: str, fetch: Callable[[], Awaitable[SigningKey]], now: Callable[[], datetime]) -> None:
        self._source = source
        self._fetch = fetch
        self._now = now
        self._key: SigningKey | None = None
        # One fetch at a time; the others wait and use what it brought.
        self._fetching = asyncio.Lock()

    async def get(self, *, refused: SigningKey | None = None) -> SigningKey:
        """Give a key that has not ended and is not *refused*. Raises `SourceError` as the fetch does."""
        async with self._fetching:
            held = self._key
            if held is None or held is refused or held.until <= self._now():
                held = await self._fetch()
                if held.until <= self._now():
                    raise RetryLater(self._source, "SRC_KEY", "the key service gave a key that has ended")
                self._key = held
            return held
