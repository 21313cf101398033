"""
Sealing: from an entry to a leaf that holds no content, and the opening that shows what it holds.

Rules:
    - A leaf holds one salted commitment per named value, SHA-256(salt || canonical JSON of the value), and nothing else
      of it. Who has the salt and the value can show it to anyone; who has only the log learns nothing, not even by
      guessing, because the salt is 128 random bits.
    - Salts have one length, so that salt and value cannot be parted in two ways.
    - Erasing the stored opening erases the link and breaks no proof.
    - What is hashed, stored and given to the asker is one spelling, written once. Only where a canonical text would not
      read back as the value it was made from (a float) does the opening show the value in another.
"""

from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import orjson

from hub.audit.entries import Entry
from hub.audit.errors import EntryError
from keys.canonical import Json, Spelled, canonical_json, exact_json
from keys.errors import CanonicalError
from keys.merkle import leaf_hash

LEAF_VERSION = 1
SALT_SIZE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """
    An entry as the log keeps it.

    Attributes:
        leaf: Canonical JSON {"v": 1, "kind": ..., "commit": {name: "sha256:<hex>"}}.
        leaf_hash: RFC 9162 leaf hash, 32 bytes.
        opening: JSON {name: {"salt": base64, "value": ...}}, for the store and the asker.
    """

    kind: str
    leaf: bytes
    leaf_hash: bytes
    opening: bytes


def seal(entry: Entry, entropy: Callable[[int], bytes]) -> Sealed:
    """
    Commit to every value of *entry* under a salt of its own.

    Args:
        entry: What to keep.
        entropy: Gives n random bytes, fit for secrets.

    Raises:
        EntryError: a value or a name has no canonical form.
    """
    form = _form_of(entry.kind, tuple(entry.values))
    salts = entropy(SALT_SIZE * len(entry.values))
    digests: list[bytes] = []
    shown: list[bytes] = []
    start = 0
    for name, value in entry.values.items():
        salt = salts[start : (start := start + SALT_SIZE)]
        text, show = (value.text, value.text) if isinstance(value, Spelled) else _written(name, value)
        digests.append(sha256(salt + text).hexdigest().encode())
        shown.append(b2a_base64(salt, newline=False))
        shown.append(show)
    leaf = form.leaf % tuple([digests[place] for place in form.order])
    return Sealed(kind=entry.kind, leaf=leaf, leaf_hash=leaf_hash(leaf), opening=form.opening % tuple(shown))


def commitment(salt: bytes, value: Json) -> str:
    """
    Commit to *value*: `sha256:<hex of SHA-256(salt || canonical JSON)>`.

    Raises:
        CanonicalError: *value* has no canonical form.
    """
    return "sha256:" + sha256(salt + canonical_json(value)).hexdigest()


def leaf_of(kind: str, commitments: Mapping[str, str]) -> bytes:
    """
    Write the leaf of an entry from its commitments.

    Raises:
        CanonicalError: a name is not valid text.
    """
    return canonical_json({"v": LEAF_VERSION, "kind": kind, "commit": dict(commitments)})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """
    What all entries of one kind and set of names have in common.

    Attributes:
        leaf: The leaf with a gap for each digest.
        order: The places of the names in canonical order, as the gaps of `leaf` stand.
        opening: The opening with a gap for each salt and value, in the entry's order.
    """

    leaf: bytes
    order: tuple[int, ...]
    opening: bytes


# Our own code writes entries, so the forms are few: each kind has its names.
@lru_cache(maxsize=64)
def _form_of(kind: str, names: tuple[str, ...]) -> _Form:
    """
    Prepare the form of entries of *kind* with *names*.

    Raises:
        EntryError: a name has no canonical form.
    """
    try:
        sorted_names: dict[str, int] = orjson.loads(canonical_json({name: place for place, name in enumerate(names)}))
        written = [canonical_json(name).replace(b"%", b"%%") for name in names]
    except CanonicalError as fault:
        raise EntryError(f"the name of a value cannot be committed to: {fault}") from None
    order = tuple(sorted_names.values())
    commitments = b",".join(b'%b:"sha256:%%b"' % written[place] for place in order)
    ending = canonical_json({"kind": kind, "v": LEAF_VERSION})[1:].replace(b"%", b"%%")
    return _Form(
        leaf=b'{"commit":{%b},%b' % (commitments, ending),
        order=order,
        opening=b"{%b}" % b",".join(b'%b:{"salt":"%%b","value":%%b}' % name for name in written),
    )


def _written(name: str, value: Json) -> tuple[bytes, bytes]:
    """
    Write *value* as it is hashed and as it is shown.

    Raises:
        EntryError: it has no canonical form, or cannot be shown.
    """
    try:
        exact = orjson.dumps(value) if type(value) is str else exact_json(value)
        if exact is not None:
            return exact, exact
        return canonical_json(value), orjson.dumps(value)
    except CanonicalError as fault:
        raise EntryError(f"the value {name} cannot be committed to: {fault}") from None
    except orjson.JSONEncodeError:
        raise EntryError(f"the value {name} cannot be written so that it reads back") from None
