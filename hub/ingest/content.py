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

from collections.abc import Mapping
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


def record_key(record: Record, extra: Mapping[str, str]) -> str:
    """Key of *record* within its subject and kind, 32 hex digits."""
    body, *rest = type(record).KEY_FIELDS
    parts = [_part(record, body) or _part(record, "authority_name"), *(_part(record, name) for name in rest)]
    index = extra.get("violation_index") or _FIRST_INDEX
    text = canonical_json([type(record).KIND, *parts, index])
    return sha256(text).hexdigest()[:_KEY_LENGTH]


def content_digest(record: Record, extra: Mapping[str, str], *, withdrawn: bool) -> str:
    """Digest of everything said of a record, `sm3:<hex>`."""
    content = {name: value for name, value in msgspec.to_builtins(record).items() if value is not None}
    besides = {name: value for name, value in extra.items() if value}
    if withdrawn:
        besides["op"] = "D"
    if besides:
        content["extra"] = besides
    data = canonical_json(content)
    text = data.decode()
    # Normalising the JSON equals normalising its texts: no combining character composes with JSON's own marks.
    return digest(data if is_normalized("NFC", text) else normalize("NFC", text).encode())


def body_of(record: Record) -> bytes:
    """The bytes a record is stored as: msgpack of its catalogue class, without nulls."""
    return _ENCODER.encode(record)


def _part(record: Record, name: str) -> str | None:
    value = getattr(record, name, None)
    return name_key(value) or None if isinstance(value, str) else None
