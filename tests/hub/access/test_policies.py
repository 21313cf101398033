import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.policies import Policies, PolicyMissingError, policy_digest, seed_policy
from hub.clock import iso
from hub.store.engine import open_engine, reading, writing
from hub.store.tables import PolicyVersion
from keys.canonical import canonical_json
from schema.policy.parse import policy_json

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TABLE = PolicyVersion.__table__


async def store_version(store: AsyncEngine, version: int, *, begins: datetime, tier_of_c16: str = "S") -> str:
    """An officer's version: the seed with one tier changed."""
    body = policy_json(seed_policy())
    body["tiers"]["C16"] = tier_of_c16
    digest = policy_digest(body)
    row = {
        "version": version,
        "digest": digest,
        "body": canonical_json(body).decode(),
        "valid_from": iso(begins),
        "log_index": 7,
    }
    async with writing(store) as writer:
        await writer.write(insert(TABLE), [row])
    return digest


async def damage(store: AsyncEngine, **values: object) -> None:
    async with writing(store) as writer:
        await writer.write(update(TABLE).values(**values))


async def versions(store: AsyncEngine) -> list[int]:
    async with reading(store) as reader:
        return [row.version for row in await reader.rows(select(TABLE.c.version).order_by(TABLE.c.version))]


class TestSeedPolicy:
    def test_is_the_same_every_time(self):
        assert seed_policy() == seed_policy()

    def test_is_digested_over_its_canonical_form(self):
        seed = seed_policy()

        assert seed.digest.startswith("sm3:")
        assert seed.digest == policy_digest(json.loads(canonical_json(policy_json(seed))))
        assert seed.digest == seed_policy(9).digest


class TestSettle:
    async def test_an_empty_store_gets_the_seed_as_its_first_version(self, store: AsyncEngine):
        settled = await Policies(store).settle(NOW)

        assert settled.is_new
        assert (1, seed_policy().digest) == (settled.policy.version, settled.policy.digest)
        assert settled.policy == await Policies(store).current(NOW)

    async def test_a_restart_stores_nothing(self, store: AsyncEngine):
        first = await Policies(store).settle(NOW)
        again = await Policies(store).settle(NOW + timedelta(days=1))

        assert not again.is_new
        assert first.policy == again.policy
        assert [1] == await versions(store)

    async def test_a_new_seed_becomes_a_new_version(self, store: AsyncEngine):
        """The store holds an older hub's seed; this hub's is one version further."""
        await store_version(store, 4, begins=NOW - timedelta(days=30), tier_of_c16="G")
        settled = await Policies(store).settle(NOW)

        assert settled.is_new
        assert 5 == settled.policy.version
        assert seed_policy().digest == (await Policies(store).current(NOW)).digest

    async def test_a_seed_the_store_has_held_does_not_undo_what_officers_decided(self, store: AsyncEngine):
        await Policies(store).settle(NOW)
        decided = await store_version(store, 2, begins=NOW, tier_of_c16="R")
        settled = await Policies(store).settle(NOW + timedelta(hours=1))

        assert not settled.is_new
        assert (2, decided) == (settled.policy.version, settled.policy.digest)

    async def test_two_hubs_that_start_at_once_store_it_once(self, store: AsyncEngine, store_url: str):
        other = open_engine(store_url)
        try:
            settled = await asyncio.gather(*(Policies(engine).settle(NOW) for engine in (store, other) * 3))
        finally:
            await other.dispose()

        assert [False] * 5 + [True] == sorted(found.is_new for found in settled)
        assert [1] == await versions(store)


class TestCurrent:
    async def test_an_empty_store_has_no_policy(self, store: AsyncEngine):
        """No policy means no answer: there is no built-in fallback."""
        with pytest.raises(PolicyMissingError, match="no version that has begun"):
            await Policies(store).current(NOW)

    async def test_a_version_that_has_not_begun_is_not_in_force(self, store: AsyncEngine):
        policies = Policies(store)
        await policies.settle(NOW)
        await store_version(store, 2, begins=NOW + timedelta(hours=1), tier_of_c16="R")

        assert 1 == (await policies.current(NOW)).version
        assert 2 == (await policies.current(NOW + timedelta(hours=1))).version

    async def test_before_the_first_version_there_is_none(self, store: AsyncEngine):
        await Policies(store).settle(NOW)

        with pytest.raises(PolicyMissingError):
            await Policies(store).current(NOW - timedelta(seconds=1))

    async def test_a_version_another_hub_stored_holds_from_the_next_question_on(self, store: AsyncEngine):
        """A revocation is not waited for, whatever this hub has parsed before."""
        policies = Policies(store)
        before = (await policies.settle(NOW)).policy
        decided = await store_version(store, 2, begins=NOW, tier_of_c16="R")
        after = await policies.current(NOW)

        assert before.digest != decided == after.digest

    async def test_the_same_version_is_parsed_once(self, store: AsyncEngine):
        policies = Policies(store)
        await policies.settle(NOW)

        assert await policies.current(NOW) is await policies.current(NOW)

    @pytest.mark.parametrize("body", ["", "{", "[]", '{"spec": "other"}', "null"])
    async def test_a_body_that_cannot_be_read_refuses_everything(self, store: AsyncEngine, body: str):
        await Policies(store).settle(NOW)
        await damage(store, body=body)

        with pytest.raises(PolicyMissingError, match="version 1 in the store cannot be read"):
            await Policies(store).current(NOW)

    async def test_a_body_that_was_edited_refuses_everything(self, store: AsyncEngine):
        """Whoever edits the table without its digest changes nothing but the hub's willingness to answer."""
        await Policies(store).settle(NOW)
        loosened = policy_json(seed_policy())
        loosened["tiers"]["C08"] = "P"
        await damage(store, body=canonical_json(loosened).decode())

        with pytest.raises(PolicyMissingError, match="not what its digest says"):
            await Policies(store).current(NOW)

    async def test_a_damaged_version_is_refused_at_start_too(self, store: AsyncEngine):
        await Policies(store).settle(NOW)
        await damage(store, body="{}")

        with pytest.raises(PolicyMissingError):
            await Policies(store).settle(NOW)


class TestLogIndex:
    async def test_a_version_is_unannounced_until_its_entry_is_noted(self, store: AsyncEngine):
        policies = Policies(store)
        settled = await policies.settle(NOW)
        before = await policies.unannounced()
        await policies.note_log_index(1, 0)

        assert ((1, settled.policy.digest),) == before
        assert () == await policies.unannounced()

    async def test_the_first_note_stands(self, store: AsyncEngine):
        policies = Policies(store)
        await policies.settle(NOW)
        await policies.note_log_index(1, 3)
        await policies.note_log_index(1, 9)
        async with reading(store) as reader:
            row = await reader.first(select(TABLE.c.log_index))

        assert 3 == row.log_index
