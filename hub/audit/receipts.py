"""Receipts: what the asker takes home, and can show to anyone without asking the hub again."""

from dataclasses import dataclass
from typing import cast

import orjson

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
        opening: JSON {name: {"salt": base64, "value": ...}}, byte for byte as it is stored.
        used: What is used of each budget after this entry, in the order of its `spend`; for the hub, in no spelling.
    """

    index: int
    size: int
    origin: str
    kind: str
    proof: str
    opening: bytes
    used: tuple[int, ...] = ()

    @property
    def extension(self) -> bytes:
        """The value of `extensions.receipt`, JSON: all that `hub verify` needs besides the log's key."""
        return b'{"index":%d,"origin":%b,"kind":%b,"proof":%b,"opening":%b}' % (
            self.index,
            orjson.dumps(self.origin),
            orjson.dumps(self.kind),
            orjson.dumps(self.proof),
            self.opening,
        )

    def as_extension(self) -> dict[str, Json]:
        """Return the value of `extensions.receipt`, parsed, for who reads it in this process."""
        return cast("dict[str, Json]", orjson.loads(self.extension))

    def header(self) -> str:
        """Return the short form for a response header, `index@origin`."""
        return f"{self.index}@{self.origin}"
