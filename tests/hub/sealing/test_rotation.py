"""Keys change while hubs answer; what was shredded is gone from the next answer on; old stores are sealed."""

import asyncio
from secrets import token_bytes

import pytest

from hub.administration.acting import Operator
from hub.administration.journal import Journal
from hub.errors import ForbiddenError, UnavailableError
from hub.sealing.checking import Checking
from hub.sealing.errors import SealingError
from hub.sealing.resealing import Resealing
from hub.sealing.rotation import Rotation
from hub.sealing.shredding import Shredding
from keys.errors import VaultError
from schema.tiers import Tier
from tests.hub.ingest.living import MovableClock
from tests.hub.ingest.world import NOW, code_of, penalty
from tests.hub.sealing.world import (
    ACCOUNT,
    AT,
    CONTRACT,
    OWN,
    SECRETS,
    World,
    arrears,
    nodes,
    owner,
    performance,
)
from tests.support.sealing import sealing_in

OPERATOR = Operator()
OFFICER = """INSERT INTO officer (id, name, role, state, person, created_at, {more})
             VALUES ('o-1', '张', 'administrator', 'active', 'p', '2026-01-01T00:00:00.000000Z', {values})"""


def journal_of(world: World) -> Journal:
    return Journal(world.engine, MovableClock(), token_bytes)


def rotation_of(world: World) -> Rotation:
    return Rotation(world.engine, world.sealing.keys.tier_keys, journal_of(world))


async def rotate(world: World, tier: Tier = Tier.A, **more):
    return await rotation_of(world).run(OPERATOR, tier, AT, **more)


async def shred(world: World, number: int = 1):
    return await Shredding(world.engine, world.sealing, journal_of(world)).shred(
        OPERATOR, code_of(number), "erasure", AT
    )


async def readmit(world: World, number: int = 1):
    return await Shredding(world.engine, world.sealing, journal_of(world)).readmit(
        OPERATOR, code_of(number), "back", AT
    )


async def check(world: World):
    seen = world.another()
    return await Checking(seen.engine, seen.sealing.keys.tier_keys).run()


async def contracts(world: World) -> set:
    return {row["contractNo"] for row in nodes(await world.ask(OWN), "Performance")}


async def tier_keys(world: World) -> dict[str, list[str]]:
    rows = await world.rows("SELECT tier, state FROM tier_key ORDER BY created_at, state")
    return {tier: sorted(row.state for row in rows if row.tier == tier) for tier in ("A", "R")}


class TestRotation:
    async def test_wraps_every_key_of_the_tier_anew_and_touches_nothing_sealed(self, world):
        before = await world.rows("SELECT sealed FROM record ORDER BY subject_code, kind, record_key")
        done = await rotate(world)

        assert (1, 0, 1) == (done.wrapped, done.damaged, len(done.retired))
        assert {"A": ["active", "retired"], "R": ["active"]} == await tier_keys(world)
        assert before == await world.rows("SELECT sealed FROM record ORDER BY subject_code, kind, record_key")
        assert {CONTRACT, "HT-2026-0816"} == await contracts(world.another())

    async def test_raises_no_version_so_no_answer_is_sent_back(self, world):
        before = await world.rows("SELECT code, version FROM subject ORDER BY code")
        await rotate(world)

        assert before == await world.rows("SELECT code, version FROM subject ORDER BY code")

    async def test_the_first_key_of_a_tier_is_made_by_it(self, empty):
        done = await rotate(empty, Tier.R)

        assert (0, ()) == (done.wrapped, done.retired)
        assert {"A": [], "R": ["active"]} == await tier_keys(empty)

    async def test_broken_off_it_goes_on_and_makes_no_further_key(self, world):
        for number in range(2, 9):
            await world.take("Arrears", arrears(number), batch_id=f"n{number}")
        rotation = rotation_of(world)

        class KilledError(Exception):
            pass

        def kill(done: int, _total: int) -> None:
            if done >= 4:
                raise KilledError

        with pytest.raises(KilledError):
            await rotation.run(OPERATOR, Tier.R, AT, batch=2, progress=kill)
        halfway = await tier_keys(world)
        assert {ACCOUNT} == {row["accountNo"] for row in nodes(await world.another().ask(OWN), "Arrears")}
        done = await rotation_of(world.another()).run(OPERATOR, Tier.R, AT, batch=2)

        assert ["active", "retiring"] == halfway["R"]
        assert (4, 0, 1) == (done.wrapped, done.damaged, len(done.retired))
        assert ["active", "retired"] == (await tier_keys(world))["R"]

    async def test_a_hub_that_read_a_wrapping_just_before_reads_it_again(self, world):
        """The row was read, then the rotation ended and the old key was retired: the question is still answered."""
        slow = world.another()
        unwrap, keys = slow.sealing.keys.tier_keys.unwrap, slow.sealing.keys.tier_keys
        waited = []

        def late(row):
            if not waited:
                waited.append(row)
                return unwrap(row._replace(state="retired")) if hasattr(row, "_replace") else unwrap(_Retired(row))
            return unwrap(row)

        keys.unwrap = late  # the state as it is read a moment later

        assert {CONTRACT, "HT-2026-0816"} == await contracts(slow)
        assert 0 == slow.tally["key_refused"]

    async def test_a_wrapping_put_back_from_before_opens_nothing(self, world):
        """Rolled back: a retired key is refused although it could still be read."""
        (before,) = await world.rows("SELECT key_id, wrapped FROM subject_key WHERE tier = 'A'")
        await rotate(world)
        await world.write(
            "UPDATE subject_key SET key_id = :k, wrapped = :w WHERE tier = 'A'",
            k=before.key_id,
            w=bytes(before.wrapped),
        )
        seen = world.another()

        assert {None} == await contracts(seen)
        assert 1 == seen.tally["key_refused"]

    async def test_a_damaged_key_keeps_the_old_one_from_retiring(self, world):
        await world.write("UPDATE subject_key SET wrapped = :w WHERE tier = 'A'", w=b"\x01" * 80)
        done = await rotate(world)

        assert (0, 1, ()) == (done.wrapped, done.damaged, done.retired)
        assert ["active", "retiring"] == (await tier_keys(world))["A"]

    async def test_what_is_shredded_meanwhile_stays_shredded(self, world):
        await shred(world)
        await rotate(world)

        assert [(None,)] == [tuple(row) for row in await world.rows("SELECT wrapped FROM subject_key WHERE tier = 'A'")]

    async def test_intakes_go_on_beside_it(self, world):
        for number in range(2, 6):
            await world.take("Arrears", arrears(number), batch_id=f"n{number}")

        async def harvest():
            other = world.another()
            for number in range(6, 12):
                await other.take("Arrears", arrears(number), batch_id=f"n{number}")

        await asyncio.gather(harvest(), *[rotate(world.another(), Tier.R, batch=1)])
        checked = await check(world)

        assert [] == checked.damaged
        assert ["active", "retired"] == (await tier_keys(world))["R"]

    async def test_is_written_into_the_journal(self, world):
        await rotate(world)
        kinds = [row.kind for row in await world.rows("SELECT kind FROM journal ORDER BY id")]

        assert ["key", "key"] == kinds

    async def test_a_variable_is_named_by_the_operator_and_never_twice(self, empty):
        variables = {"KEK_1": "A" * 43 + "=", "KEK_2": "B" * 42 + "A="}
        world = empty.another(sealing=sealing_in(uris=["env:KEK_1"], environment=variables, may_make=False))
        await rotate(world)
        with pytest.raises(SealingError, match="another variable"):
            await rotate(world, uri="env:KEK_1")
        with pytest.raises(SealingError, match="not set"):
            await rotate(world, uri="env:KEK_3")
        done = await rotate(world, uri="env:KEK_2")

        assert 1 == len(done.retired)
        assert ["env:KEK_1", "env:KEK_2"] == sorted(
            row.reference for row in await world.rows("SELECT reference FROM tier_key")
        )

    async def test_production_makes_no_first_key_by_itself(self, empty):
        world = empty.another(sealing=sealing_in(empty.folder / "p", may_make=False))
        with pytest.raises(SealingError, match="hub keys rotate --tier A"):
            await world.take("Performance", performance())

        assert [] == await world.rows("SELECT 1 FROM record")

    async def test_an_operator_may_not_where_officers_are(self, world):
        with pytest.raises(ForbiddenError):
            await rotation_of(world).run(Operator(production=True), Tier.A, AT)


class _Retired:
    def __init__(self, row) -> None:
        self.__dict__ |= {**row._asdict(), "state": "retired"}


class TestUnreachable:
    async def test_a_keeper_that_does_not_answer_refuses_the_question_and_tells_no_value(self, world):
        """Ours and passing: nothing is told to be absent that is only out of reach."""
        seen = world.another(sealing=sealing_in(world.folder / "elsewhere"))
        with pytest.raises(UnavailableError):
            await seen.ask(OWN)

    async def test_who_needs_no_key_is_answered_all_the_same(self, world):
        seen = world.another(sealing=sealing_in(world.folder / "elsewhere"))
        question = "query($c: ID!) { subject(code: $c) { name } }"

        assert (await seen.ask(OWN, question))["subject"]["name"]

    async def test_another_key_in_its_place_is_damage(self, world):
        for path in (world.folder / "sealing").glob("kek-A-*"):
            name = path.name
            path.unlink()
            sealing_in(world.folder / "fake").keys.tier_keys.vault.make("A", bytes(8))
            next((world.folder / "fake").glob("*")).rename(world.folder / "sealing" / name)
        seen = world.another()

        assert {None} == await contracts(seen)
        assert 1 == seen.tally["key_refused"]

    async def test_a_key_open_to_others_is_not_used(self, world):
        for path in (world.folder / "sealing").glob("*"):
            path.chmod(0o644)
        with pytest.raises(UnavailableError):
            await world.another().ask(OWN)


class TestShredding:
    async def test_the_next_answer_has_no_value_and_no_error_that_tells(self, world):
        kept = world.another()
        before = await kept.ask(OWN)
        done = await shred(world)
        after = await kept.ask(OWN)

        assert (2, True) == (done.keys, done.rows > 3)
        assert {CONTRACT, "HT-2026-0816"} == {row["contractNo"] for row in nodes(before, "Performance")}
        assert {None} == {row["contractNo"] for row in nodes(after, "Performance")}
        assert [None] == [row["accountNo"] for row in nodes(after, "Arrears")]
        assert [None] == [row["legalRepresentativeIdNo"] for row in nodes(after, "Registration")]
        assert before["subject"]["records"]["totalCount"] == after["subject"]["records"]["totalCount"]
        assert [] == kept.lines.entries
        assert 0 == kept.tally["refused"] + kept.tally["key_refused"]

    async def test_the_version_is_raised_so_that_no_answer_under_way_survives(self, world):
        (before,) = await world.rows("SELECT version FROM subject WHERE code = :c", c=code_of(1))
        await shred(world)
        (after,) = await world.rows("SELECT version FROM subject WHERE code = :c", c=code_of(1))

        assert after.version > before.version

    async def test_columns_put_back_from_a_backup_open_nothing_and_tell_nobody(self, world):
        rows = await world.rows("SELECT kind, record_key, sealed FROM record WHERE sealed IS NOT NULL")
        await shred(world)
        for row in rows:
            await world.write(
                "UPDATE record SET sealed = :s WHERE record_key = :k", s=bytes(row.sealed), k=row.record_key
            )
        seen = world.another()

        assert {None} == await contracts(seen)
        assert ([], 0) == (seen.lines.entries, seen.tally["refused"])
        assert seen.tally["shredded"] > 3

    async def test_what_was_erased_is_not_kept_again_whoever_sends_it(self, world):
        await shred(world)
        await world.take("Performance", performance(1, "HT-NEW"), performance(1), batch_id="again", as_of=NOW)
        stored = await world.everything()

        assert [] == [secret for secret in (*SECRETS, "HT-NEW") if secret.encode() in stored]
        assert {None} == await contracts(world)
        assert [] == await world.rows(
            "SELECT 1 FROM record WHERE subject_code = :c AND sealed IS NOT NULL", c=code_of(1)
        )

    async def test_readmitted_it_is_kept_again_and_the_old_stays_gone(self, world):
        rows = await world.rows("SELECT record_key, sealed FROM record WHERE kind = 'Arrears'")
        await shred(world)
        assert 2 == await readmit(world)
        await world.take("Performance", performance(1, "HT-NEW"), batch_id="again", as_of=NOW)
        await world.write(
            "UPDATE record SET sealed = :s WHERE record_key = :k", s=bytes(rows[0].sealed), k=rows[0].record_key
        )
        seen = world.another()
        data = await seen.ask(OWN)

        assert {None, "HT-NEW"} == {row["contractNo"] for row in nodes(data, "Performance")}
        assert [None] == [row["accountNo"] for row in nodes(data, "Arrears")]
        assert 0 == seen.tally["refused"]

    async def test_others_keep_theirs(self, world):
        await world.take("Arrears", arrears(2), batch_id="other")
        await shred(world, 1)
        checked = await check(world)

        assert [] == checked.damaged
        assert checked.fields == 2  # head and version of the other's account

    async def test_quarantined_rows_of_the_subject_go_with_its_key(self, world):
        await world.take("Performance", performance(1, "HT-BAD", rating=None), batch_id="bad")
        (ticket,) = await world.rows("SELECT id, row FROM quarantine WHERE batch_id = 'bad'")
        await shred(world)
        keys = await world.rows("SELECT wrapped FROM subject_key WHERE subject_code = :c", c=code_of(1))

        assert bytes(ticket.row).startswith(b"\x01\x01")
        assert {None} == {row.wrapped for row in keys}

    async def test_what_was_never_sealed_goes_as_well(self, empty):
        world = await unsealed(empty)
        await shred(world)
        stored = await world.everything()

        assert [] == [secret for secret in SECRETS if secret.encode() in stored]

    async def test_an_unknown_subject_is_refused(self, world):
        with pytest.raises(SealingError):
            await shred(world, 50)

    async def test_nothing_shredded_cannot_be_readmitted(self, world):
        with pytest.raises(SealingError):
            await readmit(world)

    async def test_is_written_into_the_journal_without_values(self, world):
        await shred(world)
        (row,) = await world.rows("SELECT kind, body FROM journal")

        assert "erasure" == row.kind
        assert '"act":"shred"' in row.body

    async def test_a_harvest_beside_it_never_leaves_a_value_that_opens(self, world):
        async def harvest():
            other = world.another()
            for number in range(8):
                await other.take("Performance", performance(1, f"HT-{number}"), batch_id=f"h{number}", as_of=NOW)

        await asyncio.gather(harvest(), shred(world.another()))

        assert {None} == await contracts(world.another())
        assert [] == (await check(world)).damaged


async def unsealed(empty: World) -> World:
    """A store as an older release left it: values in bodies, plain digests, days in columns, rows in quarantine."""
    plain = sealing_in(empty.folder / "sealing")
    plain.labels._of = _NoLabels()
    old = empty.another(sealing=plain)
    await old.fill()
    await old.take("Penalty", penalty(1, "坏号", fine_amount="x"), batch_id="bad")
    return empty


class _NoLabels(dict):
    def get(self, _key, _default=None):
        return {}


class TestResealing:
    async def test_an_old_store_is_read_as_it_is_and_sealed_in_place(self, empty):
        world = await unsealed(empty)
        before = await world.ask(OWN)
        assert [] != [secret for secret in SECRETS if secret.encode() in await world.everything()]
        done = await Resealing(world.engine, world.sealing).run(AT, batch=2)
        after = await world.another().ask(OWN)

        assert before == after
        assert (4, 4) == (done.records, done.versions)
        assert [] == [secret for secret in SECRETS if secret.encode() in await world.everything()]
        assert b"2026-07-01" not in await world.everything()

    async def test_again_it_finds_nothing_to_do(self, empty):
        world = await unsealed(empty)
        await Resealing(world.engine, world.sealing).run(AT)
        done = await Resealing(world.engine, world.sealing).run(AT)

        assert (0, 0, 0) == (done.records, done.versions, done.tickets)

    async def test_broken_off_it_goes_on(self, empty):
        world = await unsealed(empty)

        class KilledError(Exception):
            pass

        def kill(table: str, _seen: int) -> None:
            if table == "record":
                raise KilledError

        with pytest.raises(KilledError):
            await Resealing(world.engine, world.sealing).run(AT, batch=1, progress=kill)
        halfway = await world.another().ask(OWN)
        done = await Resealing(world.engine, world.sealing).run(AT, batch=1)

        assert done.versions == 0
        assert done.records > 0
        assert halfway == await world.another().ask(OWN)

    async def test_what_comes_again_is_known_by_its_digest(self, empty):
        world = await unsealed(empty)
        await Resealing(world.engine, world.sealing).run(AT)
        answer = await world.another().take("Performance", performance(1), batch_id="again")

        assert 1 == answer.unchanged

    async def test_a_store_sealed_by_this_release_needs_none(self, world):
        done = await Resealing(world.engine, world.sealing).run(AT)

        assert (0, 0, 0) == (done.records, done.versions, done.tickets)

    async def test_every_ticket_is_sealed(self, empty):
        world = await unsealed(empty)
        await world.write("UPDATE quarantine SET row = :r", r=b"\x81\xa6values\x80")
        done = await Resealing(world.engine, world.sealing).run(AT)

        assert done.tickets > 0
        assert {b"\x01"} == {bytes(row.row)[:1] for row in await world.rows("SELECT row FROM quarantine")}


class TestChecking:
    async def test_a_sound_store_is_told_to_be(self, world):
        checked = await check(world)

        assert ([], 0) == (checked.damaged, checked.gone)
        assert checked.fields > 50

    async def test_damage_is_named_by_its_place_and_never_by_a_value(self, world):
        await world.write("UPDATE record SET sealed = :s WHERE kind = 'Arrears'", s=b"\x00")
        await world.write("UPDATE subject_key SET wrapped = :w WHERE tier = 'A'", w=b"\x01" * 80)
        checked = await check(world)

        assert any(line.startswith(f"record {code_of(1)} Arrears") for line in checked.damaged)
        assert any(line.startswith(f"subject_key {code_of(1)} A") for line in checked.damaged)
        assert [] == [secret for secret in SECRETS if secret in str(checked.damaged)]

    async def test_a_key_that_is_nowhere_is_told(self, world):
        for path in (world.folder / "sealing").glob("kek-A-*"):
            path.unlink()
        checked = await check(world)

        assert any("tier_key" in line for line in checked.damaged)


class TestRandomness:
    async def test_a_source_that_repeats_itself_seals_nothing(self, empty):
        """The same nonce twice with one key would give both values away."""
        broken = empty.another(sealing=sealing_in(empty.folder / "b", entropy=bytes))
        with pytest.raises((SealingError, VaultError)):
            await broken.take("Registration", owner(1))

        assert [] == await broken.rows("SELECT 1 FROM record")
