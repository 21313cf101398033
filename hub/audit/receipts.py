"""Receipts: what the asker takes home, and can show to anyone without asking the hub again."""

from dataclasses import dataclass

from hub.audit.entries import Opening
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
