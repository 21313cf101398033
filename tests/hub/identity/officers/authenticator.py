"""A real WebAuthn authenticator in software, as a browser shows it: JSON in, JSON out."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from soft_webauthn import SoftWebauthnDevice

_FLAGS = 32
_VERIFIED = 0x04


def from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator(SoftWebauthnDevice):
    """One key; *verifies* its user by PIN unless told not to."""

    def __init__(self, *, verifies: bool = True, cross_origin: bool = False) -> None:
        super().__init__()
        self.verifies = verifies
        self.cross_origin = cross_origin

    def register(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """`navigator.credentials.create`, with the options as our server sends them."""
        key = {**options, "challenge": from_text(options["challenge"])}
        key["user"] = {**options["user"], "id": from_text(options["user"]["id"])}
        key["pubKeyCredParams"] = [dict(each) for each in options["pubKeyCredParams"]]
        key["attestation"] = None
        made = self.create({"publicKey": key}, origin)
        if self.verifies:
            made["response"]["attestationObject"] = _verified(made["response"]["attestationObject"])
        return _as_json(made)

    def sign(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """`navigator.credentials.get`."""
        key = {**options, "challenge": from_text(options["challenge"])}
        made = self.get({"publicKey": key}, origin)
        data = bytearray(made["response"]["authenticatorData"])
        if self.verifies:
            data[_FLAGS] |= _VERIFIED
        said = json.loads(made["response"]["clientDataJSON"])
        if self.cross_origin:
            said["crossOrigin"] = True
        client = json.dumps(said).encode()
        digest = hashes.Hash(hashes.SHA256())
        digest.update(client)
        made["response"] |= {
            "authenticatorData": bytes(data),
            "clientDataJSON": client,
            "signature": self.private_key.sign(bytes(data) + digest.finalize(), ec.ECDSA(hashes.SHA256())),
        }
        return _as_json(made)


def _verified(attestation: bytes) -> bytes:
    decoded = dict(cbor.decode(attestation))
    data = bytearray(decoded["authData"])
    data[_FLAGS] |= _VERIFIED
    encoded: bytes = cbor.encode({**decoded, "authData": bytes(data)})
    return encoded


def _as_json(made: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": to_text(made["rawId"]),
        "rawId": to_text(made["rawId"]),
        "type": made["type"],
        "response": {name: to_text(value) for name, value in made["response"].items() if value is not None},
    }
