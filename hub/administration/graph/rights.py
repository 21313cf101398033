"""Grants, consents, break-glass and alarms as officers see them; consents as their subject and grantee do."""

import strawberry

from hub.administration.graph.changes import identifier, instant
from hub.administration.graph.words import Day, Instant
from hub.administration.labels import LabelEntry
from hub.administration.model import (
    AlarmEntry,
    ConsentEntry,
    GlassEntry,
    GlassState,
    GrantEntry,
    GrantState,
    Verdict,
)
from schema.catalogue.model import Category
from schema.tiers import Tier

strawberry.enum(GrantState, description="Whether a grant opens anything.")
strawberry.enum(GlassState, description="Where an emergency access stands.")
strawberry.enum(Verdict, description="An auditor's finding on an emergency access.")


@strawberry.type(description="授予 A permission to one partner beyond the matrix, time-boxed.")
class Grant:
    """A grant."""

    id: strawberry.ID
    partner: strawberry.ID
    category: Category
    coordinates: list[str] = strawberry.field(description="The fields it opens; empty: every field.")
    source: strawberry.ID | None = strawberry.field(description="Whose rows; null: of any source.")
    subject: strawberry.ID | None = strawberry.field(description="About whom; null: about anybody.")
    purpose: str
    tier: Tier = strawberry.field(description="Strictest label it opens.")
    valid_from: Instant
    valid_to: Instant = strawberry.field(description="First instant at which it is over.")
    break_glass: bool
    state: GrantState
    reason: str
    change_set: strawberry.ID | None
    given_by: strawberry.ID
    given_at: Instant
    revoked_at: Instant | None
    revoked_by: strawberry.ID | None
    last_used: Day | None = strawberry.field(description="Day it last opened something; null: never.")


@strawberry.type(description="记录标签 A label on one record: it can only make it stricter.")
class RecordLabel:
    """A label."""

    subject: strawberry.ID
    kind: str
    record_key: str
    tier: Tier = strawberry.field(description="Joined with whatever the record bears.")
    regions: list[str] | None = strawberry.field(description="Prefixes a reader's regions must hold; null: none asked.")
    reason: str
    valid_from: Instant
    valid_to: Instant | None = strawberry.field(description="First instant at which it is over; null: until lifted.")
    change_set: strawberry.ID | None


@strawberry.type(description="授权书 A subject's authority to one organisation.")
class Consent:
    """A consent."""

    id: strawberry.ID
    subject: strawberry.ID = strawberry.field(description="统一社会信用代码 of who gave it.")
    grantee: strawberry.ID = strawberry.field(description="统一社会信用代码 of who may read.")
    purpose: str
    items: list[Category]
    valid_from: Day
    valid_to: Day = strawberry.field(description="Last day, inclusive, Asia/Shanghai.")
    evidence: str = strawberry.field(description="Digest of the signed authority.")
    given_by: strawberry.ID = strawberry.field(description="Partner whose credential gave it.")
    given_at: Instant
    revoked_at: Instant | None
    revoked_by: strawberry.ID | None


@strawberry.type(
    description="应急授权 An emergency access: asked for by one, given by another, reviewed by an auditor."
)
class BreakGlass:
    """An emergency access."""

    id: strawberry.ID
    state: GlassState
    partner: strawberry.ID
    purpose: str
    category: Category
    tier: Tier
    subject: strawberry.ID | None
    minutes: int
    reason: str
    requested_by: strawberry.ID
    requested_at: Instant
    lapses_at: Instant = strawberry.field(description="A request that nobody approved by then is void.")
    decided_by: strawberry.ID | None
    decided_at: Instant | None
    grant: strawberry.ID | None
    review_due: Instant | None
    overdue: bool
    reviewed_by: strawberry.ID | None
    reviewed_at: Instant | None
    verdict: Verdict | None
    comment: str | None


@strawberry.type(description="告警 Something the auditor must look at.")
class Alarm:
    """An alarm."""

    id: strawberry.ID
    cause: str = strawberry.field(description="`break_glass`, or `at_once`: one officer put a restraint into force.")
    reference: strawberry.ID = strawberry.field(description="The break-glass access or the change set.")
    raised_by: strawberry.ID
    raised_at: Instant
    due: Instant
    overdue: bool
    closed_at: Instant | None
    closed_by: strawberry.ID | None
    comment: str | None


def shown_grant(entry: GrantEntry) -> Grant:
    """Show a grant."""
    return Grant(
        id=strawberry.ID(entry.id),
        partner=strawberry.ID(entry.partner),
        category=entry.category,
        coordinates=sorted(entry.coordinates),
        source=identifier(entry.source),
        subject=identifier(entry.subject),
        purpose=entry.purpose,
        tier=entry.tier,
        valid_from=Instant(entry.valid_from),
        valid_to=Instant(entry.valid_to),
        break_glass=entry.break_glass,
        state=entry.state,
        reason=entry.reason,
        change_set=identifier(entry.change_id),
        given_by=strawberry.ID(entry.given_by),
        given_at=Instant(entry.given_at),
        revoked_at=instant(entry.revoked_at),
        revoked_by=identifier(entry.revoked_by),
        last_used=None if entry.last_used is None else Day(entry.last_used),
    )


def shown_label(entry: LabelEntry) -> RecordLabel:
    """Show a label of a record."""
    return RecordLabel(
        subject=strawberry.ID(entry.subject),
        kind=entry.kind,
        record_key=entry.record_key,
        tier=entry.tier,
        regions=None if entry.regions is None else list(entry.regions),
        reason=entry.reason,
        valid_from=Instant(entry.valid_from),
        valid_to=instant(entry.valid_to),
        change_set=identifier(entry.change_id),
    )


def shown_consent(entry: ConsentEntry) -> Consent:
    """Show a consent."""
    return Consent(
        id=strawberry.ID(entry.id),
        subject=strawberry.ID(entry.subject),
        grantee=strawberry.ID(entry.grantee),
        purpose=entry.purpose,
        items=sorted(entry.items),
        valid_from=Day(entry.valid_from),
        valid_to=Day(entry.valid_to),
        evidence=entry.evidence,
        given_by=strawberry.ID(entry.given_by),
        given_at=Instant(entry.given_at),
        revoked_at=instant(entry.revoked_at),
        revoked_by=identifier(entry.revoked_by),
    )


def shown_glass(entry: GlassEntry) -> BreakGlass:
    """Show an emergency access."""
    return BreakGlass(
        id=strawberry.ID(entry.id),
        state=entry.state,
        partner=strawberry.ID(entry.partner),
        purpose=entry.purpose,
        category=entry.category,
        tier=entry.tier,
        subject=identifier(entry.subject),
        minutes=entry.minutes,
        reason=entry.reason,
        requested_by=strawberry.ID(entry.requested_by),
        requested_at=Instant(entry.requested_at),
        lapses_at=Instant(entry.lapses_at),
        decided_by=identifier(entry.decided_by),
        decided_at=instant(entry.decided_at),
        grant=identifier(entry.grant_id),
        review_due=instant(entry.review_due),
        overdue=entry.overdue,
        reviewed_by=identifier(entry.reviewed_by),
        reviewed_at=instant(entry.reviewed_at),
        verdict=entry.verdict,
        comment=entry.comment,
    )


def shown_alarm(entry: AlarmEntry) -> Alarm:
    """Show an alarm."""
    return Alarm(
        id=strawberry.ID(entry.id),
        cause=entry.cause,
        reference=strawberry.ID(entry.reference),
        raised_by=strawberry.ID(entry.raised_by),
        raised_at=Instant(entry.raised_at),
        due=Instant(entry.due),
        overdue=entry.overdue,
        closed_at=instant(entry.closed_at),
        closed_by=identifier(entry.closed_by),
        comment=entry.comment,
    )
