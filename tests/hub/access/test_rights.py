"""Consents and grants: valid now or not at all, and gone on the next question after they were revoked."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from hub.access.rights import NO_RIGHTS, Rights
from hub.identity.caller import the_public
from hub.store.administration_tables import AccessGrant, ConsentRow
from hub.store.engine import writing
from hub.store.epochs import EpochMissingError, Epochs
from hub.store.tables import Epoch, table_of
from schema.catalogue.model import Category
from schema.policy.model import ActorKind
from schema.tiers import Tier
from tests.support.people import GROUP, caller

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SUBJECT = "91510100MA6CDE1F2X"
BUYER = caller(ActorKind.GC, partner="buyer", organisation=GROUP)
GRANT = {
    "id": "g-1", "partner": "buyer", "category": "C06", "coordinates": '["Penalty.facts"]', "source": "national",
    "subject": None, "purpose": "MARKET_TRADE", "tier": "G", "valid_from": "2026-11-20T07:00:00.000000Z",
    "valid_to": "2026-11-20T09:00:00.000000Z", "break_glass": True, "reason": "r", "given_by": "o", "given_at": "t",
}  # fmt: skip
CONSENT = {
    "subject_code": SUBJECT, "id": "c-1", "grantee": GROUP, "purpose": "FINANCING", "items": '["C15", "C16"]',
    "valid_from": "2026-11-20", "valid_to": "2026-11-20", "evidence": "sm3:00", "given_by": "p", "given_at": "t",
}  # fmt: skip


async def put(store, model, row):
    async with writing(store) as writer:
        await writer.write(insert(table_of(model)), [row])


async def change(store, model, **values):
    async with writing(store) as writer:
        await writer.write(update(table_of(model)).values(**values))


@pytest.fixture
def rights(store):
    return Rights(store, Epochs(store))


class TestWhatIsHeld:
    async def test_the_public_has_none_and_is_not_looked_up(self, rights):
        assert (NO_RIGHTS, None) == await rights.of(the_public(), NOW)

    async def test_partner_without_any_has_none(self, store, rights):
        await put(store, AccessGrant, {**GRANT, "partner": "other"})
        await put(store, ConsentRow, {**CONSENT, "grantee": "91510100MA6CDE1F2Y"})

        held, epoch = await rights.of(BUYER, NOW)

        assert NO_RIGHTS is held
        assert isinstance(epoch, int)

    async def test_grant_says_all_that_bounds_it(self, store, rights):
        await put(store, AccessGrant, GRANT)

        (grant,) = (await rights.of(BUYER, NOW))[0].grants

        assert ("g-1", Category.C06, frozenset({"Penalty.facts"})) == (grant.id, grant.category, grant.coordinates)
        assert ("national", None, "MARKET_TRADE", Tier.G) == (grant.source, grant.subject, grant.purpose, grant.tier)
        assert grant.break_glass is True

    async def test_consent_is_given_to_the_organisation(self, store, rights):
        await put(store, ConsentRow, CONSENT)

        (consent,) = (await rights.of(BUYER, NOW))[0].consents

        assert (SUBJECT, "FINANCING") == (consent.subject, consent.purpose)
        assert frozenset({Category.C15, Category.C16}) == consent.items
        nameless = caller(ActorKind.OP, partner="operator")
        assert NO_RIGHTS is (await rights.of(nameless, NOW))[0]


class TestTime:
    @pytest.mark.parametrize(
        ("at", "held"),
        [("06:59:59", False), ("07:00:00", True), ("08:59:59", True), ("09:00:00", False), ("23:00:00", False)],
    )
    async def test_grant_holds_from_its_first_instant_until_before_its_last(self, store, rights, at, held):
        await put(store, AccessGrant, GRANT)

        assert held == bool((await rights.of(BUYER, datetime.fromisoformat(f"2026-11-20T{at}+00:00")))[0].grants)

    @pytest.mark.parametrize(
        ("at", "held"),
        [
            ("2026-11-19T15:59:59", False), ("2026-11-19T16:00:00", True), ("2026-11-20T15:59:59", True),
            ("2026-11-20T16:00:00", False),
        ],
    )  # fmt: skip
    async def test_consent_holds_on_its_days_in_shanghai(self, store, rights, at, held):
        await put(store, ConsentRow, CONSENT)

        assert held == bool((await rights.of(BUYER, datetime.fromisoformat(f"{at}+00:00")))[0].consents)

    async def test_what_ends_while_it_is_kept_in_memory_has_ended(self, store, rights):
        await put(store, AccessGrant, GRANT)
        await put(store, ConsentRow, CONSENT)
        moments = [NOW, NOW.replace(hour=9), NOW.replace(hour=16), NOW]

        held = [(await rights.of(BUYER, at))[0] for at in moments]

        assert [(1, 1), (0, 1), (0, 0), (1, 1)] == [(len(each.grants), len(each.consents)) for each in held]

    async def test_the_same_rights_are_the_same_object(self, store, rights):
        """It is a key of what follows from it: standing, decisions."""
        await put(store, AccessGrant, GRANT)

        one, two = [(await rights.of(BUYER, NOW.replace(minute=minute)))[0] for minute in (0, 1)]

        assert one is two


class TestRevoked:
    @pytest.mark.parametrize(("model", "row"), [(AccessGrant, GRANT), (ConsentRow, CONSENT)])
    async def test_revoked_right_changes_the_epoch_and_is_gone(self, store, rights, model, row):
        await put(store, model, row)
        before, epoch = await rights.of(BUYER, NOW)
        await change(store, model, revoked_at="2026-11-20T08:00:00.000000Z")

        assert (1, epoch) == (len(before.grants) + len(before.consents), (await rights.of(BUYER, NOW))[1])
        await rights._epochs.refresh()
        held, later = await rights.of(BUYER, NOW)

        assert NO_RIGHTS is held
        assert later == epoch + 1

    async def test_store_without_the_epoch_gives_nothing(self, store, rights):
        async with writing(store) as writer:
            await writer.write(table_of(Epoch).delete().where(table_of(Epoch).c.name == "right"))

        with pytest.raises(EpochMissingError):
            await rights.of(BUYER, NOW)
