"""`hub grant`: permissions beyond the matrix: who holds them, until when, whether they are used."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from hub.administration.graph.rights import shown_grant
from hub.administration.items import GiveGrant, ProlongGrant
from hub.administration.model import Change, GrantEntry, NewChange, Page
from hub.cli.administering import At, administer
from hub.cli.changes import drafted, print_change
from hub.cli.tables import minute, print_json, print_table
from hub.clock import SHANGHAI, iso
from schema.catalogue.model import Category
from schema.tiers import Tier

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the grant.", metavar="ID")]
_REASON = Annotated[str, typer.Option(help="Why, 1 to 500 characters.")]
_SUBMIT = Annotated[bool, typer.Option("--submit", help="Submit the change set at once.")]
_DAYS_MAX = 366


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Grants: time-boxed permissions beyond the matrix.", no_args_is_help=True)
    app.command("list")(show_all)
    app.command("expiring")(expiring)
    app.command("give")(give)
    app.command("prolong")(prolong)
    app.command("revoke")(revoke)
    return app


def show_all(
    *,
    partner: Annotated[str | None, typer.Option(help="Of one partner.")] = None,
    expiring_days: Annotated[int | None, typer.Option("--expiring", min=0, help="Valid, and over in N days.")] = None,
    unused: Annotated[int | None, typer.Option(min=0, help="Valid, and not used for N days.")] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 50,
    as_json: _JSON = False,
) -> None:
    """List grants."""

    async def work(at: At) -> Page[GrantEntry]:
        return await at.services.grants.list(
            at.agent, partner=partner, expiring_within_days=expiring_days, unused_days=unused, first=first
        )

    _print(administer(work), as_json=as_json)


def expiring(
    *,
    days: Annotated[int, typer.Option(min=0, help="Over within so many days.")] = 30,
    as_json: _JSON = False,
) -> None:
    """List grants that are over soon: recertify (复核) those that are still needed, by `hub grant prolong`."""
    show_all(expiring_days=days, first=100, as_json=as_json)


def give(
    partner: Annotated[str, typer.Argument(help="Identifier of the partner.", metavar="PARTNER")],
    *,
    category: Annotated[Category, typer.Option(help="What it opens.", case_sensitive=False)],
    purpose: Annotated[str, typer.Option(help="The one purpose it serves.")],
    tier: Annotated[Tier, typer.Option(help="Strictest label it opens.", case_sensitive=False)],
    days: Annotated[int, typer.Option(min=1, max=_DAYS_MAX, help="From now on.")],
    reason: _REASON,
    field: Annotated[list[str] | None, typer.Option(help="Field it opens; may be repeated. Default: every.")] = None,
    source: Annotated[str | None, typer.Option(help="Rows of this source only.")] = None,
    subject: Annotated[str | None, typer.Option(help="Rows about this credit code only.")] = None,
    submit: _SUBMIT = False,
    as_json: _JSON = False,
) -> None:
    """Draft a grant: others approve it (tier A and R: two). On a hub without officers it holds at once."""

    async def work(at: At) -> Change:
        item = GiveGrant(
            partner=partner,
            category=category,
            purpose=purpose,
            tier=tier,
            valid_from=iso(at.now),
            valid_to=iso(at.now + timedelta(days=days)),
            coordinates=frozenset(field or ()),
            source=source,
            subject=subject,
        )
        return await drafted(at, NewChange(reason=reason, items=(item,)), submit=submit or not at.is_attended)

    print_change(administer(work), as_json=as_json)


def prolong(
    grant_id: _ID,
    *,
    to: Annotated[datetime, typer.Option(help="Day on which it is over, Asia/Shanghai.", formats=["%Y-%m-%d"])],
    reason: _REASON,
    submit: _SUBMIT = False,
    as_json: _JSON = False,
) -> None:
    """Draft that a grant lasts longer (复核); others approve it as they would a new one."""

    async def work(at: At) -> Change:
        item = ProlongGrant(id=grant_id, valid_to=iso(to.replace(tzinfo=SHANGHAI)))
        return await drafted(at, NewChange(reason=reason, items=(item,)), submit=submit or not at.is_attended)

    print_change(administer(work), as_json=as_json)


def revoke(grant_id: _ID, *, reason: _REASON, as_json: _JSON = False) -> None:
    """End a grant, from the next request on."""

    async def work(at: At) -> Page[GrantEntry]:
        return Page(rows=[await at.services.grants.revoke(at.agent, grant_id, reason)])

    _print(administer(work), as_json=as_json)


def _print(page: Page[GrantEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([shown_grant(each) for each in page.rows])
        return
    print_table(
        ("id", "partner", "opens", "until (UTC)", "used", "state"),
        [
            (
                each.id,
                each.partner,
                f"{each.category.value} to {each.tier.value} for {each.purpose}"
                + (", emergency" if each.break_glass else ""),
                minute(each.valid_to),
                each.last_used or "never",
                each.state.value,
            )
            for each in page.rows
        ],
        empty="no such grant",
    )
