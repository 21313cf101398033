"""
`hub migrate`: bring the store to this release's schema.

Exit status: 0 the store is at the release's revision (with --check: it is, and nothing drifted); 1 it is not.
"""

from typing import Annotated

import typer
from sqlalchemy.exc import DBAPIError

from hub.cli.session import fail
from hub.errors import SettingsError
from hub.settings import load_settings
from hub.store import migrate as migrations


def migrate(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; say whether the store is up to date.")
    ] = False,
) -> None:
    """Make the store, or bring it to this release's schema. Safe to run again."""
    try:
        url = load_settings().database_url
        if check:
            _check(url)
            return
        before = migrations.current(url) if _exists(url) else None
        migrations.upgrade(url)
    except SettingsError as error:
        fail(str(error))
    except DBAPIError as error:
        fail(f"the store cannot be used ({type(error.orig).__name__})")
    after = migrations.latest()
    typer.echo(f"store: at revision {after}" + ("" if before == after else f" (was {before or 'new'})"))


def _check(url: str) -> None:
    if not _exists(url):
        fail("store: not made yet; run `hub migrate`")
    found, expected = migrations.current(url), migrations.latest()
    if found != expected:
        fail(f"store: at revision {found or 'none'}, this release expects {expected}; run `hub migrate`")
    differences = migrations.drift(url)
    if differences:
        fail(f"store: {len(differences)} differences from this release's tables; was it changed by hand?")
    typer.echo(f"store: at revision {found}, as this release expects")


def _exists(url: str) -> bool:
    """Whether there is anything to look at: looking at a SQLite file that is not there would make it."""
    file = migrations.file_of(url)
    return file is None or file.is_file()
