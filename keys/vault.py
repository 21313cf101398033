"""
The vault: keys that wrap others, each behind a reference, looked up where the operator says and nowhere else.

    file:DIRECTORY      a key ring; a key is a secret file of it, mode 0600
    env:NAME            a variable with 32 bytes in base64; who deploys makes it
    pkcs11:…            a token (RFC 7512); the key never leaves it, see `keys.vault_pkcs11`

Rules:
    - `{tier}` in a URI stands for the tier, so that each may have a directory, a variable or a token of its own.
    - A stored reference names a key, never a place: whoever can write the store cannot send the hub to a key or a
      library of their own.
    - The first URI makes new keys; the others still open what was wrapped there, while an operator moves from one to
      the other.

Trusted: whoever can read the keys behind these URIs, and the store, can read every sealed field.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import quote, unquote

from keys.envelope import KEY_SIZE, Cipher, LocalKey
from keys.errors import RingError, VaultError
from keys.ring import KeyRing

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,99}")


class Keeper(Protocol):
    """Where keys are kept: one scheme, one URI, one tier."""

    is_distant: bool
    """Whether it may take long to answer: it is then asked apart from the event loop."""

    def make(self, name: str) -> str:
        """Make a key called *name*; its reference. Raises VaultError."""

    def take(self, reference: str, key_id: bytes) -> Cipher:
        """Take up the key at *reference*. Raises VaultError."""


class Vault:
    """
    The keepers of one hub.

    Args:
        uris: Where keys are kept; the first makes new ones.
        environment: Variables that `env:` names.
        create: Make what is absent: a directory.

    Raises:
        VaultError: no URI, or one that is not understood.
    """

    def __init__(self, uris: Sequence[str], environment: Mapping[str, str], *, create: bool = False) -> None:
        if not uris:
            raise VaultError("no URI says where the sealing keys are")
        self._uris = tuple(uris)
        self._environment = environment
        self._create = create
        self._keepers: dict[str, Keeper] = {}
        for uri in uris:
            _check(uri)

    def make(self, tier: str, key_id: bytes, uri: str | None = None) -> str:
        """
        Make the key *key_id* of *tier*; a variable is not made but must be there.

        Args:
            tier: `A` or `R`.
            key_id: 8 bytes; part of the key's name, so that no two meet.
            uri: Where, instead of the first URI; an `env:` URI that only a rotation names, say.

        Returns:
            Its reference, for the store.

        Raises:
            VaultError: it cannot be made, or is absent.
        """
        if uri is not None:
            _check(uri)
        return self._keeper(uri or self._uris[0], tier).make(f"kek-{tier}-{key_id.hex()}")

    def take(self, tier: str, reference: str, key_id: bytes) -> Cipher:
        """
        Take up the key of *tier* at *reference*.

        Raises:
            VaultError: no keeper has it.
        """
        scheme = _scheme(reference)
        fault: VaultError | None = None
        for uri in self._uris:
            if _scheme(uri) != scheme:
                continue
            try:
                return self._keeper(uri, tier).take(reference, key_id)
            except VaultError as error:
                fault = error
        if scheme == "env":
            # A variable is named by its reference alone.
            return self._keeper(reference, tier).take(reference, key_id)
        raise fault or VaultError(f"no URI of scheme {scheme}: is configured, and a sealing key is kept there")

    def is_distant(self, reference: str) -> bool:
        """Whether taking and using the key at *reference* may take long."""
        return _scheme(reference) == "pkcs11"

    def close(self) -> None:
        """Let go of tokens."""
        keepers, self._keepers = self._keepers, {}
        for keeper in keepers.values():
            close = getattr(keeper, "close", None)
            if close is not None:
                close()

    def _keeper(self, uri: str, tier: str) -> Keeper:
        address = uri.replace("{tier}", tier)
        keeper = self._keepers.get(address)
        if keeper is None:
            keeper = self._keepers[address] = self._open(address)
        return keeper

    def _open(self, address: str) -> Keeper:
        match _scheme(address):
            case "file":
                return FileKeeper(address, create=self._create)
            case "env":
                return VariableKeeper(address, self._environment)
            case _:
                return _token_keeper(address, self._environment)


class FileKeeper:
    """Keys as secret files of a key ring."""

    is_distant = False

    def __init__(self, uri: str, *, create: bool) -> None:
        try:
            self._ring = KeyRing.open(uri, create=create)
        except RingError as error:
            raise VaultError(f"sealing keys: {error}") from None

    def make(self, name: str) -> str:
        """Make a secret file; its reference."""
        try:
            self._ring.create_secret(name, KEY_SIZE)
        except RingError as error:
            raise VaultError(f"sealing keys: {error}") from None
        return f"file:{quote(name, safe='')}"

    def take(self, reference: str, key_id: bytes) -> Cipher:
        """Read the secret file."""
        try:
            secret = self._ring.secret(unquote(reference.removeprefix("file:")))
        except RingError as error:
            raise VaultError(f"sealing keys: {error}") from None
        return _local(key_id, secret)


class VariableKeeper:
    """A key in a variable: for platforms that hand secrets over so. Whoever deploys makes it."""

    is_distant = False

    def __init__(self, uri: str, environment: Mapping[str, str]) -> None:
        self._uri = uri
        self._environment = environment

    def make(self, name: str) -> str:
        """Check that the variable holds a key, whatever *name* is; its reference."""
        self.take(self._uri, bytes.fromhex(name.rpartition("-")[2]))
        return self._uri

    def take(self, reference: str, key_id: bytes) -> Cipher:
        """Read the variable."""
        name = reference.removeprefix("env:")
        if not _VARIABLE.fullmatch(name):
            raise VaultError("env: expected the name of a variable, upper-case")
        value = self._environment.get(name)
        if value is None:
            raise VaultError(f"the variable {name} is not set, and a sealing key is kept there")
        try:
            return _local(key_id, base64.b64decode(value, validate=True))
        except binascii.Error:
            raise VaultError(f"the variable {name} is not base64") from None


def _token_keeper(address: str, environment: Mapping[str, str]) -> Keeper:
    try:
        # An optional extra: only who keeps keys in a token needs it.
        from keys.vault_pkcs11 import TokenKeeper
    except ImportError:
        raise VaultError("pkcs11: install the extra: credit-exchange-hub[pkcs11]") from None
    return TokenKeeper(address, environment)


def _local(key_id: bytes, secret: bytes) -> LocalKey:
    if len(secret) != KEY_SIZE:
        raise VaultError(f"a sealing key has {len(secret)} bytes, expected {KEY_SIZE}")
    return LocalKey.of(key_id, secret)


def _scheme(uri: str) -> str:
    return uri.partition(":")[0]


def _check(uri: str) -> None:
    if ":" not in uri or _scheme(uri) not in {"file", "env", "pkcs11"}:
        raise VaultError("sealing keys: expected a file:, env: or pkcs11: URI")
