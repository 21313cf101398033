"""
`hub keys`: prepare the ring; the keys that seal fields of tier A and R: list, check, rotate, seal, shred a subject.

Exit status: 0 done; 1 refused, failed, or (check, rotate) something is damaged; 2 the command line was wrong.
"""

import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import structlog
import typer
from rich.console import Console
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.administration.acting import Agent, Operator
from hub.administration.journal import Journal
from hub.cli.officer_session import acting_of
from hub.cli.session import fail, opened_store, run
from hub.cli.tables import print_json, print_table
from hub.clock import SystemClock, iso
from hub.sealing.build import open_sealing
from hub.sealing.checking import Checked, Checking
from hub.sealing.resealing import Resealed, Resealing
from hub.sealing.rotation import Rotated, Rotation
from hub.sealing.sealer import Sealing
from hub.sealing.shredding import Shredded, Shredding
from hub.settings import Settings
from hub.store.engine import reading
from hub.store.sealing_tables import SubjectKey, TierKey
from hub.store.tables import table_of
from hub.wiring import prepare_ring
from schema.identifiers.uscc import check_uscc
from schema.tiers import Tier

T = TypeVar("T")
_T, _K = table_of(TierKey), table_of(SubjectKey)
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SUBJECT = Annotated[str, typer.Option(help="Unified social credit code of the subject.")]
_REASON = Annotated[str, typer.Option(help="Why; it goes into the journal.")]
_BATCH = Annotated[int, typer.Option(min=1, max=10_000, help="Rows in one transaction.")]


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Keys that seal fields at rest (密钥): rotate, check, seal, shred.", no_args_is_help=True)
    app.command("prepare")(prepare)
    app.command("list")(show)
    app.command("check")(check)
    app.command("rotate")(rotate)
    app.command("seal")(seal)
    app.command("shred")(shred)
    app.command("readmit")(readmit)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """What a command works with."""

    engine: AsyncEngine
    sealing: Sealing
    journal: Journal
    agent: Agent
    now: str


def prepare() -> None:
    """
    Make what the hub's key ring lacks: the log's key, the key of tokens, its secrets. Once, before production starts.

    What is there stays as it is. The keys that seal fields are made by `hub keys rotate`.
    """

    async def work(settings: Settings) -> list[str]:
        return prepare_ring(settings)

    made = run(work)
    typer.echo("\n".join(f"made: {name}" for name in made) or "the ring lacks nothing")


def show(*, as_json: _JSON = False) -> None:
    """List the keys of the tiers, the newest first, and how many subjects' keys each wraps."""

    async def work(at: _At) -> list[dict[str, object]]:
        counted = (
            select(_K.c.key_id, func.count().label("wraps")).where(_K.c.wrapped.is_not(None)).group_by(_K.c.key_id)
        )
        async with reading(at.engine) as reader:
            wraps = {row.key_id: row.wraps for row in await reader.rows(counted)}
            rows = await reader.rows(select(_T).order_by(_T.c.created_at.desc(), _T.c.id))
        return [{**row._asdict(), "wraps": wraps.get(row.id, 0)} for row in rows]

    found = _run(work, acts=False)
    if as_json:
        print_json(found)
    else:
        columns = ("id", "tier", "state", "wraps", "reference", "created_at", "retired_at")
        rows = [[str(row[name] if row[name] is not None else "") for name in columns] for row in found]
        print_table(columns, rows, empty="no key yet: the first value of tier A or R makes one, outside production")


def check(*, as_json: _JSON = False) -> None:
    """Open everything that is sealed, to see that it opens where it stands; values are shown to nobody."""

    async def work(at: _At) -> Checked:
        return await Checking(at.engine, at.sealing.keys.tier_keys).run()

    checked = _run(work, acts=False)
    if as_json:
        told = {"keys": checked.keys, "fields": checked.fields, "gone": checked.gone, "damaged": checked.damaged}
        print_json(told)
    else:
        typer.echo(f"{checked.keys} keys and {checked.fields} fields open, {checked.gone} fields are shredded")
        for place in checked.damaged:
            typer.echo(f"damaged: {place}")
    if checked.damaged:
        raise typer.Exit(code=1)


def rotate(
    *,
    tier: Annotated[Tier, typer.Option(help="A or R.")],
    to: Annotated[
        str | None, typer.Option(help="Where to make the new key, instead of the first of HUB_SEALING_KEYS.")
    ] = None,
    batch: _BATCH = 500,
) -> None:
    """
    Give a tier a new key and wrap every subject's key with it. Hubs go on answering; nothing sealed is touched.

    Broken off, even by kill -9, it is simply run again.
    """
    if tier not in {Tier.A, Tier.R}:
        fail("tier: expected A or R, the tiers that are sealed")

    async def work(at: _At) -> Rotated:
        rotation = Rotation(at.engine, at.sealing.keys.tier_keys, at.journal)
        return await rotation.run(at.agent, tier, at.now, uri=to, batch=batch, progress=_told_keys)

    done = _run(work)
    typer.echo(f"tier {tier}: key {done.key_id} is in force, {done.wrapped} keys of subjects wrapped anew")
    if done.retired:
        typer.echo(f"retired: {', '.join(done.retired)}; destroy them when no backup needs them any more")
    if done.damaged:
        fail(f"{done.damaged} keys of subjects are damaged and keep the old key from retiring; run: hub keys check")


def seal(*, batch: _BATCH = 500) -> None:
    """Seal what an older release stored openly. Safe to break off and to run again; hubs go on answering."""

    async def work(at: _At) -> Resealed:
        done = await Resealing(at.engine, at.sealing).run(at.now, batch=batch, progress=_told_rows)
        if at.engine.dialect.name == "sqlite" and (done.records or done.versions or done.tickets):
            # What was open stands in pages that are free now.
            async with at.engine.execution_options(isolation_level="AUTOCOMMIT", hub_begin="").connect() as connection:
                await connection.execute(text("VACUUM"))
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return done

    done = _run(work, acts=False)
    typer.echo(f"sealed: {done.records} records, {done.versions} versions, {done.tickets} quarantined rows")


def shred(*, subject: _SUBJECT, reason: _REASON) -> None:
    """
    Destroy a subject's keys: its fields of tier A and R are gone for good, from the next answer on.

    Its values are not kept any more, whoever sends them, until it is readmitted.
    """
    code = _code(subject)

    async def work(at: _At) -> Shredded:
        return await Shredding(at.engine, at.sealing, at.journal).shred(at.agent, code, reason, at.now)

    done = _run(work)
    typer.echo(f"shredded: {done.keys} keys, {done.rows} sealed rows, {done.tickets} quarantined rows")
    typer.echo("backups still hold the wrapped keys: rotate both tiers, and destroy the retired keys")


def readmit(*, subject: _SUBJECT, reason: _REASON) -> None:
    """Let a shredded subject's values be kept again, under new keys. What was shredded stays so."""
    code = _code(subject)

    async def work(at: _At) -> int:
        return await Shredding(at.engine, at.sealing, at.journal).readmit(at.agent, code, reason, at.now)

    typer.echo(f"readmitted: {_run(work)} new keys")


def _run(work: Callable[[_At], Awaitable[T]], *, acts: bool = True) -> T:
    """Run *work*; what *acts* is done by the officer of a session, or by the operator where there are no officers."""

    async def whole(settings: Settings) -> T:
        clock = SystemClock()
        async with opened_store(settings) as engine:
            agent = await _agent(settings, engine) if acts else Operator(production=settings.in_production)
            at = _At(
                engine=engine,
                sealing=open_sealing(settings, dict(os.environ), structlog.get_logger("hub.sealing")),
                journal=Journal(engine, clock, secrets.token_bytes),
                agent=agent,
                now=iso(clock.now()),
            )
            return await work(at)

    return run(whole)


async def _agent(settings: Settings, engine: AsyncEngine) -> Agent:
    """Raises NotSignedInError, SettingsError: there are officers and no session, or production has no officer."""
    acting = await acting_of(settings, engine)
    return Operator(production=settings.in_production) if acting is None else acting


def _code(subject: str) -> str:
    found = check_uscc(subject).code
    if found is None:
        fail("subject: not a unified social credit code")
    return found


def _told_keys(done: int, total: int) -> None:
    _console().print(f"{done} of {total} keys", markup=False)


def _told_rows(table: str, seen: int) -> None:
    _console().print(f"{table}: {seen} rows looked at", markup=False)


def _console() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)
