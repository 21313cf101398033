"""
Names for records on the wire: a keyed digest of the record key.

A record key is a digest of what identifies the record at its source (an account number, a contract number). Whoever may
not read that number could find it by trying all of them against the plain digest; against a keyed one nobody can.
"""

import hmac

KEY_SIZE = 32
_LENGTH = 30


class Pseudonyms:
    """Names records under one key of 32 bytes; the same record always gets the same name."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError(f"pseudonym key: expected {KEY_SIZE} bytes, got {len(key)}")
        self._key = key

    def of(self, kind: str, code: str, record_key: str) -> str:
        """Name the record *record_key* of the subject *code*: 30 hex digits."""
        return hmac.digest(self._key, f"{kind}:{code}:{record_key}".encode(), "sha256").hex()[:_LENGTH]
