"""
The form of a request to the authorization server, read from the wire.

Rules:
    - POST, `application/x-www-form-urlencoded`, UTF-8, bounded, and nothing in the URL: a URL is kept in logs.
    - Every parameter stands once, has a value, and is printable; one that is unknown is ignored (RFC 6749, 3.2).
    - Client secrets are no way in here. One that is shown is refused, not ignored: it has been sent in vain.
    - Credentials of two kinds at once are refused: nobody shall guess which one counted.

Source: RFC 6749, 2.3 and 3.2; FAPI 2.0 Security Profile, 5.3.2.1.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from authlib.oauth2.rfc6749 import InvalidClientError

from hub.errors import BadInputError
from hub.gateway.body import Receive, read_body
from hub.gateway.deadline import Deadline, DeadlineError
from hub.gateway.headers import Headers
from hub.identity.oauth.refusals import AnsweredError

BODY_MAX_BYTES = 32_768
_FIELDS_MAX = 32
_MEDIA = "application/x-www-form-urlencoded"
_VALUE_MAX = 16_384
_CLOSE = (("Connection", "close"),)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """
    A request's form and what stands beside it.

    Attributes:
        values: Parameters by name.
        headers: Of the request.
        raw: The headers as ASGI gives them.
        peer: Address of the other end of the connection; None if unknown.
    """

    values: Mapping[str, str]
    headers: Headers
    raw: list[tuple[bytes, bytes]]
    peer: str | None


async def read_form(scope: MutableMapping[str, Any], receive: Receive, *, deadline_s: float) -> Form:
    """
    Read a request.

    Raises:
        AnsweredError: its form is wrong.
        InvalidClientError: it shows a client secret.
        ClientGoneError: the client left.
    """
    headers = Headers(scope["headers"])
    if scope["method"] != "POST":
        raise AnsweredError("Expected POST", 405, headers=(("Allow", "POST"),))
    if scope["query_string"]:
        raise AnsweredError("Parameters belong into the body, not into the URL")
    _check_media(headers)
    try:
        with Deadline(deadline_s):
            body = await read_body(receive, headers.get(b"content-length"), BODY_MAX_BYTES)
    except DeadlineError:
        raise AnsweredError(f"The body did not arrive within {deadline_s:g} s", 408, headers=_CLOSE) from None
    except BadInputError as error:
        raise AnsweredError(error.message, error.status, headers=_CLOSE) from None
    values = _values(body)
    _check_secrets(headers, values)
    client = scope.get("client")
    return Form(values=values, headers=headers, raw=list(scope["headers"]), peer=client[0] if client else None)


def _check_media(headers: Headers) -> None:
    kinds = headers.all(b"content-type")
    kind, _, rest = (kinds[0].decode("latin-1") if len(kinds) == 1 else "").partition(";")
    if kind.strip().lower() != _MEDIA or rest.strip().lower().replace('"', "") not in {"", "charset=utf-8"}:
        raise AnsweredError(f"Expected Content-Type {_MEDIA}", 415)
    if headers.get(b"content-encoding") not in {None, b"identity"}:
        raise AnsweredError("Send the body uncompressed", 415)


def _values(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            encoding="utf-8",
            errors="strict",
            max_num_fields=_FIELDS_MAX,
        )
    except ValueError:
        raise AnsweredError(f"The body is not a form of at most {_FIELDS_MAX} parameters in UTF-8") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise AnsweredError("A parameter stands more than once")
    for name, value in pairs:
        if not name.isprintable() or not value.isprintable() or len(value) > _VALUE_MAX:
            raise AnsweredError("A parameter is too long or not printable")
    # A parameter without a value counts as absent (RFC 6749, 3.2).
    return {name: value for name, value in values.items() if value}


def _check_secrets(headers: Headers, values: Mapping[str, str]) -> None:
    shown = headers.authorization
    if any(value[:6].lower() in {b"basic ", b"basic"} for value in shown):
        raise InvalidClientError("Clients authenticate by private_key_jwt, not by a secret", status_code=401)
    if "client_secret" in values:
        raise InvalidClientError("Clients authenticate by private_key_jwt, not by a secret")
    if shown and ("client_assertion" in values or len(shown) > 1):
        raise AnsweredError("Authenticate in one way, not in several")
