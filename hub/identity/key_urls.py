"""
Reads a partner's public keys from its URL, without being led anywhere else.

Rules:
    - `https:` alone, at port 443 or above 1023. Every address of the host must be a public one, and the connection goes
      to an address that was checked: a name that says something else a moment later leads nowhere.
    - No redirect, no proxy, no cookie, no compression; 64 KiB and 3 seconds at most; JSON and nothing else.
    - What is read is a JWK Set as `hub.identity.public_keys` demands it.
    - `http:` and this machine's own addresses only under `HUB_UNSAFE_LOCAL_KEY_URLS`.

Source: RFC 7517, 5; OWASP SSRF Prevention; RFC 6890 (special-purpose addresses).
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from hub.identity.public_keys import SET_MAX_BYTES, KeyRefusedError, PublicKey, read_set

DEADLINE_S = 3.0
_HTTPS = 443
_LEAST_PORT = 1_024
_MEDIA = frozenset({"application/json", "application/jwk-set+json"})
_OK = 200


class KeyUrlError(Exception):
    """The URL could not be read, or does not show keys. The text says why, and quotes nothing of what was read."""


async def read_keys(url: str, *, local: bool = False, deadline_s: float = DEADLINE_S) -> tuple[PublicKey, ...]:
    """
    Read the keys at *url*.

    Args:
        url: A partner's `jwks_uri`.
        local: UNSAFE. Whether this machine and `http:` are allowed too.
        deadline_s: For everything, names included.

    Raises:
        KeyUrlError: they cannot be read, or are not what they must be.
    """
    try:
        async with asyncio.timeout(deadline_s):
            return read_set(await _read(url, local=local))
    except TimeoutError:
        raise KeyUrlError(f"nothing came within {deadline_s:g} s") from None
    except KeyRefusedError as error:
        raise KeyUrlError(str(error)) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise KeyUrlError(f"could not be read ({type(error).__name__})") from None


async def _read(text: str, *, local: bool) -> bytes:
    url = URL(text)
    if url.scheme != "https" and not (local and url.scheme == "http"):
        raise KeyUrlError("not an https: URL")
    host = url.raw_host
    if not host or url.user is not None or url.password is not None or url.fragment:
        raise KeyUrlError("not a URL of a host alone")
    port = url.port or _HTTPS
    if port != _HTTPS and port < _LEAST_PORT and not local:
        raise KeyUrlError("at a port that is another service's")
    addresses = await _addresses(host, port)
    for address in addresses:
        if not (local and address.is_loopback) and not is_public(address):
            raise KeyUrlError("at an address that is not a public one")
    connector = aiohttp.TCPConnector(resolver=_Fixed(host, addresses), use_dns_cache=False, limit=1)
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"},
        ) as session,
        session.get(url, allow_redirects=False) as response,
    ):
        if response.status != _OK:
            raise KeyUrlError("the answer is not 200")
        if response.content_type not in _MEDIA or response.headers.get("content-encoding", "identity") != "identity":
            raise KeyUrlError("the answer is not plain JSON")
        return await _body(response)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > SET_MAX_BYTES:
            raise KeyUrlError(f"longer than {SET_MAX_BYTES} bytes")
    return bytes(body)


async def _addresses(host: str, port: int) -> Sequence[IPv4Address | IPv6Address]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # A scope ("%eth0") is of a link: whatever has one is no public address.
    return [ip_address(str(entry[4][0])) for entry in found]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether *address* is one of the public Internet, also where it carries another inside."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo
        inside = [address.ipv4_mapped, address.sixtofour, *(teredo or ())]
        # NAT64 (64:ff9b::/96 and /48) and the old IPv4-compatible form carry it in the last four bytes.
        if address.packed[:4] == b"\0\x64\xff\x9b" or address.packed[:12] == bytes(12):
            inside.append(IPv4Address(address.packed[12:]))
        if any(other is not None and not is_public(other) for other in inside):
            return False
        if address.ipv4_mapped is not None:
            return True
    return address.is_global and not address.is_multicast and not address.is_reserved


class _Fixed(AbstractResolver):
    """Knows one host, and of it what was checked."""

    def __init__(self, host: str, addresses: Sequence[IPv4Address | IPv6Address]) -> None:
        self._host = host
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give the checked addresses."""
        if host != self._host:
            raise OSError("another host than the one that was checked")
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,  # noqa: PLR2004
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
            if family in {socket.AF_UNSPEC, socket.AF_INET6 if address.version == 6 else socket.AF_INET}  # noqa: PLR2004
        ]

    async def close(self) -> None:
        """Nothing to close."""
