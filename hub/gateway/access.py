"""
The access log: one line per request, of the keys that `hub.gateway.logs` knows.

It is written beside structlog, not through it: every key here is ours and every value bounded, so there is nothing to
sift.
"""

import logging
from datetime import UTC, datetime

import orjson
from structlog.typing import FilteringBoundLogger

from hub.gateway.lines import Lines
from hub.gateway.logs import TEXT_MAX, lines_of
from hub.gateway.trail import Trail

_SERVER_FAULT = 500
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS"})
_QUIET = frozenset({"healthz", "readyz", "metrics"})


class AccessLog:
    """Writes to the same lines as *log*, and is as silent as it."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._lines: Lines = lines_of(log)
        self._tells = log.is_enabled_for(logging.INFO)
        self._tells_all = log.is_enabled_for(logging.DEBUG)

    def write(self, trail: Trail, method: str, status: int, size: int, seconds: float) -> None:
        """
        Write that a request was answered.

        Args:
            trail: What it left behind.
            method: As it came.
            status: Of the answer; 0: there was none.
            size: Bytes of the answer's body.
            seconds: It took.
        """
        quiet = trail.route in _QUIET and status < _SERVER_FAULT
        if not (self._tells_all if quiet else self._tells):
            return
        line = {
            "event": "request",
            "level": "debug" if quiet else "info",
            "at": datetime.now(UTC),
            "request_id": trail.request_id,
            "route": trail.route,
            "method": method if method in _METHODS else "other",
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "bytes": size,
        }
        if trail.trace_id:
            line["trace_id"] = trail.trace_id
        if trail.outcome:
            line["outcome"] = trail.outcome
        if trail.actor is not None:
            line["actor"] = trail.actor
        if trail.partner is not None:
            line["partner"] = trail.partner
        if trail.operation is not None:
            operation = trail.operation
            line["operation"] = operation if len(operation) <= TEXT_MAX else operation[:TEXT_MAX] + "…"
        if trail.denials:
            line["denials"] = trail.denials
        self._lines.write(orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
