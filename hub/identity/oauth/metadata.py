"""
What clients discover by themselves: the server's metadata and the resource's.

Source: RFC 8414, 2 and 3; RFC 9728, 2 and 3; RFC 9449, 5.1; RFC 8705, 3.3.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hub.identity.oauth.server import PRIVATE_KEY_JWT
from hub.identity.public_keys import ALGORITHMS

TOKEN_PATH = "/oauth/token"  # noqa: S105  an address
INTROSPECTION_PATH = "/oauth/introspect"
REVOCATION_PATH = "/oauth/revoke"
JWKS_PATH = "/jwks.json"
_SERVER = "/.well-known/oauth-authorization-server"
_RESOURCE = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """
    Where the hub is, as partners know it.

    Attributes:
        issuer: Its identifier and base URL, without a trailing slash.
        resource: Identifier of the resource, `aud` of its tokens.
        mutual_tls: Whether tokens may be bound to client certificates.
        bare: UNSAFE. Whether tokens are taken that are bound to nothing.
    """

    issuer: str
    resource: str
    mutual_tls: bool
    bare: bool


def server_metadata(where: Addresses) -> dict[str, Any]:
    """Metadata of the authorization server."""
    methods = {"auth_methods_supported": [PRIVATE_KEY_JWT], "auth_signing_alg_values_supported": list(ALGORITHMS)}
    endpoints = {
        "token": TOKEN_PATH,
        "introspection": INTROSPECTION_PATH,
        "revocation": REVOCATION_PATH,
    }
    return {
        "issuer": where.issuer,
        "jwks_uri": where.issuer + JWKS_PATH,
        **{f"{name}_endpoint": where.issuer + path for name, path in endpoints.items()},
        **{f"{name}_endpoint_{member}": values for name in endpoints for member, values in methods.items()},
        "grant_types_supported": ["client_credentials"],
        # There is no authorization endpoint, and the member is required.
        "response_types_supported": [],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": where.mutual_tls,
        "protected_resources": [where.resource],
    }


def resource_metadata(where: Addresses) -> dict[str, Any]:
    """Metadata of the resource."""
    return {
        "resource": where.resource,
        "authorization_servers": [where.issuer],
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "dpop_bound_access_tokens_required": not (where.mutual_tls or where.bare),
        "tls_client_certificate_bound_access_tokens": where.mutual_tls,
    }


def server_paths(where: Addresses) -> tuple[str, ...]:
    """Paths at which the server's metadata stand: that of its issuer, and the plain one."""
    return tuple(dict.fromkeys((_SERVER, _SERVER + urlsplit(where.issuer).path)))


def resource_paths(where: Addresses) -> tuple[str, ...]:
    """Paths at which the resource's metadata stand: that of its identifier, and the plain one."""
    return tuple(dict.fromkeys((_RESOURCE, _RESOURCE + urlsplit(where.resource).path)))
