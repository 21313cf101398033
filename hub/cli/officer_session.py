"""
`hub session`: an officer's own session on the command line, and what other commands ask of it.

Rules:
    - The session's secret lies in a file that only its owner can read, or comes in HUB_OFFICER_SESSION; it is printed
      only if that is asked for.
    - A hub without officers is unattended, and its operator acts without a session: not in production.
    - Codes are typed, never given as arguments: those stand in the shell's history and in the list of processes.
"""

import asyncio
import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.journal import Journal
from hub.cli.session import opened_store, run
from hub.clock import SystemClock
from hub.errors import SettingsError
from hub.identity.officers.carriers import Carrier
from hub.identity.officers.enrolment import Enrolment, Invited
from hub.identity.officers.errors import NotSignedInError
from hub.identity.officers.model import Acting
from hub.identity.officers.office import Office
from hub.identity.officers.parts import OfficerParts, officer_parts
from hub.identity.officers.sessions import SessionSeen, Started
from hub.identity.officers.signin import Asked, SignIn
from hub.settings import Settings
from hub.store.engine import glancing
from keys.ring import KeyRing

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_PRINT = Annotated[
    bool, typer.Option("--print", help="Print the session's secret, for HUB_OFFICER_SESSION, and keep no file.")
]
_PRIVATE = 0o600
_OTHERS = 0o077
_SECRET_MAX = 256


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="An officer's own session (会话).", no_args_is_help=True)
    app.command("open")(open_session)
    app.command("step-up")(step_up)
    app.command("show")(show)
    app.command("list")(list_sessions)
    app.command("close")(close)
    return app


def parts_of(settings: Settings, engine: AsyncEngine) -> OfficerParts:
    """
    Build the officers' parts over the store *engine*, without an outside provider.

    Raises:
        RingError: the key ring cannot be opened.
    """
    clock = SystemClock()
    office = Office(
        engine=engine,
        journal=Journal(engine, clock, secrets.token_bytes),
        clock=clock,
        entropy=secrets.token_bytes,
    )
    return officer_parts(settings, office, KeyRing.open(settings.keys, create=not settings.in_production))


async def acting_of(settings: Settings, engine: AsyncEngine) -> Acting | None:
    """
    Tell which officer runs this command; None: the store has no officer, and this is not production.

    Raises:
        NotSignedInError: there are officers, and no live session of one.
        SettingsError: there is no officer, and this is production.
    """
    parts = parts_of(settings, engine)
    if not await parts.officers.are_founded():
        if settings.in_production:
            raise SettingsError("this hub has no officer yet, run: hub officer found")
        return None
    return await parts.sessions.acting_by(kept_secret(settings))


async def officer_acting(settings: Settings, engine: AsyncEngine) -> Acting:
    """
    Tell which officer runs this command, where only an officer can.

    Raises:
        NotSignedInError: no live session.
        SettingsError: there is no officer.
    """
    acting = await acting_of(settings, engine)
    if acting is None:
        raise SettingsError("this hub has no officer yet, run: hub officer found")
    return acting


def kept_secret(settings: Settings) -> str:
    """
    Read the secret of one's session: HUB_OFFICER_SESSION, or the file.

    Raises:
        NotSignedInError: there is none.
        SettingsError: the file is open to others.
    """
    if settings.officer_session is not None:
        return settings.officer_session.get_secret_value()
    path = _file_of(settings)
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        raise NotSignedInError("officer.session", "No officer session here, run: hub session open OFFICER") from None
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode) or state.st_mode & _OTHERS or state.st_uid != os.getuid():
            raise SettingsError(f"{path}: open to others: it must be your own regular file, mode 0600")
        return os.read(file, _SECRET_MAX).decode("ascii", "replace").strip()
    finally:
        os.close(file)


def open_session(
    officer: Annotated[str, typer.Argument(help="Identifier of the officer.", metavar="OFFICER")],
    *,
    invitation: Annotated[
        bool, typer.Option("--invitation", help="Enrol a TOTP code by an invitation first; its code is asked for.")
    ] = False,
    print_secret: _PRINT = False,
) -> None:
    """
    Open a session by a TOTP code (动态口令), for at most 8 hours, 15 minutes idle.

    With WebAuthn alone, sign in over HTTP with "carrier": "header" and set HUB_OFFICER_SESSION.
    """

    async def work(settings: Settings) -> Started:
        async with opened_store(settings) as engine:
            parts = parts_of(settings, engine)
            if parts.signin is None or parts.enrolment is None:
                raise SettingsError("officers sign in at an outside provider only: HUB_OFFICER_EMBEDDED is false")
            if invitation:
                return await _enrol(parts, parts.enrolment, engine, officer)
            return await _open(parts.signin, officer)

    started = run(work)
    _keep(started, print_secret=print_secret)


def step_up(*, print_secret: _PRINT = False) -> None:
    """Prove anew that you are there (二次认证): approvals ask for a proof of the last five minutes."""

    async def work(settings: Settings) -> Started:
        async with opened_store(settings) as engine:
            parts, acting = parts_of(settings, engine), await officer_acting(settings, engine)
            if parts.signin is None:
                raise SettingsError("officers sign in at an outside provider only: HUB_OFFICER_EMBEDDED is false")
            return await parts.signin.step_up_by_totp(acting, await _ask("Code"))

    _keep(run(work), print_secret=print_secret)


def show(*, as_json: _JSON = False) -> None:
    """Show who acts here."""

    async def work(settings: Settings) -> Acting:
        async with opened_store(settings) as engine:
            return await officer_acting(settings, engine)

    acting = run(work)
    officer = acting.officer
    if as_json:
        said = {"officer": officer.id, "role": officer.role.value, "session": acting.session}
        typer.echo(orjson.dumps({**said, "steppedUp": acting.stepped_up}).decode())
        return
    fresh = "fresh proof" if acting.stepped_up else "hub session step-up before an approval"
    typer.echo(f"{officer.id}: {officer.name}, {officer.role.zh} ({officer.role.value}); {fresh}")


def list_sessions(
    *,
    everybody: Annotated[bool, typer.Option("--everybody", help="Of all officers.")] = False,
    as_json: _JSON = False,
) -> None:
    """List live sessions."""

    async def work(settings: Settings) -> list[SessionSeen]:
        async with opened_store(settings) as engine:
            acting = await officer_acting(settings, engine)
            return list(await parts_of(settings, engine).sessions.live(acting, everybody=everybody))

    found = run(work)
    if as_json:
        typer.echo(orjson.dumps([_plain(each) for each in found]).decode())
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "officer", "method", "carrier", "started", "seen", "ends"):
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(*(str(value) for value in _plain(each).values()))
    Console().print(table)


def close(
    session: Annotated[str | None, typer.Argument(help="Its id; default: one's own.", metavar="SESSION")] = None,
) -> None:
    """End a session, at once and everywhere."""

    async def work(settings: Settings) -> str:
        async with opened_store(settings) as engine:
            acting, sessions = await officer_acting(settings, engine), parts_of(settings, engine).sessions
            if session is not None and session != acting.session:
                await sessions.end(acting, session)
                return session
            await sessions.sign_out(acting)
            with suppress(FileNotFoundError):
                _file_of(settings).unlink()
            return acting.session

    typer.echo(f"{run(work)}: ended")


async def _open(signin: SignIn, officer: str) -> Started:
    return await signin.totp(officer, await _ask("Code"), Asked(carrier=Carrier.HEADER))


async def _enrol(parts: OfficerParts, enrolment: Enrolment, engine: AsyncEngine, officer: str) -> Started:
    who = Invited(code=await _ask("Invitation code"), carrier=Carrier.HEADER)
    step = await enrolment.begin_totp(who)
    async with glancing(engine) as reader:
        if await parts.invitations.holder(reader, who.code) != officer:
            raise NotSignedInError("officer.invitation", f"The invitation is not for {officer}")
    typer.echo(f"Enter this into an authenticator program:\n{step.options['uri']}", err=True)
    started = await enrolment.finish_totp(who, step.challenge, await _ask("Code"))
    if started is None:
        raise NotSignedInError("officer.invitation", "The invitation opened no session")
    return started


async def _ask(what: str) -> str:
    """Ask the person at the terminal, unseen; or read a line, where a program answers."""
    return (await asyncio.to_thread(_typed, what)).strip()


def _typed(what: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, err=True))
    typer.echo(f"{what}:", err=True)
    return sys.stdin.readline()


def _keep(started: Started, *, print_secret: bool) -> None:
    if print_secret:
        typer.echo(started.secret)
        return

    async def work(settings: Settings) -> Path | None:
        if settings.officer_session is not None:
            return None
        path = _file_of(settings)
        _write(path, started.secret)
        return path

    path = run(work)
    if path is None:
        # Of the environment: nobody but the caller's shell can change it.
        typer.echo(started.secret)
        return
    typer.echo(f"{started.officer}: session {started.session} until {started.ends_at}, in {path}")


def _write(path: Path, secret: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    with os.fdopen(file, "w") as opened:
        opened.write(secret + "\n")
    draft.replace(path)


def _file_of(settings: Settings) -> Path:
    if settings.officer_session_file is not None:
        return settings.officer_session_file
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "credit-exchange-hub" / "officer-session"


def _plain(seen: SessionSeen) -> dict[str, str]:
    return {
        "id": seen.id,
        "officer": seen.officer,
        "method": seen.method.value,
        "carrier": seen.carrier.value,
        "startedAt": seen.started_at,
        "seenAt": seen.seen_at,
        "endsAt": seen.ends_at,
    }
