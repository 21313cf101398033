"""
`hub plan`: what would be done with a question, and why; what costs are predicted from. Nothing is asked or written.

Exit status: 0 it is printed; 1 the question would be refused before it is planned, or something cannot be read.
"""

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from graphql import GraphQLError
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from connectors.site import SiteConfig, SiteConfigError
from hub.access.policies import Policies, seed_policy
from hub.access.purpose import purpose_of
from hub.access.standing import check_purpose, standing_of
from hub.cli.session import fail, opened_store, run
from hub.clock import SystemClock
from hub.errors import BadInputError, SettingsError
from hub.identity.caller import Caller, the_public
from hub.identity.doorkeeper import caller_of
from hub.identity.partners import Known, NewPartner, admit
from hub.road.documents import Documents, RequestFaultError
from hub.road.explain import Explanation, Grounds, LiveQuestion, explain
from hub.settings import Settings
from hub.store import migrate, tables
from hub.store.engine import reading
from hub.store.tables import table_of
from hub.wiring import configured_sites
from schema.catalogue import CATALOGUE_VERSION, KINDS
from schema.graph.build import build_exchange
from schema.plan.cost import CostError, check
from schema.plan.errors import DeniedReferenceError
from schema.plan.guarded import guard_table
from schema.plan.sizes import Profile
from schema.policy.decide import PUBLIC_LOOKUP
from schema.policy.model import ActorKind, Clear, Decision, Denied, Masked, Policy, Standing
from schema.tiers import Tier


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Plans: what would be done with a question, and why.", no_args_is_help=True)
    app.command("explain")(explain_plan)
    app.command("profile")(profile)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    document: str
    operation: str | None
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    policy: Policy
    shelf: str
    standing: Standing
    explanation: Explanation
    exceeded: str | None


def explain_plan(
    document: Annotated[str, typer.Argument(help="A GraphQL document: a file, or - for stdin.", metavar="DOCUMENT")],
    *,
    actor: Annotated[ActorKind, typer.Option("--as", help="Kind of asker; PU is the public.", case_sensitive=False)],
    purpose: Annotated[str, typer.Option(help="Purpose of use.")] = PUBLIC_LOOKUP,
    context: Annotated[
        list[str] | None, typer.Option(help="KEY=VALUE of the purpose's context; may be repeated.", metavar="KEY=VALUE")
    ] = None,
    organisation: Annotated[str | None, typer.Option(help="The asker's own unified social credit code.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="GB/T 2260 prefix; may be repeated.")] = None,
    ceiling: Annotated[
        Tier | None, typer.Option(help="Tier ceiling, if stricter than its kind's.", case_sensitive=False)
    ] = None,
    operation: Annotated[str | None, typer.Option(help="Name of the operation, if there are several.")] = None,
    variables: Annotated[str, typer.Option(help="Variables, a JSON object.", metavar="JSON")] = "{}",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print decisions, what would be read and asked, the predicted cost, the executor and its code."""
    asked = _Asked(document=_text(document), operation=operation, variables=_variables(variables))
    now = SystemClock().now()

    async def work(settings: Settings) -> _Told:
        wish = NewPartner(
            id="somebody",
            name="somebody",
            actor=actor,
            organisation=organisation,
            ceiling=ceiling,
            regions=tuple(region or ()),
        )
        stated = purpose_of({"purpose": {"code": purpose, "context": _context(context or ())}}, None)
        policy, shelf = await _policy(settings, now)
        standing = standing_of(_caller(wish, now), stated, policy)
        check_purpose(policy, standing)
        return _explained(settings, policy, shelf, standing, asked)

    told = _run(work)
    if as_json:
        typer.echo(orjson.dumps(_plain(told), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(told)


def profile() -> None:
    """Print what is usually on file in the store, as HUB_COST_RECORDS takes it: kind -> mean records of a subject."""

    async def work(settings: Settings) -> dict[str, float]:
        kind = table_of(tables.Record).c.kind
        async with opened_store(settings) as engine, reading(engine) as reader:
            (subjects,) = await reader.rows(select(func.count()).select_from(table_of(tables.Subject)))
            counts = await reader.rows(select(kind, func.count()).group_by(kind).order_by(kind))
        if not subjects[0]:
            raise BadInputError("store: it holds no subject yet, so nothing is usual")
        return {str(name): round(count / subjects[0], 3) for name, count in counts}

    typer.echo(orjson.dumps(run(work)).decode())


def _run(work: Callable[[Settings], Coroutine[Any, Any, _Told]]) -> _Told:
    try:
        return run(work)
    except RequestFaultError as fault:
        fail("; ".join(map(_fault, fault.errors)))
    except DeniedReferenceError as refusal:
        fail(f"refused: {refusal}")
    except GraphQLError as error:
        fail(f"refused: {error.message}")
    except SiteConfigError as error:
        fail(str(error))


def _fault(error: dict[str, Any]) -> str:
    place = "".join(f"{at['line']}:{at['column']}: " for at in error.get("locations", ())[:1])
    return f"document: {place}{' '.join(error['message'].split())}"


def _text(document: str) -> str:
    try:
        return sys.stdin.read() if document == "-" else Path(document).read_text(encoding="utf-8")
    except OSError as error:
        fail(f"document: {error.strerror or type(error).__name__}: {document}")
    except UnicodeDecodeError:
        fail(f"document: not UTF-8: {document}")


def _variables(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        fail("variables: expected a JSON object")
    return found


def _context(pairs: list[str] | tuple[()]) -> dict[str, str]:
    split = [pair.partition("=") for pair in pairs]
    if any(not sign for _, sign, _ in split):
        raise BadInputError("context: expected KEY=VALUE")
    return {key: value for key, _, value in split}


def _caller(wish: NewPartner, now: datetime) -> Caller:
    if wish.actor is ActorKind.PU:
        if wish.organisation or wish.regions or wish.ceiling not in {None, Tier.P}:
            raise BadInputError("actor: PU is the public: it has no organisation, no region and no ceiling but P")
        return the_public()
    return caller_of(Known(partner=admit(wish, now), epoch=None), None)


async def _policy(settings: Settings, now: datetime) -> tuple[Policy, str]:
    """The policy that decides, and where it is from."""
    url = settings.database_url
    file = migrate.file_of(url)
    # Looking at a SQLite file that is not there would make it.
    if (file is not None and not file.is_file()) or migrate.current(url) is None:
        return seed_policy(), "the seed that ships with the hub; there is no store"
    async with opened_store(settings) as engine:
        async with reading(engine) as reader:
            (held,) = await reader.rows(select(func.count()).select_from(table_of(tables.PolicyVersion)))
        if not held[0]:
            return seed_policy(), "the seed that ships with the hub; the store holds none yet"
        return await Policies(engine).current(now), "in force in the store"


def _explained(settings: Settings, policy: Policy, shelf: str, standing: Standing, asked: _Asked) -> _Told:
    exchange = build_exchange(KINDS)
    prepared = Documents(exchange.schema).prepare(asked.document, asked.operation, asked.variables)
    sites: tuple[SiteConfig, ...] = configured_sites(settings)
    grounds = Grounds(
        exchange=exchange,
        table=guard_table(KINDS, CATALOGUE_VERSION),
        policy=policy,
        sites=sites,
        profile=_profile(settings),
    )
    explanation = explain(grounds, standing, prepared)
    exceeded = None
    try:
        check(explanation.cost, settings.cost_rows_max, settings.cost_bytes_max)
    except CostError as error:
        exceeded = error.exceeded
    return _Told(policy=policy, shelf=shelf, standing=standing, explanation=explanation, exceeded=exceeded)


def _profile(settings: Settings) -> Profile:
    try:
        return Profile.of(settings.cost_records)
    except ValueError as error:
        raise SettingsError(f"HUB_COST_RECORDS: {error}") from None


def _print(told: _Told) -> None:
    found, cost = told.explanation, told.explanation.cost
    typer.echo(f"policy: version {told.policy.version}, {told.policy.digest} ({told.shelf})")
    typer.echo(f"asker: {told.standing.actor.value}, {told.standing.purpose}, ceiling {told.standing.ceiling.value}")
    if found.uses:
        table = Table(box=None, pad_edge=False)
        for heading in ("coordinate", "decision", "rule", "required"):
            table.add_column(heading, overflow="fold")
        for use in found.uses:
            required = use.decision.required_tier.value if isinstance(use.decision, Denied) else "-"
            table.add_row(use.coordinate, _word(use.decision), use.decision.rule, required)
        Console().print(table)
        typer.echo("decided: the most that any row could show; a row of another class may show less")
    typer.echo(f"archive: {', '.join(found.kinds) or 'nothing'}")
    for question in found.live:
        typer.echo(f"live: {question.site}: {_asks(question)}")
    if not found.live:
        typer.echo("live: nobody is asked")
    limits = f"too many {told.exceeded}: it would be refused" if told.exceeded else "within the limits"
    typer.echo(
        f"cost: {cost.rows} objects, {cost.bytes} bytes, {cost.subjects} subjects, "
        f"{cost.comparisons} comparisons predicted; {limits}"
    )
    if found.code is None:
        typer.echo(f"executor: reference ({found.reason})")
        return
    typer.echo("executor: compiled; a value or an argument that does not fit goes to the reference executor")
    typer.echo(f"\n{found.code}")


def _asks(question: LiveQuestion) -> str:
    return "; ".join(
        f"{kind} ({', '.join(fields) or 'no granted field'}; to know the row: {', '.join(question.marks[kind])})"
        for kind, fields in question.fields.items()
    )


def _word(decision: Decision) -> str:
    match decision:
        case Clear():
            return "clear"
        case Masked():
            return f"mask {decision.mask.value}"
        case Denied():
            return "denied"


def _plain(told: _Told) -> dict[str, object]:
    found, cost = told.explanation, told.explanation.cost
    return {
        "policy": {"version": told.policy.version, "digest": told.policy.digest, "source": told.shelf},
        "standing": {
            "actor": told.standing.actor.value,
            "organisation": told.standing.organisation,
            "ceiling": told.standing.ceiling.value,
            "regions": sorted(told.standing.regions),
            "purpose": told.standing.purpose,
            "context": dict(told.standing.context),
        },
        "decisions": [
            {
                "coordinate": use.coordinate,
                "path": list(use.path),
                "decision": _word(use.decision),
                "rule": use.decision.rule,
                "requiredTier": use.decision.required_tier.value if isinstance(use.decision, Denied) else None,
            }
            for use in found.uses
        ],
        "archive": list(found.kinds),
        "live": [
            {"site": question.site, "fields": question.fields, "marks": question.marks} for question in found.live
        ],
        "cost": {
            "rows": cost.rows,
            "bytes": cost.bytes,
            "subjects": cost.subjects,
            "comparisons": cost.comparisons,
            "exceeded": told.exceeded,
        },
        "executor": "reference" if found.code is None else "compiled",
        "reason": found.reason,
        "code": found.code,
    }
