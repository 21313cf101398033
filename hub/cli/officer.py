"""`hub officer`: the founding, and what one officer does to another's account."""

from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from hub.cli.officer_session import officer_acting, parts_of
from hub.cli.session import opened_store, run
from hub.errors import BadInputError
from hub.identity.officers.accounts import NewOfficer
from hub.identity.officers.model import Officer, Role
from hub.identity.officers.seal import make_key
from hub.settings import Settings
from keys.ring import KeyRing

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the officer.", metavar="ID")]
_ENTRY = "ID:NAME or ID:NAME:STAFF-NUMBER; may be repeated"
_PARTS = (2, 3)


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Officers (三员): founding, invitations, suspension.", no_args_is_help=True)
    app.command("found")(found)
    app.command("list")(show)
    app.command("invite")(invite)
    app.command("countersign")(countersign)
    app.command("suspend")(suspend)
    return app


def found(
    *,
    administrator: Annotated[list[str], typer.Option(help=f"系统管理员, at least 2: {_ENTRY}.")],
    security_officer: Annotated[list[str], typer.Option(help=f"安全保密管理员, at least 3: {_ENTRY}.")],
    auditor: Annotated[list[str], typer.Option(help=f"安全审计员, at least 1: {_ENTRY}.")],
    as_json: _JSON = False,
) -> None:
    """
    Admit the first officers, in a store without any.

    Prints their invitation codes, once: hand each to its officer alone. Later officers come by change sets.
    """
    entries = {Role.ADMINISTRATOR: administrator, Role.SECURITY_OFFICER: security_officer, Role.AUDITOR: auditor}

    async def work(settings: Settings) -> list[tuple[NewOfficer, str]]:
        founders = [_founder(entry, role) for role, texts in entries.items() for entry in texts]
        make_key(KeyRing.open(settings.keys, create=not settings.in_production))
        async with opened_store(settings) as engine:
            codes = await parts_of(settings, engine).officers.found(founders)
        return [(founder, codes[founder.id]) for founder in founders]

    admitted = run(work)
    if as_json:
        rows = [{"id": each.id, "role": each.role.value, "invitation": code} for each, code in admitted]
        typer.echo(orjson.dumps(rows).decode())
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "role", "invitation (24 h, shown once)"):
        table.add_column(heading, no_wrap=True)
    for each, code in admitted:
        table.add_row(each.id, f"{each.role.zh} {each.role.value}", code)
    Console(width=160).print(table)
    typer.echo("each officer now runs: hub session open ID --invitation")


def show(*, as_json: _JSON = False) -> None:
    """List the officers."""

    async def work(settings: Settings) -> list[Officer]:
        async with opened_store(settings) as engine:
            await officer_acting(settings, engine)
            return list(await parts_of(settings, engine).officers.all())

    officers = run(work)
    if as_json:
        typer.echo(orjson.dumps([_plain(each) for each in officers]).decode())
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "name", "role", "state", "since"):
        table.add_column(heading, overflow="fold")
    for each in officers:
        table.add_row(*_plain(each).values())
    Console().print(table)


def invite(officer: _ID) -> None:
    """
    Open an invitation, as an administrator; prints the first half of its code, once.

    A security officer countersigns, and gets the other half: the officer needs both. Whatever the officer had before
    (authenticators, code, sessions) ends when the invitation is used.
    """

    async def work(settings: Settings) -> str:
        async with opened_store(settings) as engine:
            acting = await officer_acting(settings, engine)
            return await parts_of(settings, engine).invitations.open(acting, officer)

    typer.echo(run(work))


def countersign(officer: _ID) -> None:
    """Countersign an invitation, as a security officer; prints the second half of its code, once."""

    async def work(settings: Settings) -> str:
        async with opened_store(settings) as engine:
            acting = await officer_acting(settings, engine)
            return await parts_of(settings, engine).invitations.countersign(acting, officer)

    typer.echo(run(work))


def suspend(officer: _ID, *, reason: Annotated[str, typer.Option(help="Why; the journal keeps it.")]) -> None:
    """Suspend an officer at once; every session ends. Coming back takes a change set."""

    async def work(settings: Settings) -> Officer:
        async with opened_store(settings) as engine:
            acting = await officer_acting(settings, engine)
            return await parts_of(settings, engine).officers.suspend(acting, officer, reason)

    done = run(work)
    typer.echo(f"{done.id}: {done.state.value}")


def _founder(entry: str, role: Role) -> NewOfficer:
    parts = entry.split(":", 2)
    if len(parts) not in _PARTS:
        raise BadInputError(f"{role.value}: expected ID:NAME or ID:NAME:STAFF-NUMBER")
    return NewOfficer(id=parts[0], name=parts[1], role=role, person=parts[2] if len(parts) > _PARTS[0] else None)


def _plain(officer: Officer) -> dict[str, str]:
    return {
        "id": officer.id,
        "name": officer.name,
        "role": officer.role.value,
        "state": officer.state.value,
        "createdAt": officer.created_at,
    }
