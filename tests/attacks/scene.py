"""Where the attacks take place: a hub as users start it, two partners, and the honest requests they are made of."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from multidict import CIMultiDict

from tests.support.oauth_client import OAuthClient, encoded

FORM = "application/x-www-form-urlencoded"
PROXY = "127.0.0.2"
"""The address that the hub trusts to pass certificates on; everybody else comes from 127.0.0.1."""
QUESTION = json.dumps({"query": "{ me { partner } }"}).encode()


def new_certificate() -> bytes:
    """A client certificate, DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    serial = x509.random_serial_number()
    made = x509.CertificateBuilder(name, name, key.public_key(), serial, now, now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request. Headers may stand several times."""

    method: str = "POST"
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source: str = "127.0.0.1"

    def with_headers(self, *more: tuple[str, str]) -> "Request":
        return replace(self, headers=(*self.headers, *more))

    def without(self, name: str) -> "Request":
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name))


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Scene:
    """
    What an attacker may have: the hub's address, a partner's program with its keys, another partner's, tokens of both.

    Attributes:
        honest, other: Programs of two partners, each with its own keys.
        rsa, edwards: The first partner's further keys.
        certificate, stranger: Client certificates, DER.
        token: Bound to the honest program's proof key.
        token_of_other: Bound to the other program's.
        token_by_certificate: Bound to `certificate`.
    """

    url: str
    honest: OAuthClient
    other: OAuthClient
    rsa: OAuthClient
    edwards: OAuthClient
    certificate: bytes = field(default_factory=new_certificate)
    stranger: bytes = field(default_factory=new_certificate)
    nonce: str = ""
    token: str = ""
    token_of_other: str = ""
    token_by_certificate: str = ""

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def token_url(self) -> str:
        return f"{self.url}/oauth/token"

    @property
    def resource(self) -> str:
        return f"{self.url}/graphql"

    def proof(self, client: OAuthClient | None = None, **changes: Any) -> str:
        """A good proof for the token endpoint, but for *changes*."""
        good = {"nonce": self.nonce, **changes}
        return (client or self.honest).proof(self.now, "POST", self.token_url, **good)

    def proof_of(self, held: str, client: OAuthClient | None = None, **changes: Any) -> str:
        """A good proof for a question with *token*, but for *changes*."""
        good = {"nonce": self.nonce, "token": held, **changes}
        return (client or self.honest).proof(self.now, "POST", self.resource, **good)

    def asks_token(self, *, proof: str | None = "", body: bytes | None = None, **form: Any) -> Request:
        """A good request for a token, but for what is said; *proof* None: without any."""
        shown = self.proof() if proof == "" else proof
        headers = [("content-type", FORM), *([] if shown is None else [("dpop", shown)])]
        made = encoded(self.honest.form(self.now, **form)) if body is None else body
        return Request(path="/oauth/token", headers=tuple(headers), body=made)

    def asks(self, *, token: str | None = None, proof: str | None = "", scheme: str = "DPoP") -> Request:
        """A good question, but for what is said."""
        held = self.token if token is None else token
        shown = self.proof_of(held) if proof == "" else proof
        headers = [("content-type", "application/json"), ("authorization", f"{scheme} {held}")]
        return Request(
            path="/graphql", headers=(*headers, *([] if shown is None else [("dpop", shown)])), body=QUESTION
        )

    def by_certificate(self, shown: bytes | str | None, *, source: str = PROXY, token: str | None = None) -> Request:
        """A question with the token that is bound to a certificate."""
        text = in_field(shown) if isinstance(shown, bytes) else shown
        request = self.asks(token=token or self.token_by_certificate, proof=None, scheme="Bearer")
        headers = request.headers if text is None else (*request.headers, ("client-cert", text))
        return replace(request, headers=headers, source=source)


def in_field(der: bytes) -> str:
    """A certificate as RFC 9440 passes it on."""
    return f":{base64.b64encode(der).decode()}:"


async def send(url: str, request: Request) -> Answer:
    """Send *request* and read the whole answer."""
    connector = aiohttp.TCPConnector(local_addr=(request.source, 0))
    headers: CIMultiDict[str] = CIMultiDict(request.headers)
    async with (
        aiohttp.ClientSession(connector=connector, skip_auto_headers=["content-type"]) as session,
        session.request(
            request.method, url + request.path, data=request.body or None, headers=headers, allow_redirects=False
        ) as response,
    ):
        return Answer(status=response.status, headers=response.headers, body=await response.read())
