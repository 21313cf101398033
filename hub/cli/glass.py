"""`hub glass`: break-glass (应急授权): asked for by one, given by another, reviewed by an auditor."""

from typing import Annotated

import typer

from hub.administration.graph.rights import shown_alarm, shown_glass
from hub.administration.model import AlarmEntry, GlassEntry, GlassState, NewGlass, Page, Verdict
from hub.cli.administering import At, administer
from hub.cli.tables import minute, print_json, print_table
from schema.catalogue.model import Category
from schema.tiers import Tier

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the emergency access.", metavar="ID")]
_COMMENT = Annotated[str, typer.Option(help="Why, 1 to 500 characters.")]
_MINUTES_MAX = 60


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Break-glass: access in an emergency, for an hour at most.", no_args_is_help=True)
    app.command("list")(show_all)
    app.command("request")(request)
    app.command("approve")(approve)
    app.command("refuse")(refuse)
    app.command("review")(review)
    app.command("alarms")(alarms)
    app.command("close")(close)
    return app


def show_all(
    *,
    state: Annotated[GlassState | None, typer.Option(help="Only those that stand there.")] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many, the newest first.")] = 20,
    as_json: _JSON = False,
) -> None:
    """List emergency accesses, the newest first."""

    async def work(at: At) -> Page[GlassEntry]:
        return await at.services.glass.list(at.agent, state=state, first=first)

    _print(administer(work), as_json=as_json)


def request(
    partner: Annotated[str, typer.Argument(help="Whom it is for.", metavar="PARTNER")],
    *,
    category: Annotated[Category, typer.Option(help="What it opens.", case_sensitive=False)],
    purpose: Annotated[str, typer.Option(help="The one purpose it serves.")],
    tier: Annotated[Tier, typer.Option(help="Strictest label it opens.", case_sensitive=False)],
    minutes: Annotated[int, typer.Option(min=1, max=_MINUTES_MAX, help="From the approval on.")],
    reason: Annotated[str, typer.Option(help="Why, 10 to 500 characters.")],
    subject: Annotated[str | None, typer.Option(help="About this credit code only.")] = None,
    as_json: _JSON = False,
) -> None:
    """Ask for an emergency access; another officer must give it."""
    new = NewGlass(
        partner=partner,
        purpose=purpose,
        category=category,
        tier=tier,
        subject=subject,
        minutes=minutes,
        reason=reason,
    )

    async def work(at: At) -> Page[GlassEntry]:
        return Page(rows=[await at.services.glass.request(at.agent, new)])

    _print(administer(work), as_json=as_json)


def approve(glass_id: _ID, *, as_json: _JSON = False) -> None:
    """Give the emergency access that another asked for. Needs a fresh proof of presence; an auditor is alarmed."""

    async def work(at: At) -> Page[GlassEntry]:
        return Page(rows=[await at.services.glass.approve(at.agent, glass_id)])

    _print(administer(work), as_json=as_json)


def refuse(glass_id: _ID, *, comment: _COMMENT, as_json: _JSON = False) -> None:
    """Refuse the emergency access that another asked for."""

    async def work(at: At) -> Page[GlassEntry]:
        return Page(rows=[await at.services.glass.refuse(at.agent, glass_id, comment)])

    _print(administer(work), as_json=as_json)


def review(
    glass_id: _ID,
    *,
    verdict: Annotated[Verdict, typer.Option(help="What was found.")],
    comment: _COMMENT,
    as_json: _JSON = False,
) -> None:
    """Say whether an emergency access was justified; for the auditor."""

    async def work(at: At) -> Page[GlassEntry]:
        return Page(rows=[await at.services.glass.review(at.agent, glass_id, verdict, comment)])

    _print(administer(work), as_json=as_json)


def alarms(
    *,
    closed: Annotated[bool, typer.Option("--closed", help="Those that were looked at, instead.")] = False,
    as_json: _JSON = False,
) -> None:
    """List what the auditor must look at."""

    async def work(at: At) -> Page[AlarmEntry]:
        return await at.services.glass.alarms(at.agent, closed=closed, first=100)

    _print_alarms(administer(work), as_json=as_json)


def close(
    alarm_id: Annotated[str, typer.Argument(help="Identifier of the alarm.", metavar="ALARM")],
    *,
    comment: _COMMENT,
    as_json: _JSON = False,
) -> None:
    """Close an alarm that was looked at; for the auditor."""

    async def work(at: At) -> Page[AlarmEntry]:
        return Page(rows=[await at.services.glass.close_alarm(at.agent, alarm_id, comment)])

    _print_alarms(administer(work), as_json=as_json)


def _print(page: Page[GlassEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([shown_glass(each) for each in page.rows])
        return
    print_table(
        ("id", "state", "partner", "opens", "by", "review due"),
        [
            (
                each.id,
                each.state.value,
                each.partner,
                f"{each.category.value} to {each.tier.value} for {each.purpose}, {each.minutes} min",
                each.requested_by,
                minute(each.review_due) + (" overdue" if each.overdue else ""),
            )
            for each in page.rows
        ],
        empty="no emergency access",
    )


def _print_alarms(page: Page[AlarmEntry], *, as_json: bool) -> None:
    if as_json:
        print_json([shown_alarm(each) for each in page.rows])
        return
    print_table(
        ("id", "cause", "about", "by", "due (UTC)", "closed by"),
        [
            (
                each.id,
                each.cause,
                each.reference,
                each.raised_by,
                minute(each.due) + (" overdue" if each.overdue else ""),
                each.closed_by or "-",
            )
            for each in page.rows
        ],
        empty="no alarm",
    )
