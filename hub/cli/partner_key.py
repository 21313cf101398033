"""`hub partner key`: the public keys a partner authenticates with."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.administration.items import PutPartnerKey
from hub.administration.model import Change, NewChange
from hub.cli.administering import At, administer
from hub.cli.changes import drafted, print_change
from hub.cli.partner_words import print_keys
from hub.cli.session import run
from hub.cli.tables import print_json
from hub.clock import iso
from hub.errors import BadInputError
from hub.identity.client_keys import keep_private, new_client_key, public_part, read_public
from hub.identity.officers.duties import Duty
from hub.identity.partner_keys import HeldKey, add_key, keys_of
from hub.identity.partners import find_partner
from hub.identity.public_keys import SET_MAX_BYTES, PublicKey
from hub.settings import Settings
from hub.store.engine import reading, writing
from keys.canonical import canonical_json

_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ID = Annotated[str, typer.Argument(help="Identifier of the partner.", metavar="ID")]
_REASON = Annotated[str, typer.Option(help="Why, 1 to 500 characters; others read it.")]


def build() -> typer.Typer:
    """Make the group of commands."""
    app = typer.Typer(
        help="Public keys of a partner; two may be active, so that one follows another.", no_args_is_help=True
    )
    app.command("add")(add)
    app.command("list")(show)
    app.command("remove")(remove)
    app.command("make")(make)
    return app


def add(
    partner_id: _ID,
    file: Annotated[Path, typer.Argument(help="JWK, JWK Set or PEM of public keys; - reads stdin.", metavar="FILE")],
    *,
    valid_to: Annotated[
        datetime | None, typer.Option(help="Instant (UTC) from which it is refused.", formats=["%Y-%m-%dT%H:%M:%S"])
    ] = None,
    reason: _REASON = "a key of the partner",
    submit: Annotated[
        bool, typer.Option("--submit", help="Where officers approve: submit the change set at once.")
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Register public keys, beside those that are there."""
    until = None if valid_to is None else valid_to.replace(tzinfo=UTC)

    async def work(at: At) -> Change | list[HeldKey]:
        keys = read_public(_read(file))
        if at.is_attended:
            items = tuple(
                PutPartnerKey(partner=partner_id, jwk=_jwk(key), valid_to=None if until is None else iso(until))
                for key in keys
            )
            return await drafted(at, NewChange(reason=reason, items=items), submit=submit)
        await at.check(Duty.DRAFT_REGISTER)
        async with writing(at.engine) as writer:
            for key in keys:
                await add_key(writer, partner_id, key, now=at.now, valid_to=until)
        return await _keys(at, partner_id)

    done = administer(work)
    if isinstance(done, Change):
        print_change(done, as_json=as_json)
    else:
        print_keys(done, as_json=as_json)


def show(partner_id: _ID, *, as_json: _JSON = False) -> None:
    """List the keys of a partner, also those that are of no use any more."""

    async def work(at: At) -> list[HeldKey]:
        await at.check(Duty.READ_REGISTER)
        return await _keys(at, partner_id)

    print_keys(administer(work), as_json=as_json)


def remove(
    partner_id: _ID,
    kid: Annotated[str, typer.Argument(help="The key's kid, or its thumbprint.", metavar="KID")],
    *,
    reason: _REASON = "revoked at the command line",
    as_json: _JSON = False,
) -> None:
    """Revoke a key for ever; tokens got with it are refused from the next request on."""

    async def work(at: At) -> list[HeldKey]:
        await at.services.restraints.revoke_key(at.agent, partner_id, kid, reason)
        return await _keys(at, partner_id)

    print_keys(administer(work), as_json=as_json)


def make(
    file: Annotated[Path, typer.Argument(help="New file for the private key, mode 0600.", metavar="FILE")],
    *,
    algorithm: Annotated[str, typer.Option(help="ES256, EdDSA or PS256.")] = "ES256",
) -> None:
    """
    Make a private key for a client, and print its public half for `hub partner key add`.

    The private key belongs to the partner: it is made where the partner's program runs.
    """

    async def work(_settings: Settings) -> dict[str, object]:
        jwk = new_client_key(algorithm)
        keep_private(jwk, file)
        return {**public_part(jwk), "kid": jwk["kid"], "alg": jwk["alg"], "use": "sig"}

    print_json(run(work))


async def _keys(at: At, partner_id: str) -> list[HeldKey]:
    async with reading(at.engine) as reader:
        if await find_partner(reader, partner_id) is None:
            raise BadInputError("partner id: no such partner")
        return list(await keys_of(reader, partner_id))


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(SET_MAX_BYTES + 1)
    with file.open("rb") as opened:
        return opened.read(SET_MAX_BYTES + 1)


def _jwk(key: PublicKey) -> str:
    return canonical_json({**key.jwk, "kid": key.kid}).decode()
