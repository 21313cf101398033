"""What administration tells: change sets, grants, consents, break-glass and alarms, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from hub.administration.items import Item
from schema.catalogue.model import Category
from schema.policy.weighing import Weight
from schema.tiers import Tier

T = TypeVar("T")
PAGE_MAX = 100
"""Rows of one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """
    Some rows of a list.

    Attributes:
        rows: At most `PAGE_MAX`.
        end: What to ask for as `after` to go on; None: there is no more.
    """

    rows: Sequence[T]
    end: str | None = None


class ChangeState(StrEnum):
    """
    Where a change set stands.

    draft -> submitted -> in_force | rejected | withdrawn | superseded; an amendment makes a draft of it again, also of
    one that was superseded: another policy came into force before it was approved.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_FORCE = "in_force"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewChange:
    """
    What an officer drafts.

    Attributes:
        reason: Why, 1 to 500 characters; never a value of a record.
        items: 1 to 500 changes.
        valid_from: Instant from which the policy is to hold, aware; None: when the last approval is given.
        valid_to: First instant at which it is over, and what held before holds again; None: without end.
    """

    reason: str
    items: tuple[Item, ...]
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One officer's approval of the revision that stands."""

    officer: str
    comment: str
    approved_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    A change set.

    Attributes:
        id: Text order is the order of drafting.
        state: See `ChangeState`.
        revision: Raised by every amendment.
        digest: `sm3:<hex>` of what an approval is of: items, validity, base.
        weight: What it does, as computed when it was drafted, and once more when it is approved.
        needed: Approvals it needs besides its drafter.
        approvals: Of this revision, oldest first.
        base_version: Policy version it was drafted against; None: it does not touch the policy.
        policy_version: Version it became.
        decided_by: Who gave the last approval, rejected, or withdrew; or whose change superseded it.
    """

    id: str
    state: ChangeState
    revision: int
    reason: str
    items: tuple[Item, ...]
    digest: str
    weight: Weight
    needed: int
    approvals: tuple[Approval, ...]
    valid_from: str | None
    valid_to: str | None
    base_version: int | None
    policy_version: int | None
    drafted_by: str
    drafted_at: str
    submitted_at: str | None
    decided_at: str | None
    decided_by: str | None
    comment: str | None


class GrantState(StrEnum):
    """Whether a grant opens anything."""

    SCHEDULED = "scheduled"
    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantEntry:
    """
    A grant as officers see it. Times are `hub.clock.iso` texts, *valid_to* exclusive.

    Attributes:
        last_used: Day on which it last opened something, Asia/Shanghai; None: never.
        change_id: The change set that gave or last prolonged it; None for break-glass.
    """

    id: str
    partner: str
    category: Category
    coordinates: frozenset[str]
    source: str | None
    subject: str | None
    purpose: str
    tier: Tier
    valid_from: str
    valid_to: str
    break_glass: bool
    state: GrantState
    reason: str
    change_id: str | None
    given_by: str
    given_at: str
    revoked_at: str | None
    revoked_by: str | None
    last_used: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewConsent:
    """
    An authority (授权书) as a subject gives it.

    Attributes:
        grantee: USCC of the reader.
        purpose: Purpose code.
        items: Categories it covers; of those that the purpose reads.
        evidence: Digest of the signed authority, `sm3:<hex>` or `sha256:<hex>`.
        valid_from: First day, ISO; None: today (Asia/Shanghai).
        valid_to: Last day, inclusive; None: 30 days in all. At most a year.
    """

    grantee: str
    purpose: str
    items: frozenset[Category]
    evidence: str
    valid_from: str | None = None
    valid_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """An authority as its subject and its grantee see it. Days are inclusive."""

    id: str
    subject: str
    grantee: str
    purpose: str
    items: frozenset[Category]
    valid_from: str
    valid_to: str
    evidence: str
    given_by: str
    given_at: str
    revoked_at: str | None
    revoked_by: str | None


class GlassState(StrEnum):
    """requested -> given -> reviewed; or refused, or lapsed because nobody approved it in time."""

    REQUESTED = "requested"
    GIVEN = "given"
    REFUSED = "refused"
    LAPSED = "lapsed"
    REVIEWED = "reviewed"


class Verdict(StrEnum):
    """An auditor's finding on a break-glass access."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGlass:
    """
    An emergency access (应急授权) as it is asked for.

    Attributes:
        partner: Whom it is for.
        purpose, category: What it opens, for what.
        tier: Strictest label it opens.
        subject: About whom; None: about anybody.
        minutes: 1 to 60, from the approval on.
        reason: Why, 10 to 500 characters.
    """

    partner: str
    purpose: str
    category: Category
    tier: Tier
    subject: str | None
    minutes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassEntry:
    """
    An emergency access and what became of it.

    Attributes:
        lapses_at: A request that nobody approved by then is void.
        review_due: Until when an auditor must have reviewed it.
        overdue: Whether the review is late, now.
    """

    id: str
    state: GlassState
    partner: str
    purpose: str
    category: Category
    tier: Tier
    subject: str | None
    minutes: int
    reason: str
    requested_by: str
    requested_at: str
    lapses_at: str
    decided_by: str | None
    decided_at: str | None
    grant_id: str | None
    review_due: str | None
    overdue: bool
    reviewed_by: str | None
    reviewed_at: str | None
    verdict: Verdict | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEntry:
    """
    Something the auditor must look at.

    Attributes:
        cause: `break_glass`, or `at_once`: one person put a restraint into force.
        reference: Id of the break-glass access or the change set.
        due: Until when it must have been looked at.
    """

    id: str
    cause: str
    reference: str
    raised_by: str
    raised_at: str
    due: str
    overdue: bool
    closed_at: str | None
    closed_by: str | None
    comment: str | None
