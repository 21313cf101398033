"""Budgets are counted with the entry that uses them: exactly, and not at all for an entry that is not kept."""

import asyncio

import pytest
from sqlalchemy import text

from hub.audit.entries import Terms
from hub.audit.errors import EntryError, OverBudgetError, ReplayedError, StaleReadError
from hub.audit.ledger import Ledger
from hub.audit.receipts import Receipt
from hub.audit.sealing import seal
from hub.audit.step import Waiting
from hub.store.engine import address_of
from tests.hub.audit.conftest import CODE, counted, note, shown, signer_of, spend

AT = "2026-11-20T00:00:00.000000Z"


async def all_of(*askers):
    return await asyncio.gather(*askers, return_exceptions=True)


def kinds(outcomes):
    return [type(outcome).__name__ for outcome in outcomes]


async def used_of(store):
    async with store.connect() as connection:
        rows = (await connection.execute(text("SELECT asker, span, used FROM spent"))).all()
    return {(asker, span): used for asker, span, used in rows}


class TestSpend:
    async def test_the_receipt_tells_what_is_used_after_each_budget(self, sequencer):
        first = await sequencer.append(note(1, spend=[spend(2, limit=9), spend(5, limit=9, span="month")]))
        second = await sequencer.append(note(2, spend=[spend(limit=9)]))

        assert [(2, 5), (3,)] == [first.used, second.used]

    async def test_more_than_is_left_is_refused_names_the_span_and_leaves_nothing(self, store, sequencer):
        await sequencer.append(note(1, spend=[spend(4, limit=5)]))
        with pytest.raises(OverBudgetError) as refusal:
            await sequencer.append(note(2, delivered=True, spend=[spend(2, limit=5, until=1.9e9)]))

        assert ("day", 5, 4, 1.9e9) == (
            refusal.value.span,
            refusal.value.limit,
            refusal.value.used,
            refusal.value.free_at,
        )
        assert {("p", "day"): 4} == await used_of(store)
        assert [1, 0] == [await counted(store, table) for table in ("log_entry", "delivery")]

    async def test_what_is_exactly_left_may_be_used(self, sequencer):
        await sequencer.append(note(1, spend=[spend(4, limit=5)]))

        assert (5,) == (await sequencer.append(note(2, spend=[spend(1, limit=5)]))).used

    async def test_of_two_budgets_neither_is_used_if_one_is_short(self, store, sequencer):
        with pytest.raises(OverBudgetError) as refusal:
            await sequencer.append(note(1, spend=[spend(3, limit=5), spend(3, limit=2, span="month")]))
        await sequencer.append(note(2, spend=[spend(1, limit=5, asker="q")]))

        assert "month" == refusal.value.span
        assert {("q", "day"): 1} == {account: used for account, used in (await used_of(store)).items() if used}

    async def test_nothing_asked_for_is_never_refused_and_tells_the_level(self, sequencer):
        """Also under a limit that was lowered below it: to ask what is left must not fail."""
        await sequencer.append(note(1, spend=[spend(4, limit=5)]))

        assert (4,) == await sequencer.settle(Terms(spend=[spend(0, limit=2)]))

    async def test_under_a_limit_that_was_lowered_below_what_is_used_nothing_more_is_given(self, sequencer):
        await sequencer.append(note(1, spend=[spend(4, limit=5)]))

        with pytest.raises(OverBudgetError):
            await sequencer.append(note(2, spend=[spend(1, limit=3)]))

    async def test_more_than_the_whole_limit_is_refused_from_the_start(self, store, sequencer):
        with pytest.raises(OverBudgetError):
            await sequencer.append(note(1, spend=[spend(6, limit=5)]))

        assert {} == await used_of(store)

    async def test_an_answer_that_must_be_made_again_is_counted_once(self, store, sequencer):
        with pytest.raises(StaleReadError):
            await sequencer.append(note(1, reads={CODE: 1}, spend=[spend(2, limit=5)]))
        _, other = await all_of(
            sequencer.append(note(1, reads={CODE: 1}, spend=[spend(2, limit=5)])),
            sequencer.append(note(2, spend=[spend(limit=5)])),
        )
        again = await sequencer.append(note(1, spend=[spend(2, limit=5)]))

        assert [(1,), (3,)] == [other.used, again.used]
        assert {("p", "day"): 3} == await used_of(store)

    async def test_a_replay_is_not_counted(self, store, sequencer):
        """Or whoever captured a proof could use up its owner's budget with it."""
        await sequencer.append(note(1, spend=[spend(limit=5)], **shown("a")))
        with pytest.raises(ReplayedError):
            await sequencer.append(note(2, spend=[spend(limit=5)], **shown("a")))

        assert {("p", "day"): 1} == await used_of(store)

    async def test_nobody_else_pays(self, store, sequencer):
        """An entry that asks for neither leaves both tables alone."""
        await all_of(*(sequencer.append(note(number)) for number in range(20)))

        assert [0, 0] == [await counted(store, table) for table in ("seen", "spent")]

    @pytest.mark.parametrize(
        "wrong",
        [{"amount": -1}, {"asker": "a\x00"}, {"span": "a\nb"}, {"until": float("inf")}, {"until": float("nan")}],
    )
    def test_what_no_store_keeps_is_refused(self, wrong):
        """One bad row would fail the whole group it is committed with."""
        with pytest.raises(EntryError):
            spend(**{"limit": 1, **wrong})

    def test_one_entry_uses_a_budget_once(self):
        with pytest.raises(EntryError):
            note(1, spend=[spend(1, limit=9), spend(2, limit=9)])


class TestGroups:
    """Entries of one group are weighed in their order."""

    async def test_the_last_units_go_to_who_came_first_and_smaller_wishes_still_fit(self, store, sequencer):
        amounts = [3, 3, 1, 5, 2, 1, 1]
        outcomes = await all_of(
            sequencer.append(note(0)),
            *(sequencer.append(note(number, spend=[spend(amount, limit=8)])) for number, amount in enumerate(amounts)),
        )

        assert [(3,), (6,), (7,), (8,)] == [each.used for each in outcomes[1:] if isinstance(each, Receipt)]
        assert ["Receipt"] * 3 + ["OverBudgetError"] * 2 + ["Receipt"] + ["OverBudgetError"] == kinds(outcomes[1:])
        assert {("p", "day"): 8} == await used_of(store)

    async def test_one_askers_end_is_not_anothers(self, sequencer):
        outcomes = await all_of(
            *(sequencer.append(note(number, spend=[spend(limit=3, asker="pq"[number % 2])])) for number in range(10))
        )

        assert 6 == kinds(outcomes).count("Receipt")

    async def test_a_group_in_which_all_are_refused_leaves_nothing(self, store, sequencer):
        outcomes = await all_of(*(sequencer.append(note(number, spend=[spend(9, limit=5)])) for number in range(20)))

        assert {"OverBudgetError"} == set(kinds(outcomes))
        assert {} == await used_of(store)
        assert 0 == await counted(store, "log_checkpoint")

    async def test_who_joins_late_is_weighed_with_what_went_before(self, store, store_url):
        """A process that waited for its turn takes those along who came meanwhile: in the same count."""

        def waiting(*entries):
            return [Waiting(pending=each, sealed=seal(each.entry, bytes)) for each in entries]

        ours, theirs = [Ledger(address_of(store_url), signer_of(), patience_s=5) for _ in range(2)]
        for ledger in (ours, theirs):
            ledger.check()
        theirs.commit(waiting(note(0, spend=[spend(2, limit=9)])), AT)
        early = [
            note(1, spend=[spend(3, limit=9)], **shown("a")),
            note(2, spend=[spend(5, limit=9)], **shown("b")),
        ]
        late = [
            note(3, spend=[spend(1, limit=9), spend(1, limit=1, span="new")], **shown("b")),
            note(4, spend=[spend(1, limit=9)], **shown("a")),
            note(5, spend=[spend(3, limit=9), spend(1, limit=1, span="new")], **shown("c")),
            note(6, spend=[spend(3, limit=9)], **shown("c")),
        ]
        outcomes = ours.commit(waiting(*early), AT, lambda: waiting(*late))

        assert ["Receipt", "OverBudgetError", "Receipt", "ReplayedError", "OverBudgetError", "Receipt"] == kinds(
            outcomes
        )
        assert [(5,), (6, 1), (9,)] == [outcomes[place].used for place in (0, 2, 5)]
        assert {("p", "day"): 9, ("p", "new"): 1} == await used_of(store)
        assert 3 == await counted(store, "seen")
        for ledger in (ours, theirs):
            ledger.close()
