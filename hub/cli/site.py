"""
`hub site`: the sources the hub collects from, as their descriptions say and as they answer now.

Exit status: 0 all is well; 1 a description is wrong, or a site does not answer.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from connectors.errors import SourceError
from connectors.port import Health
from connectors.registry import open_site
from connectors.secrets import ReferredSecrets
from connectors.site import SiteConfig, SiteConfigError, load_site, load_sites
from hub.cli.session import fail, run
from hub.clock import SystemClock, iso
from hub.errors import SettingsError
from hub.settings import Settings

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_CHECK_S = 60.0


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Sites: the sources the hub collects from.", no_args_is_help=True)
    app.command("list")(show)
    app.command("check")(check)
    app.command("validate")(validate)
    return app


def show(*, as_json: _JSON = False) -> None:
    """List the described sites and their streams."""
    sites = _configured()
    if as_json:
        typer.echo(orjson.dumps([_plain(site) for site in sites]).decode())
        return
    table = _table("id", "name", "connector", "transport", "region", "live", "streams")
    for site in sites:
        streams = ", ".join(f"{name} ({stream.kind})" for name, stream in site.streams.items())
        live = "live" if site.live else "-"
        table.add_row(
            site.id, site.name_zh, site.connector, site.transport.kind.value, site.region or "-", live, streams
        )
    Console().print(table)


def check(
    site: Annotated[
        str | None, typer.Argument(help="Identifier of one site; all without it.", metavar="[SITE]")
    ] = None,
    *,
    as_json: _JSON = False,
) -> None:
    """Ask each site whether it answers and lets us in."""
    chosen = [each for each in _configured() if site in {None, each.id}]
    if not chosen:
        fail("site: no such site is described" if site else "no site is described in HUB_SITES")

    async def work(settings: Settings) -> list[tuple[SiteConfig, Health]]:
        secrets = ReferredSecrets(environment=dict(os.environ), folder=settings.sites or Path())
        found = await asyncio.gather(*(_health(each, secrets) for each in chosen))
        return list(zip(chosen, found, strict=True))

    found = run(work)
    if as_json:
        typer.echo(orjson.dumps([_told(each, health) for each, health in found]).decode())
    else:
        table = _table("id", "code", "seconds", "its clock")
        for each, health in found:
            clock = iso(health.site_time) if health.site_time else "-"
            table.add_row(each.id, health.code, f"{health.latency_s:.3f}", clock)
        Console().print(table)
    if not all(health.reachable for _each, health in found):
        raise typer.Exit(code=1)


def validate(
    file: Annotated[Path, typer.Argument(help="A site description (TOML).", metavar="FILE")], *, as_json: _JSON = False
) -> None:
    """Read a site description without opening the site; says the first mistake, its key and what was expected."""
    try:
        site = load_site(file)
    except SiteConfigError as error:
        if as_json:
            told = {"file": error.file, "key": error.key, "zh": error.zh, "en": error.en}
            typer.echo(orjson.dumps({"valid": False, "error": told}).decode())
            raise typer.Exit(code=1) from None
        fail(str(error))
    if as_json:
        typer.echo(orjson.dumps({"valid": True, "site": _plain(site)}).decode())
        return
    typer.echo(f"{file.name}: {site.id}, {len(site.streams)} streams")


async def _health(site: SiteConfig, secrets: ReferredSecrets) -> Health:
    try:
        connector = open_site(site, secrets, now=SystemClock().now)
    except SourceError as error:
        return Health(reachable=False, code=error.code, latency_s=0.0)
    try:
        async with asyncio.timeout(_CHECK_S):
            return await connector.check()
    except TimeoutError:
        return Health(reachable=False, code="SRC_TIMEOUT", latency_s=_CHECK_S)
    finally:
        await connector.close()


def _configured() -> Sequence[SiteConfig]:
    async def work(settings: Settings) -> Sequence[SiteConfig]:
        if settings.sites is None:
            raise SettingsError("HUB_SITES: not set; expected a folder of site descriptions")
        try:
            return await asyncio.to_thread(load_sites, settings.sites)
        except SiteConfigError as error:
            raise SettingsError(str(error)) from None

    return run(work)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _told(site: SiteConfig, health: Health) -> dict[str, object]:
    return {
        "id": site.id,
        "reachable": health.reachable,
        "code": health.code,
        "latencySeconds": round(health.latency_s, 6),
        "siteTime": iso(health.site_time) if health.site_time else None,
    }


def _plain(site: SiteConfig) -> dict[str, object]:
    return {
        "id": site.id,
        "name": {"zh": site.name_zh, "en": site.name_en},
        "owner": site.owner,
        "region": site.region,
        "connector": site.connector,
        "transport": site.transport.kind.value,
        "live": site.live,
        "rank": site.rank,
        "maxAgeSeconds": site.max_age_s,
        "streams": [{"name": name, "kind": stream.kind} for name, stream in site.streams.items()],
    }
