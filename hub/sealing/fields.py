"""
How the sealed part of a row is written: per tier and field one envelope, bound to where it stands.

    column `sealed` = msgpack of {tier: {field: envelope}}

Rules:
    - A field's place is table, field, subject, tier, kind, record key and version: what was sealed there opens nowhere
      else, also not in another version of the same record or in the other table.
    - The generation of the subject's key is the key's id in the envelope: what an older generation sealed is gone with
      it, and what a newer one seems to have sealed is damage.
    - The digest of a record with sealed values is keyed by the subject's key: without it, nobody can try values against
      the digest, and shredding the key ends that too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec
from cryptography.hazmat.primitives import hashes, hmac

from keys.envelope import KEY_ID_SIZE, LocalKey, key_id_of, open_sealed, place_of, seal
from keys.errors import DamagedError
from schema.catalogue import KINDS
from schema.tiers import Tier

HOLDER: Final = "quarantine"
"""Stands for the subject where a row has none."""
_FIELD: Final = "credit-exchange/sealed-field/v1"
_ROW: Final = "credit-exchange/sealed-row/v1"
_KEY: Final = "credit-exchange/subject-key/v1"
_DIGEST: Final = b"credit-exchange/content-digest/v1"
_ENCODER = msgspec.msgpack.Encoder()

Need = tuple[str, Tier]
"""Subject code (or HOLDER) and tier: whose key is needed."""
Secret = Mapping[Tier, Mapping[str, object]]
"""Values to be sealed: tier -> field -> value."""


class Place(NamedTuple):
    """Where a row stands: `record` or `record_version`, and its key there."""

    table: str
    subject: str
    kind: str
    key: str
    version: int

    def of(self, name: str, tier: Tier) -> bytes:
        """The place of the field *name*."""
        return place_of(_FIELD, self.table, name, self.subject, tier.value, self.kind, self.key, self.version)


@dataclass(slots=True, eq=False)
class SubjectKey:
    """
    A subject's key of one tier, unwrapped.

    Attributes:
        need: Whose.
        generation: Which.
        uses: Values sealed with it so far.
        new_uses: Of these, not yet noted in the store.
    """

    need: Need
    generation: int
    uses: int
    cipher: LocalKey
    _digest_key: bytes = field(repr=False)
    new_uses: int = 0

    @staticmethod
    def of(need: Need, generation: int, uses: int, secret: bytes) -> "SubjectKey":
        """Take up *secret* (32 bytes). Raises SealedFormError if it has another length."""
        return SubjectKey(need, generation, uses, LocalKey.of(generation_id(generation), secret), _mac(secret, _DIGEST))

    def digest(self, plain: str) -> str:
        """Key the digest *plain* of a record: `hmac-sm3:<hex>`."""
        return "hmac-sm3:" + _mac(self._digest_key, plain.encode()).hex()

    def sealed(self, data: bytes, place: bytes, nonce: bytes) -> bytes:
        """Seal *data* at *place*, and count it."""
        self.uses += 1
        self.new_uses += 1
        return seal(self.cipher, data, place, nonce)

    def opened(self, sealed: bytes, place: bytes) -> bytes | None:
        """
        Open *sealed*; None if an older generation sealed it, which is gone.

        Raises:
            SealError: it is damaged, or names a generation that has not been.
        """
        if int.from_bytes(key_id_of(sealed), "big") < self.generation:
            return None
        return open_sealed(self.cipher, sealed, place)


def generation_id(generation: int) -> bytes:
    """The id under which a generation stands in what it sealed."""
    return generation.to_bytes(KEY_ID_SIZE, "big")


def key_place(need: Need, generation: int) -> bytes:
    """The place of a wrapped key: whose it is and which."""
    return place_of(_KEY, need[0], need[1].value, generation)


def row_place(holder: str, ticket: str) -> bytes:
    """The place of a quarantined row."""
    return place_of(_ROW, "quarantine", "row", holder, Tier.R.value, ticket)


class Columns:
    """Reads and writes the column `sealed`. Stateless; may be shared by threads."""

    def __init__(self) -> None:
        self._map = msgspec.msgpack.Decoder(dict[Tier, dict[str, bytes]])
        self._values: dict[tuple[str, str], msgspec.msgpack.Decoder[Any]] = {
            (name, attribute): msgspec.msgpack.Decoder(hint)
            for name, kind in KINDS.items()
            for attribute, hint in get_type_hints(kind).items()
            if attribute in kind.__struct_fields__
        }

    def read(self, sealed: bytes) -> Mapping[Tier, Mapping[str, bytes]]:
        """
        Read which envelopes a column holds.

        Raises:
            DamagedError: it is no such column.
        """
        try:
            return self._map.decode(sealed)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise DamagedError("no column of sealed fields") from None

    def write(self, parts: Mapping[Tier, Mapping[str, bytes]]) -> bytes | None:
        """Write a column; None if nothing is sealed."""
        filled = {tier.value: dict(part) for tier, part in sorted(parts.items()) if part}
        return _ENCODER.encode(filled) if filled else None

    def value(self, kind: str, name: str, data: bytes) -> object:
        """
        Read an opened value as the type its field declares.

        Raises:
            DamagedError: it is of another.
        """
        try:
            return self._values[kind, name].decode(data)
        except (KeyError, msgspec.MsgspecError):
            raise DamagedError("not of the type its field declares") from None


def encoded(value: object) -> bytes:
    """Write a value to be sealed."""
    return _ENCODER.encode(value)


def names_in(parts: Mapping[Tier, Mapping[str, bytes]]) -> Iterator[tuple[str, Tier, bytes]]:
    """Field, tier and envelope of everything in a column."""
    for tier, part in parts.items():
        for name, envelope in part.items():
            yield name, tier, envelope


def _mac(key: bytes, data: bytes) -> bytes:
    state = hmac.HMAC(key, hashes.SM3())
    state.update(data)
    return state.finalize()
