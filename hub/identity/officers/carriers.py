"""
How a session's secret travels, and where a browser's request must come from.

Rules:
    - A browser's secret comes in the cookie `__Host-hub-session`, a program's in `Authorization: Officer …`. Both at
      once, or two of one, are refused: nobody shall guess which one a proxy on the way believed.
    - By cookie: a request that is not GET or HEAD carries our own Origin, once; none comes from another site
      (Sec-Fetch-Site). SameSite=Strict says the same to the browser; this is for the browser that does not listen.

Source: RFC 9110, 11.4; RFC 6265bis, 4.1.3.2; Fetch Metadata; OWASP CSRF (verifying origin).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from hub.errors import ForbiddenError
from hub.identity.officers.errors import no_session

COOKIE = "__Host-hub-session"
_SCHEME = b"officer"
_SAFE = frozenset({"GET", "HEAD"})
_OWN = b"same-origin"
_TYPED = b"none"


class Carrier(StrEnum):
    """How a session's secret travels."""

    COOKIE = "cookie"
    HEADER = "header"


def secret_of(headers: Sequence[tuple[bytes, bytes]], method: str, origin: bytes) -> tuple[str, Carrier]:
    """
    Find the secret a request shows.

    Raises:
        NotSignedInError: none, or more than one: rule `officer.session`.
        ForbiddenError: by cookie, and not from a page of ours.
    """
    shown = [value for name, value in headers if name == b"authorization"]
    cookies = cookies_of(headers, COOKIE)
    if len(shown) + len(cookies) != 1:
        raise no_session()
    if cookies:
        check_site(headers, method, origin)
        return cookies[0], Carrier.COOKIE
    scheme, _, secret = shown[0].partition(b" ")
    if scheme.lower() != _SCHEME:
        raise no_session()
    return secret.strip(b" ").decode("latin-1"), Carrier.HEADER


def check_site(headers: Iterable[tuple[bytes, bytes]], method: str, origin: bytes) -> None:
    """
    Check that a browser's request comes from a page of the *origin*.

    Raises:
        ForbiddenError: it does not, or does not say so: rule `officer.origin`.
    """
    given = list(headers)
    origins = [value for name, value in given if name == b"origin"]
    sites = {value for name, value in given if name == b"sec-fetch-site"}
    safe = method in _SAFE
    wanted = [[], [origin]] if safe else [[origin]]
    if origins not in wanted or sites - ({_OWN, _TYPED} if safe else {_OWN}):
        raise ForbiddenError("officer.origin", "The request does not come from a page of this hub")


def cookies_of(headers: Iterable[tuple[bytes, bytes]], name: str) -> list[str]:
    """Every value of the cookie *name*, in order (RFC 6265, 4.2.1); a browser of ours sends one."""
    pairs = [
        pair.strip(b" \t").partition(b"=") for key, value in headers if key == b"cookie" for pair in value.split(b";")
    ]
    return [value.decode("latin-1") for key, _, value in pairs if key == name.encode()]


def cookie_of(secret: str) -> str:
    """The Set-Cookie that hands a browser its secret; it goes when the browser does."""
    return f"{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict"


def no_cookie() -> str:
    """The Set-Cookie that takes it back."""
    return f"{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"
