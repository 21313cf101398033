"""A token is good in the hands it was given into: by a proof for this request, or by the client certificate."""

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import BadInputError, UnauthenticatedError
from hub.gateway.port import Credentials
from hub.identity.client_keys import public_part
from hub.identity.partner_keys import add_key, revoke_key
from hub.identity.partners import admit, refuse_tokens_before
from hub.identity.public_keys import public_key, to_base64url
from hub.identity.revocations import revoke_by_id
from hub.identity.tokens import KEYS_FRESH, Binding
from hub.store.engine import writing
from keys.ring import KeyRing
from tests.hub.gateway.standin import NOW
from tests.hub.identity.test_certificates import certificate
from tests.hub.identity.test_doorkeeper import Desk, reads_of
from tests.hub.identity.test_partners import DEPARTMENT, by_hand
from tests.support.oauth_client import OAuthClient

URL = "https://h/graphql"
PROXY, STRANGER = "10.1.1.1", "192.0.2.1"
DER = certificate().public_bytes(Encoding.DER)
FIELD = b":" + base64.b64encode(DER) + b":"
OTHER = b":" + base64.b64encode(certificate("other").public_bytes(Encoding.DER)) + b":"
X5T = to_base64url(hashlib.sha256(DER).digest())


class Holder:
    """A desk that takes no bare tokens, and a client whose key is registered there."""

    def __init__(self, desk: Desk, client: OAuthClient) -> None:
        self.desk = desk
        self.client = client
        self.key = public_key(client.public)

    def token(self, *, jti="j", **bound) -> str:
        binding = Binding(**{"client_key": self.key.thumbprint, **(bound or {"jkt": self.jkt})})
        minted = self.desk.issuer.mint("sc", now=self.desk.clock.now(), lifetime_s=300, jti=jti, binding=binding)
        return minted.token

    @property
    def jkt(self) -> str:
        return public_key(public_part(self.client.proof_jwk)).thumbprint

    def proof(self, token, **changes) -> str:
        now = self.desk.clock.now()
        nonce = self.desk.proofs.nonce(now)
        return self.client.proof(now, "POST", URL, **{"nonce": nonce, "token": token, **changes})

    async def shows(self, token, *proofs, scheme="DPoP", **more):
        """Ask with *token*, by a good proof unless others are given."""
        given = [self.proof(token)] if not proofs else [proof for proof in proofs if proof is not None]
        return await self.desk.identity.identify(
            Credentials(
                authorization=[f"{scheme} {token}".encode()], proofs=[proof.encode() for proof in given], **more
            )
        )

    async def refused(self, token, *proofs, **more) -> UnauthenticatedError:
        with pytest.raises(UnauthenticatedError) as caught:
            await self.shows(token, *proofs, **more)
        return caught.value


@pytest.fixture
async def holder(tmp_path, store):
    desk = Desk(store, KeyRing.open(f"file:{tmp_path}/keys", create=True), bare=False)
    await desk.partners.add(admit(DEPARTMENT, NOW))
    holder = Holder(desk, OAuthClient("sc", issuer="https://h"))
    async with writing(store) as writer:
        await add_key(writer, "sc", holder.key, now=NOW)
    return holder


class TestByProof:
    async def test_the_holder_is_known_and_its_proof_must_be_used_up(self, holder):
        token = holder.token()
        first, second = await holder.shows(token), await holder.shows(token)

        assert "sc" == first.caller.partner
        assert first.caller is second.caller
        assert first.proof.digest != second.proof.digest
        assert first.nonce is None

    async def test_the_second_time_the_store_is_not_asked(self, holder):
        token = holder.token()
        await holder.shows(token)
        seen = reads_of(holder.desk.engine)
        await holder.shows(token)

        assert [] == seen

    async def test_the_scheme_is_said_in_any_case(self, holder):
        assert (await holder.shows(holder.token(), scheme="dpop")).proof

    async def test_as_a_bearer_token_it_is_refused(self, holder):
        """RFC 9449, 7.1: a bound token must not be accepted under another scheme."""
        token = holder.token()
        errors = [await holder.refused(token, proof, scheme="Bearer") for proof in (None, holder.proof(token))]

        assert ["invalid_token"] * 2 == [error.error for error in errors]
        assert all(error.headers["www-authenticate"].startswith("DPoP ") for error in errors)

    async def test_also_when_it_is_known_already(self, holder):
        token = holder.token()
        await holder.shows(token)

        assert "invalid_token" == (await holder.refused(token, None, scheme="Bearer")).error

    async def test_the_challenge_says_how(self, holder):
        token = holder.token()
        error = await holder.refused(token, holder.proof(token, nonce=...))

        assert ("use_dpop_nonce", holder.desk.proofs.nonce(NOW)) == (error.error, error.headers["dpop-nonce"])
        assert 'error="use_dpop_nonce"' in error.headers["www-authenticate"]
        assert 'algs="PS256 ES256 EdDSA Ed25519"' in error.headers["www-authenticate"]

    @pytest.mark.parametrize(
        "changes",
        [{"htm": "GET"}, {"htu": "https://h/oauth/token"}, {"htu": "https://evil/graphql"}, {"ath": "x"},
         {"ath": ...},
         {"iat": int(NOW.timestamp()) - 91}, {"jti": ...}],
    )  # fmt: skip
    async def test_a_proof_for_something_else(self, holder, changes):
        token = holder.token()

        assert "invalid_dpop_proof" == (await holder.refused(token, holder.proof(token, **changes))).error

    @pytest.mark.parametrize("count", [0, 2])
    async def test_not_exactly_one(self, holder, count):
        token = holder.token()
        proofs = [holder.proof(token) for _ in range(count)] or [None]

        assert "invalid_dpop_proof" == (await holder.refused(token, *proofs)).error

    async def test_a_stolen_token_with_another_key(self, holder):
        token = holder.token()
        thief = Holder(holder.desk, OAuthClient("sc", issuer="https://h"))

        assert "invalid_token" == (await holder.refused(token, thief.proof(token))).error

    async def test_by_get_the_proof_names_get(self, holder):
        token = holder.token()

        assert (await holder.shows(token, holder.proof(token, htm="GET"), method="GET")).proof
        assert await holder.refused(token, holder.proof(token), method="GET")

    async def test_at_another_window_the_proof_names_that(self, holder):
        token = holder.token()

        assert await holder.shows(token, holder.proof(token, htu="https://h/consent/graphql"), path="/consent/graphql")
        assert await holder.refused(token, holder.proof(token), path="/consent/graphql")

    async def test_a_new_nonce_is_told_in_time(self, holder):
        token = holder.token()
        nonce = holder.desk.proofs.nonce(NOW)
        holder.desk.clock.at = NOW + timedelta(seconds=120)
        found = await holder.shows(token, holder.proof(token, nonce=nonce))

        assert holder.desk.proofs.nonce(holder.desk.clock.at) == found.nonce

    async def test_a_proof_without_a_token_is_not_the_public(self, holder):
        with pytest.raises(UnauthenticatedError, match="no token beside it"):
            await holder.desk.identity.identify(Credentials(authorization=[], proofs=[holder.proof("x").encode()]))


class TestByCertificate:
    async def test_the_holder_is_known_by_the_certificate_of_its_connection(self, holder):
        token = holder.token(x5t=X5T)
        found = [await holder.shows(token, None, scheme="Bearer", certificate=FIELD, peer=PROXY) for _ in range(2)]

        assert ["sc", "sc"] == [each.caller.partner for each in found]
        assert found[0] is found[1]
        assert found[0].proof is None

    @pytest.mark.parametrize("certificate", [None, OTHER])
    async def test_without_it_or_with_another_the_token_is_refused(self, holder, certificate):
        token = holder.token(x5t=X5T)
        await holder.shows(token, None, scheme="Bearer", certificate=FIELD, peer=PROXY)

        error = await holder.refused(token, None, scheme="Bearer", certificate=certificate, peer=PROXY)
        assert "another" in error.message or "not the one shown" in error.message

    @pytest.mark.parametrize("peer", [STRANGER, None])
    @pytest.mark.parametrize("bound", [{"x5t": X5T}, {}])
    async def test_a_certificate_from_a_stranger_refuses_the_request(self, holder, peer, bound):
        """Also for a token that needs none: whoever sends it believes it counts."""
        token = holder.token(**bound)

        with pytest.raises(BadInputError, match="not a trusted proxy"):
            await holder.shows(token, scheme="Bearer" if bound else "DPoP", certificate=FIELD, peer=peer)

    async def test_also_of_the_public(self, holder):
        with pytest.raises(BadInputError, match="not a trusted proxy"):
            await holder.desk.identity.identify(Credentials(authorization=[], certificate=FIELD, peer=STRANGER))

    async def test_behind_the_proxy_the_public_is_the_public(self, holder):
        found = await holder.desk.identity.identify(Credentials(authorization=[], certificate=FIELD, peer=PROXY))

        assert found.caller.is_public

    async def test_a_proof_does_not_replace_it(self, holder):
        token = holder.token(x5t=X5T)

        assert "invalid_token" == (await holder.refused(token, certificate=FIELD, peer=PROXY)).error


class TestBare:
    async def test_a_bare_token_is_not_taken(self, holder):
        with pytest.raises(UnauthenticatedError, match="bound to no key"):
            await holder.desk.identity.identify(Credentials(authorization=[b"Bearer " + holder.desk.token()]))

    async def test_where_it_is_a_proof_beside_it_is_refused(self, tmp_path, store, holder):
        unsafe = Desk(store, holder.desk.ring)
        header = b"Bearer " + unsafe.token()
        proof = holder.proof(header[7:].decode()).encode()

        assert (await unsafe.identity.identify(Credentials(authorization=[header]))).caller.partner
        with pytest.raises(UnauthenticatedError, match="not bound to the key of a proof"):
            await unsafe.identity.identify(Credentials(authorization=[header], proofs=[proof]))


class TestTakenBack:
    """Each ends what is remembered, on every worker, by the epoch `partner`."""

    async def ends(self, holder, store_url=None, change=None) -> None:
        token = holder.token()
        before = await holder.shows(token)
        if change is not None:
            await by_hand(store_url, change)
        stands = await holder.desk.epochs.confirm({"partner": before.caller.epoch})

        assert not stands
        assert "taken back" in (await holder.refused(token)).message
        with pytest.raises(UnauthenticatedError, match="taken back"):
            await holder.desk.identity.confirm(before.caller)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE partner_key SET state = 'revoked'",
            "UPDATE partner_key SET valid_to = '2026-11-20T08:00:00.000000Z'",
            "DELETE FROM partner_key",
            "INSERT INTO revoked_token (jti, partner, expires_at) VALUES ('j', 'sc', '2026-11-20T09:00:00.000000Z')",
            "UPDATE partner SET tokens_after = '2026-11-20T08:00:00.000001Z'",
            "UPDATE partner SET state = 'suspended'",
            "UPDATE partner SET valid_from = '2026-11-21'",
        ],
    )
    async def test_by_a_hand_at_the_database(self, holder, store_url, change):
        await self.ends(holder, store_url, change)

    async def test_the_key_it_was_got_by(self, holder, store):
        token = holder.token()
        before = await holder.shows(token)
        async with writing(store) as writer:
            await revoke_key(writer, "sc", holder.key.kid)

        assert not await holder.desk.epochs.confirm({"partner": before.caller.epoch})
        assert "taken back" in (await holder.refused(token)).message

    async def test_another_key_of_the_partner_takes_nothing_with_it(self, holder, store):
        other = OAuthClient("sc", issuer="https://h")
        async with writing(store) as writer:
            await add_key(writer, "sc", public_key(other.public), now=NOW)
            await revoke_key(writer, "sc", other.jwk["kid"])

        assert "sc" == (await holder.shows(holder.token())).caller.partner

    async def test_one_token_and_no_other(self, holder, store):
        async with writing(store) as writer:
            until = NOW + timedelta(minutes=5)
            first = await revoke_by_id(writer, "j", "sc", expires_at=until, now=NOW)
            again = await revoke_by_id(writer, "j", "sc", expires_at=until, now=NOW)

        assert (True, False) == (first, again)
        assert "taken back" in (await holder.refused(holder.token(jti="j"))).message
        assert "sc" == (await holder.shows(holder.token(jti="k"))).caller.partner

    async def test_all_that_were_issued_before(self, holder, store):
        old = holder.token()
        holder.desk.clock.at = NOW + timedelta(seconds=1)
        async with writing(store) as writer:
            await refuse_tokens_before(writer, "sc", holder.desk.clock.at)

        assert "taken back" in (await holder.refused(old)).message
        assert "sc" == (await holder.shows(holder.token())).caller.partner

    async def test_the_moment_the_clients_key_ends(self, holder, store_url):
        await by_hand(store_url, "UPDATE partner_key SET valid_to = '2026-11-20T08:01:00.000000Z'")
        token = holder.token()
        holder.desk.clock.at = NOW + timedelta(seconds=59)
        served = await holder.shows(token)
        holder.desk.clock.at = NOW + timedelta(seconds=60)

        assert "sc" == served.caller.partner
        assert "taken back" in (await holder.refused(token)).message

    async def test_a_key_taken_out_of_the_hubs_ring_stops_within_a_second(self, holder, tmp_path):
        token = holder.token()
        await holder.shows(token)
        for kept in (tmp_path / "keys").rglob("*access-tokens*"):
            kept.unlink()
        holder.desk.clock.at = NOW + KEYS_FRESH

        assert timedelta(seconds=1) >= KEYS_FRESH
        assert "key we do not have" in (await holder.refused(token)).message

    async def test_a_token_that_names_no_key_of_its_client_is_refused(self, holder):
        stray = replace(holder.key, thumbprint=to_base64url(bytes(32)))
        holder.key = stray

        assert "taken back" in (await holder.refused(holder.token())).message
