"""
How the authorization server refuses: Authlib's errors, and those it does not know.

Rule: a description says what was expected, never what was sent; it is ASCII without quotation marks (RFC 6749, 5.2).
"""

from authlib.oauth2.rfc6749 import OAuth2Error


class ProofRefusedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """The proof of possession is not one (RFC 9449, 5)."""

    error = "invalid_dpop_proof"


class NonceWantedError(OAuth2Error):  # type: ignore[misc]
    """
    The proof must carry another nonce (RFC 9449, 8).

    Attributes:
        nonce: That one.
    """

    error = "use_dpop_nonce"

    def __init__(self, description: str, nonce: str) -> None:
        super().__init__(description)
        self.nonce = nonce

    def get_headers(self) -> list[tuple[str, str]]:
        """Tell the nonce beside the error."""
        return [*super().get_headers(), ("DPoP-Nonce", self.nonce)]


class TargetRefusedError(OAuth2Error):  # type: ignore[misc]
    """The resource is not one of this hub (RFC 8707, 2)."""

    error = "invalid_target"
    description = "The resource is not one of this hub"


class AnsweredError(OAuth2Error):  # type: ignore[misc]
    """
    A request refused before OAuth is asked, by its form alone.

    Attributes:
        status_code: HTTP status.
    """

    error = "invalid_request"

    def __init__(self, description: str, status: int = 400, *, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(description, status_code=status)
        self._more = headers

    def get_headers(self) -> list[tuple[str, str]]:
        """Add what belongs to the status."""
        return [*super().get_headers(), *self._more]


class UnavailableHereError(OAuth2Error):  # type: ignore[misc]
    """Ours and passing: the store cannot be used (RFC 6749, 4.1.2.1 has the word)."""

    error = "temporarily_unavailable"
    status_code = 503


class ForbiddenHereError(OAuth2Error):  # type: ignore[misc]
    """Who asks is known, and may not do this (RFC 6750, 3.1 has the nearest word)."""

    error = "insufficient_scope"
    status_code = 403
