"""Admits the demonstration's askers: each partner gets a key of its own, and a plain token to paste."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import Clock
from hub.demo.question import Asker
from hub.identity.assembly import issuer_of
from hub.identity.client_keys import keep_private, new_client_key, public_part
from hub.identity.partner_keys import add_key, keys_of
from hub.identity.partners import Partners, admit
from hub.identity.public_keys import PublicKey, public_key, read_members
from hub.settings import Settings
from hub.store.engine import open_engine, writing
from keys.ring import KeyRing

CLIENTS = "clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """
    What an asker asks with.

    Attributes:
        token: A token bound to nothing, good for an hour; for curl and GraphiQL.
        key: File of its private key (JWK), for a client that gets tokens at the token endpoint.
    """

    token: str
    key: Path


async def admit_all(
    settings: Settings, ring: KeyRing, chosen: Sequence[Asker], clock: Clock, directory: Path
) -> Mapping[str, Admitted]:
    """
    Admit the askers that are partners, unless they are there already.

    Args:
        settings: Of the hub.
        ring: Its keys.
        chosen: Who asks.
        clock: The time.
        directory: For the private keys, in a folder of its own.

    Returns:
        Asker's name -> what it asks with; the public has nothing.
    """
    folder = directory / CLIENTS
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    issuer = issuer_of(settings, ring)
    engine = open_engine(settings.database_url)
    admitted: dict[str, Admitted] = {}
    try:
        for asker in chosen:
            if asker.partner is None:
                continue
            now = clock.now()
            if await Partners(engine).find(asker.partner.id) is None:
                await Partners(engine).add(admit(asker.partner, now))
            key = folder / f"{asker.partner.id}.jwk"
            await _register(engine, asker.partner.id, key, clock)
            minted = issuer.mint(asker.partner.id, now=now, lifetime_s=settings.token_lifetime_s, jti=token_urlsafe(16))
            admitted[asker.name] = Admitted(token=minted.token, key=key)
    finally:
        await engine.dispose()
    return admitted


def _public_half(file: Path) -> PublicKey:
    if not file.exists():
        keep_private(new_client_key("ES256"), file)
    members = read_members(file.read_bytes())
    return public_key({**public_part(members), "kid": members["kid"]})


async def _register(engine: AsyncEngine, partner_id: str, file: Path, clock: Clock) -> None:
    key = _public_half(file)
    async with writing(engine) as writer:
        held = await keys_of(writer, partner_id)
        if all(one.key.thumbprint != key.thumbprint for one in held):
            await add_key(writer, partner_id, key, now=clock.now())
