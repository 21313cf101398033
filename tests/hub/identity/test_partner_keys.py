"""The register of keys: two at once, none twice, and what is revoked never comes back."""

from datetime import timedelta

import pytest

from hub.errors import BadInputError
from hub.identity.client_keys import new_client_key, public_part
from hub.identity.partner_keys import add_key, keys_of, revoke_key, take_over
from hub.identity.partners import Partners, admit
from hub.identity.public_keys import KEYS_MAX, public_key
from hub.store.engine import reading, writing
from hub.store.epochs import Epochs
from tests.hub.identity.test_partners import GROUP, NOW

ID = GROUP.id


def key(kid: str):
    return public_key({**public_part(new_client_key("EdDSA")), "kid": kid})


A, B, C = key("a"), key("b"), key("c")


@pytest.fixture
async def register(store):
    await Partners(store).add(admit(GROUP, NOW))
    return store


async def states(engine) -> dict[str, str]:
    async with reading(engine) as reader:
        return {f"{one.key.kid}:{one.origin}": one.state for one in await keys_of(reader, ID)}


async def add(engine, *keys, **more):
    async with writing(engine) as writer:
        for one in keys:
            await add_key(writer, ID, one, **{"now": NOW, **more})


async def revoke(engine, name):
    async with writing(engine) as writer:
        return await revoke_key(writer, ID, name)


async def shown(engine, *keys) -> bool:
    async with writing(engine) as writer:
        return await take_over(writer, ID, keys, now=NOW)


class TestAddKey:
    async def test_two_are_active_at_once(self, register):
        await add(register, A, B)

        assert {"a:value": "active", "b:value": "active"} == await states(register)

    async def test_it_comes_back_as_it_was_kept(self, register):
        until = NOW + timedelta(days=30)
        await add(register, A, valid_to=until)
        async with reading(register) as reader:
            (held,) = await keys_of(reader, ID)

        assert (A.thumbprint, A.jwk, A.kid) == (held.key.thumbprint, held.key.jwk, held.key.kid)
        assert [True, False] == [held.is_active(at) for at in (until - timedelta(microseconds=1), until)]

    @pytest.mark.parametrize(
        ("keys", "more", "says"),
        [
            ((A, A), {}, "registered already"),
            ((A, public_key({**A.jwk, "kid": "other"})), {}, "registered already"),
            ((A, key("a")), {}, "kid"),
            ((A,), {"valid_to": NOW}, "past"),
            (tuple(key(str(number)) for number in range(KEYS_MAX + 1)), {}, "20 keys"),
        ],
    )
    async def test_refused_whole(self, register, keys, more, says):
        with pytest.raises(BadInputError, match=says):
            await add(register, *keys, **more)

        assert {} == await states(register)

    async def test_nobody_has_no_keys(self, store):
        with pytest.raises(BadInputError, match="no such partner"):
            await add(store, A)


class TestRevokeKey:
    @pytest.mark.parametrize("name", ["a", A.thumbprint], ids=["kid", "thumbprint"])
    async def test_it_never_comes_back(self, register, name):
        await add(register, A, B)
        await revoke(register, name)

        assert {"a:value": "revoked", "b:value": "active"} == await states(register)
        with pytest.raises(BadInputError, match="never comes back"):
            await add(register, A)
        with pytest.raises(BadInputError, match="no such key"):
            await revoke(register, name)

    async def test_its_kid_is_free_for_the_next_one(self, register):
        await add(register, A)
        await revoke(register, "a")
        following = key("a")
        await add(register, following)

        assert following.thumbprint == (await revoke(register, "a")).key.thumbprint

    @pytest.mark.parametrize("name", ["", "b", "A"])
    async def test_what_is_not_there(self, register, name):
        await add(register, A)

        with pytest.raises(BadInputError, match="no such key"):
            await revoke(register, name)


class TestTakeOver:
    async def test_new_ones_come_and_those_not_shown_vanish(self, register):
        assert await shown(register, A, B)
        assert await shown(register, B, C)

        assert {"a:url": "vanished", "b:url": "active", "c:url": "active"} == await states(register)

    async def test_what_has_vanished_comes_back_with_the_url(self, register):
        """A set that was published incompletely for a moment must not end a partner's key for ever."""
        await shown(register, A)
        await shown(register)
        assert await shown(register, A)

        assert {"a:url": "active"} == await states(register)

    async def test_what_was_revoked_does_not(self, register):
        await shown(register, A, B)
        await revoke(register, "a")
        assert not await shown(register, A, B)

        assert {"a:url": "revoked", "b:url": "active"} == await states(register)

    async def test_keys_by_value_stay_and_their_names_are_theirs(self, register):
        """Whoever can write to the partner's URL cannot put its key in the place of a registered one."""
        await add(register, A)
        assert not await shown(register, key("a"))
        await shown(register)

        assert {"a:value": "active"} == await states(register)

    async def test_the_same_again_changes_nothing_and_raises_no_epoch(self, register):
        await shown(register, A, B)
        epochs = Epochs(register)
        before = await epochs.tag("partner")
        assert not await shown(register, B, A)

        assert await epochs.confirm({"partner": before})

    async def test_a_key_may_be_called_otherwise(self, register):
        await shown(register, A)
        assert await shown(register, public_key({**A.jwk, "kid": "renamed"}))

        assert {"renamed:url": "active"} == await states(register)

    async def test_no_more_than_there_is_room_for(self, register):
        await add(register, *(key(f"v{number}") for number in range(KEYS_MAX - 1)))
        await shown(register, A, B)

        assert KEYS_MAX == sum(state == "active" for state in (await states(register)).values())
