"""
What the package refuses, by what was wrong.

    KeysError
    ├─ CanonicalError    a value has no RFC 8785 form
    ├─ DigestError       a digest text names no known algorithm or has the wrong length
    ├─ ProofError        a Merkle proof does not prove what it claims
    ├─ NoteError         a signed note is malformed, or no trusted key vouches for it
    │  └─ CheckpointError  the note's text is no checkpoint
    └─ RingError         a key file is absent, unsafe or unreadable

Messages say what failed, what was expected and what came; they never quote key material.
"""


class KeysError(Exception):
    """Base of all errors of this package."""


class CanonicalError(KeysError):
    """A value has no RFC 8785 form: its type, a number out of range, a lone surrogate, nesting too deep."""


class DigestError(KeysError):
    """A digest text is not `<algorithm>:<lower-case hex>` of a known algorithm."""


class ProofError(KeysError):
    """A Merkle proof is malformed or implies another root."""


class NoteError(KeysError):
    """A signed note or verifier key is malformed, or no trusted key vouches for the note."""


class CheckpointError(NoteError):
    """The text of a note is not a checkpoint."""


class RingError(KeysError):
    """A key ring or one of its files is absent, unsafe or unreadable."""
