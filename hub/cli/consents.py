"""`hub consent`: authorities (授权书) of subjects: listed and ended by officers, given by subjects themselves."""

from datetime import datetime
from typing import Annotated

import typer

from hub.administration.graph.rights import shown_consent
from hub.administration.model import ConsentEntry, NewConsent, Page
from hub.cli.administering import At, administer
from hub.cli.tables import print_json, print_table
from hub.errors import BadInputError, ForbiddenError
from hub.identity.doorkeeper import caller_of
from hub.identity.partners import Partners
from schema.catalogue.model import Category

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_DAY = "%Y-%m-%d"


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Consents: a subject's authority to one organisation.", no_args_is_help=True)
    app.command("list")(show_all)
    app.command("give")(give)
    app.command("revoke")(revoke)
    return app


def show_all(
    *,
    subject: Annotated[str | None, typer.Option(help="Given by this credit code.")] = None,
    grantee: Annotated[str | None, typer.Option(help="Given to this credit code.")] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 50,
    as_json: _JSON = False,
) -> None:
    """List consents: that they exist, never what they open."""

    async def work(at: At) -> Page[ConsentEntry]:
        return await at.services.consents.list(at.agent, subject=subject, grantee=grantee, first=first)

    _print(administer(work), as_json=as_json)


def give(
    partner: Annotated[str, typer.Argument(help="The subject's own partner entry.", metavar="PARTNER")],
    *,
    to: Annotated[str, typer.Option(help="Credit code of who may read.")],
    purpose: Annotated[str, typer.Option(help="The one purpose it serves.")],
    item: Annotated[list[Category], typer.Option(help="Category it covers; may be repeated.", case_sensitive=False)],
    evidence: Annotated[str, typer.Option(help="Digest of the signed authority, sm3:… or sha256:…")],
    valid_from: Annotated[datetime | None, typer.Option("--from", help="First day.", formats=[_DAY])] = None,
    valid_to: Annotated[datetime | None, typer.Option("--to-day", help="Last day.", formats=[_DAY])] = None,
    as_json: _JSON = False,
) -> None:
    """
    Give a consent as a partner, on a hub without officers: for trying out.

    Where officers are, a subject gives its consent by its own token, at /consent/graphql, and nobody does it for it.
    """
    new = NewConsent(
        grantee=to,
        purpose=purpose,
        items=frozenset(item),
        evidence=evidence,
        valid_from=None if valid_from is None else valid_from.date().isoformat(),
        valid_to=None if valid_to is None else valid_to.date().isoformat(),
    )

    async def work(at: At) -> Page[ConsentEntry]:
        if at.is_attended:
            raise ForbiddenError(
                "consent.own_credential", "A consent is given by its subject, with its own token, at /consent/graphql"
            )
        known = await Partners(at.engine).look_up(partner)
        if known is None or not known.partner.is_served(at.now):
            raise BadInputError("partner: there is none of that id that is served", place=("partner",))
        return Page(rows=[await at.services.consents.give(caller_of(known, None), new)])

    _print(administer(work), as_json=as_json)


def revoke(
    subject: Annotated[str, typer.Argument(help="Credit code of who gave it.", metavar="SUBJECT")],
    consent_id: Annotated[str, typer.Argument(help="Identifier of the consent.", metavar="ID")],
    *,
    reason: Annotated[str, typer.Option(help="Why, 1 to 500 characters.")],
    as_json: _JSON = False,
) -> None:
    """End a consent on its subject's behalf, from the next request on."""

    async def work(at: At) -> Page[ConsentEntry]:
        return Page(rows=[await at.services.consents.revoke(at.agent, subject, consent_id, reason)])

    _print(administer(work), as_json=as_json)


def _print(page: Page[ConsentEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([shown_consent(each) for each in page.rows])
        return
    print_table(
        ("id", "from, to", "covers", "days", ""),
        [
            (
                each.id,
                f"{each.subject} to {each.grantee}",
                f"{' '.join(sorted(each.items))} for {each.purpose}",
                f"{each.valid_from} to {each.valid_to}",
                "revoked" if each.revoked_at else "",
            )
            for each in page.rows
        ],
        empty="no consent",
    )
