"""
Log entries: what happened, sealed so that the log holds no content.

Rules:
    - A leaf holds one salted commitment per named value, SHA-256(salt || canonical JSON of the value), and nothing else
      of it. Who has the salt and the value can show it to anyone; who has only the log learns nothing, not even by
      guessing, because the salt is 128 random bits.
    - Salts have one length, so that salt and value cannot be parted in two ways.
    - Erasing the stored opening erases the link and breaks no proof.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import msgspec
import orjson

from hub.audit.errors import EntryError
from keys.canonical import Json, canonical_json
from keys.errors import CanonicalError
from keys.merkle import leaf_hash

Kind: TypeAlias = Literal["disclosure", "denial", "policy", "partner", "key"]
Opening: TypeAlias = Mapping[str, Mapping[str, Json]]

LEAF_VERSION = 1
SALT_SIZE = 16
KINDS: tuple[str, ...] = get_args(Kind)
_MAX_CODE = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    Something the hub did, to be kept.

    Attributes:
        kind: What sort of thing it was.
        values: What is committed to, by name; any RFC 8785 value. For disclosures and denials see
            `hub.audit.disclosure`.
    """

    kind: Kind
    values: Mapping[str, Json]

    def __post_init__(self) -> None:
        """
        Check the kind and the names.

        Raises:
            EntryError: an unknown kind, no values, or an empty name.
        """
        if self.kind not in KINDS:
            raise EntryError(f"an entry's kind is one of {', '.join(KINDS)}")
        if not self.values or not all(self.values):
            raise EntryError("an entry has one value or more, each with a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """
    One subject's part of an answer: who received which versions of its records.

    Attributes:
        subject_code: USCC.
        partner: Who asked; None: the public.
        purpose: Purpose code.
        versions: (kind, record key, version) of each record served.
    """

    subject_code: str
    partner: str | None
    purpose: str
    versions: Sequence[tuple[str, str, int]] = ()

    def __post_init__(self) -> None:
        """
        Check what a store would refuse: one bad row would fail the whole group it is committed with.

        Raises:
            EntryError: a code that is no code, or text that no store keeps.
        """
        if not _is_code(self.subject_code):
            raise EntryError("a delivery names its subject by code")
        if not self.purpose.isprintable() or not (self.partner or "").isprintable():
            raise EntryError("partner and purpose of a delivery are printable text")

    def packed_versions(self) -> bytes:
        """Pack the versions as the store keeps them, msgpack."""
        return msgspec.msgpack.encode(list(self.versions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """
    An entry on its way into the log, with what must be true when it gets there.

    Attributes:
        entry: What to keep.
        deliveries: Rows kept with it, at most one per subject.
        reads: Subject code to the `subject.version` the answer was made from; 0: the subject was not there.
    """

    entry: Entry
    deliveries: Sequence[DeliveryRow] = ()
    reads: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """
        Check that no subject is delivered twice, and that what was read are subjects.

        Raises:
            EntryError: two deliveries name one subject, or a read is not of a code.
        """
        if not all(map(_is_code, self.reads)):
            raise EntryError("a read names its subject by code")
        if len({row.subject_code for row in self.deliveries}) != len(self.deliveries):
            raise EntryError("an entry has at most one delivery per subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """
    An entry as the log keeps it.

    Attributes:
        leaf: Canonical JSON {"v": 1, "kind": ..., "commit": {name: "sha256:<hex>"}}.
        leaf_hash: RFC 9162 leaf hash, 32 bytes.
        opening: {name: {"salt": base64, "value": ...}}, for the asker.
    """

    kind: str
    leaf: bytes
    leaf_hash: bytes
    opening: Opening

    def packed_opening(self) -> bytes:
        """Write the opening as the store keeps it, JSON."""
        return orjson.dumps(self.opening)


def seal(entry: Entry, entropy: Callable[[int], bytes]) -> Sealed:
    """
    Commit to every value of *entry* under a salt of its own.

    Args:
        entry: What to keep.
        entropy: Gives n random bytes, fit for secrets.

    Raises:
        EntryError: a value has no canonical form.
    """
    salts = entropy(SALT_SIZE * len(entry.values))
    commitments: dict[str, str] = {}
    opening: dict[str, Mapping[str, Json]] = {}
    for place, (name, value) in enumerate(entry.values.items()):
        salt = salts[place * SALT_SIZE : (place + 1) * SALT_SIZE]
        try:
            commitments[name] = commitment(salt, value)
        except CanonicalError as fault:
            raise EntryError(f"the value {name} cannot be committed to: {fault}") from None
        opening[name] = {"salt": base64.b64encode(salt).decode("ascii"), "value": value}
    leaf = leaf_of(entry.kind, commitments)
    return Sealed(kind=entry.kind, leaf=leaf, leaf_hash=leaf_hash(leaf), opening=opening)


def commitment(salt: bytes, value: Json) -> str:
    """
    Commit to *value*: `sha256:<hex of SHA-256(salt || canonical JSON)>`.

    Raises:
        CanonicalError: *value* has no canonical form.
    """
    return "sha256:" + hashlib.sha256(salt + canonical_json(value)).hexdigest()


def leaf_of(kind: str, commitments: Mapping[str, str]) -> bytes:
    """
    Write the leaf of an entry from its commitments.

    Raises:
        CanonicalError: a name is not valid text.
    """
    return canonical_json({"v": LEAF_VERSION, "kind": kind, "commit": dict(commitments)})


def _is_code(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= _MAX_CODE
