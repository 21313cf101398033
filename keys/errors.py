"""
What the package refuses, by what was wrong.

    KeysError
    ├─ CanonicalError    a value has no RFC 8785 form
    ├─ DigestError       a digest text names no known algorithm or has the wrong length
    ├─ ProofError        a Merkle proof does not prove what it claims
    ├─ NoteError         a signed note is malformed, or no trusted key vouches for it
    │  └─ CheckpointError  the note's text is no checkpoint
    ├─ RingError         a key file is absent, unsafe or unreadable
    ├─ SealError         something sealed cannot be opened
    │  ├─ SealedFormError  it is nothing sealed, of another format, or of a suite this release has not
    │  ├─ OtherKeyError    another key sealed it
    │  └─ DamagedError     it is not what was sealed at this place with this key
    └─ VaultError        a key behind a URI is absent, unsafe, or its keeper does not answer

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


class SealError(KeysError):
    """Something sealed cannot be opened. No message tells more than its subclass does."""


class SealedFormError(SealError):
    """Nothing sealed: too short, another format, or a suite this release does not have."""


class OtherKeyError(SealError):
    """It names another key than the one it was to be opened with."""


class DamagedError(SealError):
    """Not authentic: changed, moved from another place, or sealed with another key of the same name."""


class VaultError(KeysError):
    """A key behind a URI is absent, unsafe, or its keeper does not answer."""
