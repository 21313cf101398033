"""
The GraphQL endpoint: GraphQL over HTTP around a road.

In order: 1 method and origin, 2 what answer is acceptable, 3 read and check the request's form, 4 who asks, 5 which
document, 6 the road, 7 the answer with its headers. Each step refuses with a JSON error that carries
`extensions.code`; nothing the client sent is repeated in it.

Rules:
    - A request error (no `data`) is 400 as `application/graphql-response+json` and 200 as `application/json`, as old
      clients expect; what is not a well-formed request is 4xx under both.
    - The same steps serve both lanes: ASGI's, and the short one of `hub.gateway.lane`.

Source: GraphQL over HTTP (2025 draft), 5-6; INTERFACE 1.
"""

import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec
from structlog.typing import FilteringBoundLogger

from hub.errors import BadInputError, ErrorCode, ForbiddenError, HubError, RefusalError, UnavailableError
from hub.gateway.body import (
    ClientGoneError,
    Parameters,
    Receive,
    check_no_token,
    parameters_of_get,
    parameters_of_post,
    read_body,
)
from hub.gateway.deadline import Deadline, DeadlineError
from hub.gateway.documents import DocumentDesk
from hub.gateway.headers import Headers
from hub.gateway.negotiation import JSON, check_content_type, choose
from hub.gateway.operations import check_only_asks
from hub.gateway.peers import NO_PROXIES, Proxies, client_of
from hub.gateway.port import CallerChangedError, Credentials, Doorkeeper, Identified, Question, Road
from hub.gateway.reply import Reply, answered, as_messages, refused, with_nonce
from hub.gateway.trace import child_of, request_id_from
from hub.gateway.trail import Trail, trail_of
from hub.identity.caller import Caller

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ASKED_AGAIN_MAX = 3
"""How often the road is asked again because the asker's entry changed under the answer."""
_FOREIGN = frozenset({b"cross-site", b"same-site"})


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


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """
    A request to the endpoint, from whichever lane.

    Attributes:
        method, path: As they came.
        query_string: Of the URL.
        headers: See `Headers`.
        body: The whole body, or ASGI's way to it.
        peer: Address of the other end of the connection; None if unknown.
    """

    method: str
    query_string: bytes
    headers: Headers
    body: bytes | Receive
    path: str = "/graphql"
    peer: str | None = None


class GraphQLEndpoint:
    """The endpoint; called, it is an ASGI application."""

    def __init__(
        self,
        *,
        road: Road,
        doorkeeper: Doorkeeper,
        desk: DocumentDesk,
        limits: Limits,
        log: FilteringBoundLogger,
        certificate_header: bytes = b"client-cert",
        proxies: Proxies = NO_PROXIES,
    ) -> None:
        self._road = road
        self._doorkeeper = doorkeeper
        self._desk = desk
        self._limits = limits
        self._log = log
        self._certificate_header = certificate_header
        self._proxies = proxies

    @property
    def body_max_bytes(self) -> int:
        """Largest body it reads."""
        return self._limits.body_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        headers = Headers(scope["headers"])
        trail = trail_of(scope) or Trail(request_id_from(headers.get(b"x-request-id")))
        client = scope.get("client")
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query_string=scope["query_string"],
            headers=headers,
            body=receive,
            peer=client[0] if client else None,
        )
        try:
            reply = await self.reply(request, trail)
        except ClientGoneError:
            return
        head, body = as_messages(reply, trail.request_id)
        await send(head)
        await send(body)

    async def reply(self, request: Request, trail: Trail) -> Reply:
        """
        Serve *request*, and leave on *trail* what may be told of it.

        Raises:
            ClientGoneError: the client left before its request was whole.
        """
        trail.route = "graphql"
        media = JSON
        try:
            _check_method_and_origin(request)
            media = choose(request.headers.accept)
            return await self._serve(request, trail, media)
        except ClientGoneError:
            trail.outcome = "client_gone"
            raise
        except HubError as error:
            reply, trail.outcome = refused(error, media)
            return reply
        except Exception as error:  # noqa: BLE001  the last line: nothing of an unforeseen error may reach a client
            self._report(error, trail)
            reply, trail.outcome = refused(HubError(), media)
            return reply

    async def _serve(self, request: Request, trail: Trail, media: str) -> Reply:
        parameters = await self._read(request)
        try:
            with Deadline(self._limits.deadline_s):
                return await self._ask(request, parameters, trail, media)
        except DeadlineError:
            raise UnavailableError(f"No answer was ready within {self._limits.deadline_s:g} s") from None
        except RecursionError:
            raise _too_deep() from None

    async def _read(self, request: Request) -> Parameters:
        limits, headers = self._limits, request.headers
        if request.method == "GET":
            if len(request.query_string) > limits.url_max_bytes:
                raise BadInputError(
                    f"The query string is longer than {limits.url_max_bytes} bytes; POST this question", status=414
                )
            return parameters_of_get(request.query_string)
        if request.query_string:
            check_no_token(request.query_string)
        check_content_type(headers.text(b"content-type"))
        if headers.get(b"content-encoding") not in {None, b"identity"}:
            raise BadInputError("Unsupported content encoding: send the body uncompressed", status=415)
        if isinstance(request.body, bytes):
            return parameters_of_post(request.body)
        try:
            with Deadline(limits.body_deadline_s):
                body = await read_body(request.body, headers.get(b"content-length"), limits.body_max_bytes)
        except DeadlineError:
            raise BadInputError(
                f"The body did not arrive within {limits.body_deadline_s:g} s",
                status=408,
                headers={"connection": "close"},
            ) from None
        return parameters_of_post(body)

    async def _ask(self, request: Request, parameters: Parameters, trail: Trail, media: str) -> Reply:
        question = None
        credentials = self._credentials(request)
        for _ in range(1 + ASKED_AGAIN_MAX):
            identified = await self._doorkeeper.identify(credentials)
            caller = identified.caller
            trail.actor, trail.partner = caller.actor.value, caller.partner
            if question is None:
                question = await self._question_of(identified, request, parameters, trail)
            try:
                if caller.only_trusted_documents and not question.registered:
                    caller = await self._as_limited(credentials, identified, question)
                answer = await self._road.answer(question, caller)
            except CallerChangedError:
                continue
            except RefusalError as refusal:
                # The request was well-formed: a client of application/json reads the reason in the body.
                reply, trail.outcome = refused(refusal, media, as_graphql=media == JSON)
                return with_nonce(reply, identified.nonce)
            trail.outcome = "request_error" if answer.is_request_error else "answered"
            trail.denials = answer.denials
            return with_nonce(answered(answer, media), identified.nonce)
        raise UnavailableError("The asker's entry changed again and again while the answer was made")

    async def _as_limited(self, credentials: Credentials, identified: Identified, question: Question) -> Caller:
        """
        Check that a caller who is limited to registered documents asks one.

        Returns:
            The caller; another one if the limit was lifted meanwhile.

        Raises:
            ForbiddenError: it does not: rule `document.unregistered`.
        """
        # The text may be sent instead of its name: what counts is what is asked.
        if await self._desk.is_registered(question.document):
            return identified.caller
        # Nobody is refused from memory: the entry is read again.
        await self._doorkeeper.confirm(identified.caller)
        caller = (await self._doorkeeper.identify(credentials)).caller
        if not caller.only_trusted_documents:
            return caller
        refusal = ForbiddenError("document.unregistered", "This partner may ask registered documents alone")
        refusal.headers = {**refusal.headers, **await self._road.count(caller, identified.proof, question.peer)}
        raise refusal

    def _credentials(self, request: Request) -> Credentials:
        headers = request.headers
        certificates = headers.all(self._certificate_header)
        return Credentials(
            authorization=headers.authorization,
            proofs=headers.all(b"dpop"),
            certificate=b", ".join(certificates) if certificates else None,
            method=request.method,
            path=request.path,
            peer=request.peer,
        )

    async def _question_of(
        self, identified: Identified, request: Request, parameters: Parameters, trail: Trail
    ) -> Question:
        try:
            return await self._question(identified, request, parameters, trail)
        except RecursionError:
            refusal = _too_deep()
        except RefusalError as error:
            refusal = error
        # No commit will tell that the caller, known from memory, is nobody any more.
        await self._doorkeeper.confirm(identified.caller)
        headers = await self._road.count(identified.caller, identified.proof, self._client_of(request))
        refusal.headers = {**refusal.headers, **headers}
        raise refusal

    async def _question(
        self, identified: Identified, request: Request, parameters: Parameters, trail: Trail
    ) -> Question:
        found = await self._desk.resolve(parameters.query, parameters.document_id, parameters.extensions)
        method = cast('Literal["GET", "POST"]', request.method)
        if method == "GET":
            check_only_asks(found.text, parameters.operation_name)
        trail.operation = self._desk.operation_of(found, parameters.operation_name)
        traceparent = child_of(request.headers.get(b"traceparent"))
        trail.trace_id = traceparent[3:35]
        return Question(
            document=found.text,
            operation_name=parameters.operation_name,
            variables=parameters.variables,
            extensions=parameters.extensions,
            purpose_header=request.headers.purpose(),
            method=method,
            request_id=trail.request_id,
            traceparent=traceparent,
            registered=found.registered_as is not None,
            proof=identified.proof,
            peer=self._client_of(request),
        )

    def _client_of(self, request: Request) -> str | None:
        proxies = self._proxies
        return client_of(request.peer, request.headers.all(proxies.header), proxies.trusted)

    def _report(self, error: Exception, trail: Trail) -> None:
        # The message and the locals may hold a record's values: only the kind of error and its places are logged.
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        self._log.error("failed", request_id=trail.request_id, error=type(error).__name__, places=places[-12:])


def _too_deep() -> RefusalError:
    return RefusalError("The document is nested too deeply", code=ErrorCode.GRAPHQL_PARSE_FAILED)


def _check_method_and_origin(request: Request) -> None:
    if request.method not in {"GET", "POST"}:
        raise BadInputError("Ask by POST, or by GET for a query", status=405, headers={"allow": "GET, POST"})
    # Only browsers send it. A page of another origin has no business here, with or without a token.
    if request.headers.get(b"sec-fetch-site") in _FOREIGN:
        raise BadInputError("Refused: the request comes from a page of another origin", status=403)
