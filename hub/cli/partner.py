"""
`hub partner`: who may ask, as what, with which keys and documents; and plain tokens where they are allowed.

On a hub without officers its operator does all this alone. Where there are officers, what gives is drafted as a change
set for others to approve, and what takes away holds at once.
"""

import secrets
from collections.abc import Container
from datetime import date, datetime
from typing import Annotated, Any

import typer

from hub.access.policies import Policies, PolicyMissingError
from hub.administration.items import PutPartner, SetPartner
from hub.administration.model import Change, NewChange
from hub.cli import partner_document, partner_key
from hub.cli.administering import At, administer
from hub.cli.changes import drafted, print_change
from hub.cli.partner_words import print_entries, print_entry
from hub.cli.session import opened_store, run
from hub.cli.tables import print_json
from hub.clock import SystemClock, iso
from hub.errors import BadInputError
from hub.identity.assembly import issuer_of
from hub.identity.entry import NewPartner, Partner, PartnerState, admit, amend
from hub.identity.officers.duties import Duty
from hub.identity.partner_keys import HeldKey, keys_of
from hub.identity.partners import Partners
from hub.identity.tokens import Minted
from hub.settings import Settings
from hub.store.engine import glancing
from keys.ring import KeyRing
from schema.policy.model import ActorKind
from schema.tiers import Tier

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the partner.", metavar="ID")]
_REASON = Annotated[str, typer.Option(help="Why, 1 to 500 characters; where there are officers, others read it.")]
_SUBMIT = Annotated[bool, typer.Option("--submit", help="Where officers approve: submit the change set at once.")]
_ACTORS = ", ".join(kind.value for kind in ActorKind if kind is not ActorKind.PU)
_NAME = Annotated[str | None, typer.Option(help="Name in full.")]
_CEILING = Annotated[Tier | None, typer.Option(help="Tier ceiling, if stricter than its kind's.", case_sensitive=False)]
_REGION = Annotated[list[str] | None, typer.Option(help="GB/T 2260 prefix; may be repeated.")]
_SECTOR = Annotated[list[str] | None, typer.Option(help="Energy sector; may be repeated.")]
_PURPOSE = Annotated[list[str] | None, typer.Option(help="Purpose it may name; may be repeated. Default: its kind's.")]
_CONTACT = Annotated[str | None, typer.Option(help="Whom to call; officers alone see it.")]
_KEY_URL = Annotated[str | None, typer.Option("--jwks-uri", help="https: URL from which its public keys are read.")]
_ONLY = Annotated[
    bool | None,
    typer.Option("--only-trusted-documents/--any-document", help="Whether it may ask registered documents alone."),
]
_DAYS = ["%Y-%m-%d"]
_FROM = Annotated[datetime | None, typer.Option(help="First day it is served, Asia/Shanghai.", formats=_DAYS)]
_TO = Annotated[datetime | None, typer.Option(help="Last day it is served, Asia/Shanghai.", formats=_DAYS)]
_OTHER_DAY = "YYYY-MM-DD, Asia/Shanghai; none lifts it."
_NEW_FROM = Annotated[str | None, typer.Option(help=f"First day it is served, {_OTHER_DAY}")]
_NEW_TO = Annotated[str | None, typer.Option(help=f"Last day it is served, {_OTHER_DAY}")]
_NONE = "none"
_LESS = "if less than the hub allows"
_WHAT = (
    "Objects one answer may be predicted to hold",
    "Bytes one answer may be predicted to have",
    "Requests in a minute",
    "Different subjects in a day",
)
_ROWS = Annotated[int | None, typer.Option(min=1, help=f"{_WHAT[0]}, {_LESS}.")]
_BYTES = Annotated[int | None, typer.Option(min=1, help=f"{_WHAT[1]}, {_LESS}.")]
_REQUESTS = Annotated[int | None, typer.Option(min=1, help=f"{_WHAT[2]}, {_LESS}.")]
_SUBJECTS = Annotated[int | None, typer.Option(min=1, help=f"{_WHAT[3]}, {_LESS}.")]
_NEW_ROWS = Annotated[int | None, typer.Option(min=0, help=f"{_WHAT[0]}; 0 lifts it.")]
_NEW_BYTES = Annotated[int | None, typer.Option(min=0, help=f"{_WHAT[1]}; 0 lifts it.")]
_NEW_REQUESTS = Annotated[int | None, typer.Option(min=0, help=f"{_WHAT[2]}; 0 lifts it.")]
_NEW_SUBJECTS = Annotated[int | None, typer.Option(min=0, help=f"{_WHAT[3]}; 0 lifts it.")]


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(help="Partners: who may ask, their keys, documents and tokens.", no_args_is_help=True)
    app.command("add")(add)
    app.command("list")(show_all)
    app.command("show")(show)
    app.command("set")(set_entry)
    app.command("suspend")(suspend)
    app.command("resume")(resume)
    app.command("token")(token)
    app.add_typer(partner_key.build(), name="key")
    app.add_typer(partner_document.build(), name="document")
    return app


def add(
    partner_id: _ID,
    *,
    name: Annotated[str, typer.Option(help="Name in full.")],
    actor: Annotated[ActorKind, typer.Option(help=f"Kind of asker: {_ACTORS}.", case_sensitive=False)],
    organisation: Annotated[str | None, typer.Option(help="Its unified social credit code.")] = None,
    ceiling: _CEILING = None,
    region: _REGION = None,
    sector: _SECTOR = None,
    purpose: _PURPOSE = None,
    contact: _CONTACT = None,
    jwks_uri: _KEY_URL = None,
    only_trusted_documents: _ONLY = None,
    valid_from: _FROM = None,
    valid_to: _TO = None,
    rows_max: _ROWS = None,
    bytes_max: _BYTES = None,
    requests_per_minute: _REQUESTS = None,
    subjects_per_day: _SUBJECTS = None,
    reason: _REASON = "a new partner",
    submit: _SUBMIT = False,
    as_json: _JSON = False,
) -> None:
    """Admit a partner."""
    limits = _limits(
        rows_max=rows_max,
        bytes_max=bytes_max,
        requests_per_minute=requests_per_minute,
        subjects_per_day=subjects_per_day,
    )

    async def work(at: At) -> Change | Partner:
        said: dict[str, Any] = {
            "id": partner_id,
            "name": name,
            "actor": actor,
            "organisation": organisation,
            "ceiling": ceiling,
            "regions": tuple(region or ()),
            "sectors": tuple(sector or ()),
            "purposes": tuple(purpose or ()),
            "contact": contact or None,
            "jwks_uri": jwks_uri or None,
            "only_trusted_documents": bool(only_trusted_documents),
            "valid_from": None if valid_from is None else valid_from.date(),
            "valid_to": None if valid_to is None else valid_to.date(),
            **limits,
        }
        partner = admit(NewPartner(**said), at.now, purposes=await _purposes(at))
        if at.is_attended:
            return await drafted(at, NewChange(reason=reason, items=(PutPartner(**_texts(said)),)), submit=submit)
        await at.check(Duty.DRAFT_REGISTER)
        await Partners(at.engine).add(partner)
        return partner

    _print(administer(work), as_json=as_json)


def set_entry(
    partner_id: _ID,
    *,
    name: _NAME = None,
    ceiling: _CEILING = None,
    region: _REGION = None,
    sector: _SECTOR = None,
    purpose: _PURPOSE = None,
    contact: _CONTACT = None,
    jwks_uri: _KEY_URL = None,
    only_trusted_documents: _ONLY = None,
    valid_from: _NEW_FROM = None,
    valid_to: _NEW_TO = None,
    rows_max: _NEW_ROWS = None,
    bytes_max: _NEW_BYTES = None,
    requests_per_minute: _NEW_REQUESTS = None,
    subjects_per_day: _NEW_SUBJECTS = None,
    reason: _REASON = "a changed entry",
    submit: _SUBMIT = False,
    as_json: _JSON = False,
) -> None:
    """Change an entry, from its next request on; what is not named stays. An empty text lifts what is optional."""
    limits = _limits(
        rows_max=rows_max,
        bytes_max=bytes_max,
        requests_per_minute=requests_per_minute,
        subjects_per_day=subjects_per_day,
    )
    given = {
        "name": name,
        "ceiling": ceiling,
        "regions": None if region is None else tuple(region),
        "sectors": None if sector is None else tuple(sector),
        "purposes": None if purpose is None else tuple(purpose),
        "only_trusted_documents": only_trusted_documents,
    }
    lifted = {"contact": contact, "jwks_uri": jwks_uri}
    days = {"valid_from": valid_from, "valid_to": valid_to}

    async def work(at: At) -> Change | Partner:
        changes: dict[str, Any] = {
            **{key: value for key, value in given.items() if value is not None},
            **{key: value or None for key, value in lifted.items() if value is not None},
            **{key: _day(key, value) for key, value in days.items() if value is not None},
            **limits,
        }
        if not changes:
            raise BadInputError("partner: nothing to set: see hub partner set --help")
        changed = amend(await _find(at, partner_id), changes, now=at.now, purposes=await _purposes(at))
        if at.is_attended:
            item = SetPartner(id=partner_id, **_texts(changes))
            return await drafted(at, NewChange(reason=reason, items=(item,)), submit=submit)
        await at.check(Duty.DRAFT_REGISTER)
        await Partners(at.engine).put(changed)
        return changed

    _print(administer(work), as_json=as_json)


def show_all(*, as_json: _JSON = False) -> None:
    """List the partners."""

    async def work(at: At) -> list[Partner]:
        await at.check(Duty.READ_REGISTER)
        return list(await Partners(at.engine).all())

    print_entries(administer(work), as_json=as_json)


def show(partner_id: _ID, *, as_json: _JSON = False) -> None:
    """Show a partner whole, with its keys."""

    async def work(at: At) -> tuple[Partner, list[HeldKey]]:
        await at.check(Duty.READ_REGISTER)
        partner = await _find(at, partner_id)
        async with glancing(at.engine) as reader:
            return partner, list(await keys_of(reader, partner_id))

    partner, keys = administer(work)
    print_entry(partner, keys, as_json=as_json)


def suspend(partner_id: _ID, *, reason: _REASON = "suspended at the command line") -> None:
    """Refuse a partner from its next request on, whatever tokens it holds."""

    async def work(at: At) -> None:
        await at.services.restraints.suspend_partner(at.agent, partner_id, reason)

    administer(work)
    typer.echo(f"{partner_id}: {PartnerState.SUSPENDED.value}")


def resume(
    partner_id: _ID, *, reason: _REASON = "served again", submit: _SUBMIT = False, as_json: _JSON = False
) -> None:
    """Serve a suspended partner again."""

    async def work(at: At) -> Change | None:
        if at.is_attended:
            item = SetPartner(id=partner_id, state="active")
            return await drafted(at, NewChange(reason=reason, items=(item,)), submit=submit)
        await at.check(Duty.DRAFT_REGISTER)
        await Partners(at.engine).set_state(partner_id, PartnerState.ACTIVE)
        return None

    change = administer(work)
    if change is None:
        typer.echo(f"{partner_id}: {PartnerState.ACTIVE.value}")
    else:
        print_change(change, as_json=as_json)


def token(
    partner_id: _ID,
    *,
    lifetime: Annotated[
        int | None, typer.Option(min=10, metavar="SECONDS", help="At most HUB_TOKEN_LIFETIME_S, which is the default.")
    ] = None,
    as_json: _JSON = False,
) -> None:
    """
    Mint a short-lived access token that is bound to no key, where HUB_UNSAFE_BEARER_TOKENS allows such tokens.

    It alone is printed, so that $(hub partner token ID) is the token. Whoever holds it asks as the partner until it
    expires or the partner is suspended. Partners get theirs at /oauth/token, bound to a key: see docs/identity.md.
    """

    async def work(settings: Settings) -> Minted:
        if not settings.unsafe_bearer_tokens:
            raise BadInputError(
                "tokens that are bound to no key are not taken here: HUB_UNSAFE_BEARER_TOKENS=true allows them,"
                " outside production; partners get theirs at /oauth/token (docs/identity.md)"
            )
        lifetime_s = lifetime or settings.token_lifetime_s
        if lifetime_s > settings.token_lifetime_s:
            raise BadInputError(f"lifetime: at most {settings.token_lifetime_s} s (HUB_TOKEN_LIFETIME_S)")
        now = SystemClock().now()
        async with opened_store(settings) as engine:
            partner = await Partners(engine).find(partner_id)
        if partner is None:
            raise BadInputError("partner id: no such partner")
        if not partner.is_served(now):
            raise BadInputError("partner: suspended, or not in its time of validity")
        issuer = issuer_of(settings, KeyRing.open(settings.keys, create=not settings.in_production))
        return issuer.mint(partner.id, now=now, lifetime_s=lifetime_s, jti=secrets.token_urlsafe(16))

    minted = run(work)
    if as_json:
        print_json({"token": minted.token, "jti": minted.jti, "expiresAt": iso(minted.expires_at)})
        return
    typer.echo(minted.token)


async def _find(at: At, partner_id: str) -> Partner:
    found = await Partners(at.engine).find(partner_id)
    if found is None:
        raise BadInputError("partner id: no such partner")
    return found


async def _purposes(at: At) -> Container[str] | None:
    """Purposes that the policy in force knows; None if the store holds no policy yet."""
    try:
        return (await Policies(at.engine).current(at.now)).purposes
    except PolicyMissingError:
        return None


def _limits(**given: int | None) -> dict[str, int | None]:
    """The limits that were named; 0 lifts one."""
    return {name: limit or None for name, limit in given.items() if limit is not None}


def _day(field: str, text: str | None) -> date | None:
    if text in {None, "", _NONE}:
        return None
    try:
        return datetime.strptime(str(text), "%Y-%m-%d").date()  # noqa: DTZ007  a day, of no time zone
    except ValueError:
        raise BadInputError(f"partner {field}: expected a day, YYYY-MM-DD") from None


def _texts(said: dict[str, Any]) -> dict[str, Any]:
    """Spell days as change sets do."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in said.items()}


def _print(done: Change | Partner, *, as_json: bool) -> None:
    if isinstance(done, Change):
        print_change(done, as_json=as_json)
    else:
        print_entries([done], as_json=as_json)
