"""
The proof that fits in one file and needs no network: an index, a path, and the checkpoint they lead to.

Source: C2SP tlog-proof v1.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keys.checkpoints import Checkpoint, open_checkpoint
from keys.errors import ProofError
from keys.growth import Growth
from keys.merkle import HASH_SIZE, verify_inclusion
from keys.notes import Verifier
from keys.texts import from_base64, from_decimal, to_base64

_HEADER = "c2sp.org/tlog-proof@v1"
_MAX_PATH = 64  # no tree of fewer than 2^64 leaves has a longer one


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """
    That an entry is in a log, for whoever knows the entry and the log's key.

    Attributes:
        index: Position of the entry, 0 or more.
        path: Sibling hashes, 32 bytes each, the leaf's own sibling first.
        checkpoint: The signed note, word for word.
        extra: Opaque bytes nobody vouches for; None when the line is absent.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        """Write the proof file, with its final newline."""
        extra = () if self.extra is None else (f"extra {to_base64(self.extra)}",)
        lines = (_HEADER, *extra, f"index {self.index}", *map(to_base64, self.path))
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @staticmethod
    def parse(text: str) -> "Proof":
        """
        Read a proof file. Nothing in it is to be believed before `verify`.

        Raises:
            ProofError: not of this format, or a line in a spelling that is not the one spelling.
        """
        head, parted, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not parted or lines.pop(0) != _HEADER:
            raise ProofError(f"a proof begins with {_HEADER} and parts path and checkpoint by an empty line")
        try:
            extra = from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
            if not lines or not lines[0].startswith("index "):
                raise ProofError("a proof names its index")
            index = from_decimal(lines.pop(0)[6:])
            path = tuple(map(from_base64, lines))
        except ValueError as fault:
            raise ProofError(f"a line of the proof is {fault}") from None
        if len(path) > _MAX_PATH or any(len(value) != HASH_SIZE for value in path):
            raise ProofError(f"a path has at most {_MAX_PATH} hashes of {HASH_SIZE} bytes")
        return Proof(index=index, path=path, checkpoint=checkpoint, extra=extra)

    def verify(self, leaf: bytes, verifiers: Iterable[Verifier]) -> Checkpoint:
        """
        Check that the entry with leaf hash *leaf* is in the log that signed the checkpoint.

        Args:
            leaf: Leaf hash of the entry, 32 bytes, computed by the caller from what it holds.
            verifiers: Keys the caller believes, each under the origin of its log.

        Returns:
            The checkpoint, believed.

        Raises:
            NoteError: the checkpoint is not signed by a key of the log it names.
            ProofError: the path does not lead from *leaf* to the checkpoint's root.
        """
        checkpoint = open_checkpoint(self.checkpoint, verifiers)
        verify_inclusion(index=self.index, size=checkpoint.size, leaf=leaf, path=self.path, root=checkpoint.root)
        return checkpoint


def proof_texts(growth: Growth, checkpoint: str) -> list[str]:
    """
    Write the proof file of every leaf *growth* added, in order: what `Proof.text` writes, its shared parts made once.

    Args:
        growth: The log's step.
        checkpoint: The signed note over the grown tree.
    """
    paths = growth.paths("", lambda sibling, above: f"{to_base64(sibling)}\n{above}")
    return [f"{_HEADER}\nindex {index}\n{path}\n{checkpoint}" for index, path in enumerate(paths, growth.first)]
