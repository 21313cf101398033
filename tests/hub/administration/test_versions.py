"""The versions of a store, as officers list them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from hub.access.policies import Policies, PolicyMissingError
from hub.administration.versions import Versions
from hub.clock import iso
from hub.errors import BadInputError
from hub.store.engine import writing
from hub.store.tables import PolicyVersion, table_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
_TABLE = table_of(PolicyVersion)


async def test_empty_store_lists_nothing_and_has_none_in_force(store):
    versions = Versions(store)

    assert [] == (await versions.page(NOW, first=5)).rows
    with pytest.raises(PolicyMissingError):
        await versions.one(None, NOW)


class TestOne:
    async def test_the_one_in_force_is_the_one_the_road_uses(self, store):
        await Policies(store).settle(NOW)
        version, policy = await Versions(store).one(None, NOW)

        assert (1, True) == (version.number, version.in_force)
        assert (await Policies(store).current(NOW)).digest == policy.digest

    @pytest.mark.parametrize("number", [0, 2, -1, 2**31 - 2, 2**31 - 1, -(2**31)])
    async def test_there_is_no_such_version(self, store, number):
        await Policies(store).settle(NOW)

        with pytest.raises(BadInputError, match="no such version"):
            await Versions(store).one(number, NOW)

    async def test_version_that_is_not_what_its_digest_says_is_not_shown(self, store):
        await Policies(store).settle(NOW)
        async with writing(store) as writer:
            await writer.write(update(_TABLE).values(digest="sm3:00"))

        with pytest.raises(PolicyMissingError, match="digest"):
            await Versions(store).one(1, NOW)

    async def test_version_whose_time_has_ended_is_not_in_force(self, store):
        await Policies(store).settle(NOW)
        async with writing(store) as writer:
            await writer.write(update(_TABLE).values(valid_to=iso(NOW + timedelta(days=1))))
        (before,) = (await Versions(store).page(NOW, first=5)).rows
        (after,) = (await Versions(store).page(NOW + timedelta(days=1), first=5)).rows

        assert (True, False) == (before.in_force, after.in_force)
