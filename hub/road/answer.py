"""Step 10 of the road: the response's bytes, its errors in a fixed order, its receipt."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLError

from hub.audit.receipts import Receipt
from hub.errors import ErrorCode
from hub.gateway.port import Answer
from hub.road.fetch import Missing
from hub.store.sources import SourceState
from schema.plan.errors import DeniedReferenceError
from schema.plan.model import Plan

RECEIPT_HEADER = "hub-receipt"


def answered(
    data: bytes,
    errors: Sequence[dict[str, Any]],
    receipt: Receipt | None,
    *,
    denials: int = 0,
    public: bool = False,
) -> Answer:
    """Write a response that was executed; *data* is JSON."""
    return _answer([b'"data":', data], errors, receipt, is_request_error=False, denials=denials, public=public)


def refused(errors: Sequence[dict[str, Any]], receipt: Receipt | None = None, *, denials: int = 0) -> Answer:
    """Write a response that was not executed: no `data`."""
    return _answer([], errors, receipt, is_request_error=True, denials=denials, public=False)


def _answer(
    parts: list[bytes],
    errors: Sequence[dict[str, Any]],
    receipt: Receipt | None,
    *,
    is_request_error: bool,
    denials: int,
    public: bool,
) -> Answer:
    headers: dict[str, str] = {}
    if receipt is not None:
        headers[RECEIPT_HEADER] = receipt.header()
        for error in errors:
            if error["extensions"]["code"] == ErrorCode.UNAUTHORIZED_FIELD_OR_TYPE.value:
                error["extensions"]["auditId"] = receipt.header()
    if errors:
        parts += [b',"errors":' if parts else b'"errors":', orjson.dumps(list(errors))]
    if receipt is not None:
        parts += [b',"extensions":{"receipt":', receipt.extension, b"}"]
    return Answer(
        body=b"{%b}" % b"".join(parts),
        is_request_error=is_request_error,
        headers=headers,
        public=public,
        denials=denials,
    )


def denial_errors(plan: Plan, denied: Mapping[str, int]) -> list[dict[str, Any]]:
    """Make one error per statically denied coordinate, in document order; `count` is the places left null."""
    return [
        {
            "message": f"{use.coordinate} may not be shown: {decision.rule}.",
            "path": list(use.path),
            "extensions": {
                "code": ErrorCode.UNAUTHORIZED_FIELD_OR_TYPE.value,
                "coordinate": use.coordinate,
                "rule": decision.rule,
                "requiredTier": decision.required_tier.value,
                "count": denied.get(use.coordinate, 0),
            },
        }
        for use, decision in plan.denied
    ]


def reference_error(refusal: DeniedReferenceError) -> dict[str, Any]:
    """Make the error of an argument that names what may not be read."""
    return {
        "message": f"{refusal.coordinate} may not be filtered or sorted by: {refusal.rule}.",
        "extensions": {
            "code": ErrorCode.UNAUTHORIZED_FIELD_OR_TYPE.value,
            "coordinate": refusal.coordinate,
            "rule": refusal.rule,
            "place": list(refusal.path),
            "count": 1,
        },
    }


def argument_error(error: GraphQLError) -> dict[str, Any]:
    """Make the error of an argument that validation leaves to execution: ours, or a variable that is null."""
    if error.extensions and "code" in error.extensions:
        return {"message": error.message, "extensions": dict(error.extensions)}
    return {
        "message": "A variable is null where its argument takes no null.",
        "extensions": {"code": ErrorCode.BAD_USER_INPUT.value, "place": ["variables"]},
    }


def source_errors(
    missing: Sequence[Missing],
    sources: Sequence[SourceState],
    *,
    kinds: frozenset[str],
) -> list[dict[str, Any]]:
    """
    Name the sources whose part is absent, or may be out of date because the last read of one of *kinds* failed.

    *kinds* are those whose records were read from the archive.
    """
    faults = {fault.source: fault.code for fault in missing}
    for state in sources:
        fault = None if state.live else state.fault_for(kinds)
        if fault is not None:
            faults.setdefault(state.id, fault)
    if not faults:
        return []
    known = {state.id: state for state in sources}
    return [_source_error(source, fault, known.get(source)) for source, fault in sorted(faults.items())]


def _source_error(source: str, fault: str, state: SourceState | None) -> dict[str, Any]:
    is_live = state is None or state.live
    return {
        "message": f"Source {source} is unavailable; "
        + ("its part is absent." if is_live else "its part is as of its last successful read."),
        "extensions": {
            "code": ErrorCode.SOURCE_UNAVAILABLE.value,
            "source": source,
            "fault": fault,
            "servedFrom": None if is_live else "archive",
            "lastSucceededAt": state.last_succeeded_at if state else None,
        },
    }
