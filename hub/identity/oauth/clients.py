"""
Clients of the authorization server: partners, with the keys that they may authenticate with now.

Rules:
    - The store is asked for every token; nothing is kept, so that a revoked key gives no further token.
    - A partner's URL is read when an assertion names a key we do not know, and when it was last read five minutes ago;
      never more than once a minute for one partner. If it cannot be read, the keys we have stand.
    - What is read goes into the store, so that all workers know the same keys.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import FilteringBoundLogger

from hub.identity.key_urls import KeyUrlError
from hub.identity.partner_keys import keys_of, take_over
from hub.identity.partners import Partner, find_partner
from hub.identity.public_keys import PublicKey
from hub.store.engine import glancing, writing

READ_AGAIN_S = 60.0
STALE_S = 300.0
_KEPT = 10_000

ReadKeys = Callable[[str], Awaitable[tuple[PublicKey, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A partner that is served now, and its active keys."""

    partner: Partner
    keys: tuple[PublicKey, ...]


class Clients:
    """Finds clients. One per process; when a URL was last read is its own affair."""

    def __init__(self, engine: AsyncEngine, read_keys: ReadKeys, log: FilteringBoundLogger) -> None:
        self._engine = engine
        self._read_keys = read_keys
        self._log = log
        self._tried_at: OrderedDict[str, float] = OrderedDict()
        self._reading: dict[str, asyncio.Lock] = {}

    async def find(self, client_id: str, kid: str | None, now: datetime) -> Client | None:
        """
        Find the client that an assertion names, its keys read anew if need be.

        Args:
            client_id: Has the form of a partner's identifier.
            kid: The key that the assertion names; None if it names none.
            now: Aware.

        Returns:
            None if there is no such partner, or it is not served.
        """
        client = await self._stored(client_id, now)
        if client is None or client.partner.jwks_uri is None:
            return client
        is_known = any(kid in {None, key.kid} for key in client.keys)
        if not self._is_due(client_id, now, is_known=is_known):
            return client
        await self._read(client_id, client.partner.jwks_uri, now)
        return await self._stored(client_id, now)

    async def _stored(self, client_id: str, now: datetime) -> Client | None:
        async with glancing(self._engine) as reader:
            partner = await find_partner(reader, client_id)
            if partner is None or not partner.is_served(now):
                return None
            held = await keys_of(reader, client_id)
        return Client(partner=partner, keys=tuple(one.key for one in held if one.is_active(now)))

    def _is_due(self, client_id: str, now: datetime, *, is_known: bool) -> bool:
        tried_at = self._tried_at.get(client_id)
        if tried_at is None:
            return True
        since = now.timestamp() - tried_at
        return since >= (STALE_S if is_known else READ_AGAIN_S) or since < 0

    async def _read(self, client_id: str, url: str, now: datetime) -> None:
        lock = self._reading.setdefault(client_id, asyncio.Lock())
        before = self._tried_at.get(client_id)
        async with lock:
            if self._tried_at.get(client_id) != before:
                return  # somebody else has just read it
            try:
                keys = await self._read_keys(url)
            except KeyUrlError as error:
                self._log.warning("key_url", partner=client_id, error=str(error))
            else:
                async with writing(self._engine) as writer:
                    await take_over(writer, client_id, keys, now=now)
            self._note(client_id, now)
        if not lock.locked():
            self._reading.pop(client_id, None)

    def _note(self, client_id: str, now: datetime) -> None:
        self._tried_at[client_id] = now.timestamp()
        self._tried_at.move_to_end(client_id)
        while len(self._tried_at) > _KEPT:
            self._tried_at.popitem(last=False)
