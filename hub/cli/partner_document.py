"""`hub partner document`: registered GraphQL documents, which some partners are limited to."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.administering import At, administer
from hub.cli.tables import minute, print_json, print_table
from hub.errors import BadInputError
from hub.gateway.documents import Remembered, TrustedDocuments
from hub.identity.officers.duties import Duty

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FILE_MAX = 262_144
_NOTHING = Remembered(entries_max=0, document_max_bytes=0)


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Trusted documents (documentId), by the SHA-256 of their text.", no_args_is_help=True)
    app.command("add")(add)
    app.command("list")(show)
    app.command("remove")(remove)
    return app


def add(
    file: Annotated[Path, typer.Argument(help="GraphQL document, UTF-8.", metavar="FILE")],
    *,
    as_json: _JSON = False,
) -> None:
    """Register a document; its identifier is printed."""

    async def work(at: At) -> str:
        await at.check(Duty.DRAFT_REGISTER)
        with file.open("rb") as opened:
            data = opened.read(_FILE_MAX + 1)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise BadInputError("document: not UTF-8") from None
        if len(data) > _FILE_MAX:
            raise BadInputError(f"document: longer than {_FILE_MAX} bytes")
        return await TrustedDocuments(at.engine, _NOTHING).register(text, at.now)

    document_id = administer(work)
    if as_json:
        print_json({"id": document_id})
    else:
        typer.echo(document_id)


def show(*, as_json: _JSON = False) -> None:
    """List the registered documents."""

    async def work(at: At) -> list[dict[str, str]]:
        await at.check(Duty.READ_REGISTER)
        found = await TrustedDocuments(at.engine, _NOTHING).all()
        return [{"id": each.id, "registeredAt": each.registered_at, "text": each.text} for each in found]

    found = administer(work)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "registered (UTC)", "begins"),
        [(each["id"], minute(each["registeredAt"]), " ".join(each["text"].split())[:40]) for each in found],
        empty="no document yet: hub partner document add FILE",
    )


def remove(
    document_id: Annotated[str, typer.Argument(help="sha256:…, as it is listed.", metavar="ID")],
) -> None:
    """Forget a document; hubs that run remember it until they are started again."""

    async def work(at: At) -> None:
        await at.check(Duty.DRAFT_REGISTER)
        await TrustedDocuments(at.engine, _NOTHING).forget(document_id)

    administer(work)
    typer.echo(f"{document_id}: removed")
