"""
The key ring: private keys as files, each readable by its owner alone.

Rules:
    - One file per key, a JWK (RFC 7517), mode 0600. It appears whole or not at all, and is never overwritten: it is
      written under a name of its own with O_EXCL and then linked to its place.
    - A file that others may read, or a directory that others may write, is refused: whoever could read the key could
      sign as us, and whoever could add one would be trusted.
    - A key has one use: `jwks` shows the keys that sign tokens, never those that sign notes (the log).

Trusted: whoever can read this directory can make receipts and tokens of ours.
"""

import base64
import hashlib
import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote, urlsplit

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.canonical import canonical_json
from keys.errors import RingError
from keys.notes import Signer

Jwk: TypeAlias = dict[str, str]

_COORDINATE_SIZE = 32
_PRIVATE_MODE = 0o600
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_MAX_FILE = 16_384
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


class KeyUse(StrEnum):
    """What a key is for; also the middle part of its file's name."""

    NOTE = "note"
    TOKEN = "token"  # noqa: S105  a use of keys, not a secret
    SECRET = "secret"  # noqa: S105  same


class TokenAlgorithm(StrEnum):
    """How a token key signs (RFC 7518, 3.1; RFC 9864, 2.2, which retires the name EdDSA)."""

    ES256 = "ES256"
    ED25519 = "Ed25519"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """
    A directory of private keys.

    Attributes:
        directory: Exists, and only its owner may write in it.
    """

    directory: Path

    @staticmethod
    def open(uri: str, *, create: bool = False) -> "KeyRing":
        """
        Open the ring at *uri*.

        Args:
            uri: `file:` URI of a directory on this machine; `file:var/keys` is relative, `file:///srv/keys` absolute.
            create: Make the directory, mode 0700, if it is absent.

        Raises:
            RingError: another scheme or host, no such directory, or one that others may write.
        """
        parts = urlsplit(uri)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
            raise RingError("a key ring is named by a file: URI of a directory on this machine")
        directory = Path(unquote(parts.path))
        if create:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not directory.is_dir():
            raise RingError("the key ring's directory does not exist")
        if directory.stat().st_mode & _OTHERS_WRITE:
            raise RingError("others may write in the key ring's directory: make it 0700")
        return KeyRing(directory=directory)

    def create_note_key(self, name: str) -> Signer:
        """
        Make and keep a new Ed25519 key that signs notes as *name*.

        Raises:
            NoteError: a name no key may bear.
            RingError: *name* has a key already, or the file cannot be written.
        """
        key = Ed25519PrivateKey.generate()
        signer = Signer(name, key)
        self._write(KeyUse.NOTE, name, _ed25519_jwk(key))
        return signer

    def create_token_key(self, name: str, algorithm: TokenAlgorithm = TokenAlgorithm.ES256) -> Jwk:
        """
        Make and keep a new key that signs tokens.

        Returns:
            The private JWK, as `private_jwk`.

        Raises:
            RingError: *name* has a key already, or the file cannot be written.
        """
        self._write(KeyUse.TOKEN, name, _new_token_jwk(algorithm))
        return self.private_jwk(name)

    def create_secret(self, name: str, size: int) -> bytes:
        """
        Make and keep a new symmetric secret of *size* random bytes.

        Raises:
            RingError: *name* has a secret already, or the file cannot be written.
        """
        secret = secrets.token_bytes(size)
        self._write(KeyUse.SECRET, name, {"kty": "oct", "k": _to_base64url(secret)})
        return secret

    def secret(self, name: str) -> bytes:
        """
        Take up the symmetric secret *name*.

        Raises:
            RingError: absent, readable by others, or no symmetric key.
        """
        jwk = self._read(KeyUse.SECRET, name)
        try:
            return _from_base64url(jwk["k"])
        except (KeyError, ValueError):
            raise RingError(f"the secret {name} is no symmetric key") from None

    def names(self, use: KeyUse) -> tuple[str, ...]:
        """Name the keys of one use, sorted."""
        ending = f".{use}.jwk"
        return tuple(sorted(unquote(path.name.removesuffix(ending)) for path in self.directory.glob(f"*{ending}")))

    def signer(self, name: str) -> Signer:
        """
        Take up the key that signs notes as *name*.

        Raises:
            RingError: absent, readable by others, or no Ed25519 key.
        """
        jwk = self._read(KeyUse.NOTE, name)
        try:
            key = Ed25519PrivateKey.from_private_bytes(_from_base64url(jwk["d"]))
        except (KeyError, ValueError):
            raise RingError(f"the note key {name} is no Ed25519 key") from None
        return Signer(name, key)

    def private_jwk(self, name: str) -> Jwk:
        """
        Take up the key *name* that signs tokens, with its private part, `kid`, `alg` and `use`.

        Raises:
            RingError: absent, readable by others, or no key of a known type.
        """
        jwk = self._read(KeyUse.TOKEN, name)
        return {**jwk, "kid": thumbprint(jwk)}

    def jwks(self) -> dict[str, list[Jwk]]:
        """
        Show the public halves of the token keys, as a JWK Set.

        Raises:
            RingError: a token key's file is unsafe or unreadable.

        Source: RFC 7517, 5.
        """
        return {"keys": [public_half(self.private_jwk(name)) for name in self.names(KeyUse.TOKEN)]}

    def _path(self, use: KeyUse, name: str) -> Path:
        if not name or name.startswith("."):
            raise RingError("a key's name is not empty and does not begin with a dot")
        return self.directory / f"{quote(name, safe='')}.{use}.jwk"

    def _read(self, use: KeyUse, name: str) -> Jwk:
        try:
            # Not to wait for a writer, should a pipe stand there.
            file = os.open(self._path(use, name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise RingError(f"the ring has no {use} key {name}") from None
        except OSError as fault:
            raise RingError(f"the {use} key {name} cannot be read: {fault.strerror}") from None
        try:
            # Asked of the open file, not of the path: nobody can put another in its place in between.
            state = os.fstat(file)
            if not stat.S_ISREG(state.st_mode) or state.st_mode & _OTHERS:
                raise RingError(f"the {use} key {name} is open to others: its file must be regular, mode 0600")
            content = os.read(file, _MAX_FILE)
        finally:
            os.close(file)
        try:
            jwk = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise RingError(f"the {use} key {name} is not JSON") from None
        if not isinstance(jwk, dict) or not all(isinstance(value, str) for value in jwk.values()):
            raise RingError(f"the {use} key {name} is no JWK")
        return jwk

    def _write(self, use: KeyUse, name: str, jwk: Jwk) -> None:
        path = self._path(use, name)
        draft = path.with_name(f".{secrets.token_hex(8)}.draft")
        try:
            file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_MODE)
            with os.fdopen(file, "wb") as opened:
                opened.write(canonical_json(jwk) + b"\n")
                opened.flush()
                os.fsync(opened.fileno())
            os.link(draft, path)  # fails if the name is taken: a key is never overwritten
            self._settle()
        except FileExistsError:
            raise RingError(f"the ring has a {use} key {name} already") from None
        except OSError as fault:
            raise RingError(f"the {use} key {name} cannot be written: {fault.strerror}") from None
        finally:
            with suppress(OSError):
                draft.unlink()

    def _settle(self) -> None:
        """Make the directory entry itself durable."""
        directory = os.open(self.directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def thumbprint(jwk: Jwk) -> str:
    """
    Compute the key id of *jwk*: SHA-256 over its required public members, base64url.

    Raises:
        RingError: a key type other than EC and OKP, or a member is missing.

    Source: RFC 7638, 3.
    """
    try:
        required = {member: jwk[member] for member in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    except KeyError:
        raise RingError("a token key is a whole JWK of type EC or OKP") from None
    return _to_base64url(hashlib.sha256(canonical_json(required)).digest())


def public_half(jwk: Jwk) -> Jwk:
    """Return *jwk* without its private part."""
    return {member: value for member, value in jwk.items() if member != "d"}


def _ed25519_jwk(key: Ed25519PrivateKey) -> Jwk:
    public = _to_base64url(key.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": public, "d": _to_base64url(key.private_bytes_raw())}


def _new_token_jwk(algorithm: TokenAlgorithm) -> Jwk:
    if algorithm is TokenAlgorithm.ED25519:
        return {**_ed25519_jwk(Ed25519PrivateKey.generate()), "alg": algorithm.value, "use": "sig"}
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = numbers.public_numbers
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _to_base64url(point.x.to_bytes(_COORDINATE_SIZE, "big")),
        "y": _to_base64url(point.y.to_bytes(_COORDINATE_SIZE, "big")),
        "d": _to_base64url(numbers.private_value.to_bytes(_COORDINATE_SIZE, "big")),
        "alg": algorithm.value,
        "use": "sig",
    }


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
