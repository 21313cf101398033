"""Who asks: header to caller, and that a broken token never becomes the public."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from hub.errors import UnauthenticatedError
from hub.gateway.port import Credentials
from hub.identity.certificates import Certificates, networks_of
from hub.identity.doorkeeper import Identity, Possession
from hub.identity.dpop import Proofs
from hub.identity.keys import token_key
from hub.identity.nonces import Nonces
from hub.identity.partners import Partners, PartnerState, admit
from hub.identity.tokens import KEYS_FRESH, TokenIssuer, TokenVerifier
from hub.store.epochs import Epochs
from keys.ring import KeyRing
from tests.hub.gateway.standin import NOW, FixedClock
from tests.hub.identity.test_partners import DEPARTMENT, by_hand


class Desk:
    """An identity, and the means to make tokens for it."""

    def __init__(self, engine, ring, *, remembers=True, cache_size=10, bare=True):
        self.clock = FixedClock()
        self.engine = engine
        self.ring = ring
        self.epochs = Epochs(engine)
        self.partners = Partners(engine, self.epochs if remembers else None)
        self.issuer = TokenIssuer(private_jwk=token_key(ring), issuer="https://h", audience="https://h/g")
        verifier = TokenVerifier(
            jwks=ring.jwks,
            issuer="https://h",
            audience="https://h/g",
            lifetime_max_s=300,
            skew_s=30,
            cache_size=cache_size,
        )
        self.proofs = Proofs(Nonces(bytes(32)), skew_s=30)
        self.identity = Identity(
            verifier=verifier,
            partners=self.partners,
            clock=self.clock,
            possession=Possession(
                proofs=self.proofs,
                certificates=Certificates(networks_of("10.0.0.0/8")),
                base_url="https://h",
                bare=bare,
            ),
        )

    def token(self, partner="sc"):
        return self.issuer.mint(partner, now=NOW, lifetime_s=300, jti="j").token.encode()

    async def identify(self, authorization):
        return (await self.identity.identify(Credentials(authorization=authorization))).caller

    async def refuse(self, *authorization):
        with pytest.raises(UnauthenticatedError) as caught:
            await self.identify(list(authorization))
        return caught.value


@pytest.fixture
async def desk(tmp_path, store):
    desk = Desk(store, KeyRing.open(f"file:{tmp_path}/keys", create=True))
    await desk.partners.add(admit(DEPARTMENT, NOW))
    return desk


@pytest.fixture
async def forgetful(tmp_path, store):
    """A desk that keeps nothing in memory, as a tool would."""
    desk = Desk(store, KeyRing.open(f"file:{tmp_path}/keys", create=True), remembers=False)
    await desk.partners.add(admit(DEPARTMENT, NOW))
    return desk


def reads_of(engine) -> list[str]:
    """Every statement sent to the store from now on."""
    seen: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    return seen


class TestIdentify:
    async def test_no_header_is_the_public(self, desk):
        caller = await desk.identify([])

        assert ("PU", "P", {"PUBLIC_LOOKUP"}) == (caller.actor, caller.ceiling, caller.purposes)
        assert caller.is_public

    @pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER   "])
    async def test_partner_is_known_with_its_compartments(self, desk, scheme):
        caller = await desk.identify([scheme + desk.token()])

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

    async def test_suspension_holds_from_the_next_request(self, forgetful):
        header = b"Bearer " + forgetful.token()
        caller = await forgetful.identify([header])
        await forgetful.partners.set_state("sc", PartnerState.SUSPENDED)

        assert caller.epoch is None
        assert "not an active partner" in (await forgetful.refuse(header)).message

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
        assert await desk.identify([header])
        desk.clock.at = NOW + timedelta(hours=8)

        assert await desk.refuse(header)

    async def test_token_expires(self, desk):
        header = b"Bearer " + desk.token()
        await desk.identify([header])
        desk.clock.at = NOW + timedelta(seconds=300)

        assert "expired" in (await desk.refuse(header)).message


class TestConfirm:
    """Where no commit checks the epoch of a caller from memory, the store is asked."""

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE partner SET state = 'suspended' WHERE id = 'sc'",
            "UPDATE partner SET valid_to = '2026-11-19' WHERE id = 'sc'",
            "DELETE FROM partner WHERE id = 'sc'",
        ],
    )
    async def test_who_is_not_served_any_more_is_refused_now_and_on_the_next_request(self, desk, store_url, change):
        header = b"Bearer " + desk.token()
        caller = await desk.identify([header])
        await by_hand(store_url, change)

        with pytest.raises(UnauthenticatedError, match="not an active partner"):
            await desk.identity.confirm(caller)
        assert "not an active partner" in (await desk.refuse(header)).message

    async def test_who_is_served_is_confirmed_though_others_changed(self, desk, store_url):
        caller = await desk.identify([b"Bearer " + desk.token()])
        await by_hand(store_url, "UPDATE partner SET ceiling = 'P' WHERE id = 'sc'")
        await desk.identity.confirm(caller)

        assert "P" == (await desk.identify([b"Bearer " + desk.token()])).ceiling

    async def test_public_is_confirmed_without_a_look(self, desk):
        seen = reads_of(desk.engine)
        await desk.identity.confirm(await desk.identify([]))

        assert [] == seen


class TestMemory:
    """Who was identified is remembered; it ends with the epoch, the token, the key or the day."""

    async def test_the_second_request_is_answered_from_memory_by_the_same_caller(self, desk):
        header = b"Bearer " + desk.token()
        first = await desk.identify([header])
        seen = reads_of(desk.engine)

        assert first is await desk.identify([header])
        assert [] == seen

    async def test_a_caller_says_the_epoch_it_was_read_at_and_the_public_has_none(self, desk):
        caller = await desk.identify([b"Bearer " + desk.token()])

        assert desk.epochs.known["partner"] == caller.epoch
        assert (await desk.identify([])).epoch is None

    async def test_limits_come_with_the_caller(self, desk):
        await desk.partners.set_limits("sc", {"rows_max": 50, "bytes_max": 9000})
        caller = await desk.identify([b"Bearer " + desk.token()])

        assert (50, 9000) == (caller.rows_max, caller.bytes_max)

    async def test_suspended_by_hand_elsewhere_is_refused_as_soon_as_the_epoch_is_noted(self, desk, store_url):
        """
        Until some commit or look has told of the change, memory still names the caller; but with the old epoch, which
        the commit of its answer refuses. From then on it is nobody.
        """
        header = b"Bearer " + desk.token()
        before = await desk.identify([header])
        await by_hand(store_url, "UPDATE partner SET state = 'suspended' WHERE id = 'sc'")
        still = await desk.identify([header])
        stands = await desk.epochs.confirm({"partner": still.epoch})

        assert before is still
        assert not stands
        assert "not an active partner" in (await desk.refuse(header)).message

    @pytest.mark.parametrize(
        "change",
        [
            "DELETE FROM partner WHERE id = 'sc'",
            "UPDATE partner SET valid_to = '2026-11-19' WHERE id = 'sc'",
            "UPDATE partner SET id = 'another' WHERE id = 'sc'",
        ],
    )
    async def test_whatever_ends_a_partner_ends_what_is_remembered(self, desk, store_url, change):
        header = b"Bearer " + desk.token()
        caller = await desk.identify([header])
        await by_hand(store_url, change)
        # As a stale commit tells it: the current value, before any look of ours.
        desk.epochs.note({"partner": caller.epoch + 1})

        assert await desk.refuse(header)

    async def test_a_stricter_ceiling_holds_once_noted(self, desk, store_url):
        header = b"Bearer " + desk.token()
        await desk.identify([header])
        await by_hand(store_url, "UPDATE partner SET ceiling = 'P' WHERE id = 'sc'")
        await desk.epochs.refresh()

        assert "P" == (await desk.identify([header])).ceiling

    async def test_nobody_is_refused_from_memory(self, desk, store_url):
        """Who was reinstated is served on the next request, though nobody told this process."""
        await by_hand(store_url, "UPDATE partner SET state = 'suspended' WHERE id = 'sc'")
        header = b"Bearer " + desk.token()
        await desk.refuse(header)
        await by_hand(store_url, "UPDATE partner SET state = 'active' WHERE id = 'sc'")

        assert "sc" == (await desk.identify([header])).partner

    async def test_an_expired_token_is_not_remembered_any_longer(self, desk):
        header = b"Bearer " + desk.token()
        await desk.identify([header])
        desk.clock.at = NOW + timedelta(seconds=299)
        assert await desk.identify([header])
        desk.clock.at = NOW + timedelta(seconds=300)

        assert "expired" in (await desk.refuse(header)).message

    async def test_a_key_taken_out_of_the_ring_ends_its_tokens_within_its_time(self, desk, tmp_path):
        header = b"Bearer " + desk.token()
        await desk.identify([header])
        for kept in (tmp_path / "keys").rglob("*access-tokens*"):
            kept.unlink()
        desk.clock.at = NOW + KEYS_FRESH

        assert "key we do not have" in (await desk.refuse(header)).message

    async def test_another_header_with_the_same_token_takes_no_further_place(self, desk):
        """Else one token in many spellings would push everybody else out."""
        plain = b"Bearer " + desk.token()
        first = await desk.identify([plain])
        padded = await desk.identify([plain.replace(b" ", b" " * 900)])
        seen = reads_of(desk.engine)

        assert first == padded
        assert first is not await desk.identify([plain.replace(b" ", b" " * 900)])
        assert [] == seen

    async def test_only_so_many_are_remembered(self, tmp_path, store):
        desk = Desk(store, KeyRing.open(f"file:{tmp_path}/keys", create=True), cache_size=1)
        await desk.partners.add(admit(DEPARTMENT, NOW))
        headers = [
            b"Bearer " + desk.issuer.mint("sc", now=NOW, lifetime_s=300, jti=f"j{number}").token.encode()
            for number in range(2)
        ]
        first, second = [await desk.identify([header]) for header in headers]

        assert second is await desk.identify([headers[1]])
        assert first is not await desk.identify([headers[0]])

    async def test_without_a_memory_for_tokens_nobody_is_remembered(self, tmp_path, store):
        desk = Desk(store, KeyRing.open(f"file:{tmp_path}/keys", create=True), cache_size=0)
        await desk.partners.add(admit(DEPARTMENT, NOW))
        header = b"Bearer " + desk.token()

        assert await desk.identify([header]) is not await desk.identify([header])

    async def test_a_refused_header_is_never_remembered(self, desk):
        header = b"Bearer " + desk.token("nobody")
        await desk.refuse(header)
        await desk.partners.add(admit(replace(DEPARTMENT, id="nobody"), NOW))

        assert "nobody" == (await desk.identify([header])).partner
