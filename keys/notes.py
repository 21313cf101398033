"""
Signed notes: text that names who vouches for it, in the form other people's tools read.

Rules:
    - A key is known by its name and its id together; a signature by an unknown key is passed over.
    - A signature by a known key that fails condemns the whole note; a note no known key vouches for is refused.
    - A malformed signature line condemns the note, whoever it claims to be from.
    - One signature type is spoken, Ed25519 (0x01); a verifier key of another type is refused, not ignored.

Source: C2SP signed-note v1.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from keys.errors import NoteError
from keys.texts import from_base64, to_base64

_ED25519 = b"\x01"
_ED25519_KEY_SIZE = 32
_ID_SIZE = 4
_ID_DIGITS = 8
_MARK = "— "
# Sixteen signatures must be accepted and post-quantum ones reach 5 kB; beyond these limits nobody asks in good faith.
_MAX_SIGNATURES = 64
_MAX_LENGTH = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """
    A public key one is willing to believe, under the name it signs with.

    Attributes:
        name: Key name; no space of any script, no plus sign, not empty.
        key: Ed25519 public key, 32 bytes as RFC 8032 writes it.
    """

    name: str
    key: bytes

    def __post_init__(self) -> None:
        """
        Check the name and the length of the key.

        Raises:
            NoteError: a name no key may bear, or a key that is not 32 bytes.
        """
        _check_name(self.name)
        if len(self.key) != _ED25519_KEY_SIZE:
            raise NoteError(f"an Ed25519 public key has {_ED25519_KEY_SIZE} bytes, got {len(self.key)}")

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name || 0x0A || 0x01 || key): a hint which key to try, not a strong hash."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:_ID_SIZE]

    def vkey(self) -> str:
        """Write the verifier key `name+hexid+base64`, the one text a checker needs to have from us."""
        return f"{self.name}+{self.key_id.hex()}+{to_base64(_ED25519 + self.key)}"

    @staticmethod
    def parse(vkey: str) -> "Verifier":
        """
        Read a verifier key `name+hexid+base64`.

        Raises:
            NoteError: malformed, of another signature type, or its id does not belong to its name and key.
        """
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            material = from_base64(encoded)
        except ValueError as fault:
            raise NoteError(f"the key in a verifier key is {fault}") from None
        if material[:1] != _ED25519:
            raise NoteError("a verifier key has the form name+id+key, of signature type 0x01 (Ed25519)")
        verifier = Verifier(name=name, key=material[1:])
        if key_id != verifier.key_id.hex():
            raise NoteError(
                f"the id of a verifier key is {verifier.key_id.hex()} by its name and key, it claims another"
            )
        return verifier

    def check(self, text: str, signature: bytes) -> None:
        """
        Check one signature over *text*.

        Raises:
            NoteError: it is not this key's signature over this text.

        Source: RFC 8032, 5.1.7.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            raise NoteError(f"the signature of {self.name} does not belong to the text") from None


class Signer:
    """
    A private Ed25519 key under the name it signs with.

    Attributes:
        name: Key name, as in the signature line.
        verifier: What others check its signatures with.
    """

    __slots__ = ("_key", "name", "verifier")

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """
        Pair *key* with *name*.

        Raises:
            NoteError: a name no key may bear.
        """
        self.verifier = Verifier(name=name, key=key.public_key().public_bytes_raw())
        self.name = name
        self._key = key

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"

    def signature_line(self, text: str) -> str:
        """Sign *text* and write the signature line, with its newline."""
        return f"{_MARK}{self.name} {to_base64(self.verifier.key_id + self._key.sign(text.encode()))}\n"


def sign(text: str, signers: Sequence[Signer]) -> str:
    """
    Write a note: *text*, an empty line, one signature line per signer.

    Args:
        text: Ends in a newline; no control character but newline.
        signers: One or more.

    Raises:
        NoteError: the text cannot stand in a note, or nobody signs.
    """
    _check_text(text)
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends in a newline")
    if not signers:
        raise NoteError("a note has one signature or more")
    return text + "\n" + "".join(signer.signature_line(text) for signer in signers)


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """
    Return the text of *note*, vouched for by at least one of *verifiers*.

    Raises:
        NoteError: malformed, a known key's signature fails, no known key signed, or two of *verifiers* claim one name
            and id.
    """
    text, lines = _divide(note)
    known: dict[tuple[str, bytes], Verifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_id), verifier) != verifier:
            raise NoteError(f"two verifier keys claim the name {verifier.name} and one id")
    vouched = False
    for name, key_id, signature in [_signature(line) for line in lines]:
        trusted = known.get((name, key_id))
        if trusted is not None:
            trusted.check(text, signature)
            vouched = True
    if not vouched:
        raise NoteError("no trusted key vouches for the note")
    return text


def _divide(note: str) -> tuple[str, list[str]]:
    """Part a note into its text, with the final newline, and its signature lines."""
    if len(note) > _MAX_LENGTH:
        raise NoteError(f"a note has at most {_MAX_LENGTH} characters")
    _check_text(note)
    text, parted, signatures = note.rpartition("\n\n")
    if not parted or not signatures.endswith("\n"):
        raise NoteError("a note is a text, an empty line and signature lines, each ending in a newline")
    lines = signatures[:-1].split("\n")
    if len(lines) > _MAX_SIGNATURES:
        raise NoteError(f"a note has at most {_MAX_SIGNATURES} signatures, got {len(lines)}")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """Read a signature line into key name, key id and signature."""
    name, spaced, encoded = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not spaced:
        raise NoteError("a signature line is a dash, a key name and a signature, parted by spaces")
    _check_name(name)
    try:
        signature = from_base64(encoded)
    except ValueError as fault:
        raise NoteError(f"a signature is {fault}") from None
    if len(signature) <= _ID_SIZE:
        raise NoteError("a signature is longer than its key id")
    return name, signature[:_ID_SIZE], signature[_ID_SIZE:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name) or not name.isprintable():
        raise NoteError("a key name is not empty and holds no space, plus sign or control character")


def _check_text(text: str) -> None:
    if text and min(text.replace("\n", " ")) < " ":
        raise NoteError("a note holds no control character but newline")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NoteError("a note is valid UTF-8") from None
