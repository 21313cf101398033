"""
A service window: a GraphQL endpoint of its own beside the road, for few askers who are known before anything is read.

In order: 1 method, origin and form of the request, 2 who asks, 3 read the body, 4 parse and validate, 5 what it may
ask for, 6 run, 7 the answer.

Rules:
    - Who asks is told before the body is read: to everybody else the window says 401 and nothing of its schema.
    - POST with JSON only; a batch, a registered document and a persisted query are refused.
    - No text holds NUL, which not every store keeps: no name and no reason has one.
    - Every answer is `Cache-Control: private, no-store`.
    - A request error is 400 as `application/graphql-response+json` and 200 as `application/json`, as at `/graphql`.

Source: GraphQL over HTTP (2025 draft), 5-6; INTERFACE 1.
"""

import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
import orjson
from graphql import GraphQLSchema, OperationType
from structlog.typing import FilteringBoundLogger

from hub.administration.graph import bounds
from hub.administration.graph.running import Runner
from hub.errors import BadInputError, ErrorCode, HubError, RefusalError, UnavailableError
from hub.gateway.body import ClientGoneError, Parameters, Receive, check_no_token, parameters_of_post, read_body
from hub.gateway.deadline import Deadline, DeadlineError
from hub.gateway.headers import Headers
from hub.gateway.http import Limits, Scope, Send
from hub.gateway.negotiation import GRAPHQL_RESPONSE, JSON, check_content_type, choose
from hub.gateway.reply import BAD_REQUEST, Reply, as_messages, refused
from hub.gateway.trace import request_id_from
from hub.gateway.trail import Trail, trail_of
from hub.road.documents import Documents, RequestFaultError

_FOREIGN = frozenset({b"cross-site", b"same-site"})
_PLACES = 12
_NUL = re.compile(r"\\u(?:0000|\{0+\})")
"""As a document spells it; it does not hold one unspelled."""
_DOCUMENTS_KEPT = 200

Known = TypeVar("Known")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who stands at a window, as far as the request shows.

    Attributes:
        headers: Of the request.
        peer: Address of the other end of the connection; None if unknown.
        scope: ASGI's, for what is neither.
    """

    headers: Headers
    peer: str | None
    scope: Scope


class Served(msgspec.Struct, Generic[Known], frozen=True, kw_only=True):
    """
    Who was recognised.

    Attributes:
        context: What the resolvers get.
        actor: Kind of asker, for the access log.
        headers: Further headers of the answer.
    """

    context: Known
    actor: str
    headers: dict[str, str] = {}


class Window(Generic[Known]):
    """The endpoint, an ASGI application."""

    def __init__(
        self,
        *,
        name: str,
        schema: GraphQLSchema,
        recognise: Callable[[Visit], Awaitable[Served[Known]]],
        limits: Limits,
        log: FilteringBoundLogger,
    ) -> None:
        """
        Make a window.

        Args:
            name: Of the route, in log and metrics.
            schema: What is served.
            recognise: Tells who asks; raises `RefusalError` for whoever is not served here.
            limits: Of one request.
            log: Where failures are told.
        """
        self._name = name
        self._schema = schema
        self._recognise = recognise
        self._limits = limits
        self._log = log
        self._runner = Runner(schema, log)
        served = frozenset({OperationType.QUERY, OperationType.MUTATION})
        self._documents = Documents(schema, size=_DOCUMENTS_KEPT, serves=served)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        headers = Headers(scope["headers"])
        trail = trail_of(scope) or Trail(request_id_from(headers.get(b"x-request-id")))
        client = scope.get("client")
        visit = Visit(headers=headers, peer=client[0] if client else None, scope=scope)
        try:
            reply = await self._reply(visit, receive, trail)
        except ClientGoneError:
            trail.outcome = "client_gone"
            return
        head, body = as_messages(reply, trail.request_id)
        # Whoever watches the door adds it to every answer but those of the road.
        head["headers"] = [each for each in head["headers"] if each[0] != b"x-request-id"]
        await send(head)
        await send(body)

    async def _reply(self, visit: Visit, receive: Receive, trail: Trail) -> Reply:
        trail.route = self._name
        media = JSON
        try:
            _check_method_and_origin(visit)
            media = choose(visit.headers.accept)
            return await self._serve(visit, receive, trail, media)
        except ClientGoneError:
            raise
        except HubError as error:
            reply, trail.outcome = refused(error, media)
            return reply
        except Exception as error:  # noqa: BLE001  the last line: nothing of an unforeseen error may reach a client
            places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            self._log.error("failed", request_id=trail.request_id, error=type(error).__name__, places=places[-_PLACES:])
            reply, trail.outcome = refused(HubError(), media)
            return reply

    async def _serve(self, visit: Visit, receive: Receive, trail: Trail, media: str) -> Reply:
        _check_form(visit)
        try:
            with Deadline(self._limits.deadline_s):
                served = await self._recognise(visit)
                trail.actor = served.actor
                parameters = await self._read(visit, receive)
                return await self._answer(served, parameters, trail, media)
        except DeadlineError:
            raise UnavailableError(f"No answer was ready within {self._limits.deadline_s:g} s") from None
        except RecursionError:
            raise RefusalError("The document is nested too deeply", code=ErrorCode.GRAPHQL_PARSE_FAILED) from None

    async def _read(self, visit: Visit, receive: Receive) -> Parameters:
        limits, headers = self._limits, visit.headers
        try:
            with Deadline(limits.body_deadline_s):
                body = await read_body(receive, headers.get(b"content-length"), limits.body_max_bytes)
        except DeadlineError:
            raise BadInputError(
                f"The body did not arrive within {limits.body_deadline_s:g} s",
                status=408,
                headers={"connection": "close"},
            ) from None
        return parameters_of_post(body)

    async def _answer(self, served: Served[Known], parameters: Parameters, trail: Trail, media: str) -> Reply:
        try:
            body = await self._run(served, parameters, trail)
        except RequestFaultError as fault:
            trail.outcome = "request_error"
            status = BAD_REQUEST if media == GRAPHQL_RESPONSE else 200
            shown = orjson.dumps({"errors": fault.errors})
            return Reply(status=status, body=shown, media=media, headers=served.headers)
        except RefusalError as refusal:
            # The request was well-formed: a client of application/json reads the reason in the body.
            reply, trail.outcome = refused(refusal, media, as_graphql=media == JSON)
            return msgspec.structs.replace(reply, headers={**served.headers, **reply.headers})
        trail.outcome = "answered"
        return Reply(status=200, body=body, media=media, headers=served.headers)

    async def _run(self, served: Served[Known], parameters: Parameters, trail: Trail) -> bytes:
        if parameters.document_id is not None or "persistedQuery" in parameters.extensions:
            raise BadInputError("Here a document is sent whole, as query", place=("query",))
        if parameters.query is None:
            raise BadInputError("Send a GraphQL document as query", place=("query",))
        _check_texts(parameters)
        await self._documents.admit(parameters.query)
        prepared = self._documents.prepare(parameters.query, parameters.operation_name, parameters.variables)
        bounds.check(self._schema, prepared)
        return await self._runner.run(prepared, served.context, trail.request_id)


def _check_texts(parameters: Parameters) -> None:
    for place, is_held in (
        ("query", _NUL.search(parameters.query or "") is not None),
        ("variables", _holds_nul(parameters.variables)),
    ):
        if is_held:
            raise BadInputError("No text may hold NUL", place=(place,), extensions={"rule": "request.text"})


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_holds_nul, value))


def _check_method_and_origin(visit: Visit) -> None:
    if visit.scope["method"] != "POST":
        raise BadInputError("Ask by POST", status=405, headers={"allow": "POST"})
    # Only browsers send it. A page of another origin has no business here.
    if visit.headers.get(b"sec-fetch-site") in _FOREIGN:
        raise BadInputError("Refused: the request comes from a page of another origin", status=403)


def _check_form(visit: Visit) -> None:
    if visit.scope["query_string"]:
        check_no_token(visit.scope["query_string"])
    check_content_type(visit.headers.text(b"content-type"))
    if visit.headers.get(b"content-encoding") not in {None, b"identity"}:
        raise BadInputError("Unsupported content encoding: send the body uncompressed", status=415)
