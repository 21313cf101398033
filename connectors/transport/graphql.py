"""
The GraphQL transport: one POST, and an answer that is either whole or none.

Rules:
    - An answer with errors is not used, also when it carries data: a null that stands for a fault would read as
      "has none".
    - Only the error's `extensions.code` is looked at; messages may quote records.
"""

import re
from collections.abc import Mapping

from connectors.errors import OperatorNeeded, RetryLater, SourceError, StopSite, StopStream
from connectors.transport.service import Call, ServiceTransport, decoded

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,127}")
"""Grammar of a GraphQL name; nothing else may be written into a document."""


class GraphqlTransport:
    """Questions to one GraphQL endpoint."""

    def __init__(self, *, source: str, http: ServiceTransport, headers: Mapping[str, str]) -> None:
        self._source = source
        self._http = http
        self._headers = {"Accept": "application/graphql-response+json, application/json", **headers}

    async def ask(
        self, document: str, variables: Mapping[str, object], *, deadline_s: float | None = None
    ) -> Mapping[str, object]:
        """
        Ask *document*, which has one operation.

        Returns:
            `data`, whole.

        Raises:
            RetryLater: SRC_PARTIAL (data with errors), SRC_GRAPHQL (errors of the far side), SRC_SHAPE, and as
                `ServiceTransport.ask`.
            StopStream: SRC_QUERY, the question does not fit the far schema.
            StopSite: SRC_FORBIDDEN. OperatorNeeded: SRC_UNAUTHENTICATED.
        """
        return self.data_of(await self.ask_raw(document, variables, deadline_s=deadline_s))

    async def ask_raw(
        self, document: str, variables: Mapping[str, object], *, deadline_s: float | None = None
    ) -> bytes:
        """
        Ask *document*, and leave the answer as it came; `data_of` reads it.

        Raises:
            SourceError: as `ServiceTransport.ask`, but for SRC_BODY.
        """
        call = Call(
            method="POST", path="", query={}, headers=self._headers, json={"query": document, "variables": variables}
        )
        return (await self._http.ask_raw(call, deadline_s=deadline_s)).body

    def data_of(self, answer: bytes) -> Mapping[str, object]:
        """Read `data` of *answer*, whole. Raises as `ask`."""
        body = decoded(self._source, answer)
        if not isinstance(body, dict):
            raise RetryLater(self._source, "SRC_SHAPE", "expected a GraphQL answer")
        errors, data = body.get("errors"), body.get("data")
        if errors:
            raise self._refusal(errors, partial=isinstance(data, dict))
        if not isinstance(data, dict):
            raise RetryLater(self._source, "SRC_SHAPE", "expected data")
        return data

    def _refusal(self, errors: object, *, partial: bool) -> SourceError:
        codes = {_code_of(error) for error in errors} if isinstance(errors, list) else {""}
        detail = ", ".join(sorted(code for code in codes if code)) or "no code"
        if "UNAUTHENTICATED" in codes:
            return OperatorNeeded(self._source, "SRC_UNAUTHENTICATED", detail)
        if "FORBIDDEN" in codes:
            return StopSite(self._source, "SRC_FORBIDDEN", detail)
        if codes & {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}:
            return StopStream(self._source, "SRC_QUERY", detail)
        return RetryLater(self._source, "SRC_PARTIAL" if partial else "SRC_GRAPHQL", detail)


def _code_of(error: object) -> str:
    extensions = error.get("extensions") if isinstance(error, dict) else None
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
