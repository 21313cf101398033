"""
A door around a small real road: graphql-core, executing. So the door is tested over a road that parses, validates and
coerces as GraphQL does, without the store behind it.
"""

import asyncio
import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    execute,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from hub.errors import RefusalError, UnauthenticatedError
from hub.gateway.documents import DocumentDesk, Remembered
from hub.gateway.door import Door, DoorParts
from hub.gateway.health import Health
from hub.gateway.http import Limits
from hub.gateway.logs import make_log
from hub.gateway.metrics import Metrics
from hub.gateway.operations import OperationNames
from hub.gateway.port import Answer, CallerChangedError, Credentials, Identified, Question
from hub.gateway.server import HubServer, configure
from hub.identity.caller import Caller, Proof, the_public
from hub.settings import Settings

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
LIMITS = Limits(body_max_bytes=4096, url_max_bytes=2048, body_deadline_s=5.0, deadline_s=5.0)


class FixedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def _schema() -> GraphQLSchema:
    times = GraphQLArgument(GraphQLInt)
    query = GraphQLObjectType(
        "Query",
        {
            "hello": GraphQLField(
                GraphQLString, args={"times": times}, resolve=lambda _root, _info, times=1: "hello " * (times or 0)
            )
        },
    )
    mutation = GraphQLObjectType("Mutation", {"change": GraphQLField(GraphQLString, resolve=lambda *_: "changed")})
    return GraphQLSchema(query, mutation)


class SmallRoad:
    """
    Answers from graphql-core. `trouble` is raised instead, `pause` is awaited first; `changes` times the asker has
    changed meanwhile.
    """

    def __init__(self) -> None:
        self.schema = _schema()
        self.asked: list[tuple[Question, Caller]] = []
        self.counted: list[tuple[Caller, Proof | None, str | None]] = []
        self.trouble: BaseException | None = None
        self.pause: asyncio.Event | None = None
        self.arrived = asyncio.Event()
        self.public = False
        self.changes = 0

    async def answer(self, question: Question, caller: Caller) -> Answer:
        self.asked.append((question, caller))
        self.arrived.set()
        if self.pause is not None:
            await self.pause.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.changes:
            self.changes -= 1
            raise CallerChangedError
        errors, data = self._run(question)
        body: dict[str, Any] = {}
        if errors:
            body["errors"] = errors
        if data is not None:
            body["data"] = data
        return Answer(
            body=orjson.dumps(body),
            is_request_error=data is None,
            headers={"hub-receipt": "7@log", "cache-control": "public, max-age=9999"},
            public=self.public,
        )

    async def count(self, caller: Caller, proof: Proof | None, peer: str | None) -> Mapping[str, str]:
        self.counted.append((caller, proof, peer))
        if self.trouble is not None:
            raise self.trouble
        return {"ratelimit": '"requests-per-minute";r=1;t=2'}

    def _run(self, question: Question) -> tuple[list[dict[str, Any]], Mapping[str, Any] | None]:
        try:
            document = parse(question.document)
        except GraphQLError:
            return [_error("GRAPHQL_PARSE_FAILED")], None
        if validate(self.schema, document):
            return [_error("GRAPHQL_VALIDATION_FAILED")], None
        operation = get_operation_ast(document, question.operation_name)
        if not isinstance(operation, OperationDefinitionNode):
            return [_error("BAD_USER_INPUT")], None
        coerced = get_variable_values(self.schema, operation.variable_definitions or (), question.variables)
        if isinstance(coerced, list):
            return [_error("BAD_USER_INPUT")], None
        result = execute(
            self.schema, document, variable_values=question.variables, operation_name=question.operation_name
        )
        assert not asyncio.iscoroutine(result)
        return [_error("INTERNAL") for _ in result.errors or ()], result.data


def _error(code: str) -> dict[str, Any]:
    return {"message": "refused", "extensions": {"code": code}}


class Names:
    """Knows one token, `t`, `known_for` so many times; who is `revoked` is known from memory, and not confirmed."""

    def __init__(self) -> None:
        self.asked = 0
        self.known_for = 1_000_000
        self.revoked = False
        self.shown: list[Credentials] = []
        # Who is told, one request after another; the last stands.
        self.told = [Identified(caller=the_public())]
        self.confirmed: list[Caller] = []

    async def identify(self, credentials: Credentials) -> Identified:
        self.asked += 1
        self.shown.append(credentials)
        authorization = credentials.authorization
        if authorization and (authorization != [b"Bearer t"] or self.asked > self.known_for):
            raise UnauthenticatedError("The token is not one of ours")
        return self.told.pop(0) if len(self.told) > 1 else self.told[0]

    async def confirm(self, caller: Caller) -> None:
        self.confirmed.append(caller)
        if self.revoked:
            raise UnauthenticatedError("The token's holder is not an active partner")


class NoDocuments:
    """A shelf with one document."""

    def __init__(self, documents: Mapping[str, str] | None = None) -> None:
        self.documents = documents or {}

    async def find(self, document_id: str) -> str | None:
        return self.documents.get(document_id)


class Stand:
    """A door, and what is behind it to be looked at."""

    def __init__(
        self,
        *,
        limits: Limits = LIMITS,
        documents: Mapping[str, str] | None = None,
        graphiql: Path | None = None,
        names_max: int = 10,
    ) -> None:
        self.road = SmallRoad()
        self.names = Names()
        self.written = io.StringIO()
        self.log = make_log(self.written, "debug")
        self.metrics = Metrics()
        self.clock = FixedClock()
        self.sources: list[Any] = []
        self.ready = True
        self.health = Health(
            checks={"store": self._check},
            sources=self._sources,
            log_size=self._log_size,
            metrics=self.metrics,
            clock=self.clock,
            log=self.log,
        )
        self.door = Door(
            DoorParts(
                road=self.road,
                doorkeeper=self.names,
                desk=DocumentDesk(
                    NoDocuments(documents),
                    Remembered(entries_max=3, document_max_bytes=512),
                    OperationNames(entries_max=names_max),
                ),
                limits=limits,
                health=self.health,
                metrics=self.metrics,
                log=self.log,
                jwks=lambda: {"keys": []},
                graphiql=graphiql,
            )
        )

    async def _check(self) -> bool:
        return self.ready

    async def _sources(self, _now: datetime) -> list[Any]:
        return self.sources

    async def _log_size(self) -> int:
        return 7


@contextmanager
def served(door: Door) -> Iterator[str]:
    """Serve *door* as users start it, on a free loopback port; gives the address."""
    ready, address = threading.Event(), []

    def say(where: str) -> None:
        address.append(where)
        ready.set()

    server = HubServer(configure(door, Settings(), port=0), ready=say)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert ready.wait(10)
        yield address[0]
    finally:
        server.should_exit = True
        thread.join(10)


__all__ = ["LIMITS", "NOW", "FixedClock", "RefusalError", "SmallRoad", "Stand", "served"]
