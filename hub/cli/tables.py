"""What commands print: a table that reads at 80 columns, one thing as lines, or JSON by the names of the schema."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from textwrap import wrap
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from schema.catalogue.model import api_name_of

_WIDTH = 80
MINUTE = 16
"""Characters of an instant that tell it to the minute."""


def plain(shown: object) -> Any:  # noqa: ANN401  JSON-ready
    """Make what a GraphQL type *shown* holds JSON-ready, under the names and words of the schema."""
    if isinstance(shown, Enum):
        return shown.name
    if is_dataclass(shown):
        return {api_name_of(part.name): plain(getattr(shown, part.name)) for part in fields(shown)}
    if isinstance(shown, Mapping):
        return {key: plain(value) for key, value in shown.items()}
    if isinstance(shown, list | tuple):
        return [plain(each) for each in shown]
    return shown


def print_json(shown: object) -> None:
    """Print *shown* as one line of JSON."""
    typer.echo(orjson.dumps(plain(shown)).decode())


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print *rows* under *headings*; *empty* if there are none."""
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        # The first is what other commands are given: it is to be copied whole.
        table.add_column(heading, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)


def print_lines(pairs: Sequence[tuple[str, str]]) -> None:
    """Print one thing as names and values, one a line; what is empty is left out, and no word is broken."""
    kept = [(name, value) for name, value in pairs if value]
    indent = max((len(name) for name, _ in kept), default=0) + 2
    for name, value in kept:
        # A digest or an id that is longer than the line is to be copied whole.
        lines = wrap(value, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
        typer.echo(f"{name:<{indent}}" + f"\n{'':<{indent}}".join(lines))


def minute(instant: str | None) -> str:
    """Tell an instant to the minute, UTC: `2026-11-21 01:08`; a dash for none."""
    return "-" if instant is None else instant[:MINUTE].replace("T", " ")
