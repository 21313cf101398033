"""
The GraphQL endpoint: GraphQL over HTTP around a road.

In order: 1 method and origin, 2 what answer is acceptable, 3 read and check the request's form, 4 who asks, 5 which
document, 6 the road, 7 the answer with its headers. Each step refuses with a JSON error that carries
`extensions.code`; nothing the client sent is repeated in it.

Rules:
    - A request error (no `data`) is 400 as `application/graphql-response+json` and 200 as `application/json`, as old
      clients expect; what is not a well-formed request is 4xx under both.
    - `Cache-Control: private, no-store`, unless the answer is wholly public; then still checked at every use, since a
      record may be withdrawn at any moment.
    - Written as bare ASGI, not on Starlette's Request: this is the hot path.

Source: GraphQL over HTTP (2025 draft), 5-6; INTERFACE 1.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
from structlog.typing import FilteringBoundLogger

from hub.errors import BadInputError, ErrorCode, HubError, RefusalError, UnavailableError
from hub.gateway.body import (
    ClientGoneError,
    Parameters,
    Receive,
    check_no_token,
    parameters_of_get,
    parameters_of_post,
    read_body,
)
from hub.gateway.documents import DocumentDesk
from hub.gateway.negotiation import GRAPHQL_RESPONSE, JSON, check_content_type, choose
from hub.gateway.operations import check_only_asks
from hub.gateway.port import Answer, Doorkeeper, Question, Road
from hub.gateway.trace import child_of, request_id_from
from hub.gateway.trail import Trail, trail_of

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_PRIVATE = b"private, no-store"
_PUBLIC = b"public, max-age=0, must-revalidate"
_VARY = b"Accept, Authorization, Purpose"
_BAD_REQUEST = 400
_FORBIDDEN = 403
# Headers the door sets itself; a road's headers never replace them.
_OURS = frozenset({"content-type", "content-length", "cache-control", "vary", "x-request-id", "x-content-type-options"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    What one request may take.

    Attributes:
        body_max_bytes: Largest body of a POST.
        url_max_bytes: Longest query string of a GET.
        body_deadline_s: Time for the client to send its body.
        deadline_s: Time for the answer, from the whole request to the whole body.
    """

    body_max_bytes: int
    url_max_bytes: int
    body_deadline_s: float
    deadline_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]
    public: bool = False


class _Headers:
    """The request headers the endpoint reads: the first of each, but all of Authorization, Accept and Purpose."""

    __slots__ = ("_first", "_purposes", "accept", "authorization")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._first: dict[bytes, bytes] = {}
        self.authorization: list[bytes] = []
        self._purposes: list[bytes] = []
        accepts: list[bytes] = []
        for name, value in raw:
            if name == b"authorization":
                self.authorization.append(value)
            elif name == b"accept":
                accepts.append(value)
            elif name == b"purpose":
                self._purposes.append(value)
            else:
                self._first.setdefault(name, value)
        self.accept = b", ".join(accepts).decode("latin-1") if accepts else None

    def get(self, name: bytes) -> bytes | None:
        return self._first.get(name)

    def text(self, name: bytes) -> str | None:
        value = self._first.get(name)
        return None if value is None else value.decode("latin-1")

    def purpose(self) -> str | None:
        """Return the one purpose; two, even equal ones, are for nobody to choose from."""
        if len(self._purposes) > 1:
            raise BadInputError("Send one Purpose header", place=("Purpose header",))
        return self._purposes[0].decode("latin-1") if self._purposes else None


class GraphQLEndpoint:
    """The endpoint, as an ASGI application."""

    def __init__(
        self, *, road: Road, doorkeeper: Doorkeeper, desk: DocumentDesk, limits: Limits, log: FilteringBoundLogger
    ) -> None:
        self._road = road
        self._doorkeeper = doorkeeper
        self._desk = desk
        self._limits = limits
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        headers = _Headers(scope["headers"])
        trail = trail_of(scope) or Trail(request_id=request_id_from(headers.get(b"x-request-id")))
        trail.route = "graphql"
        media = JSON
        try:
            _check_method_and_origin(scope["method"], headers)
            media = choose(headers.accept)
            reply = await self._serve(scope, receive, headers, trail, media)
        except ClientGoneError:
            trail.outcome = "client_gone"
            return
        except HubError as error:
            reply = _refused(error, trail)
        except Exception as error:  # noqa: BLE001  the last line: nothing of an unforeseen error may reach a client
            reply = self._failed(error, trail)
        await _send(send, reply, media, trail)

    async def _serve(self, scope: Scope, receive: Receive, headers: _Headers, trail: Trail, media: str) -> _Reply:
        method = cast('Literal["GET", "POST"]', scope["method"])
        parameters = await self._read(scope, receive, headers)
        try:
            async with asyncio.timeout(self._limits.deadline_s) as deadline:
                caller = await self._doorkeeper.identify(headers.authorization)
                trail.actor, trail.partner = caller.actor.value, caller.partner
                question = await self._question(method, parameters, headers, trail)
                try:
                    answer = await self._road.answer(question, caller)
                except RefusalError as refusal:
                    return _refused(refusal, trail, as_graphql=media == JSON)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise UnavailableError(f"No answer was ready within {self._limits.deadline_s:g} s") from None
        except RecursionError:
            raise RefusalError("The document is nested too deeply", code=ErrorCode.GRAPHQL_PARSE_FAILED) from None
        return _answered(answer, trail, media)

    async def _read(self, scope: Scope, receive: Receive, headers: _Headers) -> Parameters:
        if scope["method"] == "GET":
            query_string: bytes = scope["query_string"]
            if len(query_string) > self._limits.url_max_bytes:
                raise BadInputError(
                    f"The query string is longer than {self._limits.url_max_bytes} bytes; POST this question",
                    status=414,
                )
            return parameters_of_get(query_string)
        if scope["query_string"]:
            check_no_token(scope["query_string"])
        check_content_type(headers.text(b"content-type"))
        if headers.get(b"content-encoding") not in {None, b"identity"}:
            raise BadInputError("Unsupported content encoding: send the body uncompressed", status=415)
        try:
            async with asyncio.timeout(self._limits.body_deadline_s):
                body = await read_body(receive, headers.get(b"content-length"), self._limits.body_max_bytes)
        except TimeoutError:
            raise BadInputError(
                f"The body did not arrive within {self._limits.body_deadline_s:g} s",
                status=408,
                headers={"connection": "close"},
            ) from None
        return parameters_of_post(body)

    async def _question(
        self, method: Literal["GET", "POST"], parameters: Parameters, headers: _Headers, trail: Trail
    ) -> Question:
        found = await self._desk.resolve(parameters.query, parameters.document_id, parameters.extensions)
        if method == "GET":
            check_only_asks(found.text, parameters.operation_name)
        if found.registered:
            trail.operation = parameters.operation_name
        traceparent = child_of(headers.get(b"traceparent"))
        trail.trace_id = traceparent[3:35]
        return Question(
            document=found.text,
            operation_name=parameters.operation_name,
            variables=parameters.variables,
            extensions=parameters.extensions,
            purpose_header=headers.purpose(),
            method=method,
            request_id=trail.request_id,
            traceparent=traceparent,
            registered=found.registered,
        )

    def _failed(self, error: Exception, trail: Trail) -> _Reply:
        # The message and the locals may hold a record's values: only the kind of error and its places are logged.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        self._log.error("failed", request_id=trail.request_id, error=type(error).__name__, places=places[-12:])
        return _refused(HubError(), trail)


def _check_method_and_origin(method: str, headers: _Headers) -> None:
    if method not in {"GET", "POST"}:
        raise BadInputError("Ask by POST, or by GET for a query", status=405, headers={"allow": "GET, POST"})
    # Only browsers send it. A page of another origin has no business here, with or without a token.
    if headers.get(b"sec-fetch-site") in {b"cross-site", b"same-site"}:
        raise BadInputError("Refused: the request comes from a page of another origin", status=403)


def _answered(answer: Answer, trail: Trail, media: str) -> _Reply:
    trail.outcome = "request_error" if answer.is_request_error else "answered"
    trail.denials = answer.denials
    status = _BAD_REQUEST if answer.is_request_error and media == GRAPHQL_RESPONSE else 200
    return _Reply(status=status, body=answer.body, headers=answer.headers, public=answer.public)


def _refused(error: HubError, trail: Trail, *, as_graphql: bool = False) -> _Reply:
    """
    Make the reply to a refused request.

    With *as_graphql* the request was well-formed, and a client of `application/json` reads the reason from `errors`;
    what a client must see in the status (401, 405, 429, 5xx) it sees all the same.
    """
    match error:
        case RefusalError():
            status, shown, headers = error.status, error.as_graphql(), error.headers
            if as_graphql and status in {_BAD_REQUEST, _FORBIDDEN}:
                status = 200
        case UnavailableError():
            status, shown = 503, {"message": error.message, "extensions": {"code": ErrorCode.INTERNAL.value}}
            headers = {"retry-after": str(error.retry_after_s)}
        case _:
            status, headers = 500, {}
            shown = {"message": "The hub failed to answer", "extensions": {"code": ErrorCode.INTERNAL.value}}
    trail.outcome = shown["extensions"]["code"]
    return _Reply(status=status, body=orjson.dumps({"errors": [shown]}), headers=headers)


async def _send(send: Send, reply: _Reply, media: str, trail: Trail) -> None:
    headers = [
        (b"content-type", b"%s; charset=utf-8" % media.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        (b"cache-control", _PUBLIC if reply.public else _PRIVATE),
        (b"vary", _VARY),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", trail.request_id.encode()),
    ]
    headers += [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items() if name not in _OURS]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
