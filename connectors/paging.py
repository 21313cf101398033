"""Where a paged read of a service stands, and the call that asks for the next page: pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from connectors.stream_config import Json, PageKind, Request, StreamConfig
from connectors.transport.service import Call


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Position of a paged read.

    Attributes:
        run: Number of complete runs before this one.
        since: Text of the cursor column that this run started from; empty: from the beginning.
        step: Pages already read in this run.
        token: Token of the next page, where the source pages by tokens.
        rows: Rows already read in this run.
        high: Latest change seen, ISO 8601, for the next run to start from.
    """

    run: int = 0
    since: str = ""
    step: int = 0
    token: str = ""
    rows: int = 0
    high: str = ""


def call_for(stream: StreamConfig, request: Request, position: Position) -> Call:
    """Fill *request* for the page at *position*."""
    paging = stream.paginate
    filled = {
        "cursor": position.since or (stream.cursor.initial if stream.cursor else ""),
        "page": str(paging.start + position.step),
        "offset": str(paging.start + position.rows),
        "size": str(paging.size),
        "token": position.token,
    }
    body = _fill(dict(request.json), filled) if request.json is not None else None
    query = {key: _fill_text(text, filled) for key, text in request.query.items()}
    return Call(
        method=request.method,
        path=_fill_text(request.path, filled),
        query={key: text for key, text in query.items() if text},
        headers={},
        json=body if isinstance(body, dict) else None,
    )


def after_page(position: Position, *, rows: int, token: str, high: datetime | None) -> Position:
    """Position after a page of *rows* rows in the same run."""
    known = datetime.fromisoformat(position.high) if position.high else None
    latest = max((each for each in (known, high) if each), default=None)
    return msgspec.structs.replace(
        position,
        step=position.step + 1,
        rows=position.rows + rows,
        token=token,
        high=latest.isoformat() if latest else "",
    )


def next_run(stream: StreamConfig, position: Position) -> Position:
    """Position of the run after this one: from the latest change seen, less the declared overlap."""
    since = position.since
    if stream.cursor is not None and position.high:
        start = datetime.fromisoformat(position.high) - timedelta(seconds=stream.cursor.lag_s)
        since = stream.cursor.format.write(start)
    return Position(run=position.run + 1, since=since, high=position.high)


def is_last(stream: StreamConfig, position: Position, *, rows: int, total: int | None) -> bool | None:
    """
    Whether the page just read was the run's last one; *position* stands after it.

    Returns:
        None where only the next page can tell.
    """
    kind = stream.paginate.kind
    if kind is PageKind.NONE or rows == 0:
        return True
    if kind is PageKind.TOKEN:
        return not position.token
    if total is not None:
        return position.rows >= total
    if stream.paginate.stop == "short":
        return rows < stream.paginate.size
    return None


def _fill(value: Json | Mapping[str, object], filled: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _fill_text(value, filled)
    if isinstance(value, list):
        return [_fill(each, filled) for each in value]
    if isinstance(value, Mapping):
        return {key: _fill(each, filled) for key, each in value.items()}  # type: ignore[arg-type]
    return value


def _fill_text(text: str, filled: Mapping[str, str]) -> str:
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", value)
    return text
