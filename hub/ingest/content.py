"""
What makes a record the same record, and the same content: its key, its digest, its stored bytes. Pure.

Rules:
    - The key names the decision, not what is said of it: kind, deciding body, document number, violation index; the
      subject leads the table's key. Where no code of the deciding body was sent, its name stands in.
    - Key parts are compared as typed names are: width, spaces and the shape of brackets (〔2026〕, [2026]) do not
      count.
    - The digest is SM3 over RFC 8785 JSON of everything the source said: the catalogue fields that are not null, in
      NFC, and under `extra` what it sent besides them (公示状态, 失信程度, …) and `op` for a withdrawal. So a
      withdrawal, or a repair that changes no field, is new content.

Source: DOMAIN 2.3.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from unicodedata import is_normalized, normalize

import msgspec

from keys.canonical import canonical_json
from keys.digests import digest
from schema.catalogue.model import Record
from schema.identifiers.names import name_key

_KEY_LENGTH = 32
_FIRST_INDEX = "1"
_ENCODER = msgspec.msgpack.Encoder()
_LONE = re.compile("[\ud800-\udfff]")
_SORTED = msgspec.json.Encoder(order="sorted")


def storable(text: str) -> str:
    """Replace what no store and no encoding holds: NUL (PostgreSQL) and lone surrogates. Other texts stay as sent."""
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _LONE.sub("\ufffd", text)
    return text


def record_key(record: Record, extra: Mapping[str, str]) -> str:
    """Key of *record* within its subject and kind, 32 hex digits; *extra* is what came besides it."""
    return _key(type(record), partial(getattr, record), extra)


def row_key(kind: type[Record], values: Mapping[str, str | None], extra: Mapping[str, str]) -> str:
    """Key that a row of *kind* would have, read from its texts as sent: the same as the record's, if they are clean."""

    def value_of(name: str) -> str | None:
        text = values.get(name)
        return storable(text) if text else None

    return _key(kind, value_of, {name: storable(text) for name, text in extra.items()})


def content_digest(record: Record, extra: Mapping[str, str], *, withdrawn: bool) -> str:
    """Digest of everything said of a record, `sm3:<hex>`."""
    besides = {name: value for name, value in extra.items() if value}
    if withdrawn:
        besides["op"] = "D"
    data = _sorted_json({**msgspec.to_builtins(record), "extra": besides} if besides else record)
    text = data.decode()
    # Normalising the JSON equals normalising its texts: no combining character composes with JSON's own marks.
    return digest(data if is_normalized("NFC", text) else normalize("NFC", text).encode())


def hiding_digest(digest_before: str, extra: Mapping[str, str], *, withdrawn: bool) -> str:
    """Digest of a version that only takes the content of *digest_before* out of sight."""
    said = {storable(name): storable(value) for name, value in extra.items() if value}
    return digest(canonical_json({"of": digest_before, "extra": said | ({"op": "D"} if withdrawn else {})}))


def body_of(record: Record) -> bytes:
    """The bytes a record is stored as: msgpack of its catalogue class, without nulls."""
    return _ENCODER.encode(record)


def _sorted_json(content: object) -> bytes:
    """RFC 8785 JSON in one step: *content* holds texts, booleans and lists of texts under ASCII names, and no nulls."""
    return _SORTED.encode(content)


def _key(kind: type[Record], value_of: Callable[[str], object], extra: Mapping[str, str]) -> str:
    body, *rest = kind.KEY_FIELDS
    # A kind without deciding body has its own first part there (a registration's code).
    deciding = value_of(body) or (value_of("authority_name") if body == "authority_code" else None)
    parts = [_body_part(deciding), *(_part(value_of(name)) for name in rest)]
    index = extra.get("violation_index") or _FIRST_INDEX
    return sha256(_SORTED.encode([kind.KIND, *parts, index])).hexdigest()[:_KEY_LENGTH]


def _part(value: object) -> str | None:
    return name_key(value) or None if isinstance(value, str) else None


# The same few bodies stand in most rows.
_body_part = lru_cache(maxsize=4096)(_part)
