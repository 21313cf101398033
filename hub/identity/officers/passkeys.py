"""
WebAuthn (通行密钥): what an authenticator is asked, and whether its answer holds.

Rules:
    - The authenticator keeps the credential and knows whose it is (discoverable): a sign-in names nobody beforehand,
      so nobody learns from it who has an account.
    - The user is verified by the authenticator (PIN or biometrics), at registration and at every use.
    - The answer comes from our own page: exactly our origin, and not from within another's.
    - The signature is checked before the count of signatures: only who holds the key can make it look cloned.
    - No attestation is asked: which authenticators are good enough is seen to where officers are given theirs.

Source: W3C Web Authentication Level 3, 7.1 and 7.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

_TIMEOUT_MS = 120_000
_ID_MAX = 1023
_NAME = "Energy Credit Exchange Hub 能源行业信用信息交换枢纽"


class ProofError(Exception):
    """An authenticator's answer does not hold. The text is a word for the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """
    Who asks.

    Attributes:
        id: Domain that credentials are bound to.
        origin: The one origin that may ask.
    """

    id: str
    origin: str

    @staticmethod
    def at(origin: str) -> "RelyingParty":
        """The relying party of *origin*, bound to its whole host name."""
        return RelyingParty(id=urlsplit(origin).hostname or "", origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new credential: its id, COSE key, count of signatures, and whether the key is synchronised elsewhere."""

    id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Whose credential it is to be: id and name are shown by the authenticator, the handle is what it remembers."""

    id: str
    name: str
    handle: bytes


def registration_options(party: RelyingParty, user: User, challenge: bytes, known: Sequence[bytes]) -> dict[str, Any]:
    """Make the argument of `navigator.credentials.create`; authenticators of *known* credentials decline."""
    return options_to_json_dict(
        generate_registration_options(
            rp_id=party.id,
            rp_name=_NAME,
            user_id=user.handle,
            user_name=user.id,
            user_display_name=user.name,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
    )


def check_registration(party: RelyingParty, credential: Mapping[str, Any], challenge: bytes) -> Registered:
    """
    Check what `navigator.credentials.create` answered.

    Raises:
        ProofError: it does not hold.
    """
    try:
        _check_own_page(credential)
        found = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001  the library lets its parsers' errors through; none of them is ours
        raise ProofError("bad_registration") from None
    if len(found.credential_id) > _ID_MAX:
        raise ProofError("bad_registration")
    return Registered(
        id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        backed_up=found.credential_backed_up,
    )


def assertion_options(party: RelyingParty, challenge: bytes, known: Sequence[bytes] = ()) -> dict[str, Any]:
    """Make the argument of `navigator.credentials.get`; without *known* the authenticator finds the account."""
    return options_to_json_dict(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def credential_named(credential: Mapping[str, Any]) -> bytes:
    """
    Read which credential answers.

    Raises:
        ProofError: it does not say.
    """
    try:
        found = base64url_to_bytes(credential["rawId"])
    except Exception:  # noqa: BLE001  whatever stands there, it is no id
        raise ProofError("bad_assertion") from None
    if not 0 < len(found) <= _ID_MAX:
        raise ProofError("bad_assertion")
    return found


def check_assertion(
    party: RelyingParty, credential: Mapping[str, Any], challenge: bytes, *, public_key: bytes, handle: bytes
) -> int:
    """
    Check what `navigator.credentials.get` answered.

    Args:
        party: Who asked.
        credential: The answer.
        challenge: What had to be signed.
        public_key: COSE key of the credential.
        handle: User handle of its officer, which the answer must bear.

    Returns:
        The authenticator's count of signatures; 0 if it keeps none. The caller compares it.

    Raises:
        ProofError: it does not hold.
    """
    try:
        _check_own_page(credential)
        _check_user(credential, handle)
        found = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            # Compared by the caller, who must know that the signature is good before it believes the count.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except ProofError:
        raise
    except Exception:  # noqa: BLE001  as above
        raise ProofError("bad_assertion") from None
    return found.new_sign_count


def _check_own_page(credential: Mapping[str, Any]) -> None:
    said = parse_client_data_json(base64url_to_bytes(credential["response"]["clientDataJSON"]))
    if said.cross_origin:
        raise ProofError("cross_origin")


def _check_user(credential: Mapping[str, Any], handle: bytes) -> None:
    if base64url_to_bytes(credential["response"]["userHandle"]) != handle:
        raise ProofError("other_user")
