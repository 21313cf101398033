"""Who asks: header to caller, and that a broken token never becomes the public."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.errors import UnauthenticatedError
from hub.identity.doorkeeper import Identity
from hub.identity.keys import token_key
from hub.identity.partners import Partners, PartnerState, admit
from hub.identity.tokens import TokenIssuer, TokenVerifier
from hub.store.engine import open_engine
from keys.ring import KeyRing
from tests.hub.gateway.standin import NOW, FixedClock
from tests.hub.identity.test_partners import DEPARTMENT


class Desk:
    """An identity, and the means to make tokens for it."""

    def __init__(self, engine, ring):
        self.clock = FixedClock()
        self.partners = Partners(engine)
        self.issuer = TokenIssuer(private_jwk=token_key(ring), issuer="https://h", audience="https://h/g")
        verifier = TokenVerifier(
            jwks=ring.jwks, issuer="https://h", audience="https://h/g", lifetime_max_s=300, skew_s=30, cache_size=10
        )
        self.identity = Identity(verifier=verifier, partners=self.partners, clock=self.clock)

    def token(self, partner="sc"):
        return self.issuer.mint(partner, now=NOW, lifetime_s=300, jti="j").token.encode()

    async def refuse(self, *authorization):
        with pytest.raises(UnauthenticatedError) as caught:
            await self.identity.identify(list(authorization))
        return caught.value


@pytest.fixture
async def desk(tmp_path, sqlite_url):
    engine = open_engine(sqlite_url)
    desk = Desk(engine, KeyRing.open(f"file:{tmp_path}/keys", create=True))
    await desk.partners.add(admit(DEPARTMENT, NOW))
    yield desk
    await engine.dispose()


class TestIdentify:
    async def test_no_header_is_the_public(self, desk):
        caller = await desk.identity.identify([])

        assert ("PU", "P", {"PUBLIC_LOOKUP"}) == (caller.actor, caller.ceiling, caller.purposes)
        assert caller.is_public

    @pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER   "])
    async def test_partner_is_known_with_its_compartments(self, desk, scheme):
        caller = await desk.identity.identify([scheme + desk.token()])

        assert ("sc", "LD", {"51"}, "j") == (caller.partner, caller.actor, caller.regions, caller.token_id)
        assert DEPARTMENT.organisation == caller.organisation

    @pytest.mark.parametrize(
        "header",
        [b"", b" ", b"Bearer", b"Bearer ", b"Basic dTpw", b"DPoP abc", b"Bearer a b", b"Bearer \xff", b"Bearer a,b",
         b"secret", b"Bearer nonsense", b"Bearer a.b.c"],
    )  # fmt: skip
    async def test_broken_header_is_never_the_public(self, desk, header):
        refusal = await desk.refuse(header)

        assert 401 == refusal.status

    async def test_two_headers_are_refused_even_if_both_are_good(self, desk):
        """A proxy reads the first, we would read the last."""
        header = b"Bearer " + desk.token()

        assert "invalid_request" == (await desk.refuse(header, header)).error

    async def test_suspension_holds_from_the_next_request(self, desk):
        header = b"Bearer " + desk.token()
        await desk.identity.identify([header])
        await desk.partners.set_state("sc", PartnerState.SUSPENDED)

        assert "not an active partner" in (await desk.refuse(header)).message

    async def test_unknown_and_suspended_are_told_the_same(self, desk):
        await desk.partners.set_state("sc", PartnerState.SUSPENDED)
        suspended, unknown = (
            await desk.refuse(b"Bearer " + desk.token()),
            await desk.refuse(b"Bearer " + desk.token("nobody")),
        )

        assert suspended.message == unknown.message

    async def test_validity_of_the_partner_ends(self, desk):
        await desk.partners.add(admit(replace(DEPARTMENT, id="short", valid_to=date(2026, 11, 20)), NOW))
        header = b"Bearer " + desk.token("short")
        assert await desk.identity.identify([header])
        desk.clock.at = NOW + timedelta(hours=8)

        assert await desk.refuse(header)

    async def test_token_expires(self, desk):
        header = b"Bearer " + desk.token()
        await desk.identity.identify([header])
        desk.clock.at = NOW + timedelta(seconds=300)

        assert "expired" in (await desk.refuse(header)).message
