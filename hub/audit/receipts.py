"""Receipts: what the asker takes home, and can show to anyone without asking the hub again."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from hub.audit.entries import Opening, commitment
from hub.audit.errors import ReceiptError
from keys.canonical import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    The proof that one entry is in the log, with the opening of its commitments.

    Attributes:
        index: Position of the entry.
        size: Leaves under the checkpoint the proof leads to; greater than *index*.
        origin: Name of the log.
        kind: Kind of the entry.
        proof: C2SP tlog-proof v1, text.
        opening: {name: {"salt": base64, "value": ...}}.
    """

    index: int
    size: int
    origin: str
    kind: str
    proof: str
    opening: Opening

    def as_extension(self) -> dict[str, Json]:
        """Return the value of `extensions.receipt`: all that `hub verify` needs besides the log's key."""
        return {
            "index": self.index,
            "origin": self.origin,
            "kind": self.kind,
            "proof": self.proof,
            "opening": {name: dict(part) for name, part in self.opening.items()},
        }

    def header(self) -> str:
        """Return the short form for a response header, `index@origin`."""
        return f"{self.index}@{self.origin}"


def withhold(receipt: Mapping[str, Json], names: frozenset[str]) -> dict[str, Json]:
    """
    Take *names* out of a receipt before handing it on: it still verifies, and shows nothing of them.

    Args:
        receipt: Value of `extensions.receipt`.
        names: Values to hide; each must be open in *receipt*.

    Raises:
        ReceiptError: *receipt* has no opening, or one of *names* is not open in it.
    """
    opening = receipt.get("opening")
    if not isinstance(opening, dict):
        raise ReceiptError("the receipt has no opening")
    kept: dict[str, Json] = dict(opening)
    for name in names:
        part = opening.get(name)
        if not isinstance(part, dict) or not isinstance(part.get("salt"), str) or "value" not in part:
            raise ReceiptError("only a value that is open can be withheld")
        kept[name] = {"commitment": commitment(base64.b64decode(str(part["salt"])), part["value"])}
    return {**receipt, "opening": kept}
