"""`hub settings`: every setting, its default and what it means."""

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hub.settings import settings_table


def settings(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List every setting. They are environment variables; values in use are not printed."""
    rows = settings_table()
    if as_json:
        typer.echo(
            orjson.dumps([{"name": name, "default": default, "help": text} for name, default, text in rows]).decode()
        )
        return
    table = Table(title=None, box=None, pad_edge=False)
    for heading in ("variable", "default", "meaning"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
