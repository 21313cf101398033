"""
Where a request comes from: the other end of the connection, or whom a trusted proxy names.

Rules:
    - The header counts only on a connection from a proxy that the operator named (`HUB_TRUSTED_PROXIES`). From anybody
      else it is what any client can write, and is ignored.
    - It is read from its end, where the nearest proxy wrote: the last address that is no trusted proxy's is the client.
      What stands before it was written by that client, and means nothing.
    - The address is used to count by, and for nothing else; it is neither logged nor stored.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from hub.identity.certificates import Networks

_HOPS_MAX = 16


class Proxies(NamedTuple):
    """
    The proxies that an operator trusts.

    Attributes:
        trusted: Their networks.
        header: Header in which they append the address they were asked from, lower-case.
    """

    trusted: Networks
    header: bytes


NO_PROXIES = Proxies(trusted=(), header=b"x-forwarded-for")
"""Nobody stands between."""


def client_of(peer: str | None, forwarded: Sequence[bytes], trusted: Networks) -> str | None:
    """
    Tell the address of the client.

    Args:
        peer: Address of the other end of the connection; None if unknown.
        forwarded: Values of the header in which proxies append the address they were asked from, in order.
        trusted: Networks of the trusted proxies.

    Returns:
        The client's address; the last trusted proxy's where that cannot be told; None if nothing is known.
    """
    if not forwarded or not trusted or not _is_in(peer, trusted):
        return peer
    nearest = peer
    hops = b",".join(forwarded).decode("latin-1").split(",")
    for hop in hops[: -_HOPS_MAX - 1 : -1]:
        text = hop.strip()
        if _address(text) is None:
            return nearest
        nearest = text
        if not _is_in(text, trusted):
            return nearest
    return nearest


def _is_in(text: str | None, networks: Networks) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
