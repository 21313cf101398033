"""
Openings: from what a receipt shows back to the leaf it was made from.

Rules:
    - Each name is either open, {"salt": base64, "value": ...}, or withheld, {"commitment": "sha256:<hex>"}. Either way
      its commitment is known, so the leaf can be written again and nothing can be added, dropped or changed.
    - What comes from outside is read strictly: no further members, salts of the one length.
"""

from collections.abc import Mapping
from typing import TypeAlias

import orjson

from hub.audit.errors import EntryError
from hub.audit.sealing import LEAF_VERSION, SALT_SIZE, commitment, leaf_of
from keys.canonical import Json
from keys.digests import Algorithm, algorithm_of
from keys.errors import CanonicalError, DigestError
from keys.texts import from_base64

Opening: TypeAlias = Mapping[str, Mapping[str, Json]]


def commitments_from(opening: object) -> dict[str, str]:
    """
    Compute the commitments an opening stands for.

    Args:
        opening: {name: {"salt", "value"} or {"commitment"}}, as parsed from JSON.

    Raises:
        EntryError: another form, or a value without a canonical form.
    """
    if not isinstance(opening, dict) or not opening:
        raise EntryError("an opening is an object with one value or more")
    return {name: _commitment_from(part) for name, part in opening.items()}


def values_of(opening: Opening) -> dict[str, Json]:
    """Return the open values, by name; what is withheld is left out."""
    return {name: part["value"] for name, part in opening.items() if "value" in part}


def withhold(receipt: Mapping[str, Json], names: frozenset[str]) -> dict[str, Json]:
    """
    Take *names* out of a receipt before handing it on: it still verifies, and shows nothing of them.

    Args:
        receipt: Value of `extensions.receipt`.
        names: Values to hide; each must be in *receipt*.

    Raises:
        EntryError: *receipt* has no opening of our form, or not all of *names*.
    """
    opening = receipt.get("opening")
    commitments = commitments_from(opening)
    if not isinstance(opening, dict) or not names <= opening.keys():
        raise EntryError("only a value that is in the receipt can be withheld")
    hidden: dict[str, Json] = {name: {"commitment": commitments[name]} for name in names}
    return {**receipt, "opening": {**opening, **hidden}}


def read_leaf(leaf: bytes) -> tuple[str, dict[str, str]]:
    """
    Read a leaf back into its kind and commitments.

    Raises:
        EntryError: not byte for byte what `leaf_of` writes.
    """
    try:
        parsed = orjson.loads(leaf)
    except orjson.JSONDecodeError:
        raise EntryError("a leaf is JSON") from None
    if not isinstance(parsed, dict) or parsed.keys() != {"v", "kind", "commit"} or parsed["v"] != LEAF_VERSION:
        raise EntryError(f"a leaf of version {LEAF_VERSION} has v, kind and commit")
    kind, given = parsed["kind"], parsed["commit"]
    if not isinstance(kind, str) or not isinstance(given, dict):
        raise EntryError("the kind of a leaf is text, its commitments an object")
    commitments = {name: _checked(text) for name, text in given.items()}
    if leaf_of(kind, commitments) != leaf:
        raise EntryError("a leaf is canonical JSON")
    return kind, commitments


def _commitment_from(part: object) -> str:
    if not isinstance(part, dict):
        raise EntryError("a value of an opening is an object")
    if part.keys() == {"commitment"}:
        return _checked(part["commitment"])
    if part.keys() != {"salt", "value"} or not isinstance(part["salt"], str):
        raise EntryError("a value of an opening has salt and value, or commitment alone")
    try:
        salt = from_base64(part["salt"])
        if len(salt) != SALT_SIZE:
            raise EntryError(f"a salt has {SALT_SIZE} bytes, got {len(salt)}")
        return commitment(salt, part["value"])
    except (ValueError, CanonicalError) as fault:
        raise EntryError(f"a value of an opening cannot be committed to: {fault}") from None


def _checked(text: object) -> str:
    try:
        if isinstance(text, str) and algorithm_of(text) is Algorithm.SHA256:
            return text
    except DigestError:
        pass
    raise EntryError("a commitment is a sha256 digest")
