"""Keys at a partner's URL: read when they are needed, seldom, and the same for every worker."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.gateway.logs import make_log
from hub.identity.key_urls import KeyUrlError
from hub.identity.oauth.clients import READ_AGAIN_S, STALE_S, Clients
from hub.identity.partner_keys import revoke_key
from hub.identity.partners import Partners, PartnerState, admit
from hub.identity.public_keys import public_key
from hub.store.engine import writing
from tests.hub.gateway.standin import NOW
from tests.hub.identity.oauth.conftest import ISSUER, enrolled
from tests.hub.identity.test_partners import GROUP
from tests.support.oauth_client import OAuthClient

URL = "https://jinjiang.example/jwks.json"


class Site:
    """A partner's URL: what it shows, and how often it was read."""

    def __init__(self) -> None:
        self.keys = []
        self.reads = 0
        self.down = False

    async def __call__(self, url):
        assert URL == url
        self.reads += 1
        if self.down:
            raise KeyUrlError("nothing came within 3 s")
        return tuple(self.keys)


class Desk:
    def __init__(self, store, log) -> None:
        self.site = Site()
        self.now = NOW
        self.store = store
        self.clients = Clients(store, self.site, log)

    async def kids(self, kid=None):
        found = await self.clients.find(GROUP.id, kid, self.now)
        return None if found is None else {key.kid for key in found.keys}

    def shows(self, *clients):
        self.site.keys = [public_key(client.public) for client in clients]

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def desk(store, tmp_path):
    await Partners(store).add(admit(replace(GROUP, jwks_uri=URL), NOW))
    with (tmp_path / "log").open("w") as stream:
        yield Desk(store, make_log(stream, "debug"))


def new() -> OAuthClient:
    return OAuthClient(GROUP.id, issuer=ISSUER)


class TestFind:
    async def test_keys_are_read_before_the_first_token(self, desk):
        client = new()
        desk.shows(client)

        assert {client.jwk["kid"]} == await desk.kids()

    async def test_a_key_we_do_not_know_is_looked_for_once_a_minute(self, desk):
        before, after = new(), new()
        desk.shows(before)
        await desk.kids(before.jwk["kid"])
        desk.shows(before, after)
        told = []
        for waited in (0, READ_AGAIN_S - 1, 1):
            desk.wait(waited)
            told.append(len(await desk.kids(after.jwk["kid"])))

        assert [1, 1, 2] == told
        assert 2 == desk.site.reads

    async def test_a_key_we_know_is_checked_every_five_minutes(self, desk):
        """So that a key the partner has taken out does not live on."""
        client = new()
        desk.shows(client)
        await desk.kids(client.jwk["kid"])
        desk.shows()
        told = []
        for waited in (STALE_S - 1, 1):
            desk.wait(waited)
            told.append(await desk.kids(client.jwk["kid"]))

        assert [{client.jwk["kid"]}, set()] == told

    async def test_what_was_read_is_known_to_every_worker(self, desk):
        client = new()
        desk.shows(client)
        await desk.kids()
        other = Desk(desk.store, None)
        other.site.down = True
        other.clients = Clients(desk.store, other.site, desk.clients._log)

        assert {client.jwk["kid"]} == await other.kids()

    async def test_a_url_that_is_down_takes_no_key_away(self, desk):
        client = new()
        desk.shows(client)
        await desk.kids()
        desk.site.down = True
        desk.wait(STALE_S)

        assert {client.jwk["kid"]} == await desk.kids()

    async def test_of_many_at_once_one_reads(self, desk):
        desk.shows(new())
        told = await asyncio.gather(*(desk.kids("unknown") for _ in range(5)))

        assert (1, 5) == (desk.site.reads, len(told))

    async def test_a_revoked_key_stays_revoked_whatever_the_url_shows(self, desk):
        client = new()
        desk.shows(client)
        await desk.kids()
        async with writing(desk.store) as writer:
            await revoke_key(writer, GROUP.id, client.jwk["kid"])
        desk.wait(STALE_S)

        assert set() == await desk.kids()

    async def test_keys_by_value_need_no_url(self, desk, store):
        client = await enrolled(store, new())
        desk.site.down = True

        assert {client.jwk["kid"]} == await desk.kids()

    async def test_nobody_and_the_suspended_have_no_keys(self, desk):
        await Partners(desk.store).set_state(GROUP.id, PartnerState.SUSPENDED)

        assert await desk.kids() is None
        assert await desk.clients.find("nobody", None, NOW) is None
        assert 0 == desk.site.reads
