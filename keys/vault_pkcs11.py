"""
Keys inside a token (PKCS #11): they are made there, work there and never leave it.

    pkcs11:token=hub;object=kek-A-…?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/secrets/pin

Rules:
    - Only `token`, `serial`, `manufacturer`, `model` and `object` of a stored reference are read. The library and the
      PIN come from the configured URI alone: a library is code.
    - A PIN stands in a file of mode 0600 or in a variable (`pin-source=file:…`, `env:NAME`), never in the URI.
    - A session that broke is opened again once; a token that still does not answer is a VaultError, not damage.
    - A token tells a wrong tag in several ways, and some tell it as they tell any fault: it is damage only if the token
      still answers afterwards.

Source: RFC 7512; PKCS #11 v3.0, 2.10.3 (CKM_AES_GCM).
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote

import pkcs11
from pkcs11 import exceptions

from keys.envelope import Cipher, Suite
from keys.errors import DamagedError, VaultError

T = TypeVar("T")

_TOKEN_PARTS = {"token": "label", "serial": "serial", "manufacturer": "manufacturer_id", "model": "model"}
_TAG_BITS = 128
_KEY_BITS = 256
_OTHERS = 0o077


class TokenKeeper:
    """
    Keys in one token. One session, used by one thread at a time; opened when it is first needed, so also after a fork.

    Args:
        uri: RFC 7512, with `module-path` and `pin-source`.
        environment: Variables that `pin-source=env:NAME` names.

    Raises:
        VaultError: the URI says too little.
    """

    is_distant = True

    def __init__(self, uri: str, environment: Mapping[str, str]) -> None:
        path, query = _read(uri)
        if "pin-value" in query:
            raise VaultError("pkcs11: a PIN does not belong into a URI; use pin-source=file:… or pin-source=env:NAME")
        if "module-path" not in query or "pin-source" not in query:
            raise VaultError("pkcs11: expected module-path and pin-source in the URI's query")
        if not path.keys() & _TOKEN_PARTS.keys():
            raise VaultError("pkcs11: expected token, serial, manufacturer or model in the URI")
        self._path = {name: value for name, value in path.items() if name in _TOKEN_PARTS}
        self._module = query["module-path"]
        self._pin_source = query["pin-source"]
        self._environment = environment
        self._session: pkcs11.Session | None = None
        self._found: dict[str, Any] = {}
        # The library's calls of one session must not overlap.
        self._lock = Lock()

    def make(self, name: str) -> str:
        """Make a key in the token that cannot be taken out of it; its reference."""
        never = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
        uses = {pkcs11.Attribute.ENCRYPT: True, pkcs11.Attribute.DECRYPT: True}

        def made(session: pkcs11.Session) -> None:
            session.generate_key(pkcs11.KeyType.AES, _KEY_BITS, label=name, store=True, template=never | uses)

        self._do(made)
        parts = [f"{part}={quote(value, safe='')}" for part, value in sorted(self._path.items())]
        return "pkcs11:" + ";".join([*parts, f"object={quote(name, safe='')}"])

    def take(self, reference: str, key_id: bytes) -> Cipher:
        """Find the key in the token."""
        path, _ = _read(reference)
        label = path.get("object")
        if label is None or any(
            self._path.get(part, value) != value for part, value in path.items() if part != "object"
        ):
            raise VaultError("pkcs11: the key is kept in another token than the configured one")
        self._do(lambda session: self._key(session, label))
        return _TokenKey(key_id, self, label)

    def close(self) -> None:
        """Close the session."""
        with self._lock:
            self._drop()

    def encrypt(self, label: str, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Encrypt inside the token. Raises VaultError."""
        given = _mechanism(nonce, associated)
        return self._do(lambda session: bytes(self._key(session, label).encrypt(data, **given)))

    def decrypt(self, label: str, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        """Decrypt inside the token. Raises DamagedError, VaultError."""
        given = _mechanism(nonce, associated)

        def work(session: pkcs11.Session) -> bytes:
            key = self._key(session, label)
            try:
                return bytes(key.decrypt(data, **given))
            except (
                exceptions.EncryptedDataInvalid,
                exceptions.EncryptedDataLenRange,
                exceptions.GeneralError,
            ):
                # The token answers: so it is the data that it refused.
                session.generate_random(_TAG_BITS)
                raise DamagedError("not authentic") from None

        return self._do(work)

    def _do(self, work: Callable[[pkcs11.Session], T]) -> T:
        with self._lock:
            for is_last in (self._session is None, True):
                try:
                    return work(self._opened())
                except exceptions.PKCS11Error as fault:
                    self._drop()
                    if is_last:
                        raise VaultError(f"pkcs11: the token does not serve ({type(fault).__name__})") from None
                except (OSError, RuntimeError) as fault:
                    raise VaultError(f"pkcs11: the library cannot be used ({type(fault).__name__})") from None
        raise AssertionError("the last try returns or raises")

    def _opened(self) -> pkcs11.Session:
        if self._session is None:
            library = pkcs11.lib(self._module)
            tokens = [token for token in _tokens(library) if self._is_meant(token)]
            if len(tokens) != 1:
                raise VaultError(f"pkcs11: the URI means {len(tokens)} tokens, expected one")
            self._session = _session(tokens[0], self._pin())
        return self._session

    def _is_meant(self, token: pkcs11.Token) -> bool:
        for part, value in self._path.items():
            found = getattr(token, _TOKEN_PARTS[part])
            text = found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
            if text.rstrip(" \0") != value:
                return False
        return True

    def _key(self, session: pkcs11.Session, label: str) -> Any:  # noqa: ANN401  the library's own class, by type of key
        if label not in self._found:
            try:
                self._found[label] = session.get_key(
                    object_class=pkcs11.ObjectClass.SECRET_KEY, key_type=pkcs11.KeyType.AES, label=label
                )
            except (exceptions.NoSuchKey, exceptions.MultipleObjectsReturned):
                raise VaultError("pkcs11: the token has not exactly one key of that name") from None
        return self._found[label]

    def _drop(self) -> None:
        session, self._session, self._found = self._session, None, {}
        if session is not None:
            try:
                session.close()
            except RuntimeError:
                # It broke; the library has let go of it already.
                return

    def _pin(self) -> str:
        scheme, _, rest = self._pin_source.partition(":")
        if scheme == "env":
            pin = self._environment.get(rest)
            if pin is None:
                raise VaultError(f"pkcs11: the variable {rest} is not set, and it is the PIN's")
            return pin
        path = Path(unquote(rest.removeprefix("//") if scheme == "file" else self._pin_source))
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode) or state.st_mode & _OTHERS:
                raise VaultError("pkcs11: the PIN's file is open to others: it must be regular, mode 0600")
            return path.read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise VaultError(f"pkcs11: the PIN's file cannot be read: {os.strerror(fault.errno or 0)}") from None


class _TokenKey:
    """A key by its name in a token."""

    def __init__(self, key_id: bytes, keeper: TokenKeeper, label: str) -> None:
        self.id = key_id
        self.suite = Suite.AES_256_GCM
        self._keeper = keeper
        self._label = label

    def encrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        return self._keeper.encrypt(self._label, nonce, data, associated)

    def decrypt(self, nonce: bytes, data: bytes, associated: bytes) -> bytes:
        return self._keeper.decrypt(self._label, nonce, data, associated)


def _mechanism(nonce: bytes, associated: bytes) -> dict[str, Any]:
    param = pkcs11.GCMParams(nonce, associated, _TAG_BITS)
    return {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": param}


def _tokens(library: Any) -> list[pkcs11.Token]:  # noqa: ANN401  typed nowhere
    return [slot.get_token() for slot in library.get_slots(token_present=True)]


def _session(token: pkcs11.Token, pin: str) -> pkcs11.Session:
    try:
        return token.open(user_pin=pin, rw=True)
    except exceptions.UserAlreadyLoggedIn:
        # Another session of this process has shown the PIN; that counts for all of them.
        return token.open(rw=True)


def _read(uri: str) -> tuple[dict[str, str], dict[str, str]]:
    """Path and query attributes of an RFC 7512 URI."""
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    parts = [part.partition("=") for part in path.split(";") if part]
    if any(not name or not mark for name, mark, _ in parts):
        raise VaultError("pkcs11: expected name=value in the URI's path, between semicolons")
    return {name: unquote(value) for name, _, value in parts}, dict(parse_qsl(query))
