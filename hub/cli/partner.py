"""`hub partner`: who may ask, and short-lived tokens for them."""

import secrets
from datetime import datetime
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hub.cli.session import opened_store, run
from hub.clock import SystemClock, iso
from hub.errors import BadInputError
from hub.identity.keys import token_key
from hub.identity.partners import NewPartner, Partner, Partners, PartnerState, admit
from hub.identity.tokens import Minted, TokenIssuer
from hub.settings import Settings
from keys.ring import KeyRing
from schema.policy.model import ActorKind
from schema.tiers import Tier

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the partner.", metavar="ID")]
_ACTORS = ", ".join(kind.value for kind in ActorKind if kind is not ActorKind.PU)


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Partners: who may ask, and their tokens.", no_args_is_help=True)
    app.command("add")(add)
    app.command("list")(show)
    app.command("token")(token)
    app.command("set")(set_limits)
    app.command("suspend")(suspend)
    app.command("resume")(resume)
    return app


def add(
    partner_id: _ID,
    *,
    name: Annotated[str, typer.Option(help="Name in full.")],
    actor: Annotated[ActorKind, typer.Option(help=f"Kind of asker: {_ACTORS}.", case_sensitive=False)],
    organisation: Annotated[str | None, typer.Option(help="Its unified social credit code.")] = None,
    ceiling: Annotated[
        Tier | None, typer.Option(help="Tier ceiling, if stricter than its kind's.", case_sensitive=False)
    ] = None,
    region: Annotated[list[str] | None, typer.Option(help="GB/T 2260 prefix; may be repeated.")] = None,
    sector: Annotated[list[str] | None, typer.Option(help="Energy sector; may be repeated.")] = None,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Purpose it may name; may be repeated. Default: its kind's.")
    ] = None,
    valid_to: Annotated[
        datetime | None, typer.Option(help="Last day it is served, Asia/Shanghai.", formats=["%Y-%m-%d"])
    ] = None,
    rows_max: Annotated[
        int | None,
        typer.Option(min=1, help="Objects one answer may be predicted to hold, if less than the hub allows."),
    ] = None,
    bytes_max: Annotated[
        int | None, typer.Option(min=1, help="Bytes one answer may be predicted to have, if less than the hub allows.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Admit a partner."""

    async def work(settings: Settings) -> Partner:
        wish = NewPartner(
            id=partner_id,
            name=name,
            actor=actor,
            organisation=organisation,
            ceiling=ceiling,
            regions=tuple(region or ()),
            sectors=tuple(sector or ()),
            purposes=tuple(purpose or ()),
            valid_to=None if valid_to is None else valid_to.date(),
            rows_max=rows_max,
            bytes_max=bytes_max,
        )
        partner = admit(wish, SystemClock().now())
        async with opened_store(settings) as engine:
            await Partners(engine).add(partner)
        return partner

    _print([run(work)], as_json=as_json)


def show(*, as_json: _JSON = False) -> None:
    """List the partners."""

    async def work(settings: Settings) -> list[Partner]:
        async with opened_store(settings) as engine:
            return list(await Partners(engine).all())

    _print(run(work), as_json=as_json)


def token(
    partner_id: _ID,
    *,
    lifetime: Annotated[
        int | None, typer.Option(min=10, metavar="SECONDS", help="At most HUB_TOKEN_LIFETIME_S, which is the default.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """
    Mint a short-lived access token; it alone is printed, so that $(hub partner token ID) is the token.

    Whoever holds it asks as the partner until it expires or the partner is suspended.
    """

    async def work(settings: Settings) -> Minted:
        lifetime_s = lifetime or settings.token_lifetime_s
        if lifetime_s > settings.token_lifetime_s:
            raise BadInputError(f"lifetime: at most {settings.token_lifetime_s} s (HUB_TOKEN_LIFETIME_S)")
        now = SystemClock().now()
        async with opened_store(settings) as engine:
            partner = await Partners(engine).find(partner_id)
        if partner is None:
            raise BadInputError("partner id: no such partner")
        if not partner.is_served(now):
            raise BadInputError("partner: suspended, or its validity has ended")
        key = token_key(KeyRing.open(settings.keys, create=not settings.in_production))
        issuer = TokenIssuer(private_jwk=key, issuer=settings.issuer, audience=settings.audience)
        return issuer.mint(partner.id, now=now, lifetime_s=lifetime_s, jti=secrets.token_urlsafe(16))

    minted = run(work)
    if as_json:
        typer.echo(
            orjson.dumps({"token": minted.token, "jti": minted.jti, "expiresAt": iso(minted.expires_at)}).decode()
        )
        return
    typer.echo(minted.token)


def set_limits(
    partner_id: _ID,
    *,
    rows_max: Annotated[
        int | None, typer.Option(min=0, help="Objects one answer may be predicted to hold; 0 lifts it.")
    ] = None,
    bytes_max: Annotated[
        int | None, typer.Option(min=0, help="Bytes one answer may be predicted to have; 0 lifts it.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """Change what one question of a partner may cost, from its next request on."""

    async def work(settings: Settings) -> list[Partner]:
        said = {"rows_max": rows_max, "bytes_max": bytes_max}
        limits = {name: limit or None for name, limit in said.items() if limit is not None}
        if not limits:
            raise BadInputError("partner: nothing to set: expected --rows-max, --bytes-max or both")
        async with opened_store(settings) as engine:
            partners = Partners(engine)
            await partners.set_limits(partner_id, limits)
            found = await partners.find(partner_id)
        return [] if found is None else [found]

    _print(run(work), as_json=as_json)


def suspend(partner_id: _ID) -> None:
    """Refuse a partner from its next request on, whatever tokens it holds."""
    _set_state(partner_id, PartnerState.SUSPENDED)


def resume(partner_id: _ID) -> None:
    """Serve a suspended partner again."""
    _set_state(partner_id, PartnerState.ACTIVE)


def _set_state(partner_id: str, state: PartnerState) -> None:
    async def work(settings: Settings) -> None:
        async with opened_store(settings) as engine:
            await Partners(engine).set_state(partner_id, state)

    run(work)
    typer.echo(f"{partner_id}: {state.value}")


def _print(partners: list[Partner], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps([_plain(partner) for partner in partners]).decode())
        return
    if not partners:
        typer.echo("no partner yet: hub partner add --help")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "actor", "organisation", "ceiling", "regions", "purposes", "state", "valid to"):
        table.add_column(heading, overflow="fold")
    for each in partners:
        table.add_row(
            each.id,
            each.name,
            each.actor.value,
            each.organisation or "-",
            each.ceiling.value,
            ", ".join(sorted(region or "whole country" for region in each.regions)) or "-",
            ", ".join(sorted(each.purposes)),
            ", ".join((each.state.value, *_limits(each))),
            each.valid_to.isoformat() if each.valid_to else "-",
        )
    Console().print(table)


def _limits(partner: Partner) -> list[str]:
    limits = {"rows": partner.rows_max, "bytes": partner.bytes_max}
    return [f"{limit} {name}" for name, limit in limits.items() if limit is not None]


def _plain(partner: Partner) -> dict[str, object]:
    return {
        "id": partner.id,
        "name": partner.name,
        "actor": partner.actor.value,
        "organisation": partner.organisation,
        "ceiling": partner.ceiling.value,
        "regions": sorted(partner.regions),
        "sectors": sorted(partner.sectors),
        "purposes": sorted(partner.purposes),
        "state": partner.state.value,
        "createdAt": partner.created_at,
        "validTo": partner.valid_to.isoformat() if partner.valid_to else None,
        "rowsMax": partner.rows_max,
        "bytesMax": partner.bytes_max,
    }
