"""What may be shown once is taken once: in a group, over groups, over processes, and after whatever becomes of it."""

import asyncio

import pytest
from sqlalchemy import text

from hub.audit.entries import Terms
from hub.audit.errors import EntryError, LogUnavailableError, OverBudgetError, ReplayedError, StaleReadError
from hub.audit.ledger import Ledger
from hub.audit.sealing import seal
from hub.audit.step import Waiting
from hub.audit.walk import check_log
from hub.store.engine import address_of
from tests.hub.audit.conftest import CODE, change, counted, note, sequencer_on, shown, signer_of, spend

AT = "2026-11-20T00:00:00.000000Z"
NOW_S = 1_795_132_800.0


async def all_of(*askers):
    return await asyncio.gather(*askers, return_exceptions=True)


def kinds(outcomes):
    return [type(outcome).__name__ for outcome in outcomes]


class TestOnce:
    async def test_what_was_shown_before_is_refused_and_leaves_nothing(self, store, sequencer):
        await sequencer.append(note(1, **shown("a")))
        with pytest.raises(ReplayedError):
            await sequencer.append(note(2, delivered=True, **shown("a")))

        assert [1, 0, 1] == [await counted(store, table) for table in ("log_entry", "delivery", "seen")]

    async def test_in_one_group_the_first_goes_and_the_rest_of_the_group_does_not_notice(self, store, sequencer):
        first = asyncio.create_task(sequencer.append(note(0)))  # what comes now waits for it, and goes together
        outcomes = await all_of(
            first,
            sequencer.append(note(1, **shown("a"))),
            sequencer.append(note(2, **shown("a"))),
            sequencer.append(note(3)),
            sequencer.append(note(4, **shown("b"))),
            sequencer.append(note(5, **shown("a"))),
        )

        expected = ["Receipt", "Receipt", "ReplayedError", "Receipt", "Receipt", "ReplayedError"]
        assert expected == kinds(outcomes)
        assert [0, 1, 2, 3] == [outcomes[place].index for place in (0, 1, 3, 4)]
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_each_replay_gets_an_error_of_its_own(self, sequencer):
        await sequencer.append(note(0, **shown("a")))
        first, second = await all_of(*(sequencer.append(note(number, **shown("a"))) for number in (1, 2)))

        assert first is not second

    async def test_an_answer_that_must_be_made_again_has_used_nothing_up(self, store, sequencer):
        """Its own proof is not a replay when it comes back."""
        with pytest.raises(StaleReadError):
            await sequencer.append(note(1, reads={CODE: 1}, **shown("a")))
        alone = await counted(store, "seen")
        stale, other = await all_of(
            sequencer.append(note(1, reads={CODE: 1}, **shown("a"))), sequencer.append(note(2, **shown("b")))
        )
        beside = await counted(store, "seen")
        receipt = await sequencer.append(note(1, **shown("a")))

        assert ["StaleReadError", "Receipt"] == kinds([stale, other])
        assert [0, 1] == [alone, beside]
        assert 1 == receipt.index

    async def test_who_is_over_its_budget_has_used_nothing_up(self, sequencer):
        """Or the refusal, which is recorded by itself, would be taken for a replay."""
        with pytest.raises(OverBudgetError):
            await sequencer.append(note(1, spend=[spend(2, limit=1)], **shown("a")))

        assert () == await sequencer.settle(Terms(**shown("a")))

    async def test_a_failure_half_way_has_used_nothing_up(self, sqlite_store):
        sequencer = sequencer_on(sqlite_store)
        await sequencer.start()
        await change(
            sqlite_store,
            "CREATE TRIGGER full BEFORE INSERT ON log_checkpoint BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
        with pytest.raises(LogUnavailableError):
            await sequencer.append(note(1, spend=[spend(limit=5)], **shown("a")))
        left = [await counted(sqlite_store, table) for table in ("seen", "spent")]
        await change(sqlite_store, "DROP TRIGGER full")
        receipt = await sequencer.append(note(1, spend=[spend(limit=5)], **shown("a")))

        assert [0, 0] == left
        assert (1,) == receipt.used
        await sequencer.stop()

    async def test_what_was_recorded_elsewhere_in_the_store_counts(self, store, sequencer):
        """E.g. by an answer that no commit validates."""
        values = shown("a")
        await change(
            store, "INSERT INTO seen VALUES (:digest, :until)", digest=values["once"], until=values["once_until"]
        )

        with pytest.raises(ReplayedError):
            await sequencer.append(note(1, **values))

    async def test_a_groupful_each_with_its_own_is_taken_whole(self, store, sequencer):
        outcomes = await all_of(*(sequencer.append(note(number, **shown(str(number % 700)))) for number in range(1400)))

        assert 700 == kinds(outcomes).count("Receipt")
        assert 700 == kinds(outcomes).count("ReplayedError")
        assert 700 == await counted(store, "seen")

    @pytest.mark.parametrize("digest", [b"", b"1" * 31, b"1" * 33])
    def test_what_is_no_digest_is_refused(self, digest):
        with pytest.raises(EntryError):
            note(1, once=digest, once_until=1.0)

    @pytest.mark.parametrize("until", [float("inf"), float("nan")])
    def test_what_never_ends_is_refused(self, until):
        """It could never be forgotten."""
        with pytest.raises(EntryError):
            note(1, **shown("a", until=until))


class TestSettle:
    async def test_terms_alone_are_used_up_and_leave_no_entry(self, store, sequencer):
        used = await sequencer.settle(Terms(spend=[spend(3, limit=5), spend(0, limit=9, span="b")], **shown("a")))
        with pytest.raises(ReplayedError):
            await sequencer.settle(Terms(**shown("a")))

        assert (3, 0) == used
        assert [0, 0, 1] == [await counted(store, table) for table in ("log_entry", "log_checkpoint", "seen")]

    async def test_among_entries_each_gets_what_is_its_own(self, store, sequencer):
        outcomes = await all_of(
            sequencer.append(note(0)),
            sequencer.settle(Terms(spend=[spend(limit=9)])),
            sequencer.append(note(1, spend=[spend(limit=9)])),
            sequencer.settle(Terms(epochs={"policy": -1}, spend=[spend(limit=9)])),
            sequencer.settle(Terms(spend=[spend(limit=9)])),
            sequencer.append(note(2)),
        )

        assert ["Receipt", "tuple", "Receipt", "StaleReadError", "tuple", "Receipt"] == kinds(outcomes)
        assert [(1,), (3,)] == [outcomes[1], outcomes[4]]
        assert [(), (2,), ()] == [outcomes[place].used for place in (0, 2, 5)]
        assert [0, 1, 2] == [outcomes[place].index for place in (0, 2, 5)]
        assert None is (await check_log(store, signer_of().verifier)).broken

    async def test_after_the_end_nothing_is_settled(self, store, sequencer):
        await sequencer.stop()

        with pytest.raises(LogUnavailableError):
            await sequencer.settle(Terms(**shown("a")))
        assert 0 == await counted(store, "seen")


class TestForgetting:
    @staticmethod
    def commit(ledger, *entries):
        sealed = [Waiting(pending=each, sealed=seal(each.entry, bytes)) for each in entries]
        return ledger.commit(sealed, AT)

    async def test_what_has_ended_goes_a_bounded_part_at_a_time_and_what_has_not_stays(self, store, store_url):
        ledger = Ledger(address_of(store_url), signer_of(), patience_s=5)
        old = [{"digest": bytes([7, *divmod(number, 256)]), "until": NOW_S - 400} for number in range(2_000)]
        young = [{"digest": bytes([8, number]), "until": NOW_S - 200} for number in range(50)]
        async with store.begin() as connection:
            await connection.execute(text("INSERT INTO seen VALUES (:digest, :until)"), old + young)
            await connection.execute(
                text("INSERT INTO spent VALUES ('p', :span, 1, :until)"),
                [{"span": "old", "until": NOW_S - 400}, {"span": "young", "until": NOW_S - 200}],
            )
        self.commit(ledger, note(0))
        idle = await counted(store, "seen")
        self.commit(ledger, note(1, **shown("a")))
        once = await counted(store, "seen")
        for number in range(2, 12):
            self.commit(ledger, *(note(number, **shown(f"{number} {each}")) for each in range(256)))
        async with store.connect() as connection:
            spans = (await connection.execute(text("SELECT span FROM spent"))).scalars().all()
            young_left = (
                await connection.execute(text(f"SELECT count(*) FROM seen WHERE expires_at = {NOW_S - 200}"))  # noqa: S608
            ).scalar_one()

        assert 2_050 == idle, "nothing was taken: nothing is tidied up"
        assert 1_000 < once < 2_050, "a bounded part"
        assert 50 + 1 + 2_560 == await counted(store, "seen")
        assert 50 == young_left, "clocks of other machines may be behind"
        assert ["young"] == spans
        ledger.close()

    async def test_what_was_forgotten_may_have_been_forgotten_only_because_its_age_refuses_it(self, store, sequencer):
        """Until then it is kept, however many come after."""
        await sequencer.append(note(0, **shown("a")))
        for number in range(1, 4):
            await all_of(*(sequencer.append(note(number, **shown(f"{number} {each}"))) for each in range(300)))

        with pytest.raises(ReplayedError):
            await sequencer.append(note(9, **shown("a")))
