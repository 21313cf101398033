"""`hub audit`: the log's own key, and a check of the whole log."""

import sys

import typer

from hub.audit.walk import check_log
from hub.cli.session import fail, opened_store, run
from hub.settings import Settings
from hub.wiring import open_ring
from keys.notes import Verifier


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(no_args_is_help=True, help="The audit log: its verifier key, and its soundness.")
    app.command("vkey")(vkey)
    app.command("verify")(verify)
    return app


def vkey() -> None:
    """Print the log's verifier key: what a holder of receipts needs from the hub, for `hub verify --vkey`."""

    async def work(settings: Settings) -> Verifier:
        return open_ring(settings).signer(settings.log_origin).verifier

    typer.echo(run(work).vkey())


def verify() -> None:
    """Walk the whole log and name the first place that is broken; exit code 1 if there is one."""

    async def work(settings: Settings) -> tuple[int, str | None]:
        verifier = open_ring(settings).signer(settings.log_origin).verifier
        async with opened_store(settings) as engine:
            report = await check_log(engine, verifier)
        return report.size, None if report.broken is None else f"{report.broken.place}: {report.broken.reason}"

    size, broken = run(work)
    if broken is not None:
        fail(f"the log is broken at {broken}")
    sys.stdout.write(f"{size} entries, sound 日志完好\n")
