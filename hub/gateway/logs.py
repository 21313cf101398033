"""
Structured logs: one JSON object per line, of known keys only.

Rules:
    - A key that is not in the list below is dropped and its name counted under `dropped`: so a document, a variable,
      a name or a record's value cannot be logged by a slip.
    - A text is cut at `TEXT_MAX` characters. Exceptions are logged by kind and place, never by message.
    - What libraries log through `logging` takes the same road, by level and logger name; its text is kept only for
      the server's own start and stop lines.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from hub.gateway.lines import Lines

TEXT_MAX = 200
KEYS = frozenset(
    {
        "event", "level", "at",
        # a request
        "request_id", "trace_id", "route", "method", "status", "outcome", "duration_ms", "bytes", "actor", "partner",
        "operation", "denials",
        # a fault
        "error", "places", "logger", "check",
        # the service
        "host", "port", "version", "environment", "store", "log_size", "log_index", "worker",
        # collecting
        "source", "stream", "code", "received", "accepted", "rejected", "batch",
        # what is sealed: names of the catalogue, never a subject
        "kind", "field", "tier",
    }
)  # fmt: skip
_SERVER_LOGGERS = frozenset({"uvicorn.error", "uvicorn"})


def make_log(stream: TextIO, level: str) -> FilteringBoundLogger:
    """
    Make a logger that writes to *stream*. Nothing global is touched.

    Args:
        stream: Usually stderr.
        level: debug, info, warning or error; lower ones cost one comparison.
    """
    return cast(
        "FilteringBoundLogger",
        structlog.wrap_logger(
            Lines(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
                keep_known,
                _render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
            context_class=dict,
            cache_logger_on_first_use=True,
        ),
    )


def lines_of(log: FilteringBoundLogger) -> Lines:
    """
    The lines that *log*, made by `make_log`, writes to.

    Raises:
        TypeError: it was made elsewhere.
    """
    lines = getattr(log.bind(), "_logger", None)
    if not isinstance(lines, Lines):
        raise TypeError(f"a log: expected one of make_log, got one that writes to {type(lines).__name__}")
    return lines


def keep_known(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not known, cut long texts."""
    kept: dict[str, Any] = {}
    dropped = []
    for key, value in event.items():
        if key not in KEYS:
            dropped.append(key[:40])
        elif isinstance(value, str) and len(value) > TEXT_MAX:
            kept[key] = value[:TEXT_MAX] + "…"
        elif value is not None:
            kept[key] = value
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


class StandardLogs(logging.Handler):
    """Takes what libraries log through `logging` and writes it through ours."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*; a library's text is not repeated, since it may quote what it was given."""
        own_words = record.name in _SERVER_LOGGERS and record.levelno < logging.WARNING
        event = record.getMessage() if own_words else "library"
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        places = [f"{record.pathname}:{record.lineno}"] if record.levelno >= logging.WARNING else None
        self._log.log(record.levelno, event, logger=record.name, error=error, places=places)


def _render(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> str:
    return orjson.dumps(event, default=lambda value: type(value).__name__).decode()
