"""
Client certificates that a proxy passes on: who may say so, and how a certificate is named.

Rules:
    - The hub ends no TLS itself. A header with a certificate counts only on a connection from a proxy that the operator
      named (`HUB_TRUSTED_PROXIES`), by address; that proxy must take the header out of what clients send.
    - From anybody else the header refuses the request: ignored silently, whoever relies on it would never notice.
    - Exactly one certificate is passed on: by the field `Client-Cert`, as a URL-encoded PEM (nginx), or as one element
      of `X-Forwarded-Client-Cert` with `Cert` (Envoy).
    - Whether the certificate is valid is the proxy's matter; we compare which one it is.

Source: RFC 9440, 2.2; RFC 8705, 3.1 and 6.2.
"""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote_to_bytes

from cryptography import x509

from hub.errors import BadInputError
from hub.identity.public_keys import to_base64url

Networks = tuple[IPv4Network | IPv6Network, ...]

_KEPT = 10_000
_HEADER_MAX = 32_768
_FIELD = re.compile(rb":([A-Za-z0-9+/]+={0,2}):")
_OTHER = rb'(?!(?i:cert)=)[A-Za-z]+=(?:"[^"]*"|[^",;]*)'
_ELEMENT = re.compile(rb'(?:%b;)*Cert="([^"]+)"(?:;%b)*' % (_OTHER, _OTHER))
_PEM = re.compile(rb"\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


def networks_of(text: str) -> Networks:
    """
    Read addresses and CIDR ranges separated by commas.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


class Certificates:
    """Names the certificate that a trusted proxy passes on. One per process; remembers what it has read."""

    def __init__(self, trusted: Networks) -> None:
        self._trusted = trusted
        self._peers: dict[str, bool] = {}
        # By the header's bytes, as trusted proxies sent them.
        self._known: OrderedDict[bytes, str] = OrderedDict()

    @property
    def are_taken(self) -> bool:
        """Whether any proxy is trusted."""
        return bool(self._trusted)

    def thumbprint(self, header: bytes | None, peer: str | None) -> str | None:
        """
        Name the certificate in *header*: SHA-256 of its DER, base64url. None if there is no header.

        Raises:
            BadInputError: *peer* is no trusted proxy, or the header is not one certificate.
        """
        if header is None:
            return None
        if not self._is_trusted(peer):
            raise BadInputError("A client certificate was passed on by somebody who is not a trusted proxy")
        known = self._known.get(header)
        if known is None:
            known = to_base64url(hashlib.sha256(_der(header)).digest())
            self._known[header] = known
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return known

    def _is_trusted(self, peer: str | None) -> bool:
        if peer is None or not self._trusted:
            return False
        known = self._peers.get(peer)
        if known is None:
            if len(self._peers) >= _KEPT:
                self._peers.clear()
            known = self._peers[peer] = _lies_in(peer, self._trusted)
        return known


def _lies_in(peer: str, networks: Networks) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)


def _der(header: bytes) -> bytes:
    if len(header) > _HEADER_MAX:
        raise _not_one()
    element = _ELEMENT.fullmatch(header)
    try:
        if header[:1] == b":":
            match = _FIELD.fullmatch(header)
            der = b"" if match is None else base64.b64decode(match[1], validate=True)
        else:
            match = _PEM.fullmatch(unquote_to_bytes(header if element is None else element[1]))
            der = b"" if match is None else base64.b64decode(b"".join(match[1].split()), validate=True)
        x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError):
        raise _not_one() from None
    return der


def _not_one() -> BadInputError:
    return BadInputError("The header of the trusted proxy does not hold exactly one client certificate")
