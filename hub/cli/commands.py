"""All commands, by name. What is slow to import (the hub itself) a command imports when it runs."""

from importlib.metadata import version
from typing import Annotated

import typer

from hub.cli import (
    audit,
    changes,
    consents,
    demo,
    glass,
    grants,
    harvest,
    keys,
    migrate,
    officer,
    officer_session,
    partner,
    plan,
    policy,
    quarantine,
    serve,
    settings,
    site,
    verify,
)

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
    app.add_typer(officer.build(), name="officer")
    app.add_typer(officer_session.build(), name="session")
    app.add_typer(policy.build(), name="policy")
    app.add_typer(changes.build(), name="change")
    app.add_typer(grants.build(), name="grant")
    app.add_typer(consents.build(), name="consent")
    app.add_typer(glass.build(), name="glass")
    app.add_typer(keys.build(), name="keys")
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
