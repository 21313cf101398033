"""`hub quarantine`: problem data (问题数据), each with its place and what was expected; never the row itself."""

from typing import Annotated

import orjson
import typer
from rich.console import Console
from sqlalchemy import select

from hub.cli.session import opened_store, run
from hub.settings import Settings
from hub.store import tables
from hub.store.engine import reading
from hub.store.tables import table_of

_Q = table_of(tables.Quarantine).c
_SHOWN = (
    _Q.source,
    _Q.stream,
    _Q.batch_id,
    _Q.code,
    _Q.severity,
    _Q.place,
    _Q.column,
    _Q.row_id,
    _Q.message_zh,
    _Q.message_en,
    _Q.state,
    _Q.opened_at,
    _Q.due_on,
)


def quarantine(
    source: Annotated[str | None, typer.Argument(help="Site identifier; all sites if left out.")] = None,
    *,
    code: Annotated[str | None, typer.Option(help="Rule, e.g. DG01.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most findings to list, newest first.")] = 50,
    warnings: Annotated[bool, typer.Option(help="Also findings that did not keep the row out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what was not accepted, newest first: where it stands at its source, the rule, and what was expected."""

    async def work(settings: Settings) -> list[dict[str, object]]:
        asked = select(*_SHOWN).order_by(_Q.opened_at.desc(), _Q.id).limit(limit)
        if source is not None:
            asked = asked.where(_Q.source == source)
        if code is not None:
            asked = asked.where(_Q.code == code)
        if not warnings:
            asked = asked.where(_Q.severity == "E")
        async with opened_store(settings) as engine, reading(engine) as reader:
            return [row._asdict() for row in await reader.rows(asked)]

    found = run(work)
    if as_json:
        for row in found:
            typer.echo(orjson.dumps(row).decode())
        return
    console = Console(highlight=False, soft_wrap=True)
    for row in found:
        place = {name: part for name, part in orjson.loads(str(row["place"])).items() if part is not None}
        where = " ".join(str(part) for part in (row["source"], row["stream"], *place.values(), row["column"] or ""))
        console.print(f"{row['severity']} {where}\n  {row['message_zh']}\n  {row['message_en']}", markup=False)
    if not found:
        console.print("没有问题数据 nothing in quarantine")
