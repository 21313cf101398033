"""
Checkpoints: what the log was, signed, so that the log cannot later have been something else.

Source: C2SP tlog-checkpoint, signed by the rules of `keys.notes`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keys.errors import CheckpointError
from keys.merkle import EMPTY_ROOT, HASH_SIZE
from keys.notes import Signer, Verifier, open_note, sign
from keys.texts import from_base64, from_decimal, to_base64

_FIXED_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """
    The head of a log at one size.

    Attributes:
        origin: Name of the log; one line, not empty.
        size: Leaves, 0 or more.
        root: Root over them, 32 bytes; of no leaves it is SHA-256 of nothing.
        extensions: Opaque further lines, none empty. We write none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """
        Check what a checkpoint of any log must hold.

        Raises:
            CheckpointError: an empty or broken line, a negative size, a root that is no hash or not that of no leaves.
        """
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise CheckpointError("origin and extensions are one line each, not empty")
        if self.size < 0 or len(self.root) != HASH_SIZE:
            raise CheckpointError(f"a checkpoint has a size of 0 or more and a root of {HASH_SIZE} bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError("the root of an empty log is SHA-256 of nothing")

    def text(self) -> str:
        """Write the text of the note, with its final newline."""
        return "".join(line + "\n" for line in (self.origin, str(self.size), to_base64(self.root), *self.extensions))

    @staticmethod
    def parse(text: str) -> "Checkpoint":
        """
        Read the text of a note. Nothing in it is to be believed before its signature is: see `open_checkpoint`.

        Raises:
            CheckpointError: not the three lines of a checkpoint and whole extension lines.
        """
        lines = text.split("\n")
        if len(lines) <= _FIXED_LINES or lines.pop() != "":
            raise CheckpointError("a checkpoint is three lines or more, each ending in a newline")
        try:
            size, root = from_decimal(lines[1]), from_base64(lines[2])
        except ValueError as fault:
            raise CheckpointError(f"the size or root of a checkpoint is {fault}") from None
        return Checkpoint(origin=lines[0], size=size, root=root, extensions=tuple(lines[_FIXED_LINES:]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """
    Sign *checkpoint* as its log.

    Raises:
        CheckpointError: the signer bears another name than the log's origin.
    """
    if signer.name != checkpoint.origin:
        raise CheckpointError("a log signs its checkpoints under its own origin as key name")
    return sign(checkpoint.text(), (signer,))


def open_checkpoint(note: str, verifiers: Iterable[Verifier]) -> Checkpoint:
    """
    Return the checkpoint in *note*, signed by the log it names.

    Only a key whose name is the checkpoint's origin counts: a key trusted for one log says nothing about another.

    Raises:
        CheckpointError: signed, but no checkpoint.
        NoteError: malformed, or not signed by a key of the log it names.
    """
    origin = note.partition("\n")[0]
    return Checkpoint.parse(open_note(note, [verifier for verifier in verifiers if verifier.name == origin]))
