"""A GraphQL answer is whole or none."""

import json

import pytest
from aiohttp import web

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.transport.graphql import GraphqlTransport
from tests.connectors.servers import serving
from tests.connectors.transport.test_service import opened

SECRET = "91510100SECRETVALUE"


async def ask(body: object, status: int = 200, content_type: str = "application/json"):
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=json.dumps(body), content_type=content_type)

    async with serving(handler) as base_url:
        http = opened(base_url + "/graphql")
        try:
            return await GraphqlTransport(source="s", http=http, headers={}).ask("{ now }", {})
        finally:
            await http.close()


def error(code: object) -> dict[str, object]:
    return {"message": SECRET, "extensions": {"code": code}}


class TestAsk:
    async def test_gives_data(self):
        assert {"now": "x"} == await ask({"data": {"now": "x"}}, content_type="application/graphql-response+json")

    @pytest.mark.parametrize(
        ("body", "kind", "code"),
        [
            ({"errors": [error("UNAUTHENTICATED")]}, OperatorNeeded, "SRC_UNAUTHENTICATED"),
            ({"errors": [error("FORBIDDEN")]}, StopSite, "SRC_FORBIDDEN"),
            ({"errors": [error("BAD_USER_INPUT")]}, StopStream, "SRC_QUERY"),
            ({"errors": [error("GRAPHQL_VALIDATION_FAILED")]}, StopStream, "SRC_QUERY"),
            ({"errors": [error("INTERNAL")]}, RetryLater, "SRC_GRAPHQL"),
            ({"errors": [{"message": SECRET}]}, RetryLater, "SRC_GRAPHQL"),
            ({"errors": [error(SECRET + "!")]}, RetryLater, "SRC_GRAPHQL"),
            ({"errors": [error(5)]}, RetryLater, "SRC_GRAPHQL"),
            ({"errors": "all wrong"}, RetryLater, "SRC_GRAPHQL"),
            ({"errors": [5]}, RetryLater, "SRC_GRAPHQL"),
            ({"data": {"now": None}, "errors": [error("INTERNAL")]}, RetryLater, "SRC_PARTIAL"),
            ({"data": None}, RetryLater, "SRC_SHAPE"),
            ({}, RetryLater, "SRC_SHAPE"),
            ([], RetryLater, "SRC_SHAPE"),
            ("x", RetryLater, "SRC_SHAPE"),
        ],
    )
    async def test_anything_else_is_typed_and_not_quoted(self, body: object, kind: type[SourceError], code: str):
        with pytest.raises(kind) as raised:
            await ask(body)

        assert code == raised.value.code
        assert SECRET not in str(raised.value)

    async def test_a_status_is_judged_before_the_body(self):
        with pytest.raises(OperatorNeeded):
            await ask({"data": {"now": "x"}}, status=401)
