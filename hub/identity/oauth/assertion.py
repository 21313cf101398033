"""
How a client authenticates: a JWT it signs with a key of its own (`private_key_jwt`).

Rules:
    - Issuer and subject are the client; the audience is this hub's issuer, as one text. No URL of an endpoint, no list:
      an assertion made for another server must not work here, nor ours there.
    - It is good for five minutes at most and once: its `jti` is recorded in the transaction of the answer.
    - It is signed in the one way of the key's type. A kid names one of the client's active keys; without one, any of
      them that signs in this way may have signed.
    - An unknown client, a suspended one and one whose key we do not know are refused by the same words.

Source: RFC 7523, 3; FAPI 2.0 Security Profile (final), 5.3.2.1 and 5.4.1.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidClientError

from hub.identity.caller import is_partner_id
from hub.identity.compact import Compact, CompactError, check_header, instant_of, take_apart, text_of
from hub.identity.public_keys import PublicKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_MAX_S = 300
_WHAT = "The assertion"
_TYPES: frozenset[str | None] = frozenset({None, "jwt", "client-authentication+jwt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """
    An assertion whose form is right and whose signature is not verified: enough to look up whose it may be.

    Attributes:
        client: Whose it says it is.
        kid: The key it says it is signed with; None if it does not.
        algorithm: How it says it is signed.
        jws: The whole.
    """

    client: str
    kid: str | None
    algorithm: str
    jws: Compact


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """
    A client that has shown who it is, if its assertion was not used before.

    Attributes:
        client: Its identifier.
        key: The key by which it did.
        digest: Names the assertion among all, 32 bytes.
        expires_at: First second (since 1970) at which the assertion is refused by its age.
    """

    client: str
    key: PublicKey
    digest: bytes
    expires_at: float


def read_assertion(kind: str | None, text: str | None, client_id: str | None) -> Shown:
    """
    Read what a client shows.

    Args:
        kind: `client_assertion_type`.
        text: `client_assertion`.
        client_id: The parameter of that name; None if absent.

    Raises:
        InvalidClientError: it has another form, or does not speak for the client.
    """
    if kind != ASSERTION_TYPE or not text:
        raise InvalidClientError("Expected client_assertion and client_assertion_type (private_key_jwt)")
    try:
        jws = take_apart(text, _WHAT)
        check_header(jws, _WHAT, types=_TYPES)
        client = text_of(jws, "sub", _WHAT)
    except CompactError as error:
        raise InvalidClientError(str(error)) from None
    if jws.claims.get("iss") != client:
        raise InvalidClientError("The assertion's iss is not its sub")
    if client_id is not None and client_id != client:
        raise InvalidClientError("The assertion's sub is not the client_id")
    if not is_partner_id(client):
        raise not_known()
    kid = jws.header.get("kid", "")
    if not isinstance(kid, str):
        raise InvalidClientError("The assertion's kid is not a text")
    return Shown(client=client, kid=kid if "kid" in jws.header else None, algorithm=str(jws.header["alg"]), jws=jws)


def check_assertion(
    shown: Shown, keys: Sequence[PublicKey], *, issuer: str, now: datetime, skew_s: int
) -> Authenticated:
    """
    Check an assertion whole.

    Args:
        shown: As read.
        keys: The client's active keys.
        issuer: This hub's, the only audience.
        now: Aware.
        skew_s: How far its `iat` or `nbf` may lie ahead.

    Raises:
        InvalidClientError: it does not hold.
    """
    jws = shown.jws
    fitting = [key for key in keys if (shown.kid is None or key.kid == shown.kid) and shown.algorithm in key.algorithms]
    key = next((key for key in fitting if jws.is_by(key)), None)
    if key is None:
        raise not_known()
    try:
        expires, jti = _claims(jws, issuer=issuer, now=now.timestamp(), skew_s=skew_s)
    except CompactError as error:
        raise InvalidClientError(str(error)) from None
    digest = hashlib.sha256(f"assertion\0{shown.client}\0{jti}".encode("utf-8", "surrogatepass")).digest()
    return Authenticated(client=shown.client, key=key, digest=digest, expires_at=float(expires))


def _claims(jws: Compact, *, issuer: str, now: float, skew_s: int) -> tuple[int, str]:
    """Check the claims, and give when the assertion expires and what it is called."""
    if jws.claims.get("aud") != issuer:
        raise CompactError("The assertion's aud is not this hub's issuer, as one text")
    expires = instant_of(jws, "exp", _WHAT)
    begins = [instant_of(jws, name, _WHAT) for name in ("iat", "nbf") if name in jws.claims]
    if expires <= now:
        raise CompactError("The assertion has expired")
    if expires > now + LIFETIME_MAX_S:
        raise CompactError(f"The assertion lives longer than {LIFETIME_MAX_S} s")
    if any(begin > now + skew_s for begin in begins):
        raise CompactError("The assertion is not valid yet")
    if any(not begin <= expires <= begin + LIFETIME_MAX_S for begin in begins):
        raise CompactError(f"The assertion ends before it begins, or lives longer than {LIFETIME_MAX_S} s")
    return expires, text_of(jws, "jti", _WHAT)


def not_known() -> InvalidClientError:
    """The refusal of whoever cannot be told to be a client of ours."""
    return InvalidClientError("The assertion is not by an active key of an active client")
