"""
What officers ask: register, policy, change sets, rights, alarms, journal. Nothing here is business content.

Every resolver asks a service of the domain with who acts; what a role may see, the service knows.
"""

from typing import Annotated

import strawberry

from hub.administration import matrix
from hub.administration.differences import differences
from hub.administration.explain import RecordReference, ToExplain
from hub.administration.graph.changes import ChangeSet, shown_change
from hub.administration.graph.foresight import (
    AccessExplanation,
    PurposeInput,
    RecordReferenceInput,
    SimulatedCell,
    shown_cell,
    shown_explanation,
)
from hub.administration.graph.journal import JournalEntry, shown_entry
from hub.administration.graph.pages import Connection, cut
from hub.administration.graph.people import (
    Me,
    Officer,
    OfficerSession,
    Partner,
    shown_me,
    shown_officer,
    shown_partner,
    shown_session,
)
from hub.administration.graph.policy import (
    PolicyCategory,
    PolicyDifference,
    PolicyField,
    PolicyPurpose,
    PolicyReader,
    PolicyVersion,
    shown_category,
    shown_difference,
    shown_field,
    shown_purposes,
    shown_readers,
    shown_version,
)
from hub.administration.graph.replays import (
    Replay,
    ReplayedDifference,
    replays_of,
    shown_difference_of_answers,
    shown_replay,
)
from hub.administration.graph.rights import (
    Alarm,
    BreakGlass,
    Consent,
    Grant,
    RecordLabel,
    shown_alarm,
    shown_consent,
    shown_glass,
    shown_grant,
    shown_label,
)
from hub.administration.graph.sitting import Sitting
from hub.administration.model import ChangeState, GlassState, Page
from hub.identity.officers.duties import Duty, check_duty
from schema.catalogue.model import Category
from schema.policy.model import ActorKind

Info = strawberry.Info[Sitting, None]
_FIRST = 20


@strawberry.type(description="策略 A version of the access policy, whole.")
class Policy:
    """A version with its content."""

    version: PolicyVersion
    categories: list[PolicyCategory] = strawberry.field(description="信息类别 Rows of the matrix.")
    readers: list[PolicyReader] = strawberry.field(description="Columns of the matrix.")
    purposes: list[PolicyPurpose]
    unclassified: list[str] = strawberry.field(description="Coordinates that nobody reads until they are classified.")


@strawberry.type(name="Query")
class OfficersQuery:
    """Root of the officers' queries."""

    @strawberry.field(description="当前管理人员 Who acts, and what they may do.")
    def me(self, info: Info) -> Me:
        """Tell who acts."""
        return shown_me(info.context.acting)

    @strawberry.field(description="管理人员 All officers.")
    async def officers(self, info: Info) -> list[Officer]:
        """List officers."""
        check_duty(info.context.acting, Duty.READ_REGISTER)
        return [shown_officer(each) for each in await info.context.services.officers.all()]

    @strawberry.field(description="会话 Live sessions: one's own, or everybody's.")
    async def sessions(self, info: Info, everybody: bool = False) -> list[OfficerSession]:
        """List sessions."""
        sitting = info.context
        found = await sitting.services.sessions.live(sitting.acting, everybody=everybody)
        return [shown_session(each) for each in found]

    @strawberry.field(description="合作方 All partners, by id.")
    async def partners(self, info: Info, first: int = _FIRST, after: str | None = None) -> Connection[Partner]:
        """List partners."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_REGISTER)
        page = cut(sitting.cursors, "partners", first, after)
        found = await sitting.services.directory.page(first=page.first, after=page.after)
        return page.page(found, lambda row: row.partner.id, lambda row: shown_partner(row.partner, row.keys))

    @strawberry.field(description="合作方 One partner; null if there is none of that id.")
    async def partner(self, info: Info, id: strawberry.ID) -> Partner | None:  # noqa: A002  Relay's name
        """Find a partner."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_REGISTER)
        row = await sitting.services.directory.find(id)
        return None if row is None else shown_partner(row.partner, row.keys)

    @strawberry.field(description="策略 The policy in force, or the version that is named.")
    async def policy(self, info: Info, version: int | None = None) -> Policy:
        """Show a version whole."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_POLICY)
        found, policy = await sitting.services.versions.one(version, sitting.now)
        return Policy(
            version=shown_version(found),
            categories=[shown_category(row) for row in matrix.category_rows(policy)],
            readers=shown_readers(policy),
            purposes=shown_purposes(policy),
            unclassified=[row.coordinate for row in matrix.field_rows(policy) if not row.is_classified],
        )

    @strawberry.field(description="策略版本 Versions of the policy, the newest first.")
    async def policy_versions(
        self, info: Info, first: int = _FIRST, after: str | None = None
    ) -> Connection[PolicyVersion]:
        """List versions."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_POLICY)
        page = cut(sitting.cursors, "policyVersions", first, after)
        found = await sitting.services.versions.page(sitting.now, first=page.first, after=page.after)
        return page.page(found, lambda row: str(row.number), shown_version)

    @strawberry.field(description="变化 What version `to` (null: the one in force) says otherwise than `from`.")
    async def policy_differences(
        self, info: Info, from_: Annotated[int, strawberry.argument(name="from")], to: int | None = None
    ) -> list[PolicyDifference]:
        """Compare versions."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_POLICY)
        _, old = await sitting.services.versions.one(from_, sitting.now)
        _, new = await sitting.services.versions.one(to, sitting.now)
        return [shown_difference(each) for each in differences(old, new)]

    @strawberry.field(description="字段标签 Every guarded field, as catalogue and policy label it.")
    async def fields(
        self,
        info: Info,
        version: int | None = None,
        kind: str | None = None,
        category: Category | None = None,
        unclassified: bool = False,
    ) -> list[PolicyField]:
        """List fields."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_POLICY)
        _, policy = await sitting.services.versions.one(version, sitting.now)
        return [
            shown_field(row)
            for row in matrix.field_rows(policy)
            if (kind is None or row.kind == kind)
            and (category is None or category in row.categories)
            and not (unclassified and row.is_classified)
        ]

    @strawberry.field(description="变更单 Change sets, the newest first.")
    async def change_sets(
        self, info: Info, state: ChangeState | None = None, first: int = _FIRST, after: str | None = None
    ) -> Connection[ChangeSet]:
        """List change sets."""
        sitting = info.context
        page = cut(sitting.cursors, f"changeSets|{state}", first, after)
        found = await sitting.services.changes.list(sitting.acting, state=state, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_change)

    @strawberry.field(description="变更单 One change set.")
    async def change_set(self, info: Info, id: strawberry.ID) -> ChangeSet:  # noqa: A002  Relay's name
        """Get a change set."""
        sitting = info.context
        return shown_change(await sitting.services.changes.get(sitting.acting, id))

    @strawberry.field(description="授予 Grants; those that end soon, or were not used, if it is said.")
    async def grants(
        self,
        info: Info,
        *,
        partner: strawberry.ID | None = None,
        expiring_within_days: int | None = None,
        unused_days: int | None = None,
        first: int = _FIRST,
        after: str | None = None,
    ) -> Connection[Grant]:
        """List grants."""
        sitting = info.context
        page = cut(sitting.cursors, f"grants|{partner}|{expiring_within_days}|{unused_days}", first, after)
        found = await sitting.services.grants.list(
            sitting.acting,
            partner=partner,
            expiring_within_days=expiring_within_days,
            unused_days=unused_days,
            first=page.first,
            after=page.after,
        )
        return page.page(found, lambda row: row.id, shown_grant)

    @strawberry.field(
        description="授权书 Consents by subject, by grantee, or all: that they exist, never what they open."
    )
    async def consents(
        self,
        info: Info,
        subject: strawberry.ID | None = None,
        grantee: strawberry.ID | None = None,
        first: int = _FIRST,
        after: str | None = None,
    ) -> Connection[Consent]:
        """List consents."""
        sitting = info.context
        page = cut(sitting.cursors, f"consents|{subject}|{grantee}", first, after)
        found = await sitting.services.consents.list(
            sitting.acting, subject=subject, grantee=grantee, first=page.first, after=page.after
        )
        return page.page(found, lambda row: f"{row.subject}:{row.id}", shown_consent)

    @strawberry.field(description="记录标签 Labels on single records, of one subject or of all.")
    async def record_labels(
        self, info: Info, subject: strawberry.ID | None = None, first: int = _FIRST, after: str | None = None
    ) -> Connection[RecordLabel]:
        """List labels of records."""
        sitting = info.context
        check_duty(sitting.acting, Duty.READ_POLICY)
        page = cut(sitting.cursors, f"recordLabels|{subject}", first, after)
        found = await sitting.services.labels.page(subject=subject, first=page.first, after=page.after)
        return page.page(found, lambda row: row.position, shown_label)

    @strawberry.field(description="应急授权 Emergency accesses, the newest first.")
    async def break_glass(
        self, info: Info, state: GlassState | None = None, first: int = _FIRST, after: str | None = None
    ) -> Connection[BreakGlass]:
        """List emergency accesses."""
        sitting = info.context
        page = cut(sitting.cursors, f"breakGlass|{state}", first, after)
        found = await sitting.services.glass.list(sitting.acting, state=state, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_glass)

    @strawberry.field(description="告警 What the auditor must look at; only what is open, unless it is said.")
    async def alarms(
        self, info: Info, closed: bool = False, first: int = _FIRST, after: str | None = None
    ) -> Connection[Alarm]:
        """List alarms."""
        sitting = info.context
        page = cut(sitting.cursors, f"alarms|{closed}", first, after)
        found = await sitting.services.glass.alarms(sitting.acting, closed=closed, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_alarm)

    @strawberry.field(
        description="访问解释 Why an asker is shown a coordinate (`Penalty.facts`; `Penalty`: its rows), or is not."
    )
    async def explain_access(
        self,
        info: Info,
        *,
        purpose: PurposeInput,
        coordinate: str,
        partner: strawberry.ID | None = None,
        actor: ActorKind | None = None,
        record: RecordReferenceInput | None = None,
    ) -> list[AccessExplanation]:
        """Explain access."""
        sitting = info.context
        wish = ToExplain(
            partner=partner,
            actor=actor,
            purpose=purpose.code,
            context={each.key: each.value for each in purpose.context},
            coordinate=coordinate,
            record=None
            if record is None
            else RecordReference(subject=record.subject, kind=record.kind, key=record.key),
        )
        found = await sitting.services.explanations.explain(sitting.acting, wish)
        return [shown_explanation(each) for each in found]

    @strawberry.field(description="模拟结果 The cells that a change set would change, by the id of a simulation.")
    async def simulated_cells(
        self, info: Info, simulation: strawberry.ID, first: int = _FIRST, after: str | None = None
    ) -> Connection[SimulatedCell]:
        """List what a simulation found."""
        sitting = info.context
        page = cut(sitting.cursors, f"simulated|{simulation}", first, after)
        found = await sitting.services.simulations.page(sitting.acting, simulation, first=page.first, after=page.after)
        begin = int(page.after or 0) + 1
        numbered = Page(rows=list(enumerate(found.rows, begin)), end=found.end)
        return page.page(numbered, lambda row: str(row[0]), lambda row: shown_cell(row[1]))

    @strawberry.field(description="重放 How far a replay is.")
    async def replay(self, info: Info, id: strawberry.ID) -> Replay:  # noqa: A002  Relay's name
        """Tell how far a replay is."""
        sitting = info.context
        return shown_replay(await replays_of(sitting.services.replays).progress(sitting.acting, id))

    @strawberry.field(description="重放结果 Which answers would have differed, for whom; of a replay that has ended.")
    async def replayed_differences(
        self, info: Info, replay: strawberry.ID, first: int = _FIRST, after: str | None = None
    ) -> Connection[ReplayedDifference]:
        """List what a replay found."""
        sitting = info.context
        page = cut(sitting.cursors, f"replayed|{replay}", first, after)
        replays = replays_of(sitting.services.replays)
        found = await replays.page(sitting.acting, replay, first=page.first, after=page.after)
        begin = int(page.after or 0) + 1
        numbered = Page(rows=list(enumerate(found.rows, begin)), end=found.end)
        return page.page(numbered, lambda row: str(row[0]), lambda row: shown_difference_of_answers(row[1]))

    @strawberry.field(description="日志 What was done, the newest first; for the auditor.")
    async def journal(
        self, info: Info, kind: str | None = None, first: int = _FIRST, after: str | None = None
    ) -> Connection[JournalEntry]:
        """List the journal."""
        sitting = info.context
        page = cut(sitting.cursors, f"journal|{kind}", first, after)
        check_duty(sitting.acting, Duty.READ_JOURNAL)
        found = await sitting.services.journal.page(kind=kind, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_entry)
