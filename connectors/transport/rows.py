"""From what a source sent to `Row`: the declared map, the tombstone, the time, the place."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from connectors.port import Place, Row
from connectors.stream_config import StreamConfig, TombstoneKind

UNREADABLE: Final = "RW01"
"""Fault of a row that could not be read: wrong number of cells, undecodable bytes, a structure where text belongs."""

_OPS: Final[Mapping[str, Literal["I", "U", "D"]]] = {"I": "I", "U": "U", "D": "D"}
_NO_EXTRA: Final[Mapping[str, str]] = {}


def row_of(stream: StreamConfig, sent: Mapping[str, str | None], place: Place, fault: str | None = None) -> Row:
    """
    Make a row of *sent* (source column -> text).

    An operation flag that is none of I, U, D makes the row unreadable rather than an insert.
    """
    op: Literal["I", "U", "D"] = "I"
    if stream.op is not None:
        flag = sent.get(stream.op)
        found = _OPS.get(flag or "I")
        if found is None:
            fault = fault or UNREADABLE
        else:
            op = found
    values = stream.map.apply(sent)
    extra = {name: value for name, value in stream.extra.apply(sent).items() if value} if stream.extra.entries else {}
    if stream.tombstone is not None and stream.tombstone.when.holds(sent):
        if stream.tombstone.kind is TombstoneKind.WITHDRAWAL:
            op = "D"
        else:
            extra = {**extra, "repaired": "1"}
    moment = sent.get(stream.cursor.column) if stream.cursor else None
    return Row(
        values=values,
        place=place,
        op=op,
        as_of=stream.cursor.format.read(moment) if stream.cursor and moment else None,
        row_id=(sent.get(stream.row_id) or None) if stream.row_id else None,
        extra=extra or _NO_EXTRA,
        fault=fault,
    )


def text_cells(entity: Mapping[str, object]) -> tuple[dict[str, str | None], bool]:
    """
    Read a JSON object as cells.

    Nested objects become `outer.inner`; a list of texts becomes `a;b`; true and false become `1` and `0`.

    Returns:
        The cells, and whether all of the object could be read.
    """
    cells: dict[str, str | None] = {}
    whole = _flatten(entity, "", cells, depth=0)
    return cells, whole


_DEEPEST = 4


def _flatten(entity: Mapping[str, object], prefix: str, cells: dict[str, str | None], depth: int) -> bool:
    whole = True
    for key, value in entity.items():
        name = prefix + key
        if value is None or isinstance(value, str):
            readable = value is None or value.isascii() or is_storable(value)
            cells[name] = value if readable else mended(value)
            whole = whole and readable
        elif isinstance(value, bool):
            cells[name] = "1" if value else "0"
        elif isinstance(value, dict) and depth < _DEEPEST:
            whole = _flatten(value, f"{name}.", cells, depth + 1) and whole
        elif isinstance(value, list) and all(isinstance(item, str) for item in value):
            joined = ";".join(value)
            readable = joined.isascii() or is_storable(joined)
            cells[name] = joined if readable else mended(joined)
            whole = whole and readable
        else:
            cells[name] = None
            whole = False
    return whole


def is_storable(value: str) -> bool:
    """Whether *value* is Unicode text: undecodable bytes and half surrogate pairs are not."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def mended(value: str | None) -> str | None:
    """Replace what cannot be stored (lone surrogates of undecodable bytes) by U+FFFD."""
    return value if value is None else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def batch_id_of(stream: str, position: str, rows: Sequence[Row]) -> str:
    """
    Make the identifier of a batch whose source gives it none.

    It follows from where the read stood and from every row, so the same identifier always means the same content, and
    a page that has changed since is another batch.
    """
    state = hashlib.sha256(position.encode("utf-8"))
    for row in rows:
        as_of = row.as_of.isoformat() if row.as_of else None
        state.update(msgspec.json.encode([row.op, as_of, row.row_id, row.fault, row.values, row.extra]))
    return f"{stream}-{state.hexdigest()[:32]}"
