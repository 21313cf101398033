"""
What officers are refused with, beside `ForbiddenError` and `StepUpRequiredError`.

Rule: who cannot be told from who gave a wrong proof: one rule and the same words for both. The journal knows more.
"""

from hub.errors import UnauthenticatedError

REALM = 'Officer realm="credit-exchange-hub"'


class NotSignedInError(UnauthenticatedError):
    """
    No live session, or a proof that was not accepted. *rule* says which of the two, never why.

    Attributes:
        rule: `officer.session`, `officer.sign_in`, `officer.invitation`, `officer.challenge` or `officer.provider`.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.headers = {"www-authenticate": REALM}
        self.extensions = {"rule": rule}


def no_session() -> NotSignedInError:
    """Refuse who shows no live session: none, ended, unknown, somebody suspended."""
    return NotSignedInError("officer.session", "No live officer session: sign in")


def not_accepted() -> NotSignedInError:
    """Refuse a proof: wrong, replayed, of nobody, of somebody suspended."""
    return NotSignedInError("officer.sign_in", "The proof was not accepted")


def no_invitation() -> NotSignedInError:
    """Refuse an invitation code: unknown, used, expired, not countersigned."""
    return NotSignedInError("officer.invitation", "The invitation code is not valid")


def no_challenge() -> NotSignedInError:
    """Refuse a step of a ceremony that was not begun, is over, or is another's."""
    return NotSignedInError("officer.challenge", "The ceremony is over or was never begun: begin again")
