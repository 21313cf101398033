"""
Visitors: the requests of the public, counted by the address they come from.

Rules:
    - Counted in memory, per worker: a hub of several workers lets one address through at most that many times as often.
      The limit is there so that nobody reads the whole hub as the public; it need not be exact, and no visitor must
      cost the store a write.
    - An address is kept as a keyed digest, under a key this process made and nobody else has, for one minute at most.
      It is never logged nor stored. An IPv6 address counts as its /64, which is what one client is given.
    - Memory is bounded: in a minute with more addresses than fit, those that come last share one count.
"""

import hashlib
from datetime import datetime
from ipaddress import IPv6Address, ip_address

from hub.access.budget import REQUESTS, Level, minute_of
from hub.audit.errors import OverBudgetError

VISITORS_KEY_SIZE = 32
_DIGEST_SIZE = 16
_V6_NETWORK = 8  # bytes of a /64
_OTHERS = b""


class Visitors:
    """Counts requests by address. One per process, used by its event loop."""

    def __init__(self, per_minute: int | None, *, key: bytes, memory: int = 50_000) -> None:
        """
        Count from now on.

        Args:
            per_minute: Requests that one address may make in a minute; None: any number.
            key: Of the digests, 32 bytes at random.
            memory: Addresses that are told apart in one minute, about 150 bytes each.
        """
        if len(key) != VISITORS_KEY_SIZE:
            raise ValueError(f"key: got {len(key)} bytes, expected {VISITORS_KEY_SIZE}")
        self._per_minute = per_minute
        self._key = key
        self._memory = memory
        self._minute = ""
        self._counts: dict[bytes, int] = {}

    @property
    def known(self) -> int:
        """Addresses told apart in this minute."""
        return len(self._counts)

    def admit(self, peer: str | None, at: datetime) -> list[Level]:
        """
        Count one request of *peer* at *at*.

        Args:
            peer: Address of the client; None or what is no address: they all share one count.
            at: Of the request, aware.

        Returns:
            How far its budget is used, if there is a limit.

        Raises:
            OverBudgetError: it is used up. The request is not counted.
        """
        if self._per_minute is None:
            return []
        minute, until = minute_of(at)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        who = self._name(peer)
        if who not in self._counts and len(self._counts) >= self._memory:
            who = _OTHERS
        used = self._counts.get(who, 0)
        if used >= self._per_minute:
            raise OverBudgetError(span=f"{REQUESTS} {minute}", limit=self._per_minute, used=used, free_at=until)
        self._counts[who] = used + 1
        return [Level(policy=REQUESTS, limit=self._per_minute, used=used + 1, until=until)]

    def _name(self, peer: str | None) -> bytes:
        network = network_of(peer)
        return hashlib.blake2b(network, key=self._key, digest_size=_DIGEST_SIZE).digest() if network else _OTHERS


def network_of(peer: str | None) -> bytes:
    """Tell the network that *peer* counts as: an IPv4 address, the /64 of an IPv6 one; empty if it is no address."""
    try:
        address = ip_address(peer or "")
    except ValueError:
        return b""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped.packed if address.ipv4_mapped else address.packed[:_V6_NETWORK]
    return address.packed
