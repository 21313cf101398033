"""
The consent schema: an organisation gives and takes back its authority (授权书), by its own credential.

Rules:
    - A subject sees and ends what it gave; a grantee sees what it was given, and can end nothing.
    - Who the subject is, the token says: no argument names it.
"""

import strawberry

from hub.administration.consents import Consents
from hub.administration.graph.pages import Connection, cut
from hub.administration.graph.rights import Consent, shown_consent
from hub.administration.graph.words import Day
from hub.administration.model import NewConsent as Wish
from hub.identity.caller import Caller
from schema.catalogue.model import Category
from schema.graph.connection import Cursors

_FIRST = 20


@strawberry.type(description="当前用户 Who asks.")
class Myself:
    """The organisation behind the token."""

    partner: strawberry.ID
    organisation: strawberry.ID = strawberry.field(description="Its 统一社会信用代码: the subject of what it gives.")


@strawberry.input(description="授权书 A consent to be given.")
class NewConsent:
    """A consent as it is given."""

    grantee: strawberry.ID = strawberry.field(description="统一社会信用代码 of who may read.")
    purpose: str = strawberry.field(description="Purpose code; the consent serves no other.")
    items: list[Category] = strawberry.field(description="Categories it covers, of those the purpose reads.")
    evidence: str = strawberry.field(description="Digest of the signed authority: `sm3:` or `sha256:` and hex digits.")
    valid_from: Day | None = strawberry.field(default=None, description="First day; null: today, Asia/Shanghai.")
    valid_to: Day | None = strawberry.field(
        default=None, description="Last day, inclusive; null: 30 days in all. At most a year."
    )


class Subject:
    """One request: who asks, and what serves it."""

    def __init__(self, caller: Caller, organisation: str, consents: Consents, cursors: Cursors) -> None:
        self.caller = caller
        self.organisation = organisation
        self.consents = consents
        self.cursors = cursors


Info = strawberry.Info[Subject, None]


@strawberry.type(name="Query")
class ConsentQuery:
    """Root of the queries."""

    @strawberry.field(description="当前用户 Who asks.")
    def me(self, info: Info) -> Myself:
        """Tell who asks."""
        caller = info.context.caller
        return Myself(
            partner=strawberry.ID(caller.partner or ""), organisation=strawberry.ID(info.context.organisation)
        )

    @strawberry.field(description="已给出 Consents my organisation gave, the newest first.")
    async def consents_given(self, info: Info, first: int = _FIRST, after: str | None = None) -> Connection[Consent]:
        """List what was given."""
        asker = info.context
        page = cut(asker.cursors, f"given|{asker.organisation}", first, after)
        found = await asker.consents.of_subject(asker.caller, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_consent)

    @strawberry.field(description="已获得 Consents given to my organisation, the newest first.")
    async def consents_received(self, info: Info, first: int = _FIRST, after: str | None = None) -> Connection[Consent]:
        """List what was received."""
        asker = info.context
        page = cut(asker.cursors, f"received|{asker.organisation}", first, after)
        found = await asker.consents.of_grantee(asker.caller, first=page.first, after=page.after)
        return page.page(found, lambda row: row.id, shown_consent)


@strawberry.type(name="Mutation")
class ConsentActs:
    """Root of the mutations: one act a document."""

    @strawberry.mutation(description="授权 Give an organisation authority to read what is on file about mine.")
    async def give_consent(self, info: Info, consent: NewConsent) -> Consent:
        """Give a consent."""
        wish = Wish(
            grantee=consent.grantee,
            purpose=consent.purpose,
            items=frozenset(consent.items),
            evidence=consent.evidence,
            valid_from=consent.valid_from,
            valid_to=consent.valid_to,
        )
        return shown_consent(await info.context.consents.give(info.context.caller, wish))

    @strawberry.mutation(description="收回授权 Take a consent back, from the next request on.")
    async def revoke_consent(self, info: Info, id: strawberry.ID, reason: str) -> Consent:  # noqa: A002  Relay's name
        """Take a consent back."""
        asker = info.context
        return shown_consent(await asker.consents.revoke(asker.caller, asker.organisation, id, reason))
