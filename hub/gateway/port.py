"""What the door needs of the house: one road that answers a question, and one place that knows who asks."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from hub.identity.caller import Caller, Proof


class CallerChangedError(Exception):
    """
    The asker's entry changed between identification and answer, and nothing was disclosed.

    The door asks who it is anew, and asks the road again: at most `http.ASKED_AGAIN_MAX` times, then it answers 503.
    """


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a request shows of who sends it, unchecked.

    Attributes:
        authorization: Values of all Authorization headers, in order; none means the public.
        proofs: Values of all DPoP headers, in order.
        certificate: The header in which a proxy passes the client's certificate on, all its values joined by commas;
            None if absent.
        method, path: Of the request; a proof names both.
        peer: Address of the other end of the connection, which is the proxy's if one stands between; None if unknown.
    """

    authorization: list[bytes]
    proofs: list[bytes] = []
    certificate: bytes | None = None
    method: str = "POST"
    path: str = "/graphql"
    peer: str | None = None


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who sends a request.

    Attributes:
        caller: Who asks.
        proof: The proof it showed, to be used up by the commit of the answer; None if its token needs none.
        nonce: The nonce its next proof must carry, if it is to change (RFC 9449, 8.2).
    """

    caller: Caller
    proof: Proof | None = None
    nonce: str | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """
    One GraphQL request as it came, checked for form only.

    Attributes:
        document: GraphQL text, resolved from `query`, `documentId` or a persisted query.
        operation_name: Operation to run; None if the document has one.
        variables: JSON object, strings without lone surrogates, nested at most `http.JSON_DEPTH` deep.
        extensions: JSON object; `purpose`, `onDenied`, `dryRun` are read by the road.
        purpose_header: The `Purpose` header as it came (RFC 9651), None if absent.
        method: `GET` serves queries only; the door has refused the rest.
        request_id: Chosen by the client if it has a sane form, else by the door.
        traceparent: W3C trace context for calls to sources; a child of the client's if it sent a valid one.
        registered: Whether the document is a trusted one.
        proof: The asker's proof for this one request; whoever makes the answer durable records it as used.
        peer: Address of the client, as far as it can be told; None if unknown. To count by: neither logged nor stored.
    """

    document: str
    operation_name: str | None
    variables: dict[str, Any]
    extensions: dict[str, Any]
    purpose_header: str | None
    method: Literal["GET", "POST"]
    request_id: str
    traceparent: str
    registered: bool = False
    proof: Proof | None = None
    peer: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    The road's answer.

    Attributes:
        body: The complete JSON response, UTF-8; without `data` for a request error.
        is_request_error: Parsing, validation or variable coercion failed, or the operation was refused whole.
        headers: Further headers, lower-case names (the receipt's short form).
        public: Every value in it is of tier P and the asker was the public.
        denials: Number of denied coordinates, for the metrics.
    """

    body: bytes
    is_request_error: bool
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    public: bool = False
    denials: int = 0


class Road(Protocol):
    """`hub.exchange`: the one road of a question."""

    async def answer(self, question: Question, caller: Caller) -> Answer:
        """
        Answer *question* for *caller*.

        Raises:
            RefusalError: the whole request is refused; the door answers with its status, code and headers.
            CallerChangedError: *caller* is no longer who it was; the door identifies anew and asks again.
            UnavailableError: store or log cannot be used; the door answers 503.
        """

    async def count(self, caller: Caller, proof: Proof | None, peer: str | None) -> Mapping[str, str]:
        """
        Use up the proof and count the request of *caller* that was refused before it became a question.

        Returns:
            Further headers of the refusal.

        Raises:
            RefusalError: the proof was used before, or the caller is over a budget; then that is the answer.
            UnavailableError: it cannot be counted.
        """


class Doorkeeper(Protocol):
    """`hub.identity`: who asks."""

    async def identify(self, credentials: Credentials) -> Identified:
        """
        Tell who asks by what the request shows; no Authorization header means the public.

        Raises:
            UnauthenticatedError: something is shown, and it is not one valid token with the proof it needs.
            BadInputError: a client certificate is passed on by somebody who is not a trusted proxy.
        """

    async def confirm(self, caller: Caller) -> None:
        """
        Check by the store that *caller*, as `identify` told it, is still served: for what no commit validates.

        Raises:
            UnauthenticatedError: it is not.
            UnavailableError: the store cannot be asked.
        """


class DocumentShelf(Protocol):
    """Trusted documents."""

    async def find(self, document_id: str) -> str | None:
        """The text registered under *document_id* (`sha256:<hex>`), None if there is none."""
