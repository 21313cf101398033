import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.access.policies import Policies, PolicyMissingError, policy_digest, seed_policy
from hub.clock import iso
from hub.store.engine import open_engine, reading, writing
from hub.store.epochs import EpochMissingError, Epochs
from hub.store.tables import PolicyVersion
from keys.canonical import canonical_json
from schema.policy.parse import policy_json

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TABLE = PolicyVersion.__table__


async def store_version(
    store: AsyncEngine, version: int, *, begins: datetime, ends: datetime | None = None, tier_of_c16: str = "S"
) -> str:
    """An officer's version: the seed with one tier changed."""
    body = policy_json(seed_policy())
    body["tiers"]["C16"] = tier_of_c16
    digest = policy_digest(body)
    row = {
        "version": version,
        "digest": digest,
        "body": canonical_json(body).decode(),
        "valid_from": iso(begins),
        "valid_to": None if ends is None else iso(ends),
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

    async def test_where_officers_decide_a_new_seed_waits_for_them(self, store: AsyncEngine):
        """A field of a new release is not classified by the release itself."""
        await store_version(store, 1, begins=NOW, tier_of_c16="R")
        settled = await Policies(store).settle(NOW, adopt=False)

        assert (1, False) == (settled.policy.version, settled.is_new)
        assert 1 == (await Policies(store).current(NOW)).version

    async def test_an_empty_store_gets_the_seed_whoever_decides(self, store: AsyncEngine):
        assert (await Policies(store).settle(NOW, adopt=False)).is_new

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


@pytest.fixture
def policies(store: AsyncEngine) -> Policies:
    """Policies that hold the one in force, as a serving hub does."""
    return Policies(store, Epochs(store))


def reads_of(store: AsyncEngine) -> list[str]:
    """Every statement sent to the store from now on."""
    seen: list[str] = []
    event.listen(store.sync_engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(statement))
    return seen


class TestHeld:
    async def test_the_policy_in_force_is_read_once(self, store: AsyncEngine, policies: Policies):
        await policies.settle(NOW)
        first = await policies.current(NOW)
        seen = reads_of(store)

        assert first is await policies.current(NOW + timedelta(days=365))
        assert [] == seen

    async def test_it_says_the_epoch_it_was_read_at(self, store: AsyncEngine, policies: Policies):
        await policies.settle(NOW)
        before = policies.epoch
        await policies.current(NOW)
        async with reading(store) as reader:
            stored = await reader.first(text("SELECT version FROM epoch WHERE name = 'policy'"))

        assert (0, stored[0]) == (before, policies.epoch)

    async def test_another_hub_s_version_holds_as_soon_as_the_epoch_is_noted(self, store: AsyncEngine):
        """Until then the old policy comes with the old epoch, which the commit of every answer refuses."""
        epochs = Epochs(store)
        policies = Policies(store, epochs)
        await policies.settle(NOW)
        await policies.current(NOW)
        await store_version(store, 2, begins=NOW, tier_of_c16="R")
        old = await policies.current(NOW)
        stands = await epochs.confirm({"policy": policies.epoch})

        assert 1 == old.version
        assert not stands
        assert 2 == (await policies.current(NOW)).version
        assert await epochs.confirm({"policy": policies.epoch})

    async def test_a_version_begins_at_its_instant_though_nothing_is_written_then(self, policies: Policies, store):
        await policies.settle(NOW)
        await store_version(store, 2, begins=NOW + timedelta(hours=1), tier_of_c16="R")
        await store_version(store, 3, begins=NOW + timedelta(hours=2), tier_of_c16="G")
        at = [0, 59.999, 60, 119, 120, 1000]
        found = [(await policies.current(NOW + timedelta(minutes=minutes))).version for minutes in at]

        assert [1, 1, 2, 2, 3, 3] == found

    async def test_an_older_number_that_begins_later_never_comes_back(self, policies: Policies, store):
        await policies.settle(NOW)
        await store_version(store, 3, begins=NOW, tier_of_c16="R")
        await store_version(store, 2, begins=NOW + timedelta(hours=1), tier_of_c16="G")

        assert [3, 3] == [(await policies.current(NOW + timedelta(hours=hours))).version for hours in (0, 2)]

    async def test_a_version_that_ends_gives_way_to_the_one_before(self, policies: Policies, store):
        """A label made stricter for a week: officers need not be there when the week is over."""
        await policies.settle(NOW)
        hour = timedelta(hours=1)
        await store_version(store, 2, begins=NOW + hour, ends=NOW + 3 * hour, tier_of_c16="R")
        await store_version(store, 3, begins=NOW + 2 * hour, ends=NOW + 4 * hour, tier_of_c16="G")
        there_and_back = [0, 0.99, 1, 2, 3, 3.99, 4, 9, 3.5, 1.5, 0.5, 4.5]

        assert [1, 1, 2, 3, 3, 3, 1, 1, 3, 2, 1, 1] == [
            (await policies.current(NOW + hours * hour)).version for hours in there_and_back
        ]

    async def test_when_all_have_ended_nobody_is_answered(self, policies: Policies, store):
        await store_version(store, 1, begins=NOW, ends=NOW + timedelta(hours=1), tier_of_c16="R")
        await policies.current(NOW)

        with pytest.raises(PolicyMissingError):
            await policies.current(NOW + timedelta(hours=1))

    async def test_a_clock_that_steps_back_gets_what_was_in_force_then(self, policies: Policies, store):
        await policies.settle(NOW)
        await store_version(store, 2, begins=NOW + timedelta(hours=1), tier_of_c16="R")
        later = await policies.current(NOW + timedelta(hours=1))

        assert [2, 1] == [later.version, (await policies.current(NOW)).version]
        with pytest.raises(PolicyMissingError):
            await policies.current(NOW - timedelta(seconds=1))

    async def test_a_time_somebody_wrote_another_way_bounds_nothing_and_is_asked_again(self, policies, store):
        await policies.settle(NOW)
        await damage(store, valid_from="2026-11-19")
        await policies.current(NOW)
        seen = reads_of(store)
        await policies.current(NOW)

        assert seen

    async def test_without_a_policy_nothing_is_held(self, policies: Policies):
        for _ in range(2):
            with pytest.raises(PolicyMissingError):
                await policies.current(NOW)

    async def test_a_policy_damaged_after_it_was_held_refuses_once_noted(self, store: AsyncEngine):
        epochs = Epochs(store)
        policies = Policies(store, epochs)
        await policies.settle(NOW)
        await policies.current(NOW)
        await damage(store, digest="sm3:00")
        await epochs.refresh()

        with pytest.raises(PolicyMissingError, match="not what its digest says"):
            await policies.current(NOW)

    async def test_the_last_version_taken_away_refuses_once_noted(self, store: AsyncEngine):
        epochs = Epochs(store)
        policies = Policies(store, epochs)
        await policies.settle(NOW)
        await policies.current(NOW)
        async with writing(store) as writer:
            await writer.write(text("DELETE FROM policy_version"))
        await epochs.refresh()

        with pytest.raises(PolicyMissingError, match="no version that has begun"):
            await policies.current(NOW)

    async def test_without_the_epoch_there_is_no_policy(self, store: AsyncEngine, policies: Policies):
        await policies.settle(NOW)
        async with writing(store) as writer:
            await writer.write(text("DELETE FROM epoch"))

        with pytest.raises(EpochMissingError):
            await policies.current(NOW)

    async def test_a_noted_log_index_changes_nothing(self, policies: Policies):
        await policies.settle(NOW)
        before = await policies.current(NOW), policies.epoch
        await policies.note_log_index(1, 0)

        assert before == (await policies.current(NOW), policies.epoch)


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
