"""
Private keys of clients: made for a partner that has none yet, and for the demonstration.

The hub never keeps one. It is written to a file of its owner's, and the public half goes into the register.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from hub.errors import BadInputError
from hub.identity.public_keys import KeyRefusedError, PublicKey, public_key, read_members, read_set
from keys.ring import Jwk

_RSA_BITS = 3_072
_PEM = b"-----BEGIN"
_PRIVATE_MODE = 0o600


def new_client_key(algorithm: str) -> Jwk:
    """
    Make a private key that signs by *algorithm* (ES256, EdDSA or PS256); its kid is its thumbprint.

    Raises:
        BadInputError: another algorithm.
    """
    match algorithm:
        case "ES256":
            jwk = ECKey.generate_key("P-256").as_dict(private=True)
        case "EdDSA" | "Ed25519":
            jwk = OKPKey.generate_key("Ed25519").as_dict(private=True)
        case "PS256":
            jwk = RSAKey.generate_key(_RSA_BITS).as_dict(private=True)
        case _:
            raise BadInputError("algorithm: expected ES256, EdDSA or PS256", place=("algorithm",))
    members = {name: str(value) for name, value in jwk.items()}
    return {**members, "alg": algorithm, "use": "sig", "kid": public_key(public_part(members)).thumbprint}


def public_part(jwk: Mapping[str, object]) -> dict[str, object]:
    """The public half of *jwk*, to be registered."""
    shown = dict(import_key(dict(jwk)).as_dict(private=False))  # type: ignore[arg-type]  # a JWK is one by its members
    return cast("dict[str, object]", shown)


def keep_private(jwk: Mapping[str, str], path: Path) -> None:
    """
    Write a private key to a new file that its owner alone can read.

    Raises:
        OSError: there is such a file already, or none can be made there.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_MODE)
    with os.fdopen(file, "wb") as opened:
        opened.write(orjson.dumps(dict(jwk)) + b"\n")


def read_public(data: bytes) -> tuple[PublicKey, ...]:
    """
    Read public keys from what a partner sent: a JWK, a JWK Set, or a PEM.

    Raises:
        BadInputError: none of these, or a key that is refused; also one with a private part.
    """
    try:
        if data.lstrip().startswith(_PEM):
            return (_from_pem(data),)
        members = read_members(data)
        found = read_set(data) if "keys" in members else (public_key(members),)
    except KeyRefusedError as error:
        raise BadInputError(f"partner key: {error}", place=("key",)) from None
    if not found:
        raise BadInputError("partner key: no key that signs", place=("key",))
    return found


def _from_pem(data: bytes) -> PublicKey:
    if b"PRIVATE KEY" in data:
        raise KeyRefusedError("a private or symmetric key was shown: it is burnt, make a new one")
    try:
        match load_pem_public_key(data):
            case EllipticCurvePublicKey():
                members = ECKey.import_key(data).as_dict(private=False)
            case RSAPublicKey():
                members = RSAKey.import_key(data).as_dict(private=False)
            case Ed25519PublicKey():
                members = OKPKey.import_key(data).as_dict(private=False)
            case _:
                raise KeyRefusedError("a key's kty is EC, OKP or RSA")
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if isinstance(error, KeyRefusedError):
            raise
        raise KeyRefusedError("not a public key in PEM") from None
    return public_key({name: value for name, value in members.items() if name != "kid"})
