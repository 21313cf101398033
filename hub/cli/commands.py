"""All commands, by name. What is slow to import (the hub itself) a command imports when it runs."""

from importlib.metadata import version
from typing import Annotated

import typer

from hub.cli import audit, demo, harvest, migrate, partner, plan, quarantine, serve, settings, site, verify

DISTRIBUTION = "credit-exchange-hub"


def build() -> typer.Typer:
    """Make the command line."""
    app = typer.Typer(
        name="hub",
        help="Energy Credit Exchange Hub 能源行业信用信息交换枢纽: ask once, see exactly what you may.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    app.command("serve")(serve.serve)
    app.command("demo")(demo.demo)
    app.command("migrate")(migrate.migrate)
    app.command("harvest")(harvest.harvest)
    app.command("quarantine")(quarantine.quarantine)
    app.command("verify")(verify.verify)
    app.command("settings")(settings.settings)
    app.add_typer(partner.build(), name="partner")
    app.add_typer(site.build(), name="site")
    app.add_typer(plan.build(), name="plan")
    app.add_typer(audit.build(), name="audit")
    return app


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"hub {version(DISTRIBUTION)}")
        raise typer.Exit


def _root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before a command."""
