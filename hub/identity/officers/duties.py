"""
三员分立: which role may do what. One table, asked by the domain and never by a page.

Rules:
    - Everything that is not in the table is nobody's.
    - The auditor gives nothing, takes nothing and drafts nothing: the auditor reads what was done, and reviews.
    - No duty lets a role read business content; there is no such duty.
    - Nobody approves their own.
    - Who approves shows a fresh proof of presence; who takes away is not held up by that.

Source: GB/T 22239-2019, 8.1.5 and 8.1.7 (系统管理, 审计管理, 安全管理); BMB 20-2007 (三员分立).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from hub.errors import ForbiddenError, StepUpRequiredError
from hub.identity.officers.model import Acting, Role


class Duty(StrEnum):
    """Something an officer does."""

    DRAFT_POLICY = "draft_policy"
    """Draft, amend, withdraw, roll back: policy, labels, masks, purposes, grants, record labels."""
    APPROVE_POLICY = "approve_policy"
    DRAFT_REGISTER = "draft_register"
    """Draft changes to partners, their keys and officers."""
    APPROVE_REGISTER = "approve_register"
    REQUEST_GLASS = "request_glass"
    """Break-glass (应急授权)."""
    APPROVE_GLASS = "approve_glass"
    REVIEW_GLASS = "review_glass"
    REVOKE_RIGHT = "revoke_right"
    """Take away a grant or a consent."""
    RESTRAIN_PARTNER = "restrain_partner"
    """Suspend a partner, revoke a key or a token."""
    SUSPEND_OFFICER = "suspend_officer"
    SUSPEND_ADMINISTRATOR = "suspend_administrator"
    OPEN_INVITATION = "open_invitation"
    COUNTERSIGN_INVITATION = "countersign_invitation"
    END_SESSION = "end_session"
    """End another officer's session; one's own may end anybody."""
    ROTATE_KEYS = "rotate_keys"
    ERASE = "erase"
    SIMULATE = "simulate"
    EXPLAIN = "explain"
    READ_REGISTER = "read_register"
    """See partners, officers and sessions."""
    READ_POLICY = "read_policy"
    """See policy, change sets, grants, simulations."""
    READ_JOURNAL = "read_journal"


_A, _S, _AU = Role.ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR
_EVERYBODY = frozenset(Role)

HOLDERS: Mapping[Duty, frozenset[Role]] = MappingProxyType(
    {
        Duty.DRAFT_POLICY: frozenset({_S}),
        Duty.APPROVE_POLICY: frozenset({_S}),
        Duty.DRAFT_REGISTER: frozenset({_A}),
        Duty.APPROVE_REGISTER: frozenset({_S}),
        Duty.REQUEST_GLASS: frozenset({_A, _S}),
        Duty.APPROVE_GLASS: frozenset({_S}),
        Duty.REVIEW_GLASS: frozenset({_AU}),
        Duty.REVOKE_RIGHT: frozenset({_A, _S}),
        Duty.RESTRAIN_PARTNER: frozenset({_A, _S}),
        Duty.SUSPEND_OFFICER: frozenset({_A}),
        Duty.SUSPEND_ADMINISTRATOR: frozenset({_S}),
        Duty.OPEN_INVITATION: frozenset({_A}),
        Duty.COUNTERSIGN_INVITATION: frozenset({_S}),
        Duty.END_SESSION: frozenset({_A}),
        Duty.ROTATE_KEYS: frozenset({_A}),
        Duty.ERASE: frozenset({_A}),
        Duty.SIMULATE: frozenset({_S}),
        Duty.EXPLAIN: _EVERYBODY,
        Duty.READ_REGISTER: _EVERYBODY,
        Duty.READ_POLICY: _EVERYBODY,
        Duty.READ_JOURNAL: frozenset({_AU}),
    }
)
"""Duty -> the roles that have it."""

APPROVALS = frozenset({Duty.APPROVE_POLICY, Duty.APPROVE_REGISTER, Duty.APPROVE_GLASS, Duty.COUNTERSIGN_INVITATION})
"""Duties that need a fresh proof of presence."""


def has_duty(role: Role, duty: Duty) -> bool:
    """Whether officers of *role* do *duty*."""
    return role in HOLDERS.get(duty, frozenset())


def check_duty(acting: Acting, duty: Duty) -> None:
    """
    Check that *acting* may do *duty* now.

    Raises:
        ForbiddenError: the role does not have it: rule `duty.<duty>`.
        StepUpRequiredError: it is an approval and the last proof of presence is too old.
    """
    if not has_duty(acting.officer.role, duty):
        raise ForbiddenError(f"duty.{duty.value}", f"Not a duty of this role ({acting.officer.role.zh})")
    if duty in APPROVALS:
        check_stepped_up(acting)


def check_stepped_up(acting: Acting) -> None:
    """
    Check that the officer has just shown to be present.

    Raises:
        StepUpRequiredError: the last proof is more than five minutes old.
    """
    if not acting.stepped_up:
        raise StepUpRequiredError


def check_not_own(acting: Acting, author: str) -> None:
    """
    Check that *acting* does not approve what they drafted themselves, or what is about themselves.

    Args:
        acting: Who approves.
        author: Identifier of the officer whose work, or whose account, it is.

    Raises:
        ForbiddenError: rule `duty.own`.
    """
    if acting.officer.id == author:
        raise ForbiddenError("duty.own", "Nobody approves their own")
