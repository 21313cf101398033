"""Who runs the hub: officers, their roles, and an officer who acts in a live session."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """
    三员: the three kinds of officer. One person has one role for ever.

    Source: GB/T 22239-2019, 8.1.7; BMB 20-2007 (三员分立).
    """

    ADMINISTRATOR = "administrator"
    SECURITY_OFFICER = "security_officer"
    AUDITOR = "auditor"

    @property
    def zh(self) -> str:
        """The role's name in Chinese."""
        match self:
            case Role.ADMINISTRATOR:
                return "系统管理员"
            case Role.SECURITY_OFFICER:
                return "安全保密管理员"
            case Role.AUDITOR:
                return "安全审计员"


class OfficerState(StrEnum):
    """Whether an officer may act."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """
    An officer's account.

    Attributes:
        id: Short name by which the officer signs in and the log names them.
        name: The person's name.
        role: Never changes.
        state: See `OfficerState`.
        created_at: UTC text.
    """

    id: str
    name: str
    role: Role
    state: OfficerState
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """
    An officer who acts, as told from a live session.

    Attributes:
        officer: Active at the time of asking.
        session: Public identifier of the session, never its secret.
        stepped_up: Whether a fresh proof was given at most 5 minutes ago; approvals need it.
    """

    officer: Officer
    session: str
    stepped_up: bool
